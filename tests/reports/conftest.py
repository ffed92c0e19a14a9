"""Records that were accepted, and what was released of them: the road of a worker, without waiting."""

import contextlib
import itertools
import re
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from django.db.models import Case, Value, When
from django.utils import timezone
from django.utils.html import strip_tags

from agencies import scope
from agencies.models import Agency
from agencies.roles import Role
from jobs import queue, worker
from records.instruments import versions
from records.models import Instrument, Record, Submission
from records.review import submissions
from reports.models import Release
from reports.published import seals
from reports.releases import verbs
from standards.periods import Period
from tests.cast import the_person

# What a record of an instrument may say: (columns of the record, extras).
SAID = {
    "SMS-WPF": (
        {"citizenship": ["TUR", "CHN", "RUS", "KAZ", "XXX"], "region": ["TM-S", "TM-A", "TM-_U"]},
        {"decision": ["ISS", "REN", "REF"], "occupation": ["71", "72", "21", "12", "_U"]},
    ),
    "SMS-BCR": (
        {"citizenship": ["TKM", "UZB", "KAZ", "FRA", "XXX"], "region": ["TM-S", "TM-A", "TM-_U"]},
        {
            "direction": ["IN", "OUT"],
            "traveller": ["NAT", "FOR"],
            "purpose": ["WORK", "TOURISM", "_U"],
        },
    ),
    "STA-SLP": (
        {"citizenship": ["TKM", "RUS", "FRA", "XXX"], "region": ["TM-S", "TM-A", "TM-_U"]},
        {"flow": ["IN", "OUT", "INTERNAL"], "reason": ["WORK", "FAMILY", "_U"]},
    ),
}
WAGES = [1800, 2400, 2600, 3200, 3600, 4500, 6100, 8200, 12000]
LATER_SAID = {
    "SMS-WPF": lambda rng: (
        {},
        {"wage_month": int(rng.choice(WAGES)), "wage_cur": str(rng.choice(["TMT"] * 9 + ["USD"]))}
        if rng.random() < 0.9
        else {},
    ),
    "STA-SLP": lambda rng: ({"education": str(rng.choice(["1", "3", "3", "5", "7", "_U"]))}, {}),
}
ALIKE = 4  # records that say the same
SEXES = ["F"] * 48 + ["M"] * 48 + ["_U", "_N", "_O", "_O"]
DATASETS = {"WPF": "SMS-WPF", "BCR": "SMS-BCR", "SLP": "STA-SLP"}
DELIVERS = {"SMS-WPF": "SMS", "SMS-BCR": "SMS", "STA-SLP": "SCS"}
_number = itertools.count(1)


def draw(code, periods, n, seed=1):
    """Return n random records for each period: keyword arguments of Record, with `period` beside.

    Four in a row say the same, so that few records are alone in a cell and a release passes its gates.
    """
    rng, (columns, extras) = np.random.default_rng(seed), SAID[code]
    other = np.random.default_rng([seed, 7])  # of what was added later: the rest stays as it was
    pick = lambda options: options[int(rng.integers(len(options)))]
    rows = []
    for period in periods:
        for k in range(n):
            if k % ALIKE == 0:
                said = {
                    "sex": pick(SEXES),
                    "age": None if rng.random() < 0.03 else int(rng.integers(1, 90)),
                    **{name: pick(options) for name, options in columns.items()},
                }
                extra = {name: pick(options) for name, options in extras.items()}
                later = LATER_SAID.get(code, lambda _rng: ({}, {}))(other)
                said, extra = {**said, **later[0]}, {**extra, **later[1]}
            rows.append({"period": period, **said, "extras": dict(extra)})
    return rows


@contextlib.contextmanager
def as_owner():
    """Work as the owner of the tables, whom no trigger and no policy of `app` holds back."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        yield cursor
        cursor.execute("SET ROLE migdata_app")


def rewrite(release, **fields):
    """Let a release be another one: as if it had been built with these fields."""
    with as_owner():
        Release.objects.filter(pk=release.pk).update(**fields)
        release.refresh_from_db()
        sealed = seals.seal(release, seals.files_of(release))
        Release.objects.filter(pk=release.pk).update(seal=sealed)
    release.refresh_from_db()


@contextlib.contextmanager
def forgotten():
    """Undo everything that happens inside: one example of a property after the other."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def add(submission, rows):
    """Add records to a submission that is open."""
    Record.objects.bulk_create(
        Record(
            agency_id=submission.agency_id,
            submission=submission,
            record_ref=f"T-{next(_number)}",
            event_date=Period.parse(submission.period).first_day,
            **{name: value for name, value in row.items() if name != "period"},
        )
        for row in rows
    )


@pytest.fixture
def submit(instruments, statistician):
    """submit(code, rows, agency="SMS") -> drafts that hold these records, one for each period."""

    def go(code, rows, agency=None):
        by_agency = Agency.objects.get(code=agency or DELIVERS.get(code, "SMS"))
        instrument, found = Instrument.objects.get(code=code), []
        with scope.acting(the_person(Role.CLERK, by_agency)):
            for period in dict.fromkeys(row["period"] for row in rows):
                submission, _new = Submission.objects.get_or_create(
                    agency=by_agency,
                    instrument=instrument,
                    period=period,
                    defaults={"instrument_version": versions.current(instrument)},
                )
                add(submission, [row for row in rows if row["period"] == period])
                found.append(submission)
        return found

    return go


