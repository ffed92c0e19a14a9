"""What is most worth knowing of a dataset at a glance: the newest year beside the one before, the widest gap."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.charts import findings
from reports.charts.findings import Span, newest_year
from reports.charts.kind import Kind
from reports.charts.kinds import kinds_of
from reports.charts.year_before import with_year_before, year_of
from reports.published import figures
from reports.published.editions import Edition
from reports.published.figures import Row, Table
from reports.published.query import Codes, measure, with_headline
from reports.published.structure import TIME
from standards import numbers

MOST = 5  # findings on one page


@dataclass(frozen=True)
class Highlight:
    """A finding: its sentence, the chart that shows it, what it adds up, and how much it stands out (points)."""

    edition: Edition
    kind: str
    sentence: str
    spans: tuple[Span, ...] = ()
    gap: float = 0.0
    finding: str = ""  # the sentence without what is counted


def highlights(editions: list[Edition]) -> list[Highlight]:
    """Return what a page of all datasets says first: the newest year of each, then the widest gaps."""
    years = [found for edition in editions if (found := of_year(edition))]
    gaps = [found for edition in editions if (found := of_gap(edition))]
    gaps.sort(key=lambda found: -found.gap)
    return [*years, *gaps][:MOST]


def of_year(edition: Edition, where: Codes | None = None) -> Highlight | None:
    """Return the share of women in the newest year so far, beside the same periods of the year before.

    where: the conditions of a reader instead of the headline; of one year they bring the year before with them.
    """
    table = _table(edition, TIME, where)
    if year_of(table.where):
        both = {**table.where, TIME: with_year_before(edition.structure, table.where)}
        table = figures.tabulate(edition, [TIME], both)
    spans = newest_year(table.rows)
    if not spans or spans[0].figures.female_share is None:
        return None
    words = {
        "title": measure(edition.structure, table.where, ()),
        "span": spans[0].label,
        "share": numbers.share(spans[0].figures.female_share),
    }
    sentence = _("%(title)s, %(span)s: women are %(share)s%%")
    if len(spans) > 1 and spans[1].figures.female_share is not None:
        words["before"] = numbers.share(spans[1].figures.female_share)
        sentence = _("%(title)s, %(span)s: women are %(share)s%%, a year before %(before)s%%")
    return Highlight(edition, "trend", sentence % words, tuple(spans))


def of_gap(edition: Edition, where: Codes | None = None) -> Highlight | None:
    """Return the dimension along which the share of women differs most, and between which codes."""
    widest = max(_gaps(edition, where), key=lambda found: found.gap, default=None)
    return widest if widest and widest.gap > 0 else None


def _gaps(edition: Edition, where: Codes | None) -> Iterator[Highlight]:
    for name, kind in kinds_of(edition.structure).items():
        if not kind.by_share:
            continue
        table = kind.ordered(_table(edition, kind.dimension, where))
        shares = [s for row in _named(kind, table) if (s := row.figures.female_share) is not None]
        if len(shares) > 1:
            sentence = kind.sentence(table, edition.structure.by_name[kind.dimension])
            title = measure(edition.structure, table.where, ())
            text = _("%(title)s. %(finding)s") % {"title": title, "finding": sentence}
            gap = max(shares) - min(shares)
            yield Highlight(edition, name, text, gap=gap, finding=sentence)


def _named(kind: Kind, table: Table) -> list[Row]:
    return [row for row in kind.drawn(table) if not findings.is_rest(row.codes[0])]


def _table(edition: Edition, name: str, where: Codes | None) -> Table:
    headline = with_headline(edition.structure, {}, (name,))
    return figures.tabulate(edition, [name], headline if where is None else where)
