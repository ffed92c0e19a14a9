"""The shared dashboard: from protected cells only, for everyone."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import IO

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.charts import findings
from reports.charts.drawing import COLOURS, WIDTHS, Canvas, Spec, draw, size
from reports.charts.highlights import Highlight, highlights
from reports.charts.kinds import Kind, kinds_of
from reports.formats import flat
from reports.pages import downloads, filters, reuse
from reports.pages.downloads import Downloads, refusal
from reports.pages.filters import Filter, PageQuestion
from reports.published import caching, figures, kept
from reports.published import editions as released
from reports.published.editions import Edition, current_editions
from reports.published.figures import Row, Table
from reports.published.query import (
    EDITION,
    Codes,
    Options,
    Question,
    edition_of,
    measure,
    question_of,
    with_headline,
)
from reports.published.register import NotReleased
from reports.published.structure import SEX, TIME, Unknown
from reports.published.tree import together
from standards import numbers
from standards.sex import Figures
from standards.translation import active_language, in_language

REMEMBERED = 300  # questions whose charts a process remembers, some 50 kB each
OPTIONS = Options(
    ("dataset", "from", "to", *EDITION),
    shown=lambda structure: [kind.dimension for kind in kinds_of(structure).values()],
)


@dataclass(frozen=True)
class SumAtAGlance:
    """The sum of one dataset: what is counted, of what, and its parts by sex."""

    title: str
    of: str
    sum: Figures


@dataclass(frozen=True)
class ChartFigure:
    """A chart of the page: its finding, its table, its files, and the sizes of its drawings.

    rows: label and row; spans: label and figures of the years that the finding compares.
    """

    kind: str
    title: str
    of: str
    finding: str
    rows: list[tuple[str, Row]]
    spans: list[tuple[str, Figures]]
    total: Figures
    footnotes: list[str]
    query: str
    downloads: Downloads
    builder: str
    sizes: dict[str, tuple[int, int]]
    dataset: str = ""  # of a chart on a page of all datasets, with the name of its theme
    theme: str = ""

    @property
    def drawing(self) -> str:
        """Return the address of the drawing as a file; empty where there is nothing to draw."""
        if not self.sizes["large"][0]:
            return ""
        return f"{reverse('reports:chart', args=[self.kind, 'large', 'light'])}?{self.query}"


@login_not_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The figures of one dataset: the newest release, or the one that is cited."""
    editions = current_editions()
    if not editions:
        released.require_some_sound()
        return render(request, "reports/dashboard_empty.html")
    if not request.GET:
        return overview(request, editions)
    reading = filters.question_on_page(request, filters.newest_named(request, editions), OPTIONS)
    question, edition, cited = reading.question, reading.edition, reading.cited
    table = question.table()
    context = {
        "problem": reading.problem,
        "editions": [(e, in_language(e.structure.title)) for e in editions],
        "edition": edition,
        "newer": reading.newer,
        "newest_at": f"?dataset={edition.dataset}",
        "cited": cited,
        "title": in_language(edition.structure.title),
        "concept": concept(edition),
        "unit": unit(edition),
        "headline": headline(table.total, question.measure),
        "lead": lead(table.total, edition, question.where),
        "sums": [_sum(e, question) for e in _beside(request, editions)],
        "charts": _charts(reading),
        "filters": _filters(request, edition),
        "notes": flat.notes(table),
        "filtered": question.chosen,
        "whole": f"?dataset={edition.dataset}" + (f"&release={cited}" if cited else ""),
    }
    return render(request, "reports/dashboard.html", context, status=reading.status)


def overview(request: HttpRequest, editions: list[Edition]) -> HttpResponse:
    """What is most worth knowing of all datasets, each finding with its chart and its numbers."""
    everything = [Question(e, (), with_headline(e.structure, {})) for e in editions]
    context = {
        "editions": [(e, in_language(e.structure.title)) for e in editions],
        "sums": [(question.edition, _sum(question.edition, question)) for question in everything],
        "charts": _highlights(tuple(editions), active_language()),
    }
    return render(request, "reports/overview.html", context)


