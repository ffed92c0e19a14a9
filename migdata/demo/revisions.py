"""What agencies find out after publication: records that were forgotten, sexes that are known by now.

Statistics staff open a period of last year again, with the reason; the clerk sends what was forgotten in a file and
corrects records by hand; it goes through review once more. Then the year is made final: its figures are drawn
again, once, and the release says why.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from agencies import refusal, scope
from jobs.models import Job
from migdata.demo import acts, deliveries, files
from records.collection import entry, history
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import Instrument, Record, Submission
from reports.models import Release
from reports.releases import verbs
from standards.periods import Period

FORGOTTEN = 90  # records: a year is drawn again where 50 changed
CORRECTED = 6  # records without a sex
ENDING = "-L"  # of the numbers of records that came later


@dataclass(frozen=True)
class Revision:
    """A period of last year that is corrected: of an agency, its instrument and the dataset, and why."""

    agency: str
    instrument: str
    dataset: str
    place: int  # of the period in the year, from 0
    reason: str
    note: str


REVISIONS = (
    Revision(
        *("SMS", "SMS-WPF", "WPF", 5),
        "Permits of one office were found in a second register.",
        "Permits of June that one office had kept in a second register are counted now; the year is final.",
    ),
    Revision(
        *("SCS", "STA-SLP", "SLP", 1),
        "Slips of two districts came by post after the quarter was closed.",
        "Slips of two districts for the second quarter are counted now; the year is final.",
    ),
    Revision(
        *("SMS", "SMS-RES", "RES", 8),
        "Renewals of September were filed under October of the year before.",
        "Renewals of September that were filed elsewhere are counted now; the year is final.",
    ),
)


def revise(crossings: int, say: Callable[[str], object]) -> None:
    """Correct what is published of last year, and publish the year anew, as final. crossings: as in `deliveries`."""
    year = max(year for year in map(_year, _published()) if year)
    opened = [(revision, _reopen(revision, year)) for revision in REVISIONS]
    for revision, submission in opened:
        _send_forgotten(revision, submission, crossings)
    acts.wait("records.intake")
    for revision, submission in opened:
        _correct(revision, submission)
        _take_through_review(revision, submission)
    acts.wait("reports.seal")
    _publish(year, say)


def _published() -> list[str]:
    """Return the periods of work permits that were accepted."""
    with scope.acting(acts.agency_and("SCS", "statistician")[1]):
        accepted = Submission.objects.filter(
            instrument__code="SMS-WPF", agency__code="SMS", accepted_version__isnull=False
        )
        return list(accepted.values_list("period", flat=True))


def _year(period: str) -> str:
    """Return the year that a period ends, "" for all others."""
    parsed = Period.parse(period)
    return (
        str(parsed.last_day.year) if parsed.last_day == date(parsed.last_day.year, 12, 31) else ""
    )


def _reopen(revision: Revision, year: str) -> Submission:
    _office, statistician = acts.agency_and("SCS", "statistician")
    with scope.acting(statistician):
        of_year = Submission.objects.filter(
            agency__code=revision.agency,
            instrument__code=revision.instrument,
            period__startswith=year,
        )
        submission = of_year.order_by("period")[revision.place]
    acts.advance(submission, "reopen", by=statistician, reason=revision.reason)
    return submission


def _send_forgotten(revision: Revision, submission: Submission, crossings: int) -> None:
    """Send a file with records of the period, under numbers of their own."""
    agency, clerk = acts.agency_and(revision.agency, "clerk")
    instrument = Instrument.objects.get(code=revision.instrument)
    spec = versions.spec_of(versions.current(instrument))
    delivery = next(
        delivery
        for delivery in deliveries.deliveries(crossings)
        if (delivery.agency, delivery.instrument) == (revision.agency, revision.instrument)
    )
    content = delivery.write(
        files.table(_forgotten(delivery, spec, submission), spec, delivery.language)
    )
    name = f"{spec.code}-{submission.period}-later.{delivery.suffix}"
    acts.upload(content, name, agency, instrument, clerk)


def _forgotten(
    delivery: deliveries.Delivery, spec: Spec, submission: Submission
) -> dict[str, list[str]]:
    period = Period.parse(submission.period)
    drawn = delivery.draw(spec, period.first_day, period.last_day)
    few = {name: values[:FORGOTTEN] for name, values in drawn.items()}
    return {**few, "record_ref": [f"{number}{ENDING}" for number in few["record_ref"]]}


def _correct(revision: Revision, submission: Submission) -> None:
    """State the sex of some who had none, as the clerk would on the page of the record."""
    agency, clerk = acts.agency_and(revision.agency, "clerk")
    with scope.acting(clerk):
        unstated = Record.objects.filter(submission=submission, sex="_U").order_by("pk")
        records = list(unstated.select_related("submission__instrument_version")[:CORRECTED])
        spec = versions.spec_of(records[0].submission.instrument_version) if records else None
    warnings = frozenset(rule.id for rule in spec.rules) if spec else frozenset()
    for place, record in enumerate(records):
        values = {**history.texts_of(record), "sex": "FM"[place % 2]}
        with suppress(refusal.Refused), scope.acting(clerk):
            entry.save(
                values,
                agency=agency,
                instrument=submission.instrument,
                by=clerk,
                acknowledged=warnings,
                record=record,
            )


def _take_through_review(revision: Revision, submission: Submission) -> None:
    _office, statistician = acts.agency_and("SCS", "statistician")
    hands = {"submit": "clerk", "sign": "reviewer"}
    for verb, role in hands.items():
        acts.advance(submission, verb, by=acts.agency_and(revision.agency, role)[1])
    acts.advance(submission, "accept", by=statistician)


def _publish(year: str, say: Callable[[str], object]) -> None:
    _office, publisher = acts.agency_and("SCS", "publisher")
    jobs = {}
    for revision in REVISIONS:
        with suppress(refusal.Refused), scope.acting(publisher):
            jobs[revision] = verbs.build(revision.dataset, by=publisher, finish=[year])
    acts.wait("reports.publish", must_succeed=False)
    for revision, job in jobs.items():
        job.refresh_from_db()
        if job.state == Job.State.DONE and Release.objects.filter(dataset=revision.dataset):
            acts.release(revision.dataset, revision.note, say)
        else:
            say(f"{revision.dataset} is not revised: {job.reason}")
