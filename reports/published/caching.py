"""Answers that may be kept: a release never changes, so one question has one answer for ever."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import IO

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from reports.published import representations
from reports.published.editions import Edition
from reports.published.representations import NotSatisfiable, Representation

# To be raised when the same question gets another answer: another note, another drawing.
WORDING = 6
WHOLE = (
    4 << 20
)  # bytes of an answer that is sent in one piece; a larger one is read while it is sent
SECONDS = 300  # a kept answer may be shown so long before asking for a newer release
# What pages of other sites may read of the head of an answer.
EXPOSED = "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Repr-Digest, X-Row-Count"


def tag(edition: Edition, *question: object) -> str:
    """Return the ETag of an answer: it depends on the protected cells and the question, nothing else."""
    parts = [WORDING, edition.checksum, edition.name, *question]
    text = json.dumps(parts, default=str, sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def answer(
    request: HttpRequest,
    tag: str,
    write: Callable[[], bytes | IO[bytes] | Representation],
    media_type: str,
    file_name: str = "",
) -> HttpResponseBase:
    """Answer 304 where the reader has it already, else what `write` returns; as a download if it is named.

    Of a download also a part is sent (206), or refused where there is none (416), and its head has the SHA-256 of the
    whole file, and the number of its rows where that is known.
    """
    etags = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponseBase
    if tag in etags or "*" in etags:
        response = HttpResponse(status=304)
    elif file_name:
        response = _file(request, tag, write(), media_type)
        if response.status_code != 416:
            response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    else:
        content = write()
        response = _with(
            content.content if isinstance(content, Representation) else content, media_type
        )
    response["ETag"] = tag
    response["Access-Control-Allow-Origin"] = "*"  # public for programs in other pages too
    response["Access-Control-Expose-Headers"] = EXPOSED
    response["Cache-Control"] = f"public, max-age={SECONDS}"
    return response


def _file(
    request: HttpRequest, tag: str, content: bytes | IO[bytes] | Representation, media_type: str
) -> HttpResponseBase:
    """Return a file, or the part of it that is asked for."""
    if not isinstance(content, Representation):
        content = representations.whole(content if isinstance(content, bytes) else content.read())
    response: HttpResponseBase
    try:
        asked = representations.asked_range(request, tag, content.size)
    except NotSatisfiable:
        content.content.close()
        said = _("Nothing of the file lies in this range: it has %(size)s bytes.")
        text = said % {"size": content.size}
        response = HttpResponse(text, status=416, content_type="text/plain; charset=utf-8")
        response["Content-Range"] = f"bytes */{content.size}"
        return response
    first, last = asked or (0, content.size - 1)
    pieces = content.pieces(first, last)
    if last - first + 1 > WHOLE:
        response = StreamingHttpResponse(pieces, content_type=media_type)
        response["Content-Length"] = str(last - first + 1)
    else:
        response = HttpResponse(b"".join(pieces), content_type=media_type)
    if asked:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{content.size}"
    response["Accept-Ranges"] = "bytes"
    response["Repr-Digest"] = content.digest
    if content.rows is not None:
        response["X-Row-Count"] = str(content.rows)
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
