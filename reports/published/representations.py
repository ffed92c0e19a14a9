"""A file as it is sent: its bytes, their SHA-256, how many rows they hold, and the part of them that is asked for.

"Representation" is HTTP's word (RFC 9110, section 3.2). Its digest is sent as Repr-Digest (RFC 9530), of the whole file
also where only a part is sent.
"""

import base64
import hashlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.http import HttpRequest

HEAD = struct.Struct(">q32s")  # before the bytes of a file that is kept: rows, or -1; SHA-256
RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)
PIECE = 1 << 16  # bytes that are read at once while a file is sent


class NotSatisfiable(ValueError):
    """No byte of the file lies in the range that is asked for (RFC 9110, section 15.5.17)."""


@dataclass(frozen=True)
class Representation:
    """A file that is open for reading, where its bytes begin in it, their number, SHA-256, and rows if it has any."""

    content: IO[bytes]
    begin: int
    size: int
    sha256: bytes
    rows: int | None = None

    @property
    def digest(self) -> str:
        """Return the value of Repr-Digest."""
        return f"sha-256=:{base64.b64encode(self.sha256).decode()}:"

    def pieces(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the bytes from `first` to `last`, both included, and close the file."""
        with self.content as content:
            content.seek(self.begin + first)
            left = last - first + 1
            while left and (piece := content.read(min(PIECE, left))):
                left -= len(piece)
                yield piece


def packed(content: bytes, rows: int | None = None) -> bytes:
    """Return a file in the form in which it is kept, read by `opened`."""
    digest = hashlib.sha256(content).digest()
    return HEAD.pack(-1 if rows is None else rows, digest) + content


def opened(kept: IO[bytes]) -> Representation:
    """Return what `packed` put together, from where it begins in an open file."""
    rows, digest = HEAD.unpack(kept.read(HEAD.size))
    begin = kept.tell()
    size = kept.seek(0, io.SEEK_END) - begin
    return Representation(kept, begin, size, digest, None if rows < 0 else rows)


def whole(content: bytes, rows: int | None = None) -> Representation:
    """Return a file that is in memory."""
    digest = hashlib.sha256(content).digest()
    return Representation(io.BytesIO(content), 0, len(content), digest, rows)


def asked_range(request: HttpRequest, tag: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte that are asked for; None for the whole file.

    RFC 9110, sections 13.1.5 and 14: only GET has ranges; a range of what the reader has another version of, several
    ranges and what is no range of bytes are not honoured. Raises NotSatisfiable.
    """
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or asked is None or asked.groups() == ("", ""):
        return None
    if request.headers.get("If-Range", tag).strip() != tag:
        return None
    first, last = asked.groups()
    if not first:  # the last so many bytes
        if not int(last) or not size:
            raise NotSatisfiable
        return max(size - int(last), 0), size - 1
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise NotSatisfiable
    return int(first), min(int(last), size - 1) if last else size - 1
