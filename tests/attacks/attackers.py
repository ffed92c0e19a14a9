"""Attackers A2-A6 and A8 on arrays: what a released cube tells about true counts of 1-4. For tests and release gates.

true, shown are (n,) integers of the inner cells, codes (n, d) their categories. Shares are 0-1 over cells whose true
count is 1-4 unless said otherwise. A cell "recovered" only counts as a finding if the share exceeds `guess`, the
share right when the most common true value is always answered without looking at the release.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack
from scipy.sparse.linalg import lsqr

from reports.protection.cells import cell_ids, sums
from reports.protection.search import all_margins


def table(true, shown, codes, dims):
    """(cells,) true and shown counts of one published table."""
    ids, cells = cell_ids(np.asarray(codes)[:, list(dims)])
    return sums(ids, cells, true), sums(ids, cells, shown)


def small(true):
    return (np.asarray(true) >= 1) & (np.asarray(true) <= 4)


def _mode(values):
    found, times = np.unique(values, return_counts=True)
    return found[times.argmax()] if len(found) else 0


def reader(true, shown):
    """plain: shown == true. guess: baseline. informed: best answer per shown value by one who knows P(true | shown)."""
    s = small(true)
    t, v = true[s], shown[s]
    right = sum((t[v == value] == _mode(t[v == value])).sum() for value in np.unique(v))
    guess = (t == _mode(t)).mean()
    return {
        "cells": int(s.sum()),
        "plain": (t == v).mean(),
        "guess": guess,
        "informed": right / s.sum(),
    }


def differencing(true, shown, codes, rng, trials=10_000):
    """A2/A3. Two random filters that differ by one category, each answered by another summation order.

    Returns the number of answers that differ from the pseudo-population, and the share of true 1-4 differences read.
    """
    codes, wrong, hits, seen = np.asarray(codes), 0, 0, 0
    for _ in range(trials):
        row = codes[rng.integers(len(codes))]
        dims = rng.permutation(codes.shape[1])[: rng.integers(1, codes.shape[1] + 1)]
        rest = (codes[:, dims[1:]] == row[dims[1:]]).all(1)
        one = codes[:, dims[0]] == row[dims[0]]
        answer = shown[rest].sum() - shown[rest & ~one][::-1].sum()
        exact = true[rest & one].sum()
        wrong += answer != shown[rest & one].sum()
        if 1 <= exact <= 4:
            seen, hits = seen + 1, hits + (answer == exact)
    return {"wrong": int(wrong), "seen": seen, "plain": hits / max(seen, 1)}


def bounds(shown, base):
    """(low, high) true counts possible for each inner cell that is in the cube (true >= 1), method known."""
    return np.maximum(shown - base + 1, 1), shown + base - 1


def matrix(codes, margins):
    """Sparse (margin cells, n) 0/1 matrix of the tables."""
    codes, rows = np.asarray(codes), []
    for m in margins:
        ids, cells = cell_ids(codes[:, list(m)])
        rows.append(
            csr_matrix((np.ones(len(ids)), (ids, np.arange(len(ids)))), shape=(cells, len(ids)))
        )
    return vstack(rows).tocsr()


def intervals(true, shown, codes, base, rng, slack=None, depth=3, sample=30):
    """A4. LP bounds of sampled true 1-4 cells from all tables of <= depth dimensions.

    slack: largest |deviation| of a table cell, if the attacker knows it (default: the realised one, the worst case).
    """
    a = matrix(codes, all_margins(np.asarray(codes).shape[1], depth))
    z = a @ shown
    slack = np.abs(z - a @ true).max() if slack is None else slack
    low, high = bounds(shown, base)
    width = []
    for i in rng.choice(np.flatnonzero(small(true)), sample, replace=False):
        ends = []
        for sign in (1, -1):
            c = np.zeros(len(true))
            c[i] = sign
            r = linprog(
                c,
                vstack([a, -a]),
                np.r_[z + slack, slack - z],
                bounds=np.c_[low, high],
                method="highs",
            )
            ends.append(sign * r.fun)
        width.append(np.floor(ends[1] + 1e-6) - np.ceil(ends[0] - 1e-6))
    width = np.array(width)
    return {
        "certain": (width <= 0).mean(),
        "within 1": (width <= 1).mean(),
        "mean width": width.mean(),
    }


def reconstruct(true, shown, codes, base, rng, known=0.0, depth=3, damp=3.0):
    """A5/A7. Least squares: deviations of all tables are near 0, and the attacker knows a random share of the cells.

    The estimate is combined with P(true | shown), at the best of several trust levels (worst case for us).
    Returns the share of unknown true 1-4 cells recovered, and by the same attacker without the tables ("informed").
    """
    a = matrix(codes, all_margins(np.asarray(codes).shape[1], depth))
    have = rng.random(len(true)) < known
    error = shown - true
    mean = np.zeros(len(true))
    for v in np.unique(shown):
        mean[shown == v] = error[shown == v].mean()
    todo = ~have
    target = -(a[:, have] @ error[have] + a[:, todo] @ mean[todo])
    guess = np.zeros(len(true))
    guess[todo] = mean[todo] + lsqr(a[:, todo], target.astype(float), damp=damp, iter_lim=200)[0]
    ask = np.flatnonzero(todo & small(true))
    candidates = np.arange(1, 5)
    value, place = np.unique(shown[ask], return_inverse=True)
    prior = np.array([[((true == c) & (shown == v)).sum() for c in candidates] for v in value])
    weight = np.log(prior + 1e-9)[place]
    weight[np.abs(shown[ask][:, None] - candidates) >= base] = -np.inf
    miss = (guess[ask][:, None] - (shown[ask][:, None] - candidates)) ** 2
    rates = [
        (candidates[(weight - k * miss).argmax(1)] == true[ask]).mean()
        for k in (0, 0.1, 0.3, 1, 3, 10)
    ]
    return {"informed": rates[0], "recovered": max(rates), "cells": len(ask)}


def vintages(releases):
    """A6. releases: list of (true, shown) on the same cells, oldest first (0 where a cell does not exist).

    moved: unchanged cells that changed their shown value. visible, exact: of the changed cells, shown value changed,
    and changed by the true amount. backwards: shown value moved against the true one. averaged: recovered true 1-4
    (last release) when the shown values of the cells that never changed are averaged over all releases.
    """
    moved = changed = visible = exact = backwards = 0
    for (t0, s0), (t1, s1) in zip(releases, releases[1:]):  # noqa: RUF007
        dt, ds = t1 - t0, s1 - s0
        moved += ((dt == 0) & (ds != 0)).sum()
        changed += (dt != 0).sum()
        visible += ((dt != 0) & (ds != 0)).sum()
        exact += ((dt != 0) & (ds == dt)).sum()
        backwards += (dt * ds < 0).sum()
    true = np.array([t for t, _ in releases])
    same = (true == true[0]).all(0) & small(true[-1])
    mean = np.rint(np.mean([s for _, s in releases], 0))
    return {
        "moved": int(moved),
        "changed": int(changed),
        "visible": visible / max(changed, 1),
        "exact": exact / max(changed, 1),
        "backwards": int(backwards),
        "averaged": (mean[same] == true[-1][same]).sum() / max(same.sum(), 1),
    }


def insider(releases, base):
    """A6 by one who knows every true change (for instance entered the records): share of true 1-4 made certain."""
    first = releases[0][0]
    low, high = np.zeros(len(first)), np.full(len(first), np.inf)
    for true, shown in releases:  # interval of the first true count
        low = np.maximum(low, shown - base + 1 - (true - first))
        high = np.minimum(high, shown + base - 1 - (true - first))
    return {
        "certain": (low == high)[small(first)].mean(),
        "mean width": (high - low)[small(first)].mean(),
    }


def outside(true, shown, codes, base, exact, rounds=20):
    """A8. Exact totals of the tables `exact` (tuples of dimensions) are known from elsewhere: interval propagation."""
    codes, (low, high) = np.asarray(codes), bounds(shown, base)
    for _ in range(rounds):
        before = (high - low).sum()
        for dims in exact:
            ids, cells = cell_ids(codes[:, list(dims)])
            total, floor, top = (sums(ids, cells, v)[ids] for v in (true, low, high))
            low, high = (
                np.maximum(low, total - (top - high)),
                np.minimum(high, total - (floor - low)),
            )
        if (high - low).sum() == before:
            break
    s = small(true)
    return {"certain": (low == high)[s].mean(), "within 1": (high - low <= 1)[s].mean()}
