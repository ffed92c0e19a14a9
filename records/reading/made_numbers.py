"""Record numbers for files that have none: made from what a row says, so that the same row has the same number again."""

import hmac
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MARK = "~"  # what such a number begins with
DIGITS = 20  # hexadecimal; two of a million rows are alike once in a million million files
BETWEEN = "\x1f"


class MadeNumbers:
    """Makes the numbers of the rows of one file, block by block.

    A number is a keyed hash of all that is used of the row: a hash without a key would tell a birth date to
    whoever tries all days. Rows that say the same are told apart by their order: the second ends in -2.
    """

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.seen: dict[str, int] = {}  # number -> rows so far that have it

    def of(self, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
        """Return the (n,) numbers of rows: `columns` are their texts, by `names`, in any order."""
        if not len(columns[0]):
            return pa.array([], pa.string())
        order = sorted(range(len(columns)), key=lambda k: names[k])
        texts = [pc.utf8_trim_whitespace(pc.fill_null(columns[k], "")) for k in order]
        rows = pc.binary_join_element_wise(*texts, BETWEEN).dictionary_encode()
        numbers = [self._number(text) for text in rows.dictionary.to_pylist()]
        places = rows.indices.to_numpy()
        before = np.array([self.seen.get(number, 0) for number in numbers], dtype=np.int64)
        nth = _earlier_alike(places) + before[places] + 1
        self._count(numbers, places)
        ends = pa.array(np.char.add("-", nth.astype(str)))
        ends = pc.if_else(pa.array(nth == 1), "", ends)
        own = pa.array(numbers, pa.string()).take(rows.indices)
        return pc.binary_join_element_wise(own, ends, "")

    def _number(self, text: str) -> str:
        return MARK + hmac.digest(self.key, text.encode(), "sha256").hex()[:DIGITS]

    def _count(self, numbers: Sequence[str], places: np.ndarray) -> None:
        counts = np.bincount(places, minlength=len(numbers))
        for number, count in zip(numbers, counts.tolist(), strict=True):
            self.seen[number] = self.seen.get(number, 0) + count


def _earlier_alike(places: np.ndarray) -> np.ndarray:
    """Return (n,) how many of the places before each one are the same."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    earlier = np.empty(len(places), dtype=np.int64)
    earlier[order] = np.arange(len(places)) - np.searchsorted(ordered, ordered)
    return earlier
