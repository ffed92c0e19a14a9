"""Who moves from where to where: which origins and destinations a chart has, and what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from typing import ClassVar

from django.utils.translation import gettext as _

from reports.charts.drawing import Canvas, DrawFunction, Spec
from reports.charts.findings import Finding, is_rest, label_of, of_most
from reports.charts.heat import heat
from reports.charts.kind import Kind
from reports.published import figures, groups
from reports.published.editions import Edition
from reports.published.figures import Row, Table, add_figures
from reports.published.groups import Group, Grouping
from reports.published.query import Codes
from reports.published.structure import NOT_BROKEN_DOWN, OTHERS, Dimension
from standards import numbers

ORIGINS, DESTINATIONS = 10, 7  # that have a row or a column of their own
LEAST = 2  # of each, for a chart to say anything


@dataclass(frozen=True)
class OriginDestination(Kind):
    """A matrix of the largest origins and destinations; all others are one more row and column, so that it adds up."""

    destination: str = ""
    draw: DrawFunction = heat
    finding: Finding = of_most
    in_detail: ClassVar[bool] = True

    @property
    def by(self) -> list[str]:
        return [self.dimension, self.destination]

    def table(self, edition: Edition, where: Codes) -> Table:
        """Return the figures of the largest origins by the largest destinations, and of all others.

        The headline stands back: whoever only arrives comes from everywhere to one country.
        """
        headline = edition.structure.headline.where if edition.structure.headline else {}
        chosen = {k: codes for k, codes in where.items() if tuple(codes) != headline.get(k)}
        table = figures.tabulate(edition, self.by, chosen)
        own = [_largest(table.rows, k, most) for k, most in enumerate((ORIGINS, DESTINATIONS))]
        names = zip(self.by, own, strict=True)
        groupings = {name: _apart(edition.structure.by_name[name], of) for name, of in names}
        grouped = groups.grouped(table, groupings)
        found = {row.codes: row for row in grouped.rows}
        others = ([OTHERS] if any(pair[k] == OTHERS for pair in found) else [] for k in (0, 1))
        pairs = product(*([*codes, *rest] for codes, rest in zip(own, others, strict=True)))
        nobody = add_figures((), edition.structure.base)
        return replace(grouped, rows=[found.get(pair) or Row(pair, nobody) for pair in pairs])

    def ordered(self, table: Table) -> Table:
        return table

    def drawn(self, table: Table) -> list[Row]:
        return list(table.rows)

    def groups(self, table: Table) -> list[tuple[str, list[tuple[str, Row]]]]:
        origin, destination = (table.edition.structure.by_name[name] for name in self.by)
        return [
            (label_of(origin, code), [(label_of(destination, row.codes[1]), row) for row in of])
            for code, rows in groupby(table.rows, key=lambda row: row.codes[0])
            if (of := [row for row in rows if row.figures.total])
        ]

    def left_out(self, table: Table, _where: Codes) -> list[str]:
        """Return who all others are, and how many of them are not broken down."""
        rows = figures.tabulate(table.edition, self.by, table.where).rows
        hidden = sum(row.figures.total for row in rows if NOT_BROKEN_DOWN in row.codes)
        text = _(
            "“All others” are those without a row or column of their own, also not stated and not broken "
            "down (%(hidden)s: too few, or of a year that is not over)."
        )
        return [text % {"hidden": numbers.count(hidden)}]

    def is_enough(self, rows: Sequence[Row], table: Table) -> bool:
        shown = [row.codes for row in rows if row.figures.total]
        return all(
            len({codes[k] for codes in shown if not is_rest(codes[k])}) >= LEAST for k in (0, 1)
        )

    def spec(self, table: Table, canvas: Canvas) -> Spec | None:
        if not self.is_enough(table.rows, table):
            return None
        origin, destination = (table.edition.structure.by_name[name] for name in self.by)
        return heat(table.rows, origin, canvas, destination)

    def sentence(self, table: Table, dimension: Dimension) -> str:
        """Return the largest flow, whether it has a cell of its own or not, and the share of women in it."""
        rows = figures.tabulate(table.edition, self.by, table.where).rows
        named = [row for row in rows if not any(map(is_rest, row.codes))]
        most = max(named, key=lambda row: row.figures.total, default=None)
        if most is None or not most.figures.total:
            return _("No figures for this choice.")
        origin, destination = (table.edition.structure.by_name[name] for name in self.by)
        words = {
            "origin": label_of(origin, most.codes[0]),
            "destination": label_of(destination, most.codes[1]),
            "n": numbers.count(most.figures.total),
        }
        if most.figures.female_share is None:
            return _("The largest flow: from %(origin)s to %(destination)s, %(n)s") % words
        words["share"] = numbers.share(most.figures.female_share)
        text = _(
            "The largest flow: from %(origin)s to %(destination)s, %(n)s, of whom %(share)s%% are women"
        )
        return text % words


def _largest(rows: Iterable[Row], place: int, most: int) -> list[str]:
    """Return the largest codes at a place of the rows, the largest first; what is left over is none of them."""
    totals: dict[str, int] = {}
    for row in rows:
        code = row.codes[place]
        if row.figures.total and not is_rest(code):
            totals[code] = totals.get(code, 0) + row.figures.total
    return sorted(totals, key=lambda code: -totals[code])[:most]


def _apart(dimension: Dimension, codes: Iterable[str]) -> Grouping:
    """Return a grouping that leaves these codes as they are, and puts all others together."""
    own = (Group(dimension.by_code[code], frozenset([code])) for code in codes)
    return Grouping(dimension.name, tuple(own), ())
