"""The table of a file with its columns mapped: plain as it stands, or made plain by a shape that a person confirmed.

A table of counts is never taken for single records: one row of it stands for as many as it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from records.instruments.spec import Spec
from records.reading import remembered, side_by_side
from records.reading.headers import Names
from records.reading.layout import (
    FileBlock,
    FileColumn,
    Layout,
    Memory,
    Refusal,
    letter_of,
    open_questions,
)
from records.reading.mapping import NOTHING_KNOWN, Context, map_columns, shown_header
from records.reading.plain_table import PlainTable
from records.reading.questions import NONE
from records.reading.refusals import FileRefused, refusal
from records.reading.shape_question import ask_for_shape
from records.reading.shape_rows import whole_numbers
from records.reading.shape_search import Search, proposals
from records.reading.shapes import Shape
from records.reading.table_rows import stated_header
from records.reading.tables_of_counts import (
    ONE,
    count_column,
    doubtful_count,
    refuse_counts,
    stands_for_many,
)

LOOKED_AT = 2000  # rows below the headers by which columns are mapped: each becomes several
# Why a table cannot be read as it stands, where another shape may be the reason.
UNREAD = frozenset({"header_missing", "missing_required", "header_only"})
ABOUT_PLACES = frozenset({"columns", "table"})


@dataclass(frozen=True)
class MappedTable:
    """The layout of a table, and how its blocks become those of the plain table.

    plain  what a confirmed shape makes of it, or None; counts  a column of counts beside single records:
    (position, refusal), or None; others  columns of other tables beside it, which are not read.
    """

    layout: Layout
    plain: PlainTable | None = None
    counts: tuple[int, Refusal] | None = None
    others: frozenset[int] = frozenset()

    @cached_property
    def columns(self) -> list[FileColumn]:
        """The columns of the file itself, without those that a shape makes."""
        if self.plain is None:
            return list(self.layout.columns)
        used = {*self.plain.shape.wide, *self.plain.shape.dates.values()}
        return [
            replace(c, how="unknown") if c.position in used else c
            for c in self.layout.columns
            if c.position < self.plain.width
        ]

    @property
    def described(self) -> dict[str, Any]:
        """What the report of the file says of a confirmed shape."""
        return {"shape": self.plain.shape.as_json()} if self.plain else {}

    @property
    def used(self) -> set[int]:
        """Positions of the columns of the file from which records are made."""
        used = {c.position for c in self.layout.columns if c.variable}
        return used | (
            {*self.plain.shape.wide, *self.plain.shape.dates.values()} if self.plain else set()
        )

    def blocks(self, blocks: Iterator[FileBlock]) -> Iterator[FileBlock]:
        """Yield the blocks of the plain table. Raises FileRefused for wrong totals, and for counts among single records."""
        if self.others:
            blocks = side_by_side.blank(blocks, self.others)
        if self.plain is not None:
            return self.plain.blocks(blocks)
        return blocks if self.counts is None else _without_counts(blocks, *self.counts)


def mapped(
    rows: Sequence[Sequence[str]],
    spec: Spec,
    answers: Mapping[str, Any],
    context: Context = NOTHING_KNOWN,
) -> MappedTable:
    """Map the columns of a table by its first rows; of another shape than a plain one a person is asked first.

    A shape that was confirmed of an earlier file with the same headers holds for this one. Of tables that stand side
    by side one is read, where its columns alone are named, or none.
    """
    table = _mapped(rows, spec, answers, context)
    header = _header_of(table, answers)
    if header[0] < 0 or (table.layout.refusal and table.layout.refusal.code not in UNREAD):
        return table
    tables = side_by_side.tables_beside(rows, header, Names(spec))
    if len(tables) < 2:
        return table
    own = {p for p in table.used if table.plain is None or p < table.plain.width}
    others = side_by_side.others_beside(tables, own)
    if others is None:
        return replace(table, layout=side_by_side.of_several(table.layout, tables))
    return replace(table, layout=side_by_side.without(table.layout, others), others=others)


def _header_of(table: MappedTable, answers: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last row of the headers, counted from 0; negative where there are none."""
    if table.plain is not None:
        return table.plain.shape.header
    first, last = stated_header(answers) or [table.layout.header_row + 1] * 2
    return first - 1, last - 1


def _mapped(
    rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any], context: Context
) -> MappedTable:
    memory = remembered.memory_of(rows, context.layouts, context.key, Names(spec).variables)
    answer = answers.get("shape") or (memory.answers.get("shape") if memory else None)
    if answer and answer != NONE:
        return _shaped(rows, Shape.of(answer), spec, answers, context, memory)
    layout = map_columns(rows, spec, answers, context)
    shapes = proposals(rows, spec, answers) if spec.is_counts or _is_unread(layout) else []
    if shapes and shapes[0].is_counts and not spec.is_counts:
        if not stands_for_many(rows, shapes[0]):
            return MappedTable(layout)
        return MappedTable(_refused(layout, shapes[0], spec, context))
    if shapes:
        question = ask_for_shape(rows, shapes, spec, answers)
        refused = refusal("none_fits") if answer == NONE else None
        place = shapes[0].header[1]
        return MappedTable(replace(layout, header_row=place, refusal=refused, questions=[question]))
    return _of_records(rows, layout, spec, answers, context)


