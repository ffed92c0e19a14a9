"""Swap search: two cells of one stratum and residual, one up and one down, exchange directions when this
brings the sums of the table nearer to the truth. How many go up of each residual stays, so it favours none."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from reports.protection.cells import Integers, cell_ids, first_places, sums
from reports.protection.sampling import Flags, Floats, uniforms

Margin = tuple[int, ...]  # the columns of one table, as places among the columns of the codes
DEPTH = 3  # tables by up to so many columns are kept close
# Swap candidates screened at once. Part of the algorithm: another number gives another result.
_CHUNK = 1 << 14


@dataclass
class Deviations:
    """How far the margins are from the truth now, and to which of their cells each free cell adds.

    index (free, margins) int32, places in `now`, (cells of all margins,) rounded minus true.
    """

    index: np.ndarray[Any, np.dtype[np.int32]]
    now: Integers


def all_margins(columns: int, depth: int = DEPTH) -> list[Margin]:
    """Return every table of at most `depth` of so many columns, the grand total () among them."""
    depths = range(min(columns, depth) + 1)
    return [margin for size in depths for margin in combinations(range(columns), size)]


def measured(
    error: Integers, codes: Integers, margins: Iterable[Margin], free: Integers
) -> Deviations:
    """Measure margins: error (n,) rounded minus true, codes (n, d) >= 0, free: places of the cells that may move."""
    index, parts, start = [], [np.zeros(0, np.int64)], 0
    for margin in margins:
        ids, number = cell_ids(codes[:, list(margin)])
        index.append((ids[free] + start).astype(np.int32))
        parts.append(sums(ids, number, error))
        start += number
    columns = np.column_stack(index) if index else np.zeros((len(free), 0), np.int32)
    return Deviations(columns, np.concatenate(parts))


def inside_parent(codes: Integers, fixed: int) -> Iterator[Margin]:
    """Yield the margins that swaps inside a parent (the first `fixed` columns) can change.

    All of up to three columns and all but one; each partition of the cells once.
    """
    width, seen = codes.shape[1], set()
    for size in (k for k in range(1, width) if k <= DEPTH or k == width - 1):
        for margin in combinations(range(width), size):
            ids, number = cell_ids(codes[:, list(margin)])
            partition = hashlib.sha256(first_places(ids, number)[ids].tobytes()).digest()
            if max(margin) >= fixed and number < len(codes) and partition not in seen:
                seen.add(partition)
                yield margin


def swap(
    up: Flags,
    group: Integers,
    codes: Integers,
    deviations: Deviations,
    base: int,
    seed: bytes,
    sweeps: int,
) -> None:
    """Exchange up and down inside groups, in place, while squared deviations fall. Acceptance is sequential, exact.

    up (n,) flags of the free cells; group (n,) ids; codes (n, k) >= 0.
    """
    index, now = deviations.index, deviations.now
    for sweep in range(sweeps):
        high, low = _candidates(up, group, codes, uniforms(seed, f"sweep{sweep}", len(up) + 1))
        for k in range(0, len(high), _CHUNK):
            i, j = high[k : k + _CHUNK], low[k : k + _CHUNK]
            a, c = index[i], index[j]
            need = base * (a != c).sum(1)
            for g in np.flatnonzero(now[a].sum(1) - now[c].sum(1) > need).tolist():
                # Ask again: the swaps before this one have moved the margins.
                if now[a[g]].sum() - now[c[g]].sum() > need[g]:
                    now[a[g]] -= base
                    now[c[g]] += base
                    up[i[g]], up[j[g]] = False, True


def _candidates(
    up: Flags, group: Integers, codes: Integers, uniform: Floats
) -> tuple[Integers, Integers]:
    """Pairs of one group that are neighbours in a random sort order, one up and one down: (up, down).

    The order goes by a random choice of at most three columns, so neighbours share their cells and
    a swap disturbs fewer margins.
    """
    near = all_margins(codes.shape[1])
    columns = near[int(uniform[-1] * len(near))]
    order = np.lexsort((uniform[:-1], *(codes[:, j] for j in columns), group))
    first, second = order[:-1:2], order[1::2]
    pick = (group[first] == group[second]) & (up[first] != up[second])
    high, low = np.where(up[first], first, second), np.where(up[first], second, first)
    return high[pick], low[pick]
