"""How far the tables of a release are from the truth: measured, private; and what readers may know of it."""

import math
from collections.abc import Iterator, Sequence
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


def nearness_in(numbering: Numbering, years: Sequence[ProtectedYear]) -> list[Nearness]:
    """Measure each table of the family of a release, all years together."""
    measured = []
    for table in numbering.dataset.family.tables:
        cells = [numbering.cells(table.name, year.tables[table.name]) for year in years]
        whole = Cells(*(np.concatenate(part) for part in zip(*cells, strict=True)))
        measured.append(nearness_of(table.name, [whole]))
    return measured


def accuracy_of(
    numbering: Numbering, years: Sequence[ProtectedYear]
) -> tuple[dict[str, float], dict[str, int]]:
    """Return what 95 of 100 figures of each table do not exceed: as measured, and as published.

    By code of the dataset (all its headlines) and of its named tables, by period, quarter and year as readers
    see them; the worst of those with many cells counts. Published in whole bases, rounded up, so that it tells of
    the noise of many cells and not of one of them.
    """
    dataset = numbering.dataset
    crossings: dict[str, list[Sequence[str]]] = {dataset.code: list(dataset.family.headlines)}
    for table in tables.tables().values():
        if table.dataset == dataset.code:
            crossings[table.code] = list(_crossings(dataset, table))
    errors, accuracy = {}, {}
    for code, wanted in crossings.items():
        measured = [errors_of(numbering, years, names) for names in wanted]
        errors[code] = max(map(_usual, measured), default=0.0)
        if many := [_usual(part) for part in measured if len(part) >= STATED_FROM]:
            accuracy[code] = dataset.base * max(1, math.ceil(max(many) / dataset.base))
    return errors, accuracy


def errors_of(
    numbering: Numbering, years: Sequence[ProtectedYear], names: Sequence[str]
) -> Integers:
    """Return (cells,) distances of the table by these columns and sex, one year after the other. Private."""
    wanted = {SEX, *names} - {numbering.longest}
    table = numbering.dataset.family.holding([*wanted])
    if table is None:
        raise KeyError(f"no table has the columns {names}")
    columns = [n for n in table.columns if n != numbering.longest]
    places = [k for k, name in enumerate(columns) if name in wanted]
    distances = [np.zeros(0, np.int64)]
    for year in years:
        cells = numbering.cells(table.name, year.tables[table.name])
        distances.append(np.abs(added_up(cells, places).errors))
    return np.concatenate(distances)


def _usual(distances: Integers) -> float:
    return float(np.quantile(distances, 0.95)) if len(distances) else 0.0


def _crossings(dataset: Dataset, table: TableDesign) -> Iterator[list[str]]:
    """Yield the columns that readers of a named table see crossed: by each column of time that goes with them."""
    own = [n for n in (*table.by, *table.where) if n != TIME]
    for time in dataset.times:
        if dataset.family.holding([*own, time]):
            yield [*own, time]
