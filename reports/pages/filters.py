"""What a public page can be limited by, and the question that its reader asks."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from reports.published.editions import Edition, latest
from reports.published.query import (
    ALL,
    Options,
    Question,
    edition_of,
    question_of,
    with_headline,
)
from reports.published.structure import TIME, Dimension, Structure, Unknown
from reports.published.tree import can_be_had
from standards.periods import period_name
from standards.translation import active_language, in_language


@dataclass(frozen=True)
class Filter:
    """A list to choose from: code and label of each option; `default` is what no choice means."""

    name: str
    label: str
    default: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class PageQuestion:
    """A question as a page answers it.

    problem: why it could not be answered as it stands, so that everything is shown. status: of HTTP.
    newer: the newest release, where an older one is shown. query: the parameters, for links.
    """

    question: Question
    problem: str
    status: int
    newer: Edition | None
    query: str

    @property
    def edition(self) -> Edition:
        return self.question.edition

    @property
    def cited(self) -> str:
        """Return the name of the release where an older one is cited, for forms and links."""
        return self.edition.name if self.newer else ""


def question_on_page(request: HttpRequest, newest: Edition, options: Options) -> PageQuestion:
    """Return the question of a request; where it makes no sense, everything, and the reason."""
    edition, problem, status, query = newest, "", 200, request.GET.copy()
    for name in ("dataset", "page"):
        query.pop(name, None)
    try:
        edition = edition_of(request.GET, newest.dataset) or newest
        question = question_of(request.GET, edition, options)
    except Unknown as unknown:
        where = {name: list(codes) for name, codes in options.fixed.items()}
        by = options.rows or ()
        if not can_be_had(edition.structure, (*by, *where)):
            edition = newest  # the release that is cited is older than the table
        question = Question(edition, by, with_headline(edition.structure, where, by))
        problem, status = str(unknown), unknown.status
        query.clear()
    newer = newest if newest.number > edition.number else None
    return PageQuestion(question, problem, status, newer, query.urlencode())


def newest_named(request: HttpRequest, editions: list[Edition]) -> Edition:
    """Return the newest release of the dataset that is named, or of the release that is cited.

    Raises Http404 for a dataset of which nothing is released.
    """
    by_dataset = {edition.dataset: edition for edition in editions}
    if dataset := request.GET.get("dataset", "").upper():
        newest = by_dataset.get(dataset) or latest(dataset)
        if newest is None:
            raise Http404
        return newest
    cited = request.GET.get("release", "").strip().upper().rpartition("-")[0]
    return by_dataset.get(cited, editions[0])


def of_dimension(request: HttpRequest, dimension: Dimension, structure: Structure) -> Filter:
    """Return the filter of a dimension; the headline is the default of the dimension that it limits."""
    name, language = dimension.name.lower(), active_language()
    options = [(item.code, dimension.label(item.code, language)) for item in dimension.items]
    default = _("all")
    if dimension.name == TIME:
        options = [(code, period_name(code, language)) for code, _label in reversed(options)]
    headline = structure.headline
    if headline and dimension.name in headline.where:
        codes = headline.where[dimension.name]
        default = in_language(headline.labels)
        options = [option for option in options if (option[0],) != codes]  # that is the default
        options.append((ALL, _("all")))
    chosen = request.GET.get(name, "")
    return Filter(name, in_language(dimension.labels), default, tuple(options), chosen)


def of_periods(
    request: HttpRequest, structure: Structure, time: str = TIME, year: str = ""
) -> list[Filter]:
    """Return the filters for the first and the last period; time: months, quarters or years. Of one year, its own
    periods; none where it has only one."""
    codes = [item.code for item in structure.by_name[time].items if item.code.startswith(year[:4])]
    if year and len(codes) < 2:
        return []
    periods = tuple((code, period_name(code, active_language())) for code in codes)
    labels = {"from": _("From"), "to": _("To")}
    return [
        Filter(name, label, _("all"), periods, request.GET.get(name, ""))
        for name, label in labels.items()
    ]
