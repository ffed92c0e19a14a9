"""The scorecard of a submission: its measures with the agency's own history, and how odd it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from records.instruments.spec import Spec
from records.instruments.versions import spec_of
from records.models import Submission, SubmissionCounts
from records.review import calendar
from records.review.measures import (
    MEASURES,
    NO_SECOND,
    OF_SECOND_ENTRY,
    PERIODS,
    At,
    Delivered,
    Facts,
    Measure,
    non_responses,
    shares_missing,
)
from standards.periods import FREQUENCIES, Period
from standards.trends import Trend, trend_of

# Periods whose facts are read: twelve are shown, and each is measured by those before it.
KEPT = 2 * PERIODS
RULE = "scorecard."  # before the code of a measure that is answered
LEVELS = {
    0: gettext_lazy("0. Delivery and file"),
    1: gettext_lazy("1. Within a record"),
    2: gettext_lazy("2. Between records"),
    3: gettext_lazy("3. Earlier periods"),
    4: gettext_lazy("4. Other instruments"),
    5: gettext_lazy("5. Other agencies"),
}
TEXTS = {
    "Q1": (
        gettext_lazy("Periods delivered"),
        gettext_lazy("of the last twelve that were owed: all"),
    ),
    "Q2": (gettext_lazy("Rows taken in"), gettext_lazy("of all rows of the files: at least 98%")),
    "Q3": (
        gettext_lazy("Not stated"),
        gettext_lazy("the required variable stated least often: at most 5%"),
    ),
    "Q4": (gettext_lazy("Sex stated"), gettext_lazy("at least 98%")),
    "Q5": (
        gettext_lazy("Days after the period"),
        gettext_lazy("until it was submitted: at most 180"),
    ),
    "Q6": (
        gettext_lazy("Days after the due date"),
        gettext_lazy("in days of the calendar: at most 0"),
    ),
    "Q7": (
        gettext_lazy("Repeated events of a person"),
        gettext_lazy("of rows with a key of the person: at most 0.5%"),
    ),
    "Q8": (gettext_lazy("Errors"), gettext_lazy("of all values that are checked: at most 1%")),
    "Q9": (
        gettext_lazy("Values not in the lists"),
        gettext_lazy("of all coded values: at most 1%"),
    ),
    "S1": (
        gettext_lazy("Typed twice"),
        gettext_lazy("of the records that a second person is to type again: all"),
    ),
    "S2": (
        gettext_lazy("Typed alike"),
        gettext_lazy("of the records that two persons typed: at least 98%"),
    ),
    "Q10": (
        gettext_lazy("Number of records"),
        gettext_lazy("robust deviations from eight periods before: at most 3.5"),
    ),
    "Q11": (
        gettext_lazy("Shift of sex and age"),
        gettext_lazy("since the period before: at most 10 points"),
    ),
    "Q12": (
        gettext_lazy("Ages ending in 0 or 5"),
        gettext_lazy("100 is usual, above 125 ages were guessed"),
    ),
}


@dataclass(frozen=True)
class Line:
    """One line of the scorecard.

    value, year_before: of this period and of the same a year before; history: (period, value) of twelve
    periods, this one the last; judged: good | look | far | "" where nothing can be judged; about: what the
    number is of, where the measure alone does not say it; rows: the word of `review.rows_behind`.
    """

    measure: Measure
    value: float | None
    year_before: float | None
    history: Sequence[tuple[str, float | None]]
    judged: str
    about: str = ""
    rows: str = ""

    @property
    def label(self) -> str:
        return str(TEXTS[self.measure.code][0])

    @property
    def hint(self) -> str:
        return str(TEXTS[self.measure.code][1])

    @property
    def is_measured(self) -> bool:
        """Say whether there was something to measure in this period or one that is shown."""
        return any(value is not None for _period, value in self.history)

    @property
    def rule(self) -> str:
        """The name under which the agency answers it as it answers a warning; "" where nothing is to be said."""
        return f"{RULE}{self.measure.code}" if self.judged in ("look", "far") else ""

    @property
    def excess(self) -> int:
        """How far it lies beyond its limit, in tenths of its unit, rounded up."""
        return 0 if self.value is None else self.measure.limit.excess(self.value)

    @property
    def trend(self) -> Trend | None:
        return trend_of([value for _period, value in self.history])


@dataclass(frozen=True)
class Level:
    """The measures of one level of validation (ESS handbook, 0 to 5)."""

    label: str
    lines: Sequence[Line]


def scorecard(
    submission: Submission, facts: Facts, *, submitting: Sequence[calendar.Expected] = ()
) -> list[Line]:
    """Return the measures of a submission that holds `facts`, in the order of their levels.

    Those of second entry stand where one of the periods that are shown has it.

    submitting: `owed_until` of one that comes today, if it never came before. As many queries after two years as after one month.
    """
    known = history(submission) | {submission.period: facts}
    delivered = _delivered(submitting or owed_until(submission))
    here = delivered.get(submission.period)
    if submitting and here and here.came is None:
        delivered[submission.period] = replace(here, came=timezone.localdate())
    period = Period.parse(submission.period)
    shown = [str(period.next(-step)) for step in reversed(range(PERIODS))]
    year = str(period.next(-FREQUENCIES[period.frequency].parts))
    spec = spec_of(submission.instrument_version)

    def at(name: str) -> At:
        return At(name, known, delivered, timezone.localdate())

    lines = [_line(measure, at, shown, year, spec) for measure in MEASURES]
    return [line for line in lines if line.measure.code not in OF_SECOND_ENTRY or line.is_measured]


def days_late(lines: Sequence[Line]) -> int | None:
    """Return how many days after the due date it was submitted; None where it was not due."""
    late = next(line.value for line in lines if line.measure.code == "Q6")
    return None if late is None else int(late)


def by_level(lines: Sequence[Line]) -> list[Level]:
    """Return the lines under the names of their levels."""
    return [
        Level(str(label), [line for line in lines if line.measure.level == number])
        for number, label in LEVELS.items()
    ]


def out_of_limits(lines: Sequence[Line]) -> int:
    """Return how many measures are out of their limits."""
    return sum(line.judged in ("look", "far") for line in lines)


def odd(lines: Sequence[Line]) -> int:
    """Return how many measures of what it holds are out of their limits: lateness is told by itself."""
    return out_of_limits([line for line in lines if line.measure.unit != "days"])


def history(submission: Submission) -> dict[str, Facts]:
    """Return the facts of the periods before, by period, in one query."""
    earlier = SubmissionCounts.objects.filter(
        submission__agency=submission.agency_id,
        submission__instrument=submission.instrument_id,
        submission__period__lt=submission.period,
    )
    rows = earlier.order_by("-submission__period").values_list("submission__period", "facts")
    return dict(rows[:KEPT])


def _line(measure: Measure, at: Any, shown: Sequence[str], year: str, spec: Spec) -> Line:
    places = {name: at(name) for name in {*shown, year}}
    values = {
        name: measure.formula(place) if _is_known(measure, place) else None
        for name, place in places.items()
    }
    here = shown[-1]
    value = values[here]
    rows, about = _behind(measure, places[here].now, spec)
    return Line(
        measure,
        value,
        values[year],
        [(name, values[name]) for name in shown],
        measure.limit.judge(value),
        about,
        rows if value is not None and (measure.rows != "missing" or about) else "",
    )


def _is_known(measure: Measure, place: At) -> bool:
    """Say whether a period has what the measure is made of: rows, or a day on which it was due."""
    return place.period in place.delivered or bool(place.now)


def _behind(measure: Measure, facts: Facts, spec: Spec) -> tuple[str, str]:
    """Return the word for the rows behind a measure, and what it is about."""
    if measure.rows == "sex":
        return ("missing:sex" if facts.get("no_sex") else ""), ""
    if measure.rows == "missing":
        for name, missing, _share in non_responses(facts):
            if name in spec.by_name and missing:
                return f"missing:{name}", name
        return "", ""
    if measure.rows == "held":
        counted = {"Q8": "errors", "Q9": "unmapped"}.get(measure.code, "held")
        return ("held" if facts.get(counted) else ""), ""
    return (measure.rows if _number_behind(measure, facts) else ""), ""


def _number_behind(measure: Measure, facts: Facts) -> int:
    """Return how many rows are behind a measure of which the facts tell it; 0 where none is."""
    expected, again, differed = facts.get("twice", NO_SECOND)
    numbers = {
        "repeated": facts.get("repeated", [0])[0],
        "heaped": facts.get("heaped", [0])[0],
        "typed_once": expected - again,
        "differed": differed,
        "all": facts.get("rows", 0),
        "by_sex": facts.get("rows", 0),
    }
    return int(numbers.get(measure.rows, 0))


def owed_until(submission: Submission) -> list[calendar.Expected]:
    """Return what was owed in the periods that a submission is compared with, oldest first; itself the last."""
    period = Period.parse(submission.period)
    return calendar.deliveries(submission.agency, submission.instrument, period, KEPT)


def _delivered(entries: Sequence[calendar.Expected]) -> dict[str, Delivered]:
    return {
        entry.period: Delivered(
            Period.parse(entry.period).last_day, entry.dates.due, entry.first_on
        )
        for entry in entries
    }


def missing_lines(facts: Facts, spec: Spec) -> Iterator[tuple[str, int, float]]:
    """Yield each variable, optional ones too, that is not always stated: name, records without it, percent."""
    both = {**facts.get("missing", {}), **facts.get("optional", {})}
    for name, missing, share in shares_missing(both):
        if name in spec.by_name:
            yield name, missing, share
