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

import hashlib
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

_CHUNK = (
    1 << 14
)  # swap candidates screened at once; part of the algorithm: another value gives another result


Array = np.ndarray[Any, Any]


def protect(
    counts: Array,
    codes: Array,
    base: int,
    seed: bytes,
    previous: tuple[Array, Array, Array] | None = None,
    margins: Sequence[tuple[int, ...]] | None = None,
    strata: Sequence[int] = (),
    sweeps: int = 40,
) -> Array:
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
    counts, codes = _check(counts, codes, base)
    if not isinstance(seed, bytes) or len(seed) < 16:
        raise ValueError("seed must be at least 16 bytes")
    canonical = np.lexsort(codes.T[::-1])  # the result must not depend on the row order
    counts, codes = counts[canonical], codes[canonical]
    low = counts - counts % base
    chance = _chances(counts, codes, base, previous)
    rounded = low + base * (chance >= 1)
    free = np.flatnonzero((chance > 0) & (chance < 1))
    part, open_chance = codes[free], chance[free]
    up = _pivotal(
        open_chance, _order(part, strata, seed), _uniforms(seed, "pivotal", len(free) + 1)
    )
    rounded[free] = low[free] + base * up
    if previous is not None and sweeps and len(free):
        index = _margin_index(rounded - counts, codes, _coarse(codes.shape[1], strata), free)
        _rebalance(up, *index, base, seed)  # type: ignore[call-arg]
        rounded[free] = low[free] + base * up
    if sweeps and len(free):
        margins = _subsets(codes.shape[1], 3) if margins is None else margins
        index = _margin_index(rounded - counts, codes, margins, free)
        group = _groups(open_chance, part, strata)
        _swap(up, group, part, *index, base, seed, sweeps)  # type: ignore[call-arg]
        rounded[free] = low[free] + base * up
    result = np.empty_like(rounded)
    result[canonical] = rounded
    return result


def deviations(
    counts: Array,
    codes: Array,
    rounded: Array,
    depth: int = 3,
    margins: Sequence[tuple[int, ...]] | None = None,
) -> dict[tuple[int, ...], Array]:
    """{margin: (cells,) int64 rounded minus true}: the `margins`, default all of at most `depth` dimensions.

    Never publish them.
    """
    codes, error = (
        np.asarray(codes, np.int64),
        np.asarray(rounded, np.int64) - np.asarray(counts, np.int64),
    )
    asked = _subsets(codes.shape[1], depth) if margins is None else margins
    return {m: _sums(*_ids(codes[:, list(m)]), error) for m in asked}  # type: ignore[call-arg]


def _check(counts, codes, base):
    raw, codes = np.asarray(counts), np.asarray(codes)
    if codes.ndim != 2 or not codes.shape[1] or raw.shape != codes.shape[:1]:
        raise ValueError("counts must be (n,) and codes (n, d) with d >= 1")
    counts, whole = raw.astype(np.int64), codes.astype(np.int64)
    if (counts != raw).any() or (whole != codes).any() or (counts < 0).any() or (whole < 0).any():
        raise ValueError("counts and codes must be integers >= 0")
    if int(base) != base or base < 2:
        raise ValueError("base must be an integer >= 2")
    if _ids(whole)[1] != len(whole):
        raise ValueError("duplicate cells")
    return counts, whole


def _subsets(d, depth):
    return [m for k in range(min(d, depth) + 1) for m in combinations(range(d), k)]


def _coarse(d, strata):
    """The margins that revisions are brought back to: total, single dimensions, strata."""
    return _subsets(d, 1) + [tuple(strata[:k]) for k in range(2, len(strata) + 1)]


def _groups(chance, codes, strata):
    """(n,) ids: cells of one group have the same chance and stratum, so that they may swap."""
    classes = np.unique(chance.round(9), return_inverse=True)[1]
    return _ids(np.column_stack([classes, codes[:, list(strata)]]))[0]


def _uniforms(seed, label, n):
    """(n,) floats in [0, 1), a stream of its own for each label."""
    raw = hashlib.shake_256(len(seed).to_bytes(2, "big") + seed + label.encode()).digest(8 * n)
    return (np.frombuffer(raw, "<u8") >> np.uint64(11)) * 2.0**-53


def _ids(columns):
    """Dense ids (n,) int64 of the distinct rows of (n, k) integers, in row order, and their number."""
    key, size = np.zeros(len(columns), np.int64), 1
    for column in columns.T:
        top = int(column.max(initial=0)) + 1
        if size * top > 1 << 62:
            raise ValueError("codes too large: renumber the categories")
        key, size = key * top + column, size * top
        if size > 4 * len(columns) + 1024:
            found, key = np.unique(key, return_inverse=True)
            size = len(found)
    rank = np.cumsum(np.bincount(key, minlength=size) > 0)
    return rank[key] - 1, int(rank[-1])


def _sums(ids, cells, values):
    return np.bincount(ids, weights=values, minlength=cells).astype(np.int64)  # exact below 2**53


