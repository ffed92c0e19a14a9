"""Public pages of quality: where sex is not stated, and how complete, timely, stable and near the figures are."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.formats import flat
from reports.indicators import quality as measured
from reports.indicators.asking import AGENCY, TIME_LABELS, not_among, word_of_time
from reports.indicators.quality import COLUMNS, Delivery, Revision, Share
from reports.indicators.series import OWN, WORDS
from reports.pages.downloads import refusal
from reports.published import editions as released
from reports.published.editions import Edition, current_editions
from reports.published.query import NothingLeft, Options, require_options
from reports.published.structure import TIME, Unknown
from reports.published.tree import NotTogether
from standards import numbers
from standards.periods import FREQUENCIES, period_name, short_period_name
from standards.translation import active_language, in_language

# Per cent with sex not stated, above which coverage is weak or poor (domain brief 5.1).
WEAK, POOR = 2, 10
REGION = "REGION"


@dataclass(frozen=True)
class ShareCell:
    """One share of the page: the number in words, its sign, how it looks, and what a reader hears."""

    text: str
    sign: str = ""
    look: str = ""


@dataclass(frozen=True)
class ShareLine:
    """One row: whose records, and the share of each period."""

    label: str
    note: str
    cells: list[ShareCell]


@dataclass(frozen=True)
class Outline:
    """A dataset on one line of the page of quality."""

    edition: Edition
    title: str
    newest: str
    days: int | None
    missing: int
    revised: float | None
    unknown: str


@login_not_required
@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """By dataset and by region over time: the share of records of which sex is not stated (T26)."""
    try:
        require_options(request.GET, Options(("dataset", "by"), filters=False))
        word_of_time(request.GET, TIME_LABELS)
        editions = current_editions()
        edition = _chosen(request, editions)
        if edition is None:
            return _nothing(request)
        time = _time(request, edition)
    except Unknown as unknown:
        return refusal(unknown)
    by = AGENCY if AGENCY in edition.structure.by_name else ""
    shown = _shown(edition, time)
    regions = _lines(edition, time, REGION, shown)
    context = {
        "editions": [(one, in_language(one.structure.title)) for one in editions],
        "edition": edition,
        "title": in_language(edition.structure.title),
        "agencies": _lines(edition, time, by, shown),
        "regions": regions,
        "most_often": _most_often(edition),
        "heads": [short_period_name(code, active_language()) for code in shown],
        "time": time,
        "times": [(word, _(TIME_LABELS[word])) for word in _words(edition)],
        "word": next(word for word, name in _words(edition).items() if name == time),
        "files": [(label, f"/figures/data/{edition.dataset}.{suffix}?{_query(edition, time)}")
                  for label, suffix in (("CSV", "csv"), ("XLSX", "xlsx"))],
        "has_ranges": any("–" in cell.text for line in regions for cell in line.cells),
        "weak": WEAK,
        "poor": POOR,
    }  # fmt: skip
    return render(request, "reports/coverage.html", context)


@login_not_required
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """How good the figures are: every dataset on one line, and one of them in full."""
    try:
        require_options(request.GET, Options(("dataset",), filters=False))
        editions = current_editions()
        edition = _chosen(request, editions)
        if edition is None:
            return _nothing(request)
    except Unknown as unknown:
        return refusal(unknown)
    history = released.history(edition.dataset)
    told = measured.timeliness(history)
    deliveries = measured.deliveries(edition)
    context = {
        "outlines": [_outline(one) for one in editions],
        "edition": edition,
        "title": in_language(edition.structure.title),
        "deliveries": [_latest(delivery) for delivery in deliveries],
        "periods": _periods(edition)[-COLUMNS:],
        "missing": sum(delivery.missing for delivery in deliveries),
        "held": _held(edition),
        "timeliness": told[:COLUMNS],
        "median": measured.median_days(told),
        "revisions": [_in_words(one) for one in measured.revisions(history)],
        "years": edition.structure.years,
        "base": edition.structure.base,
        "less": edition.structure.base - 1,
        "accuracy": flat.accuracy(edition.structure),
    }
    return render(request, "reports/quality.html", context)


@dataclass(frozen=True)
class HeldTable:
    """The shares of held rows: heads of the periods, and of each agency a text for each of them."""

    heads: list[str]
    lines: list[tuple[str, list[str]]]


def _held(edition: Edition) -> HeldTable | None:
    time, found = measured.held(edition)
    if not found:
        return None
    shown = _shown(edition, time)
    agencies = sorted({*edition.structure.sources, *found})
    shares = {agency: found.get(agency, {}) for agency in agencies}
    return HeldTable(
        [short_period_name(code, active_language()) for code in shown],
        [(agency, [str(of.get(code, "..")) for code in shown]) for agency, of in shares.items()],
    )


def _nothing(request: HttpRequest) -> HttpResponse:
    released.require_some_sound()
    return render(request, "reports/dashboard_empty.html")


def _chosen(request: HttpRequest, editions: list[Edition]) -> Edition | None:
    """Return the dataset that is named, else the first one; None where none is released. Raises Unknown."""
    by_dataset = {edition.dataset: edition for edition in editions}
    name = request.GET.get("dataset", "").upper()
    if name and name not in by_dataset:
        raise NothingLeft(not_among("dataset", name, by_dataset), "dataset")
    return by_dataset[name] if name else next(iter(editions), None)


def _words(edition: Edition) -> dict[str, str]:
    """Return by which periods the shares can be had: what readers call them, longest first."""
    own = OWN[FREQUENCIES[edition.structure.frequency].sdmx]
    return {
        own if name == TIME else WORDS[name]: name for name in measured.times(edition.structure)
    }


def _time(request: HttpRequest, edition: Edition) -> str:
    """Return the column of time that is named; quarters where there are any. Raises Unknown."""
    words = _words(edition)
    word = word_of_time(request.GET, words)
    return words[word] if word else words.get("quarter", next(iter(words.values())))


def _shown(edition: Edition, time: str) -> list[str]:
    return [item.code for item in edition.structure.by_name[time].items][-COLUMNS:]


def _lines(edition: Edition, time: str, by: str, shown: list[str]) -> list[ShareLine]:
    """Return a line for each code; none where the release does not have it by these periods."""
    if by and by not in edition.structure.by_name:
        return []
    try:
        found = measured.unstated(edition, time, by)
    except NotTogether:
        return []
    structure = edition.structure
    sources = ", ".join(structure.sources)
    return [
        ShareLine(
            structure.by_name[by].label(code, active_language())
            if by
            else in_language(structure.title),
            "" if by else sources,
            [_cell(shares.get(period)) for period in shown],
        )
        for code, shares in found.items()
        if any(share.figures.total for share in shares.values())
    ]


def _most_often(edition: Edition) -> str:
    """Return in which regions sex is most often not stated, as far as the tables tell; empty where nothing is told."""
    if REGION not in edition.structure.by_name:
        return ""
    shares = measured.by_place(edition, REGION)
    codes, is_certain = measured.most_often(shares)
    if not codes:
        return ""
    label = edition.structure.by_name[REGION].label
    if is_certain:
        (code,) = codes
        return _("Sex is most often not stated in %(region)s: %(share)s%% of the records.") % {
            "region": label(code, active_language()),
            "share": _cell(shares[code]).text,
        }
    hidden = max(share.hidden for share in shares.values())
    return _(
        "Which region has most is not told: %(n)s people without sex are too few to be broken down by region. "
        "It may be any of: %(regions)s."
    ) % {
        "n": numbers.count(hidden),
        "regions": ", ".join(label(code, active_language()) for code in codes),
    }


def _cell(share: Share | None) -> ShareCell:
    if share is None or share.is_gap:
        return ShareCell("…" if share else "0")
    if share.unknown is None or share.most is None:
        return ShareCell("..")
    text = numbers.share(share.unknown)
    if share.hidden:
        text = f"{text}–{numbers.share(share.most)}"
    if share.unknown > POOR:
        return ShareCell(text, "◔", "bad")
    return ShareCell(text, "◐", "warn") if share.unknown > WEAK else ShareCell(text)


def _query(edition: Edition, time: str) -> str:
    """Return the question whose file holds the counts of the page: all records, whatever they count."""
    headline = edition.structure.headline
    every = "".join(f"&{name.lower()}=all" for name in (headline.where if headline else ()))
    return f"by={time},{REGION}{every}"


def _outline(edition: Edition) -> Outline:
    history = released.history(edition.dataset)
    told = measured.timeliness(history)
    changes = measured.revisions(history)
    last = list(measured.unstated(edition, measured.times(edition.structure)[0])[""].values())[-1]
    return Outline(
        edition=edition,
        title=in_language(edition.structure.title),
        newest=period_name(told[0].period, active_language()) if told else "",
        days=told[0].days if told else None,
        missing=sum(delivery.missing for delivery in measured.deliveries(edition)),
        revised=changes[0].mean if changes else None,
        unknown=_cell(last).text,
    )


def _periods(edition: Edition) -> list[str]:
    return [short_period_name(code, active_language()) for code in edition.structure.periods]


def _latest(delivery: Delivery) -> Delivery:
    return Delivery(delivery.agency, delivery.late[-COLUMNS:])


def _in_words(one: Revision) -> tuple[Revision, str]:
    """Return a revision with its mean in words."""
    return one, ".." if one.mean is None else numbers.share(one.mean)
