"""The sheets of a workbook, whatever its format: their first rows, and all of them.

XLSX is read by ourselves, row by row, so that a sheet may have as many rows as Excel knows. XLS, XLSB and ODS are read
whole by a library.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import IO, Any, Protocol

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from records.reading import ods_notes, xls_notes, xlsb_notes
from records.reading.cell_notes import CellNotes, SheetName
from records.reading.layout import Source, letter_of
from records.reading.refusals import FileRefused
from records.reading.sheet_cells import FIRST, ROWS, MergedCells, Row, SheetCells, text_of
from records.reading.xlsx_book import Tab, XlsxBook
from records.reading.xlsx_notes import SheetNotes, sheet_notes

FULL_SHEETS = frozenset({65_536, 1_048_576})  # a sheet of exactly this length was cut off
NOTES = {
    "xlsb": xlsb_notes.cell_notes,
    "xls": xls_notes.cell_notes,
    "ods": ods_notes.cell_notes,
}


class Sheet(Protocol):
    """A sheet that is shown: `length` is the number of its last row that states something."""

    @property
    def length(self) -> int: ...

    def first(self, count: int) -> list[Row]:
        """Return the first rows, merged cells as they are stored, all as long as the longest."""
        ...

    def cells(self) -> SheetCells:
        """Return the sheet. Raises FileRefused where it is too large, or was cut off."""
        ...


def sheets_of(
    source: Source, kind: str, limits: Mapping[str, int]
) -> tuple[dict[str, Sheet], dict[str, str]]:
    """Return the sheets that are shown, and their names, by their places. Raises FileRefused where all are hidden."""
    sheets: dict[str, Sheet] = {}
    if kind == "xlsx":
        book = XlsxBook(source, limits["unpacked_mb"])
        shown = [tab for tab in book.tabs if tab.is_shown]
        names = {f"#{k}": tab.name for k, tab in enumerate(shown, start=1)}
        for place, tab in zip(names, shown, strict=True):
            sheets[place] = XlsxSheet(book, tab, place, limits)
        is_empty = not book.tabs
    else:
        with source.open("rb") as file:
            library = _library(file)
        every = [meta.name for meta in library.sheets_metadata]
        tabs = [meta.name for meta in library.sheets_metadata if _is_shown(meta)]
        names = {f"#{k}": name for k, name in enumerate(tabs, start=1)}
        for place, name in names.items():
            called = SheetName(name, every.index(name), place)
            sheets[place] = LibrarySheet(
                source, kind, library.get_sheet_by_name(name), called, limits
            )
        is_empty = not every
    if not sheets and not is_empty:
        raise FileRefused("hidden_sheets")
    return sheets, names


def _library(file: IO[bytes]) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(file)
    except PasswordError as error:
        raise FileRefused("password") from error


def _is_shown(meta: Any) -> bool:
    return bool(meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet)


@dataclass(frozen=True)
class LibrarySheet:
    """A sheet that a library holds whole."""

    source: Source
    kind: str
    sheet: Any
    name: SheetName
    limits: Mapping[str, int]

    @property
    def length(self) -> int:
        return self.sheet.end[0] + 1 if self.sheet.end else 0

    def first(self, count: int) -> list[Row]:
        return self._rows(CellNotes(), count).rows

    def cells(self) -> SheetCells:
        width = self.sheet.end[1] + 1 if self.sheet.end else 0
        where = f"{self.name.place}!{letter_of(max(width - 1, 0))}{self.length}"
        if self.length in FULL_SHEETS:
            raise FileRefused("full_sheet", where=where)
        if self.length > self.limits["workbook_rows"] or width > self.limits["columns"]:
            raise FileRefused("too_large", where=where)
        return self._rows(NOTES[self.kind](self.source, self.name))

    def _rows(self, notes: CellNotes, count: int | None = None) -> SheetCells:
        """Return the first rows, or all, with what the library does not tell of them."""
        cells = self.sheet.to_python(skip_empty_area=False, nrows=count)
        rows = [[text_of(cell) for cell in row] for row in cells]
        for (row, column), text in notes.errors.items():
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = text
        merged = MergedCells(self.sheet.merged_cell_ranges or notes.merged)
        merged.fill(rows)
        return SheetCells(rows, merged.names(), notes.unstored)


@dataclass(frozen=True)
class XlsxSheet:
    """A sheet of an XLSX workbook: read anew whenever it is asked for, never held whole."""

    book: XlsxBook
    tab: Tab
    place: str
    limits: Mapping[str, int]

    @cached_property
    def notes(self) -> SheetNotes:
        """What has to be known of the sheet before it is read."""
        book = self.book
        return sheet_notes(book.source, self.tab.part, self.place, book.shared, book.kinds)

    @property
    def length(self) -> int:
        return self.notes.length

    def first(self, count: int) -> list[Row]:
        rows, _done = next(_in_parts(self._read(), count), ([], 0))
        return _padded(rows)

    def cells(self) -> SheetCells:
        notes = self.notes
        if notes.length in FULL_SHEETS:
            raise FileRefused("full_sheet", where=f"{self.place}!A{notes.length}")
        merged = MergedCells(notes.merged)
        parts = _in_parts(self._read(), FIRST, ROWS)
        rows, _done = next(parts, ([], 0))
        merged.fill(rows)
        following = next(parts, None)
        if following is None:
            return SheetCells(_padded(rows), merged.names(), notes.unstored)
        rest = _filled(chain([following], parts), merged)
        return SheetCells(_padded(rows), merged.names(), notes.unstored, notes.last, rest)

    def _read(self) -> Iterator[tuple[list[Row], int]]:
        count = 0
        try:
            for rows, done in self.book.rows(self.tab.part, self.limits["columns"]):
                count += len(rows)
                yield rows, done
        except FileRefused as refused:
            code, where = refused.refusal.code, refused.refusal.where
            raise FileRefused(code, where=f"{self.place}!{where}" if where else "") from refused
        if count in FULL_SHEETS:  # seen only here where rows do not say their numbers
            raise FileRefused("full_sheet", where=f"{self.place}!A{count}")


def _in_parts(
    rows: Iterator[tuple[list[Row], int]], first: int, size: int = ROWS
) -> Iterator[tuple[list[Row], int]]:
    """Yield the same rows: so many at first, then so many at a time."""
    held: list[Row] = []
    done = 0
    for some, done in rows:
        held += some
        while len(held) >= first:
            part, held, first = held[:first], held[first:], size
            yield part, done
    if held:
        yield held, done


def _filled(
    parts: Iterator[tuple[list[Row], int]], merged: MergedCells
) -> Iterator[tuple[list[Row], int]]:
    for rows, done in parts:
        merged.fill(rows)
        yield rows, done


def _padded(rows: list[Row]) -> list[Row]:
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
