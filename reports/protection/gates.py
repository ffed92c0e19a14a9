"""Whether a protected cube may be published: the refusals of docs/disclosure.md, section 6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.protection import rounding
from standards.languages import marked

Integers = np.ndarray[Any, np.dtype[np.int64]]
SMALLEST_REVISION = 50


@dataclass(frozen=True)
class Gate:
    """One condition: what it measured, what it allows. Private: never publish the measurements."""

    name: str
    measured: float
    allowed: float
    drawn: bool = False  # another draw or a longer search may change it

    @property
    def passed(self) -> bool:
        return bool(self.measured <= self.allowed)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "measured": float(self.measured),
            "allowed": float(self.allowed),
            "passed": self.passed,
        }


@dataclass(frozen=True)
class Ledger:
    """The cells of an earlier release, true and rounded; `seen` if readers ever had it.

    codes (m, d), counts (m,), rounded (m,): as in `disclosure.protect`. As secret as the true counts.
    """

    codes: Integers
    counts: Integers
    rounded: Integers
    seen: bool = True

    @property
    def arrays(self) -> tuple[Integers, Integers, Integers]:
        return self.codes, self.counts, self.rounded

    @classmethod
    def joined(cls, ledgers: Sequence["Ledger"]) -> "Ledger":
        """Return all of them as one: what `disclosure.protect` has to know of the past."""
        codes, counts, rounded = zip(*(ledger.arrays for ledger in ledgers), strict=True)
        return cls(np.concatenate(codes), np.concatenate(counts), np.concatenate(rounded))


def judge(
    counts: Integers,
    codes: Integers,
    rounded: Integers,
    *,
    base: int,
    strata: tuple[int, ...],
    previous: Sequence[Ledger] = (),
    margins: Sequence[tuple[int, ...]] | None = None,
) -> list[Gate]:
    """Measure every gate. Shapes and margins as in `disclosure.protect`; `previous` is every earlier release."""
    error = rounded - counts
    gates = [
        Gate(marked("multiples of the base"), float((rounded % base != 0).sum()), 0),
        Gate(marked("nearer than the base"), float(np.abs(error).max(initial=0)), base - 1),
        Gate(marked("zeros stay zero"), float(((counts == 0) & (rounded != 0)).sum()), 0),
    ]
    found = rounding.deviations(counts, codes, rounded, margins=margins)
    gates += _margins(found, counts, base, tuple(sorted(strata)), revision=bool(previous))
    if previous:
        changes = [_compare(counts, codes, rounded, ledger) for ledger in previous]
        gates += [
            Gate(marked("unchanged cells moved"), max(moved for moved, _back, _n in changes), 0),
            Gate(marked("moved against the truth"), max(back for _moved, back, _n in changes), 0),
        ]
        # A reader may compare with any release that was ever out. No change at all gives nothing away.
        seen = zip(changes, previous, strict=True)
        batches = [n for (_moved, _back, n), ledger in seen if ledger.seen and n]
        least = min(batches, default=SMALLEST_REVISION)
        gates.append(Gate(marked("records changed, at least 50"), -least, -SMALLEST_REVISION))
    return gates


def _margins(
    found: Mapping[tuple[int, ...], Integers],
    counts: Integers,
    base: int,
    strata: tuple[int, ...],
    *,
    revision: bool,
) -> list[Gate]:
    """The gates of what people read: how far tables of up to three dimensions are from the truth."""
    cells = len(counts)
    one = np.abs(np.concatenate([v for m, v in found.items() if len(m) == 1]))
    inner = np.abs(np.concatenate([v for m, v in found.items() if m]))
    total = float(np.abs(found[()][0])) if cells else 0.0
    times = (6 if revision else 4) if cells <= 20_000 else 6 if cells <= 200_000 else 10
    return [
        Gate(
            marked("sex by time"),
            float(np.abs(found[strata]).max(initial=0)),
            3 * base if revision else 2 * base - 1,
            drawn=True,
        ),
        Gate(
            marked("single margins, 95 of 100"),
            float(np.quantile(one, 0.95)) if len(one) else 0.0,
            (2 if cells <= 200_000 else 3) * base,
            drawn=True,
        ),
        Gate(
            marked("margins of up to three, largest"),
            float(inner.max(initial=0)),
            times * base,
            drawn=True,
        ),
        Gate(marked("total"), total, max(3 * base, 0.001 * counts.sum()), drawn=True),
    ]


def _compare(
    counts: Integers, codes: Integers, rounded: Integers, ledger: Ledger
) -> tuple[int, int, int]:
    """Return unchanged cells with another value, values that moved against the true count, and the
    number of records that came or went."""
    dimensions = [f"d{k}" for k in range(codes.shape[1])]
    now = pd.DataFrame(codes, columns=dimensions).assign(count=counts, value=rounded)
    before = pd.DataFrame(ledger.codes, columns=dimensions)
    before = before.assign(was=ledger.counts, shown=ledger.rounded)
    both = now.merge(before, on=dimensions, how="outer").fillna(0)
    change, move = both["count"] - both["was"], both["value"] - both["shown"]
    return (
        int(((change == 0) & (move != 0)).sum()),
        int((change * move < 0).sum()),
        int(change.abs().sum()),
    )
