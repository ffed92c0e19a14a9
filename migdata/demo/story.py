"""The road of the demonstration: files in, through real workers, review, sealing, releases."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from agencies import refusal, scope
from agencies.models import Agency, Person
from jobs.models import Job
from migdata.demo import acts, counts, days, deliveries, files, people, revisions
from migdata.demo.country import Columns
from records.codelists import changes, exchange
from records.collection import corrections, entry, entry_rules
from records.instruments import versions
from records.models import HeldRow, Instrument, ListEdition, RestDay, Submission, Upload
from records.review import calendar, deadlines
from reports.designs import datasets
from reports.models import Release
from reports.releases import verbs
from standards.periods import Period

ATTEMPTS = 3  # at a release
RETURNED = "Occupation is missing in several rows. Please complete them."
FIRST = "The first figures of the demonstration country."
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


def load(
    say: Callable[[str], object] = print, *, crossings: int = deliveries.CROSSINGS
) -> dict[str, Any]:
    """Load the country once and return what is there (`counts.counted`), and how many seconds each step took.

    crossings: of the border, in a usual month.
    """
    accounts = people.settle()
    versions.publish_all()
    people.name_restricted()
    _keep_holidays()
    _choose_typing()
    _keep_crossing_points()
    steps = Steps(say)
    if Release.objects.count() < len(datasets.datasets()):
        with steps.of(
            "sending",
            "Sending the files of two years, and of three of border crossings and of what is yearly.",
        ):
            _send(crossings)
        with steps.of("reviewing", "Correcting, submitting, signing, accepting."):
            _review(crossings, say)
        with steps.of("sealing", "Sealing what is accepted."):
            acts.wait("reports.seal", say)
        with steps.of("publishing", "Publishing."):
            _publish(say)
        with steps.of("revising", "Correcting what is published, and publishing it anew."):
            revisions.revise(crossings, say)
    return {
        **counts.counted(),
        "seconds_of": steps.seconds,
        "accounts": accounts,
        "password": people.PASSWORD,
    }


@dataclass
class Steps:
    """The steps of the story: said when they begin, and how many seconds each took."""

    say: Callable[[str], object]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str, sentence: str) -> Iterator[None]:
        """Say the sentence, and note how long the step takes under the name."""
        self.say(sentence)
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 1)


def _keep_holidays() -> None:
    """The days of rest and holidays of the country, as its statistics staff would enter them."""
    if RestDay.objects.exists():
        return
    country = yaml.safe_load((Path(__file__).parent / "holidays.yaml").read_text(encoding="utf-8"))
    _office, statistician = acts.agency_and("SCS", "statistician")
    with scope.acting(statistician):
        deadlines.set_rest_days([str(day) for day in country["rest"]], by=statistician)
        for day in country["holidays"]:
            said = {part: str(text) for part, text in day.items()}
            deadlines.add_holiday(said, by=statistician)


def _choose_typing() -> None:
    """Administrators let the form keep what is the same in most records of a day."""
    for code, instrument, carried in CARRIED:
        agency, admin = acts.agency_and(code, "admin")
        chosen = Instrument.objects.get(code=instrument)
        with scope.acting(admin):
            entry_rules.set_rule(agency, chosen, carried=carried, twice=(), by=admin)


def _keep_crossing_points() -> None:
    """Old names of crossing points, as statistics staff would take them in from a file."""
    if ListEdition.objects.exists():
        return
    codes = exchange.read((Path(__file__).parent / "crossing_points.csv").read_bytes())
    _office, statistician = acts.agency_and("SCS", "statistician")
    with scope.acting(statistician):
        reason = "Names that stand on older maps"
        changes.save("crossing_points", codes, base=1, reason=reason, by=statistician)


def _send(crossings: int) -> None:
    for delivery in deliveries.deliveries(crossings):
        agency, clerk = acts.agency_and(delivery.agency, "clerk")
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
            acts.upload(content, name, agency, instrument, clerk)


def _type(columns: Columns, agency: Agency, instrument: Instrument, clerk: Person) -> None:
    """Type the rows one by one; what is warned about is right in an invented country.

    A person answers what is required, if with “not stated”; a file may leave it empty.
    """
    spec = versions.spec_of(versions.current(instrument))
    unknown = {v.name: v.unknown for v in spec.variables}
    acknowledged = frozenset(rule.id for rule in spec.rules if rule.severity == "warning")
    for row in zip(*columns.values(), strict=True):
        texts = dict(zip(columns, row, strict=True))
        values = {name: text or unknown.get(name, "") for name, text in texts.items()}
        with suppress(refusal.Refused), scope.acting(clerk):
            entry.save(
                values, agency=agency, instrument=instrument, by=clerk, acknowledged=acknowledged
            )


def _correct() -> None:
    """The clerk corrects the held rows of one open period, as she would on the page."""
    _agency, clerk = acts.agency_and("MLSP", "clerk")
    with scope.acting(clerk):
        for held in HeldRow.open_rows.filter(agency__code="MLSP").order_by("pk")[:5]:
            changes = {"birth_date": "1990", "valid_to": held.raw["valid_from"]}
            with suppress(refusal.Refused):  # its period may be submitted already
                corrections.correct(held, changes, by=clerk)


def _review(crossings: int, say: Callable[[str], object]) -> None:
    """Take every delivery through review as soon as its files are taken in, while others are still being read."""
    waiting, reported_at = list(deliveries.deliveries(crossings)), time.monotonic()
    while waiting:
        unread = _unread()
        ready = [d for d in waiting if (d.agency, d.instrument) not in unread]
        for delivery in ready:
            if delivery.agency == "MLSP" and delivery.instrument == "SMS-WPF":
                _correct()
            _review_of(delivery)
            waiting.remove(delivery)
        if not ready:
            if time.monotonic() - reported_at > 10:
                reported_at = time.monotonic()
                say(f"  {acts.jobs_left(sum(unread.values()))}")
            time.sleep(0.3)
    acts.wait("records.intake")  # says so where one has failed


def _unread() -> Counter[tuple[str, str]]:
    """Return how many files wait for a worker, by agency and instrument."""
    places = dict(Instrument.objects.values_list("pk", "code"))
    every = list(Agency.objects.values_list("pk", flat=True))
    with scope.working(every):
        files_left = Upload.objects.filter(
            state=Upload.State.RECEIVED, job__state__in=["QUEUED", "RUNNING"]
        ).values_list("agency__code", "instrument_id")
        return Counter((agency, places[instrument]) for agency, instrument in files_left)


def _review_of(delivery: deliveries.Delivery) -> None:
    """Submit, sign and accept the submissions of a delivery, but for what is left open."""
    _office, statistician = acts.agency_and("SCS", "statistician")
    agency, clerk = acts.agency_and(delivery.agency, "clerk")
    agency, reviewer = acts.agency_and(delivery.agency, "reviewer")
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
            reason = RETURNED if verb == "return" else ""
            with suppress(refusal.Refused), days.on(day):
                acts.advance(submission, verb, by=hands[verb], reason=reason)


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


def _publish(say: Callable[[str], object]) -> None:
    """Build and release every dataset. Rounding is drawn by chance: what a gate refuses is drawn again, twice.

    What is refused still is said and left out: the portal stands without it.
    """
    _office, publisher = acts.agency_and("SCS", "publisher")
    for attempt in range(ATTEMPTS):
        released = set(Release.objects.values_list("dataset", flat=True))
        left = sorted(set(datasets.datasets()) - released)
        with scope.acting(publisher):
            jobs = {dataset: verbs.build(dataset, by=publisher) for dataset in left}
        acts.wait("reports.publish", must_succeed=False)
        for dataset, job in jobs.items():
            job.refresh_from_db()
            if job.state == Job.State.DONE:
                acts.release(dataset, FIRST, say)
            elif attempt == ATTEMPTS - 1:
                say(f"{dataset} is not published: {job.reason}")
