"""Which column of a file is which variable: what a person said first, then what the headers say.

Whatever the headers leave open is asked; nothing is refused because little was recognised.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from records.instruments.spec import Spec, Variable, joined_labels
from records.reading import evidence, remembered
from records.reading.code_list_question import proven_lists
from records.reading.headers import Names
from records.reading.layout import FileColumn, Layout, Refusal, letter_of, open_questions
from records.reading.personal_columns import kind_of_header, kind_of_values
from records.reading.questions import (
    MADE,
    NONE,
    ask_what_dates_mean,
    ask_what_sexes_mean,
    ask_which_column,
    ask_which_row,
    proven_letters,
    values_of,
)
from records.reading.refusals import refusal as refusal_by_code
from records.reading.rows import is_data_row, needed_columns
from records.reading.table_rows import HITS, SEARCHED_ROWS, TableRows, header_texts, table_rows
from records.validation.personal import without_persons
from standards import codelists, languages
from standards.code_systems import OwnList
from standards.spelling import normalise

LOOKED_AT = 5000  # rows of data by which columns are judged
LONGEST = 120  # letters of a header that are kept


@dataclass(frozen=True)
class Context:
    """What is known beside the file: the agency's other instruments, its earlier layouts, its key, its own lists of codes."""

    others: Iterable[Spec] = ()
    layouts: Sequence[Mapping[str, Any]] = ()
    key: bytes = field(default=b"", repr=False)
    own_lists: Sequence[OwnList] = ()


NOTHING_KNOWN = Context()


def map_columns(
    rows: Sequence[Sequence[str]],
    spec: Spec,
    answers: Mapping[str, Any],
    context: Context = NOTHING_KNOWN,
) -> Layout:
    """Find the headers among the first rows of a file and say which column is which variable.

    Refusals: header_missing (there is no table); header_only; other_instrument (the headers fit another one of the agency); missing_required
    (a person said that the file does not have what no record can do without).
    """
    names = Names(spec)
    memory = remembered.memory_of(rows, context.layouts, context.key, names.variables)
    if memory:
        answers = {**memory.answers, **answers}
    table = table_rows(rows, names.hits, answers.get("table"))
    layout = Layout(0, [], answers=answers, memory=memory)
    if table is None:
        return _without_headers(layout, rows, spec, context.others)
    layout = replace(
        layout, header_row=table.headers[1] - 1, first_row=table.first, last_row=table.last
    )
    return _of_table(layout, table, rows, spec, names, context)


def _without_headers(
    layout: Layout, rows: Sequence[Sequence[str]], spec: Spec, others: Iterable[Spec]
) -> Layout:
    """Ask which row holds the headers; refuse a file that is of another instrument, or no table."""
    if refusal := _other_instrument(rows, spec, spec.variables, others):
        return replace(layout, refusal=refusal)
    if layout.answers.get("table") == NONE:
        question = ask_which_row(rows[:SEARCHED_ROWS], layout.answers)
        return replace(layout, questions=[question], refusal=refusal_by_code("none_fits"))
    widest = max((sum(1 for cell in row if cell.strip()) for row in rows), default=0)
    if widest < 2:
        where = f"1–{min(len(rows), SEARCHED_ROWS)}"
        return replace(layout, refusal=refusal_of("header_missing", where=where))
    return replace(layout, questions=[ask_which_row(rows[:SEARCHED_ROWS], layout.answers)])


def _of_table(
    layout: Layout,
    table: TableRows,
    rows: Sequence[Sequence[str]],
    spec: Spec,
    names: Names,
    context: Context,
) -> Layout:
    """Map the columns of a table whose place is known."""
    headers = header_texts(rows, table.headers)
    columns = list(_columns(headers, names, spec, layout))
    shown = {header: shown_header(header, names) for header in headers}
    keys = remembered.header_keys(headers, context.key, lambda header: shown[header] == header)
    columns = [replace(c, shown=shown[headers[c.position]].strip()[:LONGEST]) for c in columns]
    layout = replace(layout, keys=keys)
    body = _body(rows, table, needed_columns(columns, spec), headers)
    if not body:
        refusal = refusal_of("header_only", where=str(table.headers[1]))
        return replace(layout, columns=columns, refusal=refusal)
    columns = [_without_persons(column, body, spec) for column in columns]
    columns = [evidence.with_values(column, body, spec) for column in columns]
    return _with_questions(replace(layout, columns=columns), rows, body, spec, context)


