"""The rows of a text file below its headers, in blocks; rows of another width than the headers are mended or marked."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from records.reading.layout import (
    CUT,
    FINE,
    SHIFTED,
    FileBlock,
    FileColumn,
    Layout,
    Source,
    size_of,
)
from records.reading.refusals import FileRefused

BLOCK = 1 << 20  # bytes of the text that are read at once


class Lines:
    """The rows below the headers, in blocks. Rows of another width are mended, or marked as shifted."""

    def __init__(
        self,
        source: Source,
        encoding: str,
        delimiter: str,
        layout: Layout,
        header_line: int,
        density: float = 1.0,
    ) -> None:
        self.source, self.encoding, self.delimiter = source, encoding, delimiter
        self.density = density  # bytes of the file for one byte of its text in UTF-8
        self.columns: Sequence[FileColumn] = layout.columns
        self.hides = any(c.how == "forbidden" for c in layout.columns)
        self.unnamed = {c.position for c in layout.columns if c.how == "empty"}
        self.header_line = header_line
        self.first = layout.header_row + 2  # the number of the first row below the headers
        # Place below the headers (from 0) and text of rows of another width: as the thread that reads ahead tells them,
        # and those that are taken over and not yet mended.
        self.told: deque[tuple[int, str]] = deque()
        self.odd: list[tuple[int, str]] = []
        self.gaps = np.array([], dtype=np.int64)  # places of odd rows not yet passed
        self.next = 0  # place of the next row
        self.short = 0  # rows with too few cells so far

    def read(self) -> Iterator[FileBlock]:
        names = [str(c) for c in dict.fromkeys(c.position for c in self.columns)]
        size, done = size_of(self.source), 0
        with self.source.open("rb") as file:
            for k, batch in enumerate(self._open(file, names), start=1):
                # pyarrow reads ahead of us, but cuts the text of the file into blocks of this size.
                done = min(size, int(k * BLOCK * self.density))
                self._take_over()
                rows = self._numbers(batch.num_rows)
                fine = pa.array(np.full(batch.num_rows, FINE, np.int8))
                yield FileBlock(dict(enumerate(batch.columns)), rows, fine, done)
                yield from self._mended(len(names), done)
        self._take_over()
        yield from self._mended(len(names), size)

    def _open(self, file: IO[bytes], names: list[str]) -> pacsv.CSVStreamingReader:
        return pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(
                block_size=BLOCK,
                use_threads=False,  # row numbers are known only in order
                skip_rows=self.header_line,
                column_names=names,
                encoding=self.encoding,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._other_width,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )

    def _other_width(self, row: pacsv.InvalidRow) -> str:
        # pyarrow counts rows from 1 at the start of the input, skipped lines included.
        self.told.append((row.number - self.header_line - 1, row.text))
        return "skip"

    def _take_over(self) -> None:
        """Take over the odd rows that were told so far: all of the blocks that have come, and maybe of the next."""
        while self.told:
            self.odd.append(self.told.popleft())
        self.gaps = np.union1d(self.gaps, [place for place, _text in self.odd])

    def _numbers(self, count: int) -> pa.Array:
        """Number the rows of a block, leaving out the places of rows of another width."""
        span = np.arange(self.next, self.next + count + len(self.gaps))
        places = span[~np.isin(span, self.gaps)][:count]
        if count:
            self.next = int(places[-1]) + 1
            self.gaps = self.gaps[self.gaps > places[-1]]
        return pa.array((places + self.first).astype(np.int32))

    def _mended(self, width: int, done: int) -> Iterator[FileBlock]:
        """Give rows with fewer cells empty ones, and cut rows with more."""
        odd, self.odd = self.odd, []
        if not odd:
            return
        rows, state = [], []
        for place, text in odd:
            if text.count('"') % 2:
                raise FileRefused("quote", where=f"A{place + self.first}")
            cells = next(csv.reader([text.rstrip("\r\n")], delimiter=self.delimiter), [])
            rows.append((cells + [""] * width)[:width])
            state.append(self._state(cells, text, width))
        yield FileBlock(
            {k: pa.array([row[k] for row in rows], pa.string()) for k in range(width)},
            pa.array([place + self.first for place, _text in odd], pa.int32()),
            pa.array(state, pa.int8()),
            done,
        )

    def _state(self, cells: list[str], text: str, width: int) -> int:
        """Say whether a row of another width can be read.

        Surplus cells shift the others. Missing ones are those at the end; but where the file has
        forbidden columns, a name could have moved into another one. A last line without an end is
        cut if no other row is short.
        """
        missing = set(range(len(cells), width)) - self.unnamed
        if any(cell.strip() for cell in cells[width:]):
            return SHIFTED
        if not missing:
            return FINE
        self.short += 1
        if self.short == 1 and self._ends_with(text):
            return CUT
        return SHIFTED if self.hides and any(c.strip() for c in cells) else FINE

    def _ends_with(self, text: str) -> bool:
        plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(self.encoding, self.encoding)
        wanted = text.encode(plain, errors="replace")
        with self.source.open("rb") as file:
            file.seek(-min(len(wanted), size_of(self.source)), 2)
            return bool(wanted) and file.read() == wanted
