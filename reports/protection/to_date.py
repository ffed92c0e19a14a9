"""Periods that stay: how the year and the quarter so far stay near the truth while periods are added.

A cell of the year holds a published part (true C, shown F) and a new part n; r = n mod base is rounded up or
down. With c = C mod base the part shown is c below the truth, or base - c above it ("high"). So that the sum
stays adjacent and unbiased, P(up) = r / (base - c) if low and c + r < base; 0 if high and c + r < base; 1 if low
and c + r >= base; (c + r - base) / c if high and c + r >= base. `_near` is this rule.

A quarter between the year and its months must stay adjacent too. The year holds the closed quarters (c, high) and
the open one; being adjacent and unbiased on both levels leaves one joint distribution: given the closed ones, the
open quarter is high with chance `_near(its remainder)`. So P(up) of the new part is what leads from that chance
before to that chance after; the open quarter alone is the case without closed ones. It is never asked to go both
ways: one quarter at a time is open, so the builder adds periods quarter by quarter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.protection.cells import Cells, Integers, find, sums
from reports.protection.sampling import Flags, Floats


@dataclass(frozen=True)
class Past:
    """What of the (m,) cells of a table is published already.

    held: the value of a cell that stays, where is_held. true, shown: sums of the kept cells below each cell;
    closed_true, closed_shown: those among them that lie in closed quarters.
    """

    is_held: Flags
    held: Integers
    true: Integers
    shown: Integers
    closed_true: Integers
    closed_shown: Integers


def past_of(
    name: str, cells: Cells, dims: Mapping[str, tuple[int, ...]], kept: Mapping[str, Cells]
) -> Past:
    """Find the past of a table's cells. dims: {table: its columns}. Raises ValueError where kept cells do not fit."""
    number = len(cells.counts)
    is_held, held = np.zeros(number, bool), np.zeros(number, np.int64)
    if name in kept:
        place = find(cells.codes, kept[name].codes)
        if (place < 0).any() or (cells.counts[place] != kept[name].counts).any():
            raise ValueError(
                f"{name}: kept cells must have the counts that they were published with"
            )
        is_held[place], held[place] = True, kept[name].rounded
    width = len(dims[name])
    below = [n for n in kept if n != name and dims[n][:width] == dims[name]]
    # What keeps most has every period that is out; what stands right below has what is closed.
    every = sorted(below, key=lambda n: int(kept[n].counts.sum()))[-1:]
    closed = sorted(below, key=lambda n: len(dims[n]))[:1]
    sums_of = [_below(name, cells, [kept[n] for n in part], width) for part in (every, closed)]
    return Past(is_held, held, *sums_of[0], *sums_of[1])


def _below(name: str, cells: Cells, kept: Sequence[Cells], width: int) -> tuple[Integers, Integers]:
    """Return (m,) true and (m,) shown sums of the kept cells below each cell; noughts where none are kept."""
    number = len(cells.counts)
    true, shown = np.zeros(number, np.int64), np.zeros(number, np.int64)
    for part in kept:
        place = find(cells.codes, part.codes[:, :width])
        if (place < 0).any():
            raise ValueError(f"{name}: a kept cell is no longer in the counts or in the table")
        true += sums(place, number, part.counts)
        shown += sums(place, number, part.rounded)
    return true, shown


def chance_of(rest: Integers, past: Past, base: int) -> Floats:
    """Return (m,) P(up) of the new part of each cell, whose remainder is `rest`; without a past rest / base."""
    closed, closed_high = past.closed_true % base, past.closed_shown > past.closed_true
    so_far = past.true - past.closed_true
    high = past.shown - past.closed_shown > so_far
    before = _near(so_far % base, closed, closed_high, base)
    after = _near((so_far + rest) % base, closed, closed_high, base)
    wraps = so_far % base + rest >= base
    up_if_low = np.where(wraps, 1.0, (after - before) / np.where(before < 1, 1 - before, 1))
    up_if_high = np.where(wraps, after / np.where(before > 0, before, 1), 0.0)
    return np.where(high, up_if_high, up_if_low)


def _near(rest: Integers, past: Integers, high: Flags, base: int) -> Floats:
    """Return (m,) P(up) of a part with this remainder beside a part with remainder `past`, so that both stay adjacent."""
    wraps = past + rest >= base
    if_high = np.where(wraps, (past + rest - base) / np.maximum(past, 1), 0.0)
    if_low = np.where(wraps, 1.0, rest / (base - past))
    return np.where(high, if_high, if_low)
