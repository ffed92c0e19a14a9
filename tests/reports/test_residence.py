"""Migrants by the 12/16-month rule: the answer of the database is that of a slow reckoning day by day."""

import calendar
import itertools
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from agencies import scope
from records.models import Record
from reports.designs import datasets
from reports.exact import residence
from reports.releases import drafts
from reports.releases.families import Exact
from reports.releases.numbering import Numbering
from standards.definitions import InvalidDefinition
from standards.periods import Period, periods_between
from tests.reports.conftest import draw

DRAFT = Path(__file__).parents[2] / "docs" / "drafts" / "mig.yaml"
FIRST, LAST = "2023-01", "2026-04"  # forty months
BEGINS, ENDS = date(2023, 1, 1), date(2026, 5, 1)
_number = itertools.count(1)


@pytest.fixture
def months(submit):
    """months(*left_out) -> submissions of every month but those, by month; each has a crossing that nobody can link."""

    def go(*left_out):
        every = [m for m in periods_between(FIRST, LAST) if m not in left_out]
        found = submit("SMS-BCR", draw("SMS-BCR", every, 1))
        return {submission.period: submission for submission in found}

    return go


def cross(months, histories, **said):
    """Add the crossings of people: {reference: [(day, IN or OUT), ...]}."""
    rows = [
        Record(
            agency_id=next(iter(months.values())).agency_id,
            submission=months[str(Period.of(day, "M"))],
            record_ref=f"R-{next(_number)}",
            person_ref=person,
            event_date=day,
            extras={"direction": direction, "traveller": "FOR", "purpose": "WORK"},
            **{"sex": "F", "age": 30, "citizenship": "UZB", "region": "TM-A", **said},
        )
        for person, crossings in histories.items()
        for day, direction in crossings
    ]
    with scope.working([rows[0].agency_id]):
        Record.objects.bulk_create(rows)


def follow(months):
    submissions = list(months.values())
    with scope.working([submissions[0].agency_id]):
        return residence.follow(submissions, datasets.read(DRAFT))


def found(followed):
    """{(month, direction, certainty): people}"""
    cells = followed.cells.to_pylist()
    counted = Counter()
    for cell in cells:
        counted[cell["TIME_PERIOD"], cell["DIRECTION"], cell["CERTAINTY"]] += cell["records"]
    return dict(counted)


@pytest.mark.parametrize(
    ("crossings", "expected"),
    [
        # Came, was away for two weeks, stayed: one immigration, at the first entry.
        ([(date(2024, 3, 1), "IN"), (date(2024, 8, 1), "OUT"), (date(2024, 8, 15), "IN")], {("2024-03", "IN", "FINAL"): 1}),
        # A guest of three months.
        ([(date(2024, 3, 1), "IN"), (date(2024, 6, 1), "OUT")], {}),
        # Lived here, went for a year, came back.
        ([(date(2024, 3, 1), "OUT"), (date(2025, 3, 1), "IN")], {("2024-03", "OUT", "FINAL"): 1, ("2025-03", "IN", "FINAL"): 1}),
        # A day less than a year abroad is no emigration, and the return no immigration.
        ([(date(2024, 3, 1), "OUT"), (date(2025, 2, 28), "IN")], {}),
        # Twelve of sixteen months, in three pieces.
        (
            [(date(2024, 2, 1), "IN"), (date(2024, 6, 1), "OUT"), (date(2024, 8, 1), "IN"), (date(2025, 1, 1), "OUT"), (date(2025, 2, 1), "IN"), (date(2025, 7, 1), "OUT")],
            {("2024-02", "IN", "FINAL"): 1, ("2025-07", "OUT", "PROVISIONAL"): 1},
        ),
        # Came half a year before the end of what is known: it may become a migration yet.
        ([(date(2025, 11, 1), "IN")], {("2025-11", "IN", "PROVISIONAL"): 1}),
        # The same, but gone since: if she stays away, it does not.
        ([(date(2025, 11, 1), "IN"), (date(2026, 2, 1), "OUT")], {}),
        # Away for five months already: twelve of sixteen cannot be reached any more.
        ([(date(2025, 6, 1), "IN"), (date(2025, 7, 1), "OUT"), (date(2025, 12, 15), "IN")], {("2025-12", "IN", "PROVISIONAL"): 1}),
    ],
)  # fmt: skip
def test_histories_that_were_judged_by_hand(months, crossings, expected):
    known = months()
    cross(known, {"a": crossings})
    assert found(follow(known)) == expected


def test_what_cannot_be_linked_or_was_not_observed_is_counted_apart(months):
    known = months()
    cross(
        known,
        {
            "early": [(date(2023, 3, 1), "IN")],  # two months after the beginning
            "twice": [(date(2024, 3, 1), "IN"), (date(2024, 4, 1), "IN")],
            None: [(date(2024, 3, 1), "IN"), (date(2024, 3, 2), "IN")],
        },
    )
    followed = follow(known)
    assert found(followed) == {("2024-03", "IN", "FINAL"): 1}
    assert (followed.before_unknown, followed.broken) == (1, 1)
    assert (followed.unlinked, followed.crossings) == (42, 45)


