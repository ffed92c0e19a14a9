"""Earlier releases: what they held, and what differs from them now."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.protection.cells import Integers, cell_ids, sums


@dataclass(frozen=True)
class Ledger:
    """The cells of an earlier release, true and rounded. As secret as the true counts.

    codes (m, d), counts (m,), rounded (m,): as in `rounding.protect`. `seen` if readers ever had it.
    `periods` are the code numbers of the periods it published, those that were zero included.
    """

    codes: Integers
    counts: Integers
    rounded: Integers
    seen: bool = True
    periods: frozenset[int] = frozenset()

    @property
    def arrays(self) -> tuple[Integers, Integers, Integers]:
        return self.codes, self.counts, self.rounded

    @classmethod
    def joined(cls, ledgers: Sequence["Ledger"]) -> "Ledger":
        """Return all of them as one: what `rounding.protect` has to know of the past."""
        codes, counts, rounded = zip(*(ledger.arrays for ledger in ledgers), strict=True)
        return cls(np.concatenate(codes), np.concatenate(counts), np.concatenate(rounded))


@dataclass(frozen=True)
class RecordsChanged:
    """How many records differ between an earlier release and now: at least so many.

    A corrected record leaves one cell and comes to another, so that it counts once, not twice: the
    larger of what came and what went. `by_period` has every period in which any cell changed.
    """

    total: int
    by_period: dict[int, int]


def records_changed(
    counts: Integers, codes: Integers, earlier: Ledger, time: int
) -> RecordsChanged:
    """Compare exact cells. counts (n,), codes (n, d); `time` is the column of the period."""
    both = np.vstack([codes, earlier.codes])
    ids, cells = cell_ids(both)
    change = sums(ids, cells, np.concatenate([counts, -earlier.counts]))
    period = np.zeros(cells, np.int64)
    period[ids] = both[:, time]
    periods = int(both[:, time].max(initial=-1)) + 1
    came, went = (sums(period, periods, np.maximum(sign * change, 0)) for sign in (1, -1))
    largest = np.maximum(came, went)
    by_period = {int(k): int(largest[k]) for k in np.flatnonzero(largest)}
    return RecordsChanged(int(max(came.sum(), went.sum())), by_period)


def cells_moved(
    counts: Integers, codes: Integers, rounded: Integers, earlier: Ledger
) -> tuple[int, int]:
    """Return how many unchanged cells have another published value, and how many values moved against
    the true count. Both must be none."""
    ids, cells = cell_ids(np.vstack([codes, earlier.codes]))
    change = sums(ids, cells, np.concatenate([counts, -earlier.counts]))
    move = sums(ids, cells, np.concatenate([rounded, -earlier.rounded]))
    return int(((change == 0) & (move != 0)).sum()), int((change * move < 0).sum())
