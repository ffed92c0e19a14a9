"""A chart on a page: its finding, its picture, its numbers, and everything it can be taken away as."""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from reports.charts import findings
from reports.charts.drawing import COLOURS, WIDTHS, Canvas, size
from reports.charts.kind import Kind
from reports.charts.kinds import kinds_of
from reports.designs import indicators
from reports.formats import flat
from reports.formats.units import unit
from reports.pages import downloads, reuse
from reports.pages.downloads import Downloads
from reports.pages.filters import PageQuestion
from reports.pages.years import PERIODS
from reports.published import addresses, boundaries
from reports.published.editions import Edition
from reports.published.figures import Row, Table
from reports.published.query import ALL, Question, measure
from reports.published.structure import TIME
from standards.sex import Figures
from standards.translation import active_language, in_language

INDENTED = re.compile(r"\n\s+")
REMEMBERED = 300  # questions whose charts a process remembers, some 50 kB each


@dataclass(frozen=True)
class Taken:
    """How a chart is used elsewhere, with its release named, so that it stays.

    name: of the chart on its page; link: to it there; citation; embed: HTML that shows the picture on another page;
    unseen: who cannot be seen in these figures.
    """

    name: str
    link: str
    citation: str
    embed: str
    unseen: str


@dataclass(frozen=True)
class ChartFigure:
    """A chart of the page: its finding, its table, its files, and the sizes of its drawings.

    groups: label and row, under the head of their group; spans: label and figures of the years that the finding
    compares; before: label and row of the same periods a year before, which are drawn too, and before_title which
    periods they are.
    """

    kind: str
    title: str
    of: str
    finding: str
    groups: list[tuple[str, list[tuple[str, Row]]]]
    spans: list[tuple[str, Figures]]
    before: list[tuple[str, Row]]
    before_title: str
    total: Figures
    footnotes: list[str]
    query: str
    downloads: Downloads
    builder: str
    sizes: dict[str, tuple[int, int]]
    taken: Taken
    dataset: str = ""  # of a chart on a page of all datasets, with the name of its theme
    theme: str = ""

    @property
    def drawings(self) -> list[tuple[str, str]]:
        """Return the addresses of the drawing as a file, by format; none where there is nothing to draw."""
        if not self.sizes["large"][0]:
            return []
        looks = [self.kind, "large", "light"]
        return [
            (label, f"{reverse(route, args=looks)}?{self.query}")
            for label, route in (("SVG", "reports:chart"), ("PNG", "reports:chart_png"))
        ]


def of_page(request: HttpRequest, reading: PageQuestion, *, in_detail: bool = False) -> SafeString:
    """Return the charts of a page with their tables, or those that show it in detail; a process remembers those of the
    latest questions."""
    where = tuple((name, tuple(codes)) for name, codes in reading.question.where.items())
    site = request.build_absolute_uri("/").rstrip("/")
    looks = (active_language(), boundaries.version())
    return charts_of(reading.edition, where, reading.query, looks, site, in_detail=in_detail)


@lru_cache(maxsize=REMEMBERED)
def charts_of(
    edition: Edition,
    where: tuple[tuple[str, tuple[str, ...]], ...],
    query: str,
    _looks: tuple[str, str],
    site: str,
    *,
    in_detail: bool = False,
) -> SafeString:
    """Return the charts of a release for conditions, or those that show it in detail; `query` are the parameters that ask for them, and `site` is what
    addresses begin with on other pages. looks: the language, and the version of the boundaries of the map."""
    question = Question(edition, (), {name: list(codes) for name, codes in where})
    kinds = kinds_of(edition.structure).items()
    wanted = (name for name, kind in kinds if kind.in_detail == in_detail)
    drawn = (figure(name, question, query, site) for name in wanted)
    return written([chart for chart in drawn if chart.drawings or not in_detail])


def written(drawn: list[ChartFigure]) -> SafeString:
    """Return charts as a page has them, without the indentation of templates: a seventh of what is sent."""
    html = render_to_string("reports/_charts.html", {"figures": drawn})
    return mark_safe(INDENTED.sub("\n", html).strip())  # noqa: S308 - no other letter is changed