def _is_unread(layout: Layout) -> bool:
    """Say whether another shape may be the reason why a table cannot be read as it stands."""
    asked = {question.id.partition(":")[0] for question in open_questions(layout.questions)}
    code = layout.refusal.code if layout.refusal else ""
    return code in UNREAD or not asked.isdisjoint(ABOUT_PLACES)


def _refused(layout: Layout, shape: Shape, spec: Spec, context: Context) -> Layout:
    refused = refuse_counts(shape, spec, context.others)
    return replace(layout, refusal=refused, questions=[])


def _of_records(
    rows: Sequence[Sequence[str]],
    layout: Layout,
    spec: Spec,
    answers: Mapping[str, Any],
    context: Context,
) -> MappedTable:
    """Refuse a table that is wide, whatever was said of its columns; have a column of counts watched to the end."""
    if spec.is_counts or layout.refusal:
        return MappedTable(layout)
    if layout.header_row < 0:
        if stated_header(answers):
            return _asked_about_counts(layout, rows, spec, answers, context)
        return MappedTable(layout)  # where the table begins is asked first
    place = layout.header_row
    head = Search(rows, spec, answers).head_at(place, place)
    said = {c.position for c in layout.columns if c.is_answered or c.how == "ignored"}
    if head.wide and said.isdisjoint(head.wide[0]):
        return MappedTable(_refused(layout, Shape((place, place), head.wide[0]), spec, context))
    position = count_column(rows, layout)
    if position is None or answers.get("counts") == ONE:
        return _asked_about_counts(layout, rows, spec, answers, context)
    shape = Shape((place, place), count=position)
    return MappedTable(layout, counts=(position, refuse_counts(shape, spec, context.others)))


def _asked_about_counts(
    layout: Layout,
    rows: Sequence[Sequence[str]],
    spec: Spec,
    answers: Mapping[str, Any],
    context: Context,
) -> MappedTable:
    """Ask where a column may say for how many a row stands; refuse the table where it does."""
    question = doubtful_count(rows, layout)
    if question is None or answers.get("counts") == ONE:
        return MappedTable(layout)
    refused = None
    if answers.get("counts") == NONE:
        question = replace(question, answer=NONE)
        shape = Shape((layout.header_row, layout.header_row))
        refused = refuse_counts(shape, spec, context.others, question.evidence[0])
    return MappedTable(replace(layout, refusal=refused, questions=[*layout.questions, question]))


def _shaped(
    rows: Sequence[Sequence[str]],
    shape: Shape,
    spec: Spec,
    answers: Mapping[str, Any],
    context: Context,
    memory: Memory | None,
) -> MappedTable:
    """Map the columns of the plain table that a shape makes. Raises FileRefused where the file has another shape."""
    answers = {**(memory.answers if memory else {}), **answers}
    plain, place = PlainTable(shape, rows), shape.header[1]
    if place >= len(rows) or not _holds(shape, plain.width):
        raise FileRefused("other_shape", where=str(place + 1))
    if shape.is_counts and not spec.is_counts:
        return MappedTable(_refused(Layout(place, [], answers=answers), shape, spec, context))
    body = PlainTable(shape, rows).texts_of(rows[place + 1 : place + 1 + LOOKED_AT])
    table = [*[[""] * plain.width] * place, plain.plain_headers(), *body]
    of_plain = {**answers, "table": {"header": [place + 1, place + 1]}}
    layout = map_columns(table, spec, of_plain, replace(context, layouts=()))
    names = Names(spec)
    keys = remembered.header_keys(
        plain.headers, context.key, lambda header: shown_header(header, names) == header
    )
    first, last = (*((answers.get("table") or {}).get("rows") or ()), None, None)[:2]
    said = {key: answer for key, answer in layout.answers.items() if key != "table"}
    layout = replace(
        layout,
        memory=memory,
        keys=keys,
        first_row=max(place + 2, first or 0),
        last_row=last,
        answers=said | ({"table": answers["table"]} if "table" in answers else {}),
        columns=[replace(c, letter=plain.letters_of(c.position)) for c in layout.columns],
    )
    question = ask_for_shape(rows, proposals(rows, spec, answers) or [shape], spec, answers)
    return MappedTable(replace(layout, questions=[question, *layout.questions]), plain)


def _holds(shape: Shape, width: int) -> bool:
    """Say whether a table of this width has all columns that the shape names."""
    named = [*shape.wide, *shape.fill_down, *shape.dates.values(), *shape.counted]
    return max(named, default=0) < width


def _without_counts(
    blocks: Iterator[FileBlock], position: int, refused: Refusal
) -> Iterator[FileBlock]:
    """Yield blocks in which each row stands for one. Raises FileRefused at the first that stands for more, or for none."""
    for block in blocks:
        numbers = whole_numbers(block.cells[position])
        others = np.flatnonzero((numbers != 1) & (numbers >= 0))
        if len(others):
            row = block.rows[int(others[0])].as_py()
            cell = f"{letter_of(position)}{row}: {numbers[others[0]]}"
            raise FileRefused(replace(refused, where=cell))
        yield block
