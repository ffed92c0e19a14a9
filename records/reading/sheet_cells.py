"""The cells of a worksheet as texts, with what the spreadsheet library does not tell of them.

The library returns an error value (#REF!) and a formula without a stored result as an empty cell,
and a merged cell as one cell with empty ones beside it. The first two are found in the XML of the
sheet by patterns over its bytes, piece by piece: nothing is parsed, no entity is ever expanded.
"""

import datetime as dt
import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from records.reading.layout import Source, letter_of
from records.reading.refusals import FileRefused

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
Place = tuple[int, int]  # row and column, both from 0


@dataclass(frozen=True)
class CellNotes:
    """What stands in the XML of a sheet: error values, and formulas that have no stored result."""

    errors: dict[Place, str] = field(default_factory=dict)
    unstored: set[Place] = field(default_factory=set)


@dataclass(frozen=True)
class SheetCells:
    """A worksheet as texts.

    rows  from A1 on, with error values, and merged cells filled down; merged  (range, column, last
    row) of each filled range, counted from 0; unstored  places of formulas without a result.
    """

    rows: list[list[str]]
    merged: list[tuple[str, int, int]]
    unstored: set[Place]


def sheet_cells(sheet: Any, notes: CellNotes, count: int | None = None) -> SheetCells:
    """Return the first `count` rows of a sheet of the library, or all."""
    cells = sheet.to_python(skip_empty_area=False, nrows=count)
    rows = [[text_of(cell) for cell in row] for row in cells]
    for (row, column), text in notes.errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    return SheetCells(rows, fill_merged(rows, sheet.merged_cell_ranges or []), notes.unstored)


def fill_merged(
    rows: list[list[str]], ranges: Sequence[tuple[Place, Place]]
) -> list[tuple[str, int, int]]:
    """Give the value of a merged cell to every row it spans, in place; rows that are empty stay so.

    Cells merged across columns stay one cell: a title, a heading, a total.
    """
    empty = {k for k, row in enumerate(rows) if not any(cell.strip() for cell in row)}
    filled = []
    for (first, column), (last, last_column) in sorted(ranges):
        if first >= len(rows) or column >= len(rows[first]) or not rows[first][column].strip():
            continue
        end = min(last, len(rows) - 1)
        for k in range(first + 1, end + 1):
            if k not in empty and column < len(rows[k]):
                rows[k][column] = rows[first][column]
        if end > first:
            name = f"{letter_of(column)}{first + 1}:{letter_of(last_column)}{last + 1}"
            filled.append((name, column, end))
    return filled


def cell_notes(source: Source, sheet: str, place: str) -> CellNotes:
    """Look through the XML of a sheet, which is called by its place. Raises FileRefused where a formula without a result has no address."""
    notes = CellNotes()
    with source.open("rb") as file, zipfile.ZipFile(file) as archive:
        part = _part_of(archive, sheet)
        for piece in _pieces(archive, part) if part in archive.namelist() else ():
            if b'"e"' in piece or b"'e'" in piece:  # seldom: most pieces are passed over quickly
                notes.errors.update(_errors(piece))
            if b"<f" in piece or b":f" in piece:
                notes.unstored.update(_unstored(piece, place))
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
    sheets = _attributes(archive, "xl/workbook.xml", "sheet")
    key = next((_by_local(s, "id") for s in sheets if s.get("name") == sheet), "")
    targets = _attributes(archive, "xl/_rels/workbook.xml.rels", "Relationship")
    target = next((t.get("Target", "") for t in targets if t.get("Id") == key), "")
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _by_local(attributes: dict[str, str], name: str) -> str:
    """The attribute of this name with a prefix, such as r:id."""
    return next((v for k, v in attributes.items() if k.endswith(f":{name}")), "")


def _attributes(archive: zipfile.ZipFile, part: str, element: str) -> list[dict[str, str]]:
    """Return the attributes of all elements of this name; entities are refused, not expanded."""
    elements: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == element:
            elements.append(attributes)

    def refuse(*_declaration: Any) -> None:
        raise FileRefused("unreadable")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(archive.read(part), True)
    except (expat.ExpatError, KeyError) as error:
        raise FileRefused("unreadable") from error
    return elements


def text_of(cell: Any) -> str:
    """Return a cell as the text a person would have typed."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)
