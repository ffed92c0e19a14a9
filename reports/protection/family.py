"""A family of rounded tables: several subject tables of the same records that agree wherever they can be compared.

The tables form a tree. Each refines its parent by the columns it adds, and every column is added once. Every cell of
every table becomes an adjacent multiple of `base`, and the cells that refine one cell of the parent add up to it.
Then a figure is the same in whichever table it is summed. Method, proofs, measurements, limits: docs/disclosure.md.

Why it always works: let X be a parent cell with children x_i, r_i = x_i mod base, R = sum r_i. An adjacent value of X
asks for floor(R / base) or ceil(R / base) children rounded up, and there are always that many with r_i > 0.
1. Parents first. In each parent cell ordered pivotal sampling rounds the children; the parent's value decides the last
   duel, so P(up) = r / base for every cell of every table.
2. Swap search inside parent cells keeps the other sums of the table close.
3. A parent cell published below `least` is not broken down. This looks at published values only.
Periods already published stay (`kept`); `to_date` says how the year and the quarter so far stay adjacent.
Called once for each year and version, each with a seed of its own: years do not touch each other.
Randomness is SHAKE-256(seed): equal input and seed give equal output on every platform and numpy version.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from reports.protection.cells import Cells, Integers, added_up, cell_ids, first_places, sums
from reports.protection.sampling import Floats, pivotal, uniforms
from reports.protection.search import inside_parent, measured, swap
from reports.protection.to_date import Past, chance_of, past_of

NOT_BROKEN_DOWN = (
    -1
)  # the code in all added columns where the parent cell is too small, or still open
SWEEPS = 40
Family = Mapping[str, Cells]


@dataclass(frozen=True)
class Table:
    """A node of the tree.

    adds: column numbers of the codes, coarse before fine (age group, age). parent: an earlier table; None: the core.
    least: parent cells published below this are not broken down (10 * base recommended, 0 for months and quarters).
    """

    name: str
    adds: tuple[int, ...]
    parent: str | None = None
    least: int = 0


def columns(tables: Sequence[Table]) -> dict[str, tuple[int, ...]]:
    """Return {table: its column numbers, the parent's first}. Raises ValueError for a family that could contradict itself."""
    known: dict[str, tuple[int, ...]] = {}
    for t in tables:
        if t.name in known or (t.parent is None) != (not known) or t.parent not in {None, *known}:
            raise ValueError(f"{t.name}: the core first, parents before children, each name once")
        taken = set(chain.from_iterable(known.values()))
        if not t.adds or len({*t.adds}) < len(t.adds) or {*t.adds} & taken:
            raise ValueError(f"{t.name}: a table adds columns, and every column is added once")
        known[t.name] = (*(known[t.parent] if t.parent else ()), *t.adds)
    return known


def round_family(
    codes: Any,
    counts: Any,
    tables: Sequence[Table],
    base: int,
    seed: bytes,
    kept: Family | None = None,
    sweeps: int = SWEEPS,
    contents: Mapping[str, bytes] | None = None,
) -> dict[str, Cells]:
    """Round all tables of one year. Returns {table name: Cells}: multiples of `base`, |rounded - counts| < base.

    codes    (n, columns) integers >= 0: the categories of each record or finest cell; rows may repeat. Every level of
             a classification is a column of its own (month and quarter; age group and age). NOT_BROKEN_DOWN in all
             columns that a table adds: the parent cell of the record is still open, so it is not broken down there.
    counts   (n,) integers >= 0: records per row. Zero rows may be left out: zero cells are never made.
    tables   the core first, parents before children. base: integer >= 2 (3 standard, 5 sensitive).
    seed     bytes, at least 16: HMAC(secret, dataset, year, version). Whoever has it can undo the rounding.
    kept     {table name: Cells} that must not move (`keep`), with the counts that they were published with: all periods
             published so far in every table that has them, and everything of the quarters that are closed.
    contents {table name: what its seed is drawn from besides}: a table of what other records tell changes without its year.
    sweeps   rounds of swap search per table; with 0 every cell is exactly unbiased, other sums are further off.
    Raises ValueError for a bad design (see `columns`), bad input, and `kept` that does not fit the counts or the tree.
    """
    codes, counts = _checked(codes, counts, base, seed)
    dims = columns(tables)
    if max(chain.from_iterable(dims.values())) >= codes.shape[1]:
        raise ValueError("a table adds a column that the codes do not have")
    codes, counts = codes[counts > 0], counts[counts > 0]
    kept = {name: cells for name, cells in (kept or {}).items() if len(cells.counts)}
    _require_kept(kept, dims, base)
    result: dict[str, Cells] = {}
    rows: dict[str, Integers] = {}  # for each row of the codes the place of its cell in the table
    for t in tables:
        above = (result[t.parent], rows[t.parent]) if t.parent is not None else None
        cells, rows[t.name], within = _cells_of(t, codes, counts, above)
        draw = Draw(base, _seed_of(t, seed + (contents or {}).get(t.name, b"")), sweeps)
        _round(cells, within, past_of(t.name, cells, dims, kept), draw)
        result[t.name] = cells
    return result


@dataclass(frozen=True)
class Within:
    """Where the cells of a table stand in its parent.

    fixed: the number of columns of the parent. stratum (m,): the parent cell of each cell. target (parent
    cells,): what they are published with; None in the core.
    """

    fixed: int
    stratum: Integers
    target: Integers | None


@dataclass(frozen=True)
class Draw:
    """How one table is rounded: the base, the seed of the table, the rounds of search."""

    base: int
    seed: bytes
    sweeps: int


def _cells_of(
    table: Table, codes: Integers, counts: Integers, above: tuple[Cells, Integers] | None
) -> tuple[Cells, Integers, Within]:
    """Add up the true cells of a table. above: the parent's cells, and for each row of the codes its place there.

    Returns the cells, not yet rounded, the place of each row among them, and where they stand in the parent.
    """
    part = codes[:, list(table.adds)]
    if above is not None:
        parent, places = above
        part[parent.rounded[places] < table.least] = NOT_BROKEN_DOWN
        part = np.column_stack([parent.codes[places], part])
    rows, number = cell_ids(part + 1)  # in the order of the codes, whatever the order of the rows
    first = first_places(rows, number)
    cells = Cells(part[first], sums(rows, number, counts), np.zeros(number, np.int64))
    if above is None:
        return cells, rows, Within(0, np.zeros(number, np.int64), None)
    fixed = part.shape[1] - len(table.adds)
    return cells, rows, Within(fixed, above[1][first], above[0].rounded)


def _round(cells: Cells, within: Within, past: Past, draw: Draw) -> None:
    """Fill `cells.rounded`."""
    new, base = cells.counts - past.true, draw.base
    rest = np.where(past.is_held, 0, new % base)
    cells.rounded[:] = np.where(past.is_held, past.held, past.shown + new - rest)
    free = np.flatnonzero(rest)
    need = None
    if within.target is not None:
        need = (within.target - sums(within.stratum, len(within.target), cells.rounded)) // base
        if need[np.bincount(within.stratum[free], minlength=len(need)) == 0].any():
            raise ValueError("the kept cells do not add up to their parents")
    if len(free):
        _decide(cells, within, free, chance_of(rest, past, base)[free], need, draw)
    if (np.abs(cells.errors) >= base).any():
        raise ValueError("periods are added quarter by quarter, and all that are out are kept")


def _decide(
    cells: Cells,
    within: Within,
    free: Integers,
    chance: Floats,
    need: Integers | None,
    draw: Draw,
) -> None:
    """Round the free cells up or stay down: first by duels, then by swaps. free: places; chance: P(up) of each."""
    start, part, stratum = cells.rounded[free], cells.codes[free] + 1, within.stratum[free]
    order = _order(part, draw.seed)  # the parent's columns come first, so strata are contiguous
    dice = uniforms(draw.seed, "pivotal", len(free) + 1)
    up = np.zeros(len(free), bool)
    up[order] = pivotal(chance[order], stratum[order], need, dice)
    cells.rounded[free] = start + draw.base * up
    if draw.sweeps:
        # Only cells of one chance exchange directions, so none is favoured.
        classes = np.unique(chance.round(9), return_inverse=True)[1]
        group = cell_ids(np.column_stack([classes, stratum]))[0]
        codes = cells.codes + 1
        near = measured(cells.errors, codes, inside_parent(codes, within.fixed), free)
        swap(up, group, part, near, draw.base, draw.seed, draw.sweeps)
        cells.rounded[free] = start + draw.base * up


def _seed_of(table: Table, seed: bytes) -> bytes:
    """Return the seed of one table: a table that is added later changes nothing of the others."""
    return hashlib.shake_256(len(seed).to_bytes(2, "big") + seed + table.name.encode()).digest(32)


def _order(codes: Integers, seed: bytes) -> Integers:
    """Return a secret sort order: by the columns in turn, the categories of each shuffled."""
    keys = []
    for j, column in enumerate(codes.T):
        chance = uniforms(seed, f"order{j}", int(column.max(initial=0)) + 1)
        keys.append(np.argsort(chance, kind="stable")[column])
    return np.lexsort(keys[::-1])


def answer(family: Family, tables: Sequence[Table], wanted: Sequence[int]) -> Cells:
    """Return the table by the `wanted` columns, summed from the first table that has them all. Raises KeyError if none has."""
    for name, dims in columns(tables).items():
        if {*wanted} <= {*dims} and name in family:
            return added_up(family[name], [dims.index(c) for c in wanted])
    raise KeyError(f"no table has the columns {wanted}")


def keep(
    family: Family, tables: Sequence[Table], column: int, values: Sequence[int]
) -> dict[str, Cells]:
    """Return the cells of the periods `values` in every table that has the period `column`: for `kept` of the next call.

    Raises ValueError where the table that adds the period leaves some out.
    """
    if any(column in t.adds and t.least for t in tables):
        raise ValueError("a table that adds a period must have least = 0: periods are always shown")
    kept = {}
    for name, dims in columns(tables).items():
        if column in dims and name in family:
            mask = np.isin(family[name].codes[:, dims.index(column)], values)
            kept[name] = Cells(*(part[mask] for part in family[name]))
    return kept


def _checked(codes: Any, counts: Any, base: int, seed: bytes) -> tuple[Integers, Integers]:
    raw, labels = np.asarray(counts), np.asarray(codes)
    if labels.ndim != 2 or raw.shape != labels.shape[:1]:
        raise ValueError("counts must be (n,) and codes (n, columns)")
    numbers, whole = raw.astype(np.int64), labels.astype(np.int64)
    if (numbers != raw).any() or (whole != labels).any():
        raise ValueError("counts and codes must be integers")
    if (numbers < 0).any() or (whole < NOT_BROKEN_DOWN).any():
        raise ValueError("counts and codes must not be below zero")
    if int(base) != base or base < 2 or not isinstance(seed, bytes) or len(seed) < 16:
        raise ValueError("base must be an integer >= 2 and seed at least 16 bytes")
    return whole, numbers


def _require_kept(kept: Family, dims: Mapping[str, tuple[int, ...]], base: int) -> None:
    """Raise ValueError unless the kept cells are those of such a family."""
    whole = all((cells.rounded % base == 0).all() for cells in kept.values())
    near = all((np.abs(cells.errors) < base).all() for cells in kept.values())
    if not whole or not near or not {*kept} <= {*dims}:
        raise ValueError("the kept cells were not made by this method, base and tables")
