"""The table builder: choices at the left, the answer at the right; the address is the saved question."""

from dataclasses import dataclass, field
from itertools import groupby

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from reports.formats import flat
from reports.formats.units import concept, unit
from reports.pages import choices, filters, reuse
from reports.pages.built_files import chart_of
from reports.published import addresses, choosing, pivot, pivot_query
from reports.published import editions as released
from reports.published.editions import Edition, current_editions
from reports.published.pivot import Cell, Codes, Line, Pivot
from reports.published.pivot_query import PivotQuestion
from reports.published.query import NotReleased, edition_of, language_of
from reports.published.structure import Dimension, Structure, Unknown
from reports.published.tree import NotTogether
from standards import numbers
from standards.translation import active_language, in_language

LINES = 200  # of a table on one page; files have all
HEAT = ("", "heat1", "heat2", "heat3", "heat4", "heat5")  # classes of the shades
INDENTS = ("", "", "in1", "in2", "in3", "in4")  # classes of lines, by the number of their codes


class BuilderRequest(HttpRequest):
    """A request that may ask for a part of the page only."""

    htmx: HtmxDetails


@dataclass(frozen=True)
class Shown:
    """A cell as the page shows it: its text, and the classes that say what it is."""

    text: str
    marks: str


@dataclass(frozen=True)
class ShownLine:
    """A line of the page: its label, the class by which it is set in, whether a delivery is missing, its cells."""

    label: str
    indent: str
    kind: str
    late: bool
    cells: list[Shown]


@dataclass(frozen=True)
class Head:
    """A head over columns, or one column's own; sorting: the address that sorts by it, and how it is sorted now."""

    label: str
    span: int
    late: bool = False
    mark: str = ""
    first: bool = False
    sorting: str = ""
    sorted: str = ""
    key: str = ""


@dataclass(frozen=True)
class Answer:
    """What the page says to a question; of one that cannot be answered, why, what can be had, and what is shown."""

    question: PivotQuestion
    pivot: Pivot
    newer: Edition | None
    problem: str = ""
    parameter: str = ""
    instead: list[tuple[str, str]] = field(default_factory=list)
    words: str = ""
    status: int = 200


@login_not_required
@require_safe
def builder(request: BuilderRequest) -> HttpResponse:
    """The builder with its answer; for htmx only what changes, with the address that says the same."""
    editions = current_editions()
    if not editions:
        released.require_some_sound()
        return render(request, "reports/dashboard_empty.html")
    fragment = bool(request.htmx) and not request.htmx.history_restore_request
    newest, problem = filters.newest_named(request, editions), None
    query: QueryDict = request.GET
    try:
        language = language_of(query)
        if choosing.of_form(query):
            edition = edition_of(query, newest.dataset) or newest
            query = choosing.sorted_still(choosing.settled(query, edition.structure), edition)
            if not fragment:
                return redirect(f"{request.path}?{addresses.text_of(query)}")
    except Unknown as unknown:
        language, problem = active_language(), unknown
    with override(language):
        answer = _answer(query, newest, problem)
        template = "reports/_builder.html" if fragment else "reports/builder.html"
        context = {**_context(request, answer), "editions": editions, "fragment": fragment}
        context["datasets"] = [(e, in_language(e.structure.title)) for e in editions]
        status = 422 if fragment and answer.problem else answer.status
        response = render(request, template, context, status=status)
    if fragment and not answer.problem:
        response["HX-Push-Url"] = f"{request.path}?{answer.question.address}"
    patch_vary_headers(response, ["HX-Request"])
    return response


def _answer(query: QueryDict, newest: Edition, problem: Unknown | None) -> Answer:
    """Return the answer to a question; where it cannot be answered, why, and a table that can be had."""
    edition, instead = newest, []
    if problem is None:
        try:
            edition = edition_of(query, newest.dataset) or newest
            question = pivot_query.read(query, edition)
            return Answer(
                question, question.answer(), newest if newest.number > edition.number else None
            )
        except Unknown as unknown:
            problem = unknown
    if isinstance(problem, NotTogether):
        instead = [_had(query, edition.structure, part) for part in problem.parts]
    question, shown, words = _fallback(query, edition, newest, problem)
    parameter = "rows, cols" if isinstance(problem, NotTogether) else problem.parameter
    status = 404 if isinstance(problem, NotReleased) else 400
    return Answer(question, shown, None, str(problem), parameter, instead, words, status)


def _fallback(
    query: QueryDict, edition: Edition, newest: Edition, problem: Unknown
) -> tuple[PivotQuestion, Pivot, str]:
    """Return what is shown instead, and what it is: a table that is too wide has its columns in the rows."""
    if isinstance(problem, pivot_query.TooWide):
        try:
            question = pivot_query.read(choosing.in_rows(query, edition.structure), edition)
            return question, question.answer(), _("Here it is with its columns in the rows.")
        except Unknown:
            pass  # too long, too: a table to begin with
    question = pivot_query.read(QueryDict(f"dataset={newest.dataset}"), newest)
    return question, question.answer(), _("Here is a table to begin with instead.")


def _had(query: QueryDict, structure: Structure, part: list[str]) -> tuple[str, str]:
    """Return label and address of what can be had of a question."""
    address = choosing.part_of(query, structure, part)
    sides = QueryDict(address)
    placed = [name for side in ("rows", "cols") for name in sides.get(side, "").split(",") if name]
    labels = ", ".join(in_language(structure.by_name[name].labels) for name in placed)
    return labels or _("Total"), address


