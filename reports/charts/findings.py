"""What a chart says, in one sentence: from the very figures that it draws and its table lists."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.published.figures import NORMAL, Figures, Row, Table, add_figures
from reports.published.structure import NOT_BROKEN_DOWN, TIME, Dimension
from standards import codelists, numbers
from standards.periods import FREQUENCIES, InvalidPeriod, Period, period_name
from standards.translation import active_language

LARGEST = 2  # codes that a sentence about the largest names
REST = frozenset({"OTH", NOT_BROKEN_DOWN})  # codes of what is left over


@dataclass(frozen=True)
class Span:
    """Periods that a sentence adds up and compares, oldest first. code: of the year, if they are all of it."""

    code: str
    periods: tuple[str, ...]
    figures: Figures

    @property
    def label(self) -> str:
        """Return the span in the active language: March 2026, or 2026, or January 2026 to March 2026."""
        language = active_language()
        if self.code:
            return period_name(self.code, language)
        first, last = (period_name(code, language) for code in (self.periods[0], self.periods[-1]))
        return _("%(first)s to %(last)s") % {"first": first, "last": last}


Finding = Callable[[Sequence[Row], Dimension], str]


def is_rest(code: str) -> bool:
    """Say whether a code is what is left over: not stated, not broken down, or others. It is never what a finding is about."""
    # The delivered list is enough, and nothing is asked of the database for it.
    not_stated = codelists.delivered("countries").not_stated
    return code in REST or code == not_stated or code.endswith(codelists.NOT_STATED)


def label_of(dimension: Dimension, code: str) -> str:
    """Return the label of a code in the active language; of a period, its name."""
    if dimension.name == TIME:
        return period_name(code, active_language())
    return dimension.label(code, active_language())


def compared(rows: Sequence[Row]) -> tuple[Span, ...]:
    """Return what the sentence over time compares, oldest first: the first and the last whole calendar
    year, or else the first and the last period; none of them with a delivery missing."""
    whole = [row for row in rows if row.status == NORMAL]
    years: dict[str, list[Row]] = defaultdict(list)
    for row in whole:
        with suppress(InvalidPeriod):  # an academic year lies in no calendar year
            years[str(Period.parse(row.codes[0]).within("A"))].append(row)
    full = [
        _span(year, inside)
        for year, inside in years.items()
        if _all_of([row.codes[0] for row in inside])
    ]
    singles = [_span(row.codes[0], [row]) for row in whole]
    spans = full if len(full) > 1 else singles
    return (spans[0], spans[-1]) if len(spans) > 1 else tuple(spans)


def year_rows(table: Table) -> list[Span]:
    """Return the calendar years that the sentence over time compares, to be listed beside the chart."""
    return [span for span in compared(table.rows) if len(span.periods) > 1]


def newest_year(rows: Sequence[Row]) -> list[Span]:
    """Return the newest year as far as it is out, and the same periods of the year before if it has any of them.

    Periods of which a delivery is missing belong to neither.
    """
    by_year: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row.status == NORMAL:
            year, part = row.codes[0][:4], row.codes[0][4:]  # 2026 and -03, -Q1, -A1 or nothing
            by_year[year][part] = row
    if not by_year:
        return []
    newest = by_year[max(by_year)]
    before = by_year.get(str(int(max(by_year)) - 1), {})
    parts = [part for part in newest if part in before]
    if not parts:
        return [_span_of(list(newest.values()))]
    return [_span_of([year[part] for part in parts]) for year in (newest, before)]


def of_year(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the share of women in the newest year, beside the same periods of the year before."""
    spans = [s for s in newest_year(rows) if s.figures.female_share is not None]
    if not spans:
        return _("Too few to show shares")
    words = {"span": spans[0].label, "share": numbers.share(spans[0].figures.female_share or 0)}
    if len(spans) == 1:
        return _("%(span)s: women are %(share)s%%") % words
    words["before"] = numbers.share(spans[1].figures.female_share or 0)
    return _("%(span)s: women are %(share)s%%, a year before %(before)s%%") % words


