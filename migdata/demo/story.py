"""The road of the demonstration: files in, through real workers, review, sealing, releases."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import ngettext

from agencies import refusal, scope
from agencies.models import Agency, Person
from jobs.models import Job
from migdata.demo import days, deliveries, files, people
from migdata.demo.country import Columns
from records.codelists import changes, exchange
from records.collection import corrections, entry, entry_rules, uploads
from records.instruments import versions
from records.models import HeldRow, Instrument, ListEdition, Record, RestDay, Submission, Upload
from records.review import calendar, deadlines, submissions
from reports.designs import datasets, tables
from reports.models import Release, Slice
from reports.releases import verbs
from standards.periods import Period

ATTEMPTS = 3  # at a release
PATIENCE = 900  # seconds for the workers to finish what was asked
# What is left open, so that every desk has something waiting: (agency, instrument) -> periods before
# the last -> the verbs that were not done.
OPEN: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {
    ("SMS", "SMS-WPF"): {0: ()},
    ("SMS", "SMS-BCR"): {0: ("submit",), 1: ("submit", "sign")},
    ("MLSP", "SMS-WPF"): {0: ("submit", "return")},
    ("SCS", "STA-SLP"): {0: ("submit", "sign")},
    ("SMS", "SMS-RES"): {0: ("submit",)},
    ("SMS", "SMS-REG"): {0: ()},
    ("MLSP", "MOL-REC"): {0: ("submit", "sign")},
    ("MOE", "EDU-REC"): {0: ("submit", "return")},
    ("MEF", "MEF-REM"): {0: ("submit", "sign")},
}
# What administrators let the form keep for the next record.
CARRIED = (
    ("SMS", "SMS-WPF", ("event_date", "sex_basis", "region", "decision", "valid_from", "wage_cur")),
    (
        "MLSP",
        "SMS-WPF",
        ("event_date", "sex_basis", "region", "decision", "valid_from", "wage_cur"),
    ),
    ("SMS", "SMS-BCR", ("event_date", "direction", "crossing_point")),
)


def load(say: Callable[[str], object] = print) -> dict[str, Any]:
    """Load the country once and return what is there: records, held, submissions, slices, releases …"""
    accounts = people.settle()
    versions.publish_all()
    people.name_restricted()
    _keep_holidays()
    _choose_typing()
    _keep_crossing_points()
    if Release.objects.count() < len(datasets.datasets()):
        say(
            "Sending the files of two years, and of three of border crossings and of what is yearly."
        )
        _send()
        _wait("records.intake", say)
        say("Correcting, submitting, signing, accepting.")
        _correct()
        _review()
        _wait("reports.seal", say)
        say("Publishing.")
        _publish(say)
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


def _choose_typing() -> None:
    """Administrators let the form keep what is the same in most records of a day."""
    for code, instrument, carried in CARRIED:
        agency, admin = _agency_and(code, "admin")
        chosen = Instrument.objects.get(code=instrument)
        with scope.acting(admin):
            entry_rules.set_rule(agency, chosen, carried=carried, twice=(), by=admin)


def _keep_crossing_points() -> None:
    """Old names of crossing points, as statistics staff would take them in from a file."""
    if ListEdition.objects.exists():
        return
    codes = exchange.read((Path(__file__).parent / "crossing_points.csv").read_bytes())
    _office, statistician = _agency_and("SCS", "statistician")
    with scope.acting(statistician):
        reason = "Names that stand on older maps"
        changes.save("crossing_points", codes, base=1, reason=reason, by=statistician)


def _send() -> None:
    for delivery in deliveries.deliveries():
        agency, clerk = _agency_and(delivery.agency, "clerk")
        instrument = Instrument.objects.get(code=delivery.instrument)
        spec = versions.spec_of(versions.current(instrument))
        for periods in delivery.files(spec.frequency):
            parts = [delivery.draw(spec, first, last) for _period, first, last in periods]
            columns = {name: [v for part in parts for v in part[name]] for name in parts[0]}
            if delivery.typed:
                _type(columns, agency, instrument, clerk)
                continue
            content = delivery.write(files.table(columns, spec, delivery.language))
            name = f"{spec.code}-{periods[0][0]}.{delivery.suffix}"
            _upload(content, name, agency, instrument, clerk)


def _upload(
    content: bytes, name: str, agency: Agency, instrument: Instrument, clerk: Person
) -> None:
    """Send a file as soon as there is room for it; one that was taken in before is refused, as always."""
    while True:
        try:
            with scope.acting(clerk):
                uploads.receive(
                    iter([content]), agency=agency, instrument=instrument, file_name=name, by=clerk
                )
        except uploads.OverQuota:
            time.sleep(0.3)
        except refusal.Refused:
            return
        else:
            return


def _type(columns: Columns, agency: Agency, instrument: Instrument, clerk: Person) -> None:
    """Type the rows one by one; what is warned about is right in an invented country.

    A person answers what is required, if with “not stated”; a file may leave it empty.
    """
    unknown = {v.name: v.unknown for v in versions.spec_of(versions.current(instrument)).variables}
    for row in zip(*columns.values(), strict=True):
        texts = dict(zip(columns, row, strict=True))
        values = {name: text or unknown.get(name, "") for name, text in texts.items()}
        with suppress(refusal.Refused), scope.acting(clerk):
            outcome = entry.save(values, agency=agency, instrument=instrument, by=clerk)
            if outcome.warnings and not outcome.errors:
                rules = frozenset(finding.rule for finding in outcome.warnings)
                entry.save(
                    values, agency=agency, instrument=instrument, by=clerk, acknowledged=rules
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
    for delivery in deliveries.deliveries():
        agency, clerk = _agency_and(delivery.agency, "clerk")
        agency, reviewer = _agency_and(delivery.agency, "reviewer")
        hands = {"submit": clerk, "sign": reviewer, "accept": statistician, "return": reviewer}
        with scope.acting(clerk):
            rows = list(
                Submission.objects.filter(
                    agency__code=delivery.agency, instrument__code=delivery.instrument
                ).order_by("-period")
            )
            due = _due_dates(agency, rows)
        # The oldest first, as agencies deliver: what is odd is judged by what was there before.
        for place, submission in reversed(list(enumerate(rows))):
            left = OPEN.get((delivery.agency, delivery.instrument), {}).get(place)
            what = f"{delivery.instrument} {submission.period}"
            for verb in ("submit", "sign", "accept") if left is None else left:
                day = days.day_of(verb, due[submission.period], agency=delivery.agency, what=what)
                with suppress(refusal.Refused):
                    _advance(submission, verb, hands[verb], day)


def _due_dates(agency: Agency, rows: list[Submission]) -> dict[str, date]:
    """Return the due date of each period of one delivery; rows: its submissions, the newest first."""
    if not rows:
        return {}
    periods = [Period.parse(submission.period) for submission in rows]
    count, first = 1, periods[0]
    while first > periods[-1]:
        first, count = first.next(-1), count + 1
    instrument = rows[0].instrument
    owed = calendar.deliveries(agency, instrument, periods[0], count)
    return {entry.period: entry.dates.due for entry in owed}


def _advance(submission: Submission, verb: str, by: Person, day: date) -> None:
    with days.on(day), scope.acting(by):
        missing = HeldRow.open_rows.missing_from(submission).errors()
        held = missing.count() if verb == "submit" else None
        reason = (
            "Occupation is missing in several rows. Please complete them."
            if verb == "return"
            else ""
        )
        submissions.advance(submission, verb, by=by, reason=reason, held_acknowledged=held or None)


def _publish(say: Callable[[str], object]) -> None:
    """Build and release every dataset. Rounding is drawn by chance: what a gate refuses is drawn again, twice.

    What is refused still is said and left out: the portal stands without it.
    """
    _office, publisher = _agency_and("SCS", "publisher")
    for attempt in range(ATTEMPTS):
        released = set(Release.objects.values_list("dataset", flat=True))
        left = sorted(set(datasets.datasets()) - released)
        with scope.acting(publisher):
            jobs = {dataset: verbs.build(dataset, by=publisher) for dataset in left}
        _wait("reports.publish", must_succeed=False)
        for dataset, job in jobs.items():
            job.refresh_from_db()
            if job.state == Job.State.DONE:
                _release(dataset, say)
            elif attempt == ATTEMPTS - 1:
                say(f"{dataset} is not published: {job.reason}")


def _release(dataset: str, say: Callable[[str], object]) -> None:
    _office, editor = _agency_and("SCS", "editor")
    try:
        with scope.acting(editor):
            release = Release.objects.filter(dataset=dataset).order_by("-number")[0]
            verbs.release(
                release,
                by=editor,
                note="The first figures of the demonstration country.",
                missing_acknowledged=release.missing_text,
            )
    except refusal.Refused as reason:
        say(f"{dataset} is not released: {reason}")


def jobs_left(count: int) -> str:
    """Say how many jobs the workers have not done yet."""
    return ngettext("%(n)s job is left.", "%(n)s jobs are left.", count) % {"n": count}


def _wait(
    name: str, say: Callable[[str], object] | None = None, *, must_succeed: bool = True
) -> None:
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
    if failed and must_succeed:
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
