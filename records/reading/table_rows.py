"""Which rows of a file are its table: those of the headers, and the first and the last row of data.

A person may say it; otherwise the row that knows the most headers of the instrument is taken, and where
no row knows two of them, a row that looks like one of headers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEARCHED_ROWS = 30
FURTHEST = 200  # the last row that a person may name as that of the headers
LAST_ROW = 2**31  # of any file
HITS = 2  # headers of the instrument that make a row one of headers
Cells = Sequence[str]


@dataclass(frozen=True)
class TableRows:
    """Rows of a file, counted from 1.

    `headers`: the first and the last row of the headers, (0, 0) where the table has none; `first`, `last`:
    the rows of data, `last` None where the table goes on to the end of the file.
    """

    headers: tuple[int, int]
    first: int
    last: int | None = None


def table_rows(
    rows: Sequence[Cells], hits: Callable[[Cells], int], answer: Any
) -> TableRows | None:
    """Return where the table stands among the first rows of a file, None where nobody can tell.

    `hits` says how many headers of the instrument a row knows; `answer` is what a person said:
    `{"header": [first, last], "rows": [first, last]}`, each part as far as it was said.
    """
    stated = answer if isinstance(answer, Mapping) else {}
    headers = tuple(stated.get("header") or ()) or _header_row(rows, hits)
    if not headers or headers[1] > len(rows):
        return None
    first, last = (*(stated.get("rows") or ()), None, None)[:2]
    return TableRows((headers[0], headers[1]), max(headers[1] + 1, first or 0), last)


def stated_header(answers: Mapping[str, Any]) -> Sequence[int]:
    """Return the first and last row of the headers as a person said, from 1, [0, 0] for none; empty where nobody did."""
    answer = answers.get("table")
    return (answer.get("header") or ()) if isinstance(answer, Mapping) else ()


def _header_row(rows: Sequence[Cells], hits: Callable[[Cells], int]) -> tuple[int, int] | None:
    """Return the row of headers as (first, last): the first of those that know the most."""
    searched = rows[:SEARCHED_ROWS]
    most, place = max(((hits(row), -k) for k, row in enumerate(searched, start=1)), default=(0, 0))
    if most < HITS:
        place = -_looks_like_headers(searched)
    return (-place, -place) if place else None


def _looks_like_headers(rows: Sequence[Cells]) -> int:
    """Return the first of the widest rows of distinct words above rows of the same width, 0 where there is none.

    Headers are words; a row below them has a number in it.
    """
    widths = [sum(1 for cell in row if cell.strip()) for row in rows]
    widest = max(widths, default=0)
    for k, row in enumerate(rows[:-1]):
        stated = [cell.strip() for cell in row if cell.strip()]
        below = [cell for following in rows[k + 1 : k + 4] for cell in following]
        if (
            len(stated) >= max(2, 0.7 * widest)
            and len(set(stated)) == len(stated)
            and not any(_is_mostly_digits(cell) for cell in stated)
            and any(_is_mostly_digits(cell) for cell in below)
        ):
            return k + 1
    return 0


def _is_mostly_digits(cell: str) -> bool:
    """Say whether at least half of the letters of a cell are digits: a number, a date, a code of numbers."""
    letters = [letter for letter in cell if letter.isalnum()]
    return bool(letters) and 2 * sum(letter.isdigit() for letter in letters) >= len(letters)


def header_texts(rows: Sequence[Cells], headers: tuple[int, int]) -> list[str]:
    """Return the headers of the columns; texts that stand above one another are joined. A table without headers has empty ones."""
    first, last = headers
    if not last:
        return [""] * max((len(row) for row in rows[:SEARCHED_ROWS]), default=0)
    return [" ".join(texts) for texts in levels_of(rows, first - 1, last - 1)]


def levels_of(rows: Sequence[Sequence[str]], first: int, last: int) -> list[tuple[str, ...]]:
    """Return the texts of the headers above each column, topmost first, what is blank left out.

    The header of a group stands above its first column, and counts for the columns to its right until another one
    begins, as far as there is something below it. What a merged cell repeats counts once.
    """
    width = max((len(row) for row in rows[first : last + 1]), default=0)
    grid = [
        [*(c.strip() for c in row), *[""] * (width - len(row))] for row in rows[first : last + 1]
    ]
    for k, row in enumerate(grid[:-1]):
        group = ""
        for p in range(width):
            if row[p]:
                group = row[p]
            elif any(below[p] for below in grid[k + 1 :]):
                row[p] = group
    return [tuple(dict.fromkeys(filter(None, texts))) for texts in zip(*grid, strict=True)]


def is_place(answer: Any) -> bool:
    """Say whether an answer names rows that a table may have."""
    if not isinstance(answer, Mapping) or not set(answer) <= {"header", "rows"}:
        return False
    header, rows = answer.get("header") or (1, 1), answer.get("rows") or (1, None)
    numbers = [*header, *(row for row in rows if row is not None)]
    if len(header) != 2 or len(rows) != 2 or rows[0] is None:
        return False
    if any(type(number) is not int or number >= LAST_ROW for number in numbers):
        return False
    (start, end), (first, last) = header, rows
    headers = (start == end == 0) or 1 <= start <= end <= FURTHEST
    return headers and first >= 1 and (last is None or last >= first)
