"""The shared dashboard: from protected cells only, for everyone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.charts import highlights
from reports.charts.highlights import Highlight
from reports.charts.kinds import kinds_of
from reports.charts.year_before import earlier
from reports.formats import flat
from reports.formats.units import concept, unit
from reports.pages import chart_figures, filters, years
from reports.pages.chart_figures import ChartFigure
from reports.pages.drawings import OPTIONS
from reports.pages.filters import Filter, PageQuestion
from reports.published import addresses, figures
from reports.published import editions as released
from reports.published.editions import Edition, current_editions
from reports.published.query import Question, measure, with_headline
from reports.published.structure import SEX, TIME, Structure
from reports.published.tree import together
from standards import numbers
from standards.sex import Figures
from standards.translation import active_language, in_language

SUMS = 4  # at a glance


@dataclass(frozen=True)
class SumAtAGlance:
    """The sum of one dataset: what is counted, of what, and its parts by sex."""

    title: str
    of: str
    sum: Figures


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
        **_head(reading, editions),
        "cited": cited,
        "title": in_language(edition.structure.title),
        "concept": concept(edition.structure),
        "unit": unit(edition.structure),
        "headline": headline(question),
        "leads": leads(question, table.total),
        "year_name": years.parameter(edition.structure),
        "year": years.chosen_year(reading),
        "sums": list(islice(_sums(question), SUMS)),
        "charts": chart_figures.of_page(request, reading),
        "detail": detail_address(reading),
        "filters": _filters(request, reading),
        "notes": flat.notes(table),
        "filtered": question.chosen,
        "whole": f"?dataset={edition.dataset}" + (f"&release={cited}" if cited else ""),
    }
    return render(request, "reports/dashboard.html", context, status=reading.status)


@login_not_required
@require_safe
def detail(request: HttpRequest) -> HttpResponse:
    """The figures of one dataset in detail: the charts for which its own page has no room, for the same question."""
    editions = current_editions()
    if not editions:
        released.require_some_sound()
        return render(request, "reports/dashboard_empty.html")
    reading = filters.question_on_page(request, filters.newest_named(request, editions), OPTIONS)
    question, edition = reading.question, reading.edition
    title = in_language(edition.structure.title)
    context = {
        **_head(reading, editions),
        "title": _("%(title)s in detail") % {"title": title},
        "of": f"{question.measure}, {flat.limits(edition, question.where)}.",
        "charts": chart_figures.of_page(request, reading, in_detail=True),
        "back": addresses.changed(QueryDict(reading.query), dataset=edition.dataset),
        "notes": flat.notes(question.table()),
    }
    return render(request, "reports/detail.html", context, status=reading.status)


def _head(reading: PageQuestion, editions: Sequence[Edition]) -> dict[str, Any]:
    """What stands above the figures of a dataset: themes, release, what was wrong with the question, years."""
    return {
        "problem": reading.problem,
        "editions": [(e, in_language(e.structure.title)) for e in editions],
        "edition": reading.edition,
        "newer": reading.newer,
        "newest_at": f"?dataset={reading.edition.dataset}",
        "years": years.choices(reading),
    }


def detail_address(reading: PageQuestion) -> str:
    """Return the parameters of the page that shows a question in detail; empty where a dataset has no such charts."""
    if not any(kind.in_detail for kind in kinds_of(reading.edition.structure).values()):
        return ""
    return addresses.changed(QueryDict(reading.query), dataset=reading.edition.dataset)


def overview(request: HttpRequest, editions: list[Edition]) -> HttpResponse:
    """What is most worth knowing of all datasets, each finding with its chart and its numbers."""
    context = {
        "editions": [(e, in_language(e.structure.title)) for e in editions],
        "sums": [_sum_of_all(edition) for edition in editions],
        "charts": _highlights(
            tuple(editions), active_language(), request.build_absolute_uri("/").rstrip("/")
        ),
    }
    return render(request, "reports/overview.html", context)


@lru_cache(maxsize=chart_figures.REMEMBERED)
def _highlights(editions: tuple[Edition, ...], _language: str, site: str) -> SafeString:
    found = highlights.highlights(list(editions))
    return chart_figures.written([_highlight(highlight, site) for highlight in found])


def _highlight(highlight: Highlight, site: str) -> ChartFigure:
    edition = highlight.edition
    question = Question(edition, (), with_headline(edition.structure, {}))
    figure = chart_figures.figure(highlight.kind, question, "", site)
    return replace(
        figure,
        finding=highlight.sentence,
        spans=[(span.label, span.figures) for span in highlight.spans],
        dataset=edition.dataset,
        theme=in_language(edition.structure.title),
    )


def headline(question: Question) -> str:
    """Return the finding of the page in one sentence: the share of women in its newest year, and a year before."""
    found = highlights.of_year(question.edition, question.where)
    if found is None:
        return _("%(title)s: too few to show shares") % {"title": question.measure}
    return found.sentence


def leads(question: Question, total: Figures) -> list[str]:
    """Return what stands behind the headline: how many, from when to when; and where women are most and fewest."""
    edition = question.edition
    counted = _("%(n)s %(unit)s, %(span)s.") % {
        "n": numbers.count(total.total),
        "unit": unit(edition.structure),
        "span": flat.limits(edition, question.where),
    }
    widest = highlights.of_gap(edition, question.where)
    return [counted, f"{widest.finding}."] if widest else [counted]


def _sums(question: Question) -> Iterator[SumAtAGlance]:
    """Yield what the page counts, the same a year before, and what its headline leaves out, such as exits."""
    edition, where = question.edition, question.where
    yield _sum(edition, where)
    if before := earlier(figures.tabulate(edition, [], where)):
        title = _("%(measure)s, a year before") % {"measure": question.measure}
        yield replace(_sum(edition, before.table.where), title=title)
    limited = edition.structure.headline.where if edition.structure.headline else {}
    if len(limited) != 1:
        return
    ((name, codes),) = limited.items()
    if list(where.get(name, ())) == list(codes):
        dimension = edition.structure.by_name[name]
        for item in dimension.items:
            other = _sum(edition, {**where, name: [item.code]})
            if item.code not in codes and other.sum.total:
                yield replace(other, title=in_language(item.labels))


def _sum(edition: Edition, where: Mapping[str, Sequence[str]]) -> SumAtAGlance:
    """Return the sum of a dataset for conditions."""
    structure = edition.structure
    return SumAtAGlance(
        title=measure(structure, where, ()),
        of=f"{unit(structure)}, {flat.limits(edition, where)}",
        sum=figures.tabulate(edition, [], where).total,
    )


def _sum_of_all(edition: Edition) -> SumAtAGlance:
    """Return the sum of a dataset beside those of others: it names its dataset."""
    whole = _sum(edition, with_headline(edition.structure, {}))
    return replace(whole, of=f"{in_language(edition.structure.title)}, {whole.of}")


def _filters(request: HttpRequest, reading: PageQuestion) -> list[Filter]:
    """Return the filters that go with every chart: periods, what the headline limits, what the charts show."""
    structure = reading.edition.structure
    shown = list(OPTIONS.shown(structure))

    def goes_with_all(name: str) -> bool:
        return all(together(structure, [name, other]) == [[name, other]] for other in shown)

    limited = structure.headline.where if structure.headline else ()
    names = dict.fromkeys((*limited, *structure.names))
    return [
        *filters.of_periods(
            request,
            structure,
            next(filter(goes_with_all, _times(structure))),
            years.chosen_year(reading),
        ),
        *(
            filters.of_dimension(request, structure.by_name[name], structure)
            for name in names
            if name not in (SEX, TIME) and goes_with_all(name)
        ),
    ]


def _times(structure: Structure) -> list[str]:
    return [TIME, *(longer.name for longer in structure.roll_ups)]
