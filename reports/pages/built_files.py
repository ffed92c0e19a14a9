"""Files and charts of the table builder: of any question that its address asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.charts.drawing import COLOURS, WIDTHS, Canvas, Spec, draw, size
from reports.charts.kind import Kind
from reports.charts.kinds import kind_of
from reports.formats import DESCRIPTIONS, FORMATS, naming
from reports.formats.layout import layout_of
from reports.pages import filters
from reports.pages.downloads import BUILT, Wanted, refusal, send
from reports.pages.reuse import title_of
from reports.published import (
    addresses,
    caching,
    choosing,
    figures,
    groups,
    kept,
    pivot,
    pivot_query,
)
from reports.published.editions import current_editions
from reports.published.figures import Table
from reports.published.pivot_query import PivotQuestion
from reports.published.query import edition_of, language_of
from reports.published.structure import Dimension, Unknown
from standards.translation import active_language


@dataclass(frozen=True)
class Chart:
    """The chart of a table: what it says, its sizes, its address."""

    finding: str
    sizes: dict[str, tuple[int, int]]
    query: str


@login_not_required
@require_safe
def file(request: HttpRequest, suffix: str) -> HttpResponseBase:
    """The figures of a question as a file, line by line, with a reader's groups."""
    entry = {**FORMATS, **DESCRIPTIONS}.get(suffix)
    if entry is None:
        raise Http404
    try:
        with override(language_of(request.GET)):
            chosen = layout_of(request.GET)
            question = _asked(request, entry.parameters)
            language = active_language()
            stem = naming.stem(
                question.tabulation, "", {}, chosen, language, question.groupings.values()
            )
            said = {name: request.GET[name] for name in entry.parameters if name in request.GET}
            pinned = addresses.changed(
                question.query, release=question.edition.name, sort=None, lang=language, **said
            )
            wanted = Wanted(
                question.tabulation,
                lambda: question.table,
                title_of(question),
                stem,
                pinned,
                chosen,
            )
            return send(request, BUILT, entry, wanted, also=question.address)
    except Unknown as unknown:
        return refusal(unknown)


@login_not_required
@require_safe
def drawing(request: HttpRequest, width: str, theme: str) -> HttpResponseBase:
    """The figures of a question as a chart: by the first dimension of its rows, or of its columns."""
    if width not in WIDTHS or theme not in COLOURS:
        raise Http404
    try:
        with override(language_of(request.GET)):
            question = _asked(request)
            tag = caching.tag(
                question.edition, "drawn", width, theme, active_language(), question.address
            )

            def make() -> bytes:
                canvas = Canvas(WIDTHS[width], COLOURS[theme], active_language())
                drawn = _drawn(question, canvas)
                return draw(drawn, canvas) if drawn else b""

            def stored() -> IO[bytes]:
                return kept.answer(tag, make, kept.DRAWINGS)

            return caching.answer(request, tag, stored, "image/svg+xml")
    except Unknown as unknown:
        return refusal(unknown)


def chart_of(question: PivotQuestion) -> Chart | None:
    """Return the chart of a question, None where it has no dimension to draw or nothing in it."""
    found = _by_one(question)
    if found is None:
        return None
    kind, table, dimension = found
    drawn = {
        name: _drawn(question, Canvas(w, COLOURS["light"], active_language()))
        for name, w in WIDTHS.items()
    }
    sizes = {name: size(spec) for name, spec in drawn.items() if spec}
    if not sizes:
        return None
    query = addresses.changed(question.query, release=question.edition.name, sort=None)
    return Chart(kind.sentence(table, dimension), sizes, query)


def _by_one(question: PivotQuestion) -> tuple[Kind, Table, Dimension] | None:
    """Return the kind of chart, its figures and their dimension: the first of the rows, else of the columns."""
    names = question.rows or question.cols
    if not names:
        return None
    name = names[0]
    table = figures.tabulate(question.edition, [name], question.tabulation.where)
    kind = kind_of(name, of_women=question.measure == pivot.OF_WOMEN)
    table = kind.ordered(groups.grouped(table, question.groupings))
    return kind, table, table.edition.structure.by_name[name]


def _drawn(question: PivotQuestion, canvas: Canvas) -> Spec | None:
    """Return the chart of a question, None where there is nothing to draw."""
    found = _by_one(question)
    if found is None:
        return None
    kind, table, dimension = found
    rows = kind.drawn(table)
    return kind.draw(rows, dimension, canvas) if any(row.figures.total for row in rows) else None


def _asked(request: HttpRequest, beside: Iterable[str] = ()) -> PivotQuestion:
    """Return the question of a file or a drawing, without the parameters `beside`. Raises Unknown, Http404."""
    editions = current_editions()
    if not editions:
        raise Http404
    newest = filters.newest_named(request, editions)
    edition = edition_of(request.GET, newest.dataset) or newest
    query: QueryDict = request.GET.copy()
    for name in beside:
        query.pop(name, None)
    if choosing.of_form(query):
        query = choosing.settled(query, edition.structure)
    return pivot_query.read(query, edition)
