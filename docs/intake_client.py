"""Send a file to the portal and say what came of it: an example that needs nothing but Python.

    MIGDATA_ADDRESS=https://portal.example MIGDATA_TOKEN=mdt_… python intake_client.py permits.xlsx --instrument SMS-WPF

The file goes in parts (tus 1.0): a line that breaks costs one part. `--answers` is a JSON file: question id -> answer.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

PART = 4 << 20  # bytes
PATIENCE = 60  # seconds without a byte, after which a line counts as broken
WAITS = (1, 2, 5, 15, 60)  # seconds before a request is sent again


class Refused(Exception):
    """The portal said no: status, and its sentence, which says what to do."""

    def __init__(self, status, problem, after=0):
        super().__init__(problem.get("detail", ""))
        self.status, self.problem, self.after = status, problem, after


class Portal:
    """The portal as a program sees it, with the token of an agency."""

    def __init__(self, address, token, language="en"):
        self.address = address.rstrip("/")
        self.headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    def ask(self, method, path, body=None, **headers):
        """Return headers and JSON of an answer. Raises `Refused`. A line that breaks is tried again."""
        told = {
            **self.headers,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if body is not None and not isinstance(body, bytes):
            body, told["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(self.address + path, body, told, method=method)  # noqa: S310
        for wait in WAITS:
            try:
                return _answered(request)
            except Refused as refused:
                if refused.status not in (429, 503):
                    raise
                time.sleep(refused.after or wait)
            except OSError:
                time.sleep(wait)
        return _answered(request)

    def post(self, path, content):
        """Send JSON with a key of its own: sent again after a broken line, it is done once all the same."""
        return self.ask("POST", path, content, Idempotency_Key=uuid.uuid4().hex)[1]

    def begin(self, file, instrument):
        """Begin a file, and return the address of its parts."""
        told = {"filename": file.name, "instrument": instrument}
        coded = {name: base64.b64encode(text.encode()).decode() for name, text in told.items()}
        answer, _json = self.ask(
            "POST",
            "/api/v1/uploads/",
            b"",
            Tus_Resumable="1.0.0",
            Upload_Length=str(file.stat().st_size),
            Upload_Metadata=",".join(f"{name} {text}" for name, text in coded.items()),
            Idempotency_Key=uuid.uuid4().hex,
        )
        return answer["Location"]

    def send_on(self, parts, file, part=PART):
        """Send what the portal lacks of a file, and return the address of its upload."""
        while not (told := self.ask("GET", parts)[1])["upload"]:
            with file.open("rb") as source:
                source.seek(told["received"])
                piece = source.read(part)
            digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
            try:
                self.ask(
                    "PATCH",
                    parts,
                    piece,
                    Tus_Resumable="1.0.0",
                    Upload_Offset=str(told["received"]),
                    Upload_Checksum=f"sha256 {digest}",
                    Content_Type="application/offset+octet-stream",
                )
            except Refused as refused:
                moved = refused.status == 409 and _moved(self, parts, told)
                if not moved and refused.status != 460:  # 460: it was damaged on its way
                    raise
        return told["upload"]

    def outcome(self, upload):
        """Wait until the file was read, and return what is known of it."""
        while (status := self.ask("GET", upload)[1])["state"] == "RECEIVED":
            time.sleep(1)
        return status


def _answered(request):
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            text = answer.read()
            return answer.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as problem:
        after = int(problem.headers.get("Retry-After", 0))
        raise Refused(problem.code, _json_of(problem.read()), after) from None


def _moved(portal, parts, before):
    """Say whether the part had come after all: its answer was lost."""
    return portal.ask("GET", parts)[1]["received"] != before["received"]


def _json_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return {"detail": text.decode("utf-8", "replace")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--instrument", required=True)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--part", type=int, default=PART, help="bytes of a part")
    options = parser.parse_args()
    portal = Portal(os.environ["MIGDATA_ADDRESS"], os.environ["MIGDATA_TOKEN"])
    upload = portal.send_on(
        portal.begin(options.file, options.instrument), options.file, options.part
    )
    status = portal.outcome(upload)
    if status["state"] == "NEEDS_ANSWERS" and options.answers:
        portal.post(f"{upload}answers/", json.loads(options.answers.read_text()))
        status = portal.outcome(upload)
    sys.stdout.write(json.dumps(status, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
