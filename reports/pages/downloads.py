"""Tables and datasets as files, in every format of `reports.formats.FORMATS`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from reports.designs import tables
from reports.designs.tables import TableDesign
from reports.formats import DESCRIPTIONS, FORMATS, layout, naming
from reports.formats.format import Document, Format
from reports.formats.layout import Layout, layout_of
from reports.published import caching, kept, representations
from reports.published.figures import Table
from reports.published.query import (
    EDITION,
    MARKS,
    Options,
    Question,
    edition_of,
    language_of,
    question_of,
)
from reports.published.representations import Representation
from reports.published.structure import Unknown
from standards.translation import active_language, in_language

DATA = Options(("by", "from", "to", *EDITION, "lang"), rows=None)
METADATA = "csv-metadata.json"
# The route of files -> that of the descriptions of its CSV.
DESCRIBED_AT = {
    "reports:table_file": "reports:table_metadata",
    "reports:data_file": "reports:data_metadata",
    "reports:built_file": "reports:built_metadata",
}


@dataclass(frozen=True)
class Downloads:
    """What a page offers of a thing as files: label and address. files: in every format; choices: laid out otherwise,
    and what describes them."""

    files: list[tuple[str, str]]
    choices: list[tuple[str, str]]


@dataclass(frozen=True)
class Source:
    """What files are made of: a named table, any table of a dataset (without a code), or one of the builder (without
    either). route: of its files."""

    route: str
    dataset: str = ""
    options: Options = DATA
    code: str = ""
    title: dict[str, str] | None = None

    def address(self, suffix: str, query: str) -> str:
        """Return where it is read in a format or description."""
        of = [code] if (code := self.code or self.dataset) else []
        if suffix == METADATA:
            return f"{reverse(DESCRIBED_AT[self.route], args=of)}?{query}"
        return f"{reverse(self.route, args=[*of, suffix])}?{query}"


@dataclass(frozen=True)
class Wanted:
    """A file that is asked for. table: its figures, added up when they are needed. stem: its name without a suffix.
    query: the parameters that mean the same figures whenever they are asked again."""

    question: Question
    table: Callable[[], Table]
    title: str
    stem: str
    query: str
    layout: Layout


BUILT = Source("reports:built_file")


def table_options(design: TableDesign, *names: str) -> Options:
    """Return what a named table may be asked, beside its own parameters `names`."""
    return Options(
        ("from", "to", *EDITION, *names), fixed=design.where, rows=design.by, view=design.view
    )


def of_table(design: TableDesign, query: str) -> Downloads:
    """Return what a page offers of a named table, for the question of the page."""
    return offered(_named(design), query)


def of_data(dataset: str, query: str) -> Downloads:
    """Return what a page offers of a table of a dataset; `query` names its dimensions."""
    return offered(Source("reports:data_file", dataset, DATA), query)


@login_not_required
@require_safe
def table_file(request: HttpRequest, code: str, suffix: str) -> HttpResponseBase:
    """Answer with a named table as a file, or with what describes its CSV."""
    design = tables.tables().get(code.upper())
    if design is None:
        raise Http404
    return _file(request, _named(design), suffix)


@login_not_required
@require_safe
def data_file(request: HttpRequest, dataset: str, suffix: str) -> HttpResponseBase:
    """Answer with any table of a dataset as a file: `by` names its dimensions."""
    return _file(request, Source("reports:data_file", dataset.upper(), DATA), suffix)


def refusal(unknown: Unknown) -> HttpResponse:
    """Answer in words where a question makes no sense: 404 for a release that is not there, 410 for one that is
    withdrawn, else 400."""
    return HttpResponse(
        str(unknown), status=unknown.status, content_type="text/plain; charset=utf-8"
    )


def _named(design: TableDesign) -> Source:
    options = table_options(design, "lang")
    return Source("reports:table_file", design.dataset, options, design.code, design.title)


def offered(source: Source, query: str) -> Downloads:
    """Return what a page offers of a source of files, for the parameters of its question."""

    def of(suffix: str, choice: str = "") -> str:
        return source.address(suffix, "&".join(filter(None, (query, choice))))

    files = [(entry.label, of(suffix)) for suffix, entry in FORMATS.items()]
    choices = [
        (_("CSV, one figure a row"), of("csv", "form=tidy")),
        (_("CSV, one figure a row, codes only"), of("csv", "form=tidy&labels=codes")),
        (_("CSV that Excel opens"), of("csv", "bom=yes")),
        (_("XLSX, one figure a row"), of("xlsx", "form=tidy")),
        (_("Parquet, one figure a row"), of("parquet", "form=tidy")),
        (_("Notes of the CSV, as text"), of("txt")),
        (_("Columns of the CSV, for programs (CSVW)"), of(METADATA)),
    ]
    return Downloads(files, choices)


def _file(request: HttpRequest, source: Source, suffix: str) -> HttpResponseBase:
    """Answer with a table as a file; nothing is added up for a reader who has it already."""
    entry = {**FORMATS, **DESCRIPTIONS}.get(suffix)
    if entry is None:
        raise Http404
    try:
        edition = edition_of(request.GET, source.dataset)
        if edition is None:
            raise Http404
        options = replace(source.options, names=(*source.options.names, *entry.parameters))
        with override(language_of(request.GET)):
            question = question_of(request.GET, edition, options)
            return _written(request, question, source, entry)
    except Unknown as unknown:
        return refusal(unknown)


def _written(
    request: HttpRequest, question: Question, source: Source, entry: Format
) -> HttpResponseBase:
    chosen, language = layout_of(request.GET), language_of(request.GET)
    stem = naming.stem(question, source.code, source.options.fixed, chosen, language)
    title = in_language(source.title or question.edition.structure.title)
    query = _for_ever(request, question, language)
    wanted = Wanted(question, question.table, title, stem, query, chosen)
    return send(request, source, entry, wanted)


def send(
    request: HttpRequest, source: Source, entry: Format, wanted: Wanted, also: str = ""
) -> HttpResponseBase:
    """Answer with a file in the active language. also: what else its bytes depend on. Raises Unknown; Busy."""
    question, language = wanted.question, active_language()
    question.require_at_most(entry.most // wanted.layout.breadth, entry.label)
    name = f"{wanted.stem}.{entry.suffix}"
    address = request.build_absolute_uri(
        source.address(entry.describes or entry.suffix, wanted.query)
    )
    described = (f"{wanted.stem}.{entry.describes}", address) if entry.describes else (name, "")
    where = list(question.where.items())
    view = repr(question.view)
    asked = (language, question.by, where, repr(wanted.layout), view, *described, also)
    tag = caching.tag(question.edition, name, *asked)

    def write() -> bytes:
        table = wanted.table()
        document = Document(table, language, wanted.title, wanted.layout, described[0], address)
        rows = layout.count(table, wanted.layout) if entry.has_rows else None
        return representations.packed(entry.write(document), rows)

    def stored() -> Representation:
        few = question.most_rows <= kept.FEW_ROWS
        return representations.opened(kept.made(write()) if few else kept.answer(tag, write))

    response = caching.answer(request, tag, stored, entry.media_type, name)
    if entry.suffix == "csv":
        response["Link"] = _described_by(source, wanted.query)
    return response


def _for_ever(request: HttpRequest, question: Question, language: str) -> str:
    """Return the parameters of a request so that they mean the same figures whenever they are asked again."""
    query = request.GET.copy()
    for key in [key for key in query if key == "as_of" or MARKS.fullmatch(key)]:
        del query[key]
    query["release"], query["lang"] = question.edition.name, language
    return query.urlencode(safe=",")


def _described_by(source: Source, query: str) -> str:
    """Return the head by which programs find what describes a CSV (CSV on the Web, section 5.2; RFC 8288)."""
    entry = DESCRIPTIONS[METADATA]
    address = source.address(METADATA, query)
    return f'<{address}>; rel="describedby"; type="{entry.media_type}"'
