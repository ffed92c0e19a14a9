"""Rounding a family of tables of growing size; and cell keys, the method of ONS, on the same records.

Each in a process of its own, without a database. What is compared besides seconds: whether published parts add up to
the published whole, how many records readers find in no cell that is given, and how far cells and sums of parts are off.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from cell_key_perturbation.create_perturbed_table import create_perturbed_table
from cell_key_perturbation.utils.generate_test_ptable import generate_ptable_10_5_rule

from benchmarks import measure
from benchmarks.measure import Different, peak_mib, stopwatch
from reports.protection.cells import Cells, added_up
from reports.protection.family import Table, columns, round_family

SIZES = (10_000, 100_000, 1_000_000)  # exact cells of a year
AIMS = {10_000: 2, 100_000: 20, 1_000_000: 90}  # seconds on one core
MOST_RECORDS = 100_000  # that peers tabulate
BASE, SWEEPS, SEED = 5, 40, 20261123  # the base of the peer's own rule
NAMES = ("sex", "direction", "traveller", "quarter", "month", "purpose", "country", "region")
TREE = (
    Table("core", (0, 1, 2)),
    Table("quarter", (3,), "core"),
    Table("month", (4,), "quarter"),
    Table("purpose", (5,), "month", 10 * BASE),
    Table("citizenship", (6,), "quarter", 10 * BASE),
    Table("region", (7,), "quarter", 10 * BASE),
)


def run(
    rows: int, rounds: int, env: Mapping[str, str], say: Callable[[str], object]
) -> dict[str, Any]:
    """Round families of all sizes up to `rows`, and the records of the peer, `rounds` times. Raises Different where
    parts of ours do not add up."""
    sizes: dict[int, list[dict[str, Any]]] = {s: [] for s in SIZES if s <= rows} or {rows: []}
    records, ours, cell_keys = min(rows, MOST_RECORDS), [], []
    for number in range(1, rounds + 1):
        for size in sizes:
            sizes[size].append(measure.child("rounding", "round_cells", size, env=env))
        ours.append(measure.child("rounding", "round_records", records, env=env))
        cell_keys.append(measure.child("rounding", "perturb_records", records, env=env))
        say(f"  rounding, round {number}")
    if any(measured["do_not_add_up"] for measured in ours):
        raise Different("Parts of a family of rounded tables do not add up.")
    return {
        "sizes": {
            size: {**_summary(measured), "aim": AIMS.get(size)} for size, measured in sizes.items()
        },
        "records": records,
        "methods": {"ours": _summary(ours), "cell keys (ONS)": _summary(cell_keys)},
    }


def _summary(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {**measured[0], "seconds": measure.spread([each["seconds"] for each in measured])}


def text(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the result as people read them."""
    yield f"{'rounding a family of tables':36}{'seconds: median (min–max)':>28}{'peak':>10}{'aim':>8}"
    for size, about in result["sizes"].items():
        yield (
            f"  {size:>9} exact, {about['published']:>7} published{_seconds(about):>28}"
            f"{about['worker_mib']:>6.0f} MiB{about['aim'] or '':>6} s"
        )
    title = f"{result['records']} records in {len(TREE)} tables, base {BASE}"
    yield (
        f"{title:36}{'seconds: median (min–max)':>28}"
        f"{'not additive':>14}{'not given':>11}{'error':>8}{'of sums':>9}"
    )
    for name, about in result["methods"].items():
        yield (
            f"  {name:34}{_seconds(about):>28}{about['do_not_add_up']:>14.1%}"
            f"{about['not_given']:>11.1%}{about['error']:>8.2f}{about['error_of_sums']:>9.2f}"
        )


def _seconds(about: Mapping[str, Any]) -> str:
    spread = about["seconds"]
    return f"{spread['median']:.2f} ({spread['min']:.2f}–{spread['max']:.2f})"


def round_cells(size: str) -> dict[str, Any]:
    """Round a year of so many exact cells."""
    codes = _distinct(int(size))
    counts = 1 + np.random.default_rng(SEED).poisson(2.0, len(codes)).astype(np.int64)
    with stopwatch() as watch:
        family = round_family(codes, counts, TREE, BASE, b"b" * 32, sweeps=SWEEPS)
    published = sum(len(cells.counts) for cells in family.values())
    return {"seconds": watch.seconds, "published": published, **peak_mib()}


