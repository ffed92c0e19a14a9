"""The series of an indicator over time, worked out from the published figures of one release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reports.designs.indicators import Indicator, SeriesDesign
from reports.indicators import rounding
from reports.indicators.calculations import CALCULATIONS
from reports.indicators.readings import Asked, Cell, Reading
from reports.published import figures
from reports.published.editions import Edition, current_editions
from reports.published.figures import NORMAL, Row, Table, add_figures
from reports.published.query import with_headline
from reports.published.structure import NOT_BROKEN_DOWN, TIME, Structure
from reports.published.tree import NotTogether, holding
from standards.periods import FREQUENCIES, Period
from standards.sex import Figures

# What a reader calls a column of time, and the frequency of what it holds.
WORDS = {"QUARTER": "quarter", "YEAR": "year"}
OWN = {"M": "month", "Q": "quarter", "S": "half", "A": "year"}
ENOUGH = 3  # whole years from which a series is shown by year
# Part of the women or of the men that is not broken down, above which nothing is said of codes: small groups are not
# broken down, so it is the smaller sex that would be missing from them.
MOST_UNBROKEN = 0.1
NOT_DELIVERED, UNBROKEN = "not_delivered", "not_broken_down"
REMEMBERED = 500  # series


@dataclass(frozen=True)
class Point:
    """What an indicator says of one period (and of one code of a breakdown, else `code` is empty).

    figures: everybody who is counted, for coverage; unbroken: the part of the women, or of the men where it is larger,
    that is not broken down by what is compared. before: the period that a change is measured from.
    """

    period: str
    code: str
    status: str
    figures: Figures
    readings: tuple[Reading, ...]
    unbroken: float = 0.0
    before: str = ""

    @property
    def is_whole(self) -> bool:
        """Say whether no delivery and no period of it is missing."""
        return self.status == NORMAL

    def reading(self, measure: str, part: str = "") -> Reading | None:
        return next((r for r in self.readings if (r.measure, r.part) == (measure, part)), None)

    @property
    def says_something(self) -> bool:
        return any(reading.value is not None for reading in self.readings)


@dataclass(frozen=True)
class Series:
    """A series of an indicator: its points, oldest first. time: the column of the periods; by: of the breakdown.

    per: the release of the people among whom cases are counted, where the design names their dataset and it is released.
    """

    indicator: Indicator
    design: SeriesDesign
    edition: Edition
    time: str
    points: tuple[Point, ...]
    by: str = ""
    per: Edition | None = None

    @property
    def latest(self) -> Point | None:
        """Return the newest period that is whole and has a value; else the newest that has one."""
        told = [point for point in self.points if point.says_something]
        return next((p for p in reversed(told) if p.is_whole), told[-1] if told else None)

    @property
    def where(self) -> dict[str, list[str]]:
        return where_of(self.edition.structure, self.design)


def where_of(structure: Structure, design: SeriesDesign) -> dict[str, list[str]]:
    """Return what a series counts: its own conditions, else the headline of the dataset."""
    if design.where:
        return {name: list(codes) for name, codes in design.where.items()}
    return with_headline(structure, {})


def times(structure: Structure, design: SeriesDesign, by: str = "") -> dict[str, str]:
    """Return by which periods a series can be had: {year: YEAR, quarter: QUARTER, month: TIME_PERIOD}."""
    own = OWN[FREQUENCIES[structure.frequency].sdmx]
    words = {own: TIME, **{WORDS[longer.name]: longer.name for longer in structure.roll_ups}}
    longest_first = dict(reversed(words.items()))
    return {
        word: name for word, name in longest_first.items() if _is_held(structure, design, name, by)
    }


def usual_time(structure: Structure, design: SeriesDesign, by: str = "") -> str:
    """Return by which periods a series is shown first: years where there are enough, else the next shorter ones."""
    held = times(structure, design, by)
    if not held:
        return ""
    names = list(held.values())
    whole = [
        item.code
        for item in structure.by_name[names[0]].items
        if structure.whole(names[0], item.code)
    ]
    return names[0] if len(whole) >= ENOUGH else names[min(1, len(names) - 1)]


def work_out(
    indicator: Indicator, design: SeriesDesign, edition: Edition, time: str, by: str = ""
) -> Series:
    """Return a series by the periods of the column `time`, for every code of the dimension `by` where one is named.

    People among whom cases are counted are those of the newest release of their dataset. Raises NotTogether where no
    table of the release has these columns together.
    """
    released = current_editions() if design.per and not by else ()
    per = next((e for e in released if e.dataset == design.per), None)
    return _worked_out(indicator, design, edition, time, by, per)


@lru_cache(maxsize=REMEMBERED)
def _worked_out(
    indicator: Indicator,
    design: SeriesDesign,
    edition: Edition,
    time: str,
    by: str,
    per: Edition | None,
) -> Series:
    where = where_of(edition.structure, design)
    names = [name for name in (time, by, design.over) if name]
    table = figures.tabulate(edition, names, where)
    reached = Reached(rounding.reach(edition, names, where), names, where)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        groups.setdefault((row.codes[0], row.codes[1] if by else ""), []).append(row)
    periods = {key: _period(table, design, rows, reached) for key, rows in groups.items()}
    bands = _bands(edition.structure, design.over)
    people = None
    if design.per and not by:
        people = _people(per, time, where) if per else {}
    points = tuple(_point(indicator, key, periods, bands, people) for key in periods)
    return Series(indicator, design, edition, time, points, by, per)


def _people(edition: Edition, time: str, where: Mapping[str, list[str]]) -> dict[str, Cell]:
    """Return the people among whom cases are counted, by period; a period that was not delivered is left out."""
    table = figures.tabulate(edition, [time], where)
    reached = Reached(rounding.reach(edition, [time], where), [time], where)
    return {
        row.codes[0]: Cell(
            "",
            *(rounding.count(row.figures, sex, reached.of(edition, row)) for sex in rounding.SEXES),
        )
        for row in table.rows
        if not row.gap
    }


def of_latest(indicator: Indicator, design: SeriesDesign, edition: Edition) -> Point | None:
    """Return the newest whole year that says something; else the newest shorter period."""
    found = None
    for time in times(edition.structure, design).values():
        latest = work_out(indicator, design, edition, time).latest
        if latest and latest.is_whole:
            return latest
        found = found or latest
    return found


@dataclass(frozen=True)
class Reached:
    """How far the rows of a table can be from the truth."""

    rows: rounding.Reach
    names: Sequence[str]
    where: Mapping[str, Sequence[str]]

    def of(self, edition: Edition, row: Row) -> Mapping[str, tuple[int, int]]:
        known = self.rows.get(row.codes)
        return known or rounding.nothing(edition, self.names, self.where, row.codes)


@dataclass(frozen=True)
class _Counted:
    """The counts of one period and one code of the breakdown."""

    cells: list[Cell]
    figures: Figures
    status: str
    unbroken: float
    hidden: int
    is_gap: bool


def _period(table: Table, design: SeriesDesign, rows: Sequence[Row], reached: Reached) -> _Counted:
    """Count a period. A code without any row is counted, too: it is published as 0, which is not always nobody."""
    told = [row for row in rows if not design.over or row.codes[-1] != NOT_BROKEN_DOWN]
    base = table.edition.structure.base
    whole, parts = (add_figures((r.figures for r in some), base) for some in (rows, told))
    cells = []
    for row in [*told, *_rows_that_are_not_there(table, design, rows)]:
        ends = reached.of(table.edition, row)
        women, men, other = (rounding.count(row.figures, sex, ends) for sex in rounding.SEXES)
        cells.append(Cell(row.codes[-1] if design.over else "", women, men, other))
    status = next((row.status for row in rows if row.status != NORMAL), NORMAL)
    sexes = ((whole.f, parts.f), (whole.m, parts.m))
    unbroken = max((1 - part / every for every, part in sexes if every), default=0.0)
    is_gap = all(row.gap for row in rows)
    return _Counted(cells, whole, status, unbroken, whole.o - parts.o, is_gap)


def _rows_that_are_not_there(table: Table, design: SeriesDesign, rows: Sequence[Row]) -> list[Row]:
    if not design.over:
        return []
    items = table.edition.structure.by_name[design.over].items
    there = {NOT_BROKEN_DOWN, *(row.codes[-1] for row in rows)}
    nobody = add_figures((), table.edition.structure.base)
    first = rows[0].codes[:-1]
    return [Row((*first, item.code), nobody) for item in items if item.code not in there]


def _bands(structure: Structure, over: str) -> dict[str, tuple[float, float]]:
    """Return from where to below where the codes of a dimension go that are amounts."""
    amounts = structure.by_name[over].amounts if over else None
    return amounts.limits if amounts else {}


def _point(
    indicator: Indicator,
    key: tuple[str, str],
    periods: Mapping[tuple[str, str], _Counted],
    bands: Mapping[str, tuple[float, float]],
    people: Mapping[str, Cell] | None,
) -> Point:
    """Work out one period. people: by period those among whom cases are counted; None where it needs none."""
    counted, calculation = periods[key], indicator.calculation
    if calculation is None:
        raise ValueError(f"{indicator.code} has no calculation")
    earlier, before = "", None
    if calculation.kind == "change":
        earlier = _year_before(key[0])
        before = periods.get((earlier, key[1]))
    parts = [part for part in (counted, before) if part]
    cells = before.cells if before else None
    among = people.get(key[0]) if people else None
    readings = CALCULATIONS[calculation.kind](
        Asked(counted.cells, indicator.least, calculation, cells, counted.hidden, bands, among)
    )
    lacks_people = people is not None and among is None
    if lacks_people or any(part.is_gap for part in parts):
        readings = _without_values(readings, NOT_DELIVERED)
    elif any(part.unbroken > _most_unbroken(calculation.kind) for part in parts):
        readings = _without_values(readings, UNBROKEN)
    status = next((part.status for part in parts if part.status != NORMAL), NORMAL)
    unbroken = max(part.unbroken for part in parts)
    return Point(
        *key, status, counted.figures, tuple(readings), unbroken, earlier if before else ""
    )


def _most_unbroken(kind: str) -> float:
    """Return what part may lack a code. Of rates none: what is not broken down may all be of the code that is counted."""
    return 0.0 if kind == "rates" else MOST_UNBROKEN


def _without_values(readings: Sequence[Reading], why: str) -> list[Reading]:
    """Return the same readings without numbers: of the whole where they would be of single codes."""
    kinds = dict.fromkeys((r.measure, r.part if r.part in ("F", "M") else "") for r in readings)
    kinds = kinds or {("share", ""): None}  # only shares say nothing of codes that nobody has
    return [Reading(part, measure, 0, why=why) for measure, part in kinds]


def _year_before(period: str) -> str:
    """Return the same period of the year before: 2025-Q1 of 2026-Q1."""
    parsed = Period.parse(period)
    return str(parsed.next(-FREQUENCIES[parsed.frequency].parts))


def _is_held(structure: Structure, design: SeriesDesign, time: str, by: str) -> bool:
    names = [name for name in (time, by, design.over) if name]
    if any(name not in structure.by_name for name in names):
        return False
    where = where_of(structure, design)
    if any(name not in structure.by_name for name in where):
        return False
    try:
        holding(structure, names, where)
    except NotTogether:
        return False
    return True
