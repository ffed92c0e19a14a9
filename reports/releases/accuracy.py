"""How far the tables of a release are from the truth: measured, private; and what readers may know of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.designs import tables
from reports.designs.datasets import Dataset
from reports.designs.tables import TableDesign
from reports.protection.cells import Cells, Integers, added_up
from reports.published.structure import SEX, TIME
from reports.releases.numbering import Numbering
from reports.releases.protecting import ProtectedYear

STATED_FROM = 100  # cells: the error of a table with fewer is not published


@dataclass(frozen=True)
class Nearness:
    """How far the cells of a table are from the truth, over all draws or years. singles: true 1 that are shown."""

    table: str
    cells: int
    mean: float
    usual: float
    most: int
    singles: float


def nearness_of(table: str, drawn: Sequence[Cells]) -> Nearness:
    """Measure a table that was drawn several times. `cells` and `singles` are those of one draw."""
    errors = np.abs(np.concatenate([cells.errors for cells in drawn]))
    singles = [int(((cells.counts == 1) & (cells.rounded > 0)).sum()) for cells in drawn]
    return Nearness(
        table,
        round(len(errors) / len(drawn)),
        float(errors.mean()) if len(errors) else 0.0,
        _usual(errors),
        int(errors.max(initial=0)),
        float(np.mean(singles)),
    )


@dataclass(frozen=True)
class Accuracy:
    """How far a release is from the truth. stated: what readers are told, in whole bases; errors and nearness are private.

    errors, stated: by code of the dataset (all its headlines) and of its named tables, what 95 of 100 figures do not exceed,
    as measured and as published; nearness: of each table of the family, all years together.
    """

    errors: dict[str, float]
    stated: dict[str, int]
    nearness: list[Nearness]


def accuracy_of(numbering: Numbering, years: Sequence[ProtectedYear]) -> Accuracy:
    """Measure a release, by period, quarter and year as readers see them.

    The worst of the tables with many cells counts. What is stated is rounded up, so that it tells of the noise of many
    cells and not of one of them.
    """
    dataset = numbering.dataset
    cells = {
        table.name: [numbering.cells(table.name, year.tables[table.name]) for year in years]
        for table in dataset.family.tables
    }
    crossings: dict[str, list[Sequence[str]]] = {dataset.code: list(dataset.family.headlines)}
    for named in tables.tables().values():
        if named.dataset == dataset.code:
            crossings[named.code] = list(_crossings(dataset, named))
    errors, stated = {}, {}
    for code, wanted in crossings.items():
        measured = [errors_of(numbering, cells, names) for names in wanted]
        errors[code] = max(map(_usual, measured), default=0.0)
        if many := [_usual(part) for part in measured if len(part) >= STATED_FROM]:
            stated[code] = dataset.base * max(1, math.ceil(max(many) / dataset.base))
    wholes = {
        name: Cells(*(np.concatenate(part) for part in zip(*own, strict=True)))
        for name, own in cells.items()
    }
    return Accuracy(errors, stated, [nearness_of(name, [whole]) for name, whole in wholes.items()])


def errors_of(
    numbering: Numbering, cells: Mapping[str, Sequence[Cells]], names: Sequence[str]
) -> Integers:
    """Return (cells,) distances of the table by these columns and sex, one year after the other. Private.

    cells: each table of the family, in each year.
    """
    wanted = {SEX, *names} - {numbering.longest}
    table = numbering.dataset.family.holding([*wanted])
    if table is None:
        raise KeyError(f"no table has the columns {names}")
    columns = [n for n in table.columns if n != numbering.longest]
    places = [k for k, name in enumerate(columns) if name in wanted]
    distances = [np.abs(added_up(own, places).errors) for own in cells[table.name]]
    return np.concatenate([np.zeros(0, np.int64), *distances])


def _usual(distances: Integers) -> float:
    return float(np.quantile(distances, 0.95)) if len(distances) else 0.0


def _crossings(dataset: Dataset, table: TableDesign) -> Iterator[list[str]]:
    """Yield the columns that readers of a named table see crossed: by each column of time that goes with them."""
    own = [n for n in (*table.by, *table.where) if n != TIME]
    for time in dataset.times:
        if dataset.family.holding([*own, time]):
            yield [*own, time]
