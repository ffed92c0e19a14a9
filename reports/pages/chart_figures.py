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
from reports.charts.kinds import Kind, kinds_of
from reports.designs import indicators
from reports.formats import flat
from reports.formats.units import unit
from reports.pages import downloads, reuse
from reports.pages.downloads import Downloads
from reports.pages.filters import PageQuestion
from reports.published import addresses, boundaries, figures
from reports.published.editions import Edition
from reports.published.figures import Row, Table
from reports.published.query import Question, measure
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

    rows: label and row; spans: label and figures of the years that the finding compares; before: label and row of the
    same periods a year before, which are drawn too, and before_title which periods they are.
    """

    kind: str
    title: str
    of: str
    finding: str
    rows: list[tuple[str, Row]]
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


def of_page(request: HttpRequest, reading: PageQuestion) -> SafeString:
    """Return the charts of a page with their tables; a process remembers those of the latest questions."""
    where = tuple((name, tuple(codes)) for name, codes in reading.question.where.items())
    site = request.build_absolute_uri("/").rstrip("/")
    looks = (active_language(), boundaries.version())
    return charts_of(reading.edition, where, reading.query, looks, site)


@lru_cache(maxsize=REMEMBERED)
def charts_of(
    edition: Edition,
    where: tuple[tuple[str, tuple[str, ...]], ...],
    query: str,
    _looks: tuple[str, str],
    site: str,
) -> SafeString:
    """Return all charts of a release for conditions; `query` are the parameters that ask for them, and `site` is what
    addresses begin with on other pages. looks: the language, and the version of the boundaries of the map."""
    question = Question(edition, (), {name: list(codes) for name, codes in where})
    return written([figure(kind, question, query, site) for kind in kinds_of(edition.structure)])


def written(drawn: list[ChartFigure]) -> SafeString:
    """Return charts as a page has them, without the indentation of templates: a seventh of what is sent."""
    html = render_to_string("reports/_charts.html", {"figures": drawn})
    return mark_safe(INDENTED.sub("\n", html))  # noqa: S308 - no other letter is changed


def figure(name: str, question: Question, parameters: str, site: str) -> ChartFigure:
    """Return one chart; `parameters` of the page stand in its links."""
    edition = question.edition
    kind = kinds_of(edition.structure)[name]
    structure = edition.structure
    table = kind.ordered(figures.tabulate(edition, kind.by, kind.where(question.where)))
    dimension = structure.by_name[kind.dimension]
    by = f"by={','.join(kind.by)}" + (f"&{parameters}" if parameters else "")
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
        f"{flat.limits(edition, table.where)}",
        finding=finding,
        rows=[(kind.label(row, structure), row) for row in table.rows],
        spans=[(_("%(year)s, whole year") % {"year": s.label}, s.figures) for s in spans],
        before=[(kind.label(row, structure), row) for row in before_rows],
        before_title=before.label if before else "",
        total=table.total,
        footnotes=flat.footnotes(table) if table.time else kind.left_out(table),
        query=query.urlencode(),
        downloads=downloads.of_data(edition.dataset, by),
        builder=reuse.builder_address(edition, kind.by, parameters),
        sizes=found,
        taken=_taken(name, table, query, (finding, found["large"]), site),
    )


def _taken(
    name: str,
    table: Table,
    query: QueryDict,
    drawn: tuple[str, tuple[int, int]],
    site: str,
) -> Taken:
    edition, (finding, (width, height)) = table.edition, drawn
    title = reuse.counted(edition, table, edition.structure.by_name[table.by[0]])
    pinned = addresses.changed(query, release=edition.name, as_of=None)
    anchor = f"{edition.dataset}-{name}".lower()
    link = f"{site}{reverse('reports:dashboard')}?{pinned}#{anchor}"
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
