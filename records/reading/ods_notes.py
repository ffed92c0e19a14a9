"""What stands in the XML of an open document (ODS) beside the values of its cells."""

import re
import zipfile
from typing import Any
from xml.parsers import expat

from records.reading.cell_notes import CellNotes, Place, SheetName
from records.reading.layout import Source
from records.reading.refusals import FileRefused

PIECE = 1 << 20  # bytes
SPACE = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0 "
OFFICE, TABLE, TEXT = (SPACE.format(name) for name in ("office", "table", "text"))
CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
ERROR = re.compile(r"^(?:#[^\s#]{1,12}[!?]|#N/A|#Н/Д|Err:\d{3})$")
MOST = 2**21  # rows or columns that one repeated element may stand for


def cell_notes(source: Source, sheet: SheetName) -> CellNotes:
    """Look through the content of the document for a sheet. Raises FileRefused where it is damaged."""
    table = _Table(sheet.number)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = table.start
    parser.EndElementHandler = table.end
    parser.CharacterDataHandler = table.text
    parser.EntityDeclHandler = _refuse
    with source.open("rb") as file, zipfile.ZipFile(file) as archive:
        try:
            with archive.open("content.xml") as content:
                while not table.is_done and (piece := content.read(PIECE)):
                    parser.Parse(piece, False)
        except (expat.ExpatError, KeyError, ValueError) as error:
            raise FileRefused("unreadable") from error
    return table.notes


def _refuse(*_declaration: Any) -> None:
    raise FileRefused("unreadable")


class _Table:
    """Follows the elements of the document, and notes what is in one of its tables."""

    def __init__(self, number: int) -> None:
        self.notes = CellNotes()
        self.is_done = False
        self._wanted, self._number, self._depth = number, -1, 0
        self._row = self._rows = self._column = self._columns = 0
        self._attributes: dict[str, str] = {}
        self._aside = 0  # depth inside a note, whose text is none of the cell
        self._shown: list[str] | None = None  # the text of the cell, while inside one

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == f"{TABLE}table":
            self._depth += 1
            self._number += self._depth == 1
            self._row = self._rows = 0
        if self._number != self._wanted or self._depth != 1:
            return
        if name == f"{TABLE}table-row":
            self._row, self._rows = self._row + self._rows, _repeated(attributes, "rows")
            self._column = self._columns = 0
        elif name in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            self._column += self._columns
            self._columns = _repeated(attributes, "columns")
            self._attributes, self._shown = attributes, []
        elif name == f"{OFFICE}annotation":
            self._aside += 1

    def end(self, name: str) -> None:
        if name == f"{TABLE}table":
            self.is_done = self._depth == 1 and self._number == self._wanted
            self._depth -= 1
        elif name == f"{OFFICE}annotation" and self._aside:
            self._aside -= 1
        elif (
            name in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell") and self._shown is not None
        ):
            self._note("".join(self._shown).strip())
            self._shown = None

    def text(self, text: str) -> None:
        if self._shown is not None and not self._aside:
            self._shown.append(text)

    def _note(self, shown: str) -> None:
        cell = self._attributes
        kind = cell.get(f"{OFFICE}value-type")
        if cell.get(CALC_TYPE) == "error" or (kind not in (None, "string") and ERROR.match(shown)):
            self.notes.errors.update(dict.fromkeys(self._places(), shown or "#N/A"))
        elif kind is None and f"{TABLE}formula" in cell:
            self.notes.unstored.update(self._places())
        rows = int(cell.get(f"{TABLE}number-rows-spanned", 1))
        columns = int(cell.get(f"{TABLE}number-columns-spanned", 1))
        if rows > 1 or columns > 1:
            last = (self._row + rows - 1, self._column + columns - 1)
            self.notes.merged.append(((self._row, self._column), last))

    def _places(self) -> list[Place]:
        """The cells that the present element stands for, with its repetitions."""
        return [
            (row, column)
            for row in range(self._row, self._row + self._rows)
            for column in range(self._column, self._column + self._columns)
        ]


def _repeated(attributes: dict[str, str], what: str) -> int:
    count = int(attributes.get(f"{TABLE}number-{what}-repeated", 1))
    if not 0 < count < MOST:
        raise FileRefused("bomb")
    return count
