"""Which shapes the first rows of a file may have. Nothing here decides: a person sees the picture of each and chooses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain, pairwise, zip_longest
from typing import Any

import numpy as np

from records.instruments.spec import Spec, Variable
from records.reading.headers import Names
from records.reading.rows import begins, row_kind
from records.reading.shapes import (
    DAY,
    MONTH,
    MOST_LEVELS,
    OF_HEADERS,
    YEAR,
    Codes,
    Shape,
    begins_with_word,
    is_word,
)
from records.reading.table_rows import SEARCHED_ROWS, levels_of, stated_header
from records.reading.wide_headers import each_once, with_totals
from records.validation import parsing
from standards import codelists
from standards.spelling import normalise
from standards.written_periods import month_of, written_period

BODY = 200  # rows below the headers that are looked at
MOST_CHOICES = 3
MOST = 0.8  # the share of cells that makes a column one of numbers
BLANK = 0.5  # the share of blank cells that makes a column one of values stated once
COUNT, DATE = "count", "event_date"
QUARTERS = 4


def proposals(rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any]) -> list[Shape]:
    """Return the shapes that the table may have, the likeliest first; none where it is plain.

    Each way to read the headers comes once before any of them comes again with other rows.
    """
    search = Search(rows, spec, answers)
    head = search.head()
    ways = [search.shapes(head, wide) for wide in head.wide or ({},)] if head else []
    in_turn = chain.from_iterable(zip_longest(*ways))
    shapes = {shape.as_text(): shape for shape in in_turn if shape}
    return [*shapes.values()][:MOST_CHOICES]


@dataclass(frozen=True)
class Head:
    """Rows taken for headers, and what the columns below them are.

    texts  the headers above each column, by level; numeric  columns of whole numbers; known  position ->
    variable that the header names; count  the column of counts, or None; wide  what headers of the columns
    state, for each way to read them.
    """

    first: int
    last: int
    texts: list[tuple[str, ...]]
    numeric: frozenset[int]
    known: Mapping[int, str]
    count: int | None
    wide: tuple[dict[int, dict[str, str]], ...]

    @property
    def score(self) -> int:
        """How many columns have a meaning."""
        wide = self.wide[0] if self.wide else {}
        return len(self.known.keys() | wide.keys()) + (
            self.count is not None and self.count not in self.known
        )


class Search:
    """Looks for headers of one to three rows, and for what they and the rows below them say of the shape."""

    def __init__(
        self, rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any]
    ) -> None:
        self.rows, self.spec = rows, spec
        self.stated: Sequence[int] = stated_header(answers)
        self.names = Names(spec)
        self.aliases: Mapping[str, Mapping[str, str]] = dict(answers.get("aliases") or {})
        self.coded = [
            v for v in spec.variables if v.kind == "code" and (v.tells_cells or not spec.cells)
        ]

    def head(self) -> Head | None:
        """Return the rows of headers that give most columns a meaning; of equal ones the fewest and first."""
        if self.stated:
            first, last = (row - 1 for row in self.stated)
            return self.head_at(first, last) if 0 <= first <= last < len(self.rows) else None
        heads = []
        for first in range(min(len(self.rows), SEARCHED_ROWS)):
            for last in range(first, min(first + MOST_LEVELS, len(self.rows))):
                if not _may_be_headers(self.rows[last]):
                    break
                head = self.head_at(first, last)
                heads.append((head.score, first - last, -first, head))
        best = max(heads, key=lambda found: found[:3], default=None)
        return best[3] if best and best[0] else None

    def head_at(self, first: int, last: int) -> Head:
        """Return what rows say as headers, and what the columns below them are."""
        texts = levels_of(self.rows, first, last)
        body = self.rows[last + 1 : last + 1 + BODY]
        numeric = frozenset(p for p in self._numeric(last) if p < len(texts) and texts[p])
        found = {
            p: self.names.variable(" ".join(t)) or self.names.variable(t[-1])
            for p, t in enumerate(texts)
            if t
        }
        known = {p: name for p, name in found.items() if name and _is_text(texts[p])}
        free = [p for p in sorted(numeric) if known.get(p) in (None, COUNT)]
        wide = tuple(self._wide(texts, free, body))
        return Head(first, last, texts, numeric, known, self._count(texts, free, known), wide)

    def _numeric(self, last: int) -> frozenset[int]:
        """Return the columns of whole numbers below a row."""
        stated, numbers = self._counted
        first, end = min(last + 1, len(stated) - 1), min(last + 1 + BODY, len(stated) - 1)
        below = stated[end] - stated[first]
        enough = (numbers[end] - numbers[first] >= MOST * below) & (below > 0)
        return frozenset(np.flatnonzero(enough).tolist())

    @cached_property
    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        """How many cells above each row state something, and how many a whole number: (rows + 1, columns) each.

        Below every row that may be one of headers columns are judged by them.
        """
        rows = self.rows[: max([SEARCHED_ROWS, *self.stated]) + MOST_LEVELS + BODY]
        counts = np.zeros((2, len(rows) + 1, max(map(len, rows), default=0)), dtype=np.int32)
        for k, row in enumerate(rows, start=1):
            stated = [not parsing.is_blank(cell) for cell in row]
            counts[0, k, : len(row)] = stated
            counts[1, k, : len(row)] = [
                s and _is_number(c) for s, c in zip(stated, row, strict=True)
            ]
        stated, numbers = counts.cumsum(axis=1)
        return stated, numbers

    def shapes(self, head: Head, wide: Mapping[int, Codes]) -> Iterator[Shape]:
        """Yield the shapes of the table below these headers, of which the wide ones state this."""
        body = self.rows[head.last + 1 : head.last + 1 + BODY]
        shape = Shape((head.first, head.last), wide, count=None if wide else head.count)
        shape = replace(shape, dates=self._dates(head, shape, body))
        if not shape.is_counts:
            if head.last > head.first or shape.dates:
                yield shape
            return
        shape = replace(shape, adds_up=self.spec.is_counts)
        fill_down = tuple(_stated_once(head, shape, body))
        headings = self._headings(head, shape, body)
        if headings:
            yield replace(shape, headings=headings, fill_down=fill_down)
        if fill_down:
            yield replace(shape, fill_down=fill_down)
        if fill_down or headings or not self._is_plain(head, shape):
            yield shape

    def left_out(self, shape: Shape) -> list[int]:
        """Return the columns of numbers that have a header, and from which a table of counts takes nothing."""
        if not shape.is_counts or shape.header[1] >= len(self.rows):
            return []
        head = self.head_at(*shape.header)
        free = head.numeric - {*shape.counted, *shape.dates.values(), *head.known}
        return [p for p in sorted(free) if self.names.find(" ".join(head.texts[p]))[1] == "unknown"]

    def _is_plain(self, head: Head, shape: Shape) -> bool:
        """Say whether the table is what the instrument asks for already, so that nobody has to confirm it."""
        named = shape.count is not None and head.known.get(shape.count) == COUNT
        return named and head.first == head.last and not (shape.wide or shape.dates)

    def _count(
        self, texts: Sequence[tuple[str, ...]], free: Sequence[int], known: Mapping[int, str]
    ) -> int | None:
        """Return the one column of whole numbers whose header says that they count."""
        said = [p for p in free if known.get(p) == COUNT] or [
            p for p in free if any(is_word(t, "counts") for t in (texts[p][-1], " ".join(texts[p])))
        ]
        return said[0] if len(said) == 1 else None

    def _wide(
        self, texts: Sequence[tuple[str, ...]], free: Sequence[int], body: Sequence[Sequence[str]]
    ) -> Iterator[dict[int, dict[str, str]]]:
        """Yield what the headers of columns of numbers state, one for each variable that they may be codes of."""
        levels = max((len(texts[p]) for p in free), default=0)
        read = [(level, self._level(texts, free, level)) for level in range(-levels, 0)]
        read = [(level, ways) for level, ways in read if ways]
        ways = max((len(ways) for _level, ways in read), default=0)
        for k in range(min(ways, MOST_CHOICES)):
            stated: dict[int, dict[str, str]] = {}
            words: dict[int, list[str]] = {}
            for level, ways_of_level in read:
                name, codes = ways_of_level[min(k, len(ways_of_level) - 1)]
                for p, code in codes.items():
                    stated.setdefault(p, {}).setdefault(name, code)
                    words.setdefault(p, []).append(normalise(texts[p][level]))
            yield from each_once(with_totals(stated, texts, free, body), words)

    def _level(
        self, texts: Sequence[tuple[str, ...]], free: Sequence[int], level: int
    ) -> list[tuple[str, dict[int, str]]]:
        """Return variable and codes of the headers of one level (from -1, the lowest), the best ways first."""
        said = {p: texts[p][level] for p in free if len(texts[p]) >= -level}
        row = [t[level] for t in texts if len(t) >= -level]
        ways = [(v.name, self._codes(v, said)) for v in self.coded]
        by_number = _numbers_months(row)
        ways += [
            (name, _parts_of_dates(name, said, by_number=by_number))
            for name in (*OF_HEADERS.values(), DATE)
        ]
        ways = [(name, codes) for name, codes in ways if len(set(codes.values())) > 1]
        most = max((len(codes) for _name, codes in ways), default=0)
        return [way for way in ways if len(way[1]) == most]

    def _codes(self, variable: Variable, said: Mapping[int, str]) -> dict[int, str]:
        """Return the codes of headers: as the list knows them, or as a person declared them."""
        declared = {normalise(t): c for t, c in self.aliases.get(variable.name, {}).items()}
        codes, unread = {}, set()
        known = codelists.load(variable.codelist).match(list(said.values()), variable.codes)
        for (p, text), match in zip(said.items(), known, strict=True):
            code = declared.get(normalise(text)) or _word_of_sex(variable, text)
            code = code or (
                match.code if match.level < codelists.BY_LOOK and not match.note else None
            )
            if code is None and variable.unknown and is_word(text, "unstated"):
                code = variable.unknown
            if code is not None and not text.strip().isdecimal():
                codes[p] = code
            else:
                unread.add(normalise(text))
        lone_letters = any(len(text) == 1 and text.isalpha() for text in unread)
        if variable.name == "sex" and lone_letters:  # H and M: not the M of “male”
            return {}
        stated = set(codes.values()) - {variable.unknown}
        return codes if len(stated) > 1 or len(codes) > 1 else {}

    def _dates(self, head: Head, shape: Shape, body: Sequence[Sequence[str]]) -> dict[str, int]:
        """Return the columns of year, month and day, where no column states the whole date."""
        dates: dict[str, int] = {}
        for p, texts in enumerate(head.texts):
            if not texts or p in shape.wide or p == shape.count:
                continue
            values = _values(body, p)
            for part, reads in READS.items():
                if (
                    begins_with_word(texts[-1], part)
                    and part not in dates
                    and _share(values, reads)
                ):
                    dates[part] = p
        of_headers = {part for part, name in OF_HEADERS.items() if name in shape.variables}
        stated = dates.keys() | of_headers
        whole = [p for p, name in head.known.items() if name == DATE and p not in dates.values()]
        complete = {YEAR, MONTH} <= stated or (YEAR in of_headers)
        if not complete or any(_share(_values(body, p), _is_date) for p in whole):
            return {}
        return {
            part: p
            for part, p in dates.items()
            if part not in of_headers and (part != DAY or MONTH in stated)
        }

    def _headings(self, head: Head, shape: Shape, body: Sequence[Sequence[str]]) -> str:
        """Return the variable of texts that stand alone in a row above others, where no column states it."""
        alone = [[c for c in row if c.strip()] for row in body if row_kind(row) == "heading"]
        texts = [row[0] for row in alone if len(row) == 1]
        taken = {*head.known.values(), *shape.variables}
        best, most = "", 0
        for variable in self.coded:
            if variable.name not in taken and texts:
                matches = codelists.load(variable.codelist).match(texts, variable.codes)
                count = sum(m.code is not None for m in matches)
                best, most = (variable.name, count) if count > most else (best, most)
        return best


def _may_be_headers(row: Sequence[str]) -> bool:
    """Say whether a row states something, and no number but years, or months beside the word “year”."""
    stated = [cell for cell in row if cell.strip()]
    numbers = [cell for cell in stated if _is_number(cell) and not _is_year(cell)]
    return bool(stated) and (not numbers or _numbers_months(stated))


def _numbers_months(row: Sequence[str]) -> bool:
    """Say whether bare numbers in a row of headers are months: 1, 2, 3 … up to 12 at most, and a header “year”.

    1 and 2 may be codes of sex, 1 to 4 quarters. Numbers of columns stand below headers, so that no word of theirs is
    “year”.
    """
    numbers = [int(cell) for cell in row if cell.strip().isdecimal() and not _is_year(cell)]
    is_run = (
        3 <= len(numbers) <= 12
        and len(numbers) != QUARTERS
        and numbers == [*range(1, len(numbers) + 1)]
    )
    return is_run and any(begins_with_word(cell, YEAR) for cell in row)


def _stated_once(head: Head, shape: Shape, body: Sequence[Sequence[str]]) -> Iterator[int]:
    """Yield columns of texts that are blank in most rows of counts, but not in the first, and never state the same again.

    A blank sex is one that is not stated: no sex above it is meant.
    """
    counted = [
        row
        for row in body
        if any(p < len(row) and _is_number(row[p]) for p in shape.counted)
        and not any(begins(cell, "totals") for cell in row)
    ]
    for p in range(len(head.texts)):
        cells = [row[p] if p < len(row) else "" for row in counted]
        if p in head.numeric or p in shape.counted or head.known.get(p) == "sex":
            continue
        stated = [cell for cell in cells if cell.strip()]
        is_first = bool(stated) and bool(cells[0].strip())
        again = any(a == b for a, b in pairwise(stated))
        if is_first and not again and len(cells) - len(stated) >= BLANK * len(cells):
            yield p


def _word_of_sex(variable: Variable, text: str) -> str | None:
    if variable.codelist != "sex":
        return None
    return "F" if is_word(text, "women") else "M" if is_word(text, "men") else None


def _parts_of_dates(name: str, said: Mapping[int, str], *, by_number: bool) -> dict[int, str]:
    """Return the years, months (as bare numbers where `by_number`) or periods that headers state."""
    if name == OF_HEADERS[YEAR]:
        return {p: text.strip() for p, text in said.items() if _is_year(text)}
    if name == OF_HEADERS[MONTH]:
        words = {p: text for p, text in said.items() if by_number or not text.strip().isdecimal()}
        months = {p: month_of(text) for p, text in words.items()}
        return {p: f"{month:02}" for p, month in months.items() if month}
    periods = {p: written_period(text) for p, text in said.items() if not _is_year(text)}
    return {p: str(period) for p, period in periods.items() if period}


def _values(body: Sequence[Sequence[str]], p: int) -> list[str]:
    cells = [row[p] for row in body if p < len(row)]
    return [cell for cell in cells if not parsing.is_blank(cell)]


def _share(values: Sequence[str], holds: Any) -> bool:
    return bool(values) and sum(1 for v in values if holds(v)) >= MOST * len(values)


@lru_cache(maxsize=100_000)  # the cells of a table are looked at below each row that may be headers
def _is_number(text: str) -> bool:
    return parsing.whole_number(text) is not None


def _is_year(text: str) -> bool:
    key = text.strip()
    return len(key) == 4 and key.isdecimal() and 1900 <= int(key) <= 2100


def _is_day(text: str) -> bool:
    number = parsing.whole_number(text)
    return number is not None and 1 <= number <= 31


def _is_date(text: str) -> bool:
    whole = parsing.parse_date(text, day_first=True, pivot=2100).day
    return whole is not None or (written_period(text) is not None and not _is_year(text))


def _is_text(texts: Sequence[str]) -> bool:
    return any(not text.isdecimal() for text in texts)


READS = {YEAR: _is_year, MONTH: lambda text: month_of(text) is not None, DAY: _is_day}
