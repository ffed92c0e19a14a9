"""A table as flat rows with codes and labels: what CSV, XLSX and the API share."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.formats import worked_out
from reports.published.editions import Edition
from reports.published.figures import Figures, Row, Table, periods_in
from reports.published.query import measure
from reports.published.structure import TIME, Structure
from standards import numbers
from standards.periods import period_name
from standards.translation import active_language, in_language

SHARES = ("FEMALE_SHARE", "SEX_COVERAGE")
MEASURES = ("F", "M", "_OU", "_T", *SHARES)
STATUS = "OBS_STATUS"  # SDMX CL_OBS_STATUS: A is normal, O has a delivery or period missing


def header(table: Table) -> list[str]:
    """Return the names of the columns: each dimension as code and label, the figures, what is worked out from them.

    Where rows are periods, their status is the last column.
    """
    names = [part for name in table.by for part in (name, f"{name}_LABEL")]
    more = (column.name for column in table.more)
    return [*names, *MEASURES, *more, *((STATUS,) if table.time else ())]


def rows(table: Table, language: str) -> Iterator[list[str | int | float | None]]:
    """Yield the rows under `header`."""
    dimensions = [table.edition.structure.by_name[name] for name in table.by]
    for row in table.rows:
        named = [
            part
            for dimension, code in zip(dimensions, row.codes, strict=True)
            for part in (code, dimension.label(code, language))
        ]
        yield [
            *named,
            *measures_of(row),
            *more_of(table, row),
            *((row.status,) if table.time else ()),
        ]


def more_of(table: Table, row: Row) -> list[int | float | None]:
    """Return what is worked out from the figures of a row, under the names of its columns."""
    return [None if row.gap else row.more.get(column.name) for column in table.more]


def measures_of(row: Row) -> list[int | float | None]:
    """Return the figures of a row under MEASURES; where nothing was delivered there is none, not zero."""
    return [None] * len(MEASURES) if row.gap else measures(row.figures)


def measures(figures: Figures) -> list[int | float | None]:
    """Return the figures under MEASURES; shares with one decimal, None where too few to say."""
    shares = (figures.female_share, figures.coverage)
    counts = (figures.f, figures.m, figures.o, figures.total)
    return [*counts, *(None if share is None else numbers.rounded(share) for share in shares)]


def chosen(edition: Edition, where: Mapping[str, Sequence[str]]) -> str:
    """Return which periods and which codes a table is about, in words."""
    structure, language = edition.structure, active_language()
    periods = periods_in(structure, where)
    first, last = (period_name(period, language) for period in (min(periods), max(periods)))
    span = first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}
    parts = [
        f"{in_language(dimension.labels)}: "
        + ", ".join(dimension.label(code, language) for code in where[dimension.name])
        for dimension in structure.dimensions
        if dimension.name != TIME and dimension.name in where
    ]
    return "; ".join([span, *parts])


def limits(edition: Edition, where: Mapping[str, Sequence[str]]) -> str:
    """Return what figures are limited to beside what is counted: the periods and codes, without those that the name of
    the measure says (`query.measure`)."""
    headline = edition.structure.headline.where if edition.structure.headline else {}
    return chosen(edition, {name: codes for name, codes in where.items() if name not in headline})


def notes(table: Table) -> list[str]:
    """Return what a reader has to know about the figures of a table, in the active language."""
    edition, structure = table.edition, table.edition.structure
    texts = [
        *worked_out.notes(table),
        f"{in_language(structure.title)}. {in_language(structure.description)}",
        _("Counted: %(measure)s.") % {"measure": measure(structure, table.where, table.by)},
        f"{chosen(edition, table.where)}.",
        _("Release %(name)s, %(when)s. Source: %(sources)s.")
        % {
            "name": edition.name,
            "when": localtime(edition.released_at).strftime("%d.%m.%Y"),
            "sources": ", ".join(structure.sources),
        },
        *(
            [_("The person who built this release released it.")]
            if edition.released_by_builder
            else []
        ),
        _(
            "Every count is adjusted at random to a multiple of %(base)s to protect people; 0 can mean up "
            "to %(below)s. Tables add up. Do not read small differences as change."
        )
        % {"base": structure.base, "below": structure.base - 1},
        *([near] if (near := accuracy(structure)) else []),
        _("F women, M men, _OU other or not stated, _T total. Shares are of sex stated."),
        _("A row that is not there is 0. A share that is empty has too few people to be shown."),
    ]
    return [*texts, *footnotes(table)]


def accuracy(structure: Structure) -> str:
    """Return how near the figures of a release are to the true counts, table by table; empty if not stated."""
    parts = [
        _("within %(n)s in tables of up to three characteristics") % {"n": n}
        if code == structure.dataset
        else _("within %(n)s in table %(code)s") % {"n": n, "code": code}
        for code, n in structure.accuracy.items()
    ]
    if not parts:
        return ""
    return _("95 of 100 figures are near the true count: %(tables)s.") % {
        "tables": "; ".join(parts)
    }


def footnotes(table: Table) -> list[str]:
    """Return what explains status O: deliveries by agency and period, quarters and years not whole."""
    language, texts = active_language(), []
    if absent := table.edition.absent:
        texts.append(
            _("Nothing is delivered yet, for any period, by: %(agencies)s.")
            % {"agencies": ", ".join(absent)}
        )
    if table.missing:
        by_agency = groupby(sorted((m.agency, m.period) for m in table.missing), lambda m: m[0])
        late = "; ".join(
            f"{agency}: {', '.join(period_name(period, language) for _agency, period in group)}"
            for agency, group in by_agency
        )
        texts.append(_("Not delivered yet (status O, not zero): %(late)s.") % {"late": late})
    if table.incomplete:
        first, last = (period_name(p, language) for p in (table.periods[0], table.periods[-1]))
        texts.append(
            _("Not whole (status O): %(periods)s. The figures are of %(first)s to %(last)s.")
            % {
                "periods": ", ".join(period_name(code, language) for code in table.incomplete),
                "first": first,
                "last": last,
            }
        )
    return texts
