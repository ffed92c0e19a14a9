"""Known faults of the packages in our locks: asked online, or of the copy that is stored here.

    python requirements/audit.py            online, and where nobody answers of the stored copy
    python requirements/audit.py --stored   of the stored copy only
    python requirements/audit.py --refresh  writes the stored copy anew, from the service online

Both ways pip-audit asks; for the stored copy it asks a small server of ours, in the format of OSV.
The end is 0 where nothing is known, 1 where something is, 2 where the service did not answer.
"""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from packaging.version import Version

HERE = Path(__file__).resolve().parent
LOCKS = (HERE / "base.lock", HERE / "dev.lock")
STORED = (
    HERE / "advisories.json"
)  # [{id, aliases, package, ranges: [[first affected, fixed or ""]]}]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.M)
ONLINE = "https://api.osv.dev/v1/query"


class NoAnswer(Exception):
    """The service of advisories cannot be reached."""


def known_faults(lock: Path, address: str = ONLINE) -> list[str]:
    """Return `package version: advisory` of a lock, as the service at the address knows them.

    Raises `NoAnswer`.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments
        [
            *(sys.executable, "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--no-deps"),
            *("-s", "osv", "--osv-url", address, "-f", "json", "--progress-spinner", "off"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise NoAnswer(done.stderr.strip().splitlines()[-1][:200]) from None
    return [
        f"{package['name']} {package['version']}: {', '.join([fault['id'], *fault['aliases']])}"
        for package in answer["dependencies"]
        for fault in package.get("vulns", [])
    ]


@contextmanager
def stored_copy() -> Iterator[str]:
    """Serve the stored copy on this machine; yields its address."""
    server = HTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Service(BaseHTTPRequestHandler):
    """Answers as OSV does: the advisories that affect a version of a package."""

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, version = query["package"]["name"], query["version"]
        faults = [_as_osv(a) for a in stored() if affects(a, name, version)]
        content = json.dumps({"vulns": faults} if faults else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def stored() -> list[dict[str, Any]]:
    advisories: list[dict[str, Any]] = json.loads(STORED.read_text())
    return advisories


def affects(advisory: dict[str, Any], name: str, version: str) -> bool:
    """Say whether an advisory is about this version: from the first affected up to the one that mends it."""
    return advisory["package"] == name and any(
        Version(first) <= Version(version) and (not fixed or Version(version) < Version(fixed))
        for first, fixed in advisory["ranges"]
    )


def _as_osv(advisory: dict[str, Any]) -> dict[str, Any]:
    package = {"name": advisory["package"], "ecosystem": "PyPI"}
    return {
        "id": advisory["id"],
        "aliases": advisory["aliases"],
        "affected": [{"package": package}],
    }


def refresh() -> int:
    """Ask for all advisories about the packages of our locks, and store what decides: ids and ranges."""
    names = sorted(
        {name.lower() for lock in LOCKS for name, _v in PINNED.findall(lock.read_text())}
    )
    rows = [row for name in names for row in _asked(name)]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in sorted(rows, key=lambda row: row["id"]))
    STORED.write_text(f"[\n{lines}\n]\n")
    sys.stdout.write(f"{len(rows)} advisories about {len(names)} packages are stored.\n")
    return 0


def _asked(name: str) -> Iterator[dict[str, Any]]:
    question = json.dumps({"package": {"name": name, "ecosystem": "PyPI"}}).encode()
    with urlopen(Request(ONLINE, question), timeout=30) as answer:
        faults = json.load(answer).get("vulns", [])
    for fault in faults:
        ranges = [
            pair
            for affected in fault.get("affected", [])
            if affected.get("package", {}).get("ecosystem") == "PyPI"
            for entry in affected.get("ranges", [])
            if entry["type"] == "ECOSYSTEM"
            for pair in _pairs(entry["events"])
        ]
        if ranges and "withdrawn" not in fault:
            aliases = fault.get("aliases", [])
            yield {"id": fault["id"], "aliases": aliases, "package": name, "ranges": ranges}


def _pairs(events: list[dict[str, str]]) -> Iterator[list[str]]:
    """Yield [first affected, fixed or ""] of the events of a range, which come in order."""
    first = ""
    for event in events:
        if "introduced" in event:
            first = event["introduced"]
        elif "fixed" in event:
            yield [first, event["fixed"]]
            first = ""
    if first:
        yield [first, ""]


def audit(*, online: bool) -> int:
    faults, answered = [], online
    for lock in LOCKS:
        if answered:
            try:
                faults += known_faults(lock)
                continue
            except NoAnswer as reason:
                answered = False
                sys.stdout.write(f"The service of advisories does not answer: {reason}\n")
        with stored_copy() as address:
            faults += known_faults(lock, address)
    source = "online" if answered else f"in the stored copy ({len(stored())} advisories)"
    for fault in dict.fromkeys(faults):
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(set(faults))} known faults {source}.\n")
    if online and not answered:
        sys.stdout.write("This is no audit of today. Run it where the service can be reached.\n")
    return 1 if faults else 2 if online and not answered else 0


if __name__ == "__main__":
    sys.exit(refresh() if "--refresh" in sys.argv else audit(online="--stored" not in sys.argv))
