"""How good released figures are, from what is released alone: sex stated, deliveries, timeliness, revisions, error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

from reports.published import figures
from reports.published.editions import Edition
from reports.published.figures import MISSING, NORMAL, Row
from reports.published.structure import NOT_BROKEN_DOWN, TIME, Structure
from reports.published.tree import NotTogether
from standards.periods import Period
from standards.sex import Figures

COLUMNS = 8  # periods that a table of the page shows


@dataclass(frozen=True)
class Share:
    """The part of a count of which sex is not stated.

    hidden: people without sex of the period who are not broken down, and may belong here.
    """

    figures: Figures
    status: str
    hidden: int = 0

    @property
    def unknown(self) -> float | None:
        """Return the least part in percent; None where too few are counted, or nothing."""
        coverage = self.figures.coverage
        return None if coverage is None else 100 - coverage

    @property
    def most(self) -> float | None:
        """Return the part in percent if all that are not broken down belonged here."""
        if self.unknown is None:
            return None
        return 100 * (self.figures.o + self.hidden) / (self.figures.total + self.hidden)

    @property
    def is_gap(self) -> bool:
        return self.status == MISSING and not self.figures.total


@dataclass(frozen=True)
class Delivery:
    """The deliveries of one agency: the periods, and whether the release lacks each."""

    agency: str
    late: list[tuple[str, bool]]

    @property
    def missing(self) -> int:
        return sum(is_late for _period, is_late in self.late)


@dataclass(frozen=True)
class Timeliness:
    """How many days after its end a period was released first, and in which release."""

    period: str
    days: int
    release: str


@dataclass(frozen=True)
class Revision:
    """How far the figures of a release moved from those of an earlier one, in the periods that both have.

    changed: periods whose total moved. mean: sum of absolute changes of totals in percent of the newer totals (Q15 of
    the domain brief), None where nothing is counted.
    """

    newer: str
    older: str
    periods: int
    changed: int
    mean: float | None


def unstated(edition: Edition, time: str, by: str = "") -> dict[str, dict[str, Share]]:
    """Return {code of `by`, empty without: {period: share}} of all records of a release, whatever they count.

    What is not broken down is no code of its own: its people without sex stand in `hidden` of every code.
    Raises NotTogether where no table has both columns.
    """
    names = [time, *([by] if by else [])]
    table = figures.tabulate(edition, names)
    found: dict[str, dict[str, Share]] = {}
    hidden = {row.codes[0]: row.figures.o for row in table.rows if NOT_BROKEN_DOWN in row.codes}
    for row in (row for row in table.rows if NOT_BROKEN_DOWN not in row.codes):
        code, period = row.codes[1] if by else "", row.codes[0]
        share = Share(row.figures, row.status, hidden.get(period, 0))
        found.setdefault(code, {})[period] = share
    order = [item.code for item in edition.structure.by_name[by].items] if by else [""]
    return {code: found[code] for code in order if code in found}


def by_place(edition: Edition, name: str) -> dict[str, Share]:
    """Return {code of a dimension: share without sex}, of the periods that are broken down by it; not of those who did not
    state the code either. Empty where nothing is broken down.

    A period where women or men are not broken down is not over, or too small: it is left out whole.
    """
    for time in reversed(times(edition.structure)):
        try:
            rows = figures.tabulate(edition, [time, name]).rows
        except NotTogether:
            continue
        left_out = {
            row.codes[0]
            for row in rows
            if row.codes[1] == NOT_BROKEN_DOWN and row.figures.f + row.figures.m
        }
        told = [row for row in rows if row.codes[0] not in left_out]
        hidden = sum(row.figures.o for row in told if row.codes[1] == NOT_BROKEN_DOWN)
        parts: dict[str, list[Figures]] = {}
        for row in told:
            if row.codes[1] != NOT_BROKEN_DOWN and not row.codes[1].endswith("_U"):
                parts.setdefault(row.codes[1], []).append(row.figures)
        base = edition.structure.base
        return {
            code: Share(figures.add_figures(some, base), NORMAL, hidden)
            for code, some in parts.items()
        }
    return {}


def most_often(shares: Mapping[str, Share]) -> tuple[list[str], bool]:
    """Return the codes whose sex is most often not stated, and whether that is certain.

    Certain is one code whose least share is above the largest that any other may have; else they are all that may have
    the largest.
    """
    told = {code: _ends(share) for code, share in shares.items() if share.unknown is not None}
    if not told:
        return [], False
    bar = max(least for least, _most in told.values())
    may_be = [code for code, (_least, most) in told.items() if most >= bar]
    return may_be, len(may_be) == 1 and len(told) > 1


def _ends(share: Share) -> tuple[Fraction, Fraction]:
    """Return the least and the largest part without sex, exactly: floats of the same part may differ."""
    counted, hidden = share.figures, share.hidden
    most = Fraction(counted.o + hidden, counted.total + hidden)
    return Fraction(counted.o, counted.total), most


def deliveries(edition: Edition) -> list[Delivery]:
    """Return the deliveries of every agency that a dataset comes from, oldest period first.

    An agency is expected from the first period that it delivered: before that nothing is missing.
    """
    late = {(missing.agency, missing.period) for missing in edition.missing}
    periods = edition.structure.periods
    agencies = sorted({*edition.structure.sources, *(agency for agency, _period in late)})
    return [
        Delivery(agency, [(period, (agency, period) in late) for period in periods])
        for agency in agencies
    ]


def held(edition: Edition) -> tuple[str, dict[str, dict[str, int]]]:
    """Return by which periods the shares of held rows are told, and {agency: {code: percent}}.

    They are the shortest of which every agency has a share that has one at all. Nothing where all are of too few rows,
    and in releases from before they were told.
    """
    structure, told = edition.structure, {}
    for time in times(structure):
        codes = {item.code for item in structure.by_name[time].items}
        found: dict[str, dict[str, int]] = {}
        for share in structure.held:
            if share.code in codes:
                found.setdefault(share.agency, {})[share.code] = share.percent
        told[time] = found
    return max(told.items(), key=lambda pair: (len(pair[1]), times(structure).index(pair[0])))


def timeliness(history: Sequence[Edition]) -> list[Timeliness]:
    """Return when each period was released first, newest period first. history: releases that are visible."""
    first: dict[str, Timeliness] = {}
    for edition in sorted(history, key=lambda one: one.released_at):
        for period in edition.structure.periods:
            days = (edition.released_at.date() - Period.parse(period).last_day).days
            first.setdefault(period, Timeliness(period, days, edition.name))
    return [first[period] for period in sorted(first, reverse=True)]


def median_days(told: Sequence[Timeliness]) -> float | None:
    return median(one.days for one in told) if told else None


def revisions(history: Sequence[Edition]) -> list[Revision]:
    """Return how each release changed what the one before it said, newest first."""
    ordered = sorted(history, key=lambda one: one.number, reverse=True)
    return [revision(newer, older) for newer, older in pairwise(ordered)]


def revision(newer: Edition, older: Edition) -> Revision:
    """Return how far the totals of the periods that two releases have in common moved."""
    now, before = (_totals(edition) for edition in (newer, older))
    common = [period for period in now if period in before]
    moved = [abs(now[period] - before[period]) for period in common]
    whole = sum(now[period] for period in common)
    mean = 100 * sum(moved) / whole if whole else None
    return Revision(newer.name, older.name, len(common), sum(map(bool, moved)), mean)


def times(structure: Structure) -> list[str]:
    """Return the columns of time, longest first."""
    return [*(longer.name for longer in reversed(structure.roll_ups)), TIME]


def _totals(edition: Edition) -> dict[str, int]:
    rows: list[Row] = figures.tabulate(edition, [TIME]).rows
    return {row.codes[0]: row.figures.total for row in rows if not row.gap}
