"""The shared dashboard: from protected cells only, for everyone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from agencies.models import in_language
from agencies.sums import Sum
from reports import asked, charts, published
from reports.formats import flat, numbers
from reports.published import SHARE_NEEDS, Edition, Figures, Table
from reports.structure import TIME

FILTERS = ("TIME_PERIOD", "CITIZENSHIP", "REGION")
TOP = 10


@dataclass(frozen=True)
class Kind:
    """One chart of the dashboard: by which dimension, how it is drawn."""

    dimension: str
    draw: Any
    largest_first: bool = False


KINDS = {
    "trend": Kind(TIME, charts.trend),
    "citizenship": Kind("CITIZENSHIP", charts.bars, largest_first=True),
    "age": Kind("AGE", charts.pyramid),
    "region": Kind("REGION", charts.bars, largest_first=True),
}


@login_not_required
def dashboard(request: HttpRequest) -> HttpResponse:
    editions = published.editions()
    if not editions:
        return render(request, "reports/dashboard_empty.html")
    edition = _chosen(request, editions)
    try:
        where = asked.where(request.GET, edition.structure)
        total = published.tabulate(edition, [], where)
        figures = [_figure(kind, edition, where, request) for kind in _kinds(edition)]
    except published.Unknown as unknown:
        return HttpResponseBadRequest(str(unknown), content_type="text/plain; charset=utf-8")
    context = {
        "editions": [(e, in_language(e.structure.title)) for e in editions],
        "edition": edition,
        "title": in_language(edition.structure.title),
        "sum": sum_of(total.total),
        "headline": headline(total.total, in_language(edition.structure.title)),
        "others": [
            (in_language(e.structure.title), sum_of(published.tabulate(e).total), e)
            for e in editions
            if e.dataset != edition.dataset
        ],
        "figures": figures,
        "filters": _filters(request, edition),
        "notes": flat.notes(edition),
        "filtered": bool(where),
    }
    return render(request, "reports/dashboard.html", context)


@login_not_required
def chart(request: HttpRequest, kind: str, width: str, theme: str) -> HttpResponse:
    """Draw one chart. The same release and question give the same bytes, so it may be kept."""
    editions = published.editions()
    if (
        kind not in KINDS
        or width not in charts.WIDTHS
        or theme not in charts.COLOURS
        or not editions
    ):
        raise Http404
    edition = _chosen(request, editions)
    try:
        where = asked.where(request.GET, edition.structure)
        table = _rows(KINDS[kind], edition, where)
    except (published.Unknown, KeyError) as unknown:
        return HttpResponseBadRequest(str(unknown), content_type="text/plain; charset=utf-8")
    language = (get_language() or "en")[:2]
    question = tuple(sorted((name, tuple(codes)) for name, codes in where.items()))
    key = (edition.checksum, kind, width, theme, language, question)
    tag = f'"{edition.checksum[:16]}-{hash(key) & 0xFFFFFFFF:x}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304)
    response = HttpResponse(_drawn(key, kind, width, theme, table), content_type="image/svg+xml")
    response["ETag"] = tag
    response["Cache-Control"] = "public, max-age=300"
    return response


def sum_of(figures: Figures) -> Sum:
    """Return figures as the sum component shows them; no share where there are too few."""
    return Sum(figures.f, figures.m, figures.o, SHARE_NEEDS * figures.base)


def headline(figures: Figures, title: str) -> str:
    """Return the finding of the page in one sentence."""
    if figures.female_share is None:
        return _("%(title)s: too few to show shares") % {"title": title}
    return _("%(title)s: women are %(share)s%% of those with sex stated") % {
        "title": title,
        "share": numbers.share(figures.female_share),
    }


_memory: dict[Any, bytes] = {}


def _drawn(key: Any, kind: str, width: str, theme: str, table: Table) -> bytes:
    if key not in _memory:
        if len(_memory) > 500:
            _memory.clear()
        dimension = table.edition.structure.by_name[KINDS[kind].dimension]
        spec = KINDS[kind].draw(table.rows, dimension, key[4], charts.WIDTHS[width], theme)
        _memory[key] = charts.draw(spec, theme)
    return _memory[key]


def _chosen(request: HttpRequest, editions: list[Edition]) -> Edition:
    wanted = request.GET.get("dataset", "").upper()
    return next((e for e in editions if e.dataset == wanted), editions[0])


def _kinds(edition: Edition) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.dimension in edition.structure.by_name]


def _rows(kind: Kind, edition: Edition, where: Mapping[str, list[str]]) -> Table:
    table = published.tabulate(edition, [kind.dimension], where)
    if not kind.largest_first:
        return table
    rows = sorted(table.rows, key=lambda row: -row.figures.t)
    return Table(edition, table.by, rows)


def _figure(
    name: str, edition: Edition, where: Mapping[str, list[str]], request: HttpRequest
) -> dict[str, Any]:
    kind = KINDS[name]
    table = _rows(kind, edition, where)
    dimension = edition.structure.by_name[kind.dimension]
    language = (get_language() or "en")[:2]
    query = request.GET.copy()
    query["dataset"] = edition.dataset
    return {
        "kind": name,
        "title": in_language(dimension.labels),
        "finding": _finding(name, table, dimension, language),
        "rows": [(dimension.label(row.codes[0], language), row.figures) for row in table.rows],
        "total": table.total,
        "query": query.urlencode(),
        "dimension": kind.dimension,
    }


def _finding(name: str, table: Table, dimension: Any, language: str) -> str:
    if not table.rows:
        return _("No figures for this choice.")
    largest = max(table.rows, key=lambda row: row.figures.t)
    label, total = dimension.label(largest.codes[0], language), table.total
    if name == "trend":
        return _("The largest number, %(n)s, is of %(label)s.") % {
            "n": numbers.count(largest.figures.t),
            "label": label,
        }
    if total.t < SHARE_NEEDS * total.base:
        return _("Too few to say more.")
    return _("%(label)s stands for %(share)s%% of all.") % {
        "label": label,
        "share": numbers.share(100 * largest.figures.t / total.t),
    }


def _filters(request: HttpRequest, edition: Edition) -> list[dict[str, Any]]:
    language = (get_language() or "en")[:2]
    periods = [item.code for item in edition.structure.by_name[TIME].items]
    found = [
        {"name": "from", "label": _("From"), "options": [(p, p) for p in periods]},
        {"name": "to", "label": _("To"), "options": [(p, p) for p in periods]},
    ]
    for name in FILTERS[1:]:
        if dimension := edition.structure.by_name.get(name):
            options = [
                (item.code, dimension.label(item.code, language)) for item in dimension.items
            ]
            found.append(
                {"name": name.lower(), "label": in_language(dimension.labels), "options": options}
            )
    for one in found:
        one["chosen"] = request.GET.get(str(one["name"]), "")
    return found
