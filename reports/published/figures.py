"""Figures by sex, added up from the cells of one protected table of a release."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.utils.translation import gettext as _

from reports.published.editions import VALUE, Edition, Missing, cells
from reports.published.structure import ROLL_UPS, SEX, SEXES, TIME, Structure, Unknown
from reports.published.tree import Where, holding
from standards.sex import Differences, Figures

if TYPE_CHECKING:
    import duckdb

    from reports.published.views import More, View

# Of a row, as in SDMX CL_OBS_STATUS: all of it is there, or a delivery or period is missing.
NORMAL, MISSING = "A", "O"
MOST_FILLED = (
    10_000  # rows up to which every period gets its row; beyond, a row that is not there is 0
)
FEW_ROWS = 200  # of a table that a process remembers: those that pages show
Sums = list[tuple[tuple[str, ...], Figures]]


@dataclass(frozen=True)
class Row:
    """One line of a table: the codes of its dimensions, its figures and their status. more: numbers that are worked
    out from figures, by the name of their column."""

    codes: tuple[str, ...]
    figures: Figures
    status: str = NORMAL
    more: Mapping[str, float | int | None] = field(default_factory=dict)

    @property
    def gap(self) -> bool:
        """Say whether there is no figure at all: nothing was delivered, which is not zero."""
        return self.status == MISSING and not self.figures.total


@dataclass(frozen=True)
class Table:
    """An answer: rows by `by`, in the order of the codes, and the figures of all of them together.

    view: of a named table, what it says beside its counts; more: the columns of what is worked out from them.
    """

    edition: Edition
    by: tuple[str, ...]
    rows: list[Row]
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    view: "View | None" = None
    more: "tuple[More, ...]" = ()
    more_of_total: Mapping[str, float | int | None] = field(default_factory=dict)

    @property
    def total(self) -> Figures:
        """Return the sum of all rows that are counts."""
        counts = (row.figures for row in self.rows if not isinstance(row.figures, Differences))
        return add_figures(counts, self.edition.structure.base)

    @property
    def time(self) -> str:
        """Return the dimension of time among the rows: TIME_PERIOD, QUARTER, YEAR, or none."""
        return _time_of(self.by)

    @property
    def periods(self) -> list[str]:
        """Return the periods of the release that the table is about."""
        return periods_in(self.edition.structure, self.where)

    @property
    def missing(self) -> list[Missing]:
        """Return the deliveries that are missing from the periods of the table.

        An agency that is absent from the whole release breaks no series, so it is not among them.
        """
        periods, absent = set(self.periods), set(self.edition.absent)
        return [
            missing
            for missing in self.edition.missing
            if missing.period in periods and missing.agency not in absent
        ]

    @property
    def incomplete(self) -> list[str]:
        """Return the quarters or years of the rows of which the table has only some periods."""
        return [code for code in _times(self) if not _whole(self, code)]


def periods_in(structure: Structure, where: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the periods of a release that conditions leave, oldest first."""
    chosen = where.get(TIME)
    return [period for period in structure.periods if chosen is None or period in chosen]


def add_figures(parts: Iterable[Figures], base: int) -> Figures:
    """Add figures of one release, whose counts are multiples of `base`; of none, nought."""
    counted = [(part.f, part.m, part.o) for part in parts]
    women, men, other = (
        (sum(column) for column in zip(*counted, strict=True)) if counted else (0, 0, 0)
    )
    return Figures(women, men, other, base)


def tabulate(
    edition: Edition, by: Sequence[str] = (), where: Mapping[str, Sequence[str]] | None = None
) -> Table:
    """Add up the cells of one protected table by the dimensions `by`, for the codes in `where`.

    Sex is in every answer, as columns. Rows come in the order of the codes. By time, every period
    of the question has its row: zero, or a gap where a delivery is missing. Beside other dimensions
    that holds up to MOST_FILLED rows; a combination without a row is zero. Raises Unknown; NotTogether
    where no table has all these columns.
    """
    names = [name for name in dict.fromkeys(by) if name != SEX]
    times = [name for name in names if name == TIME or name in ROLL_UPS]
    if len(times) > 1:
        raise Unknown(
            _("Rows go by one kind of period. Choose one of %(names)s.")
            % {"names": ", ".join(times)},
            "by",
        )
    rows = _sums(edition, names, where or {})
    table = Table(edition, tuple(names), [Row(codes, f) for codes, f in rows], where or {})
    return with_every_period(table) if table.time else table


def most_rows(edition: Edition, names: Iterable[str], where: Where) -> int:
    """Return how many rows a table has at most: combinations of codes, cells, and rows of periods.

    Raises NotTogether.
    """
    known = edition.structure.by_name
    names = [name for name in names if name in known]
    table, _conditions = holding(edition.structure, names, where)
    counts = [len(where.get(name) or known[name].items) for name in names]
    return min(prod(counts), max(cells(edition, table).num_rows, MOST_FILLED))


def _sums(edition: Edition, names: Sequence[str], where: Where) -> Sums:
    """Add up the cells of a release; a process remembers what pages ask for again and again."""
    _require(edition.structure, names, where)
    if most_rows(edition, names, where) > FEW_ROWS:
        return _sums_of(edition, names, where)
    return _few_sums(edition, tuple(names), tuple((k, tuple(v)) for k, v in where.items()))


