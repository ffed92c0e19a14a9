"""Which rows below the headers are data, and which are blank, totals, signatures or numbering."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Spec
from records.reading.layout import FileBlock, FileColumn
from records.validation import parsing
from standards import codelists, editions
from standards.spelling import normalise


def needed_columns(columns: Sequence[FileColumn], spec: Spec) -> list[int]:
    """Return the positions of columns that no record can do without, not even as “not stated”."""
    mapped = [(c.position, spec.by_name[c.variable]) for c in columns if c.variable]
    return [position for position, v in mapped if v.required and not v.unknown]


def is_data_row(row: Sequence[str], needed: Sequence[int], headers: Sequence[str] = ()) -> bool:
    complete = bool(needed) and all(len(row) > p and row[p].strip() for p in needed)
    kind = row_kind(row, headers=headers)
    return kind == "data" or (complete and kind not in ("numbering", "header"))


def row_kind(
    cells: Sequence[str], ignored: Collection[int] = (), headers: Sequence[str] = ()
) -> str:
    """Say what an incomplete row is: data, blank, total, heading, header, signature, or numbering (1, 2, 3 …).

    `ignored` are positions that say nothing; `headers` the texts of the header row.
    """
    stated = [c.strip() for c in cells if c.strip()]
    if not stated or all(k in ignored for k, c in enumerate(cells) if c.strip()):
        if any(begins(c, "totals") for c in stated):
            return "total"
        return "heading" if len(stated) == 1 and _is_heading(stated[0]) else "blank"
    if begins(stated[0], "totals") or (len(stated) <= 2 and begins(stated[0], "counts")):
        return "total"
    if len(stated) == 1 and _is_heading(stated[0]):
        return "heading"
    if _repeats(cells, headers):
        return "header"
    signatures = _words("signatures")
    if len(stated) <= 3 and any(
        f" {s} " in f" {normalise(c)} " for c in stated for s in signatures
    ):
        return "signature"
    return "numbering" if _is_row_of_numbers(stated) else "data"


def _is_row_of_numbers(stated: Sequence[str]) -> bool:
    """Say whether these cells number the columns: 1, 2, 3 or А, Б, 1, 2, 3."""
    numbers = stated if stated[0] == "1" else stated[1:] if len(stated[0]) == 1 else []
    while numbers and not numbers[0].isdecimal() and len(numbers[0]) == 1:
        numbers = numbers[1:]
    return len(numbers) > 2 and list(numbers) == [str(k) for k in range(1, len(numbers) + 1)]


def _repeats(cells: Sequence[str], headers: Sequence[str]) -> bool:
    """Say whether the row is the header row again, as on every printed page."""
    pairs = [(_key(c), _key(h)) for c, h in zip(cells, headers, strict=False) if c.strip()]
    same = sum(1 for cell, header in pairs if cell and cell == header)
    return same >= 2 and 2 * same > len(pairs)


@lru_cache(maxsize=50_000)  # the cells of a table are few texts, many times
def _key(text: str) -> str:
    return normalise(text)


@lru_cache(maxsize=10_000)
def _is_heading(text: str) -> bool:
    """Say whether a text that stands alone in a row heads a part of the table: a region or a country."""
    key = normalise(text.replace(":", " "))
    if len(key) < 4 or any(letter.isdigit() for letter in key):
        return False
    words = key.split()
    places = _words("headings")
    if len(words) <= 4 and any(word.startswith(places) for word in words):
        return True
    lists = ("regions", "countries")
    return any(codelists.load(name).match([key])[0].code is not None for name in lists)


editions.forgets(_is_heading.cache_clear)


def begins(text: str, kind: str) -> bool:
    """Say whether a text begins with a word of this kind of `standards/data/rows.yaml`."""
    key = normalise(text.replace(":", " "))
    return any(key == word or key.startswith(f"{word} ") for word in _words(kind))


def is_whole(text: str) -> bool:
    """Say whether a text stands for all codes of a variable together."""
    return normalise(text.replace(":", " ")) in _words("whole")


@cache
def _words(kind: str) -> tuple[str, ...]:
    return tuple(normalise(word) for word in codelists.standard("rows")[kind])


NUMBERING = r"^(?:\d{1,2}|\p{L})$"  # what stands under a date's header in a row 1, 2, 3 …


class Rows:
    """Tells data from what else stands below the headers, and counts what is skipped, by its kind."""

    def __init__(self, columns: Sequence[FileColumn], spec: Spec) -> None:
        # Where what is required is the same in all rows, or made here, any blank cell makes a row doubtful.
        self.needed = needed_columns(columns, spec) or [c.position for c in columns if c.variable]
        self.dates = [c.position for c in columns if c.variable == "event_date"]
        self.ignored = {c.position for c in columns if c.how in ("ignored", "empty")}
        amounts = {v.name for v in spec.variables if v.kind in ("integer", "decimal")}
        self.amounts = {c.position for c in columns if c.variable in amounts}
        texts = {c.position: c.header for c in columns}
        self.headers = [texts.get(k, "") for k in range(max(texts, default=-1) + 1)]
        self.count = self.last = 0  # data rows so far, and the greatest row number among them
        self.totals: dict[int, list[int]] = {}  # row number of a totals row -> the counts it states
        self.skipped: Counter[str] = Counter()  # kind of row -> how many are no data

    def data(self, block: FileBlock) -> pa.Array:
        """Return the positions of rows that are data.

        A row that states all that is required is data; only the others are looked at one by one.
        """
        cells, count = block.cells, len(block.rows)
        places = pc.indices_nonzero(self._doubtful(cells, count))
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

    def _doubtful(self, cells: Mapping[int, pa.Array], count: int) -> pa.Array:
        """Rows that lack something required, or repeat a header or its number."""
        doubtful = pa.array(np.zeros(count, dtype=bool))
        for position in {*self.needed, *self.dates}:
            coded = cells[position].dictionary_encode()
            texts = pc.utf8_lower(pc.utf8_trim_whitespace(coded.dictionary))
            strange = pc.equal(texts, self.headers[position].lower())
            if position in self.needed:
                strange = pc.or_(strange, pc.equal(texts, ""))
            if position in self.dates:
                strange = pc.or_(strange, pc.match_substring_regex(texts, NUMBERING))
            doubtful = pc.or_(doubtful, strange.take(coded.indices))
        return doubtful

    def _is_data(self, row: Sequence[str], number: int) -> bool:
        kind = row_kind(row, self.ignored, self.headers)
        first = next((c for c in row if c.strip()), "")
        if kind == "total" and not begins(first, "parts"):
            counts = [c for k, c in enumerate(row) if c.strip() and k not in self.amounts]
            numbers = [*re.findall(r"\d+", counts[0]), *counts[1:]] if counts else []
            stated = [n for n in map(parsing.whole_number, numbers) if n is not None]
            self.totals |= {number: stated} if stated else {}
        if kind != "data":
            self.skipped[kind] += 1
        return kind == "data"

    def broken_total(self) -> dict[str, int] | None:
        """What the last totals row states, if that is not the number of rows; subtotals may add up to it."""
        row = max(self.totals, default=0)
        sums = sum(max(stated) for stated in self.totals.values())
        if row < self.last or not row or self.count in (*self.totals[row], sums):
            return None
        return {"row": row, "stated": max(self.totals[row]), "counted": self.count}
