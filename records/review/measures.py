"""The quality measures Q1–Q12 of a submission (domain brief 6.1) as numbers, and how each is judged. Pure.

S1 and S2 measure second entry, and stand only where an agency asks for it.

A measure is worked out of the facts of one period (`review.counting`), of the periods before it, and
of the days on which periods came. It is None where there is nothing to measure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from statistics import median
from typing import Any

from records.review.due_dates import days_late

Facts = Mapping[str, Any]
PERIODS = 12  # of history; Q1 looks at as many
BEFORE = 8  # periods that Q10 compares with
LEAST_UNITS, LEAST_BEFORE = 20, 4  # below which Q10 says nothing
LEAST_AGED = 50  # ages below which Q12 says nothing
OF_SECOND_ENTRY = ("S1", "S2")  # measures that stand only where an agency asks for it
LEAST_CELLS = 50  # records below which Q11 says nothing
MAD = 1.4826  # times the median absolute deviation: the standard deviation of a normal distribution


@dataclass(frozen=True)
class Delivered:
    """One period that was owed: its last day, when it was due, when it first came (None: not yet)."""

    ended: date
    due: date
    came: date | None


@dataclass(frozen=True)
class At:
    """A period with all that is known before it: facts and deliveries by period, oldest first."""

    period: str
    facts: Mapping[str, Facts]
    delivered: Mapping[str, Delivered]
    today: date

    @property
    def now(self) -> Facts:
        return self.facts.get(self.period, {})

    def earlier(self, count: int) -> list[Facts]:
        """Return the facts of so many periods before, the nearest first."""
        names = sorted((name for name in self.facts if name < self.period), reverse=True)
        return [self.facts[name] for name in names[:count]]


Formula = Callable[[At], float | None]


@dataclass(frozen=True)
class Limit:
    """How a measure is judged: what is still good, and from where it is far off."""

    good: float
    far: float
    at_least: bool = False

    def judge(self, value: float | None) -> str:
        """Return "good", "look" or "far"; "" where there is nothing to judge."""
        if value is None:
            return ""
        sign = 1 if self.at_least else -1
        if sign * value >= sign * self.good:
            return "good"
        return "look" if sign * value >= sign * self.far else "far"

    def excess(self, value: float) -> int:
        """Return how far a value lies beyond what is good, in tenths of its unit, rounded up; 0 where it is good."""
        return max(ceil(10 * (self.good - value if self.at_least else value - self.good)), 0)


@dataclass(frozen=True)
class Measure:
    """One line of the scorecard: its number, its level of validation (ESS, 0 to 5), formula and limit.

    unit: percent | days | points | records | number. rows: which rows are behind it: "" where none are.
    """

    code: str
    level: int
    unit: str
    formula: Formula = field(repr=False)
    limit: Limit
    rows: str = ""


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def unit_completeness(at: At) -> float | None:
    """Q1: of the last twelve periods that were owed, those that came, in percent."""
    owed = sorted(name for name in at.delivered if name <= at.period)[-PERIODS:]
    return _percent(sum(at.delivered[name].came is not None for name in owed), len(owed))


def record_completeness(at: At) -> float | None:
    """Q2: rows taken in, of these and the held ones, in percent."""
    rows, held = at.now.get("rows", 0), at.now.get("held", 0)
    return _percent(rows, rows + held)


def item_non_response(at: At) -> float | None:
    """Q3: records without the required variable that is stated least often, of those it applies to, in percent."""
    shares = [share for _name, _missing, share in non_responses(at.now)]
    return max(shares) if shares else None


def non_responses(facts: Facts) -> list[tuple[str, int, float]]:
    """Return the required variables that are not always stated: name, records without it, share in percent.

    The largest share stands first. Where all are always stated, one line without a name says so.
    """
    if "missing" not in facts:  # of a submission from before it was counted
        return []
    shares = shares_missing(facts["missing"])
    if facts.get("records") and not shares:
        return [("", 0, 0.0)]
    return shares


def shares_missing(counted: Mapping[str, Sequence[int]]) -> list[tuple[str, int, float]]:
    """Return name, records without it and their share in percent of each variable that some records lack."""
    shares = [
        (name, missing, 100 * missing / applies)
        for name, (missing, applies) in counted.items()
        if applies and missing
    ]
    return sorted(shares, key=lambda line: (-line[2], line[0]))


def sex_coverage(at: At) -> float | None:
    """Q4: records with a sex, of those that have one, in percent (5.1 G4: women, men and other markers).

    Firms, which send money too, have none and are left out.
    """
    no_sex = at.now.get("no_sex", 0)
    if no_sex is None:  # the instrument does not ask it
        return None
    having = at.now.get("records", 0) - at.now.get("sexless", 0)
    return _percent(having - no_sex, having)


def timeliness(at: At) -> float | None:
    """Q5: days from the end of the period until it was submitted; until today where it was not."""
    place = at.delivered.get(at.period)
    return None if place is None else ((place.came or at.today) - place.ended).days


def punctuality(at: At) -> float | None:
    """Q6: days after the due date on which it was submitted, or today; below 0 where it came before."""
    place = at.delivered.get(at.period)
    if place is None or (place.came is None and at.today <= place.due):
        return None
    return days_late(place.due, place.came or at.today)


def repeated(at: At) -> float | None:
    """Q7: rows that repeat an event of a person (key of the person, day, type of event), in percent."""
    again, rows = at.now.get("repeated", (0, 0))
    return _percent(again, rows)


def error_density(at: At) -> float | None:
    """Q8: errors of held rows, of all rows times the variables that are checked, in percent."""
    rows = at.now.get("rows", 0) + at.now.get("held", 0)
    return _percent(at.now.get("errors", 0), rows * at.now.get("variables", 0))


def unmapped(at: At) -> float | None:
    """Q9: values that no code list knows, of all values of coded variables, in percent."""
    strange = at.now.get("unmapped", 0)
    return _percent(strange, at.now.get("values", 0) + strange)


def outlier(at: At) -> float | None:
    """Q10: how far the number of records lies from the median of eight periods before, in robust deviations.

    |x − med| / (1.4826 · MAD). Nothing is said of fewer than twenty records, or after fewer than four periods.
    """
    now, before = at.now.get("records", 0), [f["records"] for f in at.earlier(BEFORE)]
    if len(before) < LEAST_BEFORE or max(now, *before) < LEAST_UNITS:
        return None
    middle = median(before)
    deviation = MAD * median(abs(number - middle) for number in before)
    away = abs(now - middle)
    # Where all periods brought the same, a twentieth of it is the measure.
    return away / (deviation or max(middle / 20, 1.0))


def structure_shift(at: At) -> float | None:
    """Q11: half the sum of what the shares of sex and age changed since the period before, in points of percent."""
    before = at.earlier(1)
    now, then = at.now.get("sex_age", {}), before[0].get("sex_age", {}) if before else {}
    whole, whole_then = sum(now.values()), sum(then.values())
    if min(whole, whole_then) < LEAST_CELLS:
        return None
    cells = {*now, *then}
    return 50 * sum(abs(now.get(c, 0) / whole - then.get(c, 0) / whole_then) for c in cells)


def heaping(at: At) -> float | None:
    """Q12: Whipple's index of ages 23 to 62 that end in 0 or 5: 100 where people prefer none, 500 where all do."""
    ends, ages = at.now.get("heaped", (0, 0))
    return 500 * ends / ages if ages >= LEAST_AGED else None


