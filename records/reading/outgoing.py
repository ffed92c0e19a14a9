"""What may leave the reading process: mapped columns of data rows, and keys instead of persons."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from records.instruments.spec import Spec
from records.reading import identity
from records.reading.date_order import DateOrder
from records.reading.layout import CUT, SHIFTED, FileBlock, FileColumn
from records.reading.made_numbers import MadeNumbers
from records.reading.mapping import constants_of, makes_numbers
from records.reading.personal_columns import are_names
from records.reading.refusals import FileRefused
from records.reading.rows import Rows
from records.validation import parsing

TEXTS = pa.dictionary(pa.int32(), pa.string())


class OutgoingColumns:
    """What of a block may leave: mapped columns of rows that are data, and keys instead of persons."""

    def __init__(
        self,
        columns: Sequence[FileColumn],
        spec: Spec,
        key: bytes,
        answers: Mapping[str, Any] | None = None,
        with_letters: bool = False,
    ) -> None:
        """`with_letters`: rows are made of several columns, so each says of which (`_letter`)."""
        self.spec, self.key, answers = spec, key, answers or {}
        self.with_letters = with_letters
        self.mapped = [c for c in columns if c.variable]
        self.documents, self.names = identity.identity_columns(columns)
        self.constants = constants_of(answers)
        self.numbers = MadeNumbers(key) if makes_numbers(answers) else None
        delivered = {c.variable for c in self.mapped} | set(self.constants)
        wanted = "person_ref" in spec.by_name and "person_ref" not in delivered
        self.makes_key = wanted and bool(self.documents or self.names)
        self.birth = next((c for c in self.mapped if c.variable == "birth_date"), None)
        self.rows = Rows(columns, spec)
        self.date_order = DateOrder(self.mapped, spec, answers.get("day_first"))
        self.schema = pa.schema(
            [
                *(pa.field(str(c.variable), self._type(str(c.variable))) for c in self.mapped),
                *([pa.field("person_ref", pa.string())] if self.makes_key else []),
                *(pa.field(name, TEXTS) for name in self.constants),
                *([pa.field("record_ref", pa.string())] if self.numbers else []),
                pa.field("_row", pa.int32()),
                pa.field("_broken", pa.bool_()),
                *([pa.field("_letter", TEXTS)] if with_letters else []),
            ]
        )

    def batch(self, block: FileBlock) -> pa.RecordBatch:
        """Return the data rows of a block. Raises FileRefused where the file is cut off."""
        keep = self.rows.data(block)
        block = block if len(keep) == len(block.rows) else block.take(keep)
        rows, state, cells = block.rows, block.state, block.cells
        if cut := rows.filter(pc.equal(state, CUT)).to_pylist():
            raise FileRefused("truncated", where=f"A{cut[-1]}")
        arrays = [self._column(column, cells) for column in self.mapped]
        self._refuse_names(arrays)
        if self.makes_key:
            arrays.append(self._persons(cells))
        arrays += [pa.repeat(text, len(rows)) for text in self.constants.values()]
        if self.numbers:
            arrays.append(self.numbers.of(self.schema.names, arrays))
        shifted = pc.equal(state, SHIFTED)
        if pc.any(shifted).as_py():  # a name may stand anywhere in such a row: none of it leaves
            arrays = [pc.if_else(shifted, None, a) for a in arrays]
        sent = [
            a.dictionary_encode() if f.type == TEXTS else a
            for a, f in zip(arrays, self.schema, strict=False)
        ]
        own = [rows, shifted]
        if self.with_letters:
            nowhere = pa.nulls(len(rows), pa.string()).dictionary_encode()
            own.append(nowhere if block.letters is None else block.letters)
        batch = pa.record_batch([*sent, *own], schema=self.schema)
        self.date_order.look_at(batch)
        return batch

    def _refuse_names(self, arrays: Sequence[pa.Array]) -> None:
        """Refuse a column of record numbers that turns out to hold names, below what was looked at first."""
        for column, texts in zip(self.mapped, arrays, strict=True):
            if self.spec.by_name[str(column.variable)].kind == "ref" and are_names(texts):
                raise FileRefused("names", where=f"{column.letter}: {column.shown}")

    def _type(self, variable: str) -> pa.DataType:
        """Numbers of cases and keys are nearly all distinct; everything else repeats."""
        return pa.string() if self.spec.by_name[variable].kind in ("ref", "key") else TEXTS

    def _column(self, column: FileColumn, cells: Mapping[int, pa.Array]) -> pa.Array:
        """The texts of a variable; a key that somebody delivers may be a passport number: hash it too."""
        variable = self.spec.by_name[str(column.variable)]
        if variable.kind == "key":
            return identity.keyed(self.key, cells[column.position])
        return parsing.part_of(cells[column.position], column.part, variable.codelist)

    def _persons(self, cells: Mapping[int, pa.Array]) -> pa.Array:
        identifying = {p: cells[p] for p in (*self.documents, *self.names)}
        birth = self._column(self.birth, cells) if self.birth else None
        return identity.person_refs(self.key, identifying, self.documents, birth)
