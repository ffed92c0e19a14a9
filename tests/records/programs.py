"""A program with a token, as tests see it: it sends JSON, files and parts, and reads what is answered."""

import base64
import json

from django.test import Client

from agencies import tokens
from agencies.tokens import Verb
from records.models import Upload
from tests.cast import anew
from tests.records import files

AT = "/api/v1/"
EVERY = tuple(Verb)


class Program:
    """Asks as a program does: without cookies, by its token."""

    def __init__(self, token, language="en"):
        self.token, self.language = token, language
        self.client = Client(enforce_csrf_checks=True)

    def ask(self, method, path, **options):
        headers = {"Accept-Language": self.language, **options.pop("headers", {})}
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        address = path if path.startswith("/") else AT + path
        return self.client.generic(method, address, headers=headers, **options)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, content, **options):
        return self.ask(
            "POST", path, data=json.dumps(content), content_type="application/json", **options
        )

    def send(self, content, path="uploads/?instrument=SMS-WPF", **options):
        """Send a file alone."""
        options = {"content_type": "application/octet-stream", **options}
        return self.ask("POST", path, data=content, **options)

    def begin(self, size, instrument="SMS-WPF", name="a.csv", **headers):
        metadata = ",".join(
            f"{key} {base64.b64encode(text.encode()).decode()}"
            for key, text in (("filename", name), ("instrument", instrument))
        )
        told = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": metadata}
        return self.ask("POST", "uploads/", headers={**told, **headers})

    def part(self, address, begin, content, **headers):
        told = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(begin), **headers}
        kind = "application/offset+octet-stream"
        return self.ask("PATCH", address, data=content, content_type=kind, headers=told)


def program(person, agency, *instruments, verbs=EVERY, days=30, name="nightly", **options):
    """Return a program with a new token of this person."""
    _token, text = tokens.make(
        agency,
        name=name,
        verbs=verbs,
        instruments=[i.pk for i in instruments],
        days=days,
        by=anew(person),
    )
    return Program(text, **options)


def finished(answer, by):
    """Let a worker do what an answer has begun; returns the upload."""
    from agencies import scope

    with scope.acting(by):
        upload = Upload.objects.select_related("job").get(pk=answer.json()["id"])
    return files.finish(upload, by=by)
