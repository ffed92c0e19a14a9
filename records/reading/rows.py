"""Which rows below the headers are data, and which are blank, totals, signatures or numbering."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Spec
from records.reading.layout import FileBlock, FileColumn
from records.validation import parsing
from standards import codelists
from standards.spelling import normalise


def needed_columns(columns: Sequence[FileColumn], spec: Spec) -> list[int]:
    """Return the positions of columns that no record can do without, not even as “not stated”."""
    asked = [(c.position, spec.by_name[c.variable]) for c in columns if c.variable]
    return [position for position, v in asked if v.required and not v.unknown]


def is_data_row(row: Sequence[str], needed: Sequence[int]) -> bool:
    complete = bool(needed) and all(len(row) > p and row[p].strip() for p in needed)
    kind = kind_of_row(row)
    return kind == "data" or (complete and kind != "numbering")


def kind_of_row(cells: Sequence[str], ignored: Collection[int] = ()) -> str:
    """Say what an incomplete row is: data, blank, total, signature, or numbering (1, 2, 3 …)."""
    stated = [c.strip() for c in cells if c.strip()]
    if not stated or all(k in ignored for k, c in enumerate(cells) if c.strip()):
        marked = [c for c in stated if _begins(c, "totals")]
        return "total" if marked else "blank"
    if _begins(stated[0], "totals"):
        return "total"
    signatures = _words("signatures")
    if len(stated) <= 3 and any(
        f" {s} " in f" {normalise(c)} " for c in stated for s in signatures
    ):
        return "signature"
    numbers = stated if stated[0] == "1" else stated[1:] if len(stated[0]) == 1 else []
    while numbers and not numbers[0].isdecimal() and len(numbers[0]) == 1:
        numbers = numbers[1:]  # А, Б, 1, 2, 3
    if len(numbers) > 2 and numbers == [str(k) for k in range(1, len(numbers) + 1)]:
        return "numbering"
    return "data"


def _begins(text: str, kind: str) -> bool:
    key = normalise(text.replace(":", " "))
    return any(key == word or key.startswith(f"{word} ") for word in _words(kind))


@cache
def _words(kind: str) -> tuple[str, ...]:
    return tuple(normalise(word) for word in codelists.standard("rows")[kind])


NUMBERING = r"^\s*(?:\d{1,2}|\p{L})\s*$"  # what stands under a date's header in a row 1, 2, 3 …


class Rows:
    """Tells data from what else stands below the headers: blank rows, totals, signatures, numbering."""

    def __init__(self, columns: Sequence[FileColumn], spec: Spec) -> None:
        self.needed = needed_columns(columns, spec)
        self.dates = [c.position for c in columns if c.variable == "event_date"]
        self.ignored = {c.position for c in columns if c.how in ("ignored", "empty")}
        amounts = {v.name for v in spec.variables if v.kind in ("integer", "decimal")}
        self.amounts = {c.position for c in columns if c.variable in amounts}
        self.count = self.last = 0  # data rows so far, and the greatest row number among them
        self.totals: dict[int, list[int]] = {}  # row number of a totals row -> the counts it states

    def data(self, block: FileBlock) -> pa.Array:
        """Return the positions of rows that are data.

        A row that states all that is required is data; only the others are looked at one by one.
        """
        cells, count = block.cells, len(block.rows)
        doubtful = pa.array(np.zeros(count, dtype=bool))
        for position in self.needed:
            doubtful = pc.or_(doubtful, _on_distinct(cells[position], _is_empty))
        for position in self.dates:
            doubtful = pc.or_(doubtful, _on_distinct(cells[position], _is_numbering))
        places = pc.indices_nonzero(doubtful)
        data = np.ones(count, dtype=bool)
        if len(places):
            columns = [cells[p].take(places).to_pylist() for p in sorted(cells)]
            numbers = block.rows.take(places).to_pylist()
            data[places.to_numpy()] = [
                self._is_data(row, number)
                for row, number in zip(zip(*columns, strict=True), numbers, strict=True)
            ]
        keep = pa.array(np.flatnonzero(data))
        self.count += len(keep)
        self.last = max([self.last, *block.rows.take(keep)[-1:].to_pylist()])
        return keep

    def _is_data(self, row: Sequence[str], number: int) -> bool:
        kind = kind_of_row(row, self.ignored)
        if kind == "total":
            counts = [c for k, c in enumerate(row) if c.strip() and k not in self.amounts]
            said = [*re.findall(r"\d+", counts[0]), *counts[1:]] if counts else []
            stated = [n for n in map(parsing.parse_integer, said) if n is not None]
            self.totals |= {number: stated} if stated else {}
        return kind == "data"

    def broken_total(self) -> dict[str, int] | None:
        """What the last totals row states, if that is not the number of rows; subtotals may add up to it."""
        row = max(self.totals, default=0)
        sums = sum(max(stated) for stated in self.totals.values())
        if row < self.last or not row or self.count in (*self.totals[row], sums):
            return None
        return {"row": row, "stated": max(self.totals[row]), "counted": self.count}


def _on_distinct(cells: pa.Array, test: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Apply a test of texts to the distinct ones and spread the answers over the rows."""
    coded = cells.dictionary_encode()
    return test(coded.dictionary).take(coded.indices)


def _is_empty(texts: pa.Array) -> pa.Array:
    return pc.equal(pc.utf8_trim_whitespace(texts), "")


def _is_numbering(texts: pa.Array) -> pa.Array:
    return pc.match_substring_regex(texts, NUMBERING)
