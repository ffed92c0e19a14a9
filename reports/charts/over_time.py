"""The largest codes of a dimension over time: which they are, over which periods, and what the chart says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import ClassVar

from django.utils.translation import gettext as _

from reports.charts.drawing import DrawFunction, by_sex, sex_name
from reports.charts.findings import Finding, Span, is_rest, label_of, newest_year, of_trend
from reports.charts.kind import Kind
from reports.charts.panels import panels
from reports.charts.year_before import year_of
from reports.published import figures
from reports.published.editions import Edition
from reports.published.figures import NORMAL, Row, Table
from reports.published.query import Codes
from reports.published.structure import NOT_BROKEN_DOWN, ROLL_UPS, TIME, Dimension, Structure
from reports.published.tree import can_be_had
from standards import numbers
from standards.periods import FREQUENCIES, period_name
from standards.translation import active_language

LEAST_POINTS = 4  # of a line
QUARTER = 3  # months: shorter periods have too many points for a small panel
LARGEST = 9  # codes that have a panel


def time_of(structure: Structure, name: str) -> str:
    """Return the finest column of quarters or years that can be had beside a dimension and has enough whole periods;
    empty where none has."""
    for time in (TIME, *ROLL_UPS):
        if not can_be_had(structure, [name, time]):
            continue
        frequency = structure.frequency if time == TIME else ROLL_UPS[time][0]
        whole = [p for p in structure.by_name[time].items if structure.whole(time, p.code)]
        if FREQUENCIES[frequency].months >= QUARTER and len(whole) >= LEAST_POINTS:
            return time
    return ""


def of_panels(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the code for which the number of women changed most against the year before; else the trend of the first."""
    compared = {code: spans for code, of in _lines(rows) if len(spans := newest_year(of)) > 1}
    if not compared:
        code, of = next(_lines(rows))
        words = {"name": label_of(dimension, code), "finding": of_trend(of, dimension)}
        return _("%(name)s. %(finding)s") % words
    most = max(compared, key=lambda code: _change(*compared[code]))
    newest, before = compared[most]
    return _(
        "%(name)s: the number of women changed most, from %(women_first)s (%(first)s) "
        "to %(women_last)s (%(last)s)"
    ) % {
        "name": label_of(dimension, most),
        "first": before.label,
        "last": newest.label,
        "women_first": numbers.count(before.figures.f),
        "women_last": numbers.count(newest.figures.f),
    }


@dataclass(frozen=True)
class OverTime(Kind):
    """Small lines of the largest codes of a dimension. time: the column of their periods."""

    time: str = TIME
    draw: DrawFunction = panels
    finding: Finding = of_panels
    in_detail: ClassVar[bool] = True

    @property
    def by(self) -> list[str]:
        return [self.dimension, self.time]

    def table(self, edition: Edition, where: Codes) -> Table:
        """Return the figures of the largest codes, the largest first, over the periods that are chosen.

        Of one year all periods up to its end, so that one sees how it came to that. Which are the largest, the chosen
        periods decide.
        """
        ranked = self._ranked(edition, where)
        largest = [row.codes[0] for row in ranked if _is_named(row)][:LARGEST]
        limited = {**_up_to(edition.structure, where), self.dimension: largest}
        return self.ordered(figures.tabulate(edition, self.by, limited))

    def ordered(self, table: Table) -> Table:
        order = list(table.where.get(self.dimension, ()))
        if not order:
            return table
        return replace(table, rows=sorted(table.rows, key=lambda row: order.index(row.codes[0])))

    def groups(self, table: Table) -> list[tuple[str, list[tuple[str, Row]]]]:
        dimension = table.edition.structure.by_name[self.dimension]
        return [
            (
                label_of(dimension, code),
                [(period_name(row.codes[1], active_language()), row) for row in of],
            )
            for code, of in _by_code(table.rows)
        ]

    def is_enough(self, rows: Sequence[Row], table: Table) -> bool:
        whole = {row.codes[1] for row in rows if row.status == NORMAL}
        return len(whole) >= LEAST_POINTS and any(row.figures.total for row in rows)

    def in_words(self, table: Table) -> Table:
        """Return the table without its codes as a condition: they stand above the panels."""
        where = {name: codes for name, codes in table.where.items() if name != self.dimension}
        return replace(table, where=where)

    def left_out(self, table: Table, where: Codes) -> list[str]:
        """Return which codes have no panel, with how many each has in the periods of the chart."""
        drawn, shown = table.where.get(self.dimension, ()), _up_to(table.edition.structure, where)
        rest = [r for r in self._ranked(table.edition, shown) if r.codes[0] not in drawn]
        dimension = table.edition.structure.by_name[self.dimension]
        smaller = [row for row in rest if _is_named(row)]
        parts = [
            f"{label_of(dimension, row.codes[0])} ({numbers.count(row.figures.total)})"
            for row in rest
            if row.figures.total and not _is_named(row)
        ]
        if smaller:
            count = sum(row.figures.total for row in smaller)
            words = {"codes": len(smaller), "n": numbers.count(count)}
            parts.insert(0, _("%(codes)s smaller ones (%(n)s)") % words)
        notes = [_("Not drawn: %(parts)s.") % {"parts": "; ".join(parts)}] if parts else []
        return [*notes, *self._too_few(table)]

    def _too_few(self, table: Table) -> Iterator[str]:
        """Yield the whole periods in which all women or all men were too few to be broken down: a line at 0 is not
        nobody."""
        limited = {**table.where, self.dimension: [NOT_BROKEN_DOWN]}
        if NOT_BROKEN_DOWN not in table.edition.structure.by_name[self.dimension].by_code:
            return
        together = figures.tabulate(table.edition, [self.time], limited).rows
        for sex in ("F", "M"):
            told = {row.codes[1] for row in table.rows if dict(by_sex(row))[sex]}
            hidden = [
                period_name(row.codes[0], active_language())
                for row in together
                if row.status == NORMAL and dict(by_sex(row))[sex] and row.codes[0] not in told
            ]
            if hidden:
                yield _(
                    "%(sex)s were too few to be broken down, and are drawn at 0: %(periods)s."
                ) % {
                    "sex": sex_name(sex),
                    "periods": ", ".join(hidden),
                }

    def _ranked(self, edition: Edition, where: Codes) -> list[Row]:
        table = figures.tabulate(edition, [self.dimension], where)
        return sorted(table.rows, key=lambda row: -row.figures.total)


def _is_named(row: Row) -> bool:
    """Say whether a row is one of the codes that may have a panel: no remainder, and not nobody."""
    code = row.codes[0]
    return bool(row.figures.total) and code != "OTHER" and not is_rest(code)


def _up_to(structure: Structure, where: Codes) -> Codes:
    """Return the conditions; periods of one year with all that come before them."""
    if not year_of(where):
        return where
    last = max(structure.periods.index(period) for period in where[TIME])
    return {**where, TIME: structure.periods[: last + 1]}


def _by_code(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for code, of in groupby(rows, key=lambda row: row.codes[0]):
        yield code, list(of)


def _lines(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield for each code its rows by period alone."""
    for code, of in _by_code(rows):
        yield code, [replace(row, codes=row.codes[1:]) for row in of]


def _change(newest: Span, before: Span) -> int:
    return abs(newest.figures.f - before.figures.f)