def typed_twice(at: At) -> float | None:
    """S1: of the records that a second person is to type again, those that were, in percent."""
    expected, again, _differed = at.now.get("twice", NO_SECOND)
    return _percent(again, expected)


def typed_alike(at: At) -> float | None:
    """S2: of the records that two persons typed, those that both typed alike, in percent."""
    _asked, again, differed = at.now.get("twice", NO_SECOND)
    return _percent(again - differed, again)


NO_SECOND = (0, 0, 0)
MEASURES: Sequence[Measure] = (
    Measure("Q5", 0, "days", timeliness, Limit(180, 365)),
    Measure("Q6", 0, "days", punctuality, Limit(0, 30)),
    Measure("Q9", 0, "percent", unmapped, Limit(1, 10), rows="held"),
    Measure("Q2", 1, "percent", record_completeness, Limit(98, 90, at_least=True), rows="held"),
    Measure("Q3", 1, "percent", item_non_response, Limit(5, 20), rows="missing"),
    Measure("Q4", 1, "percent", sex_coverage, Limit(98, 90, at_least=True), rows="sex"),
    Measure("Q8", 1, "percent", error_density, Limit(1, 10), rows="held"),
    Measure("S1", 1, "percent", typed_twice, Limit(100, 90, at_least=True), rows="typed_once"),
    Measure("S2", 1, "percent", typed_alike, Limit(98, 90, at_least=True), rows="differed"),
    Measure("Q7", 2, "percent", repeated, Limit(0.5, 5), rows="repeated"),
    Measure("Q12", 2, "number", heaping, Limit(125, 175), rows="heaped"),
    Measure("Q1", 3, "percent", unit_completeness, Limit(100, 75, at_least=True)),
    Measure("Q10", 3, "number", outlier, Limit(3.5, 7), rows="all"),
    Measure("Q11", 3, "points", structure_shift, Limit(10, 30), rows="by_sex"),
)
