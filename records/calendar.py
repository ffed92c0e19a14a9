"""Which periods have ended: what agencies are expected to have delivered."""

from datetime import date

from records.spec import period_of

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
