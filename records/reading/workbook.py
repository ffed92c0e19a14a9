"""Reading a workbook inside the limited child (XLSX, XLSM, XLSB, XLS, ODS): first its wrapping, then its cells.

Macros, links and formulas are nowhere run or followed: only values that are stored are read.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from records.instruments.spec import Spec
from records.reading import (
    broken_letters,
    ods_notes,
    questions,
    returned,
    xls_notes,
    xlsb_notes,
    xlsx_notes,
)
from records.reading.cell_notes import CellNotes, SheetName
from records.reading.kinds_of_files import (
    ARCHIVE,
    OLE,
    WORKBOOKS,
    kind_of_archive,
    refusal_of_entries,
)
from records.reading.layout import (
    FINE,
    FileBlock,
    FileColumn,
    Layout,
    OpenedFile,
    Question,
    Source,
    letter_of,
    size_of,
)
from records.reading.mapped_tables import mapped
from records.reading.mapping import Context
from records.reading.ole import kind_of_old_office
from records.reading.preview import rows_of, rows_to_end
from records.reading.refusals import FileRefused, refusal
from records.reading.rows import row_kind
from records.reading.sheet_cells import SheetCells, sheet_cells
from records.reading.table_rows import FURTHEST, HITS

ROWS = 16_384  # rows of one block
FULL_SHEETS = frozenset({65_536, 1_048_576})  # a sheet of exactly this length was cut off
COUNTS = "table_of_counts"
NAMED_RANGES = 20  # how many ranges of merged cells are named
NOTES = {
    "xlsx": xlsx_notes.cell_notes,
    "xlsb": xlsb_notes.cell_notes,
    "xls": xls_notes.cell_notes,
    "ods": ods_notes.cell_notes,
}


@dataclass(frozen=True)
class Tables:
    """The sheets of a workbook that hold something: their first rows mapped, and which hold tables.

    All by their places (`#2` is the second tab that is shown); `names` has the names they were given,
    `numbers` their numbers among all sheets, from 0.
    """

    sheets: dict[str, Any]
    layouts: dict[str, Layout]
    places: list[str]
    names: dict[str, str]
    numbers: dict[str, int]
    beginnings: dict[str, list[list[str]]]

    def preview(self, place: str, spec: Spec) -> list[dict[str, Any]]:
        """Return the first rows of a sheet for its sender."""
        return rows_of(self.beginnings[place], self.layouts[place], spec)

    @property
    def likeliest(self) -> str:
        """The first sheet that holds a table; where none does, one with counts, because its refusal says so."""
        counts = [p for p, m in self.layouts.items() if m.refusal and m.refusal.code == COUNTS]
        return [*self.places, *counts, *self.sheets][0]

    def name_of(self, place: str) -> SheetName:
        return SheetName(self.names[place], self.numbers[place], place)


def is_office_file(source: Source) -> bool:
    """Say whether the file is a zip archive or an old Office file, so no text."""
    with source.open("rb") as file:
        return file.read(8).startswith((ARCHIVE, OLE))


def kind_of_wrapping(source: Source, unpacked_mb: int) -> str:
    """Look at the wrapping before anything is unpacked: a kind of workbook, or the code of a refusal."""
    with source.open("rb") as file:
        if file.read(8).startswith(OLE):
            return kind_of_old_office(source, unpacked_mb)
    try:
        with source.open("rb") as file, zipfile.ZipFile(file) as archive:
            return refusal_of_entries(archive.infolist(), unpacked_mb) or kind_of_archive(archive)
    except (zipfile.BadZipFile, OSError, ValueError):
        return "truncated"


def workbook(
    source: Source,
    spec: Spec,
    answers: Mapping[str, Any],
    limits: Mapping[str, int],
    context: Context,
) -> OpenedFile:
    """Choose the sheet that holds a table and read it. Raises FileRefused."""
    kind = _kind(source, limits["unpacked_mb"])
    with source.open("rb") as opened:
        tables = _tables(_book(opened), spec, answers, context)
    if held := _held_rows(tables, spec):
        return _sent_back(source, kind, tables, held, limits)
    question = _which_sheet(tables, answers)
    chosen = question.answer if question else None
    place = chosen if chosen in tables.sheets else tables.likeliest
    file = {"encoding": None, "delimiter": None, "sheet": place, "sheets": tables.places}
    file["tabs"] = list(tables.sheets)
    if question and (chosen is None or chosen == questions.NONE):
        file["header_row"] = tables.layouts[place].header_row + 1
        refused = refusal("none_fits") if chosen else None
        layout = replace(tables.layouts[place], refusal=refused, questions=[question])
        return OpenedFile(file, layout, sheets=tables.names, preview=tables.preview(place, spec))
    cells = _cells(source, kind, tables, place, limits)
    letters = broken_letters.letters_of(cells.rows, spec, answers)
    rows = letters.rows(cells.rows)
    table = mapped(rows, spec, answers, context)
    layout = letters.layout(rows, table.layout, spec, table.layout.answers)
    layout.questions[:0] = [question] if question else []
    preview = rows_of(rows, layout, spec, rows_to_end(rows))
    file |= {"header_row": layout.header_row + 1, "merged": _merged(cells, layout)}
    file |= table.described
    _refuse_formulas(cells, layout, table.used, place)
    blocks = _blocks(rows, layout.header_row + 1, table.columns, size_of(source))
    blocks = table.blocks(layout.within(blocks))
    return OpenedFile(file, layout, blocks, tables.names, plain=table.plain, preview=preview)


def first_cells(source: Source, limits: Mapping[str, int], count: int) -> list[list[str]]:
    """Return the first rows of the first sheet that holds something, as they stand. Raises FileRefused."""
    _kind(source, limits["unpacked_mb"])
    with source.open("rb") as opened:
        book = _book(opened)
    for metadata in book.sheets_metadata:
        sheet = book.get_sheet_by_name(metadata.name)
        if _is_shown(metadata) and (rows := sheet_cells(sheet, CellNotes(), count).rows):
            return rows
    raise FileRefused("empty")


def _kind(source: Source, unpacked_mb: int) -> str:
    """Return which kind of workbook the file is. Raises FileRefused where it is none that can be read."""
    kind = kind_of_wrapping(source, unpacked_mb)
    if kind not in WORKBOOKS:
        raise FileRefused(kind)
    if kind == "xls":  # the library would read encrypted records as if they were clear
        xls_notes.stream_of(source)
    return kind


def _cells(
    source: Source, kind: str, tables: Tables, place: str, limits: Mapping[str, int]
) -> SheetCells:
    """Return all cells of a sheet. Raises FileRefused where it is too large."""
    _refuse_large(place, tables.sheets[place], limits)
    return sheet_cells(tables.sheets[place], NOTES[kind](source, tables.name_of(place)))


def _held_rows(tables: Tables, spec: Spec) -> tuple[str, Layout] | None:
    """Return the place and the layout of a sheet of held rows that the portal made, if there is one."""
    for place, sheet in tables.sheets.items():
        cells = sheet_cells(sheet, CellNotes(), returned.HEADERS + 1)
        if layout := returned.layout_of(cells.rows, spec):
            return place, layout
    return None


def _sent_back(
    source: Source, kind: str, tables: Tables, held: tuple[str, Layout], limits: Mapping[str, int]
) -> OpenedFile:
    """Read a sheet of held rows that comes back: nothing is asked of it."""
    place, layout = held
    cells = _cells(source, kind, tables, place, limits)
    _refuse_formulas(cells, layout, {c.position for c in layout.columns if c.variable}, place)
    file = {
        "encoding": None,
        "delimiter": None,
        "sheet": place,
        "sheets": [place],
        "header_row": layout.header_row + 1,
        "held_rows": True,
    }
    blocks = _blocks(cells.rows, layout.header_row + 1, layout.columns, size_of(source))
    return OpenedFile(file, layout, blocks, tables.names)


def _book(file: IO[bytes]) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(file)
    except PasswordError as error:
        raise FileRefused("password") from error


def _tables(
    book: CalamineWorkbook, spec: Spec, answers: Mapping[str, Any], context: Context
) -> Tables:
    """Look at the beginning of every sheet that is shown. Raises FileRefused where none holds anything, or none is shown."""
    tabs = [m.name for m in book.sheets_metadata if _is_shown(m)]
    if not tabs and book.sheets_metadata:
        raise FileRefused("hidden_sheets")
    names = {f"#{k}": name for k, name in enumerate(tabs, start=1)}
    sheets = {place: book.get_sheet_by_name(name) for place, name in names.items()}
    beginnings = {
        place: sheet_cells(sheet, CellNotes(), FURTHEST + 1).rows for place, sheet in sheets.items()
    }
    layouts = {
        place: _layout(rows, spec, answers, context) for place, rows in beginnings.items() if rows
    }
    if not layouts:
        raise FileRefused("empty")
    places = [p for p, layout in layouts.items() if holds_table(layout)]
    every = [m.name for m in book.sheets_metadata]
    numbers = {place: every.index(name) for place, name in names.items()}
    shown = {place: sheets[place] for place in layouts}
    return Tables(shown, layouts, places, names, numbers, beginnings)


def _layout(
    rows: list[list[str]], spec: Spec, answers: Mapping[str, Any], context: Context
) -> Layout:
    """Map the beginning of one sheet; one of another shape than was confirmed is not the sheet that was meant."""
    try:
        return mapped(rows, spec, answers, context).layout
    except FileRefused as refused:
        return Layout(0, [], refused.refusal)


def holds_table(layout: Layout) -> bool:
    """Say whether a sheet holds a table of the instrument: a person said so, or some of its headers are known."""
    if layout.refusal and layout.refusal.code in ("other_instrument", COUNTS):
        return False
    if any(question.id == "shape" for question in layout.questions):
        return True
    return len({c.variable for c in layout.columns if c.variable}) >= HITS


def _which_sheet(tables: Tables, answers: Mapping[str, Any]) -> Question | None:
    """Ask which sheet is meant, where several hold tables. The answer is its place, or its name."""
    answer = answers.get("sheet")
    answer = next((p for p in tables.sheets if tables.names[p] == answer), answer)
    known = list(dict.fromkeys([*tables.places, *([answer] if answer in tables.sheets else [])]))
    if len(known) < 2:
        return None
    lengths = [f"{place}: {_size(tables.sheets[place])[0]}" for place in known]
    choices = [{"value": place, "label": place} for place in known]
    question = questions.ask("sheet", choices, lengths)
    return replace(question, answer=answer if answer in (*known, questions.NONE) else None)


def _is_shown(meta: Any) -> bool:
    return bool(meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet)


def _refuse_large(place: str, sheet: Any, limits: Mapping[str, int]) -> None:
    rows, columns = _size(sheet)
    where = f"{place}!{letter_of(max(columns - 1, 0))}{rows}"
    if rows in FULL_SHEETS:
        raise FileRefused("full_sheet", where=where)
    if rows > limits["workbook_rows"] or columns > limits["columns"]:
        raise FileRefused("too_large", where=where)


def _refuse_formulas(cells: SheetCells, layout: Layout, used: set[int], sheet: str) -> None:
    """Refuse a sheet where a record needs the result of a formula that nobody worked out."""
    for row, column in sorted(cells.unstored):
        # A row that seems empty may consist of formulas; of a total nothing is needed.
        kind = row_kind(cells.rows[row]) if row < len(cells.rows) else "blank"
        if column in used and row > layout.header_row and kind in ("data", "blank"):
            raise FileRefused("formulas", where=f"{sheet}!{letter_of(column)}{row + 1}")


def _merged(cells: SheetCells, layout: Layout) -> list[str]:
    """Return the ranges of merged cells whose value was taken for every row, in columns that are used."""
    used = {c.position for c in layout.columns if c.variable}
    names = [
        name for name, column, last in cells.merged if column in used and last > layout.header_row
    ]
    return names[:NAMED_RANGES]


def _size(sheet: Any) -> tuple[int, int]:
    """Return how many rows and columns there are, counted from A1."""
    return (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)


def _blocks(
    rows: list[list[str]], start: int, columns: Sequence[FileColumn], size: int
) -> Iterator[FileBlock]:
    width = len({c.position for c in columns})
    for k in range(start, len(rows), ROWS):
        part = [(row + [""] * width)[:width] for row in rows[k : k + ROWS]]
        cells = {j: pa.array([row[j] for row in part], pa.string()) for j in range(width)}
        numbers = pa.array(np.arange(k + 1, k + 1 + len(part), dtype=np.int32))
        fine = pa.array(np.full(len(part), FINE, np.int8))
        yield FileBlock(cells, numbers, fine, size * (k + len(part)) // len(rows))
