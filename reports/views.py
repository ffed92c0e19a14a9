"""Public pages of tables and their files."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.translation import get_language

from agencies.models import in_language
from reports import asked, kept, published, tables
from reports.formats import files, flat
from reports.published import Edition, Row, Table
from reports.structure import SEX, TIME
from reports.tables import TableDesign

ROWS = 100  # of a table on one page; downloads have all
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_not_required
def method(request: HttpRequest) -> HttpResponse:
    """How people are protected, in plain words."""
    return render(request, "reports/method.html")


@login_not_required
def api_guide(request: HttpRequest) -> HttpResponse:
    """How programs read the figures."""
    return render(request, "reports/api.html", {"editions": published.editions()})


@login_not_required
def table_list(request: HttpRequest) -> HttpResponse:
    released = {e.dataset: e for e in published.editions()}
    found = [(t, in_language(t.title), released.get(t.dataset)) for t in tables.tables().values()]
    return render(request, "reports/tables.html", {"tables": found})


@login_not_required
def table(request: HttpRequest, code: str) -> HttpResponse:
    shown, edition = _designed(code)
    problem = ""
    try:
        made = _made(request, shown, edition)
    except published.Unknown as unknown:
        problem = str(unknown)
        made = published.tabulate(edition, shown.by, shown.where)
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


@login_not_required
def table_csv(request: HttpRequest, code: str) -> HttpResponse:
    return _table_file(request, code, "csv")


@login_not_required
def table_xlsx(request: HttpRequest, code: str) -> HttpResponse:
    return _table_file(request, code, "xlsx")


@login_not_required
def data_csv(request: HttpRequest, dataset: str) -> HttpResponse:
    return _data_file(request, dataset, "csv")


@login_not_required
def data_xlsx(request: HttpRequest, dataset: str) -> HttpResponse:
    return _data_file(request, dataset, "xlsx")


def _designed(code: str) -> tuple[TableDesign, Edition]:
    shown = tables.tables().get(code.upper())
    edition = published.latest(shown.dataset) if shown else None
    if shown is None or edition is None:
        raise Http404
    return shown, edition


def _made(request: HttpRequest, shown: TableDesign, edition: Edition) -> Table:
    where = asked.narrowed(shown.where, asked.where(request.GET, edition.structure))
    return published.tabulate(edition, shown.by, where)


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


def _table_file(request: HttpRequest, code: str, suffix: str) -> HttpResponse:
    shown, edition = _designed(code)
    name = f"{shown.code}-{edition.name}.{suffix}"
    make = partial(_made, request, shown, edition)
    return _file(request, edition, name, in_language(shown.title), make)


def _data_file(request: HttpRequest, dataset: str, suffix: str) -> HttpResponse:
    """Any table of a dataset: `by` names its dimensions."""
    edition = published.latest(dataset.upper())
    if edition is None:
        raise Http404

    def make() -> Table:
        by = asked.by(request.GET, edition.structure)
        return published.tabulate(edition, by, asked.where(request.GET, edition.structure))

    title = in_language(edition.structure.title)
    return _file(request, edition, f"{edition.name}.{suffix}", title, make)


def _file(
    request: HttpRequest, edition: Edition, name: str, title: str, make: Callable[[], Table]
) -> HttpResponse:
    """Answer with a table as a file; nothing is added up for a reader who has it already."""
    tag = kept.tag(edition, name, _language(), sorted(request.GET.lists()))
    csv = name.endswith(".csv")

    def written() -> bytes:
        table = make()
        return files.as_csv(table, _language()) if csv else files.as_xlsx(table, _language(), title)

    try:
        return kept.answer(request, tag, written, CSV if csv else XLSX, name)
    except published.Unknown as unknown:
        return _bad(unknown)


def _language() -> str:
    return (get_language() or "en")[:2]


def _bad(unknown: published.Unknown) -> HttpResponse:
    return HttpResponseBadRequest(str(unknown), content_type="text/plain; charset=utf-8")