def _body(
    rows: Sequence[Sequence[str]],
    table: TableRows,
    needed: Sequence[int],
    headers: Sequence[str],
) -> list[Sequence[str]]:
    """Return the rows of data by which the columns are judged: the first of them."""
    last = min(table.last or len(rows), table.first - 1 + LOOKED_AT)
    return [row for row in rows[table.first - 1 : last] if is_data_row(row, needed, headers)]


def _with_questions(
    layout: Layout,
    rows: Sequence[Sequence[str]],
    body: Sequence[Sequence[str]],
    spec: Spec,
    context: Context,
) -> Layout:
    """Add the questions about the columns, or the refusal where the file cannot be of this instrument."""
    answers = layout.answers
    columns, contested = _without_contested(layout.columns, answers)
    named = {c.variable for c in columns if not c.is_answered}
    wanted = [v for v in spec.variables if v.required and v.name not in named]
    wanted += [spec.by_name[name] for name in contested if not spec.by_name[name].required]
    unanswered = [v for v in wanted if v.name not in contested and not _said(v, answers)]
    layout = replace(layout, columns=columns)
    if refusal := _other_instrument(rows, spec, unanswered, context.others):
        return replace(layout, refusal=refusal)
    questions = [ask_which_column(v, columns, body, answers, contested) for v in wanted]
    layout = replace(layout, questions=questions)
    if missing := _missing(wanted, layout):
        where = str(layout.header_row + 1)
        refusal = _with_dropped(refusal_of("missing_required", where=where, names=missing), layout)
        return replace(layout, refusal=refusal)
    sexes = values_of(next((c for c in columns if c.variable == "sex"), None), body)
    letters = proven_letters(sexes)
    questions += ask_what_sexes_mean(sexes, letters, answers)
    questions += ask_what_dates_mean(columns, body, answers, spec)
    lists, asked = proven_lists(columns, body, spec, answers, context.own_lists)
    questions += asked
    return replace(layout, letters=letters, lists=lists)


def _said(variable: Variable, answers: Mapping[str, Any]) -> bool:
    """Say whether a person said where the variable is, or what it is for the whole file."""
    return any(variable.name in (answers.get(name) or {}) for name in ("columns", "constants"))


def _with_dropped(refusal: Refusal, layout: Layout) -> Refusal:
    """Add which columns were dropped because they are about persons: one may be what is missed."""
    dropped = [f"{c.letter} {c.shown}" for c in layout.columns if c.how == "forbidden" and c.reason]
    if not dropped:
        return refusal
    what = dict.fromkeys(languages.LANGUAGES, ", ".join(dropped))
    addition = languages.say(codelists.standard("refusals")["dropped_columns"], what)
    message = {k: f"{text} {addition[k]}" for k, text in refusal.message.items()}
    return replace(refusal, message=message)


def _missing(wanted: Sequence[Variable], layout: Layout) -> list[Variable]:
    """Return the variables that the file cannot do without and, as a person said, does not have.

    What no column holds is “not stated” if there is a code for that.
    """
    waiting = {question.id.partition(":")[2] for question in open_questions(layout.questions)}
    mapped = {column.variable for column in layout.columns} | set(constants_of(layout.answers))
    if makes_numbers(layout.answers):
        mapped.add("record_ref")
    return [v for v in wanted if v.name not in waiting | mapped and not v.unknown]