def of_two_years(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the numbers of women and men in the newest year so far, and in the same periods of the year before."""
    return _of_spans(newest_year(rows)[::-1])


def of_trend(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the numbers of women and men in the spans that are compared."""
    return _of_spans(compared(rows))


def _of_spans(spans: Sequence[Span]) -> str:
    if not spans:
        return _("No figures for this choice.")
    if len(spans) == 1:
        return _("Women: %(women)s in %(period)s. Men: %(men)s") % {
            "women": numbers.count(spans[0].figures.f),
            "men": numbers.count(spans[0].figures.m),
            "period": spans[0].label,
        }
    first, last = spans
    return _(
        "Women: %(women_first)s in %(first)s, %(women_last)s in %(last)s. "
        "Men: %(men_first)s and %(men_last)s"
    ) % {
        "first": first.label,
        "last": last.label,
        "women_first": numbers.count(first.figures.f),
        "women_last": numbers.count(last.figures.f),
        "men_first": numbers.count(first.figures.m),
        "men_last": numbers.count(last.figures.m),
    }


def of_ages(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the largest group of women and of men."""
    women = max(rows, key=lambda row: row.figures.f)
    men = max(rows, key=lambda row: row.figures.m)
    return _("The largest group: women %(women)s, men %(men)s") % {
        "women": label_of(dimension, women.codes[0]),
        "men": label_of(dimension, men.codes[0]),
    }


def of_largest(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the largest codes with their women and men, as the bars draw them."""
    return "; ".join(
        _("%(name)s: women %(women)s, men %(men)s")
        % {
            "name": label_of(dimension, row.codes[0]),
            "women": numbers.count(row.figures.f),
            "men": numbers.count(row.figures.m),
        }
        for row in rows[:LARGEST]
    )


def of_most(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the code that most are counted in, and the share of women there."""
    most = max(rows, key=lambda row: row.figures.total)
    words = {
        "name": label_of(dimension, most.codes[0]),
        "n": numbers.count(most.figures.total),
    }
    if most.figures.female_share is None:
        return _("Most are in %(name)s: %(n)s") % words
    words["share"] = numbers.share(most.figures.female_share)
    return _("Most are in %(name)s: %(n)s, of whom %(share)s%% are women") % words


def of_shares(rows: Sequence[Row], dimension: Dimension) -> str:
    """Return the highest and the lowest share of women, as the dots draw them."""
    shared = [row for row in rows if row.figures.female_share is not None]
    if not shared:
        return _("Too few to show shares")
    ordered = sorted(shared, key=lambda row: row.figures.female_share or 0)
    lowest, highest = ordered[0], ordered[-1]
    words = {
        "high": label_of(dimension, highest.codes[0]),
        "most": numbers.share(highest.figures.female_share or 0),
        "low": label_of(dimension, lowest.codes[0]),
        "least": numbers.share(lowest.figures.female_share or 0),
    }
    if highest is lowest:
        return _("%(high)s: %(most)s%% are women") % words
    return _("In %(high)s %(most)s%% are women, in %(low)s %(least)s%%") % words


def span_of_periods(periods: Sequence[str], figures: Figures) -> Span:
    """Return periods of one year as a span; with its code where they are all of it, or one."""
    code = periods[0] if len(periods) == 1 else periods[0][:4] if _all_of(periods) else ""
    return Span(code, tuple(periods), figures)


def _span(code: str, rows: Sequence[Row]) -> Span:
    return Span(code, tuple(row.codes[0] for row in rows), _sum_of(rows))


def _span_of(rows: list[Row]) -> Span:
    return span_of_periods([row.codes[0] for row in rows], _sum_of(rows))


def _sum_of(rows: Sequence[Row]) -> Figures:
    return add_figures((row.figures for row in rows), rows[0].figures.base)


def _all_of(periods: Sequence[str]) -> bool:
    """Say whether these periods of one year are all it has: twelve months, four quarters."""
    return len(periods) == FREQUENCIES[Period.parse(periods[0]).frequency].parts
