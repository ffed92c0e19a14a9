"""How far a published figure can be from its true count: from how many cells it is added up.

Every cell of every table of a family is less than one base from its true count. A cell that is published as 0 is not
in the file; it may stand for up to base - 1 people. So a figure that is the sum of n cells that are there, of N that there
may be, lies at most n (base - 1) above the truth and at most N (base - 1) below it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod

import numpy as np
import pyarrow as pa

from reports.designs import datasets
from reports.indicators.intervals import Count
from reports.published import figures
from reports.published.editions import VALUE, Edition, cells
from reports.published.structure import ROLL_UPS, SEX, TIME, PublishedTable, Structure
from reports.published.tree import Where, holding
from standards.sex import Figures

SEXES = ("f", "m", "o")  # as Figures has them
Reach = Mapping[tuple[str, ...], Mapping[str, tuple[int, int]]]


def reach(edition: Edition, names: Sequence[str], where: Where) -> Reach:
    """Return {codes of a row: {sex: (most above the truth, most below it)}} for the rows of a table that is asked.

    names: the dimensions of the rows, in order. Rows without any cell are not in it: see `nothing`.
    """
    asked = tuple((name, tuple(codes)) for name, codes in where.items())
    return _reach(edition, tuple(names), asked)


@lru_cache(maxsize=500)
def _reach(
    edition: Edition, names: tuple[str, ...], asked: tuple[tuple[str, tuple[str, ...]], ...]
) -> Reach:
    where = dict(asked)
    table, conditions = holding(edition.structure, names, where)
    stored = cells(edition, table)
    ones = pa.array(np.ones(stored.num_rows, np.int64))
    counted = stored.set_column(stored.column_names.index(VALUE), VALUE, ones)
    rows = figures.sums(counted, edition.structure, names, conditions)
    less = edition.structure.base - 1
    beside = _beside(edition, table, names, where)
    return {
        codes: {sex: (less * getattr(n, sex), less * possible) for sex in SEXES}
        for codes, n, possible in (
            (codes, n, beside * _units(edition.structure, table, names, codes)) for codes, n in rows
        )
    }


def count(counted: Figures, sex: str, reached: Mapping[str, tuple[int, int]]) -> Count:
    """Return a figure of one sex (f, m, o) as a count with its ends."""
    return Count(getattr(counted, sex), *reached[sex])


def nothing(
    edition: Edition, names: Sequence[str], where: Where, codes: tuple[str, ...]
) -> Mapping[str, tuple[int, int]]:
    """Return the reach of a row that has no cell: its figures are 0, and may be up to base - 1 in every cell."""
    structure = edition.structure
    table, _conditions = holding(structure, names, where)
    possible = _beside(edition, table, names, where) * _units(structure, table, names, codes)
    return dict.fromkeys(SEXES, (0, (structure.base - 1) * possible))


def _beside(edition: Edition, table: PublishedTable, names: Sequence[str], where: Where) -> int:
    """Return of how many cells of one period a figure can be the sum: the codes of all columns that are added up.

    A column that a finer one implies (a group of citizenship, of citizenship) makes no cells of its own.
    """
    structure = edition.structure
    finer = _finer(edition.dataset)
    free = [
        name for name in table.columns if name not in (SEX, TIME, *ROLL_UPS) and name not in names
    ]
    told = {*names, *free}
    own = [name for name in free if finer.get(name) not in told]
    return prod(len(where.get(name) or structure.by_name[name].items) for name in own)


def _finer(dataset: str) -> dict[str, str]:
    """Return {dimension: the finer one that implies it}; of a dataset that is no more, nothing: rather too wide."""
    design = datasets.datasets().get(dataset)
    return {d.name: d.implied_by for d in design.dimensions if d.implied_by} if design else {}


def _units(
    structure: Structure, table: PublishedTable, names: Sequence[str], codes: Sequence[str]
) -> int:
    """Return of how many periods of the table a row is the sum: four quarters of a year."""
    finest = next((name for name in (TIME, *ROLL_UPS) if name in table.columns), TIME)
    periods = structure.periods
    for name, code in zip(names, codes, strict=True):
        if name == TIME or name in ROLL_UPS:
            periods = [p for p in periods if structure.part_of(name, p) == code]
    return len({structure.part_of(finest, period) for period in periods})
