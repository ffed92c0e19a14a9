"""Public pages of tables and their files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import floatformat
from django.views.decorators.http import require_safe

from reports.designs import tables
from reports.designs.tables import TableDesign
from reports.formats import flat, worked_out
from reports.pages import downloads, filters, reuse
from reports.pages.downloads import refusal, table_options
from reports.pages.filters import Filter
from reports.pages.public_releases import cite_links
from reports.published import editions
from reports.published.editions import Edition, current_editions
from reports.published.figures import Figures, Row, Table
from reports.published.query import Options, require_options
from reports.published.structure import SEX, Unknown
from reports.published.tree import can_be_had, together
from reports.published.views import Balance, Medians
from standards.translation import active_language, in_language

ROWS = 100  # of a table on one page; downloads have all


@dataclass(frozen=True)
class Label:
    """The label of a row in one column; `again` where it is the one above it."""

    text: str
    again: bool


@dataclass(frozen=True)
class Line:
    """A row as the page shows it: labels, figures, and whether something is missing from them. trace: the
    parameters that ask where its figures come from; more: what is worked out from them, None where there is no number."""

    labels: list[Label]
    row: Row
    trace: str
    more: list[str | None]

    @property
    def figures(self) -> Figures:
        return self.row.figures


@login_not_required
@require_safe
def method(request: HttpRequest) -> HttpResponse:
    """How people are protected, in plain words."""
    texts = [(e.structure.title, flat.accuracy(e.structure)) for e in current_editions()]
    accuracies = [(in_language(title), text) for title, text in texts if text]
    return render(request, "reports/method.html", {"accuracies": accuracies})


@login_not_required
@require_safe
def api_guide(request: HttpRequest) -> HttpResponse:
    """How programs read the figures."""
    return render(request, "reports/api.html", {"editions": current_editions()})


@login_not_required
@require_safe
def table_list(request: HttpRequest) -> HttpResponse:
    """Every named table with its newest release."""
    try:
        require_options(request.GET, Options(filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    released = {e.dataset: e for e in current_editions()}
    rows = []
    for design in tables.tables().values():
        edition = released.get(design.dataset)
        is_out = edition is not None and _is_in(edition, design)
        rows.append((design, in_language(design.title), edition if is_out else None))
    return render(request, "reports/tables.html", {"tables": rows})


def _is_in(edition: Edition, design: TableDesign) -> bool:
    """Say whether a release has what a named table shows; one from before the table may lack it."""
    said = design.view.worked_out
    of = (said.of,) if isinstance(said, Medians) else ()
    return can_be_had(edition.structure, (*design.by, *design.where, *of))


@login_not_required
@require_safe
def table(request: HttpRequest, code: str) -> HttpResponse:
    """A named table of the newest release, or of the one that is cited, with its filters."""
    design = tables.tables().get(code.upper())
    newest = editions.latest(design.dataset) if design else None
    if design is None or newest is None or not _is_in(newest, design):
        raise Http404
    options = table_options(design, "page")
    reading = filters.question_on_page(request, newest, options)
    edition, answer = reading.edition, reading.question.table()
    page = Paginator(answer.rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "design": design,
        "problem": reading.problem,
        "measure": reading.question.measure,
        "chosen": flat.chosen(edition, answer.where),
        "title": in_language(design.title),
        "edition": edition,
        "newer": reading.newer,
        "newest_at": request.path,
        "cited": reading.cited,
        "heads": [in_language(edition.structure.by_name[name].labels) for name in answer.by],
        "page": page,
        "rows": _lines(answer, page.object_list),
        "total": answer.total,
        "more_heads": [worked_out.title(column, answer) for column in answer.more],
        "more_of_total": _more(answer, answer.more_of_total),
        "balance": _balance(answer),
        "notes": flat.notes(answer),
        "filters": _filters(request, design, edition),
        "downloads": downloads.of_table(design, reading.query),
        "forms": cite_links(edition, f"table={design.code}&{reading.query}".rstrip("&")),
        "builder": reuse.builder_address(edition, _told(answer), reading.query, design.where),
    }
    return render(request, "reports/table.html", context, status=reading.status)


def _lines(table: Table, rows: Iterable[Row]) -> list[Line]:
    """Return the rows with labels; a label equal to the one above it is said once."""
    dimensions = [table.edition.structure.by_name[name] for name in table.by]
    language, lines = active_language(), []
    before: tuple[str, ...] = ()
    for row in rows:
        same = next(
            (k for k, code in enumerate(row.codes) if before[k : k + 1] != (code,)), len(row.codes)
        )
        labels = [
            Label(d.label(code, language), again=k < same)
            for k, (d, code) in enumerate(zip(dimensions, row.codes, strict=True))
        ]
        lines.append(Line(labels, row, _trace(table, row), _more(table, row.more)))
        before = row.codes
    return lines


def _balance(table: Table) -> tuple[str, Figures] | None:
    """Return what the balance of a table is called, and that of all its rows together."""
    shown = table.view.worked_out if table.view else None
    if not isinstance(shown, Balance):
        return None
    figures = shown.of_total(table)
    return (in_language(shown.item.labels), figures) if figures else None


def _told(table: Table) -> tuple[str, ...]:
    """Return the dimensions that the figures of a table come from: also that of amounts, whose bands have counts."""
    shown = table.view.worked_out if table.view else None
    return (*table.by, shown.of) if isinstance(shown, Medians) and table.more else table.by


def _more(table: Table, numbers: Mapping[str, float | int | None]) -> list[str | None]:
    """Return the numbers that are worked out as people write them, in the order of their columns."""
    written = []
    for column in table.more:
        number = numbers.get(column.name)
        text = None if number is None else floatformat(number, f"{column.decimals}g")
        written.append(text.replace("-", "−") if text else None)
    return written


def _trace(table: Table, row: Row) -> str:
    """Return the parameters that mean the figures of one row: its codes, and what the table is limited to. Of a
    balance, the codes that it is the difference of."""
    codes = {**table.where, **{n: [code] for n, code in zip(table.by, row.codes, strict=True)}}
    shown = table.view.worked_out if table.view else None
    if isinstance(shown, Balance) and codes.get(shown.of) == [shown.item.code]:
        codes[shown.of] = list(shown.codes)
    asked = {name.lower(): ",".join(chosen) for name, chosen in codes.items()}
    return urlencode({"release": table.edition.name, **asked})


def _filters(request: HttpRequest, design: TableDesign, edition: Edition) -> list[Filter]:
    """Return the filters of a table: the dimensions that go with its rows, but sex, which is always whole."""
    structure = edition.structure
    own = [*design.by, *design.where]
    return [
        filters.of_dimension(request, dimension, structure)
        for dimension in structure.dimensions
        if dimension.name not in (SEX, *design.where)
        and not dimension.amounts  # of some bands there is no median
        and together(structure, [*own, dimension.name]) == [[*own, dimension.name]]
    ]