def _context(request: HttpRequest, answer: Answer) -> dict[str, object]:
    question, turned = answer.question, answer.pivot
    title, edition = reuse.title_of(question), question.edition
    offered = choices.choices_of(question)
    page = Paginator(turned.lines, LINES).get_page(request.GET.get("page"))
    return {
        "answer": answer,
        "edition": edition,
        "newer": answer.newer,
        "newest_at": "?" + addresses.changed(question.query, release=None),
        "title": title,
        "unit": unit(edition.structure),
        "concept": concept(edition.structure),
        "of": flat.chosen(edition, question.tabulation.where),
        "choices": offered,
        "heads": _heads(question, turned),
        "page": page,
        "lines": _lines(turned, page),
        "measured": next(m.label for m in offered.measures if m.chosen),
        "columns": len(turned.heads) * len(turned.parts),
        "swapped": "?" + _swapped(question),
        "row_label": ", ".join(
            in_language(edition.structure.by_name[n].labels) for n in question.rows
        ),
        "stacked": len(turned.heads) == 1 and not question.cols,
        "coverage": _coverage(turned),
        "notes": flat.notes(question.table),
        "reuse": reuse.reuse_of(request, question, title),
        "chart": chart_of(question),
        "unsorted": "?" + addresses.changed(question.query, sort=None) if question.sort else "",
    }


def _swapped(question: PivotQuestion) -> str:
    query = question.query.copy()
    query["rows"], query["cols"] = ",".join(question.cols), ",".join(question.rows)
    return addresses.changed(query, sort=None)


def _lines(turned: Pivot, page: "Page[Line]") -> list[ShownLine]:
    """Return the lines of a page as they are shown."""
    structure, language = turned.table.edition.structure, active_language()
    dimensions = [structure.by_name[name] for name in turned.rows]
    firsts = {k * len(turned.parts) for k in range(len(turned.heads))} if turned.cols else set()
    totals = {k for k, part in enumerate(turned.parts) if part == "_T"}
    shown: dict[tuple[Cell, bool, bool], Shown] = {}

    def cell_of(k: int, cell: Cell) -> Shown:
        place = (cell, k in firsts, k % len(turned.parts) in totals)
        if place not in shown:
            shown[place] = _cell(*place)
        return shown[place]

    return [
        ShownLine(
            _label(dimensions, line.codes, language),
            INDENTS[len(line.codes)],
            "sumrow" if not line.codes else "sub" if len(line.codes) < len(dimensions) else "",
            bool(turned.late.intersection(line.codes[-1:])),
            [cell_of(k, cell) for k, cell in enumerate(line.cells)],
        )
        for line in page.object_list
    ]


def _label(dimensions: list[Dimension], codes: Codes, language: str) -> str:
    return dimensions[len(codes) - 1].label(codes[-1], language) if codes else _("Total")


def _cell(cell: Cell, first: bool, total: bool) -> Shown:
    marks = ["num"]
    marks += ["first-of"] * first + ["tot"] * total + ["rough"] * cell.rough
    marks += [HEAT[cell.shade]] * bool(cell.shade)
    if cell.value is None:
        return Shown(cell.sign, " ".join([*marks, "code"]))
    if cell.kind == "share":
        text, marks = numbers.share(cell.value), [*marks, "share"]
    elif cell.kind == "growth":
        text = ("+" if cell.value > 0 else "") + numbers.share(cell.value)
    else:
        text = numbers.count(int(cell.value))
        text = f"+{text}" if cell.kind == "change" and cell.value > 0 else text
    return Shown(text.replace("-", "−"), " ".join(marks))


def _heads(question: PivotQuestion, turned: Pivot) -> list[list[Head]]:
    """Return the rows of heads: one for each dimension of the columns, then the parts of each column."""
    structure, language = turned.table.edition.structure, active_language()
    width, rows = len(turned.parts), []
    for level, name in enumerate(turned.cols):
        row = []
        for codes, same in groupby(turned.heads, key=lambda head: head[: level + 1]):
            label = structure.by_name[name].label(codes[level], language) if codes else ""
            if not codes and level == 0:
                label = _("Total")
            late = bool(codes) and codes[level] in turned.late
            row.append(Head(label, width * len(list(same)), late=late))
        rows.append(row)
    sides = [
        _part(question, part, head, first=bool(turned.cols) and k == 0)
        for head in turned.heads
        for k, part in enumerate(turned.parts)
    ]
    return [*rows, sides]


def _part(question: PivotQuestion, part: str, head: Codes, *, first: bool) -> Head:
    """Return the head of one column, by which the lines can be sorted: the largest first, then the smallest."""
    label, mark = {
        "F": (_("Women"), "w"),
        "M": (_("Men"), "m"),
        "_OU": (_("Other"), "o"),
        "_T": (_("Total"), "t"),
        pivot.SHARE: (_("Women, %"), ""),
        pivot.COVERAGE: (_("Sex stated, %"), ""),
    }[part]
    key = ".".join((part, *head))
    now = {f"-{key}": "descending", key: "ascending"}.get(question.sort, "")
    sort = key if now == "descending" else f"-{key}"
    address = "?" + addresses.changed(question.query, sort=sort)
    return Head(label, 1, mark=mark, first=first, sorting=address, sorted=now, key=key)


def _coverage(turned: Pivot) -> list[tuple[str, str]]:
    """Return for each column how much of it has sex stated: it stands beside every share."""
    structure, language = turned.table.edition.structure, active_language()
    found = []
    for head, figures_of in zip(turned.heads, turned.lines[0].figures, strict=True):
        labels = [
            structure.by_name[n].label(c, language) for n, c in zip(turned.cols, head, strict=False)
        ]
        if figures_of is not None and figures_of.coverage is not None:
            found.append((", ".join(labels) or _("Total"), numbers.share(figures_of.coverage)))
    return found
