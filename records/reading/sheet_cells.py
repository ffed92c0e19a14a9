"""The cells of a worksheet as texts, with what the spreadsheet library does not tell of them.

A merged cell is one cell with empty ones beside it in the library; here its value stands in every row.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from records.reading.cell_notes import CellNotes, Place
from records.reading.layout import letter_of


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
    merged = sheet.merged_cell_ranges or notes.merged
    return SheetCells(rows, fill_merged(rows, merged), notes.unstored)


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
