"""A table as flat rows with codes and labels: what CSV, XLSX and the API share."""

from collections.abc import Iterator, Mapping, Sequence

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.published.editions import Edition
from reports.published.figures import Figures, Table
from reports.published.structure import TIME
from standards import numbers
from standards.periods import period_name
from standards.translation import active_language, in_language

# What spreadsheets begin a formula with, full-width forms of East Asian keyboards included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SHARES = ("FEMALE_SHARE", "SEX_COVERAGE")
MEASURES = ("F", "M", "_OU", "_T", *SHARES)


def header(table: Table) -> list[str]:
    """Return the names of the columns: each dimension as code and label, then the figures."""
    names = [part for name in table.by for part in (name, f"{name}_LABEL")]
    return [*names, *MEASURES]


def rows(table: Table, language: str) -> Iterator[list[str | int | float | None]]:
    """Yield the rows under `header`."""
    dimensions = [table.edition.structure.by_name[name] for name in table.by]
    for row in table.rows:
        named = [
            part
            for dimension, code in zip(dimensions, row.codes, strict=True)
            for part in (code, dimension.label(code, language))
        ]
        yield [*named, *measures(row.figures)]


def measures(figures: Figures) -> list[int | float | None]:
    """Return the figures under MEASURES; shares with one decimal, None where too few to say."""
    shares = (figures.female_share, figures.coverage)
    counts = (figures.f, figures.m, figures.o, figures.total)
    return [*counts, *(None if share is None else numbers.rounded(share) for share in shares)]


def chosen(edition: Edition, where: Mapping[str, Sequence[str]]) -> str:
    """Return which periods and which codes a table is about, in words."""
    structure, language = edition.structure, active_language()
    shown = where.get(TIME) or [item.code for item in structure.by_name[TIME].items]
    first, last = (period_name(period, language) for period in (min(shown), max(shown)))
    span = first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}
    parts = [
        f"{in_language(dimension.labels)}: "
        + ", ".join(dimension.label(code, language) for code in where[dimension.name])
        for dimension in structure.dimensions
        if dimension.name != TIME and dimension.name in where
    ]
    return "; ".join([span, *parts])


def notes(edition: Edition, where: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Return what a reader has to know about these figures, in the active language."""
    structure = edition.structure
    said = [
        f"{in_language(structure.title)}. {in_language(structure.description)}",
        f"{chosen(edition, where or {})}.",
        _("Release %(name)s, %(when)s. Source: %(sources)s.")
        % {
            "name": edition.name,
            "when": localtime(edition.released_at).strftime("%d.%m.%Y"),
            "sources": ", ".join(structure.sources),
        },
        _(
            "Every count is adjusted at random to a multiple of %(base)s to protect people; 0 can mean up "
            "to %(below)s. Tables add up. Do not read small differences as change."
        )
        % {"base": structure.base, "below": structure.base - 1},
        _("F women, M men, _OU other or not stated, _T total. Shares are of sex stated."),
        _("A row that is not there is 0. A share that is empty has too few people to be shown."),
    ]
    if edition.missing:
        late = ", ".join(f"{m['agency']} {m['period']}" for m in edition.missing)
        said.append(_("Not delivered yet (status O, not zero): %(late)s.") % {"late": late})
    return said


def safe(value: str | int | float | None) -> str | int | float | None:
    """Return a text that no spreadsheet will run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
