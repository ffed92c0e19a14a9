"""Releases as readers see them: the list of all, the page of each, how it is cited."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_safe

from reports.designs import tables
from reports.formats import citation, flat, schema_org
from reports.formats.citation import FORMS, Citation
from reports.pages.downloads import DATA, refusal, table_options
from reports.published import caching, comparing, editions, register
from reports.published.comparing import Changes, Difference
from reports.published.editions import Edition
from reports.published.query import (
    MARKS,
    Options,
    language_of,
    measure,
    question_of,
    require_options,
    with_headline,
)
from reports.published.register import NotReleased, Withdrawal, Withdrawn
from reports.published.structure import TIME, PublishedYear, Structure, Unknown
from standards.periods import period_name
from standards.translation import active_language, in_language

LISTED = 50  # releases on one page


@dataclass(frozen=True)
class Line:
    """A release in the list: one that is out (`edition`) or one that was withdrawn (`gone`)."""

    title: str
    edition: Edition | None = None
    gone: Withdrawal | None = None
    newer: Edition | None = None
    years: str = ""


@dataclass(frozen=True)
class File:
    """A table of a release as a file. of: the table that it refines; columns: those that it adds, in words; bytes:
    of the file."""

    name: str
    of: str
    columns: str
    cells: int
    bytes: int
    sha256: str
    address: str


@login_not_required
@require_safe
def release_list(request: HttpRequest) -> HttpResponse:
    """Every release that was ever out, newest first, those of one dataset if it is named."""
    try:
        require_options(request.GET, Options(("dataset", "page"), filters=False))
    except Unknown as unknown:
        return refusal(unknown)
    current = {edition.dataset: edition for edition in editions.current_editions()}
    dataset = request.GET.get("dataset", "").upper()
    entries = register.entries(dataset)
    if dataset and not entries:
        raise Http404
    page = Paginator(entries, LISTED).get_page(request.GET.get("page"))
    found = register.read(pk for pk, _out in page.object_list)
    context = {
        "lines": [_line(release, current.get(release.dataset)) for release in found],
        "page": page,
        "dataset": dataset,
        "datasets": [(code, in_language(e.structure.title)) for code, e in current.items()],
    }
    return render(request, "reports/published_releases.html", context)


def _line(release: Edition | Withdrawal, newest: Edition | None) -> Line:
    if isinstance(release, Withdrawal):
        return Line(in_language(release.title), gone=release)
    newer = newest if newest and newest.number > release.number else None
    years = years_in_words(release.structure.years)
    return Line(in_language(release.structure.title), release, newer=newer, years=years)


@login_not_required
@require_safe
def release(request: HttpRequest, release: str) -> HttpResponse:
    """One release: its numbers beside those before, what changed, what is missing, its files, how it is cited."""
    try:
        require_options(request.GET, Options(filters=False))
        edition = register.cited(release)
    except Withdrawn as withdrawn:
        return gone(request, withdrawn)
    except NotReleased:
        raise Http404 from None
    except Unknown as unknown:
        return refusal(unknown)
    earlier, structure = register.before(edition), edition.structure
    rows, counted = numbers(earlier, edition)
    newest = editions.latest(edition.dataset)
    context = {
        "edition": edition,
        "title": in_language(structure.title),
        "earlier": earlier,
        "newer": newest if newest and newest.number > edition.number else None,
        "newest_at": newest and reverse("reports:published_release", args=[newest.name]),
        "rows": rows,
        "measure": counted,
        "time": _year(edition).lower(),
        "changes": changes_in_words(
            comparing.changes(earlier, edition), register.withdrawn_between(earlier, edition)
        ),
        "years": [(year.code, state_of_year(year)) for year in structure.years],
        "elsewhere": structure.elsewhere,
        "accuracy": flat.accuracy(structure),
        "overdue": edition.next_on and edition.next_on < timezone.localdate(),
        "files": _files(edition),
        "tables": _tables(edition),
        "citation": _cited(request, edition).text,
        "forms": cite_links(edition),
        "described": _described(edition),
    }
    return render(request, "reports/published_release.html", context)


def _tables(edition: Edition) -> list[tuple[str, str]]:
    """Return code and title of the named tables of the release's dataset."""
    named = (table for table in tables.tables().values() if table.dataset == edition.dataset)
    return [(table.code, in_language(table.title)) for table in named]


def _described(edition: Edition) -> list[tuple[str, str, str]]:
    """Return label, address and media type of the release as search engines and tools read it."""
    language = f"?lang={active_language()}"
    return [
        (label, reverse(f"reports:{route}", args=[edition.name]) + language, schema_org.MEDIA_TYPE)
        for label, route in (("schema.org", "dataset_jsonld"), ("Croissant", "croissant"))
    ]


def gone(request: HttpRequest, withdrawn: Withdrawn) -> HttpResponse:
    """Answer 410 with the reason why a release was withdrawn, and the one in force."""
    release = withdrawn.withdrawal
    context = {
        "gone": release,
        "out": register.on(release.released_at),
        "when": register.on(release.withdrawn_at),
        "title": in_language(release.title),
        "in_force": withdrawn.in_force,
    }
    return render(request, "reports/published_release_gone.html", context, status=410)


@login_not_required
@require_safe
def cite(request: HttpRequest, release: str, form: str) -> HttpResponseBase:
    """How a release is cited; with `table`, or with `by`, how that table of it is."""
    try:
        edition = register.cited(release)
        if form not in FORMS:
            raise Http404
        with override(language_of(request.GET)):
            cited = _cited(request, edition)
            _label, media_type, write = FORMS[form]
            content = write(cited).encode()
    except Unknown as unknown:
        return refusal(unknown)
    tag = caching.tag(edition, "cite", content.decode())
    return caching.answer(request, tag, lambda: content, media_type, f"{edition.name}.{form}")


