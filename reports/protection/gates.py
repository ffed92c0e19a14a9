"""Whether a protected cube may be published: the refusals of docs/disclosure.md, section 6."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reports.protection.cells import Integers
from reports.protection.margins import Tables, deviations, largest, quantile
from reports.protection.revisions import Ledger, cells_moved, records_changed
from reports.protection.search import Margin, all_margins
from standards.languages import marked

SMALLEST_REVISION = 50
LARGE = 100_000  # cells from which named tables are allowed one base more


@dataclass(frozen=True)
class Gate:
    """One condition: what it measured, what it allows. Private: never publish the measurements.

    A gate that asks for a least number stores both below zero, so that every gate is "at most".
    `periods` are the code numbers of the periods that fail it, where it looks at each period.
    """

    name: str
    measured: float
    allowed: float
    drawn: bool = False  # another draw or a longer search may change it
    periods: tuple[int, ...] = ()

    @property
    def passed(self) -> bool:
        return bool(self.measured <= self.allowed)

    def as_dict(self) -> dict[str, Any]:
        content = {k: v for k, v in asdict(self).items() if k in ("name", "measured", "allowed")}
        return {**content, "passed": self.passed}


def judge_changes(
    counts: Integers, codes: Integers, *, time: int, previous: Sequence[Ledger]
) -> list[Gate]:
    """Judge whether enough records changed at once, so that no reader can tell single corrections.

    counts (n,), codes (n, d) of the exact cells; `time` is the column of the period; `previous` is
    every earlier release. A reader may compare with each of those that were ever out; the others do not
    count. Since each of them, no record changed or at least 50; the same in every period that it
    published: a new period must not hide one correction in an old one. No rounding changes this.
    """
    fewest, waiting, least = SMALLEST_REVISION, set(), SMALLEST_REVISION
    for ledger in (ledger for ledger in previous if ledger.seen):
        changed = records_changed(counts, codes, ledger, time)
        fewest = min(fewest, changed.total or SMALLEST_REVISION)
        published = {k: n for k, n in changed.by_period.items() if k in ledger.periods}
        waiting |= {k for k, n in published.items() if n < SMALLEST_REVISION}
        least = min(least, *published.values(), SMALLEST_REVISION)
    if not previous:
        return []
    return [
        Gate(marked("records changed, at least 50"), -float(fewest), -SMALLEST_REVISION),
        Gate(
            marked("records changed in a published period, at least 50"),
            -float(least),
            -SMALLEST_REVISION,
            periods=tuple(sorted(waiting)),
        ),
    ]


def judge(
    counts: Integers,
    codes: Integers,
    rounded: Integers,
    *,
    base: int,
    strata: Margin,
    previous: Sequence[Ledger] = (),
    tables: Tables | None = None,
) -> list[Gate]:
    """Measure the gates of one rounding. Shapes as in `rounding.protect`; `previous` is every earlier
    release; `tables` by default all of at most three dimensions. `judge_changes` has the gates that no
    rounding changes."""
    error = rounded - counts
    tables = tables or Tables(all_margins(codes.shape[1]))
    measured = deviations(counts, codes, rounded, margins=tables.every)
    gates = [
        Gate(marked("multiples of the base"), float((rounded % base != 0).sum()), 0),
        Gate(marked("nearer than the base"), float(np.abs(error).max(initial=0)), base - 1),
        Gate(marked("zeros stay zero"), float(((counts == 0) & (rounded != 0)).sum()), 0),
        *_margin_gates(measured, tables, counts, base, strata, revision=bool(previous)),
    ]
    if previous:
        moves = [cells_moved(counts, codes, rounded, ledger) for ledger in previous]
        moved, backwards = (max(numbers) for numbers in zip(*moves, strict=True))
        gates += [
            Gate(marked("unchanged cells moved"), moved, 0),
            Gate(marked("moved against the truth"), backwards, 0),
        ]
    return gates


def _margin_gates(
    measured: Mapping[Margin, Integers],
    tables: Tables,
    counts: Integers,
    base: int,
    strata: Margin,
    *,
    revision: bool,
) -> Iterator[Gate]:
    """The gates of what people read: how far the tables are from the truth. Another draw may pass them."""
    cells, sex_by_time = len(counts), tuple(sorted(strata))
    common = (2 if cells <= 200_000 else 3) * base
    # Few figures in each named table: in a large cube one draw of sixteen was near enough (ADR 8).
    of_named = (2 if cells <= LARGE and not revision else 3) * base
    times = (6 if revision else 4) if cells <= 20_000 else 6 if cells <= 200_000 else 10
    single = [margin for margin in tables.plain if len(margin) == 1]
    longer = [margin for margin in tables.rolled if len(margin) == 1]
    # Quarters and years are few and near the truth; they must not hide single margins that are far from it.
    singles = max(quantile(measured, single), quantile(measured, [*single, *longer]))
    total = float(np.abs(measured[()][0])) if cells else 0.0
    for name, error, allowed in (
        (
            marked("sex by time"),
            largest(measured, [sex_by_time]),
            3 * base if revision else 2 * base - 1,
        ),
        (marked("single margins, 95 of 100"), singles, common),
        (
            marked("named tables, 95 of 100"),
            quantile(measured, tables.named),
            of_named,
        ),
        (
            marked("margins of up to three, largest"),
            largest(measured, [m for m in (*tables.plain, *tables.rolled) if m]),
            times * base,
        ),
        (marked("named tables, largest"), largest(measured, tables.named), times * base),
        (marked("total"), total, max(3 * base, 0.001 * counts.sum())),
    ):
        yield Gate(name, error, allowed, drawn=True)
