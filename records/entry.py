"""One record at a time: typed, edited, deleted, or corrected from a held row.

A typed record is a one-row table that goes through the same engine as a file of a million rows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.access import Permission
from agencies.models import Agency, Person
from records import admission, instrument, validation
from records.calendar import last_periods
from records.models import HeldRow, Instrument, InstrumentVersion, Record, Submission
from records.review import Refused, require_delivery
from records.spec import Spec
from records.store import CORE

MEMORY = 60  # periods back that may still be opened


@dataclass(frozen=True)
class Before:
    """What a record is made of: an earlier record as the person saw it, a held row, or nothing."""

    record: Record | None
    held: HeldRow | None
    seen: str | None


@dataclass
class Outcome:
    """What came of saving: the record, or what stands against it.

    `warnings` are those not yet acknowledged; acknowledging them all saves the record.
    """

    record: Record | None = None
    errors: list[validation.Found] = field(default_factory=list)
    warnings: list[validation.Found] = field(default_factory=list)


def save(
    values: Mapping[str, str],
    *,
    agency: Agency,
    collection: Instrument,
    by: Person,
    acknowledged: frozenset[str] = frozenset(),
    record: Record | None = None,
    held: HeldRow | None = None,
    seen: str | None = None,
) -> Outcome:
    """Check the typed values (variable -> text) and save them as a record.

    With `record` that record is changed, if it is still what its `mark` was when it was `seen`; with
    `held` the held row becomes a record. `acknowledged` holds rule ids of warnings the person has
    confirmed. Raises `Denied`, and `Refused` where the period is no longer open, the number is
    taken, or somebody was quicker with the same record or row.
    """
    require_delivery(by, agency, collection)
    version = record.submission.instrument_version if record else instrument.current(collection)
    spec = instrument.spec_of(version)
    checked = check(values, spec)
    outcome = Outcome(
        errors=[f for f in checked.found if f.severity == "error"],
        warnings=[
            f for f in checked.found if f.severity == "warning" and f.rule not in acknowledged
        ],
    )
    if not outcome.errors and not outcome.warnings:
        row = checked.typed.to_pylist()[0]
        before = Before(record, held, seen)
        outcome.record = _store(row, spec, version, agency=agency, before=before)
        verb = "correct" if record or held else "enter"
        audit.record(verb, f"record:{outcome.record.pk}", by=by, agency=agency)
    return outcome


def begin(period: str, *, agency: Agency, collection: Instrument, by: Person) -> Submission:
    """Open the submission of a period that has no record: to say that there is nothing to report.

    Raises `Denied`, and `Refused` for an instrument that is not the agency's, and for a period that
    has not ended or is none of the instrument's.
    """
    require_delivery(by, agency, collection)
    version = instrument.current(collection)
    ended = last_periods(version.content["frequency"], timezone.localdate(), MEMORY)
    if period not in ended:
        raise Refused(_("%(period)s is no period that has ended.") % {"period": period})
    with transaction.atomic():
        found = admission.submission_for(agency.pk, version, period)
    audit.record("begin", f"submission:{found.pk}", by=by, agency=agency)
    return found


def check(values: Mapping[str, str], spec: Spec) -> validation.Checked:
    """Check typed values without saving: what the form shows while it is filled in."""
    texts = {v.name: [str(values.get(v.name, "")).strip()] for v in spec.variables}
    rows = pa.table(texts | {"_row": pa.array([1], pa.int32())})
    # Fields of the form are written day first; what a field says is never in doubt.
    declared = validation.Declared(day_first=True)
    return validation.check(rows, spec, today=timezone.localdate(), declared=declared)


def delete(record: Record, *, by: Person) -> None:
    """Remove a record of an open submission; the history keeps that it was there."""
    access.require(by, Permission.ENTER, record.agency)
    with transaction.atomic():
        _require_open(record.submission_id)
        _locked_record(record).delete()
    audit.record("delete", f"record:{record.pk}", by=by, agency=record.agency)


def discard(held: HeldRow, *, by: Person) -> None:
    """Remove a held row that should never have been in the file (a subtotal, a test row).

    Raises `Refused` for a late row, which is valid and only waits, and where the period is closed.
    """
    access.require(by, Permission.ENTER, held.agency)
    if held.kind == HeldRow.Kind.LATE:
        raise Refused(_("This row is valid; it waits until its period is opened again."))
    with transaction.atomic():
        if held.submission_id:
            _require_open(held.submission_id)
        _locked_held(held).delete()
    audit.record("discard", f"held:{held.pk}", by=by, agency=held.agency)


def texts_of(record: Record) -> dict[str, str]:
    """Return the record as the texts its form shows."""
    typed = {name: getattr(record, name) for name in CORE} | record.extras
    typed["birth_date"] = record.birth_year
    return {name: _text(value) for name, value in typed.items() if value is not None}


def mark(record: Record) -> str:
    """Return a mark of what the record says: another one if anybody has changed it since."""
    said = json.dumps([record.submission_id, texts_of(record)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def texts_of_held(held: HeldRow) -> dict[str, str]:
    """Return a held row as the texts its form shows: as read, or typed where it was valid but for its number."""
    extras = held.raw.get("extras") or {}
    flat = {name: value for name, value in held.raw.items() if name != "extras"} | extras
    return {name: _text(value) for name, value in flat.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.strftime("%d.%m.%Y") if hasattr(value, "strftime") else str(value)


@transaction.atomic
def _store(
    row: dict[str, Any],
    spec: Spec,
    version: InstrumentVersion,
    *,
    agency: Agency,
    before: Before,
) -> Record:
    """Write the record. Submissions are locked first, then rows, as everywhere."""
    submission = admission.submission_for(agency.pk, version, row["period"])
    _require_open(submission.pk)
    kept = _unchanged(before.record, before.seen) if before.record else Record(agency=agency)
    held = _locked_held(before.held) if before.held else None
    if held:
        kept.upload, kept.row_no = held.upload, held.row_no
    _fill(kept, row, spec)
    kept.submission = submission
    try:
        with transaction.atomic():
            kept.save(force_update=before.record is not None, force_insert=before.record is None)
    except IntegrityError as error:
        raise Refused(
            _("%(period)s already has a record with the number %(number)s.")
            % {"period": submission.period, "number": kept.record_ref}
        ) from error
    if held:
        held.delete()
        if held.kind == HeldRow.Kind.LATE:
            admission.count_late([submission])
    return kept


def _fill(kept: Record, row: Mapping[str, Any], spec: Spec) -> None:
    """Give the record the typed values."""
    before, age = (kept.event_date, kept.birth_year), (kept.age, kept.age_precision)
    for name in CORE:
        if name in row:
            setattr(kept, name, row[name])
    if kept.pk and before == (row["event_date"], row["birth_year"]):
        # The form shows the year only: editing something else must not blur an exact age.
        kept.age, kept.age_precision = age
    kept.extras = {
        v.name: row[v.name] if isinstance(row[v.name], int | float | bool) else str(row[v.name])
        for v in spec.extras()
        if row.get(v.name) is not None
    }


def _unchanged(record: Record, seen: str | None) -> Record:
    """Return the record as it is now, locked. Raises `Refused` if it is not what the person saw."""
    _require_open(record.submission_id)
    now = _locked_record(record)
    if now.submission_id != record.submission_id or seen not in (None, mark(now)):
        raise Refused(
            _(
                "Somebody else changed this record while you did. Open it again to see how it is now."
            )
        )
    return now


def _locked_record(record: Record) -> Record:
    now = Record.objects.select_for_update(of=("self",)).filter(pk=record.pk).first()
    if now is None:
        raise Refused(_("Somebody else deleted this record meanwhile."))
    return now


def _locked_held(held: HeldRow) -> HeldRow:
    now = HeldRow.objects.select_for_update(of=("self",)).filter(pk=held.pk).first()
    if now is None:
        raise Refused(_("This row was corrected or removed meanwhile."))
    return now


def _require_open(submission_id: int) -> None:
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=submission_id)
    if not submission.is_open:
        raise Refused(
            _("%(submission)s is %(state)s; only reopening it admits changes.")
            % {"submission": submission, "state": submission.get_state_display().lower()}
        )
