"""The bulletin of a release: what its two pages say, and its address."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_safe

from reports.charts import findings, highlights
from reports.charts.drawing import COLOURS, WIDTHS, Canvas, draw, size
from reports.charts.kind import Kind
from reports.charts.kinds import CITIZENSHIP, kinds_of
from reports.designs import indicators
from reports.formats import bulletin as typeset
from reports.formats import citation, flat
from reports.formats.bulletin import Bulletin, Listed, Paragraph, Picture
from reports.formats.units import unit
from reports.pages.dashboard import headline, leads
from reports.pages.downloads import refusal
from reports.pages.public_releases import years_in_words
from reports.published import caching, figures, kept, register
from reports.published.editions import Edition
from reports.published.figures import Table
from reports.published.query import (
    LANGUAGES,
    Options,
    Question,
    measure,
    require_options,
    with_headline,
)
from reports.published.structure import Dimension, Unknown
from standards import numbers
from standards.periods import period_name
from standards.sex import Figures
from standards.translation import active_language, in_language

MEDIA_TYPE = "application/pdf"
FINDINGS = ("trend", "citizenship", "pyramid")  # charts whose sentence the bulletin quotes
NAMED = 6  # missing deliveries that have room; of more, only their number
TOO_FEW = ".."  # where a share would say too much of too few, as on pages


@login_not_required
@require_safe
def bulletin(request: HttpRequest, release: str, language: str) -> HttpResponseBase:
    """A release on two pages, as a PDF in one language. Made once; it never changes."""
    try:
        require_options(request.GET, Options(filters=False))
        edition = register.cited(release)
        if language not in LANGUAGES:
            raise Http404
    except Unknown as unknown:
        return refusal(unknown)
    page = request.build_absolute_uri(reverse("reports:published_release", args=[edition.name]))
    tag = caching.tag(edition, "bulletin", language, page)

    def made() -> bytes:
        with kept.answer(tag, lambda: _made(edition, page, language), kept.DRAWINGS) as file:
            return file.read()

    name = f"{edition.name}-bulletin-{language}.pdf"
    response = caching.answer(request, tag, made, MEDIA_TYPE, name)
    if "Content-Disposition" in response:  # it is read before it is kept
        response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _made(edition: Edition, page: str, language: str) -> bytes:
    with override(language):
        return typeset.pdf(of_release(edition, page), edition.released_at)


def of_release(edition: Edition, page: str) -> Bulletin:
    """Return the bulletin of a release in the active language; `page` is the address of the release."""
    structure = edition.structure
    question = Question(edition, (), with_headline(structure, {}))
    everything = question.table()
    counted = measure(structure, everything.where, ())
    of = f"{counted}, {unit(structure)}, {flat.chosen(edition, everything.where)}"
    title = in_language(structure.title)
    cited = citation.of_release(edition, page)
    return Bulletin(
        language=active_language(),
        title=_("%(title)s: bulletin of release %(release)s")
        % {"title": title, "release": edition.name},
        wordmark=cited.publisher,
        imprint=_("Bulletin of release %(release)s, %(when)s")
        % {"release": edition.name, "when": register.on(edition.released_at)},
        kicker=title,
        headline=headline(question),
        lead=leads(question, everything.total)[0],
        findings_head=_("What the release says"),
        findings=list(_findings(edition)),
        sums=_sums(everything.total, of),
        first=_pictures(edition, ("trend", "pyramid"), "little"),
        table=_listed(edition, of),
        second=_pictures(edition, (_gap(edition),), "large"),
        reading_head=_("How to read it"),
        reading=list(_reading(edition)),
        citation=Paragraph(_("How to cite"), cited.text),
        page=_("page %(page)s of %(pages)s"),
    )


def _findings(edition: Edition) -> Iterator[str]:
    """Yield what the charts of the release say: women in the newest year, the widest gap, then its largest parts."""
    for found in (highlights.of_year(edition), highlights.of_gap(edition)):
        if found:
            yield f"{found.sentence}."
    kinds = kinds_of(edition.structure)
    for chart in (_Chart(edition, kinds[name]) for name in FINDINGS if name in kinds):
        if chart.table.total.total:
            yield f"{chart.sentence}." if chart.table.time else f"{chart.title}. {chart.sentence}."


def _gap(edition: Edition) -> str:
    """Return the chart of the widest gap between shares of women; of the citizenships where there is none."""
    widest = highlights.of_gap(edition)
    return widest.kind if widest else "citizenship"


@dataclass(frozen=True)
class _Chart:
    """A chart of the release as a whole."""

    edition: Edition
    kind: Kind

    @property
    def dimension(self) -> Dimension:
        return self.edition.structure.by_name[self.kind.dimension]

    @property
    def table(self) -> Table:
        return self.kind.ordered(_table(self.edition, self.kind.dimension))

    @property
    def title(self) -> str:
        return in_language(self.dimension.labels)

    @property
    def sentence(self) -> str:
        return self.kind.sentence(self.table, self.dimension)

    def picture(self, width: str) -> Picture | None:
        """Return its drawing on paper, None where there is nothing to draw."""
        table, canvas = self.table, Canvas(WIDTHS[width], COLOURS["light"], active_language())
        spec = self.kind.spec(table, canvas)
        if spec is None:
            return None
        counted = measure(self.edition.structure, table.where, table.by)
        of = f"{counted}, {unit(self.edition.structure)}"
        title = _("Over time") if table.time else self.title
        if self.kind.by_share:
            of = f"{counted}. {_('Women, % of those with sex stated')}"
        drawing = draw(spec, canvas).decode()
        return Picture(title, of, drawing, *size(spec), said=f"{title}. {of}. {self.sentence}.")


def _pictures(edition: Edition, names: tuple[str, ...], width: str) -> list[Picture]:
    kinds = kinds_of(edition.structure)
    drawn = [_Chart(edition, kinds[n]).picture(width) for n in names if n in kinds]
    return [picture for picture in drawn if picture]


def _table(edition: Edition, *by: str) -> Table:
    """Return what the dataset counts, of all periods of the release: the figures that its page begins with."""
    return figures.tabulate(edition, by, with_headline(edition.structure, {}, by))


def _sums(total: Figures, of: str) -> Listed:
    shares = [_("Of 100 with sex stated"), _share(total.female_share), _share(total.male_share)]
    return Listed(
        _("At a glance"), of, ["", *_heads()], [[*shares, "", ""]], [_("All"), *_counts(total)]
    )


def _listed(edition: Edition, of: str) -> Listed:
    """Return the largest citizenships by sex; where there are none, the codes with the widest gap."""
    kinds = kinds_of(edition.structure)
    name = "citizenship" if CITIZENSHIP in edition.structure.by_name else _gap(edition)
    chart = _Chart(edition, kinds[name])
    table = chart.table
    drawn = [
        [findings.label_of(chart.dimension, row.codes[0]), *_measures(row.figures)]
        for row in chart.kind.drawn(table)
    ]
    if len(drawn) < len(table.rows):
        of = _("%(of)s. The largest %(n)s") % {"of": of, "n": chart.kind.top}
    heads = [chart.title, *_heads(), _("Women, %"), _("Sex stated, %")]
    return Listed(chart.title, of, heads, drawn, [_("All"), *_measures(table.total)])


def _heads() -> list[str]:
    return [_("Women"), _("Men"), _("Other or not stated"), _("Total")]


def _measures(counted: Figures) -> list[str]:
    return [*_counts(counted), _share(counted.female_share), _share(counted.coverage)]


def _counts(counted: Figures) -> list[str]:
    return [numbers.count(n) for n in (counted.f, counted.m, counted.o, counted.total)]


def _share(share: float | None) -> str:
    return TOO_FEW if share is None else numbers.share(share)


def _reading(edition: Edition) -> Iterator[Paragraph]:
    """Yield how the figures are to be read: rounding, sex, what is missing, what is provisional, who cannot be seen."""
    structure = edition.structure
    rounding = _(
        "Every count is adjusted at random to a multiple of %(base)s to protect people; 0 can mean up "
        "to %(below)s. Tables add up. Do not read small differences as change."
    ) % {"base": structure.base, "below": structure.base - 1}
    yield Paragraph(_("Rounding"), " ".join(filter(None, (rounding, flat.accuracy(structure)))))
    yield Paragraph(
        _("Sex"),
        _(
            "Figures are by the sex stated in a document. Shares are of those with sex stated; “..” stands where "
            "fewer than 100 are counted."
        ),
    )
    yield Paragraph(_("What is missing"), _missing(edition))
    yield Paragraph(_("Provisional or final"), f"{years_in_words(structure.years)}.")
    if unseen := indicators.unseen().get(edition.dataset):
        yield Paragraph(_("Who cannot be seen"), in_language(unseen))
    yield Paragraph(_("Source"), f"{', '.join(structure.sources)}.")


def _missing(edition: Edition) -> str:
    """Return which deliveries the release lacks: agencies of which it has none, and of the others so many as have room."""
    late = [one for one in edition.missing if one.agency not in edition.absent]
    texts = []
    if edition.absent:
        text = _("Nothing is delivered yet, for any period, by: %(agencies)s.")
        texts.append(text % {"agencies": ", ".join(edition.absent)})
    if late:
        named = ", ".join(
            f"{one.agency} {period_name(one.period, active_language())}" for one in late[:NAMED]
        )
        texts.append(
            _("Not delivered yet, which is not zero: %(deliveries)s.") % {"deliveries": named}
        )
    if more := max(len(late) - NAMED, 0):
        texts.append(
            ngettext("And %(n)s delivery more.", "And %(n)s deliveries more.", more) % {"n": more}
        )
    return " ".join(texts) or _("Nothing: every expected delivery is in the release.")
