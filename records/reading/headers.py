"""Which row holds the headers, and which column is which variable."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from records.instruments.spec import Spec, Variable, joined_labels
from records.reading.layout import FileColumn, Layout, Question, Refusal, letter_of, open_questions
from records.reading.personal_columns import kind_of_header, kind_of_values
from records.reading.questions import (
    NONE,
    ask_what_dates_mean,
    ask_what_numbers_mean,
    ask_what_sexes_mean,
    ask_which_column,
    proven_letters,
    values_of,
)
from records.reading.rows import is_data_row, needed_columns
from records.validation.personal import without_persons
from standards import codelists, languages
from standards.spelling import fold, normalise, one_script

SEARCHED_ROWS = 30
REMARK = re.compile(r"\([^)]*\)|[*:]+\s*$")  # "Sex (M/F)", "Date of birth*:"


def map_columns(
    rows: Sequence[Sequence[str]],
    spec: Spec,
    answers: Mapping[str, Any],
    others: Iterable[Spec] = (),
) -> Layout:
    """Find the header row among the first rows and say which column is which variable.

    The row with the most known headers wins; below two there is none. Refusals: header_missing,
    duplicate_header, missing_required, header_only, other_instrument (the headers fit one of
    `others`). Questions are asked, never guessed.
    """
    names = Names(spec)
    place, hits = names.header_row(rows)
    if hits < 2:
        return Layout(
            place, [], _other_instrument(rows, spec, spec.variables, others) or _no_headers(rows)
        )
    columns = [_shown(column, names) for column in _columns(rows[place], names, spec, answers)]
    needed = needed_columns(columns, spec)
    body = [row for row in rows[place + 1 :] if is_data_row(row, needed, rows[place])]
    refusal = _duplicate_header(columns, place)
    if refusal is None and not body:
        refusal = _refusal("header_only", where=str(place + 1))
    if refusal:
        return Layout(place, columns, refusal)
    columns = [_without_persons(column, body, spec) for column in columns]
    return _with_questions(Layout(place, columns), rows, body, spec, answers, others)


def _with_questions(
    layout: Layout,
    rows: Sequence[Sequence[str]],
    body: Sequence[Sequence[str]],
    spec: Spec,
    answers: Mapping[str, Any],
    others: Iterable[Spec],
) -> Layout:
    """Add the questions about the columns, or the refusal where a variable cannot be in the file."""
    columns = layout.columns
    named = {c.variable for c in columns if c.how != "answer"}
    wanted = [v for v in spec.variables if v.required and v.name not in named]
    given = dict(answers.get("columns") or {})
    unanswered = [v for v in wanted if v.name not in given]
    if refusal := _other_instrument(rows, spec, unanswered, others):
        return replace(layout, refusal=refusal)
    questions = ask_which_column(wanted, columns, body, answers)
    if missing := _missing(wanted, columns, questions, answers):
        where = str(layout.header_row + 1)
        refusal = _with_dropped(_refusal("missing_required", where=where, names=missing), layout)
        return replace(layout, refusal=refusal, questions=questions)
    sexes = values_of(next((c for c in columns if c.variable == "sex"), None), body)
    letters = proven_letters(sexes)
    questions += ask_what_sexes_mean(sexes, letters, answers)
    questions += ask_what_dates_mean(columns, body, answers, spec)
    questions += ask_what_numbers_mean(columns, body, answers, spec)
    return replace(layout, questions=questions, letters=letters)


def _with_dropped(refusal: Refusal, layout: Layout) -> Refusal:
    """Add which columns were dropped because they are about persons: one may be what is missed."""
    dropped = [f"{c.letter} {c.shown}" for c in layout.columns if c.how == "forbidden" and c.reason]
    if not dropped:
        return refusal
    what = dict.fromkeys(languages.LANGUAGES, ", ".join(dropped))
    addition = languages.say(codelists.standard("refusals")["dropped_columns"], what)
    message = {k: f"{text} {addition[k]}" for k, text in refusal.message.items()}
    return replace(refusal, message=message)


def _missing(
    wanted: Sequence[Variable],
    columns: Sequence[FileColumn],
    questions: Sequence[Question],
    answers: Mapping[str, Any],
) -> list[Variable]:
    """Return the variables that the file cannot do without and does not have.

    Where a person said that no column holds a variable, it is “not stated” if there is a code for that.
    """
    waiting = {question.id.partition(":")[2] for question in open_questions(list(questions))}
    mapped = {column.variable for column in columns}
    denied = {k for k, letter in dict(answers.get("columns") or {}).items() if letter == NONE}
    return [
        variable
        for variable in wanted
        if variable.name not in waiting | mapped
        and not (variable.name in denied and variable.unknown)
    ]


def _shown(column: FileColumn, names: "Names") -> FileColumn:
    """Give the column the header that everybody may see; one that the instrument knows names nobody."""
    header = column.header
    return replace(column, shown=header if names.know(header) else without_persons(header))


def _without_persons(column: FileColumn, body: Sequence[Sequence[str]], spec: Spec) -> FileColumn:
    """Forbid a column whose values are about persons, unless its header says that it holds something else.

    A header of record numbers is no excuse for names: they would become searchable.
    """
    named = column.variable is not None and column.how != "answer"
    numbers = named and spec.by_name[str(column.variable)].kind == "ref"
    if column.how not in ("unknown", "answer") and not numbers:
        return column
    reason = kind_of_values(values_of(column, body))
    if not reason or (numbers and reason != "name"):
        return column
    return replace(column, variable=None, how="forbidden", reason=reason)


class Names:
    """Headers the instrument knows, wants dropped, or ignores; compared as written, then by look."""

    def __init__(self, spec: Spec) -> None:
        self.known = spec.header_aliases()
        self.numbers = {v.name for v in spec.variables if v.kind == "ref"}
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
        match = self._find(normalise(header))
        if match[1] != "unknown":
            return match
        if plain := normalise(REMARK.sub(" ", header)):
            match = self._find(plain)
        # “Number (passport)” is no number of a case; “Citizenship (passport)” is a citizenship.
        if (match[0] is None or match[0] in self.numbers) and kind_of_header(header):
            return match if match[1] == "part" else (None, "forbidden")
        return match

    def know(self, header: str) -> bool:
        """Say whether the whole header is one that the instrument knows, wants dropped, or ignores."""
        key = normalise(header)
        return any(
            key in names for names in (self.known, self.forbidden, self.ignored, self.composite)
        )

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

    def header_row(self, rows: Sequence[Sequence[str]]) -> tuple[int, int]:
        """Return (row, hits) of the first of the rows that know the most variables."""
        scored = [(self.hits(row), -k) for k, row in enumerate(rows[:SEARCHED_ROWS])]
        hits, place = max(scored, default=(0, 0))
        return -place, hits

    def hits(self, row: Sequence[str]) -> int:
        matches = [self.find(cell) for cell in row]
        return len(self.variables(row)) + sum(how == "part" for _variable, how in matches)

    def variables(self, row: Sequence[str]) -> set[str]:
        """Return the variables that the headers of this row name."""
        return {variable for variable, _how in map(self.find, row) if variable}


def _columns(
    headers: Sequence[str], names: Names, spec: Spec, answers: Mapping[str, Any]
) -> Iterator[FileColumn]:
    """Yield the columns; a composite one yields its parts, save what has a column of its own."""
    matches = [names.find(header) for header in headers]
    given = dict(answers.get("columns") or {})
    chosen = {letter: name for name, letter in given.items() if letter != NONE}
    own = {variable for variable, _how in matches if variable} | set(chosen.values())
    for k, (header, (variable, how)) in enumerate(zip(headers, matches, strict=True)):
        text, letter = header.strip()[:120], letter_of(k)
        if letter in chosen and how not in ("forbidden", "part"):  # no answer opens these
            yield FileColumn(text, chosen[letter], "answer", letter, k)
        elif how == "part":
            parts = names.composite.get(normalise(header)) or {}
            wanted = [(v, p) for v, p in parts.items() if v in spec.by_name and v not in own]
            for name, part in wanted:
                yield FileColumn(text, name, "part", letter, k, part)
            if not wanted:
                yield FileColumn(text, None, "forbidden", letter, k)
        else:
            reason = kind_of_header(header) if how == "forbidden" else ""
            yield FileColumn(text, variable, how, letter, k, reason=reason)


def _other_instrument(
    rows: Sequence[Sequence[str]],
    spec: Spec,
    missing: Sequence[Variable],
    others: Iterable[Spec],
) -> Refusal | None:
    """Refuse a file that names all an instrument of the agency requires, where this one lacks two or more."""
    if len(missing) < 2:
        return None
    for other in others:
        names = Names(other)
        place, hits = names.header_row(rows)
        required = {v.name for v in other.variables if v.required}
        if hits >= 2 and required <= names.variables(rows[place]):
            text = codelists.standard("refusals")["other_instrument"]
            titles = {k: f"{v} ({other.code})" for k, v in other.title.items()}
            lacking = joined_labels([v for v in missing if v.required])
            message = {
                language: text[language].format(
                    what=titles[language],
                    where=f"{spec.title[language]} ({spec.code})",
                    missing=lacking[language],
                )
                for language in languages.LANGUAGES
            }
            return Refusal("other_instrument", message, other.code)
    return None


def _no_headers(rows: Sequence[Sequence[str]]) -> Refusal:
    return _refusal("header_missing", where=f"1–{min(len(rows), SEARCHED_ROWS)}")


def _duplicate_header(columns: Sequence[FileColumn], place: int) -> Refusal | None:
    first: dict[str, FileColumn] = {}
    for column in columns:
        if column.variable and column.variable in first:
            earlier = first[column.variable]
            where = f"{earlier.letter}{place + 1}, {column.letter}{place + 1}"
            headers = [earlier.shown, column.shown]
            return _refusal("duplicate_header", where=where, headers=headers)
        if column.variable:
            first[column.variable] = column
    return None


def _refusal(
    code: str, *, where: str, names: Sequence[Variable] = (), headers: Sequence[str] = ()
) -> Refusal:
    what = (
        joined_labels(names) if names else dict.fromkeys(languages.LANGUAGES, " / ".join(headers))
    )
    return Refusal(code, languages.say(codelists.standard("refusals")[code], what, where), where)
