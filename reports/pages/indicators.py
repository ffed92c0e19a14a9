"""Public pages of indicators: all of them with their newest value, and one with its series."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.designs import frameworks
from reports.designs import indicators as designs
from reports.designs.indicators import Indicator, SeriesDesign
from reports.formats import sheet
from reports.formats.sheet import Sheet
from reports.indicators import asking, flat, words
from reports.indicators.asking import AskedSeries
from reports.indicators.readings import Reading
from reports.indicators.series import (
    NOT_DELIVERED,
    Point,
    Series,
    of_latest,
    usual_time,
    work_out,
)
from reports.pages.downloads import refusal
from reports.pages.plots import Plot, Scale
from reports.published import caching
from reports.published.editions import Edition, current_editions
from reports.published.query import Options, language_of, require_options
from reports.published.structure import Unknown
from standards.periods import period_name
from standards.translation import active_language, in_language
from standards.trends import Trend, trend_of

SHOWN = 8  # periods of a trend beside a value
PARTS = ("shares", "ages")  # kinds of which a page shows one period, part by part


@dataclass(frozen=True)
class Glance:
    """A series on the list: what is counted, its newest value, and how it went."""

    address: str
    counted: str
    value: str
    period: str
    span: str
    trend: Trend | None
    is_whole: bool


@dataclass(frozen=True)
class Entry:
    """An indicator on the list; without series, or where nothing is released of them, what it needs."""

    indicator: Indicator
    name: str
    glances: list[Glance]
    needs: list[str]
    address: str


@dataclass(frozen=True)
class Line:
    """One number of a series as the page shows it."""

    label: str
    measure: str
    value: str
    why: str
    span: str
    unknown: str
    point: Point
    of: int
    plot: Plot | None
    verdict: str


@login_not_required
@require_safe
def indicator_list(request: HttpRequest) -> HttpResponse:
    """Every indicator with its newest value, or with what it still needs."""
    try:
        require_options(request.GET, Options(filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    released = _released()
    entries = [_entry(one, released) for one in designs.indicators().values()]
    context = {
        "told": [entry for entry in entries if entry.glances],
        "waiting": [entry for entry in entries if not entry.glances],
        "sets": [(one.code, in_language(one.title)) for one in frameworks.sets().values()],
    }
    return render(request, "reports/indicators.html", context)


@login_not_required
@require_safe
def indicator(request: HttpRequest, indicator: str) -> HttpResponse:
    """One indicator: a series by period or part by part, its formula, and how to read it."""
    one = designs.indicators().get(indicator.upper())
    if one is None:
        raise Http404
    try:
        asked = asking.series_of(request.GET, one, ("period",))
        point = asked.point(request.GET.get("period", "")) if asked else None
    except Unknown as unknown:
        return refusal(unknown)
    released = asked.released if asked else _released()
    context = {"indicator": one, "name": in_language(one.name), "needs": _needs(one, released)}
    if asked is None:
        return render(request, "reports/indicator.html", {**context, "notes": words.about(one)})
    return render(request, "reports/indicator.html", {**context, **_shown(asked, point)})


@login_not_required
@require_safe
def indicator_file(request: HttpRequest, indicator: str) -> HttpResponseBase:
    """A series of an indicator as CSV."""
    one = designs.indicators().get(indicator.upper())
    if one is None:
        raise Http404
    try:
        with override(language_of(request.GET)):
            asked = asking.series_of(request.GET, one, ("lang",))
            if asked is None:
                raise Http404
            return _file(request, asked.series)
    except Unknown as unknown:
        return refusal(unknown)


def _file(request: HttpRequest, series: Series) -> HttpResponseBase:
    one, per = series.indicator, series.per
    releases = f"{series.edition.name}-per-{per.name}" if per else series.edition.name
    name = f"{one.code}-{series.design.name}-{releases}-{series.time}.csv"
    worked = (one.calculation, one.least, series.design.over, list(series.where.items()))
    among = per.checksum if per else ""
    tag = caching.tag(series.edition, name.lower(), active_language(), among, *worked)

    def write() -> bytes:
        return sheet.as_csv(
            Sheet(in_language(series.indicator.name), flat.header(series), list(flat.rows(series)))
        )

    return caching.answer(request, tag, write, "text/csv; charset=utf-8", name)


def _released() -> dict[str, Edition]:
    """Return the newest release of every dataset."""
    return {edition.dataset: edition for edition in current_editions()}


def _entry(one: Indicator, released: dict[str, Edition]) -> Entry:
    complete = [design for design in one.series if {*design.datasets} <= released.keys()]
    glances = [
        glance for design in complete if (glance := _glance(one, design, released[design.dataset]))
    ]
    needs = _needs(one, released)
    if not glances:
        needs += [
            _("%(dataset)s and %(per)s have no period in common yet.")
            % {"dataset": design.dataset, "per": design.per}
            for design in complete
            if design.per
        ]
    address = reverse("reports:indicator", args=[one.code])
    return Entry(one, in_language(one.name), glances, list(dict.fromkeys(needs)), address)


def _needs(one: Indicator, released: Collection[str]) -> list[str]:
    """Return why an indicator says nothing yet: what it lacks, or which of its datasets are not released."""
    needs = [in_language(need.why) for need in one.needs]
    if one.series and not any({*design.datasets} <= {*released} for design in one.series):
        every = dict.fromkeys(name for design in one.series for name in design.datasets)
        names = ", ".join(name for name in every if name not in released)
        needs.append(_("Nothing is released yet of: %(datasets)s.") % {"datasets": names})
    return needs


def _glance(one: Indicator, design: SeriesDesign, edition: Edition) -> Glance | None:
    """Return the newest value of a series; None where none is held, and where no period has people to relate it to."""
    time = usual_time(edition.structure, design)
    if not time:
        return None
    series = work_out(one, design, edition, time)
    latest = of_latest(one, design, edition)
    if design.per and latest is None and _lacks_every_period(series):
        return None
    query = QueryDict(mutable=True)
    query["series"] = design.name
    readings = [r for r in latest.readings if r.value is not None] if latest else []
    return Glance(
        address=f"{reverse('reports:indicator', args=[one.code])}?{query.urlencode()}",
        counted=words.counted(series),
        value=words.brief(series, latest) if latest else "",
        period=period_name(latest.period, active_language()) if latest else "",
        span=words.span(readings[0], words.unit_of(series, readings[0].measure))
        if len(readings) and not readings[0].part
        else "",
        trend=trend_of([_first(point) for point in series.points[-SHOWN:]]),
        is_whole=latest.is_whole if latest else True,
    )


def _lacks_every_period(series: Series) -> bool:
    readings = [reading for point in series.points for reading in point.readings]
    return all(reading.why == NOT_DELIVERED for reading in readings)


def _first(point: Point) -> float | None:
    """Return the first number of the whole; None where it has none."""
    return next((r.value for r in point.readings if not r.part), None)


def _shown(asked: AskedSeries, point: Point | None) -> dict[str, object]:
    """Return what the page shows of a series: of kinds with parts one period, else all periods."""
    series, one = asked.series, asked.series.indicator
    by_parts = bool(one.calculation and one.calculation.kind in PARTS)
    lines = _parts(series, point) if by_parts else _periods(series)
    latest = point if by_parts else series.latest
    query = f"series={series.design.name}&by={asked.word}"
    dataset = in_language(series.edition.structure.title)
    return {
        "asked": asked,
        "edition": series.edition,
        "sentence": words.sentence(series, latest) if latest else "",
        "counted": words.counted(series),
        "unit": _(words.UNITS[one.unit]),
        "lines": lines,
        "by_parts": by_parts,
        "several": len({line.measure for line in lines}) > 1,
        "first_head": _head(series) if by_parts else _("Period"),
        "shown": point,
        "periods": [(p.period, period_name(p.period, active_language())) for p in series.points],
        "series": [(design, _title(asked, design, one)) for design in one.series],
        "times": asked.times,
        "file": f"{reverse('reports:indicator_file', args=[one.code])}?{query}",
        "api": f"{reverse('reports:api_indicator', args=[one.code])}?{query}",
        "agencies": _agencies(asked, dataset),
        "notes": words.notes(series),
    }


def _title(asked: AskedSeries, design: SeriesDesign, indicator: Indicator) -> str:
    """Return what the tab of a series is called: its dataset, with what is compared, or counted where several share it."""
    edition = asked.released.get(design.dataset)
    if edition is None:
        return design.dataset
    structure, title = edition.structure, in_language(edition.structure.title)
    if design.over and design.over in structure.by_name:
        return f"{title}: {in_language(structure.by_name[design.over].labels).lower()}"
    if [other.dataset for other in indicator.series].count(design.dataset) < 2:
        return title
    chosen = (
        structure.by_name[name].label(code, active_language())
        for name, codes in design.where.items()
        for code in codes
    )
    return f"{title}: {', '.join(chosen).lower()}"


def _head(series: Series) -> str:
    """Return what the parts are: sexes, or codes of the dimension that is compared."""
    if series.indicator.calculation and series.indicator.calculation.kind == "ages":
        return _("Sex")
    return in_language(series.edition.structure.by_name[series.design.over].labels)


def _periods(series: Series) -> list[Line]:
    """Return the numbers of every period, newest first."""
    names = dict.fromkeys(r.measure for point in series.points for r in point.readings)
    scales = {name: _scale(series, name, series.points) for name in names}
    return [
        _line(series, point, reading, scales[reading.measure], _of_period(point))
        for point in reversed(series.points)
        for reading in (point.readings if point.says_something else point.readings[:1])
    ]


def _parts(series: Series, point: Point | None) -> list[Line]:
    """Return the numbers of one period, part by part: shares with the highest first."""
    if point is None:
        return []
    scales = {name: _scale(series, name, [point]) for name in {r.measure for r in point.readings}}
    readings = list(point.readings)
    if any(reading.measure == "share" for reading in readings):
        readings.sort(key=lambda r: (r.measure != "share", r.value is None, -(r.value or 0.0)))
    else:
        readings.sort(key=lambda r: r.measure)
    return [
        _line(series, point, reading, scales[reading.measure], _of_part(series, reading.part))
        for reading in readings
    ]


def _of_part(series: Series, part: str) -> str:
    """Return what a line of a part is called; where no part has a value, one line says so of all."""
    return words.part_name(series, part) or _("All")


def _of_period(point: Point) -> str:
    return period_name(point.period, active_language())


def _line(series: Series, point: Point, reading: Reading, scale: Scale, label: str) -> Line:
    unit = words.unit_of(series, reading.measure)
    value = words.rounded(reading.value, unit)
    unknown = Reading("", "", 0, low=reading.least, high=reading.most)
    return Line(
        label=label,
        measure=_(words.MEASURES[reading.measure][0]),
        value=words.written(value, unit, signed=unit == "points"),
        why=words.why(reading, series.indicator.least),
        span=words.span(reading, unit),
        unknown=words.span(unknown, unit),
        point=point,
        of=reading.of,
        plot=scale.plot(reading) if reading.value is not None else None,
        verdict=words.verdict(series, reading),
    )


def _scale(series: Series, name: str, points: Sequence[Point]) -> Scale:
    """Return the scale of a measure: from the lowest to the highest end of what is drawn; of changes, around nought."""
    numbers = [
        number
        for point in points
        for r in point.readings
        if r.measure == name and r.value is not None
        for number in (r.value, r.low, r.high, r.least, r.most)
        if number is not None
    ]
    if not numbers:
        return Scale(0.0, 1.0)
    if words.unit_of(series, name) == "points":
        most = max(abs(number) for number in numbers)
        return Scale(-most, most)
    return Scale(min(numbers), max(numbers))


def _agencies(asked: AskedSeries, dataset: str) -> dict[str, object]:
    """Return the series by agency where the release has it, else whose records are counted together."""
    sources = asked.series.edition.structure.sources
    lines = []
    if asked.by_agency:
        series = asked.by_agency
        scale = _scale(series, "value", series.points)
        lines = [
            _line(series, p, r, scale, f"{_agency(series, p)}, {_of_period(p)}")
            for p in reversed(series.points)
            for r in p.readings
            if r.measure == "value"
        ]
    return {
        "lines": lines,
        "several": len(sources) > 1,
        "sources": ", ".join(sources),
        "dataset": dataset,
    }


def _agency(series: Series, point: Point) -> str:
    return series.edition.structure.by_name[series.by].label(point.code, active_language())
