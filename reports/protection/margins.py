"""The tables of a cube: their cells, their sums, and how far rounding moved them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

Integers = np.ndarray[Any, np.dtype[np.int64]]
Margin = tuple[int, ...]  # the dimensions of one table, as places among the columns of the codes
DEPTH = 3


@dataclass(frozen=True)
class Tables:
    """The tables that are kept close to the truth and judged; `every` lists each of them once.

    plain: of up to three dimensions; rolled: those of quarters and years instead of periods;
    named: the crossings that readers see of named tables, whatever their depth (they may be among the others).
    """

    plain: Sequence[Margin]
    rolled: Sequence[Margin] = ()
    named: Sequence[Margin] = ()

    @property
    def every(self) -> list[Margin]:
        return list(dict.fromkeys([*self.plain, *self.rolled, *self.named]))


def all_margins(dimensions: int, depth: int = DEPTH) -> list[Margin]:
    """Return every table of at most `depth` of so many dimensions, the grand total () among them."""
    depths = range(min(dimensions, depth) + 1)
    return [margin for size in depths for margin in combinations(range(dimensions), size)]


def cell_ids(codes: Integers) -> tuple[Integers, int]:
    """Number the cells of a table.

    codes (n, k) integers >= 0. Returns (n,) dense ids of the distinct rows, in the order of the rows'
    codes, and how many there are. Raises ValueError if the codes are too large to be put in one number.
    """
    key, size = np.zeros(len(codes), np.int64), 1
    for column in codes.T:
        width = int(column.max(initial=0)) + 1
        if size * width > 1 << 62:
            raise ValueError("codes too large: renumber the categories")
        key, size = key * width + column, size * width
        if size > 4 * len(codes) + 1024:
            distinct, key = np.unique(key, return_inverse=True)
            size = len(distinct)
    rank = np.cumsum(np.bincount(key, minlength=size) > 0)
    return rank[key] - 1, int(rank[-1])


def sums(ids: Integers, cells: int, values: Integers) -> Integers:
    """Return (cells,) sums of (n,) values by the ids of `cell_ids`; exact below 2**53."""
    return np.bincount(ids, weights=values, minlength=cells).astype(np.int64)


def deviations(
    counts: Integers, codes: Integers, rounded: Integers, margins: Sequence[Margin] | None = None
) -> dict[Margin, Integers]:
    """Return {margin: (cells,) rounded minus true} for cells with records. Never publish them.

    counts, rounded (n,); codes (n, d); `margins` by default all of at most three dimensions.
    """
    codes = np.asarray(codes, np.int64)
    error = np.asarray(rounded, np.int64) - np.asarray(counts, np.int64)
    wanted = all_margins(codes.shape[1]) if margins is None else margins
    return {margin: sums(*cell_ids(codes[:, list(margin)]), error) for margin in wanted}


def largest(measured: Mapping[Margin, Integers], margins: Sequence[Margin]) -> float:
    """Return the largest deviation in these tables, 0 where they have no cell."""
    return float(max((np.abs(measured[m]).max(initial=0) for m in margins), default=0))


def quantile(measured: Mapping[Margin, Integers], margins: Sequence[Margin]) -> float:
    """Return what 95 of 100 deviations in these tables do not exceed, 0 where they have no cell."""
    every = np.abs(np.concatenate([np.zeros(0, np.int64), *(measured[m] for m in margins)]))
    return float(np.quantile(every, 0.95)) if len(every) else 0.0
