"""Codes of a dataset as the numbers that rounding works with, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from reports.designs.datasets import Dataset
from reports.designs.family import longest_time
from reports.protection import family
from reports.protection.cells import Cells, Integers
from reports.published.editions import VALUE
from reports.published.structure import NOT_BROKEN_DOWN, TIME, Structure

COUNT = "records"


@dataclass(frozen=True)
class Numbering:
    """The columns of a dataset's family in one year, without the year itself; a code is its place in its dimension."""

    dataset: Dataset
    structure: Structure

    @classmethod
    def of(cls, dataset: Dataset, periods: Sequence[str]) -> "Numbering":
        return cls(dataset, dataset.structure(list(periods)))

    @cached_property
    def longest(self) -> str:
        """Return the column that tells the years apart."""
        return longest_time(self.dataset.frequency)

    @cached_property
    def names(self) -> list[str]:
        return [name for name in self.dataset.family.columns if name != self.longest]

    @cached_property
    def tables(self) -> tuple[family.Table, ...]:
        """Return the tree with column numbers."""
        place = {name: k for k, name in enumerate(self.names)}
        return tuple(
            family.Table(
                table.name,
                tuple(place[name] for name in table.adds if name != self.longest),
                table.of or None,
                table.least,
            )
            for table in self.dataset.family.tables
        )

    @cached_property
    def headlines(self) -> list[list[int]]:
        """Return the crossings that people read first, in column numbers, sex among them."""
        place = {name: k for k, name in enumerate(self.names)}
        return [
            sorted({place[name] for name in (*names, "SEX") if name != self.longest})
            for names in self.dataset.family.headlines
        ]

    def with_times(self, cells: pa.Table) -> pa.Table:
        """Return exact cells with columns for the quarter and the year of their period."""
        periods = cells[TIME].combine_chunks().dictionary_encode()
        for name in (n for n in (self.longest, *self.names) if n not in cells.column_names):
            codes = [self.structure.part_of(name, p) for p in periods.dictionary.to_pylist()]
            cells = cells.append_column(name, pa.array(codes, pa.string()).take(periods.indices))
        return cells

    def numbers(self, cells: pa.Table, names: Sequence[str]) -> Integers:
        """Return (n, len(names)) numbers. Raises KeyError for a code the structure does not know, so nothing is dropped."""
        columns = [np.zeros((cells.num_rows, 0), np.int64)]
        for name in names:
            places = {item.code: k for k, item in enumerate(self.structure.by_name[name].items)}
            places[NOT_BROKEN_DOWN] = family.NOT_BROKEN_DOWN
            coded = cells[name].combine_chunks().dictionary_encode()
            table = np.array([places[c] for c in coded.dictionary.to_pylist()], np.int64)
            columns.append(table[coded.indices.to_numpy()].reshape(-1, 1))
        return np.hstack(columns)

    def cells(self, table: str, stored: pa.Table) -> Cells:
        """Return the numbers of a stored table of one year."""
        codes = self.numbers(stored, self._columns(table))
        counts, rounded = (stored[n].to_numpy().astype(np.int64) for n in (COUNT, VALUE))
        order = np.lexsort(codes.T[::-1])
        return Cells(codes[order], counts[order], rounded[order])

    def stored(self, table: str, year: str, cells: Cells) -> pa.Table:
        """Return a table of one year as texts, with its true and its published counts: private."""
        names = self._columns(table)
        columns = {self.longest: pa.array([year] * len(cells.counts), pa.string())}
        for name, numbers in zip(names, cells.codes.T, strict=True):
            # The last place is that of NOT_BROKEN_DOWN, which is -1.
            codes = [*(item.code for item in self.structure.by_name[name].items), NOT_BROKEN_DOWN]
            columns[name] = pa.array(np.array(codes, object)[numbers], pa.string())
        counted: Mapping[str, Integers] = {COUNT: cells.counts, VALUE: cells.rounded}
        values = {name: pa.array(numbers, pa.int64()) for name, numbers in counted.items()}
        ordered = {name: columns[name] for name in self.dataset.family.by_name[table].columns}
        return pa.table({**ordered, **values})

    def _columns(self, table: str) -> list[str]:
        return [n for n in self.dataset.family.by_name[table].columns if n != self.longest]
