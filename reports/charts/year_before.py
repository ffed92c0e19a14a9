"""The same periods of the year before, beside the figures of one year: for outlines and dotted lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.charts.findings import Span, is_rest, span_of_periods
from reports.published import figures
from reports.published.figures import Row, Table
from reports.published.structure import TIME, Structure
from reports.published.tree import NotTogether

QUARTER = "QUARTER"


@dataclass(frozen=True)
class Earlier:
    """The figures a year before. span: of which periods; rows: by the codes of the later table, its periods included;
    whole: whether each period of the later figures has one."""

    table: Table
    span: Span
    rows: Mapping[str, Row]
    whole: bool

    @property
    def label(self) -> str:
        """Return which periods they are, in words: 2025, or January 2025 to June 2025."""
        return self.span.label


def period_before(period: str) -> str:
    """Return the same part of the year before: 2025-03 of 2026-03, whatever the frequency."""
    return f"{int(period[:4]) - 1}{period[4:]}"


def year_of(where: Mapping[str, Sequence[str]]) -> str:
    """Return the year in which all chosen periods lie; empty where none are chosen, or of several years."""
    years = {period[:4] for period in where.get(TIME, ())}
    return years.pop() if len(years) == 1 else ""


def with_year_before(structure: Structure, where: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the chosen periods and, where all of them are published, the same of the year before; oldest first."""
    before = {period_before(period) for period in where[TIME]}
    chosen = {*where[TIME]} | (before if before <= {*structure.periods} else set())
    return [period for period in structure.periods if period in chosen]


def earlier(table: Table) -> Earlier | None:
    """Return the figures of the same periods a year before a table of one year; over time, of those that there are.

    None where they are not published, where a delivery is missing from either, and where the later figures have
    periods that the table of the release does not tell apart, so that nothing alike can be set beside them.
    """
    if not year_of(table.where):
        return None
    for later, periods in _alike(table):
        where = {**table.where, TIME: [period_before(period) for period in periods]}
        try:
            before = figures.tabulate(table.edition, table.by, where)
        except NotTogether:
            continue
        if not table.time and (later.missing or before.missing):
            return None
        if before.total.total:
            return _beside(table, before)
    return None


def _alike(table: Table) -> Iterator[tuple[Table, list[str]]]:
    """Yield the table with the periods that have figures a year before; then with its whole quarters alone, where the
    figures that are told apart are the same: those of a quarter that is not over come later."""
    structure = table.edition.structure
    known, chosen = set(structure.periods), list(table.where[TIME])
    published = [period for period in chosen if period_before(period) in known]
    if published == chosen or (table.time and published):
        yield table, published
    if table.time or QUARTER not in structure.by_name:
        return
    whole = [p for p in chosen if structure.whole(QUARTER, structure.part_of(QUARTER, p))]
    if not whole or whole == chosen or not {period_before(p) for p in whole} <= known:
        return
    where = {**table.where, TIME: whole}
    try:
        closed = figures.tabulate(table.edition, table.by, where)
    except NotTogether:
        return
    if _named(closed) == _named(table):
        yield closed, whole


def _named(table: Table) -> dict[tuple[str, ...], figures.Figures]:
    return {row.codes: row.figures for row in table.rows if not any(map(is_rest, row.codes))}


def _beside(table: Table, before: Table) -> Earlier:
    rows = {row.codes[0]: row for row in before.rows if row.codes}
    if table.time:
        shifted = {period_before(row.codes[0]): row.codes[0] for row in table.rows}
        rows = {shifted[code]: row for code, row in rows.items() if code in shifted}
    whole = len(before.periods) == len(table.periods)
    return Earlier(before, span_of_periods(before.periods, before.total), rows, whole)
