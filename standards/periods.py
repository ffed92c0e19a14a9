"""Periods of time: what instruments ask for and figures are published by, in the notation of SDMX.

    2026-10   a month             2026-Q3   a quarter         2026-S2   a half-year
    2026      a calendar year     2025-A1   an academic year: 1 September 2025 to 31 August 2026

`2025-A1` is SDMX's reporting year: the year that begins in 2025 on the day that the attribute
REPORTING_YEAR_START_DAY names. The portal has one such day besides 1 January, `--09-01`, so a period
explains itself. A frequency is SDMX's code (CL_FREQ), for the academic year followed by that day:
`A/--09-01`. Periods of one frequency have the order of their texts, which have seven characters at most.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering

from babel.dates import format_date


@dataclass(frozen=True)
class Frequency:
    """How a year is cut: months of a period, the month a year begins in, how periods are written.

    `sdmx` is the code of CL_FREQ, `parts` the number of periods in a year.
    """

    code: str
    sdmx: str
    months: int
    begins: int
    form: str

    @property
    def parts(self) -> int:
        return 12 // self.months


ACADEMIC = "A/--09-01"
FREQUENCIES = {
    frequency.code: frequency
    for frequency in (
        Frequency("M", "M", 1, 1, "{year}-{part:02}"),
        Frequency("Q", "Q", 3, 1, "{year}-Q{part}"),
        Frequency("S", "S", 6, 1, "{year}-S{part}"),
        Frequency("A", "A", 12, 1, "{year}"),
        Frequency(ACADEMIC, "A", 12, 9, "{year}-A{part}"),
    )
}
NOTATION = re.compile(r"(\d{4})(?:-(?:([QSA])(\d)|(\d{2})))?")
ACADEMIC_YEAR = re.compile(r"(\d{4})\s*[/–—-]\s*(\d{4}|\d{2})")  # 2025/26, 2025-2026


class InvalidPeriod(ValueError):
    """A text is no period; the message is the text."""


@total_ordering
@dataclass(frozen=True)
class Period:
    """A period of a frequency: its year and its part of the year, from 1."""

    frequency: str
    year: int
    part: int = 1

    def __str__(self) -> str:
        return FREQUENCIES[self.frequency].form.format(year=self.year, part=self.part)

    def __lt__(self, other: "Period") -> bool:
        return (self.first_day, other.last_day) < (other.first_day, self.last_day)

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read the notation of SDMX. Raises InvalidPeriod."""
        match = NOTATION.fullmatch(text)
        if match is None:
            raise InvalidPeriod(text)
        year, letter, part, month = match.groups()
        frequency = {"A": ACADEMIC, None: "M" if month else "A"}.get(letter, letter)
        period = cls(frequency, int(year), int(part or month or 1))
        if not 1 <= period.part <= FREQUENCIES[frequency].parts or period.year < 1:
            raise InvalidPeriod(text)
        return period

    @classmethod
    def of(cls, day: date, frequency: str) -> "Period":
        """Return the period that holds the day."""
        cut = FREQUENCIES[frequency]
        months = day.year * 12 + day.month - cut.begins
        return cls(frequency, months // 12, months % 12 // cut.months + 1)

    @property
    def first_day(self) -> date:
        cut = FREQUENCIES[self.frequency]
        months = self.year * 12 + cut.begins - 1 + (self.part - 1) * cut.months
        return date(months // 12, months % 12 + 1, 1)

    @property
    def last_day(self) -> date:
        return self.next().first_day - timedelta(days=1)

    def next(self, steps: int = 1) -> "Period":
        """Return the period so many steps later, or earlier where `steps` is negative."""
        parts = FREQUENCIES[self.frequency].parts
        number = self.year * parts + self.part - 1 + steps
        return Period(self.frequency, number // parts, number % parts + 1)

    def to(self, last: "Period") -> Iterator["Period"]:
        """Yield all periods from this one to the last, which has the same frequency."""
        period = self
        while period <= last:
            yield period
            period = period.next()

    def within(self, frequency: str) -> "Period":
        """Return the longer period that holds this one: the quarter of a month.

        Raises InvalidPeriod where there is none: no quarter holds a year, no calendar year an academic one.
        """
        longer = Period.of(self.first_day, frequency)
        if self.last_day not in longer:
            raise InvalidPeriod(f"{self} lies in no period of frequency {frequency}")
        return longer

    def name(self, language: str) -> str:
        """Return the period in words: `October 2026`, `Q3 2026`, `2025/26`."""
        return self._name(language, month="LLLL y", quarter="QQQ y", year=str(self.year))

    def short_name(self, language: str) -> str:
        """Return the period as the axis of a chart has room for: `Oct 26`, `Q3 26`."""
        name = self._name(language, month="LLL yy", quarter="QQQ yy", year=f"{self.year % 100:02}")
        return name.replace(".", "")

    def _name(self, language: str, *, month: str, quarter: str, year: str) -> str:
        if self.frequency == "M":
            name = str(format_date(self.first_day, month, locale=language))
            return name[:1].upper() + name[1:]
        if self.frequency == "Q":
            return str(format_date(self.first_day, quarter, locale=language))
        if self.frequency == "S":
            return f"S{self.part} {year}"
        return (
            f"{self.year}/{(self.year + 1) % 100:02}" if self.frequency == ACADEMIC else str(self)
        )


def read_period(text: str, frequency: str) -> Period | None:
    """Return the period of this frequency that a person wrote: 2026-10, 10.2026, 2025/26, 2025-2026.

    None where the text is no such period; of an academic year both years must be stated and follow
    each other, because a single year could be either.
    """
    text = text.strip()
    if frequency == ACADEMIC and (match := ACADEMIC_YEAR.fullmatch(text)):
        first, second = int(match[1]), match[2]
        follows = str(first + 1).endswith(second)
        return Period(ACADEMIC, first) if follows and first else None
    if frequency == "M" and (match := re.fullmatch(r"(\d{1,2})[./](\d{4})", text)):
        text = f"{match[2]}-{int(match[1]):02}"
    try:
        period = Period.parse(text.upper())
    except InvalidPeriod:
        return None
    return period if period.frequency == frequency else None


def period_name(period: str, language: str) -> str:
    """Return the period in words, as it stands alone; what is no period stays as it is."""
    try:
        return Period.parse(period).name(language)
    except InvalidPeriod:
        return period


def period_in_text(period: str, language: str) -> str:
    """Return the period in words within a sentence: in Russian and Turkmen a month has no capital letter there."""
    name = period_name(period, language)
    begins_with_month = language != "en" and name != period and "-" in period
    return name[:1].lower() + name[1:] if begins_with_month and period[5:6].isdecimal() else name


def short_period_name(period: str, language: str) -> str:
    """Return the period as the axis of a chart has room for; what is no period stays as it is."""
    try:
        return Period.parse(period).short_name(language)
    except InvalidPeriod:
        return period


def last_periods(frequency: str, today: date, count: int) -> list[str]:
    """Return the last `count` periods that have ended by `today`, oldest first."""
    running = Period.of(today, frequency)
    return [str(running.next(-steps)) for steps in range(count, 0, -1)]


def has_ended(period: str, frequency: str, today: date) -> bool:
    """Say whether a period is over: periods of one frequency order as texts."""
    return period < period_of(today, frequency)


def period_of(day: date, frequency: str) -> str:
    """Return the period of a frequency that holds the day."""
    return str(Period.of(day, frequency))


def periods_between(first: str, last: str) -> list[str]:
    """Return all periods from the first to the last, which have one frequency. Raises InvalidPeriod."""
    return [str(period) for period in Period.parse(first).to(Period.parse(last))]


def roll_up(period: str, to: str) -> str:
    """Return the period of the frequency `to` that holds a period: 2026-08 lies in 2026-Q3 and 2026.

    Raises InvalidPeriod where none does: it is longer, or lies in two of them.
    """
    return str(Period.parse(period).within(to))
