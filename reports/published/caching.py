"""Answers that may be kept: a release never changes, so one question has one answer for ever."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_etags

from reports.published.editions import Edition

# To be raised when the same question gets another answer: another note, another drawing.
WORDING = 3
WHOLE = (
    4 << 20
)  # bytes of an answer that is sent in one piece; a larger one is read while it is sent
SECONDS = 300  # a kept answer may be shown so long before asking for a newer release


def tag(edition: Edition, *question: object) -> str:
    """Return the ETag of an answer: it depends on the protected cells and the question, nothing else."""
    parts = [WORDING, edition.checksum, edition.name, *question]
    text = json.dumps(parts, default=str, sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def answer(
    request: HttpRequest,
    tag: str,
    write: Callable[[], bytes | IO[bytes]],
    media_type: str,
    file_name: str = "",
) -> HttpResponseBase:
    """Answer 304 where the reader has it already, else what `write` returns; as a download if it is named."""
    etags = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponseBase
    if tag in etags or "*" in etags:
        response = HttpResponse(status=304)
    else:
        response = _with(write(), media_type)
        if file_name:
            response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["ETag"] = tag
    response["Access-Control-Allow-Origin"] = "*"  # public for programs in other pages too
    response["Cache-Control"] = f"public, max-age={SECONDS}"
    return response


def _with(content: bytes | IO[bytes], media_type: str) -> HttpResponseBase:
    if isinstance(content, bytes):
        return HttpResponse(content, content_type=media_type)
    begin = content.tell()
    size = content.seek(0, io.SEEK_END) - begin
    content.seek(begin)
    if size > WHOLE:
        return FileResponse(content, content_type=media_type)
    with content:
        return HttpResponse(content.read(), content_type=media_type)