@lru_cache(maxsize=REMEMBERED)
def _highlights(editions: tuple[Edition, ...], _language: str) -> SafeString:
    drawn = [_highlight(highlight) for highlight in highlights(list(editions))]
    return render_to_string("reports/_charts.html", {"figures": drawn})


def _highlight(highlight: Highlight) -> ChartFigure:
    edition = highlight.edition
    figure = _figure(
        highlight.kind, Question(edition, (), with_headline(edition.structure, {})), ""
    )
    return replace(
        figure,
        finding=highlight.sentence,
        spans=[(span.label, span.figures) for span in highlight.spans],
        dataset=edition.dataset,
        theme=in_language(edition.structure.title),
    )


@login_not_required
@require_safe
def chart(request: HttpRequest, kind: str, width: str, theme: str) -> HttpResponseBase:
    """Draw one chart. The same release and question give the same bytes, so it may be kept."""
    editions = current_editions()
    if width not in WIDTHS or theme not in COLOURS or not editions:
        raise Http404
    try:
        newest = filters.newest_named(request, editions)
        edition = edition_of(request.GET, newest.dataset) or newest
        if kind not in kinds_of(edition.structure):
            raise Http404
        question = question_of(request.GET, edition, OPTIONS)
    except Unknown as unknown:
        return refusal(unknown)
    drawing = Drawing(question, kind, width, theme)
    return caching.answer(request, drawing.tag, drawing.svg, "image/svg+xml")


@dataclass(frozen=True)
class Drawing:
    """One chart for one question, in one width and theme, in the language of the page."""

    question: Question
    kind: str
    width: str
    theme: str

    @property
    def tag(self) -> str:
        """Return what identifies the drawing: the release, the question, the language and the looks."""
        codes = sorted((name, sorted(codes)) for name, codes in self.question.where.items())
        looks = (self.kind, self.width, self.theme, active_language())
        return caching.tag(self.question.edition, "chart", *looks, codes)

    def svg(self) -> IO[bytes]:
        """Return the drawing, kept where somebody has asked for it before. Raises Busy."""
        return kept.answer(self.tag, self._draw, kept.DRAWINGS)

    def _draw(self) -> bytes:
        kind = kinds_of(self.question.edition.structure)[self.kind]
        table = figures.tabulate(self.question.edition, [kind.dimension], self.question.where)
        canvas = Canvas(WIDTHS[self.width], COLOURS[self.theme], active_language())
        spec = _spec(kind, kind.ordered(table), canvas)
        return draw(spec, canvas) if spec else b""


def _spec(kind: Kind, table: Table, canvas: Canvas) -> Spec | None:
    """Return the chart of a table in the order of its kind, None where there is nothing to draw."""
    rows = kind.drawn(table)
    dimension = table.edition.structure.by_name[kind.dimension]
    return kind.draw(rows, dimension, canvas) if rows else None


def _sizes(kind: Kind, table: Table) -> dict[str, tuple[int, int]]:
    """Return the sizes of the drawings of a table; the same in every theme."""
    sizes = {}
    for name, width in WIDTHS.items():
        spec = _spec(kind, table, Canvas(width, COLOURS["light"], active_language()))
        sizes[name] = size(spec) if spec else (0, 0)
    return sizes


def headline(figures: Figures, title: str) -> str:
    """Return the finding of the page in one sentence; `title` is what is counted."""
    if figures.female_share is None:
        return _("%(title)s: too few to show shares") % {"title": title}
    return _("%(title)s: women are %(share)s%% of those with sex stated") % {
        "title": title,
        "share": numbers.share(figures.female_share),
    }


def lead(figures: Figures, edition: Edition, where: Codes) -> str:
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


