"""Answers that may be kept: a release never changes, so one question has one answer for ever."""

import hashlib
import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from reports.published.editions import Edition

SECONDS = 300  # a kept answer may be shown so long before asking for a newer release


def tag(edition: Edition, *question: object) -> str:
    """Return the ETag of an answer: it depends on the protected cells and on what was asked, nothing else."""
    asked = json.dumps([edition.checksum, edition.name, *question], default=str, sort_keys=True)
    return f'"{hashlib.sha256(asked.encode()).hexdigest()[:32]}"'


def answer(
    request: HttpRequest, tag: str, make: Callable[[], bytes], media_type: str, file_name: str = ""
) -> HttpResponse:
    """Answer 304 where the reader has it already, else what `make` returns; as a download if it is named."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    if tag in given or "*" in given:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(make(), content_type=media_type)
        if file_name:
            response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["ETag"] = tag
    response["Access-Control-Allow-Origin"] = "*"  # public for programs in other pages too
    response["Cache-Control"] = f"public, max-age={SECONDS}"
    return response
