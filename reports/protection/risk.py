"""What a reader could find out from a family of tables: the measures behind the gates. All of them are private.

Attackers that need more than the product does (linear programmes, least squares) stand in tests/attacks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from reports.protection.cells import Cells, Integers, cell_ids, find, sums
from reports.protection.family import NOT_BROKEN_DOWN, Family, Table, columns

ALIKE = 0.9  # groups that share so much of their records are the same people
FEW = 10  # records: smaller groups are alike by chance
Bounds = tuple[Integers, Integers]


@dataclass(frozen=True)
class ReadOff:
    """What somebody reads off who knows all of a person in a table but some columns.

    unique: share of the records that are alone with what is known; certain: of these, the share whose value
    is shown. claimed: share of the records in rows that show one value only; right: of these, the share that
    has it. singles: how many true 1 are shown; one_record: of the shown cells the share that is a true 1.
    """

    unique: float
    certain: float
    claimed: float
    right: float
    singles: int
    one_record: float


def read_off(cells: Cells, hidden: Sequence[int]) -> ReadOff:
    """Measure one table. hidden: places of the columns that are not known."""
    known = [c for c in range(cells.codes.shape[1]) if c not in hidden]
    row, rows = cell_ids(cells.codes[:, known] + 1)
    shown, records = cells.rounded > 0, max(int(cells.counts.sum()), 1)
    alone = sums(row, rows, cells.counts)[row] == 1
    one_value = sums(row, rows, shown.astype(np.int64))[row] == 1
    claimed = one_value & (cells.codes[:, list(hidden)] != NOT_BROKEN_DOWN).all(1)
    return ReadOff(
        unique=float(cells.counts[alone].sum() / records),
        certain=float((alone & shown).sum() / max(int(alone.sum()), 1)),
        claimed=float(cells.counts[claimed].sum() / records),
        right=float(cells.counts[claimed & shown].sum() / max(int(cells.counts[claimed].sum()), 1)),
        singles=int(((cells.counts == 1) & shown).sum()),
        one_record=float((cells.counts[shown] == 1).mean()) if shown.any() else 0.0,
    )


def bounds(
    family: Family,
    tables: Sequence[Table],
    base: int,
    *,
    known_empty: bool = False,
    known: Mapping[str, np.ndarray] | None = None,
    redrawn: Sequence[Family] = (),
) -> dict[str, Bounds]:
    """Return {table: (low, high)}: the sharpest bounds of all true counts from all tables together, the method known.

    The constraints are a tree (a parent is the sum of its children, in each child table), so two passes are exact.
    known_empty: the reader also knows which cells are empty. known: {table: (m,) bool} cells known exactly.
    redrawn: other published versions of the same records and cells.
    """
    low, high = {}, {}
    for name, cells in family.items():
        every = [cells.rounded, *(other[name].rounded for other in redrawn)]
        low[name] = np.maximum(np.max(every, axis=0) - base + 1, int(known_empty))
        high[name] = np.min(every, axis=0) + base - 1
        if known is not None and name in known:
            low[name] = np.where(known[name], cells.counts, low[name])
            high[name] = np.where(known[name], cells.counts, high[name])
    refining = [(t.name, t.parent) for t in tables if t.parent is not None]
    up = {name: parent_places(family, tables, name) for name, _parent in refining}
    for name, parent in reversed(refining):
        number = len(low[parent])
        low[parent] = np.maximum(low[parent], sums(up[name], number, low[name]))
        high[parent] = np.minimum(high[parent], sums(up[name], number, high[name]))
    for name, parent in refining:
        place, number = up[name], len(low[parent])
        others_high = sums(place, number, high[name])[place] - high[name]
        others_low = sums(place, number, low[name])[place] - low[name]
        low[name] = np.maximum(low[name], low[parent][place] - others_high)
        high[name] = np.minimum(high[name], high[parent][place] - others_low)
    return {name: (low[name], high[name]) for name in family}


def parent_places(family: Family, tables: Sequence[Table], name: str) -> Integers:
    """Return (m,) for each cell of a table the place of its parent's cell. Raises ValueError for the core."""
    parent = {t.name: t.parent for t in tables}[name]
    if parent is None:
        raise ValueError(f"{name} is the core and has no parent")
    above = family[parent].codes
    return find(above, family[name].codes[:, : above.shape[1]])


@dataclass(frozen=True)
class Conflict:
    """Two columns of different branches that are rounded twice: `column` decides `other`, or, where groups are
    named, the group of one and the group of the other are the same people."""

    column: int
    other: int
    group: int | None = None
    other_group: int | None = None


def conflicts(codes: Integers, counts: Integers, tables: Sequence[Table]) -> list[Conflict]:
    """Return what a design rounds twice, on true records: codes (n, columns), counts (n,). None for a good design.

    Put what such columns have in common into a table above both.
    """
    dims = columns(tables)
    owner = {c: t.name for t in tables for c in t.adds}
    found: list[Conflict] = []
    for a, b in combinations(owner, 2):
        if not ({a, b} <= {*dims[owner[a]]} or {a, b} <= {*dims[owner[b]]}):  # one line of the tree
            found.extend(_conflicts_of(codes[:, a], codes[:, b], counts, (a, b)))
    return found


def _conflicts_of(
    a: Integers, b: Integers, counts: Integers, names: tuple[int, int]
) -> Iterator[Conflict]:
    """Yield the conflicts of two columns (n,), with counts (n,) above zero; names: their numbers."""
    widths = int(a.max(initial=0)) + 2, int(b.max(initial=0)) + 2  # codes begin with -1
    size = widths[0] * widths[1]
    crossed = np.bincount((a + 1) * widths[1] + b + 1, weights=counts, minlength=size)
    both = crossed.reshape(widths)
    of_a, of_b = both.sum(1), both.sum(0)
    partners = [(both > 0).sum(axis) for axis in (1, 0)]  # of each code of a, of b
    decides = [
        most.max(initial=0) <= 1 and (other > 0).sum() > 1
        for most, other in ((partners[0], of_b), (partners[1], of_a))
    ]
    if decides[0]:
        yield Conflict(*names)
    if decides[1]:
        yield Conflict(*reversed(names))
    if not decides[0]:
        union = of_a[:, None] + of_b[None, :] - both
        # Two groups that are nearly everybody overlap by themselves; were they the same people, the rests would be, too.
        nearly = [size >= ALIKE * counts.sum() for size in (of_a, of_b)]
        alike = (both >= ALIKE * union) & (both >= FEW) & ~np.logical_and.outer(*nearly)
        for x, y in np.argwhere(alike).tolist():
            yield Conflict(*names, x - 1, y - 1)


def changed(before: Integers, true_before: Integers, now: Integers, true_now: Integers) -> int:
    """Return how many records differ between two states, at least: codes (n, columns) and counts (n,) of each.

    A corrected record leaves one cell and comes to another, so it counts once: the larger of what came and went.
    """
    ids, number = cell_ids(np.vstack([before, now]) + 1)
    change = sums(ids, number, np.concatenate([-true_before, true_now]))
    return int(max(change[change > 0].sum(), -change[change < 0].sum()))


def moved(before: Cells, after: Cells) -> int:
    """Return how many cells of a table that stays have another published value, or are gone."""
    place = find(after.codes, before.codes)
    now = (
        np.where(place < 0, 0, after.rounded[place])
        if len(after.codes)
        else np.zeros(len(place), np.int64)
    )
    return int((now != before.rounded).sum())
