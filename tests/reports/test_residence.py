"""Migrants by the 12/16-month rule: the answer of the database is that of a slow reckoning day by day."""

import calendar
import itertools
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from agencies import scope
from records.models import Record
from reports.designs import datasets
from reports.exact import residence
from standards import editions
from standards.definitions import InvalidDefinition
from standards.periods import Period, periods_between
from tests.reports.conftest import draw

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
    """Every crossing by its dimensions, and how far they can be followed."""
    submissions = list(months.values())
    with scope.working([submissions[0].agency_id]):
        cells = residence.follow(submissions, datasets.datasets()["BCR"])
        return cells, residence.linkage(submissions)


def moved(cells):
    """{(month, direction, FINAL or PROVISIONAL): crossings}"""
    counted = Counter()
    for cell in cells.to_pylist():
        if cell["RESIDENCE_CHANGE"] in ("FINAL", "PROVISIONAL"):
            place = cell["TIME_PERIOD"], cell["DIRECTION"], cell["RESIDENCE_CHANGE"]
            counted[place] += cell["records"]
    return dict(counted)


def by_change(cells):
    """{code of the change of residence: crossings}"""
    counted = Counter()
    for cell in cells.to_pylist():
        counted[cell["RESIDENCE_CHANGE"]] += cell["records"]
    return dict(counted)


JUDGED = {
    # Came, was away for two weeks, stayed: one immigration, at the first entry.
    "UZB": ([(date(2024, 3, 1), "IN"), (date(2024, 8, 1), "OUT"), (date(2024, 8, 15), "IN")], {("2024-03", "IN", "FINAL"): 1}),
    # A guest of three months.
    "KAZ": ([(date(2024, 3, 1), "IN"), (date(2024, 6, 1), "OUT")], {}),
    # Lived here, went for a year, came back.
    "TKM": ([(date(2024, 3, 1), "OUT"), (date(2025, 3, 1), "IN")], {("2024-03", "OUT", "FINAL"): 1, ("2025-03", "IN", "FINAL"): 1}),
    # A day less than a year abroad is no emigration, and the return no immigration.
    "FRA": ([(date(2024, 3, 1), "OUT"), (date(2025, 2, 28), "IN")], {}),
    # Twelve of sixteen months, in three pieces.
    "TUR": (
        [(date(2024, 2, 1), "IN"), (date(2024, 6, 1), "OUT"), (date(2024, 8, 1), "IN"), (date(2025, 1, 1), "OUT"), (date(2025, 2, 1), "IN"), (date(2025, 7, 1), "OUT")],
        {("2024-02", "IN", "FINAL"): 1, ("2025-07", "OUT", "PROVISIONAL"): 1},
    ),
    # Came half a year before the end of what is known: it may become a migration yet.
    "RUS": ([(date(2025, 11, 1), "IN")], {("2025-11", "IN", "PROVISIONAL"): 1}),
    # The same, but gone since: if she stays away, it does not.
    "IRN": ([(date(2025, 11, 1), "IN"), (date(2026, 2, 1), "OUT")], {}),
    # Away for five months already: twelve of sixteen cannot be reached any more.
    "AFG": ([(date(2025, 6, 1), "IN"), (date(2025, 7, 1), "OUT"), (date(2025, 12, 15), "IN")], {("2025-12", "IN", "PROVISIONAL"): 1}),
}  # fmt: skip


def test_histories_that_were_judged_by_hand(months):
    known = months()
    for country, (crossings, _expected) in JUDGED.items():
        cross(known, {country: crossings}, citizenship=country)
    cells, _linkage = follow(known)
    for country, (crossings, expected) in JUDGED.items():
        linked = pc.and_(
            pc.equal(cells["CITIZENSHIP"], country), pc.not_equal(cells["RESIDENCE_CHANGE"], "_U")
        )
        own = cells.filter(linked)  # beside them are those that nobody can link
        assert moved(own) == expected, country
        assert sum(by_change(own).values()) == len(crossings), country


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
    cells, linkage = follow(known)
    assert moved(cells) == {("2024-03", "IN", "FINAL"): 1}
    assert by_change(cells) == {"FINAL": 1, "NONE": 1, "_U": 43}
    assert linkage == residence.Linkage(45, unlinked=42, broken=1, untold=1)


