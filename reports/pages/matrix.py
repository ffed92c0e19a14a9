"""Public pages of frameworks: the gender framework matrix, one row of it, its files, and sets of indicators."""

from dataclasses import dataclass
from statistics import median

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.designs import frameworks
from reports.designs import indicators as designs
from reports.designs.tables import tables
from reports.formats import sheet
from reports.formats.sheet import Sheet, Value
from reports.formats.units import concept, unit
from reports.indicators import matrix as matrices
from reports.indicators import sets as filled
from reports.indicators.asking import not_among
from reports.indicators.matrix import STATES, Line, Objective, Told
from reports.pages.downloads import refusal
from reports.published.query import Options, language_of, require_options
from reports.published.structure import Unknown
from standards import numbers
from standards.languages import marked
from standards.translation import in_language
from standards.trends import Trend, trend_of

SHOWS = {
    "used": marked("Objectives in use"),
    "all": marked("All objectives"),
    "gaps": marked("Gaps only"),
}
ALSO = {
    "age": marked("age"),
    "region": marked("region"),
    "citizenship": marked("citizenship"),
    "occupation": marked("occupation"),
    "reason": marked("reason"),
    "time": marked("time"),
}
# What records do for an entry of a set: in words, and how it looks.
FEEDS = {
    "feed": (marked("feed it"), "good"),
    "proxy": (marked("stand in for it"), "warn"),
    "not": (marked("cannot say it"), "muted"),
}
FILES = {
    "csv": ("text/csv; charset=utf-8", sheet.as_csv),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        sheet.as_xlsx,
    ),
}


@dataclass(frozen=True)
class Summary:
    """The matrix in four numbers."""

    answered: int
    objectives: int
    released: int
    rows: int
    gaps: int
    coverage: float | None


@login_not_required
@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """Objectives, what is counted for each, and what each agency's records say of it by sex."""
    try:
        require_options(request.GET, Options(("show",), filters=False))
        show = _show(request.GET.get("show", ""))
    except Unknown as unknown:
        return refusal(unknown)
    design = frameworks.matrix()
    objectives = matrices.objectives(design, timezone.localdate())
    lines = [line for objective in objectives for line in objective.lines]
    context = {
        "agencies": [(code, in_language(names)) for code, names in design.agencies.items()],
        "objectives": _shown(objectives, show),
        "show": show,
        "shows": [(word, _(label)) for word, label in SHOWS.items()],
        "summary": _summary(objectives, lines),
        "states": [(symbol, _(label), look) for symbol, label, look in STATES.values()],
        "unseen": _unseen(lines),
        "gaps": [(line, cell) for line in lines for cell in line.gaps],
    }
    return render(request, "reports/matrix.html", context)


