"""Amounts (wages, transfers) beside a rounded family: medians from published bands, and when a sum may be published.

All medians come from published counts, so they tell nothing that the counts do not. Sums of money are exact facts
about few payers: published once per corridor and year, never in finer or overlapping tables, and only if
`may_publish_sum`.
"""

import numpy as np
from numpy.typing import ArrayLike

LEAST_BASES = 10  # a figure below so many bases carries no median, no sum, and is not broken down
PERCENT = 10.0
FEWEST_PAYERS = 3


def quantile(
    rounded: ArrayLike, edges: ArrayLike, share: float = 0.5, least: int = 30
) -> float | None:
    """Return a quantile of an amount from published counts per band, linear inside the band; None if it cannot be said.

    rounded (k,) published counts of the bands [edges[i], edges[i + 1]); edges (k + 1,) increasing, in the unit of
    the amount (wage per month); an open band has an infinite edge. least: the smallest published total it is
    worked out from. Raises ValueError for edges that do not fit.
    """
    counts, limits = np.asarray(rounded, float), np.asarray(edges, float)
    if len(limits) != len(counts) + 1 or (np.diff(limits) <= 0).any() or not 0 < share < 1:
        raise ValueError(
            "edges must be increasing, one more than bands, and the share between 0 and 1"
        )
    if counts.sum() < least:
        return None
    upto = np.concatenate([[0.0], np.cumsum(counts)])
    i = int(np.searchsorted(upto, share * upto[-1], "left")) - 1
    if not np.isfinite(limits[i : i + 2]).all():
        return None
    inside = (share * upto[-1] - upto[i]) / counts[i]
    return float(limits[i] + (limits[i + 1] - limits[i]) * inside)


def may_publish_sum(amounts: ArrayLike, payers: ArrayLike, percent: float = PERCENT) -> bool:
    """Say whether a sum is safe by the p-percent rule: nobody, by subtracting what he paid himself, knows the largest
    payer's amount to within `percent` of it. Never with fewer than three payers.

    amounts (n,) >= 0 in one currency; payers (n,) the bank, employer or person behind each. Source: Hundepool et
    al., Handbook on Statistical Disclosure Control, section 4.2.
    """
    places = np.unique(np.asarray(payers), return_inverse=True)[1]
    totals = np.sort(np.bincount(places, weights=np.asarray(amounts, float)))[::-1]
    if len(totals) < FEWEST_PAYERS:
        return False
    return bool(totals[2:].sum() >= percent / 100 * totals[0])
