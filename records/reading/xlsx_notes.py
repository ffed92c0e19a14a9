"""What has to be known of a worksheet of an XLSX workbook before its rows are read: how it ends, and its formulas.

It is looked for by patterns over the bytes of the sheet, piece by piece: nothing is parsed, no entity is ever expanded.
"""

import codecs
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, cast

from records.reading.cell_notes import Place
from records.reading.cell_values import Kinds
from records.reading.layout import Source, position_of
from records.reading.refusals import FileRefused
from records.reading.xlsx_rows import Row, rows_of

# How XML of two bytes a letter begins: with a mark of their order, or with its first letter.
WIDE = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-16-le": (b"<\0",),
    "utf-16-be": (b"\0<",),
}
PIECE, LONGEST_ROW = 1 << 20, 16 << 20  # bytes
TAIL = 64 << 10  # bytes of the last rows that are looked at
TAG = rb"<(?:\w+:)?"
CDATA = rb"<!\[CDATA\[(?:[^\]]|\](?!\]>))*\]\]>"
FORMULA = TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*(?:" + CDATA + rb"[^<]*)*</(?:\w+:)?f>)"
UNSTORED = re.compile(
    TAG
    + rb"c\s([^<>]*)>\s*"
    + FORMULA
    + rb"\s*(?:"
    + TAG
    + rb"v(?:\s[^<>]*)?/>|"
    + TAG
    + rb"v(?:\s[^<>]*)?>\s*</(?:\w+:)?v>)?\s*</"
)
ADDRESS = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"']")
TEXT = re.compile(rb"\bt\s*=\s*[\"']str[\"']")  # a formula whose stored result is an empty text
ROW = re.compile(rb"<((?:\w+:)?)row(?=[\s>/])")
MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]*?ref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})[\"']"
)
CELL = re.compile(rb"([A-Z]{1,3})(\d{1,7})")


@dataclass(frozen=True)
class SheetNotes:
    """What a sheet holds beside its rows: places of formulas without a result, merged ranges, and how it ends.

    last  its last rows that state something, each with its number; none where rows do not say their numbers.
    """

    unstored: set[Place] = field(default_factory=set)
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    last: list[tuple[int, Row]] = field(default_factory=list)

    @property
    def length(self) -> int:
        """The number of the last row that states something, 0 where nobody knows."""
        return self.last[-1][0] if self.last else 0


def sheet_notes(
    source: Source, part: str, place: str, shared: Sequence[str], kinds: Kinds
) -> SheetNotes:
    """Look through the XML of a sheet; `place` is how it is called.

    Raises FileRefused where a formula without a result has no address.
    """
    notes, tail = SheetNotes(), b""
    with source.open("rb") as file, zipfile.ZipFile(file) as archive:
        for piece in _pieces(archive, part):
            if b"<f" in piece or b":f" in piece:
                notes.unstored.update(_unstored(piece, place))
            if b"mergeCell" in piece:
                notes.merged.extend(_merged(piece))
            tail = (tail + piece)[-PIECE:] if b"row" in piece else tail
    notes.last[:] = _last_rows(tail, shared, kinds)
    return notes


def _last_rows(xml: bytes, shared: Sequence[str], kinds: Kinds) -> Iterator[tuple[int, Row]]:
    """Yield the rows that end a sheet; none where they do not say their numbers."""
    xml = xml[: xml.rfind(b"row>") + 4]
    start = ROW.search(xml, max(0, len(xml) - TAIL))
    if not start or not re.match(rb"\s[^<>]*?\br\s*=", xml[start.end() :]):
        return
    prefix = start[1]
    whole = io.BytesIO(b"<%srows>%s</%srows>" % (prefix, xml[start.start() :], prefix))
    before = 0
    try:
        for rows, _done in rows_of(whole, shared, kinds, columns=1 << 14):
            yield from ((k, row) for k, row in enumerate(rows, start=before + 1) if row)
            before += len(rows)
    except FileRefused:  # it is said where the rows are read
        return


def _merged(piece: bytes) -> Iterator[tuple[Place, Place]]:
    for match in MERGED.finditer(piece):
        first, last = (CELL.fullmatch(cell) for cell in match.groups())
        if first and last:
            yield _place_of(first), _place_of(last)


def _unstored(piece: bytes, sheet: str) -> Iterator[Place]:
    for match in UNSTORED.finditer(piece):
        if TEXT.search(match[1]):
            continue
        if not (address := ADDRESS.search(match[1])):
            raise FileRefused("formulas", where=sheet)
        yield _place_of(address)


def _place_of(address: re.Match[bytes]) -> Place:
    return int(address[2]) - 1, position_of(address[1].decode())


def _in_utf8(file: IO[bytes]) -> IO[bytes]:
    """Return a part of two bytes a letter as UTF-8, others as they are: what is looked for is written alike in them."""
    for encoding, beginnings in WIDE.items():
        if file.peek(2)[:2] in beginnings:  # type: ignore[attr-defined]
            return cast(IO[bytes], codecs.EncodedFile(file, "utf-8", encoding))
    return file


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield the part in pieces that end where a row ends."""
    rest = b""
    with archive.open(part) as packed:
        file = _in_utf8(packed)
        while piece := file.read(PIECE):
            rest += piece
            end = rest.rfind(b"row>") + 4
            if end < 4 and len(rest) > LONGEST_ROW:
                end = len(rest)
            if end >= 4:
                yield rest[:end]
                rest = rest[end:]
    yield rest
