"""One record at a time: typed, edited, deleted; and what a corrected held row shares with these.

A typed record is a one-row table that goes through the same engine as a file of a million rows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import comparison, history, late_rows
from records.collection.held_rows import locked_held, text_of_value
from records.collection.history import texts_of
from records.collection.numberings import numbering_of
from records.collection.staging import CORE
from records.instruments import versions
from records.instruments.spec import Spec, Variable
from records.models import (
    Handling,
    HeldRow,
    Instrument,
    InstrumentVersion,
    Record,
    Submission,
)
from records.review import handlings, opening
from records.review.opening import require_delivery, require_open
from records.validation import engine, parsing
from records.validation.findings import Checked, Finding
from records.validation.meanings import TOTAL, Answers
from standards import codelists
from standards.languages import say

# Nobody said in which order days are typed with slashes: where both orders make a day, the form asks.
TYPED = Answers()
NOT_MADE_HERE = "typed"  # stands for a key that somebody typed: it is no key


@dataclass(frozen=True)
class Before:
    """What a record is made of: an earlier record as the person saw it, a held row, or nothing."""

    record: Record | None = None
    version_seen: str | None = None
    held_row: HeldRow | None = None


@dataclass
class Outcome:
    """What came of saving: the record, or the errors and warnings that keep it from being saved.

    `warnings` are all of them, as long as any is not acknowledged; acknowledging them all saves the record.
    """

    record: Record | None = None
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [*self.errors, *self.warnings]


def save(
    values: Mapping[str, str],
    *,
    agency: Agency,
    instrument: Instrument,
    by: Person,
    acknowledged: frozenset[str] = frozenset(),
    record: Record | None = None,
    version_seen: str | None = None,
) -> Outcome:
    """Check the typed values (variable -> text) and save them as a record.

    With `record` that record is changed, if it is still what its `version_token` was when it was
    seen (`version_seen`). `acknowledged` holds rule ids of warnings the person has confirmed.
    Raises `Denied`, and `Refused` where the period is no longer open, the number is taken, or
    somebody was quicker with the same record.
    """
    require_delivery(by, agency, instrument)
    version = record.submission.instrument_version if record else versions.current(instrument)
    spec = versions.spec_of(version)
    values = with_own_keys(values, spec, texts_of(record) if record else {})
    checked = check_typed(values, spec, numbering_of(agency, instrument))
    outcome = outcome_of(checked, acknowledged)
    if not outcome.findings:
        before = Before(record=record, version_seen=version_seen)
        typed_row = checked.typed.to_pylist()[0]
        outcome.record = store(typed_row, version, agency=agency, before=before, by=by)
        note("correct" if record else "enter", outcome.record, by=by)
    return outcome


def check_typed(values: Mapping[str, str], spec: Spec, numbering: str) -> Checked:
    """Check what a person typed into the form of a record (variable -> text), without saving.

    Days may be written in digits alone. What is required is answered by the person, if with “not
    stated”: an empty field is an error here, where in a file it would mean just that.
    """
    dates = {v.name for v in spec.variables if v.kind in ("date", "birth")}
    texts = {n: parsing.with_points(text) if n in dates else text for n, text in values.items()}
    checked = check(texts, spec, numbering=numbering)
    empty = [
        v for v in spec.variables if v.typed and v.required and not texts.get(v.name, "").strip()
    ]
    known = {finding.variable for finding in checked.errors}
    others = [f for f in checked.findings if f.variable not in {v.name for v in empty if v.unknown}]
    missing = [_missing(v) for v in empty if v.unknown or v.name not in known]
    return replace(checked, findings=[*missing, *others])


def check_change(record: Record, values: Mapping[str, str]) -> Checked:
    """Check what a person typed into the form of a record that is there, without saving."""
    spec = versions.spec_of(record.submission.instrument_version)
    values = with_own_keys(values, spec, texts_of(record))
    return check_typed(values, spec, numbering_of(record.agency, record.submission.instrument))


def _missing(variable: Variable) -> Finding:
    message = say(codelists.standard("messages")["missing"], variable.label)
    return Finding(f"{variable.name}.missing", "error", variable.name, np.zeros(1, int), message)


def meaning(variable: Variable, checked: Checked) -> str:
    """Return what the one checked text of a variable means, as the form of its record would show it; "" for nothing."""
    name = "birth_year" if variable.kind == "birth" else variable.name
    value = checked.typed.column(name)[0].as_py()
    return "" if value is None else text_of_value(value)


def check(
    values: Mapping[str, str], spec: Spec, answers: Answers = TYPED, numbering: str = ""
) -> Checked:
    """Check the values of one record (variable -> text) without saving."""
    texts = {v.name: [str(values.get(v.name, "")).strip()] for v in spec.variables}
    rows = pa.table(texts | {"_row": pa.array([1], pa.int32())})
    today = timezone.localdate()
    return engine.check(rows, spec, today=today, answers=answers, numbering=numbering)


def with_own_keys(values: Mapping[str, str], spec: Spec, own: Mapping[str, str]) -> dict[str, str]:
    """Return the values with the keys of person and employer that the portal made (`own`).

    Nobody types a key: one that is not the row’s own becomes a text that the engine refuses.
    """
    texts = dict(values)
    for name in (v.name for v in spec.variables if v.kind == "key"):
        typed, key = str(values.get(name) or "").strip(), own.get(name, "")
        texts[name] = key if typed in ("", key) else NOT_MADE_HERE
    return texts


def outcome_of(checked: Checked, acknowledged: frozenset[str]) -> Outcome:
    """Return what keeps a checked record from being saved, if anything does.

    Warnings that are acknowledged come back with the others: what was confirmed once stays confirmed.
    """
    waiting = checked.errors or any(f.rule not in acknowledged for f in checked.warnings)
    return Outcome(errors=checked.errors, warnings=checked.warnings if waiting else [])


def note(verb: str, record: Record, *, by: Person) -> None:
    """Write the event of a record that was saved, read or deleted; the log holds none of its values."""
    name = str(record.submission)
    audit.record(verb, f"record:{record.pk}", name=name, by=by, agency=record.agency)


def delete(record: Record, *, by: Person) -> None:
    """Remove a record of an open submission; the history keeps that it was there."""
    access.require(by, Permission.ENTER, record.agency)  # who may not sees no submission either
    access.require(by, Permission.ENTER, record.agency, record.submission.instrument_id)
    with transaction.atomic(), history.by(by):
        submission = require_open(record.submission_id)
        _locked_record(record).delete()
        handlings.note(Handling.Deed.DELETE, submission, by=by)
    note("delete", record, by=by)


def version_token(record: Record) -> str:
    """Return a digest of what the record holds: another one if anybody has changed it since."""
    content = json.dumps([record.submission_id, texts_of(record)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@transaction.atomic
def store(
    typed_row: Mapping[str, Any],
    version: InstrumentVersion,
    *,
    agency: Agency,
    before: Before,
    by: Person,
) -> Record:
    """Write the record. Submissions are locked first, then rows, as everywhere."""
    if any(typed_row[name] == TOTAL for name in versions.spec_of(version).cells):
        raise Refused(_("A total is the sum of its cells and is not entered by itself."))
    submission = opening.submission_for(agency.pk, version, typed_row["period"])
    require_open(submission.pk)
    record = Record(agency=agency)
    if before.record:
        record = _unchanged(before.record, before.version_seen)
    held_row = locked_held(before.held_row) if before.held_row else None
    deed: dict[str, int] = {}
    if held_row:
        record.pk = _replaced_by(held_row, submission, typed_row["record_ref"])
        record.upload, record.row_no = held_row.upload, held_row.row_no
        record.by_hand = True
        if record.pk and held_row.upload_id:  # the deed of the file, for which it was chosen
            deed = {"upload": held_row.upload_id}
    _fill(record, typed_row, versions.spec_of(version))
    record.submission = submission
    try:
        with transaction.atomic(), history.by(by, **deed):
            record.save(force_update=record.pk is not None, force_insert=record.pk is None)
    except IntegrityError as error:
        raise Refused(
            _("%(period)s already has a record with the number %(number)s.")
            % {"period": submission.period, "number": record.record_ref}
        ) from error
    _note_hands(record, submission, before, by)
    if held_row:
        held_row.delete()
        if held_row.kind == HeldRow.Kind.LATE:
            late_rows.count_late([submission])
    return record


def _replaced_by(held_row: HeldRow, submission: Submission, number: str) -> int | None:
    """Return the record in whose place the row comes, as it was chosen for its file (ADR 33)."""
    if not held_row.upload or held_row.kind != HeldRow.Kind.ERROR:
        return None
    return comparison.earlier_record(held_row.upload, submission.pk, number)


def _note_hands(record: Record, submission: Submission, before: Before, by: Person) -> None:
    """Note whose hands are in the row now: in the submission it came from, too, if it has moved."""
    changed = before.record or before.held_row
    deed = Handling.Deed.CORRECT if changed else Handling.Deed.ENTER
    handlings.note(deed, submission, by=by)
    if before.record and before.record.submission_id != submission.pk:
        handlings.note(deed, require_open(before.record.submission_id), by=by)
    if record.upload:
        handlings.note_file(record.upload, [submission])


def _fill(record: Record, row: Mapping[str, Any], spec: Spec) -> None:
    """Give the record the typed values."""
    dates, age = (record.event_date, record.birth_year), (record.age, record.age_precision)
    for name in CORE:
        if name in row:
            setattr(record, name, row[name])
    if record.pk and dates == (row["event_date"], row["birth_year"]):
        # The form shows the year only: editing something else must not blur an exact age.
        record.age, record.age_precision = age
    record.extras = {
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