def _chances(counts, codes, base, previous):
    """(n,) P(up) given all earlier releases: (r - a) / (c - a), 0 for r <= a, 1 for r >= c; r / base without any."""
    n, (down, up) = len(counts), (0, base)
    if previous is not None:
        old_codes, old, shown = (np.asarray(p, np.int64) for p in previous)
        floor = old - old % base
        went_up = (shown == floor + base) & (old > floor)
        if old_codes.shape != (len(old), codes.shape[1]) or (~went_up & (shown != floor)).any():
            raise ValueError("previous has another shape or was not rounded to this base")
        bracket = _ids(
            np.column_stack([np.vstack([codes, old_codes]), np.r_[counts, old] // base])
        )[0]
        down, up = (
            np.zeros(bracket.max(initial=0) + 1, np.int64),
            np.full(bracket.max(initial=0) + 1, base),
        )
        np.maximum.at(down, bracket[n:][~went_up], old[~went_up] % base)
        np.minimum.at(up, bracket[n:][went_up], old[went_up] % base)
        if (down >= up).any():
            raise ValueError("previous contradicts itself")
        down, up = down[bracket[:n]], up[bracket[:n]]
    return np.clip((counts % base - down) / (up - down), 0, 1)


def _order(codes, strata, seed):
    """Secret sort order: strata first, then the other dimensions; categories shuffled."""
    dims = [*strata, *(j for j in range(codes.shape[1]) if j not in strata)]
    rank = [
        np.argsort(_uniforms(seed, f"order{j}", int(codes[:, j].max(initial=0)) + 1), kind="stable")
        for j in dims
    ]
    return np.lexsort([r[codes[:, j]] for r, j in zip(rank, dims, strict=True)][::-1])


def _pivotal(chance, order, uniform):
    """(n,) bool with P(True) = chance. Two undecided cells duel until one is decided; the other goes on."""
    ups, holder, p = [], -1, 0.0
    for k, (q, u) in enumerate(zip(chance[order].tolist(), uniform.tolist(), strict=False)):
        s = p + q
        if holder < 0:
            holder, p = k, q
        elif s < 1 - 1e-9:  # one of the two goes down
            holder, p = (holder if u * s < p else k), s
        elif s > 1 + 1e-9:  # one of the two goes up
            first = u * (2 - s) < 1 - q
            ups.append(holder if first else k)
            holder, p = (k if first else holder), s - 1
        else:
            ups.append(holder if u < p else k)
            holder = -1
    if holder >= 0 and uniform[-1] < p:
        ups.append(holder)
    up = np.zeros(len(chance), bool)
    up[order[np.array(ups, np.int64)]] = True
    return up


def _margin_index(error, codes, margins, free):
    """index (free, margins) int32 into deviation (all margin cells,) int64: the margin cells of each free cell."""
    index, parts, start = np.empty((len(free), len(margins)), np.int32), [np.zeros(0, np.int64)], 0
    for t, margin in enumerate(margins):
        ids, cells = _ids(codes[:, list(margin)])
        index[:, t], start = ids[free] + start, start + cells
        parts.append(_sums(ids, cells, error))
    return index, np.concatenate(parts)


def _rebalance(up, index, deviation, base, seed):
    """Revisions: flip free cells in place, in secret order, while this lowers the coarse squared deviations."""
    for k in np.argsort(_uniforms(seed, "rebalance", len(up)), kind="stable").tolist():
        pull = 2 * deviation[index[k]].sum()
        if abs(pull) > base * index.shape[1] and up[k] == (pull > 0):
            deviation[index[k]] += -base if up[k] else base
            up[k] = not up[k]


def _swap(up, group, codes, index, deviation, base, seed, sweeps):
    """Exchange up and down in place, inside groups, while squared deviations fall. Acceptance is sequential, exact."""
    near = _subsets(codes.shape[1], 3)
    for sweep in range(sweeps):
        uniform = _uniforms(seed, f"sweep{sweep}", len(up) + 1)
        dims = near[
            int(uniform[-1] * len(near))
        ]  # neighbours share these dimensions: fewer margins to disturb
        order = np.lexsort((uniform[:-1], *(codes[:, j] for j in dims), group))
        one, two = order[:-1:2], order[1::2]
        pick = (group[one] == group[two]) & (up[one] != up[two])
        high, low = np.where(up[one], one, two)[pick], np.where(up[one], two, one)[pick]
        for k in range(0, len(high), _CHUNK):
            i, j = high[k : k + _CHUNK], low[k : k + _CHUNK]
            a, c = index[i], index[j]
            need = base * (a != c).sum(1)
            for g in np.flatnonzero(deviation[a].sum(1) - deviation[c].sum(1) > need).tolist():
                if (
                    deviation[a[g]].sum() - deviation[c[g]].sum() > need[g]
                ):  # still true after the swaps before
                    deviation[a[g]] -= base
                    deviation[c[g]] += base
                    up[i[g]], up[j[g]] = False, True
