"""Which submission a record belongs to, and who may deliver what for which period."""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments import versions
from records.models import HeldRow, Instrument, InstrumentVersion, LikelyDuplicate, Submission
from records.review import opening
from standards.measures import AGGREGATE, aggregate_code
from standards.periods import last_periods


def submission_for(agency: int, version: InstrumentVersion, period: str) -> Submission:
    """Return the submission of the period, a new draft if there is none, locked until commit.

    Raises `Refused` where the agency delivers the period in the other form: rows and counts would be added up.
    """
    _require_one_form(agency, version, period)
    Submission.objects.get_or_create(
        agency_id=agency,
        instrument_id=version.instrument_id,
        period=period,
        defaults={"instrument_version": version},
    )
    return Submission.objects.select_for_update(of=("self",)).get(
        agency_id=agency, instrument_id=version.instrument_id, period=period
    )


def _require_one_form(agency: int, version: InstrumentVersion, period: str) -> None:
    if reason := in_other_form(agency, version, [period]).get(period):
        raise Refused(reason)


def in_other_form(
    agency: int, version: InstrumentVersion, periods: Collection[str]
) -> dict[str, str]:
    """Return of these periods those that the agency delivers in the other form, each with the words that say so."""
    code = version.instrument.code
    other = code.removesuffix(AGGREGATE) if code.endswith(AGGREGATE) else aggregate_code(code)
    begun = Submission.objects.filter(agency=agency, instrument__code=other, period__in=periods)
    text = _("%(period)s is delivered as “%(title)s” already: single records or counts, not both.")
    return {
        s.period: text % {"period": s.period, "title": s.instrument_version.title}
        for s in begun.select_related("instrument_version")
    }


def drop_empty(submissions: Iterable[Submission]) -> None:
    """Remove drafts that hold nothing, of which nobody has moved, written or decided anything: a file alone had made them."""
    for submission in submissions:
        untouched = submission.version == 1 and not submission.review_steps.exists()
        held = HeldRow.all_rows.filter(submission=submission)
        decided = LikelyDuplicate.objects.filter(submission=submission).exclude(decision="")
        written = submission.threads.exists() or submission.warning_answers.exists()
        written = written or decided.exists()
        if untouched and not (written or submission.records.exists() or held.exists()):
            submission.uploads.clear()
            submission.delete()


MEMORY = 60  # periods back that may still be opened


def begin(period: str, *, agency: Agency, instrument: Instrument, by: Person) -> Submission:
    """Open the submission of a period that has no record: to say that there is nothing to report.

    Raises `Denied`, and `Refused` for an instrument that is not the agency's, and for a period that
    has not ended or is none of the instrument's.
    """
    require_delivery(by, agency, instrument)
    version = versions.current(instrument)
    ended = last_periods(version.content["frequency"], timezone.localdate(), MEMORY)
    if period not in ended:
        raise Refused(_("%(period)s is no period that has ended.") % {"period": period})
    with transaction.atomic():
        submission = opening.submission_for(agency.pk, version, period)
    audit.record("begin", f"submission:{submission.pk}", name=str(submission), by=by, agency=agency)
    return submission


def require_open(submission_id: int) -> Submission:
    """Return the submission, locked until commit. Raises `Refused` where it is closed."""
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=submission_id)
    if not submission.is_open:
        raise Refused(
            _("%(submission)s is %(state)s; only reopening it admits changes.")
            % {"submission": submission, "state": submission.get_state_display().lower()}
        )
    return submission


def require_delivery(by: Person, agency: Agency, instrument: Instrument) -> None:
    """Raise `Denied` unless `by` may enter for the agency, `Refused` unless it delivers the instrument."""
    access.require(by, Permission.ENTER, agency, instrument.pk)
    if not agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
