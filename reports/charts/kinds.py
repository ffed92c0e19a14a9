"""The charts of the dashboard: by which dimension, in which order, how each is drawn, what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.utils.translation import gettext as _

from reports.charts import findings, flows
from reports.charts.drawing import Canvas, DrawFunction, Spec, bars, shares
from reports.charts.findings import Finding, is_rest
from reports.charts.outlines import has_map, region_map
from reports.charts.pyramid import pyramid
from reports.charts.share_trend import share_trend
from reports.charts.trend import trend
from reports.charts.year_before import Earlier, earlier
from reports.published.figures import Row, Table
from reports.published.query import Codes
from reports.published.structure import NOT_BROKEN_DOWN, ROLL_UPS, TIME, Dimension, Structure
from reports.published.tree import can_be_had

CITIZENSHIP, REGION = "CITIZENSHIP", "REGION"
MAP = "map"
AGES = ("AGE5", "AGE")  # the finer one is drawn, where there is one
TOP = 10  # citizenships that are drawn by name


@dataclass(frozen=True)
class Kind:
    """One chart of the dashboard.

    top: how many codes are drawn beside what is left over; 0 draws all. rest: whether what is not
    stated is drawn at all (an unknown age is on no side of a pyramid). compares: whether the figures of one year are
    drawn beside those of the year before; of_two_years: what it says over time then, of both. beside: a further dimension of the rows, and its codes that are
    drawn.
    """

    dimension: str
    draw: DrawFunction
    finding: Finding
    largest_first: bool = False
    top: int = 0
    rest: bool = True
    compares: bool = False
    beside: tuple[str, tuple[str, ...]] = ("", ())
    of_two_years: Finding | None = None

    @property
    def by_share(self) -> bool:
        """Say whether shares of women are compared, not counts."""
        return self.draw is shares

    @property
    def by(self) -> list[str]:
        """Return the dimensions of the rows."""
        return [name for name in (self.dimension, self.beside[0]) if name]

    def where(self, where: Codes) -> Codes:
        """Return the conditions of a page as the chart takes them: its further dimension has its own."""
        name, codes = self.beside
        return {**where, name: list(codes)} if name else where

    def label(self, row: Row, structure: Structure) -> str:
        """Return what a row is called in the table of the chart."""
        names = zip(self.by, row.codes, strict=True)
        return ", ".join(findings.label_of(structure.by_name[name], code) for name, code in names)

    def ordered(self, table: Table) -> Table:
        """Return the table in the order of the chart. What is left over comes last, however large."""
        if not self.largest_first:
            return table
        rows = sorted(table.rows, key=lambda row: (is_rest(row.codes[0]), -row.figures.total))
        return replace(table, rows=rows)

    def drawn(self, table: Table) -> list[Row]:
        """Return the rows that are drawn; the table beside the chart has every row.

        The share of women among those who are not broken down is none to compare: cells of few women come to stand
        there, so protection makes it large.
        """
        named = [row for row in table.rows if not is_rest(row.codes[0])]
        rest = [row for row in table.rows if is_rest(row.codes[0])]
        if self.by_share:
            rest = [row for row in rest if row.codes[0] != NOT_BROKEN_DOWN]
        return [*(named[: self.top] if self.top else named), *(rest if self.rest else ())]

    def left_out(self, table: Table) -> list[str]:
        """Return why the chart leaves out those who are not broken down; nothing where it does not."""
        if not self.by_share or not any(r.codes[0] == NOT_BROKEN_DOWN for r in table.rows):
            return []
        return [
            _(
                "“Not broken down” is not drawn: it has the people of small cells. It stands in the numbers."
            )
        ]

    def earlier(self, table: Table) -> Earlier | None:
        """Return the figures of the year before that the chart draws beside those of a table, if there are any."""
        return earlier(table) if self.compares else None

    def spec(self, table: Table, canvas: Canvas) -> Spec | None:
        """Return the chart of a table in the order of its kind, None where there is nothing to draw."""
        rows, dimension = self.drawn(table), table.edition.structure.by_name[self.dimension]
        named = any(row.figures.total for row in rows if not is_rest(row.codes[0]))
        if not rows or not (named or table.time):
            return None
        if before := self.earlier(table):
            return self.draw(rows, dimension, canvas, before)
        return self.draw(rows, dimension, canvas)

    def sentence(self, table: Table, dimension: Dimension) -> str:
        """Return the finding: about rows that are drawn and named, or that there is none."""
        rows: Sequence[Row] = [row for row in self.drawn(table) if not is_rest(row.codes[0])]
        if not any(row.figures.total for row in rows):
            return _("No figures for this choice.")
        before = self.earlier(table) if self.of_two_years else None
        if before and before.whole and self.of_two_years:
            return self.of_two_years([*before.table.rows, *rows], dimension)
        return self.finding(rows, dimension)


KINDS = {
    "trend": Kind(
        TIME, trend, findings.of_trend, compares=True, of_two_years=findings.of_two_years
    ),
    "share": Kind(
        TIME, share_trend, findings.of_year, compares=True, of_two_years=findings.of_year
    ),
    "pyramid": Kind(AGES[0], pyramid, findings.of_ages, rest=False, compares=True),
    "citizenship": Kind(CITIZENSHIP, bars, findings.of_largest, largest_first=True, top=TOP),
    "region": Kind(REGION, shares, findings.of_shares, largest_first=True),
    MAP: Kind(REGION, region_map, findings.of_most),
}


def kind_of(dimension: str, *, of_women: bool = False) -> Kind:
    """Return the chart of any one dimension: of the share of women, over time, of ages, else as bars."""
    if dimension == TIME or dimension in ROLL_UPS:
        return replace(KINDS["trend"], dimension=dimension)
    if of_women:
        return replace(KINDS["region"], dimension=dimension, top=TOP)
    if dimension in AGES:
        return replace(KINDS["pyramid"], dimension=dimension)
    return Kind(dimension, bars, findings.of_largest, largest_first=True, top=TOP)


def kinds_of(structure: Structure) -> dict[str, Kind]:
    """Return the charts of a dataset by name: those of the dimensions it shares, and its own `charts`."""
    kinds = dict(KINDS)
    if AGES[0] not in structure.by_name:
        kinds["pyramid"] = replace(kinds["pyramid"], dimension=AGES[1])
    if REGION not in structure.by_name or not has_map(structure.by_name[REGION]):
        del kinds[MAP]
    direction = flows.direction_of(structure)
    if direction and can_be_had(structure, [REGION, direction.name]):
        kinds["flows"] = _flows_by(direction)
    shared = {name: kind for name, kind in kinds.items() if kind.dimension in structure.by_name}
    own = {
        name.lower(): Kind(name, shares, findings.of_shares, largest_first=True, top=TOP)
        for name in structure.charts
        if name in structure.by_name
    }
    return {**shared, **own}


def _flows_by(direction: Dimension) -> Kind:
    def said(rows: Sequence[Row], dimension: Dimension) -> str:
        text = _("%(name)s: %(first)s %(in)s, %(second)s %(out)s")
        return flows.of_flows(rows, dimension, direction=direction, text=text)

    draw = partial(flows.flows, direction=direction)
    beside = (direction.name, (flows.IN, flows.OUT))
    return Kind(REGION, draw, said, rest=False, beside=beside)
