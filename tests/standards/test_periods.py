"""Time periods: which have ended, and how people name them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.periods import (
    ACADEMIC,
    FREQUENCIES,
    InvalidPeriod,
    Period,
    has_ended,
    last_periods,
    period_in_text,
    period_name,
    period_of,
    periods_between,
    read_period,
    roll_up,
    short_period_name,
)

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


@pytest.mark.parametrize(
    ("period", "language", "said"),
    [
        ("2026-10", "en", "October 2026"),
        ("2026-10", "ru", "октябрь 2026"),
        ("2026-10", "tk", "oktýabr 2026"),
        ("2026-Q4", "tk", "4Ç 2026"),
        ("2026-S1", "ru", "S1 2026"),
        ("2026", "ru", "2026"),
        ("No-1", "ru", "No-1"),
    ],
)
def test_a_month_has_a_capital_letter_within_a_sentence_in_english_alone(period, language, said):
    assert period_in_text(period, language) == said


def test_the_axis_of_a_chart_has_room_for_a_short_name():
    assert short_period_name("2026-10", "en") == "Oct 26"
    assert len(short_period_name("2026-Q4", "ru")) < len(period_name("2026-Q4", "ru"))


def test_the_period_that_runs_today_has_not_ended():
    assert last_periods("M", date(2026, 11, 24), 3) == ["2026-08", "2026-09", "2026-10"]
    assert last_periods("Q", date(2026, 11, 24), 2) == ["2026-Q2", "2026-Q3"]
    assert last_periods("A", date(2026, 1, 1), 1) == ["2025"]


@given(DAYS, st.sampled_from(sorted(FREQUENCIES)), st.integers(1, 30))
def test_the_last_periods_are_in_order_without_a_gap_and_without_today(today, frequency, count):
    found = last_periods(frequency, today, count)
    assert len(set(found)) == count
    assert found == sorted(found)
    assert period_of(today, frequency) not in found
    assert last_periods(frequency, today, count + 1)[1:] == found


FREQUENCY = st.sampled_from(sorted(FREQUENCIES))


@given(DAYS, FREQUENCY)
def test_a_day_lies_in_one_period_which_reads_back_from_its_text(day, frequency):
    period = Period.of(day, frequency)
    assert day in period and period.first_day <= day <= period.last_day
    assert day not in period.next() and day not in period.next(-1)
    assert Period.parse(str(period)) == period and len(str(period)) <= 7


@given(DAYS, FREQUENCY, st.integers(-40, 40))
def test_periods_follow_each_other_without_a_gap_in_the_order_of_their_texts(day, frequency, steps):
    period = Period.of(day, frequency)
    assert period.next().first_day - period.last_day == timedelta(days=1)
    assert period.next(steps).next(-steps) == period
    assert (period < period.next(steps)) == (str(period) < str(period.next(steps))) == (steps > 0)
    assert len(list(period.to(period.next(steps)))) == max(steps + 1, 0)


@given(DAYS)
def test_months_lie_in_quarters_half_years_and_years(day):
    month = str(period_of(day, "M"))
    for longer in ("Q", "S", "A", ACADEMIC):
        assert roll_up(month, longer) == period_of(day, longer)
    assert roll_up(roll_up(month, "Q"), "A") == roll_up(month, "A")


@pytest.mark.parametrize(
    ("period", "to"), [("2026", "Q"), ("2025-A1", "A"), ("2026-Q3", "M"), ("2026-Q3", ACADEMIC)]
)
def test_a_period_that_lies_in_two_or_is_longer_is_not_rolled_up(period, to):
    with pytest.raises(InvalidPeriod):
        roll_up(period, to)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13",
        "2026-Q5",
        "2026-S3",
        "2026-A2",
        "2026-7",
        "26",
        "2026-W05",
        "0000-01",
        " 2026",
    ],
)
def test_what_is_no_period_is_not_read_as_one(text):
    with pytest.raises(InvalidPeriod):
        Period.parse(text)


@pytest.mark.parametrize(
    ("text", "frequency", "period"),
    [
        ("2025/26", ACADEMIC, "2025-A1"),
        ("2025-2026", ACADEMIC, "2025-A1"),
        ("1999/00", ACADEMIC, "1999-A1"),
        ("2025-A1", ACADEMIC, "2025-A1"),
        ("2025/27", ACADEMIC, None),
        ("2025/2027", ACADEMIC, None),
        ("2025", ACADEMIC, None),
        ("2025-26", "A", None),
        ("07.2026", "M", "2026-07"),
        ("13.2026", "M", None),
        ("2026-q3", "Q", "2026-Q3"),
        ("2026-Q3", "M", None),
    ],
)
def test_a_period_is_read_as_people_write_it_and_never_guessed(text, frequency, period):
    read = read_period(text, frequency)
    assert (str(read) if read else None) == period


def test_an_academic_year_runs_from_september_and_is_named_by_both_years():
    period = Period.parse("2025-A1")
    assert (period.first_day, period.last_day) == (date(2025, 9, 1), date(2026, 8, 31))
    assert period.name("ru") == period_name("2025-A1", "en") == "2025/26"
    assert last_periods(ACADEMIC, date(2026, 8, 31), 1) == ["2024-A1"]
    assert last_periods(ACADEMIC, date(2026, 9, 1), 1) == ["2025-A1"]
    assert has_ended("2025-A1", ACADEMIC, date(2026, 9, 1))


@pytest.mark.parametrize(
    ("first", "last", "periods"),
    [
        ("2025", "2027", ["2025", "2026", "2027"]),
        ("2025-Q4", "2026-Q1", ["2025-Q4", "2026-Q1"]),
        ("2025-11", "2026-02", ["2025-11", "2025-12", "2026-01", "2026-02"]),
        ("2024-A1", "2025-A1", ["2024-A1", "2025-A1"]),
        ("2026-05", "2026-05", ["2026-05"]),
    ],
)
def test_periods_between_leave_none_out(first, last, periods):
    assert periods_between(first, last) == periods