@lru_cache(maxsize=2000)
def _few_sums(edition: Edition, names: tuple[str, ...], where: tuple[tuple[str, Any], ...]) -> Sums:
    return _sums_of(edition, names, dict(where))


def _sums_of(edition: Edition, names: Sequence[str], where: Where) -> Sums:
    table, conditions = holding(edition.structure, names, where)
    return sums(cells(edition, table), edition.structure, names, conditions)


def _require(structure: Structure, names: Iterable[str], where: Where) -> None:
    """Raise Unknown for what the structure lacks."""
    for name in (*names, *where):
        structure.require_name(name)
    for name, codes in where.items():
        structure.require_codes(name, codes)


def with_every_period(table: Table) -> Table:
    """Return the table with a row for each of its periods, and the status of every row."""
    place, structure = table.by.index(table.time), table.edition.structure
    figures_of = {row.codes: row.figures for row in table.rows}
    periods = _times(table)
    others = dict.fromkeys(codes[:place] + codes[place + 1 :] for codes in figures_of)
    if not others and len(table.by) == 1:
        others = {(): None}
    if len(others) * len(periods) <= MOST_FILLED:
        nothing = add_figures((), structure.base)
        for rest, period in product(others, periods):
            figures_of.setdefault((*rest[:place], period, *rest[place:]), nothing)
    late = {structure.part_of(table.time, missing.period) for missing in table.missing}
    late.update(table.incomplete)
    ordered = sorted(figures_of, key=_order(structure, table.by))
    rows = [
        Row(codes, figures_of[codes], MISSING if codes[place] in late else NORMAL)
        for codes in ordered
    ]
    return replace(table, rows=rows)


def _time_of(names: Iterable[str]) -> str:
    return next((name for name in names if name == TIME or name in ROLL_UPS), "")


def _times(table: Table) -> list[str]:
    """Return the codes of time that the rows of a table may have, oldest first."""
    if not table.time:
        return []
    part_of = table.edition.structure.part_of
    return list(dict.fromkeys(part_of(table.time, period) for period in table.periods))


def _whole(table: Table, code: str) -> bool:
    """Say whether the table has all periods of a quarter or year: in the release, and in the question."""
    structure = table.edition.structure
    chosen = set(table.periods)
    inside = (p for p in structure.periods if structure.part_of(table.time, p) == code)
    return structure.whole(table.time, code) and all(period in chosen for period in inside)


def _order(structure: Structure, names: Sequence[str]) -> Callable[[Sequence[str]], list[int]]:
    """Return the key that sorts codes of these dimensions as the structure lists them."""
    order = [{item.code: k for k, item in enumerate(structure.by_name[n].items)} for n in names]
    return lambda codes: [places[code] for places, code in zip(order, codes, strict=False)]


def sums(
    cells: pa.Table, structure: Structure, names: Sequence[str], where: Mapping[str, Sequence[str]]
) -> list[tuple[tuple[str, ...], Figures]]:
    """Add up cells of any cube of this structure, months also to quarters and years.

    Raises Unknown for what the structure lacks.
    """
    _require(structure, names, where)
    longer = ({*names, *where} & set(ROLL_UPS)) - set(cells.column_names)
    cells = _with_roll_ups(cells, structure, longer)
    parameters: list[str] = []
    tests = []
    for name, codes in where.items():
        chosen = list(dict.fromkeys(codes))
        tests.append(f'"{name}" IN ({", ".join("?" * len(chosen))})' if chosen else "FALSE")
        parameters.extend(chosen)
    dims = "".join(f'"{name}", ' for name in names)
    parts = ", ".join(
        f"CAST(coalesce(sum({VALUE}) FILTER (\"{SEX}\" = '{sex}'), 0) AS BIGINT)" for sex in SEXES
    )
    query = f"SELECT {dims}{parts} FROM cells"
    query += f" WHERE {' AND '.join(tests)}" if tests else ""
    query += f" GROUP BY {dims.rstrip(', ')}" if names else ""
    with _engine().cursor() as engine:
        engine.register("cells", cells)
        rows = engine.execute(query, parameters).fetchall()
    rows.sort(key=_order(structure, names))
    width = len(names)
    return [(tuple(row[:width]), _figures(row[width:], structure)) for row in rows]


def _with_roll_ups(cells: pa.Table, structure: Structure, names: Iterable[str]) -> pa.Table:
    """Return the cells with columns for quarters or years, worked out once for each period."""
    for name in sorted(names):
        periods = cells[TIME].combine_chunks()
        if not pa.types.is_dictionary(periods.type):
            periods = periods.dictionary_encode()
        codes = [structure.part_of(name, period) for period in periods.dictionary.to_pylist()]
        cells = cells.append_column(name, pa.array(codes, pa.string()).take(periods.indices))
    return cells


def _figures(counted: Sequence[int], structure: Structure) -> Figures:
    women, men, other = counted
    return Figures(women, men, other, structure.base)


@cache
def _engine() -> "duckdb.DuckDBPyConnection":
    """One engine for the process: starting one takes longer than most answers. A question gets a cursor.

    It has one thread: questions are small, and one reader shall not have every core.
    """
    import duckdb  # loaded with the first question

    return duckdb.connect(config={"threads": 1})
