"""Figures by sex, added up from the protected cells of a release."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import duckdb
import pyarrow as pa

from reports.published.editions import VALUE, Edition, cells
from reports.published.structure import SEX, SEXES, Structure
from standards.sex import Figures


@dataclass(frozen=True)
class Row:
    """One line of a table: the codes of its dimensions and its figures."""

    codes: tuple[str, ...]
    figures: Figures


@dataclass(frozen=True)
class Table:
    """An answer: rows by `by`, in the order of the codes, and the figures of all of them together."""

    edition: Edition
    by: tuple[str, ...]
    rows: list[Row]
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def total(self) -> Figures:
        return add_figures((row.figures for row in self.rows), self.edition.structure.base)


def add_figures(parts: Iterable[Figures], base: int) -> Figures:
    """Add figures of one release, whose counts are multiples of `base`; of none, nought."""
    counted = [(part.f, part.m, part.o) for part in parts]
    women, men, other = (
        (sum(column) for column in zip(*counted, strict=True)) if counted else (0, 0, 0)
    )
    return Figures(women, men, other, base)


def tabulate(
    edition: Edition, by: Sequence[str] = (), where: Mapping[str, Sequence[str]] | None = None
) -> Table:
    """Add up protected cells by the dimensions `by`, for the codes in `where`.

    Sex is in every answer, as columns. Rows come in the order of the codes; a combination that has
    no protected cell has no row. Raises Unknown.
    """
    names = [name for name in dict.fromkeys(by) if name != SEX]
    rows = sums(cells(edition), edition.structure, names, where or {})
    return Table(edition, tuple(names), [Row(codes, f) for codes, f in rows], where or {})


def sums(
    cells: pa.Table, structure: Structure, names: Sequence[str], where: Mapping[str, Sequence[str]]
) -> list[tuple[tuple[str, ...], Figures]]:
    """Add up cells of any cube of this structure. Raises Unknown for what the structure lacks."""
    for name in (*names, *where):
        structure.require_name(name)
    parameters: list[str] = []
    tests = []
    for name, codes in where.items():
        structure.require_codes(name, codes)
        chosen = list(dict.fromkeys(codes))
        tests.append(f'"{name}" IN ({", ".join("?" * len(chosen))})' if chosen else "FALSE")
        parameters.extend(chosen)
    dims = "".join(f'"{name}", ' for name in names)
    parts = ", ".join(
        f"CAST(coalesce(sum({VALUE}) FILTER (\"{SEX}\" = '{sex}'), 0) AS BIGINT)" for sex in SEXES
    )
    query = f"SELECT {dims}{parts} FROM cells"
    query += f" WHERE {' AND '.join(tests)}" if tests else ""
    query += f" GROUP BY {dims.rstrip(', ')}" if names else ""
    with _engine().cursor() as engine:
        engine.register("cells", cells)
        found = engine.execute(query, parameters).fetchall()
    order = [{item.code: k for k, item in enumerate(structure.by_name[n].items)} for n in names]
    found.sort(key=lambda row: [places[code] for places, code in zip(order, row, strict=False)])
    width = len(names)
    return [(tuple(row[:width]), _figures(row[width:], structure)) for row in found]


def _figures(counted: Sequence[int], structure: Structure) -> Figures:
    women, men, other = counted
    return Figures(women, men, other, structure.base)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine for the process: starting one takes longer than most answers. A question gets a cursor."""
    return duckdb.connect()
