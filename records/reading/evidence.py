"""What the cells of a column show: how many of them can be read as a variable, and what they look like."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from records.instruments.spec import Spec, Variable
from records.reading.layout import FileColumn
from records.validation import parsing
from standards import codelists
from standards.periods import FREQUENCIES, read_period

LOOKED_AT = 200  # cells by which a column without a name is judged
VALUES = 3
LONGEST = 20  # letters of an example
MOST = 0.8  # share of the cells that a variable understands where the column may be its own
PLAIN = ("code", "date", "period")  # kinds whose texts name nobody, where they are understood
LATEST_YEAR = 2100


def values_of(
    column: FileColumn | None, body: Sequence[Sequence[str]], codelist: str = ""
) -> list[str]:
    """Return the texts of a column, or of its part of a composite one; `codelist` tells where a known part ends."""
    if column is None:
        return []
    cells = [row[column.position] for row in body if len(row) > column.position]
    parts: list[str] = parsing.part_of(
        pa.array(cells, pa.string()), column.part, codelist
    ).to_pylist()
    return parts


def with_values(column: FileColumn, body: Sequence[Sequence[str]], spec: Spec) -> FileColumn:
    """Add what the column shows: examples, and how many of its first cells its variable understands."""
    if column.how == "forbidden":
        return column
    variable = spec.by_name.get(column.variable or "")
    texts = values_of(column, body, variable.codelist if variable else "")
    stated = [text for text in texts if not parsing.is_blank(text)][:LOOKED_AT]
    read = len(understood(variable, stated)) if variable else 0
    values = tuple(examples(variable, stated))[:VALUES]
    return replace(column, values=values, stated=len(stated), understood=read)


def fits(variable: Variable, values: Sequence[str]) -> bool:
    """Say whether a column with these texts may hold the variable."""
    stated = [v for v in values if not parsing.is_blank(v)][:LOOKED_AT]
    if not stated:
        return False
    if variable.kind == "ref":  # a number of a case has a digit, and names one case
        numbers = all(any(letter.isdigit() for letter in v) for v in stated)
        return numbers and len(set(stated)) == len(stated)
    if variable.kind not in PLAIN:
        return False
    return len(understood(variable, stated)) >= MOST * len(stated)


def understood(variable: Variable, values: Sequence[str]) -> list[str]:
    """Return those of the texts that can be read as the variable."""
    if variable.kind == "code":
        matches = codelists.load(variable.codelist).match(values)
        return [v for v, m in zip(values, matches, strict=True) if m.code is not None]
    reads = READS.get(variable.kind)
    return [v for v in values if reads(v)] if reads else list(values)


def examples(variable: Variable | None, values: Sequence[str]) -> list[str]:
    """Return different texts of a column as they may be kept: codes and days as they are, of all else the form."""
    stated = [v.strip() for v in values if v.strip()]
    plain = understood(variable, stated) if variable and variable.kind in PLAIN else []
    texts = [v[:LONGEST] for v in plain] or [form_of(v) for v in stated]
    return list(dict.fromkeys(texts))


def form_of(text: str) -> str:
    """Return the form of a text, which names nobody: xx-999 for WP-123."""
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "x", text))[:LONGEST]


def _is_day(text: str) -> bool:
    return parsing.parse_date(text, day_first=True, pivot=LATEST_YEAR).day is not None


def _is_birth(text: str) -> bool:
    return parsing.parse_date(text, day_first=True, pivot=LATEST_YEAR, birth=True).day is not None


def _is_period(text: str) -> bool:
    return _is_day(text) or any(read_period(text, f) is not None for f in FREQUENCIES)


def _is_number(text: str) -> bool:
    return parsing.parse_number(text) is not None


def _is_answer(text: str) -> bool:
    return parsing.parse_boolean(text) is not None


READS: Mapping[
    str, Callable[[str], bool]
] = {  # kind of variable -> whether a text of it can be read
    "date": _is_day,
    "birth": _is_birth,
    "period": _is_period,
    "integer": _is_number,
    "decimal": _is_number,
    "boolean": _is_answer,
}
