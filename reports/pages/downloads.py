"""Tables and datasets as files, in every format of `reports.formats.FORMATS`."""

from typing import IO

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.designs import tables
from reports.designs.tables import TableDesign
from reports.formats import FORMATS
from reports.published import caching, kept
from reports.published.query import (
    EDITION,
    Options,
    Question,
    edition_of,
    language_of,
    question_of,
)
from reports.published.structure import Unknown
from standards.translation import in_language

DATA = Options(("by", "from", "to", *EDITION, "lang"), rows=None)
Labels = dict[str, str]


def table_options(design: TableDesign, *names: str) -> Options:
    """Return what a named table may be asked, beside its own parameters `names`."""
    return Options(("from", "to", *EDITION, *names), fixed=design.where, rows=design.by)


def links(route: str, code: str, query: str) -> list[tuple[str, str]]:
    """Return label and address of a thing in every format."""
    return [
        (entry.label, f"{reverse(route, args=[code, suffix])}?{query}")
        for suffix, entry in FORMATS.items()
    ]


@login_not_required
@require_safe
def table_file(request: HttpRequest, code: str, suffix: str) -> HttpResponseBase:
    """Answer with a named table as a file."""
    design = tables.tables().get(code.upper())
    if design is None:
        raise Http404
    name = f"{design.code}-{{}}.{suffix}"
    return _file(request, design.dataset, name, design.title, table_options(design, "lang"))


@login_not_required
@require_safe
def data_file(request: HttpRequest, dataset: str, suffix: str) -> HttpResponseBase:
    """Answer with any table of a dataset as a file: `by` names its dimensions."""
    return _file(request, dataset.upper(), f"{{}}.{suffix}", None, DATA)


def _file(
    request: HttpRequest, dataset: str, name: str, title: Labels | None, options: Options
) -> HttpResponseBase:
    """Answer with a table as a file; nothing is added up for a reader who has it already."""
    try:
        edition = edition_of(request.GET, dataset)
        if edition is None:
            raise Http404
        with override(language_of(request.GET)):
            question = question_of(request.GET, edition, options)
            return _written(request, question, name.format(edition.name), title)
    except Unknown as unknown:
        return refusal(unknown)


def _written(
    request: HttpRequest, question: Question, name: str, title: Labels | None
) -> HttpResponseBase:
    entry = FORMATS.get(name.rpartition(".")[2])
    if entry is None:
        raise Http404
    question.require_at_most(entry.most, entry.label)
    language = language_of(request.GET)
    tag = caching.tag(question.edition, name, language, question.by, list(question.where.items()))
    heading = in_language(title or question.edition.structure.title)

    def write() -> bytes:
        return entry.write(question.table(), language, heading)

    def stored() -> bytes | IO[bytes]:
        return write() if question.most_rows <= kept.FEW_ROWS else kept.answer(tag, write)

    return caching.answer(request, tag, stored, entry.media_type, name)


def refusal(unknown: Unknown) -> HttpResponse:
    """Answer in words where a question makes no sense: 404 for a release that is not there, 410 for one that is
    withdrawn, else 400."""
    return HttpResponse(
        str(unknown), status=unknown.status, content_type="text/plain; charset=utf-8"
    )