def round_records(records: str) -> dict[str, Any]:
    """Round the records that the peer tabulates, and measure what readers get."""
    codes = _codes(int(records))
    with stopwatch() as watch:
        family = round_family(
            codes, np.ones(len(codes), np.int64), TREE, BASE, b"b" * 32, sweeps=SWEEPS
        )
    tables = {name: (cells.codes, cells.counts, cells.rounded) for name, cells in family.items()}
    return {"seconds": watch.seconds, **_judged(tables), **peak_mib()}


def perturb_records(records: str) -> dict[str, Any]:
    """Make the same tables with cell keys, by the rule that the package brings: none below 10, others to base 5."""
    microdata = pd.DataFrame(_codes(int(records)), columns=list(NAMES))
    microdata["record_key"] = np.random.default_rng(SEED).integers(0, 256, len(microdata))
    rule, tables = generate_ptable_10_5_rule(), {}
    with stopwatch() as watch:
        for name, places in columns(TREE).items():
            own = [NAMES[place] for place in places]
            table = create_perturbed_table(
                microdata, rule, [], own, "record_key", use_existing_ons_id=False
            )
            table = table[table["pre_sdc_count"] > 0]
            tables[name] = (
                table[own].to_numpy(),
                table["pre_sdc_count"].to_numpy(np.int64),
                table["count"].fillna(0).to_numpy(np.int64),
            )
    return {"seconds": watch.seconds, **_judged(tables), **peak_mib()}


def _judged(tables: Mapping[str, tuple[Any, Any, Any]]) -> dict[str, float]:
    """Return the share of wholes whose parts give another sum, the share of records in cells that are not given, and
    how far cells that are given, and the sums of all parts of a whole, are off on average."""
    wholes, different, given, records = 0, 0, 0, 0
    errors: list[Any] = []
    sums: list[Any] = []
    for table in TREE:
        codes, counts, published = tables[table.name]
        own = len(table.adds)
        # What ours does not break down stands as a row of its own; cell keys leave such cells out.
        shown = (published > 0) & (codes[:, -own:] >= 0).all(axis=1)
        records += int(counts.sum())
        given += int(counts[shown].sum())
        errors.append(np.abs(published - counts)[shown])
        if table.parent is None:
            continue
        above = tables[table.parent]
        parts = added_up(Cells(codes, counts, published), list(range(codes.shape[1] - own)))
        whole = added_up(Cells(*above), list(range(above[0].shape[1])))
        wholes += len(whole.rounded)
        different += int((whole.rounded != parts.rounded).sum())
        sums.append(np.abs(parts.errors))
    return {
        "do_not_add_up": different / wholes,
        "not_given": 1 - given / records,
        "error": float(np.concatenate(errors).mean()),
        "error_of_sums": float(np.concatenate(sums).mean()),
    }


def _codes(n: int, regions: int = 60) -> Any:
    """Return (n, 8) codes of made-up crossings, in the order of NAMES."""
    rng = np.random.default_rng(SEED)

    def zipf(kinds: int, power: float) -> Any:
        weights = np.arange(1, kinds + 1.0) ** -power
        return rng.choice(kinds, n, p=weights / weights.sum())

    month = rng.integers(0, 12, n)
    return np.column_stack(
        [
            rng.choice(3, n, p=[0.4, 0.593, 0.007]),
            rng.integers(0, 2, n),
            rng.integers(0, 3, n),
            month // 3,
            month,
            zipf(12, 0.8),
            zipf(200, 1.1),
            zipf(regions, 0.6),
        ]
    ).astype(np.int64)


def _distinct(size: int) -> Any:
    """Return (size, 8) distinct codes, of so many places that the published tables have about as many cells."""
    codes = np.unique(_codes(2 * size, regions=max(size // 60, 1)), axis=0)
    return np.random.default_rng(SEED).permutation(codes)[:size]