def test_of_who_came_a_few_months_ago_it_is_too_early_to_tell(months):
    known = months()
    cross(
        known,
        {
            "guest or migrant": [(date(2026, 2, 1), "IN")],
            "longer": [(date(2025, 12, 20), "IN")],
            "home again": [(date(2026, 2, 1), "OUT"), (date(2026, 2, 8), "IN")],
            "on a journey": [(date(2026, 4, 20), "OUT")],
        },
    )
    cells, linkage = follow(known)
    assert moved(cells) == {("2025-12", "IN", "PROVISIONAL"): 1}
    # Who was home again after a week has not moved, and did not when she went.
    assert by_change(cells) == {"PROVISIONAL": 1, "NONE": 2, "_U": 2 + len(known)}
    assert linkage.untold == 2


def test_a_month_that_was_not_delivered_breaks_the_histories(months):
    known = months("2024-09")
    cross(known, {"a": [(date(2024, 3, 1), "IN")], "b": [(date(2025, 12, 1), "IN")]})
    # "a" was followed for six months only; "b" was seen for more than a year before.
    assert moved(follow(known)[0]) == {
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
        elif not (ahead and present[days[-1]] == enters and inside + ahead >= needed):
            continue
        elif inside <= (whole - when).days - needed:
            continue  # too early to tell
        else:
            certainty = "PROVISIONAL"
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


def test_the_database_counts_as_a_reckoning_day_by_day_does_with_one_question(
    months, django_assert_num_queries
):
    known, histories = months(), people(5, 250)
    cross(known, histories)
    expected = sum((day_by_day(crossings) for crossings in histories.values()), Counter())
    assert {c for _m, _d, c in expected} == {"FINAL", "PROVISIONAL"} and sum(
        expected.values()
    ) > 120
    submissions = list(known.values())
    with editions.asked_once(), scope.working([submissions[0].agency_id]):
        editions.generation()  # which code lists are in force a job asks once
        with django_assert_num_queries(1):  # whatever the number of people
            cells = residence.follow(submissions, datasets.datasets()["BCR"])
    assert moved(cells) == dict(expected)
    assert "person_ref" not in cells.column_names
    assert not any(person in str(cells.to_pylist()) for person in histories)


def test_where_a_design_may_tell_changes_of_residence(tmp_path):
    text = (datasets.DIRECTORY / "bcr.yaml").read_text()

    def refused(*change):
        (tmp_path / "bcr.yaml").write_text(text.replace(*change))
        with pytest.raises(InvalidDefinition) as problem:
            datasets.read(tmp_path / "bcr.yaml")
        return "\n".join(problem.value.lines)

    residences = "{name: residence, of: core, adds: [RESIDENCE_CHANGE]}"
    below = residences.replace("of: core", "of: quarter")
    assert "known long after QUARTER is out" in refused(residences, below)
    own = "adds: [RESIDENCE_CHANGE]"
    assert "stands below the core" in refused("TRAVELLER]}", "TRAVELLER, RESIDENCE_CHANGE]}")
    twice = "  - name: PURPOSE\n    labels: {en: Again, ru: Ещё, tk: Ýene}\n    derive: residence\n"
    purpose = text[text.index("  - name: PURPOSE") : text.index("family:")]
    assert "is derived as residence already" in refused(purpose, twice)
    assert own in text
    entries = "variable: direction\n    codelist: directions"
    other = "variable: traveller\n    codelist: travellers"
    assert "entries and exits" in refused(entries, other)
