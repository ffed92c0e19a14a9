"""Rows held back: told as a share of many rows, frozen with the release, and never as a number."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from agencies import scope
from agencies.roles import Role
from records.models import HeldRow
from records.review import submissions
from reports.designs import datasets
from reports.indicators import quality
from reports.published import editions
from reports.published.structure import HeldShare
from reports.releases import held
from tests.cast import the_person
from tests.reports.conftest import LATER, MONTHS, draw, seal

HELD = 21


def accepted_with(submission, statistician, rows):
    """Submit with so many held rows, sign, accept, seal."""
    agency = submission.agency
    clerk, reviewer = the_person(Role.CLERK, agency), the_person(Role.REVIEWER, agency)
    with scope.acting(clerk):
        HeldRow.all_rows.bulk_create(
            HeldRow(
                agency=agency,
                instrument=submission.instrument,
                submission=submission,
                raw={},
                findings=[],
            )
            for _ in range(rows)
        )
        submissions.advance(submission, "submit", by=clerk, held_acknowledged=rows)
    for verb, person in (("sign", reviewer), ("accept", statistician)):
        with scope.acting(person):
            submissions.advance(submission, verb, by=person)
    submission.refresh_from_db()
    seal(submission)


def test_the_share_of_held_rows_is_frozen_with_the_release_and_stays_with_the_figures(
    client, submit, accept, publish, statistician
):
    first, *others = submit("SMS-WPF", draw("SMS-WPF", MONTHS, 350))
    accepted_with(first, statistician, HELD)
    for submission in others:
        accepted_with(submission, statistician, 0)
    assert publish("WPF").build.inputs[0]["held"] == HELD
    told = (HeldShare("SMS", "2026", 2), HeldShare("SMS", "2026-Q1", 2))  # 21 of 1,071
    assert editions.latest("WPF").structure.held == told  # and no month: 350 rows are too few
    page = " ".join(
        strip_tags(client.get("/figures/quality/?dataset=WPF").content.decode()).split()
    )
    assert "Rows held back, of 100 Agency Q1 26 MLSP .. SMS 2 0 fewer than one in 200" in page
    with scope.acting(statistician):
        submissions.advance(first, "reopen", by=statistician, reason="they were corrected")
    with scope.working([first.agency_id]):
        HeldRow.all_rows.filter(submission=first).delete()
    accepted_with(first, statistician, 0)
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    publish("WPF")
    # 21 of 1,311: the number stays behind the figures that stay, though nothing is held any more.
    later = (HeldShare("SMS", "2026", 2), HeldShare("SMS", "2026-Q1", 2))
    assert editions.latest("WPF").structure.held == later


def test_shares_are_told_of_the_shortest_periods_of_which_every_agency_has_one():
    structure = datasets.datasets()["WPF"].structure([*MONTHS, *LATER])

    def told(*shares):
        with_shares = replace(structure, held=tuple(HeldShare(*share) for share in shares))
        return quality.held(SimpleNamespace(structure=with_shares))

    large = ("SMS", "2026-Q1", 2), ("SMS", "2026", 1)
    assert told(*large) == ("QUARTER", {"SMS": {"2026-Q1": 2}})
    assert told(*large, ("MLSP", "2026", 3)) == ("YEAR", {"SMS": {"2026": 1}, "MLSP": {"2026": 3}})
    assert told()[1] == {}


def test_a_release_from_before_shares_were_told_says_that_none_is_told(client, permits):
    assert editions.latest("WPF").structure.held == ()
    page = client.get("/figures/quality/").content.decode()
    assert "No share is told where fewer than 1,000 rows were delivered." in page


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["SMS", "MLSP"]),
        st.sampled_from(MONTHS + LATER),
        st.integers(0, 3000),
        st.none() | st.integers(0, 500),
    ),
    unique_by=lambda piece: piece[:2],
)


@given(PIECES)
def test_a_share_is_near_the_truth_of_many_rows_and_nothing_is_said_of_few_or_of_unknown(given):
    structure = datasets.datasets()["WPF"].structure([*MONTHS, *LATER])
    pieces = [
        (
            SimpleNamespace(
                records=records,
                submission=SimpleNamespace(period=period, agency=SimpleNamespace(code=agency)),
            ),
            rows,
        )
        for agency, period, records, rows in given
    ]
    told = {(s.agency, s.code): s.percent for s in held.shares(structure, pieces)}
    parts = {"2026-Q1": MONTHS, "2026-Q2": LATER, "2026": MONTHS + LATER}
    parts |= {month: (month,) for month in MONTHS + LATER}
    for agency in ("SMS", "MLSP"):
        for code, periods in parts.items():
            inside = [p for p in given if p[0] == agency and p[1] in periods]
            known = all(rows is not None for *_place, rows in inside)
            lacking = sum(rows or 0 for *_place, rows in inside)
            every = sum(records for *_place, records, _rows in inside) + lacking
            if not known or every < held.LEAST:
                assert (agency, code) not in told
            else:
                assert told[agency, code] == pytest.approx(100 * lacking / every, abs=0.5 + 1e-9)
