"""Public pages of tables and their files."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from reports.designs import tables
from reports.designs.tables import TableDesign
from reports.formats import flat
from reports.published import editions, figures
from reports.published.editions import Edition, current_editions
from reports.published.figures import Row, Table
from reports.published.query import conditions_of, narrowed
from reports.published.structure import SEX, TIME, Unknown
from standards.translation import active_language, in_language

ROWS = 100  # of a table on one page; downloads have all


@login_not_required
def method(request: HttpRequest) -> HttpResponse:
    """How people are protected, in plain words."""
    return render(request, "reports/method.html")


@login_not_required
def api_guide(request: HttpRequest) -> HttpResponse:
    """How programs read the figures."""
    return render(request, "reports/api.html", {"editions": current_editions()})


@login_not_required
def table_list(request: HttpRequest) -> HttpResponse:
    released = {e.dataset: e for e in current_editions()}
    found = [(t, in_language(t.title), released.get(t.dataset)) for t in tables.tables().values()]
    return render(request, "reports/tables.html", {"tables": found})


@login_not_required
def table(request: HttpRequest, code: str) -> HttpResponse:
    shown, edition = _designed(code)
    problem = ""
    try:
        made = _made(request, shown, edition)
    except Unknown as unknown:
        problem = str(unknown)
        made = figures.tabulate(edition, shown.by, shown.where)
    page = Paginator(made.rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "design": shown,
        "problem": problem,
        "chosen": flat.chosen(edition, made.where),
        "title": in_language(shown.title),
        "edition": edition,
        "heads": [in_language(edition.structure.by_name[name].labels) for name in made.by],
        "page": page,
        "rows": _labelled(made, page.object_list),
        "total": made.total,
        "notes": flat.notes(edition, made.where),
        "filters": _filters(request, shown, edition),
        "query": request.GET.urlencode(),
    }
    return render(request, "reports/table.html", context, status=400 if problem else 200)


def _designed(code: str) -> tuple[TableDesign, Edition]:
    shown = tables.tables().get(code.upper())
    edition = editions.latest(shown.dataset) if shown else None
    if shown is None or edition is None:
        raise Http404
    return shown, edition


def _made(request: HttpRequest, shown: TableDesign, edition: Edition) -> Table:
    where = narrowed(shown.where, conditions_of(request.GET, edition.structure))
    return figures.tabulate(edition, shown.by, where)


def _labelled(made: Table, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows with labels; a label equal to the one above it is said once."""
    dimensions = [made.edition.structure.by_name[name] for name in made.by]
    before: tuple[str, ...] = ()
    found = []
    for row in rows:
        same = next(
            (k for k, code in enumerate(row.codes) if before[k : k + 1] != (code,)), len(row.codes)
        )
        labels = [
            {"text": d.label(code, _language()), "again": k < same}
            for k, (d, code) in enumerate(zip(dimensions, row.codes, strict=True))
        ]
        found.append({"labels": labels, "figures": row.figures})
        before = row.codes
    return found


def _filters(request: HttpRequest, shown: TableDesign, edition: Edition) -> list[dict[str, Any]]:
    """The dimensions a table can be limited by: all but sex, which is always whole."""
    found = []
    for dimension in edition.structure.dimensions:
        if dimension.name != SEX and dimension.name not in shown.where:
            name = dimension.name.lower()
            options = [(i.code, dimension.label(i.code, _language())) for i in dimension.items]
            if dimension.name == TIME:
                options.reverse()
            found.append(
                {
                    "name": name,
                    "label": in_language(dimension.labels),
                    "options": options,
                    "chosen": request.GET.get(name, ""),
                }
            )
    return found


def _language() -> str:
    return active_language()
