"""Cells of a table as numbers: ids of distinct rows, their first places, sums over them."""

import hashlib
from typing import Any, NamedTuple

import numpy as np

Integers = np.ndarray[Any, np.dtype[np.int64]]


class Cells(NamedTuple):
    """One table: codes (m, k) int64 in lexicographic order, true counts (m,), rounded (m,) int64.

    Codes and rounded may be published. The counts are as secret as the records.
    """

    codes: Integers
    counts: Integers
    rounded: Integers

    @property
    def errors(self) -> Integers:
        """Return (m,) published minus true. Never publish them."""
        return self.rounded - self.counts


def cell_ids(codes: Integers) -> tuple[Integers, int]:
    """Number the cells of a table.

    codes (n, k) integers >= 0. Returns (n,) dense ids of the distinct rows, in the order of the rows'
    codes, and how many there are. Raises ValueError if the codes are too large to be put in one number.
    """
    key, size = np.zeros(len(codes), np.int64), 1
    for column in codes.T:
        width = int(column.max(initial=0)) + 1
        if size * width > 1 << 62:
            raise ValueError("codes too large: renumber the categories")
        key, size = key * width + column, size * width
        if size > 4 * len(codes) + 1024:
            distinct, key = np.unique(key, return_inverse=True)
            size = len(distinct)
    rank = np.cumsum(np.bincount(key, minlength=size) > 0)
    return rank[key] - 1, int(rank[-1])


def sums(ids: Integers, cells: int, values: Integers) -> Integers:
    """Return (cells,) sums of (n,) values by the ids of `cell_ids`; exact below 2**53."""
    return np.bincount(ids, weights=values, minlength=cells).astype(np.int64)


def first_places(ids: Integers, cells: int) -> Integers:
    """Return (cells,) the first place of each of the ids 0 to cells - 1."""
    first = np.full(cells, len(ids))
    np.minimum.at(first, ids, np.arange(len(ids)))
    return first


def digest(codes: Integers, counts: Integers) -> bytes:
    """Return a fingerprint of counted cells: the same for rows in another order, split, or
    put together, and without those of no record.

    codes (n, k) integers >= -1, counts (n,). As secret as the counts: few cells could be guessed from it.
    """
    codes, counts = codes[counts > 0], counts[counts > 0]
    ids, number = cell_ids(codes + 1)
    parts = codes[first_places(ids, number)], sums(ids, number, counts)
    hashed = hashlib.sha256(str(codes.shape[1]).encode())
    for part in parts:
        hashed.update(np.ascontiguousarray(part, "<i8").tobytes())
    return hashed.digest()


def find(codes: Integers, wanted: Integers) -> Integers:
    """Return (len(wanted),) places of the wanted rows in `codes` (rows are distinct), -1 where there is none.

    Codes may be -1.
    """
    ids, cells = cell_ids(np.vstack([codes, wanted]) + 1)
    place = np.full(cells, -1)
    place[ids[: len(codes)]] = np.arange(len(codes))
    return place[ids[len(codes) :]]


def added_up(cells: Cells, columns: list[int]) -> Cells:
    """Return the table by some columns (their places) of a table."""
    part = cells.codes[:, columns]
    ids, number = cell_ids(part + 1)
    return Cells(
        part[first_places(ids, number)],
        sums(ids, number, cells.counts),
        sums(ids, number, cells.rounded),
    )
