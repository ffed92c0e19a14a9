"""Two releases cell by cell, and a series as every release had it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.formats import flat
from reports.pages import filters
from reports.pages.public_releases import gone
from reports.published import comparing, editions, register
from reports.published.comparing import Difference
from reports.published.editions import Edition
from reports.published.query import (
    Options,
    Question,
    dimensions_of,
    question_of,
    require_options,
    with_headline,
)
from reports.published.register import Withdrawn
from reports.published.structure import ROLL_UPS, SEX, TIME, Dimension, Structure, Unknown
from standards.periods import period_name
from standards.sex import Figures
from standards.translation import active_language, in_language

ROWS = 100  # on one page
MOST = 200_000  # values of two releases that a page compares
SIDE_BY_SIDE = 6  # releases of a series on one page
COMPARED = Options(("first", "second", "by", "from", "to", "changed", "page"), rows=None)
# What a table of revisions shows of each figure: the word in the address, and the attribute.
SHOWN = {"total": "total", "women": "f", "men": "m"}


@dataclass(frozen=True)
class Line:
    """A row of a comparison: the labels of its codes and its figures in both releases."""

    labels: list[str]
    difference: Difference


@dataclass(frozen=True)
class Revised:
    """A figure of a series in one release. was: in the release before that has it, if that is another figure."""

    value: int | None
    was: int | None

    @property
    def change(self) -> int | None:
        return None if self.was is None or self.value is None else self.value - self.was


@login_not_required
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two releases of a dataset by the columns chosen: what each figure was, and what it is."""
    try:
        first, second = _pair(request.GET)
    except Withdrawn as withdrawn:
        return gone(request, withdrawn)
    except Unknown as unknown:
        return _compare(request, None, None, problem=unknown)
    if first is None or second is None:
        return _compare(request, first, second)
    try:
        return _compare(request, first, second, question_of(request.GET, second, COMPARED))
    except Unknown as unknown:
        return _compare(request, first, second, problem=unknown)


def _pair(query: QueryDict) -> tuple[Edition | None, Edition | None]:
    """Return the releases to compare: those named, else the newest of a dataset and the one before it. Raises Unknown."""
    for name in ("first", "second", "changed"):
        if len(query.getlist(name)) > 1:
            raise Unknown(_("“%(name)s” is given more than once.") % {"name": name}, name)
    first, second = (
        register.cited(name) if name else None
        for name in (query.get("first", ""), query.get("second", ""))
    )
    if second is None:
        current = editions.current_editions()
        later = [e for e in current if e.dataset == first.dataset] if first else current
        second = next((e for e in later if register.before(e)), later[0] if later else None)
    if first is None and second is not None:
        first = register.before(second)
    if first and second and first.dataset != second.dataset:
        raise Unknown(
            _("%(first)s and %(second)s are of two datasets. Choose two releases of one.")
            % {"first": first.name, "second": second.name},
            "second",
        )
    return first, second


def _compare(
    request: HttpRequest,
    first: Edition | None,
    second: Edition | None,
    question: Question | None = None,
    *,
    problem: Unknown | None = None,
) -> HttpResponse:
    rows: list[Difference] = []
    if first and second and question:
        question.require_at_most(MOST, _("a page that compares"))
        rows = comparing.compare(first, second, question.by, question.where)
    shown = [row for row in rows if row.is_changed] if request.GET.get("changed") else rows
    page = Paginator(shown, ROWS).get_page(request.GET.get("page"))
    context = {
        "first": first,
        "second": second,
        "problem": str(problem) if problem else "",
        "releases": _every(),
        "columns": _columns(second, request.GET) if second else [],
        "periods": filters.of_periods(request, second.structure) if second else [],
        "kept": _kept(request.GET),
        "only_changed": bool(request.GET.get("changed")),
        "question": question,
        "chosen": flat.chosen(question.edition, question.where) if question else "",
        "heads": [in_language(question.edition.structure.by_name[n].labels) for n in question.by]
        if question
        else [],
        "lines": [Line(_labels(question, row), row) for row in page] if question else [],
        "page": page,
        "count": len(rows),
        "changed": sum(row.is_changed for row in rows),
    }
    status = problem.status if problem else 200
    return render(request, "reports/comparison.html", context, status=status)