def test_a_month_that_was_not_delivered_breaks_the_histories(months):
    known = months("2024-09")
    cross(known, {"a": [(date(2024, 3, 1), "IN")], "b": [(date(2025, 12, 1), "IN")]})
    # "a" was followed for six months only; "b" was seen for more than a year before.
    assert found(follow(known)) == {
        ("2024-03", "IN", "PROVISIONAL"): 1,
        ("2025-12", "IN", "PROVISIONAL"): 1,
    }


def after(day, count):
    """The day so many months after one, as calendars and PostgreSQL count."""
    year, month = divmod(day.month - 1 + count, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def day_by_day(crossings):
    """The rule once more, slowly: {(month, direction, certainty): people} of one person."""
    first, at_first = crossings[0][0], crossings[0][1] == "OUT"
    days = [BEGINS + timedelta(days=k) for k in range((ENDS - BEGINS).days)]
    state, present = at_first, {}
    for day in days:
        for when, direction in crossings:
            if when == day:
                state = direction == "IN"
        present[day] = state
    result = Counter()
    resident = at_first if after(BEGINS, 12) <= first else None
    for when, direction in crossings:
        enters = direction == "IN"
        whole, needed = after(when, 16), (after(when, 12) - when).days
        window = [d for d in days if when <= d < whole]
        inside = sum(present[d] == enters for d in window)
        ahead = max(0, (whole - ENDS).days)
        if inside >= needed:
            certainty = "FINAL"
        elif ahead and present[days[-1]] == enters and inside + ahead >= needed:
            certainty = "PROVISIONAL"
        else:
            continue
        if resident is not None and resident != enters:
            result[str(Period.of(when, "M")), direction, certainty] += 1
        resident = enters
    return result


def people(seed, count):
    """Random histories: people who come and go for days, weeks, months or years."""
    rng, histories = np.random.default_rng(seed), {}
    for person in range(count):
        day, enters = BEGINS + timedelta(days=int(rng.integers(0, 900))), bool(rng.random() < 0.6)
        crossings = []
        while day < ENDS and len(crossings) < 12:
            crossings.append((day, "IN" if enters else "OUT"))
            day += timedelta(
                days=int(rng.choice([1, 9, 40, 110, 250, 420]) * rng.uniform(0.5, 1.5)) + 1
            )
            enters = not enters if rng.random() < 0.95 else enters
        histories[f"person {seed} {person}"] = crossings
    return histories


def test_the_database_counts_as_a_reckoning_day_by_day_does_with_three_questions(
    months, django_assert_num_queries
):
    known, histories = months(), people(5, 250)
    cross(known, histories)
    expected = sum((day_by_day(crossings) for crossings in histories.values()), Counter())
    assert {c for _m, _d, c in expected} == {"FINAL", "PROVISIONAL"} and sum(
        expected.values()
    ) > 150
    submissions = list(known.values())
    with (
        scope.working([submissions[0].agency_id]),
        django_assert_num_queries(3),  # whatever the number of people
    ):
        followed = residence.follow(submissions, datasets.read(DRAFT))
    assert found(followed) == dict(expected)
    assert not {"person_ref"} & {*followed.cells.column_names}
    assert not any(person in str(followed.cells.to_pylist()) for person in histories)


def test_a_release_of_migrants_is_refused_until_one_can_be_kept(tmp_path):
    (tmp_path / "mig.yaml").write_text(DRAFT.read_text())
    with pytest.raises(InvalidDefinition, match="a release counts records only"):
        datasets.datasets(tmp_path)
    plain = DRAFT.read_text().replace("counts: migrants\n", "")
    (tmp_path / "plain.yaml").write_text(plain)
    with pytest.raises(InvalidDefinition, match="says whether each is final"):
        datasets.read(tmp_path / "plain.yaml")


def test_the_draft_of_the_family_passes_the_gates_on_a_made_up_country():
    """Some 3,000 migrants a year, as the draft counts them: no reader learns of one of them."""
    rng, dataset = np.random.default_rng(3), datasets.read(DRAFT)
    numbering = Numbering.of(dataset, periods_between("2024-01", "2024-12"))
    sizes = {name: len(numbering.structure.by_name[name].items) for name in numbering.names}
    chances = {
        "SEX": [0.45, 0.54, 0.01],
        "CERTAINTY": [0.8, 0.2],
        "AGE": [0.1, 0.28, 0.3, 0.17, 0.08, 0.04, 0.02, 0.01],
    }
    people = {
        name: rng.choice(
            size, 3000, p=chances[name] if len(chances.get(name, ())) == size else None
        )
        for name, size in sizes.items()
    }
    codes = np.column_stack([people[name] for name in numbering.names])
    quarter, month = (numbering.names.index(name) for name in ("QUARTER", "TIME_PERIOD"))
    codes[:, quarter] = codes[:, month] // 3
    draft = drafts.try_design(numbering, "2024", Exact(codes, np.ones(3000, np.int64)), draws=2)
    assert [gate.name for gate in draft.gates if not gate.passed] == []
    assert draft.records == 3000
