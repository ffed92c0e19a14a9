"""Time periods: which have ended, and how people name them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.periods import last_periods, period_name, period_of, short_period_name

DAYS = st.dates(date(1995, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("period", "language", "said"),
    [
        ("2026-10", "en", "October 2026"),
        ("2026-10", "ru", "Октябрь 2026"),
        ("2026-10", "tk", "Oktýabr 2026"),
        ("2026-Q4", "en", "Q4 2026"),
        ("2026-Q4", "tk", "4Ç 2026"),
        ("2026", "ru", "2026"),
        ("", "en", ""),
        ("2026-13", "en", "2026-13"),
        ("no period", "en", "no period"),
    ],
)
def test_a_period_is_named_in_the_language_of_the_page(period, language, said):
    assert period_name(period, language) == said


def test_the_axis_of_a_chart_has_room_for_a_short_name():
    assert short_period_name("2026-10", "en") == "Oct 26"
    assert len(short_period_name("2026-Q4", "ru")) < len(period_name("2026-Q4", "ru"))


def test_the_period_that_runs_today_has_not_ended():
    assert last_periods("M", date(2026, 11, 24), 3) == ["2026-08", "2026-09", "2026-10"]
    assert last_periods("Q", date(2026, 11, 24), 2) == ["2026-Q2", "2026-Q3"]
    assert last_periods("A", date(2026, 1, 1), 1) == ["2025"]


@given(DAYS, st.sampled_from("AQM"), st.integers(1, 30))
def test_the_last_periods_are_in_order_without_a_gap_and_without_today(today, frequency, count):
    found = last_periods(frequency, today, count)
    assert len(set(found)) == count
    assert found == sorted(found)
    assert period_of(today, frequency) not in found
    assert last_periods(frequency, today, count + 1)[1:] == found
