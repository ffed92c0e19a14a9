"""Reading a workbook inside the limited child (XLSX, XLSM, XLSB, XLS, ODS): first its wrapping, then its cells.

Macros, links and formulas are nowhere run or followed: only values that are stored are read.
"""

import zipfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from records.instruments.spec import Spec
from records.reading import broken_letters, questions, returned, xls_notes
from records.reading.cell_notes import Place
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
from records.reading.preview import BELOW, rows_of, rows_to_end
from records.reading.refusals import FileRefused, refusal
from records.reading.rows import row_kind
from records.reading.sheet_cells import Row, SheetCells
from records.reading.sheets import Sheet, sheets_of
from records.reading.table_rows import FURTHEST, HITS

COUNTS = "table_of_counts"
NAMED_RANGES = 20  # how many ranges of merged cells are named


@dataclass(frozen=True)
class Tables:
    """The sheets of a workbook that hold something: their first rows mapped, and which hold tables.

    All by their places (`#2` is the second tab that is shown); `names` has the names they were given.
    """

    sheets: dict[str, Sheet]
    layouts: dict[str, Layout]
    places: list[str]
    names: dict[str, str]
    beginnings: dict[str, list[list[str]]]

    def preview(self, place: str, spec: Spec) -> list[dict[str, Any]]:
        """Return the first rows of a sheet for its sender."""
        return rows_of(self.beginnings[place], self.layouts[place], spec)

    @property
    def likeliest(self) -> str:
        """The first sheet that holds a table; where none does, one with counts, because its refusal says so."""
        counts = [p for p, m in self.layouts.items() if m.refusal and m.refusal.code == COUNTS]
        return [*self.places, *counts, *self.sheets][0]


def is_office_file(source: Source) -> bool:
    """Say whether the file is a zip archive or an old Office file, so no text."""
    with source.open("rb") as file:
        return file.read(8).startswith((ARCHIVE, OLE))


def kind_of_wrapping(source: Source, limits: Mapping[str, int]) -> str:
    """Look at the wrapping before anything is unpacked: a kind of workbook, or the code of a refusal."""
    with source.open("rb") as file:
        if file.read(8).startswith(OLE):
            return kind_of_old_office(source, limits["unpacked_mb"])
    try:
        with source.open("rb") as file, zipfile.ZipFile(file) as archive:
            kind = kind_of_archive(archive)
            most = limits["streamed_mb" if kind == "xlsx" else "unpacked_mb"]
            return refusal_of_entries(archive.infolist(), most) or kind
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
    tables = _tables(*sheets_of(source, _kind(source, limits), limits), spec, answers, context)
    if held := _held_rows(tables, spec):
        return _sent_back(tables, *held, size_of(source))
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
    cells = tables.sheets[place].cells()
    letters = broken_letters.letters_of(cells.rows, spec, answers)
    rows = letters.rows(cells.rows)
    table = mapped(rows, spec, answers, context)
    layout = letters.layout(rows, table.layout, spec, table.layout.answers)
    layout.questions[:0] = [question] if question else []
    preview = rows_of(rows, layout, spec, cells.last[-BELOW:] or rows_to_end(rows))
    file |= {"header_row": layout.header_row + 1, "merged": _merged(cells, layout)}
    file |= table.described
    unstored = _unstored(cells, layout, table.used, place)
    start = layout.header_row + 1
    blocks = _blocks(cells, start, table.columns, unstored, size_of(source))
    blocks = table.blocks(layout.within(letters.blocks(blocks)))
    return OpenedFile(file, layout, blocks, tables.names, plain=table.plain, preview=preview)


def first_cells(source: Source, limits: Mapping[str, int], count: int) -> list[list[str]]:
    """Return the first rows of the first sheet that holds something, as they stand. Raises FileRefused."""
    sheets, _names = sheets_of(source, _kind(source, limits), limits)
    for sheet in sheets.values():
        if rows := sheet.first(count):
            return rows
    raise FileRefused("empty")


def _kind(source: Source, limits: Mapping[str, int]) -> str:
    """Return which kind of workbook the file is. Raises FileRefused where it is none that can be read."""
    kind = kind_of_wrapping(source, limits)
    if kind not in WORKBOOKS:
        raise FileRefused(kind)
    if kind == "xls":  # the library would read encrypted records as if they were clear
        xls_notes.stream_of(source)
    return kind


def _held_rows(tables: Tables, spec: Spec) -> tuple[str, Layout] | None:
    """Return the place and the layout of a sheet of held rows that the portal made, if there is one."""
    for place, rows in tables.beginnings.items():
        if layout := returned.layout_of(rows[: returned.HEADERS + 1], spec):
            return place, layout
    return None


