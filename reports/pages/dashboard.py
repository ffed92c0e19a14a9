"""The shared dashboard: from protected cells only, for everyone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.translation import gettext as _

from reports.charts.drawing import COLOURS, WIDTHS, Canvas, draw, size
from reports.charts.kinds import AGE, CITIZENSHIP, KINDS, REGION, Kind
from reports.formats import flat
from reports.published import caching
from reports.published.editions import Edition, current_editions
from reports.published.figures import Row, Table, add_figures, tabulate
from reports.published.query import conditions_of
from reports.published.structure import TIME, Dimension, Unknown
from standards import numbers
from standards.periods import period_name
from standards.sex import Figures
from standards.translation import active_language, in_language

TOP = 10
YEAR = 12  # periods that are compared at the two ends of a series, if it is long enough
CHANGE = 1.5  # points of share below which nothing is said to have changed
REST = frozenset({"_U", "OTH"})  # shown last, however large
DRAWN_FOR = 24 * 3600  # seconds a drawing is kept; a release never changes
Where = Mapping[str, list[str]]


@login_not_required
def dashboard(request: HttpRequest) -> HttpResponse:
    editions = current_editions()
    if not editions:
        return render(request, "reports/dashboard_empty.html")
    edition = _chosen(request, editions)
    where, problem = _question(request, edition)
    total = tabulate(edition, [], where).total
    title = in_language(edition.structure.title)
    context = {
        "problem": problem,
        "editions": [(e, in_language(e.structure.title)) for e in editions],
        "edition": edition,
        "title": title,
        "concept": concept(edition),
        "unit": unit(edition),
        "headline": headline(total, title),
        "lead": lead(total, edition, where),
        "sums": [_sum(e, where if e is edition else {}) for e in editions],
        "figures": [_figure(kind, edition, where, request) for kind in _kinds(edition)],
        "filters": _filters(request, edition),
        "notes": flat.notes(edition, where),
        "filtered": bool(where),
    }
    return render(request, "reports/dashboard.html", context, status=400 if problem else 200)


def _question(request: HttpRequest, edition: Edition) -> tuple[Where, str]:
    """What the reader asks for; where that makes no sense, everything, and the reason."""
    try:
        return conditions_of(request.GET, edition.structure), ""
    except Unknown as unknown:
        return {}, str(unknown)


@login_not_required
def chart(request: HttpRequest, kind: str, width: str, theme: str) -> HttpResponse:
    """Draw one chart. The same release and question give the same bytes, so it may be kept."""
    editions = current_editions()
    known = kind in KINDS and width in WIDTHS and theme in COLOURS
    if not known or not editions:
        raise Http404
    edition = _chosen(request, editions)
    if KINDS[kind].dimension not in edition.structure.by_name:
        raise Http404
    try:
        where = conditions_of(request.GET, edition.structure)
        drawing = Drawing(edition, kind, width, theme, where)
        return caching.answer(request, drawing.tag, drawing.svg, "image/svg+xml")
    except Unknown as unknown:
        return HttpResponseBadRequest(str(unknown), content_type="text/plain; charset=utf-8")


@dataclass(frozen=True)
class Drawing:
    """One chart of one release for one question, in one width and theme, in the language of the page."""

    edition: Edition
    kind: str
    width: str
    theme: str
    where: Where

    @property
    def tag(self) -> str:
        question = sorted((name, sorted(codes)) for name, codes in self.where.items())
        return caching.tag(
            self.edition, "chart", self.kind, self.width, self.theme, _language(), question
        )

    def svg(self) -> bytes:
        """Return the drawing, from the cache where somebody has asked for it before."""
        kept_here = caches["drawings"]
        if (drawn := kept_here.get(self.tag)) is None:
            drawn = self._draw()
            kept_here.set(self.tag, drawn, DRAWN_FOR)
        return bytes(drawn)

    def _draw(self) -> bytes:
        kind = KINDS[self.kind]
        shown = _shown(kind, _rows(kind, self.edition, self.where).rows)
        if not shown:
            return b""
        canvas = Canvas(WIDTHS[self.width], COLOURS[self.theme], _language())
        dimension = self.edition.structure.by_name[kind.dimension]
        return draw(kind.draw(shown, dimension, canvas), canvas)


def headline(figures: Figures, title: str) -> str:
    """Return the finding of the page in one sentence."""
    if figures.female_share is None:
        return _("%(title)s: too few to show shares") % {"title": title}
    return _("%(title)s: women are %(share)s%% of those with sex stated") % {
        "title": title,
        "share": numbers.share(figures.female_share),
    }


def lead(figures: Figures, edition: Edition, where: Where) -> str:
    """Return what stands behind the headline: how many, from when to when."""
    return _("%(n)s %(unit)s, %(span)s.") % {
        "n": numbers.count(figures.total),
        "unit": unit(edition),
        "span": flat.chosen(edition, where),
    }


def unit(edition: Edition) -> str:
    """Return what is counted, in words (domain brief 1.19)."""
    return {"PS": _("persons"), "EVT": _("events"), "DOC": _("documents")}.get(
        edition.structure.unit, edition.structure.unit
    )


def concept(edition: Edition) -> str:
    """Return by whose definition it is counted, in words (domain brief 2.4)."""
    return {
        "ADM": _("administrative count"),
        "NAT_LAW": _("national legal definition"),
        "UN98": _("UN recommendations 1998"),
        "UN21": _("UN framework 2021"),
    }.get(edition.structure.concept, edition.structure.concept)


def _language() -> str:
    return active_language()


def _sum(edition: Edition, where: Where) -> dict[str, Any]:
    return {
        "title": in_language(edition.structure.title),
        "of": f"{flat.chosen(edition, where)}, {unit(edition)}",
        "sum": tabulate(edition, [], where).total,
    }


def _chosen(request: HttpRequest, editions: list[Edition]) -> Edition:
    wanted = request.GET.get("dataset", "").upper() or editions[0].dataset
    found = next((e for e in editions if e.dataset == wanted), None)
    if found is None:
        raise Http404
    return found


def _kinds(edition: Edition) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.dimension in edition.structure.by_name]


def _rows(kind: Kind, edition: Edition, where: Where) -> Table:
    table = tabulate(edition, [kind.dimension], where)
    if not kind.largest_first:
        return table
    # What is left over comes last: a reader looks for countries first.
    rows = sorted(table.rows, key=lambda row: (row.codes[0] in REST, -row.figures.total))
    return Table(edition, table.by, rows)


def _shown(kind: Kind, rows: list[Row]) -> list[Row]:
    """What is drawn; the table below the chart has every row. An unknown age is on no side of a pyramid."""
    if kind.dimension == AGE:
        return [row for row in rows if row.codes[0] != "_U"]
    if kind.dimension != CITIZENSHIP:
        return rows
    named = [row for row in rows if row.codes[0] not in REST]
    return named[:TOP] + [row for row in rows if row.codes[0] in REST]


def _figure(name: str, edition: Edition, where: Where, request: HttpRequest) -> dict[str, Any]:
    kind = KINDS[name]
    table = _rows(kind, edition, where)
    dimension = edition.structure.by_name[kind.dimension]
    query = request.GET.copy()
    query["dataset"] = edition.dataset
    return {
        "kind": name,
        "title": in_language(dimension.labels),
        "of": f"{in_language(edition.structure.title)}, {unit(edition)}, {flat.chosen(edition, where)}",
        "finding": _finding(name, table, dimension),
        "rows": [(_label(dimension, row), row.figures) for row in table.rows],
        "total": table.total,
        "query": query.urlencode(),
        "dimension": kind.dimension,
        "sizes": {
            width: size(Drawing(edition, name, width, "light", where).svg()) for width in WIDTHS
        },
    }


def _label(dimension: Dimension, row: Row) -> str:
    code = row.codes[0]
    if dimension.name == TIME:
        return period_name(code, _language())
    return dimension.label(code, _language())


def _finding(name: str, table: Table, dimension: Dimension) -> str:
    """Return what a chart says, in one sentence, from the same figures that it draws."""
    rows = [row for row in table.rows if row.codes[0] not in REST]
    if not rows:
        return _("No figures for this choice.")
    if name == "trend":
        return _trend_finding(rows)
    if name == "pyramid":
        women = max(rows, key=lambda row: row.figures.f)
        men = max(rows, key=lambda row: row.figures.m)
        return _("The largest group: women %(women)s, men %(men)s") % {
            "women": _label(dimension, women),
            "men": _label(dimension, men),
        }
    shared = [row for row in rows if row.figures.female_share is not None]
    if not shared:
        return _("Too few to show shares")
    highest, lowest = _ends(shared[:TOP])
    said = {
        "high": _label(dimension, highest),
        "most": numbers.share(highest.figures.female_share or 0),
        "low": _label(dimension, lowest),
        "least": numbers.share(lowest.figures.female_share or 0),
    }
    if highest is lowest:
        return _("%(high)s: %(most)s%% are women") % said
    if name == "citizenship":
        return _("%(high)s: %(most)s%% are women; %(low)s: %(least)s%%") % said
    return _("In %(high)s %(most)s%% are women, in %(low)s %(least)s%%") % said


def _trend_finding(rows: list[Row]) -> str:
    """Compare the last year (or half of what there is) with the first: single periods say little."""
    reach = min(YEAR, len(rows) // 2)
    first, last = _added(rows[:reach]), _added(rows[len(rows) - reach :])
    if first.female_share is None or last.female_share is None:
        return _("The number in each period")
    change = last.female_share - first.female_share
    if abs(change) < CHANGE:
        return _("The share of women has hardly changed")
    said = {"first": numbers.share(first.female_share), "last": numbers.share(last.female_share)}
    if change > 0:
        return _("The share of women rose from %(first)s%% to %(last)s%%") % said
    return _("The share of women fell from %(first)s%% to %(last)s%%") % said


def _added(rows: list[Row]) -> Figures:
    base = rows[0].figures.base if rows else 1
    return add_figures((row.figures for row in rows), base)


def _ends(rows: list[Row]) -> tuple[Row, Row]:
    ordered = sorted(rows, key=lambda row: row.figures.female_share or 0)
    return ordered[-1], ordered[0]


def _filters(request: HttpRequest, edition: Edition) -> list[dict[str, Any]]:
    spoken = [
        (item.code, period_name(item.code, _language()))
        for item in edition.structure.by_name[TIME].items
    ]
    found: list[dict[str, Any]] = [
        {"name": "from", "label": _("From"), "options": spoken},
        {"name": "to", "label": _("To"), "options": spoken},
    ]
    for name in (CITIZENSHIP, REGION):
        if dimension := edition.structure.by_name.get(name):
            options = [(i.code, dimension.label(i.code, _language())) for i in dimension.items]
            label = in_language(dimension.labels)
            found.append({"name": name.lower(), "label": label, "options": options})
    for one in found:
        one["chosen"] = request.GET.get(str(one["name"]), "")
    return found
