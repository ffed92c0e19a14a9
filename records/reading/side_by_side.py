"""Tables that stand side by side on one sheet: a row of one says nothing of the row of another beside it."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import pairwise

import pyarrow as pa

from records.reading.headers import Names
from records.reading.layout import FileBlock, Layout, letter_of
from records.reading.refusals import refusal
from records.reading.table_rows import HITS, levels_of

LOOKED_AT = 200  # rows below the headers in which a column between two tables is empty


def tables_beside(
    rows: Sequence[Sequence[str]], header: tuple[int, int], names: Names
) -> list[range]:
    """Return the columns of each table below these rows of headers (counted from 0); none where there is one table.

    An empty column makes two tables of one only where the same variables stand on both sides of it.
    """
    first, last = header
    headers = [" ".join(texts) for texts in levels_of(rows, first, last)]
    body = rows[last + 1 : last + 1 + LOOKED_AT]
    written = {p for row in body for p, cell in enumerate(row) if cell.strip()}
    between = [p for p, text in enumerate(headers) if not text and p not in written]
    bounds = [-1, *between, len(headers)]
    parts = [range(a + 1, b) for a, b in pairwise(bounds) if b - a > 1]
    known = [names.variables([headers[p] for p in part]) for part in parts]
    return [
        part
        for k, part in enumerate(parts)
        if any(len(known[k] & other) >= HITS for j, other in enumerate(known) if j != k)
    ]


def others_beside(tables: Sequence[range], used: Set[int]) -> frozenset[int] | None:
    """Return the columns of the other tables where the columns in use are of one; None where they are of several.

    Who names the columns of one table alone has chosen it. A column of no table, such as a number of a permit
    beyond an empty column, belongs to any.
    """
    touched = [table for table in tables if used & set(table)]
    if len(touched) != 1:
        return None
    return frozenset(p for table in tables if table is not touched[0] for p in table)


def of_several(layout: Layout, tables: Sequence[range]) -> Layout:
    """Return the layout refused: it would mix tables."""
    places = [f"{letter_of(table[0])}–{letter_of(table[-1])}" for table in tables]
    return replace(layout, refusal=refusal("side_by_side", ", ".join(places)))


def without(layout: Layout, others: Set[int]) -> Layout:
    """Return the layout of one table beside others, whose columns are not read.

    Their names and document numbers stay forbidden, but without their headers: no key of a person is made of them.
    """
    columns = [
        replace(c, header="") if c.how == "forbidden" and c.position in others else c
        for c in layout.columns
    ]
    return replace(layout, columns=columns)


def blank(blocks: Iterator[FileBlock], others: Set[int]) -> Iterator[FileBlock]:
    """Yield the blocks with nothing in the columns of other tables: they tell neither rows nor totals of this one."""
    for block in blocks:
        nothing = pa.repeat("", len(block.rows))
        yield block._replace(
            cells=block.cells | dict.fromkeys(others & block.cells.keys(), nothing)
        )
