"""Days of rest, holidays, extensions: rules that hold for every due date."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.instruments import reader
from records.review.due_dates import CALENDAR, WORKING, Rule, WorkingDays, dates_of, rule_of
from standards.periods import FREQUENCIES, Period

SOME_DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
REST = st.frozensets(st.integers(1, 7), max_size=5)
HOLIDAYS = st.frozensets(
    st.one_of(
        st.tuples(st.none(), st.integers(1, 12), st.integers(1, 28)),
        st.tuples(st.integers(2020, 2036), st.integers(1, 12), st.integers(1, 28)),
    ),
    max_size=40,
)
COUNTRIES = st.builds(WorkingDays, REST, HOLIDAYS)
COUNTED = st.sampled_from([WORKING, CALENDAR])
RULES = st.builds(Rule, st.integers(1, 90), COUNTED, st.integers(0, 20), st.integers(0, 5))
PERIODS = st.builds(Period.of, SOME_DAYS, st.sampled_from(sorted(FREQUENCIES)))
WEEK = WorkingDays(frozenset({6, 7}), frozenset({(None, 1, 1), (2026, 1, 6)}))


@given(PERIODS, RULES, COUNTRIES)
def test_nothing_is_due_or_late_on_a_day_on_which_nobody_works(period, rule, country):
    dates = dates_of(period, rule, country)
    assert country.works(dates.due) and country.works(dates.late_after)


@given(PERIODS, RULES, COUNTRIES)
def test_a_period_is_due_after_it_ended_and_late_no_earlier_than_due(period, rule, country):
    dates = dates_of(period, rule, country)
    assert period.last_day < dates.due <= dates.late_after
    assert period.last_day < dates.opens


@given(SOME_DAYS, st.integers(0, 60), st.integers(0, 30), COUNTED, COUNTRIES)
def test_more_days_are_never_earlier(day, count, more, counted, country):
    assert country.after(day, count, counted) <= country.after(day, count + more, counted)


@given(SOME_DAYS, st.integers(0, 60), COUNTRIES)
def test_working_days_are_counted_one_by_one(day, count, country):
    due = country.after(day, count)
    between = [day + timedelta(days=k) for k in range(1, (due - day).days + 1)]
    assert sum(map(country.works, between)) == max(count, 0 if country.works(day) else 1)


@given(SOME_DAYS, st.integers(0, 60), COUNTED, COUNTRIES, HOLIDAYS)
def test_another_holiday_never_makes_a_date_earlier(day, count, counted, country, more):
    longer = WorkingDays(country.rest, country.holidays | more)
    assert country.after(day, count, counted) <= longer.after(day, count, counted)


@given(PERIODS, RULES, COUNTRIES, SOME_DAYS)
def test_an_extension_never_shortens(period, rule, country, until):
    before, after = dates_of(period, rule, country), dates_of(period, rule, country, until)
    assert after.due == max(before.due, until)
    assert after.late_after >= before.late_after and after.late_after >= after.due


def test_ten_working_days_after_december_pass_over_new_year_weekends_and_a_moving_holiday():
    dates = dates_of(Period.parse("2025-12"), Rule(days=10, grace=3), WEEK)
    assert (dates.due, dates.late_after) == (date(2026, 1, 16), date(2026, 1, 21))


def test_a_calendar_date_on_a_day_of_rest_moves_to_the_next_working_day():
    rule = Rule(days=3, counted=CALENDAR, grace=0)
    assert dates_of(Period.parse("2025-12"), rule, WEEK).due == date(2026, 1, 5)


def test_a_moving_holiday_counts_in_its_year_only():
    assert not WEEK.works(date(2026, 1, 6)) and WEEK.works(date(2027, 1, 6))
    assert not WEEK.works(date(2027, 1, 1))


@pytest.mark.parametrize("path", reader.paths(), ids=lambda path: path.stem)
def test_every_instrument_has_a_rule(path):
    rule = rule_of(reader.read(path).raw)
    assert rule.days >= 1 and rule.counted in (WORKING, CALENDAR)


def test_an_instrument_may_name_its_own_rule():
    said = {"days": 15, "counted": CALENDAR, "grace": 5, "closes": 30}
    assert rule_of({"frequency": "Q", "due": said}) == Rule(15, CALENDAR, 5, 0, 30)
    assert rule_of({"frequency": "Q"}) == Rule(20)
