"""Which tables a build keeps close to the truth: all of up to three dimensions, over months, quarters and years, and the named tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from reports.designs.datasets import Dataset
from reports.designs.tables import TableDesign
from reports.protection.margins import Integers, Margin, Tables, all_margins
from reports.published.structure import SEX, TIME

QUARTER, YEAR = "QUARTER", "YEAR"  # roll-ups of the time dimension; they make no cells of their own


@dataclass(frozen=True)
class ControlledTables:
    """The margins of one build.

    `names` are the columns: the dimensions of the dataset, then the roll-ups of time that its periods have.
    rollups (periods, k): the number of the quarter and of the year of each period.
    `named`: for each named table the margins readers see of it: with sex and without, over the whole
    time, by period, by quarter, by year.
    """

    names: tuple[str, ...]
    rollups: Integers
    tables: Tables
    named: Mapping[str, list[Margin]]

    def codes(self, codes: Integers) -> Integers:
        """Return (n, d) code numbers of cells with the columns of the roll-ups: (n, len(names))."""
        return np.hstack([codes, self.rollups[codes[:, self.names.index(TIME)]]])


def controlled_tables(
    dataset: Dataset, periods: Sequence[str], tables: Iterable[TableDesign]
) -> ControlledTables:
    """Work out the margins of a dataset with these periods, oldest first, and the tables named of it.

    A roll-up that these periods do not need is left out: one year alone is the whole time, and quarters
    with one period each are the periods. So no table is listed twice.
    """
    times = _rollups(periods)
    names = (*dataset.names, *times)
    finer = {s.name: {s.implied_by} for s in dataset.dimensions if s.implied_by}
    finer |= {rollup: {TIME, *list(times)[:k]} for k, rollup in enumerate(times)}
    implied = {
        names.index(name): {names.index(f) for f in by if f in names} for name, by in finer.items()
    }
    every = [
        margin
        for margin in all_margins(len(names))
        if not any(implied.get(place, set()) & set(margin) for place in margin)
    ]
    named = {
        table.code: [
            tuple(sorted(names.index(name) for name in crossing))
            for crossing in _crossings(table, dataset, tuple(times))
        ]
        for table in tables
        if table.dataset == dataset.code
    }
    width = len(dataset.names)
    return ControlledTables(
        names,
        np.array(list(times.values()), np.int64).reshape(len(times), len(periods)).T,
        Tables(
            plain=[margin for margin in every if max(margin, default=0) < width],
            rolled=[margin for margin in every if max(margin, default=0) >= width],
            named=list(chain.from_iterable(named.values())),
        ),
        named,
    )


def _rollups(periods: Sequence[str]) -> dict[str, list[int]]:
    """Return the quarters and the years of the periods as numbers, where they are tables of their own."""
    months = all(len(period) == 7 and period[5:].isdigit() for period in periods)
    longer = {YEAR: [period[:4] for period in periods]}
    if months:
        quarters = [f"{period[:4]}-Q{(int(period[5:]) + 2) // 3}" for period in periods]
        longer = {QUARTER: quarters, **longer}
    rollups = {}
    widths = {len(periods), 1}
    for name, codes in longer.items():
        place = {code: k for k, code in enumerate(sorted(set(codes)))}
        if len(place) not in widths:
            widths.add(len(place))
            rollups[name] = [place[code] for code in codes]
    return rollups


def _crossings(table: TableDesign, dataset: Dataset, rollups: Sequence[str]) -> list[list[str]]:
    """Return the dimensions that readers of a table see crossed, those it is limited to among them."""
    crossed = dict.fromkeys([*table.by, *table.where])
    implied = {s.name for s in dataset.dimensions if s.implied_by in crossed}
    others = [name for name in crossed if name not in {SEX, TIME, *implied}]
    whole_time: list[list[str]] = [] if TIME in table.by else [others]
    by_time = [[*others, time] for time in (TIME, *rollups)]
    return [[*sex, *names] for names in (*whole_time, *by_time) for sex in ([], [SEX])]
