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
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import late_rows
from records.collection.held_rows import locked_held, text_of_value
from records.collection.staging import CORE
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import HeldRow, Instrument, InstrumentVersion, Record
from records.review import opening
from records.review.opening import require_delivery, require_open
from records.validation import engine, findings, meanings


@dataclass(frozen=True)
class Before:
    """What a record is made of: an earlier record as the person saw it, a held row, or nothing."""

    record: Record | None
    held: HeldRow | None
    version_seen: str | None


@dataclass
class Outcome:
    """What came of saving: the record, or what stands against it.

    `warnings` are those not yet acknowledged; acknowledging them all saves the record.
    """

    record: Record | None = None
    errors: list[findings.Finding] = field(default_factory=list)
    warnings: list[findings.Finding] = field(default_factory=list)


def save(
    values: Mapping[str, str],
    *,
    agency: Agency,
    instrument: Instrument,
    by: Person,
    acknowledged: frozenset[str] = frozenset(),
    record: Record | None = None,
    held: HeldRow | None = None,
    version_seen: str | None = None,
) -> Outcome:
    """Check the typed values (variable -> text) and save them as a record.

    With `record` that record is changed, if it is still what its `version_token` was when it was seen (`version_seen`); with
    `held` the held row becomes a record. `acknowledged` holds rule ids of warnings the person has
    confirmed. Raises `Denied`, and `Refused` where the period is no longer open, the number is
    taken, or somebody was quicker with the same record or row.
    """
    require_delivery(by, agency, instrument)
    version = record.submission.instrument_version if record else versions.current(instrument)
    spec = versions.spec_of(version)
    checked = check(values, spec)
    outcome = Outcome(
        errors=[f for f in checked.findings if f.severity == "error"],
        warnings=[
            f for f in checked.findings if f.severity == "warning" and f.rule not in acknowledged
        ],
    )
    if not outcome.errors and not outcome.warnings:
        row = checked.typed.to_pylist()[0]
        before = Before(record, held, version_seen)
        outcome.record = _store(row, spec, version, agency=agency, before=before)
        verb = "correct" if record or held else "enter"
        audit.record(verb, f"record:{outcome.record.pk}", by=by, agency=agency)
    return outcome


def check(values: Mapping[str, str], spec: Spec) -> findings.Checked:
    """Check typed values without saving: what the form shows while it is filled in."""
    texts = {v.name: [str(values.get(v.name, "")).strip()] for v in spec.variables}
    rows = pa.table(texts | {"_row": pa.array([1], pa.int32())})
    # Fields of the form are written day first; what a field says is never in doubt.
    declared = meanings.Answers(day_first=True)
    return engine.check(rows, spec, today=timezone.localdate(), answers=declared)


def delete(record: Record, *, by: Person) -> None:
    """Remove a record of an open submission; the history keeps that it was there."""
    access.require(by, Permission.ENTER, record.agency)
    with transaction.atomic():
        require_open(record.submission_id)
        _locked_record(record).delete()
    audit.record("delete", f"record:{record.pk}", by=by, agency=record.agency)


def texts_of(record: Record) -> dict[str, str]:
    """Return the record as the texts its form shows."""
    typed = {name: getattr(record, name) for name in CORE} | record.extras
    typed["birth_date"] = record.birth_year
    return {name: text_of_value(value) for name, value in typed.items() if value is not None}


def version_token(record: Record) -> str:
    """Return a digest of what the record says: another one if anybody has changed it since."""
    said = json.dumps([record.submission_id, texts_of(record)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


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
    submission = opening.submission_for(agency.pk, version, row["period"])
    require_open(submission.pk)
    kept = (
        _unchanged(before.record, before.version_seen) if before.record else Record(agency=agency)
    )
    held = locked_held(before.held) if before.held else None
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
            late_rows.count_late([submission])
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


def _unchanged(record: Record, version_seen: str | None) -> Record:
    """Return the record as it is now, locked. Raises `Refused` if it is not what the person saw."""
    require_open(record.submission_id)
    now = _locked_record(record)
    if now.submission_id != record.submission_id or version_seen not in (None, version_token(now)):
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
