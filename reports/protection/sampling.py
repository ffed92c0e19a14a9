"""Chance that can be repeated: numbers from a seed, and sampling that keeps every probability."""

import hashlib
from typing import Any

import numpy as np

from reports.protection.margins import Integers

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


def uniforms(seed: bytes, label: str, n: int) -> Floats:
    """Return (n,) floats in [0, 1), a stream of its own for each label."""
    raw = hashlib.shake_256(len(seed).to_bytes(2, "big") + seed + label.encode()).digest(8 * n)
    mantissas = np.frombuffer(raw, "<u8") >> np.uint64(11)
    return mantissas.astype(np.float64) * 2.0**-53


def pivotal(chance: Floats, order: Integers, uniform: Floats) -> Flags:
    """Draw (n,) flags with P(True) = chance (n,), so that every run in this order has nearly its expected number.

    order (n,) places; uniform (n + 1,) in [0, 1). Two undecided cells duel until one is decided; the
    other goes on to the next.
    """
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
