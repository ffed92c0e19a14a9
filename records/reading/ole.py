"""Streams of a file of the old Office ([MS-CFB]): what the file is, and the bytes of one of them.

Every chain of sectors is followed only as long as the file has sectors, so that a hostile one ends.
"""

import struct
from dataclasses import dataclass

import numpy as np

from records.reading.kinds_of_files import MB
from records.reading.layout import Source, size_of
from records.reading.refusals import FileRefused

STREAMS = (  # a stream -> what the file is: a workbook, or the code of a refusal
    ("EncryptedPackage", "password"),
    ("WordDocument", "document"),
    ("PowerPoint Document", "document"),
    ("Workbook", "xls"),
    ("Book", "xls"),
)
LAST = 0xFFFFFFFA  # numbers from here on are no sectors
ENTRY, STREAM, ROOT = 128, 2, 5  # bytes of an entry of the directory, and kinds of entries


@dataclass(frozen=True)
class Stream:
    """A stream: its first sector and its size in bytes."""

    start: int
    size: int


class OleFile:
    """The directory of a file that is held in memory. Raises FileRefused where it is damaged."""

    def __init__(self, content: bytes) -> None:
        if len(content) < 512:
            raise FileRefused("truncated")
        self.content = content
        shift, self._small_shift = struct.unpack_from("<HH", content, 30)
        self._first, self._small_limit = struct.unpack_from("<I4xI", content, 48)
        small, _count, extra = struct.unpack_from("<III", content, 60)
        if shift not in (9, 12) or self._small_shift != 6:
            raise FileRefused("unreadable")
        self._size = 1 << shift
        self._next = np.array([], "<u4")
        self._next = self._numbers(self._sectors_of_table(extra))
        entries = self._chain(self._first)
        self._directory = b"".join(map(self._sector, entries))
        self.streams, root = self._listed()
        self._small_next = self._numbers(self._chain(small))
        self._small = self._joined(root) if root else b""

    def read(self, name: str) -> bytes:
        """Return the bytes of a stream. Raises FileRefused where they are not all there."""
        stream = self.streams[name]
        if stream.size >= self._small_limit:
            return self._joined(stream)
        size = 1 << self._small_shift
        places = self._chain(stream.start, small=True)
        pieces = [self._small[place * size : (place + 1) * size] for place in places]
        return self._whole(b"".join(pieces), stream)

    def _joined(self, stream: Stream) -> bytes:
        return self._whole(b"".join(map(self._sector, self._chain(stream.start))), stream)

    @staticmethod
    def _whole(content: bytes, stream: Stream) -> bytes:
        if len(content) < stream.size:
            raise FileRefused("truncated")
        return content[: stream.size]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self.content[start : start + self._size]

    def _sectors_of_table(self, extra: int) -> list[int]:
        """Return the sectors of the table that says which sector follows which."""
        numbers = list(struct.unpack_from("<109I", self.content, 76))
        seen = set()
        while extra < LAST and extra not in seen and len(self._sector(extra)) == self._size:
            seen.add(extra)
            *more, extra = struct.unpack(f"<{self._size // 4}I", self._sector(extra))
            numbers += more
        return [number for number in numbers if number < LAST]

    def _numbers(self, sectors: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
        content = b"".join(map(self._sector, sectors))
        return np.frombuffer(content, "<u4", len(content) // 4)

    def _chain(self, start: int, *, small: bool = False) -> list[int]:
        table = self._small_next if small else self._next
        chain: list[int] = []
        while start < LAST:
            if start >= len(table) or len(chain) > len(table):
                raise FileRefused("truncated")
            chain.append(start)
            start = int(table[start])
        return chain

    def _listed(self) -> tuple[dict[str, Stream], Stream | None]:
        streams, root = {}, None
        for k in range(0, len(self._directory) - ENTRY + 1, ENTRY):
            length, kind = struct.unpack_from("<HB", self._directory, k + 64)
            start, size = struct.unpack_from("<II", self._directory, k + 116)
            name = self._directory[k : k + max(0, min(length, 64) - 2)]
            if kind == STREAM:
                streams[name.decode("utf-16-le", "replace")] = Stream(start, size)
            elif kind == ROOT:
                root = Stream(start, size)
        return streams, root


def kind_of_old_office(source: Source, most_mb: int) -> str:
    """Return "xls", or the code of a refusal, for a file of the old Office."""
    if size_of(source) > most_mb * MB:
        return "too_large"
    try:
        with source.open("rb") as file:
            streams = OleFile(file.read()).streams
    except FileRefused as refused:
        return refused.refusal.code
    return next((kind for name, kind in STREAMS if name in streams), "unsupported")
