"""Tables that stand side by side on one sheet: a row of one says nothing of the row of another beside it."""

from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import pairwise

from records.reading.headers import Names
from records.reading.layout import Layout, letter_of
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


def one_of(layout: Layout, tables: Sequence[range], used: Set[int]) -> Layout:
    """Return the layout of one table, or refused where it would mix several.

    Who names the columns of one table alone has chosen it. Names and document numbers of the others stay forbidden,
    but without their headers: they are dropped, and no key of a person is made of them.
    """
    if len(tables) < 2:
        return layout
    chosen = next((table for table in tables if used and used <= set(table)), None)
    if chosen is None:
        places = [f"{letter_of(table[0])}–{letter_of(table[-1])}" for table in tables]
        return replace(layout, refusal=refusal("side_by_side", ", ".join(places)))
    columns = [
        replace(c, header="") if c.how == "forbidden" and c.position not in chosen else c
        for c in layout.columns
    ]
    return replace(layout, columns=columns)
