"""What a named table says beside its counts: a note, and numbers that are worked out from published counts.

All of them follow from what is published, so they tell nothing more; and all have rules of their own about when there is
no number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import floor, inf, log10

from reports.published import figures
from reports.published.editions import Edition
from reports.published.figures import MISSING, NORMAL, Row, Table
from reports.published.quantiles import LEAST_BASES, quantile
from reports.published.structure import NOT_BROKEN_DOWN, TOTAL, Item
from standards.languages import Labels
from standards.sex import SHARE_FROM, Differences, Figures

NOT_STATED = "_U"
MOST_UNBROKEN = (
    0.1  # part of the counted that is not broken down by amounts, above which there is no median
)
DIGITS = 3  # of a median that are told: bands give no more
SEXES = ("F", "M", TOTAL)
STATED, MEDIAN, PAY_GAP, SHARE = "STATED", "MEDIAN", "PAY_GAP", "SHARE"


@dataclass(frozen=True)
class More:
    """A number that a table has beside its counts. measure: MEDIAN …; sex: whose; decimals: how it is written."""

    measure: str
    sex: str = TOTAL
    decimals: int = 0

    @property
    def name(self) -> str:
        """Return the name of its column: MEDIAN_F, MEDIAN_T, PAY_GAP."""
        if self.measure in (PAY_GAP, STATED):
            return self.measure
        return f"{self.measure}_{self.sex.removeprefix('_')}"


@dataclass(frozen=True)
class Medians:
    """Medians of a dimension of amounts, for women, men and all, and by how much women's is below men's.

    A median is worked out from published counts by band, linear inside the band. None where fewer than ten bases have
    an amount, where more than a tenth is not broken down, or where half lies in the band without an end.
    """

    of: str
    more = (More(STATED), *(More(MEDIAN, sex) for sex in SEXES), More(PAY_GAP, decimals=1))

    def shown(self, table: Table) -> Table:
        """Return the table with medians in its rows and of its total."""
        if self.of in table.where or self.of in table.by:  # a part of the bands has no median
            return table
        by_band = figures.tabulate(table.edition, [*table.by, self.of], table.where)
        inside: dict[tuple[str, ...], dict[str, Figures]] = {}
        for row in by_band.rows:
            inside.setdefault(row.codes[:-1], {})[row.codes[-1]] = row.figures
        every = figures.tabulate(table.edition, [self.of], table.where)
        total = self._numbers(table.edition, {row.codes[-1]: row.figures for row in every.rows})
        rows = [
            replace(row, more=self._numbers(table.edition, inside.get(row.codes, {})))
            for row in table.rows
        ]
        return replace(table, rows=rows, more=self.more, more_of_total=total)

    def unit(self, edition: Edition) -> str:
        """Return the unit of the amounts: TMT."""
        amounts = edition.structure.by_name[self.of].amounts
        return amounts.unit if amounts else ""

    def _numbers(
        self, edition: Edition, counted: Mapping[str, Figures]
    ) -> dict[str, float | int | None]:
        amounts, base = edition.structure.by_name[self.of].amounts, edition.structure.base
        if amounts is None:
            return {}
        limits = amounts.limits
        edges = [first for first, _below in limits.values()] + [inf]
        nobody = Figures(0, 0, 0, base)
        found: dict[str, float | None] = {}
        for sex in SEXES:
            counts = [_of_sex(counted.get(code, nobody), sex) for code in limits]
            every = sum(_of_sex(one, sex) for one in counted.values())
            hidden = _of_sex(counted.get(NOT_BROKEN_DOWN, nobody), sex)
            is_told = every and hidden <= MOST_UNBROKEN * every
            found[sex] = quantile(counts, edges, least=LEAST_BASES * base) if is_told else None
        stated = sum(counted.get(code, nobody).total for code in limits)
        women, men = found["F"], found["M"]
        gap = round(100 * (men - women) / men, 1) if women is not None and men else None
        medians = {More(MEDIAN, sex).name: _in_digits(found[sex]) for sex in SEXES}
        return {STATED: stated, **medians, PAY_GAP: gap}


@dataclass(frozen=True)
class Balance:
    """Rows of the difference between codes of a dimension: arrivals minus departures. item: its code and labels."""

    of: str
    item: Item = field(compare=False, hash=False)
    plus: tuple[str, ...]
    minus: tuple[str, ...]

    def shown(self, table: Table) -> Table:
        """Return the table with a row of the balance after the others of each group; as it is where a reader chose
        some of the codes only."""
        chosen = table.where.get(self.of)
        if self.of not in table.by or (chosen is not None and not {*self.codes} <= {*chosen}):
            return table
        place = table.by.index(self.of)
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in table.rows:
            groups.setdefault((*row.codes[:place], *row.codes[place + 1 :]), []).append(row)
        rows = [row for inside in self._in_order(groups, place) for row in inside]
        return replace(table, edition=_with_item(table.edition, self), rows=rows)

    def of_total(self, table: Table) -> Figures | None:
        """Return the balance of all rows of a table together; None where it has none."""
        parts = [row.figures for row in table.rows if isinstance(row.figures, Differences)]
        if not parts:
            return None
        women, men, other = (sum(getattr(part, sex) for part in parts) for sex in ("f", "m", "o"))
        return Differences(women, men, other, parts[0].base)

    @property
    def codes(self) -> tuple[str, ...]:
        return (*self.plus, *self.minus)

    def _in_order(
        self, groups: Mapping[tuple[str, ...], list[Row]], place: int
    ) -> Iterable[list[Row]]:
        for rest, rows in groups.items():
            mine = [row for row in rows if row.codes[place] in self.codes]
            signs = [1 if row.codes[place] in self.plus else -1 for row in mine]
            women, men, other = (
                sum(sign * getattr(row.figures, sex) for sign, row in zip(signs, mine, strict=True))
                for sex in ("f", "m", "o")
            )
            status = MISSING if any(row.status == MISSING for row in mine) else NORMAL
            figure = Differences(women, men, other, rows[0].figures.base)
            yield [*rows, Row((*rest[:place], self.item.code, *rest[place:]), figure, status)]


@dataclass(frozen=True)
class Shares:
    """How women, men and all are spread over the codes of a dimension, in percent of those of whom it is stated.

    None where fewer than a hundred are, and for what is not stated or not broken down.
    """

    of: str
    more = tuple(More(SHARE, sex, 1) for sex in SEXES)

    def shown(self, table: Table) -> Table:
        """Return the table with shares in its rows; as it is where a reader chose some of the codes only."""
        if self.of not in table.by or self.of in table.where:
            return table
        place = table.by.index(self.of)
        stated: dict[tuple[str, ...], list[Row]] = {}
        for row in table.rows:
            if row.codes[place] not in (NOT_STATED, NOT_BROKEN_DOWN):
                stated.setdefault((*row.codes[:place], *row.codes[place + 1 :]), []).append(row)
        rows = []
        for row in table.rows:
            among = stated.get((*row.codes[:place], *row.codes[place + 1 :]), [])
            is_stated = row.codes[place] not in (NOT_STATED, NOT_BROKEN_DOWN)
            rows.append(replace(row, more=self._numbers(row, among if is_stated else [])))
        return replace(table, rows=rows, more=self.more)

    def _numbers(self, row: Row, among: Sequence[Row]) -> dict[str, float | int | None]:
        shares: dict[str, float | int | None] = {}
        for column in self.more:
            every = sum(_of_sex(one.figures, column.sex) for one in among)
            part = _of_sex(row.figures, column.sex)
            shares[column.name] = round(100 * part / every, 1) if every >= SHARE_FROM else None
        return shares


@dataclass(frozen=True)
class View:
    """What a named table says beside its counts. note: what its readers have to know, in every language."""

    worked_out: Medians | Balance | Shares | None = None
    note: Labels = field(default_factory=dict, compare=False, hash=False)

    def shown(self, table: Table) -> Table:
        """Return the counts with what is worked out from them."""
        seen = replace(table, view=self)
        return self.worked_out.shown(seen) if self.worked_out else seen


@lru_cache(maxsize=64)
def _with_item(edition: Edition, balance: Balance) -> Edition:
    """Return an edition whose structure has the code of the balance, too; of one version there is one object."""
    dimensions = tuple(
        replace(d, items=(*d.items, balance.item)) if d.name == balance.of else d
        for d in edition.structure.dimensions
    )
    return replace(edition, structure=replace(edition.structure, dimensions=dimensions))


def _of_sex(counted: Figures, sex: str) -> int:
    return {"F": counted.f, "M": counted.m, TOTAL: counted.total}[sex]


def _in_digits(number: float | None) -> int | None:
    """Return an amount rounded to so many digits as bands give."""
    if not number:
        return None if number is None else 0
    return int(round(number, DIGITS - 1 - floor(log10(number))))