def figure(name: str, question: Question, parameters: str, site: str) -> ChartFigure:
    """Return one chart; `parameters` of the page stand in its links."""
    edition = question.edition
    kind = kinds_of(edition.structure)[name]
    structure = edition.structure
    table = kind.table(edition, question.where)
    dimension = structure.by_name[kind.dimension]
    limits = _limits(question, table, parameters)
    by = "&".join(filter(None, [f"by={','.join(kind.by)}", limits]))
    query = QueryDict(parameters, mutable=True)
    query["dataset"] = edition.dataset
    spans = findings.year_rows(table) if table.time else []
    before = kind.earlier(table)
    before_rows = kind.ordered(before.table).rows if before else []
    finding, found = kind.sentence(table, dimension), sizes(kind, table)
    return ChartFigure(
        kind=name,
        title=in_language(dimension.labels),
        of=f"{measure(structure, table.where, table.by)}, {unit(structure)}, "
        f"{flat.limits(edition, kind.in_words(table).where)}",
        finding=finding,
        groups=kind.groups(table),
        spans=[(_("%(year)s, whole year") % {"year": s.label}, s.figures) for s in spans],
        before=[(kind.label(row, structure), row) for row in before_rows],
        before_title=before.label if before else "",
        total=table.total,
        footnotes=[
            *kind.left_out(table, question.where),
            *(flat.footnotes(table) if table.time else ()),
        ],
        query=query.urlencode(),
        downloads=downloads.of_data(edition.dataset, by),
        builder=reuse.builder_address(edition, kind.by, limits),
        sizes=found,
        taken=_taken((name, kind), table, query, (finding, found["large"]), site),
    )


def _limits(question: Question, table: Table, parameters: str) -> str:
    """Return the parameters of a page as its chart takes them: with the codes of its own table, and up to its last period."""
    asked = question.where
    own = {name: codes for name, codes in table.where.items() if codes != asked.get(name)}
    own |= {name: [ALL] for name in asked if name not in table.where}
    if not own:
        return parameters
    query = QueryDict(parameters, mutable=True)
    for key in [
        key for key in query if key.upper() in own or (TIME in own and key.lower() in PERIODS)
    ]:
        del query[key]
    for name, codes in own.items():
        query["to" if name == TIME else name.lower()] = (
            codes[-1] if name == TIME else ",".join(codes)
        )
    return addresses.text_of(query)


def _taken(
    chart: tuple[str, Kind],
    table: Table,
    query: QueryDict,
    drawn: tuple[str, tuple[int, int]],
    site: str,
) -> Taken:
    (name, kind), edition, (finding, (width, height)) = chart, table.edition, drawn
    page = reverse("reports:detail" if kind.in_detail else "reports:dashboard")
    title = reuse.counted(edition, kind.in_words(table))
    pinned = addresses.changed(query, release=edition.name, as_of=None)
    anchor = f"{edition.dataset}-{name}".lower()
    link = f"{site}{page}?{pinned}#{anchor}"
    picture = f"{reverse('reports:chart', args=[name, 'large', 'light'])}?{pinned}"
    embed = format_html(
        '<figure><a href="{}"><img src="{}" width="{}" height="{}" alt="{}"></a>'
        "<figcaption>{}. {}</figcaption></figure>",
        link,
        f"{site}{picture}&lang={active_language()}",
        width,
        height,
        finding,
        title,
        reuse.source(edition),
    )
    unseen = indicators.unseen().get(edition.dataset)
    return Taken(
        name=anchor,
        link=link,
        citation=reuse.cited(edition, title, link),
        embed=embed if width else "",
        unseen=in_language(unseen) if unseen else "",
    )


def sizes(kind: Kind, table: Table) -> dict[str, tuple[int, int]]:
    """Return the sizes of the drawings of a table; the same in every theme."""
    found = {}
    for name, width in WIDTHS.items():
        spec = kind.spec(table, Canvas(width, COLOURS["light"], active_language()))
        found[name] = size(spec) if spec else (0, 0)
    return found
