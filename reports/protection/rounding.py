"""Controlled cube rounding: disclosure control for sparse multi-way count cubes.

Every inner cell becomes an adjacent multiple of `base`; all published tables are sums of the protected cube, so they
add up and agree. Method, measurements and limits: docs/disclosure.md.

1. Ordered pivotal sampling (Deville & Tille 1998; Chauvet 2012) rounds the residuals r = count mod base: P(up) = r/base
   for every cell, and every run of cells in the sort order is off by less than 2 * base.
2. Swap search: two cells of one residual and stratum, one up and one down, exchange directions when this lowers the
   squared deviations of all margins. The ups per residual stay, so it does not favour the nearest multiple.
Revisions: every cell and bracket [k * base, (k + 1) * base) has a hidden threshold that earlier releases bound to
(a, c]. So unchanged cells keep their value and no published value ever moves against the true one.
Randomness is SHAKE-256(seed): equal input and seed give equal output on every platform and numpy version.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.protection.cells import Integers, cell_ids
from reports.protection.sampling import Flags, Floats, pivotal, uniforms
from reports.protection.search import Deviations, Margin, all_margins, measured, swap

Arrays = tuple[Integers, Integers, Integers]


def protect(
    counts: Any,
    codes: Any,
    base: int,
    seed: bytes,
    previous: tuple[Any, Any, Any] | None = None,
    margins: Sequence[Margin] | None = None,
    strata: Sequence[int] = (),
    sweeps: int = 40,
) -> Integers:
    """Round a cube. Returns (n,) int64 multiples of `base` with |rounded - counts| < base; zeros stay zero.

    counts   (n,) integers >= 0, records per inner cell. Zero cells may be left out.
    codes    (n, d) integers >= 0, the category on each of d >= 1 dimensions; rows are unique.
    base     integer >= 2 (3 standard, 5 sensitive).
    seed     bytes, at least 16: HMAC(dataset secret, dataset id, release id). Whoever has it can undo the rounding.
    previous None, or (codes (m, d), counts (m,), rounded (m,)): the inner cells of all earlier releases, any order,
             repeats allowed, category numbers with the same meaning as in `codes`. As secret as the true counts.
    margins  tuples of dimension numbers whose tables stay close; default all of <= 3 dimensions; repeat for weight.
    strata   dimension numbers, e.g. (sex, time). In a first release the tables by strata[:1], strata[:2], ... are off
             by less than 2 * base, always; in a revision by at most about 3 * base (check with `deviations`).
    sweeps   rounds of swap search; with 0 every single cell is exactly unbiased but the margins are further off.
    Raises ValueError for negative, fractional or duplicate input and for a `previous` this method cannot have made.
    """
    counts, codes = _checked(counts, codes, base, seed)
    canonical = np.lexsort(codes.T[::-1])  # the result must not depend on the row order
    counts, codes = counts[canonical], codes[canonical]
    chance = _chances(counts, codes, base, previous)
    up = chance >= 1
    free = np.flatnonzero((chance > 0) & (chance < 1))
    order, dice = _order(codes[free], strata, seed), uniforms(seed, "pivotal", len(free) + 1)
    up[free[order]] = pivotal(chance[free][order], np.zeros(len(free), np.int64), None, dice)
    low = counts - counts % base
    if sweeps and len(free):
        if previous is not None:
            coarse = _coarse(codes.shape[1], strata)
            start = measured(low + base * up - counts, codes, coarse, free)
            up[free] = _rebalanced(up[free], start, base, seed)
        near = all_margins(codes.shape[1]) if margins is None else margins
        start = measured(low + base * up - counts, codes, near, free)
        group, moving = _groups(chance[free], codes[free], strata), up[free]
        swap(moving, group, codes[free], start, base, seed, sweeps)
        up[free] = moving
    result = np.empty_like(counts)
    result[canonical] = low + base * up
    return result


def _checked(counts: Any, codes: Any, base: int, seed: bytes) -> tuple[Integers, Integers]:
    """Return counts and codes as integers. Raises ValueError for what cannot be rounded."""
    raw, labels = np.asarray(counts), np.asarray(codes)
    if labels.ndim != 2 or not labels.shape[1] or raw.shape != labels.shape[:1]:
        raise ValueError("counts must be (n,) and codes (n, d) with d >= 1")
    whole, numbers = raw.astype(np.int64), labels.astype(np.int64)
    fractional = (whole != raw).any() or (numbers != labels).any()
    if fractional or (whole < 0).any() or (numbers < 0).any():
        raise ValueError("counts and codes must be integers >= 0")
    if int(base) != base or base < 2:
        raise ValueError("base must be an integer >= 2")
    if cell_ids(numbers)[1] != len(numbers):
        raise ValueError("duplicate cells")
    if not isinstance(seed, bytes) or len(seed) < 16:
        raise ValueError("seed must be at least 16 bytes")
    return whole, numbers


def _coarse(dimensions: int, strata: Sequence[int]) -> list[Margin]:
    """The margins that revisions are brought back to: total, single dimensions, strata."""
    nested = [tuple(strata[:k]) for k in range(2, len(strata) + 1)]
    return all_margins(dimensions, 1) + nested


def _groups(chance: Floats, codes: Integers, strata: Sequence[int]) -> Integers:
    """(n,) ids: cells of one group have the same chance and stratum, so that they may swap."""
    classes = np.unique(chance.round(9), return_inverse=True)[1]
    return cell_ids(np.column_stack([classes, codes[:, list(strata)]]))[0]


def _chances(counts: Integers, codes: Integers, base: int, previous: Any) -> Floats:
    """(n,) P(up) given all earlier releases: (r - a) / (c - a), 0 for r <= a, 1 for r >= c; r / base without any."""
    down, up = np.zeros(len(counts), np.int64), np.full(len(counts), base)
    if previous is not None:
        earlier: Arrays = tuple(np.asarray(part, np.int64) for part in previous)  # type: ignore[assignment]
        down, up = _thresholds(counts, codes, base, earlier)
    return np.clip((counts % base - down) / (up - down), 0, 1)


def _thresholds(
    counts: Integers, codes: Integers, base: int, earlier: Arrays
) -> tuple[Integers, Integers]:
    """(n,) a and c of each cell: the largest residual that was shown down, the smallest shown up."""
    n, (old_codes, old, published) = len(counts), earlier
    floor = old - old % base
    went_up = (published == floor + base) & (old > floor)
    impossible = (~went_up & (published != floor)).any()
    if old_codes.shape != (len(old), codes.shape[1]) or impossible:
        raise ValueError("previous has another shape or was not rounded to this base")
    brackets = np.column_stack([np.vstack([codes, old_codes]), np.r_[counts, old] // base])
    bracket, size = cell_ids(brackets)[0], n + len(old)
    down, up = np.zeros(size, np.int64), np.full(size, base)
    np.maximum.at(down, bracket[n:][~went_up], old[~went_up] % base)
    np.minimum.at(up, bracket[n:][went_up], old[went_up] % base)
    if (down >= up).any():
        raise ValueError("previous contradicts itself")
    return down[bracket[:n]], up[bracket[:n]]


def _order(codes: Integers, strata: Sequence[int], seed: bytes) -> Integers:
    """Secret sort order: strata first, then the other dimensions; categories shuffled."""
    dimensions = [*strata, *(j for j in range(codes.shape[1]) if j not in strata)]
    ranks = [
        np.argsort(uniforms(seed, f"order{j}", int(codes[:, j].max(initial=0)) + 1), kind="stable")
        for j in dimensions
    ]
    keys = [rank[codes[:, j]] for rank, j in zip(ranks, dimensions, strict=True)]
    return np.lexsort(keys[::-1])


def _rebalanced(up: Flags, deviations: Deviations, base: int, seed: bytes) -> Flags:
    """Revisions: flip free cells, in secret order, while this lowers the coarse squared deviations."""
    up, index, now = up.copy(), deviations.index, deviations.now
    for k in np.argsort(uniforms(seed, "rebalance", len(up)), kind="stable").tolist():
        pull = 2 * now[index[k]].sum()
        if abs(pull) > base * index.shape[1] and up[k] == (pull > 0):
            now[index[k]] += -base if up[k] else base
            up[k] = not up[k]
    return up
