"""The tables of a cube: their cells, their sums, and how far rounding moved them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.protection.cells import Integers, cell_ids, sums
from reports.protection.search import Margin, all_margins


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
