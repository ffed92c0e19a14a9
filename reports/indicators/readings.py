"""What indicators are worked out from and tell: cells, the question, readings. Pure: no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isinf

from reports.designs.indicators import Calculation
from reports.indicators.intervals import Count, Interval, added

FEW, NONE, NO_END, NO_YEAR_BEFORE = "few", "none", "no_end", "no_year_before"
UNSTATED = "unstated"


@dataclass(frozen=True)
class Cell:
    """The counts of one code (of the whole, where nothing is compared: the code is empty)."""

    code: str
    women: Count
    men: Count
    other: Count

    @property
    def stated(self) -> Count:
        return self.women + self.men


@dataclass(frozen=True)
class Reading:
    """One number of an indicator, or why there is none.

    part: a code, a sex, or empty. measure: what is told of it. of: the published denominator. low, high: what no
    truth can pass that rounds to the published counts. least, most: what it would be if all whose sex is not stated
    were men, or women; None where that says nothing.
    """

    part: str
    measure: str
    of: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Asked:
    """What a calculation works on: the cells of a period, those of the year before, the rule of the denominator.

    hidden: how many of other or not stated sex are not broken down; they may belong to any of the codes. bands: of
    codes that are amounts, from where to below where each goes. people: those among whom cases are counted.
    """

    cells: Sequence[Cell]
    least: int
    calculation: Calculation
    before: Sequence[Cell] | None = None
    hidden: int = 0
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    people: Cell | None = None


def whole_of(cells: Sequence[Cell]) -> Cell:
    """Return the cells added up, as one without a code."""
    women, men, other = (
        added([getattr(cell, name) for cell in cells]) for name in ("women", "men", "other")
    )
    return Cell("", women, men, other)


def too_few(part: str, measure: str, bottom: Count, least: int) -> Reading | None:
    """Return the reading that says why there is no value; None where the denominator is large enough."""
    if bottom.published >= least:
        return None
    return Reading(part, measure, bottom.published, why=FEW if bottom.published else NONE)


def reading(
    part: str,
    measure: str,
    bottom: Count,
    value: float,
    ends: Interval,
    times: int,
    unknown: Interval | None = None,
) -> Reading:
    """Return a number with its ends, all `times` as large; an end that is nowhere is None."""

    def written(number: float | None) -> float | None:
        return None if number is None or isinf(number) else number * times

    return Reading(
        part,
        measure,
        bottom.published,
        written(value),
        written(ends.low),
        written(ends.high),
        written(unknown.low if unknown else None),
        written(unknown.high if unknown else None),
    )