def _sent_back(tables: Tables, place: str, layout: Layout, size: int) -> OpenedFile:
    """Read a sheet of held rows that comes back: nothing is asked of it."""
    cells = tables.sheets[place].cells()
    used = {c.position for c in layout.columns if c.variable}
    unstored = _unstored(cells, layout, used, place)
    file = {
        "encoding": None,
        "delimiter": None,
        "sheet": place,
        "sheets": [place],
        "header_row": layout.header_row + 1,
        "held_rows": True,
    }
    blocks = _blocks(cells, layout.header_row + 1, layout.columns, unstored, size)
    return OpenedFile(file, layout, blocks, tables.names)


def _tables(
    sheets: dict[str, Sheet],
    names: dict[str, str],
    spec: Spec,
    answers: Mapping[str, Any],
    context: Context,
) -> Tables:
    """Look at the beginning of every sheet that is shown. Raises FileRefused where none holds anything."""
    beginnings = {place: sheet.first(FURTHEST + 1) for place, sheet in sheets.items()}
    layouts = {
        place: _layout(rows, spec, answers, context) for place, rows in beginnings.items() if rows
    }
    if not layouts:
        raise FileRefused("empty")
    places = [p for p, layout in layouts.items() if holds_table(layout)]
    return Tables({p: sheets[p] for p in layouts}, layouts, places, names, beginnings)


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
    code = layout.refusal.code if layout.refusal else ""
    if code in ("other_instrument", COUNTS):
        return False
    if code == "side_by_side" or any(question.id == "shape" for question in layout.questions):
        return True
    return len({c.variable for c in layout.columns if c.variable}) >= HITS


def _which_sheet(tables: Tables, answers: Mapping[str, Any]) -> Question | None:
    """Ask which sheet is meant, where several hold tables. The answer is its place, or its name."""
    answer = answers.get("sheet")
    answer = next((p for p in tables.sheets if tables.names[p] == answer), answer)
    known = list(dict.fromkeys([*tables.places, *([answer] if answer in tables.sheets else [])]))
    if len(known) < 2:
        return None
    lengths = [f"{place}: {tables.sheets[place].length}" for place in known]
    choices = [{"value": place, "label": place} for place in known]
    question = questions.ask("sheet", choices, lengths)
    return replace(question, answer=answer if answer in (*known, questions.NONE) else None)


@dataclass(frozen=True)
class Unstored:
    """Formulas that nobody worked out, in cells from which records are made: their places, in order."""

    places: deque[Place]
    sheet: str

    def refuse(self, rows: Sequence[Row], first: int, *, is_end: bool) -> None:
        """Refuse one in these rows, of which the first has this number, from 0; behind the last ones, any.

        A row that seems empty may consist of formulas; of a total nothing is needed. Raises FileRefused.
        """
        while self.places and (is_end or self.places[0][0] < first + len(rows)):
            row, column = self.places.popleft()
            kind = row_kind(rows[row - first]) if row < first + len(rows) else "blank"
            if kind in ("data", "blank"):
                raise FileRefused("formulas", where=f"{self.sheet}!{letter_of(column)}{row + 1}")


def _unstored(cells: SheetCells, layout: Layout, used: set[int], sheet: str) -> Unstored:
    """Return such formulas, after those of the first rows were refused. Raises FileRefused."""
    needed = (p for p in cells.unstored if p[1] in used and p[0] > layout.header_row)
    unstored = Unstored(deque(sorted(needed)), sheet)
    unstored.refuse(cells.rows, 0, is_end=cells.rest is None)
    return unstored


def _merged(cells: SheetCells, layout: Layout) -> list[str]:
    """Return the ranges of merged cells whose value was taken for every row, in columns that are used."""
    used = {c.position for c in layout.columns if c.variable}
    names = [
        name for name, column, last in cells.merged if column in used and last > layout.header_row
    ]
    return names[:NAMED_RANGES]


def _blocks(
    cells: SheetCells, start: int, columns: Sequence[FileColumn], unstored: Unstored, size: int
) -> Iterator[FileBlock]:
    """Yield the rows from `start` on, counted from 0, with how much of so many bytes is done.

    Raises FileRefused for a formula without a result further down.
    """
    width, first = len({c.position for c in columns}), len(cells.rows)
    rest = cells.rest or iter(())
    yield _block(cells.rows[start:], start, width, size if cells.rest is None else 0)
    del cells  # the first rows are done with
    for rows, thousandths in rest:
        unstored.refuse(rows, first, is_end=False)
        yield _block(rows, first, width, size * thousandths // 1000)
        first += len(rows)
    unstored.refuse([], first, is_end=True)


def _block(rows: Sequence[Row], first: int, width: int, done: int) -> FileBlock:
    """Return rows as a block; the first has this number, counted from 0. Other rows are as wide as the headers."""
    blanks = [""] * width
    columns = zip(*((row + blanks)[:width] for row in rows), strict=True)
    cells = {j: pa.array(texts, pa.string()) for j, texts in enumerate(columns)}
    if not rows:
        cells = {j: pa.array([], pa.string()) for j in range(width)}
    numbers = pa.array(np.arange(first + 1, first + 1 + len(rows), dtype=np.int32))
    return FileBlock(cells, numbers, pa.array(np.full(len(rows), FINE, np.int8)), done)
