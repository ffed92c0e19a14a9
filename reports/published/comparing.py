"""One release beside another: what is new, what changed cell by cell, how a series was revised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reports.published import figures
from reports.published.editions import Edition
from reports.published.structure import ROLL_UPS, TIME, PublishedYear, Structure
from standards.sex import Figures

Codes = tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What a release has that the one before it had not. gone: periods that only the one before has."""

    new_periods: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    redrawn: list[PublishedYear] = field(default_factory=list)
    made_final: list[PublishedYear] = field(default_factory=list)


def changes(before: Edition | None, after: Edition) -> Changes:
    """Return what is new in a release: periods, years that were drawn again, years that are final now."""
    now = after.structure
    if before is None:
        return Changes(list(now.periods), made_final=[year for year in now.years if year.is_final])
    then = before.structure
    known = {year.code: year for year in then.years}
    return Changes(
        [period for period in now.periods if period not in set(then.periods)],
        [period for period in then.periods if period not in set(now.periods)],
        [y for y in now.years if y.code in known and y.version > known[y.code].version],
        [y for y in now.years if y.is_final and not (y.code in known and known[y.code].is_final)],
    )


@dataclass(frozen=True)
class Difference:
    """A row in two releases; None where a release does not have it. Both are multiples of the base."""

    codes: Codes
    before: Figures | None
    after: Figures | None

    @property
    def change(self) -> tuple[int, int, int, int] | None:
        """Return by how much women, men, other or not stated, and the total differ; None where one is not there."""
        if self.before is None or self.after is None:
            return None
        one, other = self.before, self.after
        return (
            other.f - one.f,
            other.m - one.m,
            other.o - one.o,
            other.total - one.total,
        )

    @property
    def is_changed(self) -> bool:
        """Say whether the row is another one, or in one of the releases only."""
        return self.change is None or any(self.change)


def compare(
    before: Edition, after: Edition, by: Sequence[str], where: Mapping[str, Sequence[str]]
) -> list[Difference]:
    """Return every row of two releases by the columns `by`, in the order of the later one.

    Codes that a release does not have are left out of its conditions. Raises Unknown; NotTogether.
    """
    one, other = (_rows(edition, by, where) for edition in (before, after))
    rows = dict.fromkeys([*other, *one])
    places = [_places(name, after.structure, before.structure) for name in by]
    ordered = sorted(rows, key=lambda codes: [p[c] for p, c in zip(places, codes, strict=True)])
    return [
        Difference(codes, _cell(before, by, one, codes), _cell(after, by, other, codes))
        for codes in ordered
    ]


def revisions(
    editions: Sequence[Edition], time: str, where: Mapping[str, Sequence[str]]
) -> list[tuple[str, list[Figures | None]]]:
    """Return the series of a dataset as each release has it: (period, figures by release), oldest period first."""
    by_edition = [_rows(edition, [time], where) for edition in editions]
    periods = sorted({codes[0] for rows in by_edition for codes in rows})
    return [
        (
            period,
            [
                _cell(edition, [time], rows, (period,))
                for edition, rows in zip(editions, by_edition, strict=True)
            ],
        )
        for period in periods
    ]


def _rows(
    edition: Edition, by: Sequence[str], where: Mapping[str, Sequence[str]]
) -> dict[Codes, Figures | None]:
    known = edition.structure.by_name
    own = {
        name: [code for code in codes if name not in known or code in known[name].by_code]
        for name, codes in where.items()
    }
    table = figures.tabulate(edition, by, own)
    return {row.codes: None if row.gap else row.figures for row in table.rows}


def _cell(
    edition: Edition, by: Sequence[str], rows: Mapping[Codes, Figures | None], codes: Codes
) -> Figures | None:
    """Return the figures of a row; nought where the release knows the codes, None where it does not."""
    if codes in rows:
        return rows[codes]
    known = edition.structure.by_name
    if all(code in known[name].by_code for name, code in zip(by, codes, strict=True)):
        return figures.add_figures((), edition.structure.base)
    return None


def _places(name: str, later: Structure, earlier: Structure) -> dict[str, int]:
    """Return the place of each code of a dimension; of time in its order, else as the later release lists them."""
    codes = {**earlier.by_name[name].by_code, **later.by_name[name].by_code}
    if name == TIME or name in ROLL_UPS:
        return {code: place for place, code in enumerate(sorted(codes))}
    own = list(later.by_name[name].by_code)
    return {code: k for k, code in enumerate([*own, *(c for c in codes if c not in set(own))])}
