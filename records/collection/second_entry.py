"""Second entry: another person types the key variables of a record again, and what differs is decided side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Person
from agencies.refusal import Refused
from records.collection import entry
from records.collection.history import texts_of
from records.instruments import versions
from records.instruments.spec import Variable
from records.models import EntryRule, Record, SecondEntry, Submission
from records.review.opening import require_delivery, require_open
from records.validation.findings import Checked, Finding

FIRST, SECOND = ANSWERS = ("first", "second")


@dataclass(frozen=True)
class Difference:
    """A variable that two persons typed differently: what each text means."""

    name: str
    first: str
    second: str


@dataclass
class Compared:
    """What came of a second entry: findings of what was typed, differences to decide, or nothing more to do."""

    findings: list[Finding] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    is_done: bool = False


def ask_for(record: Record, rule: EntryRule, *, by: Person) -> None:
    """Let a record that `by` typed wait for a second person, where the agency has chosen variables for it."""
    if rule.twice:
        SecondEntry.objects.create(
            record=record,
            agency=record.agency,
            instrument_id=record.submission.instrument_id,
            first_by=by,
            variables=rule.twice,
        )


def waiting_in(submission: Submission) -> QuerySet[SecondEntry]:
    """Return the records of a submission that wait for a second person, the oldest first."""
    waiting = SecondEntry.objects.filter(record__submission=submission, done_at=None)
    return waiting.select_related("record", "first_by").order_by("pk")


@transaction.atomic
def type_again(
    record: Record,
    values: Mapping[str, str],
    *,
    by: Person,
    choices: Mapping[str, str] | None = None,
    acknowledged: frozenset[str] = frozenset(),
) -> Compared:
    """Compare what a second person typed (variable -> text) with the record, and settle what differs.

    `choices` say of each difference whose text is right, `first` or `second`: until all are made nothing
    changes. The record is corrected where the second one is. Raises `Denied`, and `Refused` for who typed
    it first, for a record that does not wait any more, and in a period that is closed.
    """
    require_delivery(by, record.agency, record.submission.instrument)
    require_open(record.submission_id)
    waits = _locked(record, by)
    by_name = versions.spec_of(record.submission.instrument_version).by_name
    typed = {name: str(values.get(name, "")) for name in waits.variables if name in by_name}
    own, seen = texts_of(record), entry.version_token(record)
    checked = entry.check_change(record, {**own, **typed})
    if errors := [f for f in checked.errors if f.variable in typed]:
        return Compared(findings=errors)
    as_it_is = entry.check_change(record, own)
    differences = _differences([by_name[name] for name in typed], as_it_is, checked)
    answers = {d.name: (choices or {}).get(d.name) for d in differences}
    if not set(answers.values()) <= set(ANSWERS):
        return Compared(differences=differences)
    changes = {name: typed[name] for name, answer in answers.items() if answer == SECOND}
    if changes:
        confirmed = acknowledged | {finding.rule for finding in as_it_is.warnings}
        findings = _correct(record, {**own, **changes}, seen, by=by, acknowledged=confirmed)
        if findings:
            return Compared(findings=findings, differences=differences)
    waits.second_by, waits.done_at = by, timezone.now()
    waits.differed = [d.name for d in differences]
    waits.save()
    entry.note("second_entry", record, by=by)
    return Compared(is_done=True)


def _differences(
    variables: Iterable[Variable], first: Checked, second: Checked
) -> list[Difference]:
    """Return the variables that mean another thing in the second text than in the first."""
    meanings = ((v.name, entry.meaning(v, first), entry.meaning(v, second)) for v in variables)
    return [Difference(*each) for each in meanings if each[1] != each[2]]


def _correct(
    record: Record,
    values: Mapping[str, str],
    seen: str,
    *,
    by: Person,
    acknowledged: frozenset[str],
) -> list[Finding]:
    """Save the record with what was right; return what keeps it from being saved."""
    outcome = entry.save(
        values,
        agency=record.agency,
        instrument=record.submission.instrument,
        by=by,
        acknowledged=acknowledged,
        record=record,
        version_seen=seen,
    )
    return outcome.findings


def _locked(record: Record, by: Person) -> SecondEntry:
    waits = SecondEntry.objects.select_for_update(of=("self",)).filter(record=record).first()
    if waits is None or waits.done_at:
        raise Refused(_("This record does not wait for a second entry."))
    if waits.first_by_id == by.pk:
        raise Refused(_("You typed this record the first time; another person types it again."))
    return waits
