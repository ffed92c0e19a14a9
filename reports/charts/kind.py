"""One chart of a theme: by which dimension, in which order, how it is drawn, what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from django.utils.translation import gettext as _

from reports.charts import findings
from reports.charts.drawing import Canvas, DrawFunction, Spec, shares
from reports.charts.findings import Finding, is_rest
from reports.charts.year_before import Earlier, earlier
from reports.published import figures
from reports.published.editions import Edition
from reports.published.figures import Row, Table
from reports.published.query import Codes
from reports.published.structure import NOT_BROKEN_DOWN, Dimension, Structure


@dataclass(frozen=True)
class Kind:
    """One chart of the dashboard.

    top: how many codes are drawn beside what is left over; 0 draws all. rest: whether what is not
    stated is drawn at all (an unknown age is on no side of a pyramid). compares: whether the figures of one year are
    drawn beside those of the year before; of_two_years: what it says over time then, of both. beside: a further
    dimension of the rows, and its codes that are drawn.
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
    # Whether it stands on the page of details, and only where there is something to draw.
    in_detail: ClassVar[bool] = False

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

    def table(self, edition: Edition, where: Codes) -> Table:
        """Return the figures of the chart for the conditions of a page, in its order. Raises Unknown."""
        return self.ordered(figures.tabulate(edition, self.by, self.where(where)))

    def groups(self, table: Table) -> list[tuple[str, list[tuple[str, Row]]]]:
        """Return the rows of the table beside the chart, each with its name, under the heads of their groups."""
        structure = table.edition.structure
        return [("", [(self.label(row, structure), row) for row in table.rows])]

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

    def in_words(self, table: Table) -> Table:
        """Return the table with those of its conditions alone that words beside the chart have to say."""
        return table

    def left_out(self, table: Table, _where: Codes) -> list[str]:
        """Return who is in none of the drawings of a table for the conditions of a page, and why; nothing where all are."""
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
        if not self.is_enough(rows, table):
            return None
        if before := self.earlier(table):
            return self.draw(rows, dimension, canvas, before)
        return self.draw(rows, dimension, canvas)

    def is_enough(self, rows: Sequence[Row], table: Table) -> bool:
        """Say whether there is anything to draw."""
        named = any(row.figures.total for row in rows if not is_rest(row.codes[0]))
        return bool(rows) and (named or bool(table.time))

    def sentence(self, table: Table, dimension: Dimension) -> str:
        """Return the finding: about rows that are drawn and named, or that there is none."""
        rows: Sequence[Row] = [row for row in self.drawn(table) if not is_rest(row.codes[0])]
        if not any(row.figures.total for row in rows):
            return _("No figures for this choice.")
        before = self.earlier(table) if self.of_two_years else None
        if before and before.whole and self.of_two_years:
            return self.of_two_years([*before.table.rows, *rows], dimension)
        return self.finding(rows, dimension)
