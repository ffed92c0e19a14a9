"""The cells of a worksheet as texts, with what the spreadsheet library does not tell of them.

A merged cell is one cell with empty ones beside it in the library; here its value stands in every row.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from records.reading.cell_notes import Place
from records.reading.layout import letter_of

FIRST = 16_384  # rows that a sheet is known by
ROWS = 4_096  # rows of a block behind them
Row = list[str]
# What neither XML nor the database can hold.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class SheetCells:
    """A worksheet as texts, with error values, and merged cells filled down.

    rows  the first rows from A1 on, all as long as the longest; merged  (range, column, last row) of each range that was
    filled in them, counted from 0; unstored  places of formulas without a result; last  the last rows, each with its number,
    where `rows` are not all; rest  the rows behind them, some at a time, with how many of 1,000 parts are done; None where there are none.
    """

    rows: list[Row]
    merged: list[tuple[str, int, int]] = field(default_factory=list)
    unstored: set[Place] = field(default_factory=set)
    last: list[tuple[int, Row]] = field(default_factory=list)
    rest: Iterator[tuple[list[Row], int]] | None = None


class MergedCells:
    """Gives the value of a merged cell to every row it spans; rows that are empty stay so.

    Cells merged across columns stay one cell: a title, a heading, a total.
    """

    def __init__(self, ranges: Sequence[tuple[Place, Place]]) -> None:
        deep = (span for span in ranges if span[1][0] > span[0][0])
        self.coming = sorted(deep, reverse=True)  # the next one is the last
        self.open: list[tuple[int, int, str]] = []  # column, last row, text
        self.number = 0  # of the next row, from 0
        self.filled: list[tuple[str, int, int, int]] = []  # range, column, first row, last row

    def fill(self, rows: Sequence[Row]) -> None:
        """Fill the next rows of the sheet, in place."""
        if self.coming or self.open:
            for k, row in enumerate(rows, start=self.number):
                self._fill(row, k)
        self.number += len(rows)

    def names(self) -> list[tuple[str, int, int]]:
        """Return the ranges that were filled so far: range, column, last row."""
        end = self.number - 1
        return [(name, c, min(last, end)) for name, c, first, last in self.filled if first < end]

    def _fill(self, row: Row, k: int) -> None:
        self.open = [span for span in self.open if span[1] >= k]
        if any(cell.strip() for cell in row):
            for column, _last, text in self.open:
                row.extend([""] * (column + 1 - len(row)))
                row[column] = text
        while self.coming and self.coming[-1][0][0] <= k:
            (first, column), (last, last_column) = self.coming.pop()
            if first == k and column < len(row) and row[column].strip():
                name = f"{letter_of(column)}{first + 1}:{letter_of(last_column)}{last + 1}"
                self.open.append((column, last, row[column]))
                self.filled.append((name, column, first, last))


def text_of(cell: object) -> str:
    """Return a cell as the text a person would have typed."""
    if isinstance(cell, str):
        return CONTROL.sub("", cell)
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)
