"""A file that comes packed: as .gz, or as the one file in a .zip. It is unpacked in memory, where it is read.

Nothing clear is written anywhere. A text is unpacked piece by piece as often as it is read; a workbook,
which is read here and there, is held whole. What is packed twice, or beside others, is refused.
"""

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, TypeVar

from records.reading.kinds_of_files import (
    ARCHIVE,
    GZIP,
    MB,
    OLE,
    is_archive_of_files,
    kind_of_start,
    refusal_of_entries,
)
from records.reading.layout import Source, size_of
from records.reading.refusals import FileRefused

PIECE = 1 << 20  # bytes
RATIO = 100  # a text that shrinks to less than this part of itself is none
SMALL = 10 * MB  # bytes that may be unpacked whatever they shrank to
BESIDE = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")  # what systems add on their own
BROKEN = (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, OSError, ValueError)

Found = TypeVar("Found")


class _Unpacked(io.BufferedReader):
    """An unpacked stream; closing it closes what it is unpacked from."""

    def __init__(self, raw: Any, below: ExitStack) -> None:
        super().__init__(raw, PIECE)
        self._below = below

    def close(self) -> None:
        super().close()
        self._below.close()


@dataclass(frozen=True)
class PackedFile:
    """What is packed in another file, as a source of its own. `member`: the entry of a .zip, "" in a .gz."""

    outer: Source
    member: str = ""
    size: int = 0  # bytes unpacked, once they were counted

    def open(self, _mode: str = "rb", /) -> IO[bytes]:
        """Return the unpacked bytes as a file. Going back in it unpacks it once more from the start."""
        with ExitStack() as opened:
            file = opened.enter_context(self.outer.open("rb"))
            if not self.member:
                raw: Any = opened.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
            else:
                archive = opened.enter_context(zipfile.ZipFile(file))
                raw = opened.enter_context(archive.open(self.member))
            return _Unpacked(raw, opened.pop_all())


@dataclass(frozen=True)
class HeldFile:
    """A file whose bytes are in memory."""

    content: bytes = field(repr=False)

    def open(self, _mode: str = "rb", /) -> IO[bytes]:
        return io.BytesIO(self.content)


def unpacked(source: Source, limits: Mapping[str, int]) -> tuple[Source, str]:
    """Return the file to be read and how it was packed: "gz", "zip", or "" where it was not.

    Raises FileRefused: several_files, archive_in_archive, empty, password, bomb, truncated, archive.
    """
    with source.open("rb") as file:
        start = file.read(8)
    if start.startswith(GZIP):
        return _inner(PackedFile(source), size_of(source), limits), "gz"
    if not start.startswith(ARCHIVE):
        return source, ""
    return _mended(lambda: _of_zip(source, limits))


def _of_zip(source: Source, limits: Mapping[str, int]) -> tuple[Source, str]:
    with source.open("rb") as file, zipfile.ZipFile(file) as archive:
        if not is_archive_of_files(archive):
            return source, ""
        if code := refusal_of_entries(archive.infolist(), limits["streamed_mb"]):
            raise FileRefused(code)
        members = [entry for entry in archive.infolist() if _is_wanted(entry)]
    if not members:
        raise FileRefused("empty")
    if len(members) > 1:
        raise FileRefused("several_files", where=str(len(members)))
    if stat.S_ISLNK(members[0].external_attr >> 16):
        raise FileRefused("unsupported")
    packed = PackedFile(source, members[0].filename)
    return _inner(packed, members[0].compress_size, limits), "zip"


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    return not (
        entry.is_dir() or path.parts[0] in BESIDE or path.name in BESIDE or path.name[:2] == "._"
    )


def _inner(packed: PackedFile, size: int, limits: Mapping[str, int]) -> Source:
    """Unpack once to the end, counting; hold what has to be read here and there."""

    def read() -> Source:
        with packed.open() as file:
            start = file.read(PIECE)
            _refuse_packed_again(start)
            held = [start] if start.startswith((ARCHIVE, OLE)) else None
            count, piece = len(start), start
            while piece:
                most = limits["streamed_mb" if held is None else "unpacked_mb"] * MB
                if count > most or (count > SMALL and count > RATIO * max(size, 1)):
                    raise FileRefused("bomb")
                piece = file.read(PIECE)
                count += len(piece)
                if held is not None:
                    held.append(piece)
        if held is None:
            return PackedFile(packed.outer, packed.member, count)
        workbook = HeldFile(b"".join(held))
        _refuse_files(workbook)
        return workbook

    return _mended(read)


def _refuse_packed_again(start: bytes) -> None:
    if start.startswith(GZIP) or kind_of_start(start) == "archive":
        raise FileRefused("archive_in_archive")


def _refuse_files(workbook: HeldFile) -> None:
    with workbook.open() as file:
        if not workbook.content.startswith(ARCHIVE):
            return
        with zipfile.ZipFile(file) as archive:
            if is_archive_of_files(archive):
                raise FileRefused("archive_in_archive")


def _mended(read: Callable[[], Found]) -> Found:
    """Call this; what the libraries say of a damaged archive becomes a refusal."""
    try:
        return read()
    except NotImplementedError as error:  # a way of packing that the library does not know
        raise FileRefused("archive") from error
    except RuntimeError as error:  # the library says so of an entry with a password
        raise FileRefused("password") from error
    except BROKEN as error:
        raise FileRefused("truncated") from error
