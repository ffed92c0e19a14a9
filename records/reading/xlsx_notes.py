"""Error values and formulas without a stored result in the XML of a worksheet of an XLSX workbook.

They are found by patterns over its bytes, piece by piece: nothing is parsed, no entity is ever expanded.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator

from records.reading.cell_notes import CellNotes, Place, SheetName
from records.reading.layout import Source
from records.reading.refusals import FileRefused
from records.reading.xml_parts import attributes

PIECE, LONGEST_ROW = 1 << 20, 16 << 20  # bytes
TAG = rb"<(?:\w+:)?"
FORMULA = TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)"
ERROR = re.compile(
    TAG
    + rb"c\s([^<>]*?\bt\s*=\s*[\"']e[\"'][^<>]*)>\s*(?:"
    + FORMULA
    + rb")?\s*"
    + TAG
    + rb"v>([^<]*)<"
)
UNSTORED = re.compile(
    TAG
    + rb"c\s([^<>]*)>\s*"
    + FORMULA
    + rb"\s*(?:"
    + TAG
    + rb"v\s*/>|"
    + TAG
    + rb"v>\s*</(?:\w+:)?v>)?\s*</"
)
ADDRESS = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"']")
TEXT = re.compile(rb"\bt\s*=\s*[\"']str[\"']")  # a formula whose stored result is an empty text


def cell_notes(source: Source, sheet: SheetName) -> CellNotes:
    """Look through the XML of a sheet. Raises FileRefused where a formula without a result has no address."""
    notes = CellNotes()
    with source.open("rb") as file, zipfile.ZipFile(file) as archive:
        part = _part_of(archive, sheet.name)
        for piece in _pieces(archive, part) if part in archive.namelist() else ():
            if b'"e"' in piece or b"'e'" in piece:  # seldom: most pieces are passed over quickly
                notes.errors.update(_errors(piece))
            if b"<f" in piece or b":f" in piece:
                notes.unstored.update(_unstored(piece, sheet.place))
    return notes


def _errors(piece: bytes) -> Iterator[tuple[Place, str]]:
    for match in ERROR.finditer(piece):
        if place := _place(match[1]):
            yield place, match[2].decode("ascii", "replace").strip()


def _unstored(piece: bytes, sheet: str) -> Iterator[Place]:
    for match in UNSTORED.finditer(piece):
        if TEXT.search(match[1]):
            continue
        place = _place(match[1])
        if place is None:
            raise FileRefused("formulas", where=sheet)
        yield place


def _place(attributes: bytes) -> Place | None:
    if not (address := ADDRESS.search(attributes)):
        return None
    column = 0
    for letter in address[1]:
        column = 26 * column + letter - 64
    return int(address[2]) - 1, column - 1


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield the part in pieces that end where a row ends."""
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            rest += piece
            end = rest.rfind(b"row>") + 4
            if end < 4 and len(rest) > LONGEST_ROW:
                end = len(rest)
            if end >= 4:
                yield rest[:end]
                rest = rest[end:]
    yield rest


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the name of the part that holds a sheet."""
    sheets = attributes(archive, "xl/workbook.xml", "sheet")
    key = next((_by_local(s, "id") for s in sheets if s.get("name") == sheet), "")
    targets = attributes(archive, "xl/_rels/workbook.xml.rels", "Relationship")
    target = next((t.get("Target", "") for t in targets if t.get("Id") == key), "")
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _by_local(attributes: dict[str, str], name: str) -> str:
    """The attribute of this name with a prefix, such as r:id."""
    return next((v for k, v in attributes.items() if k.endswith(f":{name}")), "")
