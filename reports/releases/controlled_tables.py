"""Which tables a build keeps close to the truth: all of up to three dimensions, over months, quarters and years, and the named tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from reports.designs.datasets import Dataset
from reports.designs.tables import TableDesign
from reports.protection.cells import Integers
from reports.protection.margins import Tables
from reports.protection.search import Margin
from reports.published.structure import SEX, TIME


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
    rollups = _rollups(dataset, periods)
    names = (*dataset.names, *rollups)
    plain, time = dataset.margins(), names.index(TIME)
    named = {
        table.code: list(
            dict.fromkeys(
                tuple(sorted(names.index(name) for name in crossing))
                for crossing in _crossings(table, dataset, tuple(rollups))
            )
        )
        for table in tables
        if table.dataset == dataset.code
    }
    return ControlledTables(
        names,
        np.array(list(rollups.values()), np.int64).reshape(len(rollups), len(periods)).T,
        Tables(
            plain,
            rolled=[
                tuple(sorted({*margin, names.index(rollup)} - {time}))
                for rollup in rollups
                for margin in plain
                if time in margin
            ],
            named=list(chain.from_iterable(named.values())),
        ),
        named,
    )


def _rollups(dataset: Dataset, periods: Sequence[str]) -> dict[str, list[int]]:
    """Return the number of the quarter and of the year of each period, where they are tables of their own."""
    structure = dataset.structure(list(periods))
    rollups, sizes = {}, {1, len(periods)}
    for name in (longer.name for longer in structure.roll_ups):
        codes = [structure.part_of(name, period) for period in periods]
        place = {code: k for k, code in enumerate(sorted(set(codes)))}
        if len(place) not in sizes:
            sizes.add(len(place))
            rollups[name] = [place[code] for code in codes]
    return rollups


def _crossings(table: TableDesign, dataset: Dataset, rollups: Sequence[str]) -> Iterator[list[str]]:
    """Yield the dimensions that readers of a table see crossed, those it is limited to among them.

    Limited to the dataset's headline, as it is shown first, and not.
    """
    limits = dataset.headline.where if dataset.headline else {}
    for crossed in ([*table.by, *table.where], [*table.by, *table.where, *limits]):
        implied = {d.name for d in dataset.dimensions if d.implied_by in crossed}
        others = [n for n in dict.fromkeys(crossed) if n not in {SEX, TIME, *implied}]
        by_time = [[*others, time] for time in (TIME, *rollups)]
        whole_time = [] if TIME in table.by else [others]
        for names in (*whole_time, *by_time):
            yield names
            yield [*names, SEX]