def _sum(edition: Edition, question: Question) -> SumAtAGlance:
    """Return the sum of a dataset; one that the reader has not chosen says that it is whole."""
    structure = edition.structure
    if edition.dataset == question.edition.dataset:
        edition, where = question.edition, question.where
        of = flat.chosen(edition, where)
    else:
        where = with_headline(structure, {})
        of = flat.chosen(edition, where)
        if question.chosen:
            of = _("%(figures)s; your choice of filters does not apply here") % {"figures": of}
    return SumAtAGlance(
        title=measure(edition.structure, where, ()),
        of=f"{in_language(structure.title)}, {unit(edition)}: {of}",
        sum=figures.tabulate(edition, [], where).total,
    )


def _beside(request: HttpRequest, editions: list[Edition]) -> list[Edition]:
    """Return the releases whose sums stand at the top: the newest, or those of the day that is asked for."""
    stood = []
    for edition in editions:
        asked = QueryDict(mutable=True)
        asked["as_of"] = request.GET.get("as_of", "")
        try:
            stood.append(edition_of(asked, edition.dataset) or edition)
        except NotReleased:  # none of this dataset then
            continue
        except Unknown:  # no day: the page says so
            return editions
    return stood or editions


def _charts(reading: PageQuestion) -> SafeString:
    """Return the charts of a page with their tables; a process remembers those of the latest questions."""
    where = tuple((name, tuple(codes)) for name, codes in reading.question.where.items())
    return _charts_of(reading.edition, where, reading.query, active_language())


@lru_cache(maxsize=REMEMBERED)
def _charts_of(
    edition: Edition, where: tuple[tuple[str, tuple[str, ...]], ...], query: str, _language: str
) -> SafeString:
    question = Question(edition, (), {name: list(codes) for name, codes in where})
    drawn = [_figure(kind, question, query) for kind in kinds_of(edition.structure)]
    return render_to_string("reports/_charts.html", {"figures": drawn})


def _figure(name: str, question: Question, parameters: str) -> ChartFigure:
    """Return one chart; `parameters` of the page stand in its links."""
    edition = question.edition
    kind = kinds_of(edition.structure)[name]
    table = kind.ordered(figures.tabulate(edition, [kind.dimension], question.where))
    dimension = edition.structure.by_name[kind.dimension]
    by = f"by={kind.dimension}" + (f"&{parameters}" if parameters else "")
    query = QueryDict(parameters, mutable=True)
    query["dataset"] = edition.dataset
    spans = findings.year_rows(table) if table.time else []
    return ChartFigure(
        kind=name,
        title=in_language(dimension.labels),
        of=f"{question.measure}, {unit(edition)}, {flat.chosen(edition, question.where)}",
        finding=kind.sentence(table, dimension),
        rows=[(findings.label_of(dimension, row.codes[0]), row) for row in table.rows],
        spans=[(_("%(year)s, whole year") % {"year": s.label}, s.figures) for s in spans],
        total=table.total,
        footnotes=flat.footnotes(table) if table.time else [],
        query=query.urlencode(),
        downloads=downloads.of_data(edition.dataset, by),
        builder=reuse.builder_address(edition, [kind.dimension], parameters),
        sizes=_sizes(kind, table),
    )


def _filters(request: HttpRequest, edition: Edition) -> list[Filter]:
    """Return the filters that go with every chart: periods, what the headline limits, what the charts show."""
    structure = edition.structure
    shown = list(OPTIONS.shown(structure))

    def goes_with_all(name: str) -> bool:
        return all(together(structure, [name, other]) == [[name, other]] for other in shown)

    limited = structure.headline.where if structure.headline else ()
    names = dict.fromkeys((*limited, *structure.names))
    times = [TIME, *(longer.name for longer in structure.roll_ups)]
    return [
        *filters.of_periods(request, structure, next(filter(goes_with_all, times))),
        *(
            filters.of_dimension(request, structure.by_name[name], structure)
            for name in names
            if name not in (SEX, TIME) and goes_with_all(name)
        ),
    ]