def _every() -> list[tuple[str, list[str]]]:
    """Return the names of all releases that can be compared, newest first, by the title of their dataset."""
    by_title: dict[str, list[str]] = {}
    for edition in register.read(pk for pk, _out in register.entries()):
        if isinstance(edition, Edition):
            by_title.setdefault(in_language(edition.structure.title), []).append(edition.name)
    return sorted(by_title.items())


def _columns(edition: Edition, query: QueryDict) -> list[tuple[str, str, bool]]:
    """Return name, label and whether it is chosen, of every column that rows may have."""
    try:
        chosen = dimensions_of(query, edition.structure)
    except Unknown:
        chosen = []
    return [
        (name, in_language(dimension.labels), name in chosen)
        for name, dimension in _longest_first(edition.structure)
        if name != SEX
    ]


def _longest_first(structure: Structure) -> list[tuple[str, Dimension]]:
    """Return the dimensions, years before quarters before periods before everything else."""
    times = [d.name for d in reversed(structure.roll_ups)]
    names = dict.fromkeys([*times, TIME, *structure.names])
    return [(name, structure.by_name[name]) for name in names]


def _kept(query: QueryDict) -> list[tuple[str, str]]:
    """Return the conditions that the form has no field for; they stay when it is sent."""
    return [(k, v) for k in query if k not in COMPARED.names for v in query.getlist(k)]


def _labels(question: Question, row: Difference) -> list[str]:
    known, language = question.edition.structure.by_name, active_language()
    return [
        period_name(code, language)
        if name == TIME or name in ROLL_UPS
        else known[name].label(code, language)
        for name, code in zip(question.by, row.codes, strict=True)
    ]


@login_not_required
@require_safe
def revisions(request: HttpRequest, dataset: str) -> HttpResponse:
    """A series of a dataset as each release had it: periods down, releases across, the newest first."""
    newest = editions.latest(dataset.upper())
    if newest is None:
        raise Http404
    structure, problem, status = newest.structure, "", 200
    options = Options(("show", "time", "from", "to", "page"))
    time, show, where = _time(structure, ""), "total", with_headline(structure, {})
    try:
        require_options(request.GET, options, structure)
        time = _time(structure, request.GET.get("time", ""))
        show = _shown(request.GET.get("show", "total"))
        where = dict(question_of(request.GET, newest, Options(options.names, rows=(time,))).where)
    except Unknown as unknown:
        problem, status = str(unknown), unknown.status
    page = Paginator(editions.history(newest.dataset), SIDE_BY_SIDE).get_page(
        request.GET.get("page")
    )
    older = list(reversed(page.object_list))
    context = {
        "edition": newest,
        "title": in_language(structure.title),
        "problem": problem,
        "measure": Question(newest, (time,), where).measure,
        "releases": page.object_list,
        "page": page,
        "rows": _revised(comparing.revisions(older, time, where), SHOWN[show]),
        "show": show,
        "time": time.lower(),
        "times": [
            (d.name.lower(), in_language(d.labels))
            for d in (structure.by_name[TIME], *structure.roll_ups)
        ],
    }
    return render(request, "reports/revisions.html", context, status=status)


def _time(structure: Structure, name: str) -> str:
    """Return the dimension of time that a reader named; quarters or years where none is. Raises Unknown."""
    allowed = [TIME, *(longer.name for longer in structure.roll_ups)]
    if not name:
        return allowed[-1] if len(allowed) < 3 else allowed[1]
    found = structure.time_name(name.upper())
    if found not in allowed:
        raise Unknown(
            _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
            % {"name": name[:40], "allowed": ", ".join(allowed).lower()},
            "time",
        )
    return found


def _shown(name: str) -> str:
    if name not in SHOWN:
        raise Unknown(
            _("There is no figure “%(name)s”. Choose from: %(allowed)s.")
            % {"name": name[:40], "allowed": ", ".join(SHOWN)},
            "show",
        )
    return name


def _revised(
    rows: Sequence[tuple[str, Sequence[Figures | None]]], shown: str
) -> list[tuple[str, list[Revised]]]:
    """Return the rows, newest period first, with the newest release first; each figure beside what it was."""
    revised = []
    for period, figures in rows:
        cells: list[Revised] = []
        before: int | None = None
        for figure in figures:
            value = None if figure is None else int(getattr(figure, shown))
            cells.append(Revised(value, before if value not in (None, before) else None))
            before = before if value is None else value
        revised.append((period_name(period, active_language()), cells[::-1]))
    return revised[::-1]
