"""The shape of a table: how what a file holds becomes one header row and one row for each record or cell.

A shape is proposed from the first rows (`shape_search`), confirmed by a person who sees its picture
(`mapped_tables`), and applied to every block (`plain_table`). Here is only what it says, and how it is written down.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from records.instruments.spec import Spec
from records.reading.layout import letter_of
from records.reading.table_rows import levels_of
from records.validation.meanings import TOTAL
from standards import codelists
from standards.spelling import normalise
from standards.written_periods import month_of, written_period

YEAR, MONTH, DAY = "year", "month", "day"
PARTS = (YEAR, MONTH, DAY)  # of a date, in the order in which it is put together
OF_HEADERS = {YEAR: "_year", MONTH: "_month"}  # parts of a date that headers of wide columns state
MOST_LEVELS = 3  # rows of headers
LETTERS = re.compile(r"^[A-Z]{1,3}$")
Codes = Mapping[str, str]


@dataclass(frozen=True)
class Shape:
    """What is done to a table; rows and columns are counted from 0.

    header     the first and the last row of headers
    wide       columns that are one variable spread over headers: position -> variable -> code, `_T` where
               the column is the total of the others; a part of a date has the name `_year` or `_month`
    count      the column of counts of a table that is not wide; None where there is none
    fill_down  columns whose value is stated once and then blank
    headings   the variable that texts standing alone in a row state for the rows below; "" where they are skipped
    dates      columns that together state the date: year, month, day -> position
    adds_up    rows that mean the same cell are added together
    """

    header: tuple[int, int]
    wide: Mapping[int, Codes] = field(default_factory=dict)
    count: int | None = None
    fill_down: tuple[int, ...] = ()
    headings: str = ""
    dates: Mapping[str, int] = field(default_factory=dict)
    adds_up: bool = False

    @property
    def is_counts(self) -> bool:
        """Say whether a row stands for as many as it says."""
        return bool(self.wide) or self.count is not None

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The variables that the headers of wide columns state, each once."""
        return tuple(dict.fromkeys(name for codes in self.wide.values() for name in codes))

    @cached_property
    def parts(self) -> tuple[int, ...]:
        """Wide columns that become rows."""
        return tuple(p for p, codes in sorted(self.wide.items()) if TOTAL not in codes.values())

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """Wide columns that are compared with the sum of others and not taken."""
        return tuple(p for p in sorted(self.wide) if p not in self.parts)

    @property
    def counted(self) -> tuple[int, ...]:
        """All columns that hold counts."""
        return (
            tuple(sorted(self.wide)) if self.wide else () if self.count is None else (self.count,)
        )

    @property
    def makes_date(self) -> bool:
        """Say whether the date is put together, from columns or from headers."""
        return bool(self.dates) or not set(OF_HEADERS.values()).isdisjoint(self.variables)

    def parts_of(self, total: int) -> tuple[int, ...]:
        """Return the wide columns whose sum a column of totals is."""
        stated = {name: code for name, code in self.wide[total].items() if code != TOTAL}
        return tuple(p for p in self.parts if stated.items() <= self.wide[p].items())

    def as_json(self) -> dict[str, Any]:
        """Return the shape as answers keep it: rows counted from 1, columns by their letters, nothing that is empty."""
        said = {
            "header": [row + 1 for row in self.header],
            "wide": {letter_of(p): dict(codes) for p, codes in sorted(self.wide.items())},
            "count": None if self.count is None else letter_of(self.count),
            "fill_down": [letter_of(p) for p in self.fill_down],
            "headings": self.headings,
            "dates": {part: letter_of(self.dates[part]) for part in PARTS if part in self.dates},
            "adds_up": self.adds_up,
        }
        return {key: value for key, value in said.items() if value}

    def as_text(self) -> str:
        """Return the shape as the value of a choice."""
        return json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of(cls, answer: Any) -> "Shape":
        """Read an answer: the text of a choice, or what `as_json` gives. Raises ValueError, TypeError or KeyError."""
        said = json.loads(answer) if isinstance(answer, str) else dict(answer)
        if unknown := said.keys() - cls.__dataclass_fields__.keys():
            raise ValueError(", ".join(sorted(unknown)))
        first, last = (int(row) - 1 for row in said["header"])
        if not 0 <= first <= last < first + MOST_LEVELS:
            raise ValueError(f"header: {said['header']}")
        return cls(
            header=(first, last),
            wide={position_of(k): dict(codes) for k, codes in said.get("wide", {}).items()},
            count=position_of(said["count"]) if said.get("count") else None,
            fill_down=tuple(map(position_of, said.get("fill_down", ()))),
            headings=str(said.get("headings", "")),
            dates={part: position_of(letter) for part, letter in said.get("dates", {}).items()},
            adds_up=bool(said.get("adds_up", False)),
        )

    def fits(self, spec: Spec) -> bool:
        """Say whether all that it names is there: variables of the instrument, codes of their lists, parts of a date."""
        named = [*self.variables, *([self.headings] if self.headings else [])]
        known = all(name in spec.by_name or name in OF_HEADERS.values() for name in named)
        codes = all(
            _is_code(spec, name, code)
            for stated in self.wide.values()
            for name, code in stated.items()
        )
        taken = not self.wide or len(self.parts) > 0
        dated = [*(["event_date"] if self.dates else []), *named]
        if len(set(dated)) < len(dated):  # nothing is made twice
            return False
        return known and codes and taken and self.dates.keys() <= set(PARTS)


def _is_code(spec: Spec, name: str, code: str) -> bool:
    if code == TOTAL:
        return True
    if name == OF_HEADERS[YEAR]:
        return bool(re.fullmatch(r"\d{4}", code))
    if name == OF_HEADERS[MONTH]:
        return month_of(code) is not None
    if name == "event_date":
        return written_period(code) is not None
    variable = spec.by_name[name]
    return bool(variable.codelist) and code in codelists.load(variable.codelist).by_code


def position_of(letter: str) -> int:
    """Return the position of a column by its letter: A is 0, Z 25, AA 26. Raises ValueError."""
    if not LETTERS.match(letter):
        raise ValueError(letter)
    position = 0
    for sign in letter:
        position = position * 26 + ord(sign) - 64
    return position - 1


def width_of(rows: Sequence[Sequence[str]], shape: Shape) -> int:
    """Return how many columns the file has by its rows of headers."""
    return max((len(row) for row in rows[shape.header[0] : shape.header[1] + 1]), default=0)


def headers_of(rows: Sequence[Sequence[str]], shape: Shape) -> list[str]:
    """Return one header for each column of the file: the texts above it, joined."""
    return [" ".join(texts) for texts in levels_of(rows, *shape.header)]


def is_word(text: str, kind: str) -> bool:
    """Say whether a text is one of the words of `standards/data/shapes.yaml` of this kind."""
    return normalise(text.replace("_", " ").replace(":", " ")) in _words(kind)


def begins_with_word(text: str, kind: str) -> bool:
    """Say whether the first word of a text is of this kind: ANIO_TRAMITE is a year."""
    words = normalise(text.replace("_", " ")).split()
    return is_word(text, kind) or bool(words and words[0] in _words(kind))


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(map(normalise, codelists.standard("shapes")[kind]))
