"""Held rows: discarding one, and the texts its form shows."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments.spec import Spec
from records.models import Handling, HeldRow, Submission
from records.review import handlings
from records.review.opening import require_open

AGE = (
    "age",
    "age_precision",
)  # what typed values keep of the exact age: of a birth date only the year is kept
DATES = ("event_date", "birth_date")  # what an age is worked out from


def discard(held: HeldRow, *, by: Person) -> None:
    """Remove a held row that should never have been in the file (a subtotal, a test row).

    Raises `Refused` for a late row, which is valid and only waits, and where the period is closed.
    """
    access.require(by, Permission.ENTER, held.agency, held.instrument_id)
    if held.kind == HeldRow.Kind.LATE:
        raise Refused(_("This row is valid; it waits until its period is opened again."))
    with transaction.atomic():
        if held.submission_id:
            require_open(held.submission_id)
        locked_held(held).delete()
        for submission in _submissions_of(held):
            handlings.note(Handling.Deed.DISCARD, submission, by=by)
    audit.record("discard", f"held:{held.pk}", name=held.instrument.code, by=by, agency=held.agency)


def discard_many(rows: Sequence[HeldRow], *, by: Person) -> frozenset[int]:
    """Remove held rows of open periods whose submissions are locked; return those that were still there (ids)."""
    for agency, instrument in {(row.agency, row.instrument_id) for row in rows}:
        access.require(by, Permission.ENTER, agency, instrument)
    there = HeldRow.open_rows.errors().filter(pk__in=[row.pk for row in rows])
    removed = frozenset(there.select_for_update(of=("self",)).values_list("pk", flat=True))
    HeldRow.all_rows.filter(pk__in=removed).delete()
    counted = Counter(row.submission for row in rows if row.pk in removed and row.submission)
    for submission, count in counted.items():
        handlings.note(Handling.Deed.DISCARD, submission, by=by, rows=count)
        audit.record(
            "discard",
            f"submission:{submission.pk}",
            name=str(submission),
            by=by,
            agency=submission.agency,
            rows=count,
        )
    return removed


def _submissions_of(held: HeldRow) -> list[Submission]:
    """The open submissions that lacked the row: one without a date counts in each that its file fed."""
    if held.submission:
        return [held.submission]
    return [s for s in held.upload.submissions.all() if s.is_open] if held.upload else []


def is_typed(held: HeldRow) -> bool:
    """Say whether the row was valid but for its number, so that typed values were kept of it, not texts."""
    return "age_precision" in held.raw


def texts_of_held(held: HeldRow) -> dict[str, str]:
    """Return a held row as the texts its form shows: as read, or typed where it was valid but for its number."""
    extras = held.raw.get("extras") or {}
    flat = {name: value for name, value in held.raw.items() if name != "extras"} | extras
    return {name: text_of_value(value) for name, value in flat.items() if value is not None}


def compared(held: HeldRow, spec: Spec) -> set[str]:
    """Return the variables that the broken rules look at: of two dates that exclude each other, both."""
    broken = {finding.get("rule") for finding in held.findings}
    conditions = [c for rule in spec.rules if rule.id in broken for c in rule.when]
    named = {value for c in conditions for value in c.values() if isinstance(value, str)}
    return {v.name for v in spec.variables if v.typed and v.name in named}


def text_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # as somebody would type it
    return value.strftime("%d.%m.%Y") if hasattr(value, "strftime") else str(value)


def locked_held(held: HeldRow) -> HeldRow:
    now = HeldRow.open_rows.select_for_update(of=("self",)).filter(pk=held.pk).first()
    if now is None:
        raise Refused(_("This row was corrected or removed meanwhile."))
    return now