@login_not_required
@require_safe
def matrix_row(request: HttpRequest, row: str) -> HttpResponse:
    """One row of the matrix with everything that is known of it."""
    try:
        require_options(request.GET, Options(filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    objectives = matrices.objectives(frameworks.matrix(), timezone.localdate())
    found = next(
        (
            (objective, line)
            for objective in objectives
            for line in objective.lines
            if line.row.id == row
        ),
        None,
    )
    if found is None:
        raise Http404
    objective, line = found
    table = tables().get(line.row.table)
    context = {
        "objective": objective,
        "line": line,
        "edition": line.edition,
        "unit": unit(line.edition.structure) if line.edition else "",
        "concept": concept(line.edition.structure) if line.edition else "",
        "goals": matrices.goals(line.row),
        "table": (table.code, in_language(table.title)) if table and line.edition else None,
        "also": [_(ALSO[word]) for word in line.row.also],
        "unseen": _who(line),
        "comment": in_language(line.row.comment),
    }
    return render(request, "reports/matrix_row.html", context)


@login_not_required
@require_safe
def matrix_file(request: HttpRequest, suffix: str) -> HttpResponse:
    """The whole matrix as CSV or as a workbook."""
    if suffix not in FILES:
        raise Http404
    try:
        require_options(request.GET, Options(("lang",), filters=False))
        language = language_of(request.GET)
    except Unknown as unknown:
        return refusal(unknown)
    media_type, write = FILES[suffix]
    today = timezone.localdate()
    with override(language):
        content = write(_sheet(matrices.objectives(frameworks.matrix(), today)))
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="matrix-{today}.{suffix}"'
    return response


@login_not_required
@require_safe
def indicator_set(request: HttpRequest, indicator_set: str) -> HttpResponse:
    """A set of indicators that others ask for, and what the records can say of each."""
    one = frameworks.sets().get(indicator_set.lower())
    if one is None:
        raise Http404
    try:
        require_options(request.GET, Options(filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    lines = filled.lines(one)
    context = {
        "set": one,
        "title": in_language(one.title),
        "source": in_language(one.source),
        "note": in_language(one.note),
        "lines": [
            (line, _(FEEDS[line.entry.feed][0]), FEEDS[line.entry.feed][1]) for line in lines
        ],
        "counts": {word: sum(line.entry.feed == word for line in lines) for word in FEEDS},
        "sets": [(other.code, in_language(other.title)) for other in frameworks.sets().values()],
    }
    return render(request, "reports/indicator_set.html", context)


def _show(word: str) -> str:
    if word and word not in SHOWS:
        raise Unknown(not_among("show", word, SHOWS), "show")
    return word or "used"


def _shown(
    objectives: list[Objective], show: str
) -> list[tuple[Objective, list[tuple[Line, Trend | None, str]]]]:
    """Return the objectives of a choice with their rows, each with the trend of its share of women."""
    shown = []
    for objective in objectives:
        lines = [line for line in objective.lines if show != "gaps" or line.gaps]
        if lines or show == "all":
            shown.append(
                (
                    objective,
                    [
                        (
                            line,
                            trend_of(line.shares),
                            unit(line.edition.structure) if line.edition else "",
                        )
                        for line in lines
                    ],
                )
            )
    return shown


def _summary(objectives: list[Objective], lines: list[Line]) -> Summary:
    coverages = [
        line.latest.figures.coverage
        for line in lines
        if line.latest and line.latest.figures.coverage is not None
    ]
    return Summary(
        answered=sum(any(line.is_answered for line in o.lines) for o in objectives),
        objectives=len(objectives),
        released=sum(line.latest is not None for line in lines),
        rows=len(lines),
        gaps=sum(len(line.gaps) for line in lines),
        coverage=median(coverages) if coverages else None,
    )


def _who(line: Line) -> str:
    """Return who cannot be seen in a row: what the row says, else its dataset."""
    return in_language(line.row.unseen) or in_language(designs.unseen().get(line.row.dataset, {}))


def _unseen(lines: list[Line]) -> list[tuple[str, str]]:
    """Return who cannot be seen, each once, with the objective it was said for first."""
    said: dict[str, str] = {}
    for line in lines:
        if text := _who(line):
            said.setdefault(text, line.row.objective)
    return list(said.items())


def _sheet(objectives: list[Objective]) -> Sheet:
    design = frameworks.matrix()
    header = [
        *("OBJECTIVE", "OBJECTIVE_LABEL", "GOALS", "ROW", "ROW_LABEL", "UNIT_MEASURE", "CONCEPT"),
        *("RELEASE", "TIME_PERIOD", "OBS_VALUE", "FEMALE_SHARE", "SEX_COVERAGE", "IS_FINAL"),
        *("BASELINE_PERIOD", "BASELINE_VALUE", "BASELINE_FEMALE_SHARE"),
        *design.agencies,
        *("ALSO_BY", "WHO_CANNOT_BE_SEEN", "COMMENT"),
    ]
    lines = [(objective, line) for objective in objectives for line in objective.lines]
    editions = [line.edition for _objective, line in lines if line.edition]
    notes = [
        _("State of %(day)s.") % {"day": timezone.localdate().isoformat()},
        *(f"{symbol} {_(label)}" for symbol, label, _look in STATES.values()),
        *(
            f"{edition.name}: {in_language(edition.structure.title)}"
            for edition in dict.fromkeys(editions)
        ),
    ]
    rows = [_exported(objective, line) for objective, line in lines]
    made = max((edition.released_at for edition in editions), default=None)
    return Sheet(_("Gender framework matrix"), header, rows, notes, made)


def _exported(objective: Objective, line: Line) -> list[Value]:
    structure = line.edition.structure if line.edition else None
    return [
        *(objective.code, objective.name, "; ".join(line.row.goals), line.row.id, line.name),
        *((structure.unit, structure.concept) if structure else (None, None)),
        line.edition.name if line.edition else None,
        *_told(line.latest),
        *_told(line.baseline)[:3],
        *(cell.label for cell in line.cells),
        "; ".join(_(ALSO[word]) for word in line.row.also),
        _who(line),
        in_language(line.row.comment),
    ]


def _told(told: Told | None) -> list[Value]:
    """Return period, total, share of women, coverage and whether it is final."""
    if told is None:
        return [None] * 5
    shares = (told.figures.female_share, told.figures.coverage)
    written = [None if share is None else numbers.rounded(share) for share in shares]
    return [told.period, told.figures.total, *written, str(told.is_final).lower()]