def constants_of(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return variable -> the text that stands for it in every row, as a person said."""
    return dict(answers.get("constants") or {})


def makes_numbers(answers: Mapping[str, Any]) -> bool:
    """Say whether the portal makes the record numbers, because the file has none."""
    return (answers.get("columns") or {}).get("record_ref") == MADE


def shown_header(header: str, names: Names) -> str:
    """Return the header that everybody may see; one that the instrument knows names nobody."""
    return header if names.know(header) else without_persons(header)


def _without_persons(column: FileColumn, body: Sequence[Sequence[str]], spec: Spec) -> FileColumn:
    """Forbid a column whose values are about persons, unless its header says that it holds something else.

    A header of record numbers is no excuse for names: they would become searchable.
    """
    named = column.variable is not None and not column.is_answered
    numbers = named and spec.by_name[str(column.variable)].kind == "ref"
    if not (column.how in ("unknown", "empty") or column.is_answered or numbers):
        return column
    reason = kind_of_values(values_of(column, body))
    if not reason or (numbers and reason != "name"):
        return column
    return replace(column, variable=None, how="forbidden", reason=reason)


def _columns(
    headers: Sequence[str], names: Names, spec: Spec, layout: Layout
) -> Iterator[FileColumn]:
    """Yield the columns; a composite one yields its parts, save what has a column of its own."""
    matches = [names.find(header) for header in headers]
    closed = {letter_of(k) for k, (_v, how) in enumerate(matches) if how in ("forbidden", "part")}
    here = {letter_of(k) for k in range(len(headers))}
    given = {
        name: place
        for name, place in (layout.answers.get("columns") or {}).items()
        if place in here - closed
        or place in (NONE, MADE)  # a column that is not there answers nothing
    }
    before = dict(layout.memory.answers.get("columns") or {}) if layout.memory else {}
    ignored = set(layout.answers.get("ignored") or ())
    chosen = {letter: name for name, letter in given.items() if letter not in (NONE, MADE)}
    elsewhere = set(given) | set(constants_of(layout.answers))  # a person said where these are
    own = {variable for variable, _how in matches if variable} | elsewhere
    for k, (header, (variable, how)) in enumerate(zip(headers, matches, strict=True)):
        text, letter = header.strip()[:LONGEST], letter_of(k)
        if letter in chosen and how not in ("forbidden", "part"):  # no answer opens these
            name = chosen[letter]
            said = "remembered" if before.get(name) == letter else "answer"
            yield FileColumn(text, name, said, letter, k)
        elif letter in ignored and how not in ("forbidden", "part"):
            yield FileColumn(text, None, "ignored", letter, k)
        elif how == "part":
            parts = names.composite.get(normalise(header)) or {}
            wanted = [(v, p) for v, p in parts.items() if v in spec.by_name and v not in own]
            for name, part in wanted:
                yield FileColumn(text, name, "part", letter, k, part)
            if not wanted:
                yield FileColumn(text, None, "forbidden", letter, k)
        elif variable in elsewhere:
            yield FileColumn(text, None, "unknown", letter, k)
        else:
            reason = kind_of_header(header) if how == "forbidden" else ""
            yield FileColumn(text, variable, how, letter, k, reason=reason)


def _without_contested(
    columns: Sequence[FileColumn], answers: Mapping[str, Any]
) -> tuple[list[FileColumn], dict[str, list[FileColumn]]]:
    """Take a variable that the headers of several columns name from all of them.

    Returns the columns, and variable -> those that name it: a person says which it is.
    """
    naming = defaultdict(list)
    for column in columns:
        if column.variable:
            naming[column.variable].append(column)
    contested = {name: several for name, several in naming.items() if len(several) > 1}
    doubtful = {id(column) for several in contested.values() for column in several}
    free = [replace(c, variable=None, how="unknown") if id(c) in doubtful else c for c in columns]
    return free, contested


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
        hits, place = max(
            ((names.hits(row), -k) for k, row in enumerate(rows[:SEARCHED_ROWS])), default=(0, 0)
        )
        required = {v.name for v in other.variables if v.required}
        if hits >= HITS and required <= names.variables(rows[-place]):
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


def refusal_of(code: str, *, where: str, names: Sequence[Variable] = ()) -> Refusal:
    """Return the refusal of a file that lacks something: where it was looked for, and what it is."""
    what = joined_labels(names) if names else None
    return Refusal(code, languages.say(codelists.standard("refusals")[code], what, where), where)
