"""Tables and datasets as files."""

from collections.abc import Callable
from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest

from reports.formats import xlsx
from reports.formats.csv import as_csv
from reports.pages.tables import _designed, _language, _made
from reports.published import caching, editions, figures
from reports.published.editions import Edition
from reports.published.figures import Table
from reports.published.query import conditions_of, dimensions_of
from reports.published.structure import Unknown
from standards.translation import in_language

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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


def _table_file(request: HttpRequest, code: str, suffix: str) -> HttpResponse:
    shown, edition = _designed(code)
    name = f"{shown.code}-{edition.name}.{suffix}"
    make = partial(_made, request, shown, edition)
    return _file(request, edition, name, in_language(shown.title), make)


def _data_file(request: HttpRequest, dataset: str, suffix: str) -> HttpResponse:
    """Any table of a dataset: `by` names its dimensions."""
    edition = editions.latest(dataset.upper())
    if edition is None:
        raise Http404

    def make() -> Table:
        by = dimensions_of(request.GET, edition.structure)
        return figures.tabulate(edition, by, conditions_of(request.GET, edition.structure))

    title = in_language(edition.structure.title)
    return _file(request, edition, f"{edition.name}.{suffix}", title, make)


def _file(
    request: HttpRequest, edition: Edition, name: str, title: str, make: Callable[[], Table]
) -> HttpResponse:
    """Answer with a table as a file; nothing is added up for a reader who has it already."""
    tag = caching.tag(edition, name, _language(), sorted(request.GET.lists()))
    csv = name.endswith(".csv")

    def written() -> bytes:
        table = make()
        return as_csv(table, _language()) if csv else xlsx.as_xlsx(table, _language(), title)

    try:
        return caching.answer(request, tag, written, CSV if csv else XLSX, name)
    except Unknown as unknown:
        return _bad(unknown)


def _bad(unknown: Unknown) -> HttpResponse:
    return HttpResponseBadRequest(str(unknown), content_type="text/plain; charset=utf-8")
