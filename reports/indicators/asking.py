"""What a reader asks of an indicator: which series, by which periods; refused in words where there is none."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.designs.indicators import Indicator, SeriesDesign
from reports.indicators.series import Point, Series, times, usual_time, work_out
from reports.published.editions import Edition, current_editions
from reports.published.query import NothingLeft, NotReleased, Options, require_options
from reports.published.structure import Unknown
from standards.languages import marked

AGENCY = "AGENCY"
TIME_LABELS = {
    "year": marked("By year"),
    "half": marked("By half-year"),
    "quarter": marked("By quarter"),
    "month": marked("By month"),
}


@dataclass(frozen=True)
class AskedSeries:
    """A series as it was asked for: by which word of time, what else can be had, and by agency where that is held.

    times: (word, label) of all periods it can be had by. released: the newest editions by dataset.
    """

    series: Series
    word: str
    times: list[tuple[str, str]]
    released: dict[str, Edition]
    by_agency: Series | None = None

    def point(self, period: str) -> Point | None:
        """Return the point of a period; the newest where none is named. Raises Unknown."""
        if not period:
            return self.series.latest or (self.series.points[-1] if self.series.points else None)
        found = next((p for p in self.series.points if p.period == period), None)
        if found is None:
            known = [point.period for point in self.series.points]
            raise NothingLeft(not_among("period", period, known), "period")
        return found


def series_of(
    query: QueryDict, indicator: Indicator, more: Iterable[str] = ()
) -> AskedSeries | None:
    """Return the series that `series` and `by` name; the first that is released where they name none.

    None where the indicator has none yet. more: other parameters that the address reads. Raises Unknown;
    NotReleased for a series of a dataset of which nothing is released.
    """
    require_options(query, Options(("series", "by", *more), filters=False))
    word_of_time(query, TIME_LABELS)
    if not indicator.series:
        return None
    released = {edition.dataset: edition for edition in current_editions()}
    design = _design(query.get("series", ""), indicator, released)
    if design is None:
        return None
    edition = released[design.dataset]
    held = times(edition.structure, design)
    word = word_of_time(query, held)
    if not held:
        return None
    time = held[word] if word else usual_time(edition.structure, design)
    by_agency = None
    if time in times(edition.structure, design, AGENCY).values():
        by_agency = work_out(indicator, design, edition, time, AGENCY)
    return AskedSeries(
        series=work_out(indicator, design, edition, time),
        word=next(one for one, name in held.items() if name == time),
        times=[(one, _(TIME_LABELS[one])) for one in held],
        released=released,
        by_agency=by_agency,
    )


def word_of_time(query: QueryDict, held: Iterable[str]) -> str:
    """Return the word of `by`, empty where it is not given. Raises Unknown; NothingLeft where it is not held."""
    if len(query.getlist("by")) > 1:
        raise Unknown(_("“%(name)s” is given more than once.") % {"name": "by"}, "by")
    word = query.get("by", "")
    if word and word not in TIME_LABELS:
        raise Unknown(not_among("by", word, TIME_LABELS), "by")
    if word and word not in held:
        raise NothingLeft(not_among("by", word, held), "by")
    return word


def _design(name: str, indicator: Indicator, released: dict[str, Edition]) -> SeriesDesign | None:
    if not name:
        return next((one for one in indicator.series if one.dataset in released), None)
    design = indicator.by_name.get(name)
    if design is None:
        raise NothingLeft(not_among("series", name, indicator.by_name), "series")
    if design.dataset not in released:
        raise NotReleased(
            _("Nothing is released yet of: %(datasets)s.") % {"datasets": design.dataset}, "series"
        )
    return design


def not_among(name: str, value: str, allowed: Iterable[str]) -> str:
    """Return the sentence for a value that a parameter cannot have."""
    return _("“%(name)s” has no code “%(code)s”. Choose from: %(allowed)s.") % {
        "name": name,
        "code": value[:40],
        "allowed": ", ".join(allowed) or "–",
    }
