"""The names of SDMX time periods: 2026, 2026-Q3 and 2026-10 as people say them."""

from datetime import date

from babel.dates import format_date


def period_name(period: str, language: str) -> str:
    """Return the period in words: `October 2026`, `Q3 2026`; what is no period stays as it is."""
    return _said(period, language, month="LLLL y", quarter="QQQ y")


def short_period_name(period: str, language: str) -> str:
    """Return the period as the axis of a chart has room for: `Oct 26`, `Q3 26`."""
    return _said(period, language, month="LLL yy", quarter="QQQ yy").replace(".", "")


def _said(period: str, language: str, *, month: str, quarter: str) -> str:
    year, _dash, part = period.partition("-")
    if not year.isdigit() or not part:
        return period
    if part.startswith("Q") and part[1:] in ("1", "2", "3", "4"):
        first = date(int(year), 3 * int(part[1:]) - 2, 1)
        return str(format_date(first, quarter, locale=language))
    if part.isdigit() and 1 <= int(part) <= 12:
        said = str(format_date(date(int(year), int(part), 1), month, locale=language))
        return said[:1].upper() + said[1:]
    return period


MONTHS = {"A": 12, "Q": 3, "M": 1}  # SDMX frequency -> months of a period


def last_periods(frequency: str, today: date, count: int) -> list[str]:
    """Return the last `count` SDMX periods that have ended by `today`, oldest first."""
    length = MONTHS[frequency]
    running = (today.year * 12 + today.month - 1) // length * length
    firsts = range(running - count * length, running, length)
    return [period_of(date(first // 12, first % 12 + 1, 1), frequency) for first in firsts]


def has_ended(period: str, frequency: str, today: date) -> bool:
    """Say whether a period is over: periods of one frequency order as texts."""
    return period < period_of(today, frequency)


def period_of(day: date, frequency: str) -> str:
    """Return the SDMX period of frequency A, Q or M that holds the day."""
    if frequency == "M":
        return f"{day.year}-{day.month:02}"
    return f"{day.year}-Q{(day.month + 2) // 3}" if frequency == "Q" else str(day.year)


def periods_between(first: str, last: str) -> list[str]:
    """Return all SDMX periods from the first to the last, of their frequency: 2026, 2026-Q3 or 2026-07."""
    parts = 4 if "Q" in first else 12 if "-" in first else 1
    numbers = range(_number(first, parts), _number(last, parts) + 1)
    names = {1: "{0}", 4: "{0}-Q{1}", 12: "{0}-{1:02}"}[parts]
    return [names.format(number // parts, number % parts + 1) for number in numbers]


def _number(period: str, parts: int) -> int:
    year, _dash, part = period.partition("-")
    return int(year) * parts + (int(part.strip("Q")) - 1 if part else 0)
