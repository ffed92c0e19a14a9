"""Which row holds the headers, and which column is which variable."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from records.instruments.spec import Spec, Variable
from records.reading.layout import FileColumn, Layout, Refusal, letter_of
from records.reading.questions import (
    ask_what_dates_mean,
    ask_what_numbers_mean,
    ask_what_sexes_mean,
    ask_which_column,
    proven_letters,
    values_of,
)
from records.reading.rows import is_data_row, needed_columns
from standards import codelists, languages
from standards.spelling import fold, normalise, one_script

SEARCHED_ROWS = 30
REMARK = re.compile(r"\([^)]*\)|[*:]+\s*$")  # "Sex (M/F)", "Date of birth*:"


def map_columns(rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any]) -> Layout:
    """Find the header row among the first rows and say which column is which variable.

    The row with the most known headers wins; below two there is none. Refusals: header_missing,
    duplicate_header, missing_required, header_only. Questions are asked, never guessed.
    """
    names = Names(spec)
    scored = [(names.hits(row), -k, k) for k, row in enumerate(rows[:SEARCHED_ROWS])]
    hits, _, place = max(scored, default=(0, 0, 0))
    if hits < 2:
        where = f"1–{min(len(rows), SEARCHED_ROWS)}"
        return Layout(place, [], _refuse("header_missing", where=where))
    columns = list(_columns(rows[place], names, spec, answers))
    body = [r for r in rows[place + 1 :] if is_data_row(r, needed_columns(columns, spec))]
    refusal = _twice(columns, place)
    if refusal is None and not body:
        refusal = _refuse("header_only", where=str(place + 1))
    if refusal:
        return Layout(place, columns, refusal)
    missing = _missing(spec, columns)
    questions = ask_which_column(missing, columns, body, answers)
    asked = {q.id.split(":")[1] for q in questions}
    if left := [v for v in missing if v.name not in asked]:
        return Layout(place, columns, _refuse("missing_required", where=str(place + 1), names=left))
    sexes = values_of(next((c for c in columns if c.variable == "sex"), None), body)
    letters = proven_letters(sexes)
    questions += ask_what_sexes_mean(sexes, letters, answers)
    questions += ask_what_dates_mean(columns, body, answers, spec)
    questions += ask_what_numbers_mean(columns, body, answers, spec)
    return Layout(place, columns, None, questions, letters)


class Names:
    """Headers the instrument knows, wants dropped, or ignores; compared as written, then by look."""

    def __init__(self, spec: Spec) -> None:
        self.known = spec.header_aliases()
        self.forbidden = {normalise(f) for f in spec.forbidden}
        self.ignored = {normalise(i) for i in spec.ignored} | {"№"}
        self.composite = {
            normalise(header): composite["parts"]
            for composite in spec.composites
            for header in composite["headers"]
        }
        self.looks = [
            (how, {form(k): v for k, v in self.known.items()}, {form(f) for f in self.forbidden})
            for how, form in (("folded", fold), ("look_alike", one_script))
        ]
        self.forms = {"folded": fold, "look_alike": one_script}

    def find(self, header: str) -> tuple[str | None, str]:
        """Return (variable, how) of a header."""
        if not normalise(header):
            return None, "ignored" if header.strip() else "empty"
        found = self._find(normalise(header))
        if found[1] == "unknown" and (plain := normalise(REMARK.sub(" ", header))):
            found = self._find(plain)
        return found

    def _find(self, key: str) -> tuple[str | None, str]:
        if key in self.known:
            return self.known[key], "exact"
        if key in self.composite:
            return None, "part"
        if key in self.forbidden or any(
            key.startswith(f"{f} ") for f in self.forbidden if len(f) > 3
        ):
            return None, "forbidden"
        if key in self.ignored:
            return None, "ignored"
        for how, known, forbidden in self.looks:
            look = self.forms[how](key)
            if look in known:
                return known[look], how
            if look in forbidden:
                return None, "forbidden"
        return None, "unknown"

    def hits(self, row: Sequence[str]) -> int:
        found = [self.find(cell) for cell in row]
        return len({variable for variable, _how in found if variable}) + sum(
            how == "part" for _variable, how in found
        )


def _columns(
    headers: Sequence[str], names: Names, spec: Spec, answers: Mapping[str, Any]
) -> Iterator[FileColumn]:
    """Yield the columns; a composite one yields its parts, save what has a column of its own."""
    found = [names.find(header) for header in headers]
    told = {letter: name for name, letter in dict(answers.get("columns") or {}).items()}
    own = {variable for variable, _how in found if variable} | set(told.values())
    for k, (header, (variable, how)) in enumerate(zip(headers, found, strict=True)):
        text, letter = header.strip()[:120], letter_of(k)
        if letter in told and how not in ("forbidden", "part"):  # no answer opens these
            yield FileColumn(text, told[letter], "answer", letter, k)
        elif how == "part":
            parts = names.composite.get(normalise(header)) or {}
            wanted = [(v, p) for v, p in parts.items() if v in spec.by_name and v not in own]
            for name, part in wanted:
                yield FileColumn(text, name, "part", letter, k, part)
            if not wanted:
                yield FileColumn(text, None, "forbidden", letter, k)
        else:
            yield FileColumn(text, variable, how, letter, k)


def _twice(columns: Sequence[FileColumn], place: int) -> Refusal | None:
    seen: dict[str, FileColumn] = {}
    for column in columns:
        if column.variable and column.variable in seen:
            one = seen[column.variable]
            where = f"{one.letter}{place + 1}, {column.letter}{place + 1}"
            return _refuse("duplicate_header", where=where, headers=[one.header, column.header])
        if column.variable:
            seen[column.variable] = column
    return None


def _missing(spec: Spec, columns: Sequence[FileColumn]) -> list[Variable]:
    found = {c.variable for c in columns}
    return [v for v in spec.variables if v.required and v.name not in found]


def _refuse(
    code: str, *, where: str, names: Sequence[Variable] = (), headers: Sequence[str] = ()
) -> Refusal:
    what = {
        lang: ", ".join(v.label.get(lang) or v.label["en"] for v in names) or " / ".join(headers)
        for lang in languages.LANGUAGES
    }
    return Refusal(code, languages.say(codelists.standard("refusals")[code], what, where), where)
