"""How a table of the builder is used elsewhere: its link, how it is cited, its files, the API, and programs that read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.formats import flat
from reports.pages import downloads
from reports.pages.downloads import Downloads
from reports.published import addresses
from reports.published.editions import Edition
from reports.published.figures import Table
from reports.published.pivot_query import PivotQuestion
from reports.published.query import PERIODS, measure
from reports.published.structure import SEX, TIME
from reports.published.tree import holding
from standards.translation import in_language


@dataclass(frozen=True)
class Snippet:
    """A few lines of a program: in which language, what they need."""

    language: str
    text: str


@dataclass(frozen=True)
class Reuse:
    """What stands under a table. link: names the release, so that it stays."""

    link: str
    citation: str
    downloads: Downloads
    api: str
    csv: str
    snippets: list[Snippet]
    grouped: bool


def reuse_of(request: HttpRequest, question: PivotQuestion, title: str) -> Reuse:
    """Return everything that a table can be used by elsewhere; `title` is what it shows, in words."""
    pinned = addresses.changed(
        question.query, release=question.edition.name, sort=question.sort or None
    )
    link = request.build_absolute_uri(f"{reverse('reports:builder')}?{pinned}")
    csv = request.build_absolute_uri(f"{reverse('reports:built_file', args=['csv'])}?{pinned}")
    return Reuse(
        link,
        citation(question, title, link),
        downloads.offered(downloads.BUILT, pinned),
        request.build_absolute_uri(api_address(question)),
        csv,
        [
            Snippet("R", f'figures <- read.csv("{csv}",\n  fileEncoding = "UTF-8")'),
            Snippet(
                "Python",
                f'import pandas as pd\n\nfigures = pd.read_csv("{csv}")',
            ),
            Snippet(
                "SQL (DuckDB)", sql(question, request.build_absolute_uri(table_address(question)))
            ),
        ],
        bool(question.groupings),
    )


def title_of(question: PivotQuestion) -> str:
    """Return what a table shows, in words: “Entries by purpose, sex and year”."""
    structure = question.edition.structure
    what = measure(structure, question.tabulation.where, question.tabulation.by)
    labels = [in_language(structure.by_name[name].labels) for name in question.rows]
    labels.append(in_language(structure.by_name[SEX].labels))
    labels += [in_language(structure.by_name[name].labels) for name in question.cols]
    lower = [label[:1].lower() + label[1:] for label in labels]
    if len(lower) == 1:
        return _("%(what)s by %(last)s") % {"what": what, "last": lower[0]}
    return _("%(what)s by %(first)s and %(last)s") % {
        "what": what,
        "first": ", ".join(lower[:-1]),
        "last": lower[-1],
    }


def builder_address(
    edition: Edition,
    by: Iterable[str],
    parameters: str = "",
    fixed: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the address of the builder with these rows; `parameters` limit them as they do on other pages, and
    `fixed` as a named table is limited."""
    query = QueryDict(parameters, mutable=True)
    for name, codes in (fixed or {}).items():
        query.setdefault(name.lower(), ",".join(codes))
    query["dataset"], query["rows"] = edition.dataset, ",".join(by)
    return f"{reverse('reports:builder')}?{addresses.text_of(addresses.in_order(query))}"


def citation(question: PivotQuestion, title: str, link: str) -> str:
    """Return how the table is cited: who, what, from which release, where."""
    return cited(question.edition, title, link)


def cited(edition: Edition, title: str, link: str) -> str:
    """Return how something of a release is cited: who, what, from which release, where."""
    return _("%(sources)s: %(title)s. %(portal)s, release %(name)s, %(when)s. %(link)s") % {
        "sources": ", ".join(edition.structure.sources),
        "title": title,
        "portal": settings.PORTAL_NAME,
        "name": edition.name,
        "when": localtime(edition.released_at).strftime("%d.%m.%Y"),
        "link": link,
    }


def source(edition: Edition) -> str:
    """Return whose figures they are and from which release, in one line."""
    return _("Source: %(sources)s. %(portal)s, release %(name)s, %(when)s.") % {
        "sources": ", ".join(edition.structure.sources),
        "portal": settings.PORTAL_NAME,
        "name": edition.name,
        "when": localtime(edition.released_at).strftime("%d.%m.%Y"),
    }


def counted(edition: Edition, table: Table) -> str:
    """Return what a chart shows, in words: the measure, by what, of which periods and codes."""
    labels = [in_language(edition.structure.by_name[name].labels) for name in table.by]
    return _("%(measure)s by %(dimension)s, %(chosen)s") % {
        "measure": measure(edition.structure, table.where, table.by),
        "dimension": ", ".join(label[:1].lower() + label[1:] for label in labels),
        "chosen": flat.limits(edition, table.where),
    }


def api_address(question: PivotQuestion) -> str:
    """Return the address of the API that answers the same question, before a reader's groups are added up."""
    names = question.edition.structure.by_name
    query = question.query.copy()
    for key in list(query):
        if key.upper() not in names and key not in (*PERIODS, "lang"):
            del query[key]
    text = addresses.text_of(query)
    by = ",".join(question.tabulation.by)
    parts = [f"by={by}" if by else "", text, f"release={question.edition.name}"]
    address = reverse("reports:api_data", args=[question.edition.dataset])
    return f"{address}?{'&'.join(part for part in parts if part)}"


def table_address(question: PivotQuestion) -> str:
    """Return the address of the table of the release that answers, as a file."""
    tabulation = question.tabulation
    table, _conditions = holding(question.edition.structure, tabulation.by, tabulation.where)
    return reverse("reports:api_table_file", args=[question.edition.name, table.name])


def sql(question: PivotQuestion, file: str) -> str:
    """Return the query that adds the same figures up from the file of the table."""
    tabulation = question.tabulation
    table, conditions = holding(question.edition.structure, tabulation.by, tabulation.where)

    def column(name: str) -> str:
        return f'"{name}"' if name in table.columns or name == SEX else LONGER[name]

    named = [_named(_grouped(question, name, column(name)), name) for name in tabulation.by]
    counts = [
        f"sum(value) FILTER (\"SEX\" = '{sex}') AS {word}"
        for sex, word in (("F", "women"), ("M", "men"), ("_OU", "other_or_not_stated"))
    ]
    tests = [f"{column(name)} IN ({_texts(codes)})" for name, codes in conditions.items()]
    lines = ["SELECT", ",\n".join(f"  {part}" for part in (*named, *counts, "sum(value) AS total"))]
    lines.append(f"FROM read_parquet('{file}')")
    lines += [f"WHERE {' AND '.join(tests)}"] if tests else []
    lines += ["GROUP BY ALL ORDER BY ALL"] if named else []
    return "\n".join(lines)


# Longer periods of a table that has only its own, as SQL: of one cube, from before there were families.
LONGER = {
    "YEAR": f'left("{TIME}", 4)',
    "QUARTER": f"strftime(CAST(\"{TIME}\" || '-01' AS DATE), '%Y-Q') || quarter(CAST(\"{TIME}\" || '-01' AS DATE))",
}


def _grouped(question: PivotQuestion, name: str, column: str) -> str:
    """Return a column with a reader's groups in place of its codes."""
    if name not in question.groupings:
        return column
    cases = " ".join(
        f"WHEN {column} IN ({_texts(sorted(group.codes))}) THEN {_texts([group.item.labels['en']])}"
        for group in question.groupings[name].groups
    )
    return f"CASE {cases} ELSE 'others' END"


def _named(expression: str, name: str) -> str:
    return expression if expression == f'"{name}"' else f'{expression} AS "{name}"'


def _texts(texts: Sequence[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
