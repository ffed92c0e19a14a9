"""The child process that reads an untrusted file: `python -m records.reading`, started by `workbook.open`.

It takes a request on stdin, limits itself, and answers on stdout: a JSON head (what was seen, what
must be asked, or why the file is refused), Arrow blocks of texts, and a JSON tail. Nothing of the
file is written to disk; forbidden columns never leave this process.
"""

import ctypes
import json
import os
import re
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records import identity, mapping, parsing, sniffing, spreadsheet
from records.mapping import CUT, SHIFTED, Block, Column, Layout, Refusal, Source
from records.refusals import Refused
from records.spec import Spec
from records.workbook import LENGTH, OUT_OF_MEMORY

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
NUMBERING = r"^\s*(?:\d{1,2}|\p{L})\s*$"  # what stands under a date's header in a row 1, 2, 3 …
TEXTS = pa.dictionary(pa.int32(), pa.string())


def main() -> None:
    request = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but the protocol reaches the parent
    limit(request["limits"], Path(request["path"]).stat().st_size)
    spec = Spec.from_content(request["spec"])
    try:
        source = look(request, spec)
    except Refused as refused:
        _say(out, _head(Source({}, Layout(0, [])), refused.why))
        return
    _say(out, _head(source, source.layout.refusal))
    if not source.layout.refusal and not source.layout.questions:
        _say(out, stream(source, spec, bytes.fromhex(request["person_key"]), out))


