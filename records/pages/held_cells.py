"""Held rows as the grid shows them: which columns, what is wrong in each cell, and what a person may type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from records.collection import known_numbers
from records.collection.held_rows import compared, texts_of_held
from records.collection.names import GivenNames
from records.instruments.spec import Spec, Variable
from records.models import HeldRow
from records.workbooks.choices import choices
from standards.translation import active_language, in_language

ALWAYS = ("record_ref", "event_date", "sex", "citizenship")  # so that a row can be recognised


@dataclass(frozen=True)
class Column:
    """A column of the grid; `choices` are the words that its cells offer."""

    name: str
    label: str
    choices: Sequence[str] = ()


@dataclass(frozen=True)
class Why:
    """What is wrong in a cell, and the address of the page of the rule; "" where it is no rule."""

    text: str
    page: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and what is wrong with it, with the address in the file."""

    name: str
    label: str
    text: str
    why: tuple[Why, ...] = ()
    compared: bool = False  # a rule that is broken looks at it too: it may be the wrong one
    address: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the grid. seen  what it holds, as `held_keys.STATE`; note  why it was left alone.

    known  the page of rows whose number has another record, where this is one.
    """

    pk: int
    number: int | None
    cells: tuple[Cell, ...]
    seen: str
    may_correct: bool
    late: bool
    note: str = ""
    known: str = ""


def columns_of(spec: Spec, rows: Sequence[HeldRow]) -> list[Column]:
    """Return what recognises a row, and every variable that may be wrong in one of these."""
    wrong = {finding["variable"] for row in rows for finding in row.findings}
    wrong |= {name for row in rows for name in compared(row, spec)}
    return columns_named(spec, wrong | set(ALWAYS))


def columns_named(spec: Spec, names: set[str]) -> list[Column]:
    """Return the columns of these variables, in the order of the instrument; keys come from files only."""
    shown = [v for v in spec.variables if v.name in names and v.kind != "key"]
    return [_column(variable, spec) for variable in shown]


def _column(variable: Variable, spec: Spec) -> Column:
    offered = choices(variable, spec, active_language())
    return Column(variable.name, in_language(variable.label), offered)


def row_of(
    held: HeldRow,
    spec: Spec,
    columns: Sequence[Column],
    given: GivenNames,
    *,
    may_correct: bool,
    note: str = "",
) -> Row:
    """Return a held row, annotated with `state`, as the grid shows it.

    `may_correct`: whoever looks may enter; `given`: the names of the sheets, where that person sent the file.
    """
    texts, beside = texts_of_held(held), compared(held, spec)
    late = held.kind == HeldRow.Kind.LATE
    return Row(
        pk=held.pk,
        number=held.row_no,
        cells=tuple(
            Cell(
                name=column.name,
                label=column.label,
                text=texts.get(column.name, ""),
                why=tuple(_why(f, spec) for f in findings),
                address=given.sheet_of(findings[0].get("cell", "")) if findings else "",
                compared=column.name in beside,
            )
            for column in columns
            for findings in [[f for f in held.findings if f["variable"] == column.name]]
        ),
        seen=held.state,  # type: ignore[attr-defined]
        may_correct=may_correct and not late and _is_open(held),
        late=late,
        note=note,
        known=_page_of_known(held),
    )


def _page_of_known(held: HeldRow) -> str:
    is_known = any(finding.get("rule") == known_numbers.RULE for finding in held.findings)
    return reverse("records:known_numbers", args=[held.upload_id]) if is_known else ""


def _is_open(held: HeldRow) -> bool:
    """A row whose date cannot be read belongs to no submission yet, so none is closed."""
    return held.submission is None or held.submission.is_open


def _why(finding: Mapping[str, Any], spec: Spec) -> Why:
    rule = finding.get("rule")
    page = reverse("records:rule", args=[spec.code, rule]) if rule else ""
    return Why(in_language(finding["message"]), page)
