"""The road of the demonstration: files in, through real workers, review, sealing, releases."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone
from django.utils.translation import ngettext

from agencies import refusal, scope
from agencies.models import Agency, Person
from jobs.models import Job
from migdata.demo import files, people
from migdata.demo.country import Columns, Country
from migdata.demo.travellers import Travellers
from records.collection import corrections, uploads
from records.instruments import versions
from records.models import HeldRow, Instrument, Record, RestDay, Submission, Upload
from records.review import deadlines, submissions
from reports.designs import datasets, tables
from reports.models import Release, Slice
from reports.releases import verbs
from standards.periods import Period, last_periods

MONTHS = 24
MONTHS_OF_CROSSINGS = (
    36  # a year before, for where people lived, and a year after, for where they stayed
)
PATIENCE = 900  # seconds for the workers to finish what was asked


@dataclass(frozen=True)
class Delivery:
    """One kind of file an agency sends: how many rows a period, in which form, for how many months."""

    agency: str
    instrument: str
    rows: int
    draw: Callable[[Country, date, date, int], Columns]
    write: Callable[[list[list[str]]], bytes]
    language: str
    suffix: str
    months: int = MONTHS


CROSSINGS = 1800  # a month


@cache
def _travellers() -> Travellers:
    """The people who cross the border in the months of the demonstration."""
    months = periods("M", MONTHS_OF_CROSSINGS)
    return Travellers(months[0][1], months[-1][2], lambda month: CROSSINGS * season(month))


DELIVERIES = [
    Delivery(
        "SMS",
        "SMS-BCR",
        CROSSINGS,
        lambda _country, first, last, _rows: _travellers().crossings(first, last),
        lambda r: files.as_csv(r, delimiter=";", encoding="cp1251"),
        "ru",
        "csv",
        MONTHS_OF_CROSSINGS,
    ),
    Delivery(
        "SMS", "SMS-WPF", 320, Country.work_permits, lambda r: files.as_xlsx(r, "tk"), "tk", "xlsx"
    ),
    Delivery(
        "MLSP",
        "SMS-WPF",
        270,
        Country.work_permits,
        lambda r: files.as_csv(r, delimiter=",", encoding="utf-8"),
        "en",
        "csv",
    ),
    Delivery(
        "SCS",
        "STA-SLP",
        1250,
        Country.slips,
        lambda r: files.as_csv(r, delimiter=";", encoding="cp1250"),
        "tk",
        "csv",
    ),
]
# What is left open, so that every desk has something waiting: (agency, instrument) -> periods before
# the last -> the verbs that were not done.
OPEN: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {
    ("SMS", "SMS-WPF"): {0: ()},
    ("SMS", "SMS-BCR"): {0: ("submit",), 1: ("submit", "sign")},
    ("MLSP", "SMS-WPF"): {0: ("submit", "return")},
    ("SCS", "STA-SLP"): {0: ("submit", "sign")},
}


def load(say: Callable[[str], object] = print) -> dict[str, Any]:
    """Load the country once and return what is there: records, held, submissions, slices, releases …"""
    accounts = people.settle()
    versions.publish_all()
    _keep_holidays()
    if Release.objects.count() < len(datasets.datasets()):
        say("Sending the files of two years, and of three of border crossings.")
        _send()
        _wait("records.intake", say)
        say("Correcting, submitting, signing, accepting.")
        _correct()
        _review()
        _wait("reports.seal", say)
        say("Publishing.")
        _publish()
    return {**_counts(), "accounts": accounts, "password": people.PASSWORD}


def _keep_holidays() -> None:
    """The days of rest and holidays of the country, as its statistics staff would enter them."""
    if RestDay.objects.exists():
        return
    country = yaml.safe_load((Path(__file__).parent / "holidays.yaml").read_text(encoding="utf-8"))
    _office, statistician = _agency_and("SCS", "statistician")
    with scope.acting(statistician):
        deadlines.set_rest_days([str(day) for day in country["rest"]], by=statistician)
        for day in country["holidays"]:
            said = {part: str(text) for part, text in day.items()}
            deadlines.add_holiday(said, by=statistician)


def periods(frequency: str, months: int = MONTHS) -> list[tuple[str, date, date]]:
    """Return the last full months, or the longer periods in them: (period, first day, last day)."""
    today = timezone.localdate()
    oldest = Period.parse(last_periods("M", today, months)[0]).first_day
    ended = map(Period.parse, last_periods(frequency, today, months))
    return [(str(p), p.first_day, p.last_day) for p in ended if p.first_day >= oldest]


def season(last: date) -> float:
    """How busy a period is: summers more than winters, and more from year to year."""
    summer = math.cos((last.month - 7) / 6 * math.pi)
    return 1 + 0.16 * summer + 0.01 * (12 * (last.year - 2025) + last.month - 11)


def _send() -> None:
    country = Country()
    for delivery in DELIVERIES:
        agency, clerk = _agency_and(delivery.agency, "clerk")
        instrument = Instrument.objects.get(code=delivery.instrument)
        spec = versions.spec_of(versions.current(instrument))
        for period, first, last in periods(spec.frequency, delivery.months):
            columns = delivery.draw(country, first, last, round(delivery.rows * season(last)))
            content = delivery.write(files.table(columns, spec, delivery.language))
            # A file that was taken in before the demonstration was stopped is refused, as always.
            with suppress(refusal.Refused), scope.acting(clerk):
                uploads.receive(
                    iter([content]),
                    agency=agency,
                    instrument=instrument,
                    file_name=f"{spec.code}-{period}.{delivery.suffix}",
                    by=clerk,
                )


def _correct() -> None:
    """The clerk corrects the held rows of one open period, as she would on the page."""
    _agency, clerk = _agency_and("MLSP", "clerk")
    with scope.acting(clerk):
        for held in HeldRow.open_rows.filter(agency__code="MLSP").order_by("pk")[:5]:
            changes = {"birth_date": "1990", "valid_to": held.raw["valid_from"]}
            with suppress(refusal.Refused):  # its period may be submitted already
                corrections.correct(held, changes, by=clerk)


def _review() -> None:
    _office, statistician = _agency_and("SCS", "statistician")
    for delivery in DELIVERIES:
        _agency, clerk = _agency_and(delivery.agency, "clerk")
        _agency, reviewer = _agency_and(delivery.agency, "reviewer")
        hands = {"submit": clerk, "sign": reviewer, "accept": statistician, "return": reviewer}
        with scope.acting(clerk):
            rows = list(
                Submission.objects.filter(
                    agency__code=delivery.agency, instrument__code=delivery.instrument
                ).order_by("-period")
            )
        for place, submission in enumerate(rows):
            left = OPEN[delivery.agency, delivery.instrument].get(place)
            for verb in ("submit", "sign", "accept") if left is None else left:
                with suppress(refusal.Refused):
                    _advance(submission, verb, hands[verb])


def _advance(submission: Submission, verb: str, by: Person) -> None:
    with scope.acting(by):
        missing = HeldRow.open_rows.missing_from(submission).errors()
        held = missing.count() if verb == "submit" else None
        reason = (
            "Occupation is missing in several rows. Please complete them."
            if verb == "return"
            else ""
        )
        submissions.advance(submission, verb, by=by, reason=reason, held_acknowledged=held or None)


def _publish() -> None:
    _office, publisher = _agency_and("SCS", "publisher")
    _office, editor = _agency_and("SCS", "editor")
    released = set(Release.objects.values_list("dataset", flat=True))
    for dataset in set(datasets.datasets()) - released:
        with scope.acting(publisher):
            job = verbs.build(dataset, by=publisher)
        _wait("reports.publish")
        job.refresh_from_db()
        if job.state != Job.State.DONE:
            raise RuntimeError(f"{dataset}: {job.reason}")
        with scope.acting(editor):
            release = Release.objects.filter(dataset=dataset).order_by("-number")[0]
            verbs.release(
                release,
                by=editor,
                note="The first figures of the demonstration country.",
                missing_acknowledged=release.missing_text,
            )


def jobs_left(count: int) -> str:
    """Say how many jobs the workers have not done yet."""
    return ngettext("%(n)s job is left.", "%(n)s jobs are left.", count) % {"n": count}


def _wait(name: str, say: Callable[[str], object] | None = None) -> None:
    """Wait until the workers have done all jobs of this name."""
    end, reported_at = time.monotonic() + PATIENCE, 0.0
    while left := Job.objects.filter(name=name, state__in=["QUEUED", "RUNNING"]).count():
        if time.monotonic() > end:
            raise RuntimeError(f"The workers did not finish; jobs of {name} that are left: {left}.")
        if say and time.monotonic() - reported_at > 10:
            reported_at = time.monotonic()
            say(f"  {jobs_left(left)}")
        time.sleep(0.3)
    failed = Job.objects.filter(name=name, state="FAILED").first()
    if failed:
        raise RuntimeError(f"{failed}: {failed.reason}")


def _agency_and(code: str, name: str) -> tuple[Agency, Person]:
    return (
        Agency.objects.get(code=code),
        Person.objects.named(f"{name}@{code.lower()}.example"),
    )


def _counts() -> dict[str, int]:
    every = list(Agency.objects.values_list("pk", flat=True))
    with scope.working(every):
        return {
            "records": Record.objects.count(),
            "held": HeldRow.open_rows.count(),
            "uploads": Upload.objects.count(),
            "submissions": Submission.objects.count(),
            "slices": Slice.objects.count(),
            "releases": Release.objects.filter(state=Release.State.RELEASED).count(),
            "tables": len(list(_released_tables())),
        }


def _released_tables() -> Iterator[str]:
    released = set(
        Release.objects.filter(state=Release.State.RELEASED).values_list("dataset", flat=True)
    )
    return (t.code for t in tables.tables().values() if t.dataset in released)
