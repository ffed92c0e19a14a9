"""Whether a protected cube may be published: the refusals of docs/disclosure.md, section 6."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports import disclosure

Integers = np.ndarray[Any, np.dtype[np.int64]]
SMALLEST_REVISION = 50


@dataclass(frozen=True)
class Gate:
    """One condition: what it measured, what it allows. Private: never publish the measurements."""

    name: str
    measured: float
    allowed: float

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


def judge(
    counts: Integers,
    codes: Integers,
    rounded: Integers,
    *,
    base: int,
    strata: tuple[int, ...],
    previous: tuple[Integers, Integers, Integers] | None,
) -> list[Gate]:
    """Measure every gate. Shapes as in `disclosure.protect`; `previous` is the release before, if any."""
    cells, revision = len(counts), previous is not None
    error = rounded - counts
    margins = disclosure.deviations(counts, codes, rounded)
    one = np.abs(np.concatenate([v for m, v in margins.items() if len(m) == 1] or [np.zeros(1)]))
    inner = np.abs(np.concatenate([v for m, v in margins.items() if m]))
    total = float(np.abs(margins[()][0]))
    stratum = tuple(sorted(strata))
    times = (6 if revision else 4) if cells <= 20_000 else 6 if cells <= 200_000 else 10
    gates = [
        Gate("multiples of the base", float((rounded % base != 0).sum()), 0),
        Gate("nearer than the base", float(np.abs(error).max(initial=0)), base - 1),
        Gate("zeros stay zero", float(((counts == 0) & (rounded != 0)).sum()), 0),
        Gate(
            "sex by time",
            float(np.abs(margins[stratum]).max(initial=0)),
            3 * base if revision else 2 * base - 1,
        ),
        Gate(
            "single margins, 95 of 100",
            float(np.quantile(one, 0.95)),
            (2 if cells <= 200_000 else 3) * base,
        ),
        Gate("margins of up to three, largest", float(inner.max(initial=0)), times * base),
        Gate("total", total, max(3 * base, 0.001 * counts.sum())),
    ]
    if previous is not None:
        moved, backwards, changed = _compare(counts, codes, rounded, previous)
        gates += [
            Gate("unchanged cells moved", moved, 0),
            Gate("moved against the truth", backwards, 0),
            # No change at all gives nothing away: the figures are those that are out already.
            Gate(
                "records changed, at least 50",
                -changed if changed else -SMALLEST_REVISION,
                -SMALLEST_REVISION,
            ),
        ]
    return gates


def _compare(
    counts: Integers,
    codes: Integers,
    rounded: Integers,
    previous: tuple[Integers, Integers, Integers],
) -> tuple[int, int, int]:
    """Return unchanged cells with another value, values that moved against the true count, and the
    number of records that came or went."""
    dimensions = [f"d{k}" for k in range(codes.shape[1])]
    now = pd.DataFrame(codes, columns=dimensions).assign(count=counts, value=rounded)
    old_codes, old_counts, old_rounded = previous
    before = pd.DataFrame(old_codes, columns=dimensions).assign(was=old_counts, shown=old_rounded)
    both = now.merge(before, on=dimensions, how="outer").fillna(0)
    change, move = both["count"] - both["was"], both["value"] - both["shown"]
    return (
        int(((change == 0) & (move != 0)).sum()),
        int((change * move < 0).sum()),
        int(change.abs().sum()),
    )