@pytest.fixture
def lead(statistician):
    """lead(submission): submitted, signed, accepted and sealed, as people and a worker do."""

    def go(submission, *, sealed=True, empty=False):
        clerk, reviewer = (the_person(r, submission.agency) for r in (Role.CLERK, Role.REVIEWER))
        for verb, person in (("submit", clerk), ("sign", reviewer), ("accept", statistician)):
            with scope.acting(person):
                submissions.advance(submission, verb, by=person, nothing_to_report=empty)
        submission.refresh_from_db()
        return seal(submission) if sealed else None

    return go


def seal(submission):
    job = worker.work(queue.find(f"seal:{submission.pk}:{submission.version}").pk)
    assert job.state == "DONE", job.reason
    return job


@pytest.fixture
def accept(submit, lead):
    """accept(code, rows, agency="SMS") -> submissions that are accepted and sealed."""

    def go(code, rows, agency=None):
        found = submit(code, rows, agency)
        for submission in found:
            lead(submission)
        return found

    return go


@pytest.fixture
def builder(office):
    """The publisher who asks for builds, which `publisher` looks at and releases."""
    return the_person(Role.PUBLISHER, office)


@pytest.fixture
def build(builder):
    """build(dataset) -> the job, done by a worker or given up."""

    def go(dataset):
        with scope.acting(builder):
            job = verbs.build(dataset, by=builder)
        return worker.work(job.pk)

    return go


@pytest.fixture
def publish(build, publisher):
    """publish(dataset, release=True) -> its new release."""

    def go(dataset, *, release=True):
        job = build(dataset)
        assert job.state == "DONE", job.reason
        built = Release.objects.filter(dataset=dataset).order_by("-number")[0]
        if release:
            with scope.acting(publisher):
                verbs.release(
                    built,
                    by=publisher,
                    note="More months.",
                    missing_acknowledged=built.missing_text,
                )
        return built

    return go


@pytest.fixture
def finish(builder, publisher):
    """finish(dataset, *years) -> the job of a release in which these years are final; it is released."""

    def go(dataset, *years):
        with scope.acting(builder):
            job = verbs.build(dataset, by=builder, finish=years)
        job = worker.work(job.pk)
        if job.state == "DONE":
            with scope.acting(publisher):
                built = Release.objects.filter(dataset=dataset).order_by("-number")[0]
                verbs.release(
                    built,
                    by=publisher,
                    note="More months.",
                    missing_acknowledged=built.missing_text,
                )
        return job

    return go


@pytest.fixture
def correct(submit, lead, statistician):
    """correct(submission, n) -> accepted again, with another age in n of its records."""

    def go(submission, n):
        with scope.acting(statistician):
            submissions.advance(submission, "reopen", by=statistician, reason="a mistake")
        with scope.working([submission.agency_id]):
            records = Record.objects.filter(submission=submission).order_by("pk")[:n]
            Record.objects.filter(pk__in=list(records.values_list("pk", flat=True))).update(
                age=Case(When(age__lt=65, then=Value(70)), default=Value(20))
            )
        submission.refresh_from_db()
        lead(submission)

    return go


MONTHS = ("2026-01", "2026-02", "2026-03")  # a quarter that is closed
LATER = ("2026-04",)


@pytest.fixture
def released(accept, publish):
    """The releases of all three datasets, of some hundred random records each, of closed periods; by dataset."""
    accept("SMS-WPF", draw("SMS-WPF", MONTHS, 240))
    accept("SMS-BCR", draw("SMS-BCR", MONTHS, 240, seed=2))
    accept("STA-SLP", draw("STA-SLP", ["2025-Q4"], 800, seed=3))
    return {dataset: publish(dataset) for dataset in DATASETS}


@pytest.fixture
def permits(accept, publish):
    """The release of work permits alone, of some hundred random records."""
    accept("SMS-WPF", draw("SMS-WPF", MONTHS, 240))
    return publish("WPF")


@pytest.fixture
def accepted(accept):
    """Two months of work permits, accepted."""
    return accept("SMS-WPF", draw("SMS-WPF", MONTHS[:2], 80))


@pytest.fixture
def two(permits, accept, publish):
    """Work permits of a quarter, then of a month more."""
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    return permits, publish("WPF")


def long_ago(release, days):
    """Let a release have been out for so many days."""
    with as_owner():
        at = timezone.now() - timedelta(days=days)
        Release.objects.filter(pk=release.pk).update(released_at=at)
    return timezone.localdate(at).isoformat()


def withdraw(release, publisher, reason="A region was wrong."):
    with scope.acting(publisher):
        verbs.withdraw(release, by=publisher, reason=reason)


def embargo(built, publisher):
    """Release what is built, under an embargo until tomorrow."""
    with scope.acting(publisher):
        verbs.release(
            built,
            by=publisher,
            note="x",
            embargo_at=timezone.now() + timedelta(days=1),
            missing_acknowledged=built.missing_text,
        )


def text_of(response):
    """Return the words of a page."""
    return " ".join(strip_tags(response.content.decode()).split())


def cells_of(response, head):
    """The figures of a row of a page, each with the small one below it: what changed, 0 where there is none."""
    html = response.content.decode()
    row = re.search(rf'<th scope="row">\s*{head}\s*</th>(.*?)</tr>', html, re.S)[1]
    cells = []
    for cell in re.findall(r'<td class="num[^>]*>(.*?)</td>', row, re.S):
        found = [float(n.replace(",", "")) for n in re.findall(r"[+-]?[\d,.]+", strip_tags(cell))]
        cells.append((*found, 0)[:2] if found else None)
    return cells