def limit(limits: Mapping[str, int], size: int) -> None:
    """Bind this process before it touches the file."""
    memory = limits["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = limits["cpu_seconds"] + limits["cpu_seconds_per_100_mb"] * size // (100 * 2**20)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # best effort: where namespaces are allowed there is no network at all
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def look(request: Mapping[str, Any], spec: Spec) -> Source:
    """Say what the file is. Raises Refused."""
    path = Path(request["path"])
    if path.stat().st_size == 0:
        raise Refused("empty")
    reader = spreadsheet.workbook if spreadsheet.wrapped(path) else sniffing.text_file
    return reader(path, spec, request["answers"], request["limits"])


def stream(source: Source, spec: Spec, key: bytes, out: IO[bytes]) -> dict[str, Any]:
    """Send the blocks, each with the bytes of the file consumed; return the tail."""
    sieve = Sieve(source.layout.columns, spec, key)
    skipped, last, why = 0, source.layout.header_row + 1, None
    with pa.ipc.new_stream(out, sieve.schema) as writer:
        try:
            for block in source.blocks:
                batch = sieve.batch(block)
                skipped += len(block.rows) - batch.num_rows
                last = max([last, *block.rows[-1:].to_pylist()])
                if batch.num_rows:
                    writer.write_batch(batch, custom_metadata={"bytes": str(block.done)})
        except Refused as refused:
            why = refused.why
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            why = Refused(_what_broke(str(error)), where=f"A{last + 1}").why
    total = sieve.rows.broken_total()
    return {"skipped": skipped, "total": total, "refusal": asdict(why) if why else None}


def _what_broke(error: str) -> str:
    if "straddling" in error:
        return "huge_cell"
    return "encoding" if "UTF8" in error or "codec" in error else "truncated"


class Sieve:
    """What of a block may leave: mapped columns of rows that are data, and keys instead of persons."""

    def __init__(self, columns: Sequence[Column], spec: Spec, key: bytes) -> None:
        self.spec, self.key = spec, key
        self.mapped = [c for c in columns if c.variable]
        self.documents, self.names = identity.identity_columns(columns)
        given = {c.variable for c in self.mapped}
        wanted = "person_ref" in spec.by_name and "person_ref" not in given
        self.makes_key = wanted and bool(self.documents or self.names)
        self.birth = next((c for c in self.mapped if c.variable == "birth_date"), None)
        self.rows = Rows(columns, spec)
        self.schema = pa.schema(
            [
                *(pa.field(str(c.variable), self._type(str(c.variable))) for c in self.mapped),
                *([pa.field("person_ref", pa.string())] if self.makes_key else []),
                pa.field("_row", pa.int32()),
                pa.field("_broken", pa.bool_()),
            ]
        )

    def batch(self, block: Block) -> pa.RecordBatch:
        """Return the data rows of a block. Raises Refused where the file is cut off."""
        keep = self.rows.data(block)
        block = block if len(keep) == len(block.rows) else block.take(keep)
        rows, state, cells = block.rows, block.state, block.cells
        if cut := rows.filter(pc.equal(state, CUT)).to_pylist():
            raise Refused("truncated", where=f"A{cut[-1]}")
        arrays = [self._column(column, cells) for column in self.mapped]
        if self.makes_key:
            arrays.append(self._persons(cells))
        shifted = pc.equal(state, SHIFTED)
        if pc.any(shifted).as_py():  # a name may stand anywhere in such a row: none of it leaves
            arrays = [pc.if_else(shifted, None, a) for a in arrays]
        sent = [
            a.dictionary_encode() if f.type == TEXTS else a
            for a, f in zip(arrays, self.schema, strict=False)
        ]
        return pa.record_batch([*sent, rows, shifted], schema=self.schema)

    def _type(self, variable: str) -> pa.DataType:
        """Numbers of cases and keys are nearly all distinct; everything else repeats."""
        return pa.string() if self.spec.by_name[variable].kind in ("ref", "key") else TEXTS

    def _column(self, column: Column, cells: Mapping[int, pa.Array]) -> pa.Array:
        """The texts of a variable; a key that somebody delivers may be a passport number: hash it too."""
        variable = self.spec.by_name[str(column.variable)]
        if variable.kind == "key":
            return identity.keyed(self.key, cells[column.position])
        return parsing.part_of(cells[column.position], column.part, variable.codelist)

    def _persons(self, cells: Mapping[int, pa.Array]) -> pa.Array:
        found = {p: cells[p] for p in (*self.documents, *self.names)}
        birth = self._column(self.birth, cells) if self.birth else None
        return identity.person_refs(self.key, found, self.documents, birth)


class Rows:
    """Tells data from what else stands below the headers: blank rows, totals, signatures, numbering."""

    def __init__(self, columns: Sequence[Column], spec: Spec) -> None:
        self.needed = mapping.needed_columns(columns, spec)
        self.dates = [c.position for c in columns if c.variable == "event_date"]
        self.ignored = {c.position for c in columns if c.how in ("ignored", "empty")}
        amounts = {v.name for v in spec.variables if v.kind in ("integer", "decimal")}
        self.amounts = {c.position for c in columns if c.variable in amounts}
        self.count = self.last = 0  # data rows so far, and the greatest row number among them
        self.totals: dict[int, list[int]] = {}  # row number of a totals row -> the counts it states

    def data(self, block: Block) -> pa.Array:
        """Return the positions of rows that are data.

        A row that states all that is required is data; only the others are looked at one by one.
        """
        cells, count = block.cells, len(block.rows)
        doubtful = pa.array(np.zeros(count, dtype=bool))
        for position in self.needed:
            doubtful = pc.or_(doubtful, _on_distinct(cells[position], _is_empty))
        for position in self.dates:
            doubtful = pc.or_(doubtful, _on_distinct(cells[position], _is_numbering))
        places = pc.indices_nonzero(doubtful)
        data = np.ones(count, dtype=bool)
        if len(places):
            columns = [cells[p].take(places).to_pylist() for p in sorted(cells)]
            numbers = block.rows.take(places).to_pylist()
            data[places.to_numpy()] = [
                self._is_data(row, number)
                for row, number in zip(zip(*columns, strict=True), numbers, strict=True)
            ]
        keep = pa.array(np.flatnonzero(data))
        self.count += len(keep)
        self.last = max([self.last, *block.rows.take(keep)[-1:].to_pylist()])
        return keep

    def _is_data(self, row: Sequence[str], number: int) -> bool:
        kind = mapping.kind_of_row(row, self.ignored)
        if kind == "total":
            counts = [c for k, c in enumerate(row) if c.strip() and k not in self.amounts]
            said = [*re.findall(r"\d+", counts[0]), *counts[1:]] if counts else []
            stated = [n for n in map(parsing.parse_integer, said) if n is not None]
            self.totals |= {number: stated} if stated else {}
        return kind == "data"

    def broken_total(self) -> dict[str, int] | None:
        """What the last totals row states, if that is not the number of rows; subtotals may add up to it."""
        row = max(self.totals, default=0)
        sums = sum(max(stated) for stated in self.totals.values())
        if row < self.last or not row or self.count in (*self.totals[row], sums):
            return None
        return {"row": row, "stated": max(self.totals[row]), "counted": self.count}


def _on_distinct(cells: pa.Array, test: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Apply a test of texts to the distinct ones and spread the answers over the rows."""
    coded = cells.dictionary_encode()
    return test(coded.dictionary).take(coded.indices)


def _is_empty(texts: pa.Array) -> pa.Array:
    return pc.equal(pc.utf8_trim_whitespace(texts), "")


def _is_numbering(texts: pa.Array) -> pa.Array:
    return pc.match_substring_regex(texts, NUMBERING)


def _head(source: Source, why: Refusal | None) -> dict[str, Any]:
    return {
        "file": source.file,
        "columns": [asdict(c) for c in source.layout.columns if c.header or c.variable],
        "questions": [asdict(q) for q in source.layout.questions],
        "letters": source.layout.letters,
        "refusal": asdict(why) if why else None,
    }


def _say(out: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    out.write(LENGTH.pack(len(body)) + body)
    out.flush()


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
