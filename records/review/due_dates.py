"""When a delivery is due: arithmetic of days, without the database.

A rule counts days from the end of a period. In working days the days of rest of the week and the
holidays of the country are passed over; in calendar days a date that falls on one of them moves to
the next working day. So nothing is ever due on a day on which nobody works.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from standards.periods import FREQUENCIES, Period

WORKING, CALENDAR = "working", "calendar"
LONGEST = 366  # days of a rule, and days looked through for a working day

# Days after the period, by its length in months: what holds where an instrument says nothing.
DEFAULT_DAYS = {1: 10, 3: 20, 6: 30, 12: 60}
DEFAULT_GRACE = 3


@dataclass(frozen=True)
class Rule:
    """Days after a period.

    `days` until it is due and `grace` after that until it is late, both counted in `counted` days;
    `opens` and `closes` in calendar days: after the period before it may be submitted, and after the
    last day of grace when it no longer may. None: it never closes.
    """

    days: int
    counted: str = WORKING
    grace: int = DEFAULT_GRACE
    opens: int = 0
    closes: int | None = None


@dataclass(frozen=True)
class Dates:
    """The days of one period: from when it may be submitted, until when it is due, late after, closed after."""

    opens: date
    due: date
    late_after: date
    closes: date | None


@dataclass(frozen=True)
class WorkingDays:
    """On which days nobody works: days of the week (1 is Monday), and dates.

    A holiday is (year, month, day); year None: every year.
    """

    rest: frozenset[int] = frozenset()
    holidays: frozenset[tuple[int | None, int, int]] = field(default_factory=frozenset)

    def works(self, day: date) -> bool:
        """Say whether people work on the day."""
        return (
            day.isoweekday() not in self.rest
            and (None, day.month, day.day) not in self.holidays
            and (day.year, day.month, day.day) not in self.holidays
        )

    def first_from(self, day: date) -> date:
        """Return the day, or the first working day after it; the day itself where a year has none."""
        for later in range(LONGEST):
            if self.works(day + timedelta(days=later)):
                return day + timedelta(days=later)
        return day

    def after(self, day: date, count: int, counted: str = WORKING) -> date:
        """Return the working day that lies `count` days after a day, by either way of counting."""
        if counted == CALENDAR:
            return self.first_from(day + timedelta(days=count))
        for _step in range(count):
            day = self.first_from(day + timedelta(days=1))
        return self.first_from(day)


def days_late(due: date, day: date) -> int:
    """Return how many calendar days a day lies after a due date; below 0 where it lies before.

    The one rule of lateness for home, list, scorecard and punctuality (ESS quality indicator TP3 counts so): what a
    due date is worked out from may be working days, how late something came is told in days of the calendar.
    """
    return (day - due).days


def rule_of(content: Mapping[str, Any]) -> Rule:
    """Return the rule of an instrument's content: its `due`, and what it does not say by its frequency."""
    said = content.get("due", {})
    default = DEFAULT_DAYS[FREQUENCIES[content["frequency"]].months]
    return Rule(**{"days": default, **said})


def dates_of(period: Period, rule: Rule, days: WorkingDays, until: date | None = None) -> Dates:
    """Return the dates of a period. `until` is the date of an extension: it never makes them earlier."""
    last = period.last_day
    due = days.after(last, rule.days, rule.counted)
    late_after = days.after(due, rule.grace, rule.counted)
    if until and until > due:
        due, late_after = until, max(until, late_after)
    closes = None if rule.closes is None else late_after + timedelta(days=rule.closes)
    return Dates(last + timedelta(days=1 + rule.opens), due, late_after, closes)


def problem_of(rest: Collection[int]) -> bool:
    """Say whether these days of the week leave no day to work on."""
    return len(set(rest)) > 6
