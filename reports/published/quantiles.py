"""Quantiles of amounts from published counts of their bands: they tell nothing that the counts do not."""

import numpy as np
from numpy.typing import ArrayLike

LEAST_BASES = 10  # a figure below so many bases carries no quantile


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
