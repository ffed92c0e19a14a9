"""Attackers on a family of rounded tables, for tests and reports. True counts: private.

All shares are 0-1. "Certain" means that only one value is possible, not that a guess is good.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from reports.protection import risk
from reports.protection.cells import cell_ids, sums
from reports.protection.family import columns
from reports.protection.risk import bounds


def knows_all_but_one(cells, base):
    """Share of records whose cell becomes certain to one who knows every other record: a multiple of base moved."""
    hit = (cells.counts % base == 1) & (cells.rounded > cells.counts)
    return cells.counts[hit].sum() / cells.counts.sum()


def by_lp(family, tables, base, name, cell, support=False):
    """(low, high) of one cell by linear programming over all tables: the oracle for `risk.bounds`."""
    dims, start, n = columns(tables), {}, 0
    for t in tables:
        start[t.name], n = n, n + len(family[t.name].counts)
    rows, cols, values, r = [], [], [], 0
    for t in tables[1:]:
        place = risk.parent_places(family, tables, t.name)
        own, above = np.arange(len(place)), len(family[t.parent].counts)
        rows += [*(r + place), *(r + np.arange(above))]
        cols += [*(start[t.name] + own), *(start[t.parent] + np.arange(above))]
        values += [1] * len(place) + [-1] * above
        r += above
    z = np.concatenate([family[t.name].rounded for t in tables])
    limits = np.stack([np.maximum(z - base + 1, int(support)), z + base - 1], 1)
    ends = []
    for sign in (1, -1):
        goal = np.zeros(n)
        goal[start[name] + cell] = sign
        equal = coo_matrix((values, (rows, cols)), shape=(r, n)).tocsr()
        found = linprog(goal, A_eq=equal, b_eq=np.zeros(r), bounds=limits, method="highs")
        ends.append(sign * found.fun)
    assert len(dims) == len(tables)
    return int(np.ceil(ends[0] - 1e-6)), int(np.floor(ends[1] + 1e-6))


def certain(family, tables, base, rng, support=False, share=0.0):
    """{table: (share of the unknown true 1-4 that are certain, mean number of possible values less 1)}.

    share: part of the cells of the tables without children that the attacker knows exactly.
    """
    leaves = {t.name for t in tables} - {t.parent for t in tables}
    known = {n: (rng.random(len(family[n].counts)) < share) for n in leaves}
    out = {}
    for n, (low, high) in bounds(family, tables, base, known_empty=support, known=known).items():
        unknown = ~known.get(n, np.zeros(len(low), bool))
        ask = (family[n].counts >= 1) & (family[n].counts <= 4) & unknown
        if ask.any():
            out[n] = (float((high == low)[ask].mean()), float((high - low)[ask].mean()))
    return out


def joined(family, tables):
    """{table: (right by the table, right by its commonest value)} for its added columns.

    The attacker knows all other columns of every record and answers with the commonest value that the published
    tables show. Other branches cannot help: given the shared columns the maximum-entropy joint of the family is the
    product of its tables (a decomposable model), in which columns of two branches are independent.
    """
    dims, out = columns(tables), {}
    for t in tables[1:]:
        c, k = family[t.name], len(dims[t.parent])
        row, _rows = cell_ids(c.codes[:, :k] + 1)
        overall, _values = cell_ids(c.codes[:, k:] + 1)
        prior = np.bincount(overall, weights=c.rounded)
        order = np.lexsort((prior[overall], c.rounded, row))
        best = order[np.flatnonzero(np.diff(row[order], append=-1))]
        n = c.counts.sum()
        commonest = c.counts[overall == prior.argmax()].sum()
        out[t.name] = (float(c.counts[best].sum() / n), float(commonest / n))
    return out


def versions(first, second, base):
    """What two published versions of one year tell, over all tables.

    changed, moved: cells with another true count, another published value. true_if_moved: share of moved cells that
    really changed. seen_if_changed: share of changed cells that moved. singles: of the unchanged true 1, the share
    shown in one version or the other (one draw: 1 / base). pinned: unchanged true 1-4 left with one possible value.
    """
    changed = moved = both = one = shown = small = pinned = 0
    for name in first:
        a, b = first[name], second[name]
        ids, m = cell_ids(np.vstack([a.codes, b.codes]) + 1)
        i, j = ids[: len(a.codes)], ids[len(a.codes) :]
        x, y = sums(i, m, a.counts), sums(j, m, b.counts)
        z, w = sums(i, m, a.rounded), sums(j, m, b.rounded)
        changed, moved = changed + (x != y).sum(), moved + (z != w).sum()
        both += ((x != y) & (z != w)).sum()
        same = x == y
        one, shown = one + (same & (x == 1)).sum(), shown + (same & (x == 1) & (z + w > 0)).sum()
        ask = same & (x >= 1) & (x <= 4)
        width = np.minimum(z, w) + base - 1 - np.maximum(np.maximum(z, w) - base + 1, 0)
        small, pinned = small + ask.sum(), pinned + (ask & (width == 0)).sum()
    return {
        "changed": int(changed),
        "moved": int(moved),
        "true_if_moved": float(both / max(moved, 1)),
        "seen_if_changed": float(both / max(changed, 1)),
        "singles": float(shown / max(one, 1)),
        "pinned": float(pinned / max(small, 1)),
    }
