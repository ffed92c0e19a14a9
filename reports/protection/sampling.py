"""Chance that can be repeated: numbers from a seed, and sampling that keeps every probability."""

import hashlib
from itertools import pairwise
from typing import Any

import numpy as np

from reports.protection.cells import Integers

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
NEARLY = 1e-9


def uniforms(seed: bytes, label: str, n: int) -> Floats:
    """Return (n,) floats in [0, 1), a stream of its own for each label."""
    raw = hashlib.shake_256(len(seed).to_bytes(2, "big") + seed + label.encode()).digest(8 * n)
    mantissas = np.frombuffer(raw, "<u8") >> np.uint64(11)
    return mantissas.astype(np.float64) * 2.0**-53


def pivotal(chance: Floats, stratum: Integers, need: Integers | None, uniform: Floats) -> Flags:
    """Draw (n,) flags with P(True) = chance, in each stratum exactly `need[stratum]` of them True.

    Ordered pivotal sampling (Deville & Tillé 1998; Chauvet 2012): two undecided cells duel until one is
    decided; the other goes on to the next. The last one of a stratum is decided by the need; where there
    is none (the core) by chance. chance (n,) in (0, 1); stratum (n,) ids, contiguous; uniform (n + 1,) in
    [0, 1). Where periods that stay leave another need than floor or ceil of the sum of the chances, cells
    are flipped. Raises ValueError where even that does not meet the need.
    """
    up = np.zeros(len(chance), bool)
    starts = np.flatnonzero(np.diff(stratum, prepend=-1)).tolist()
    chances, dice = chance.tolist(), uniform.tolist()
    for low, high in pairwise([*starts, len(chance)]):
        ups, holder, p = _duels(chances, dice, low, high)
        lacking = int(dice[-1] < p) if need is None else int(need[stratum[low]]) - len(ups)
        if holder >= 0 and lacking > 0:
            ups.append(holder)
            lacking -= 1
        up[ups] = True
        if need is not None and lacking:
            _flip(up[low:high], lacking)
    return up


def _duels(
    chances: list[float], dice: list[float], low: int, high: int
) -> tuple[list[int], int, float]:
    """Return the places that won, the one that is still undecided (-1: none), and its chance."""
    ups, holder, p = [], -1, 0.0
    for k in range(low, high):
        q, u = chances[k], dice[k]
        s = p + q
        if holder < 0:
            holder, p = k, q
        elif s < 1 - NEARLY:  # one of the two goes down
            holder, p = (holder if u * s < p else k), s
        elif s > 1 + NEARLY:  # one of the two goes up
            first = u * (2 - s) < 1 - q
            ups.append(holder if first else k)
            holder, p = (k if first else holder), s - 1
        else:
            ups.append(holder if u < p else k)
            holder = -1
    return ups, holder, p


def _flip(up: Flags, lacking: int) -> None:
    """Turn so many flags of a stratum to True (below zero: to False)."""
    places = np.flatnonzero(up == (lacking < 0))[: abs(lacking)]
    if len(places) < abs(lacking):
        raise ValueError("the kept cells do not fit their parent")
    up[places] = lacking > 0
