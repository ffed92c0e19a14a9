"""The first and the last rows of a file as they were read, for its sender: also what stands around the table.

Cells of columns that are dropped never leave, of a birth date only the form does; every other cell that may
name a person is masked, and all cells of a row of another width than the headers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from records.instruments.spec import Spec
from records.reading.evidence import form_of
from records.reading.layout import Layout
from records.reading.table_rows import SEARCHED_ROWS
from records.validation.personal import without_persons

ABOVE, DATA, BELOW = 12, 6, 4  # rows
COLUMNS, LETTERS = 30, 40
NEVER = None  # stands for a cell that is dropped


def rows_of(
    rows: Sequence[Sequence[str]],
    layout: Layout,
    spec: Spec,
    below: Iterable[tuple[int | None, Sequence[str]]] = (),
) -> list[dict[str, Any]]:
    """Return rows as {number, kind, cells}: those above the data, the first of the data, the last of the file.

    kind: above, header, data, below; a cell is its text, None where it is never stored. `below` are the
    last rows with their numbers, None where nobody has counted.
    """
    header = layout.header_row + 1
    first = max(layout.first_row, header + 1)
    end = first + DATA - 1
    if not layout.columns:  # nobody knows where the table is
        header, first, end = 0, SEARCHED_ROWS + 1, SEARCHED_ROWS
    start = max(1, header - ABOVE)
    preview = [
        _row(number, rows[number - 1], layout, spec, _kind(number, header, first))
        for number in range(start, min(end, len(rows)) + 1)
    ]
    return preview + [
        _row(number, cells, layout, spec, "below")
        for number, cells in below
        if number is None or number > end
    ]


def rows_to_end(rows: Sequence[Sequence[str]]) -> list[tuple[int | None, Sequence[str]]]:
    """Return the last rows of a file that is known to its end, with their numbers; empty ones are passed over."""
    stated = [(k, row) for k, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    return [*stated[-BELOW:]]


def _kind(number: int, header: int, first: int) -> str:
    if number == header:
        return "header"
    return "above" if number < first else "data"


def _row(
    number: int | None, cells: Sequence[str], layout: Layout, spec: Spec, kind: str
) -> dict[str, Any]:
    width = len({c.position for c in layout.columns})
    kinds = {c.position: spec.by_name[c.variable].kind for c in layout.columns if c.variable}
    if kind in ("data", "below"):
        dropped = {c.position for c in layout.columns if c.how == "forbidden"}
        dropped |= {p for p, of in kinds.items() if of == "key"}
        plain = {p for p, of in kinds.items() if of not in ("birth", "ref", "key")}
        if any(cell.strip() for cell in cells[width:]) or len(cells) < width:
            plain = set()  # cells have moved: any of them may name a person
    else:
        dropped = set()
        plain = set(range(len(cells))) if kind == "header" else set()
    births = {p for p, of in kinds.items() if of == "birth"}
    shown = [
        NEVER if k in dropped else _text(cell, plain=k in plain, form=k in births)
        for k, cell in enumerate(cells[:COLUMNS])
    ]
    return {"number": number, "kind": kind, "cells": shown}


def _text(cell: str, *, plain: bool, form: bool) -> str:
    text = " ".join(cell.split())
    if form:
        return form_of(text)
    return (text if plain or not text else without_persons(text))[:LETTERS]