def cite_links(edition: Edition, query: str = "") -> list[tuple[str, str]]:
    """Return label and address of the citation in every form; query: which table of the release."""
    return [
        (label, reverse("reports:cite", args=[edition.name, form]) + (f"?{query}" if query else ""))
        for form, (label, _type, _write) in FORMS.items()
    ]


def _cited(request: HttpRequest, edition: Edition) -> Citation:
    """Return the citation that a request asks for. Raises Unknown."""
    query = request.GET.copy()
    codes = query.pop("table", [""])
    if len(codes) > 1:
        raise Unknown(_("“%(name)s” is given more than once.") % {"name": "table"}, "table")
    code = codes[0].upper()
    for name in ("lang", *filter(MARKS.fullmatch, list(query))):
        query.pop(name, None)
    if not code and not query:
        page = reverse("reports:published_release", args=[edition.name])
        return citation.of_release(edition, request.build_absolute_uri(page))
    design = tables.tables().get(code) if code else None
    if code and (design is None or design.dataset != edition.dataset):
        raise NotReleased(_("There is no such table."), "table")
    options = table_options(design) if design else DATA
    question = question_of(query, edition, options)
    if design:
        page, title = reverse("reports:table", args=[design.code]), in_language(design.title)
        title = f"{design.code} {title}: {flat.chosen(edition, question.where)}"
    else:
        page = reverse("reports:data_file", args=[edition.dataset, "csv"])
        labels = [in_language(edition.structure.by_name[n].labels) for n in question.by]
        title = f"{question.measure}: {', '.join(labels)}; {flat.chosen(edition, question.where)}"
    permalink = _permalink(query, edition)
    return citation.of_release(edition, request.build_absolute_uri(f"{page}?{permalink}"), title)


def _permalink(query: QueryDict, edition: Edition) -> str:
    """Return the parameters of a table for ever: of this release, whatever came later."""
    query = query.copy()
    query.pop("as_of", None)
    query["release"] = edition.name
    return query.urlencode()


def numbers(
    earlier: Edition | None, edition: Edition
) -> tuple[list[tuple[str, str, Difference]], str]:
    """Return the years of a release, as code and in words, with the difference to the release before; and what is
    counted."""
    structure, year = edition.structure, _year(edition)
    where = with_headline(structure, {}, [year])
    try:
        rows = comparing.compare(earlier or edition, edition, [year], where)
    except Unknown:  # the one before was of another design, so there is nothing to compare
        rows = comparing.compare(edition, edition, [year], where)
    codes = [row.codes[0] for row in rows]
    named = [(c, period_name(c, active_language()), r) for c, r in zip(codes, rows, strict=True)]
    return named[::-1], measure(structure, where, [year])


def _year(edition: Edition) -> str:
    """Return the column of the longest periods."""
    longer = edition.structure.roll_ups
    return longer[-1].name if longer else TIME


def years_in_words(years: Sequence[PublishedYear]) -> str:
    """Return which years are final and which provisional; of years that agree, once."""
    by_state: dict[str, list[str]] = {}
    for year in years:
        by_state.setdefault(state_of_year(year), []).append(
            period_name(year.code, active_language())
        )
    return "; ".join(f"{', '.join(codes)}: {state}" for state, codes in by_state.items())


def state_of_year(year: PublishedYear) -> str:
    """Return whether the figures of a year are final, in words."""
    if year.is_final:
        return _("final, second version") if year.version > 1 else _("final")
    return _("provisional") if year.is_over else _("provisional, year to date")


def changes_in_words(changes: Changes, withdrawn: Sequence[Withdrawal]) -> list[str]:
    """Return what is new in a release, a sentence for each thing; empty where nothing is."""

    def named(codes: Sequence[str]) -> str:
        return ", ".join(period_name(code, active_language()) for code in codes)

    texts = []
    if new := changes.new_periods:
        text = ngettext("New period: %(periods)s.", "New periods: %(periods)s.", len(new))
        texts.append(text % {"periods": named(new)})
    if changes.gone:
        texts.append(_("No longer in it: %(periods)s.") % {"periods": named(changes.gone)})
    if redrawn := [year.code for year in changes.redrawn]:
        texts.append(
            _("Corrected as a whole, so that every figure of it may differ: %(years)s.")
            % {"years": named(redrawn)}
        )
    if final := [year.code for year in changes.made_final]:
        texts.append(_("Final from this release on: %(years)s.") % {"years": named(final)})
    for gone in withdrawn:
        texts.append(
            _("%(name)s, which came between, was withdrawn on %(when)s: %(reason)s")
            % {"name": gone.name, "when": register.on(gone.withdrawn_at), "reason": gone.reason}
        )
    return texts


def _files(edition: Edition) -> list[File]:
    structure, sizes = edition.structure, editions.sizes(edition)
    columns = {table.name: table.columns for table in structure.tables}
    return [
        File(
            table.name,
            table.of,
            _columns(structure, [n for n in table.columns if n not in columns.get(table.of, ())]),
            table.cells,
            sizes.get(table.name, 0),
            table.sha256 or edition.checksum,
            reverse("reports:api_table_file", args=[edition.name, table.name]),
        )
        for table in structure.tables
    ]


def _columns(structure: Structure, names: Sequence[str]) -> str:
    return ", ".join(in_language(structure.by_name[name].labels) for name in names)
