"""A table of some shape becomes a plain one, block by block and column by column: one header, one row for each cell.

Columns keep their places; those that the shape uses up are blank, and what it makes comes behind them. Rows that are
no data are left out here, because a wide row becomes many.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.reading.layout import FINE, FileBlock, letter_of
from records.reading.refusals import FileRefused
from records.reading.shape_rows import NAMED, NO_NUMBER, ShapeRows, blank, whole_numbers
from records.reading.shapes import (
    MONTH,
    OF_HEADERS,
    PARTS,
    YEAR,
    Shape,
    headers_of,
)
from records.validation import parsing
from standards.written_periods import month_of

COUNT, DATE = "count", "event_date"


@dataclass(frozen=True)
class MadeColumn:
    """A column that a shape makes: its variable, its place behind those of the file, and what it is made of (F:H)."""

    variable: str
    position: int
    letters: str


class PlainTable:
    """The plain table that a shape makes of the rows of a file; `headers` are those of the file's columns."""

    def __init__(self, shape: Shape, rows: Sequence[Sequence[str]]) -> None:
        self.shape = shape
        self.headers = headers_of(rows, shape)
        self.width = len(self.headers)
        self.made = tuple(self._made())
        self.rows = ShapeRows(shape, self.headers)

    @property
    def skipped(self) -> Counter[str]:
        """How many rows are no data so far, by kind, and how many cells have no count."""
        return self.rows.skipped

    def repeated(self) -> list[str]:
        """Return cells of rows that state the same cell again."""
        return self.rows.repeated()

    def plain_headers(self) -> list[str]:
        """Return the headers of the plain table: what the shape makes has the names of its variables."""
        used = {*self.shape.wide, *self.shape.dates.values()}
        own = ["" if p in used else header for p, header in enumerate(self.headers)]
        if not self.shape.wide and self.shape.count is not None:
            own[self.shape.count] = COUNT
        parts = set(OF_HEADERS.values())  # of a date: only the whole of it has a name
        return own + ["" if c.variable in parts else c.variable for c in self.made]

    def letters_of(self, position: int) -> str:
        """Return the letters of the columns of the file that a column of the plain table is made of."""
        made = next((c.letters for c in self.made if c.position == position), "")
        return made or letter_of(position)

    def _made(self) -> Iterator[MadeColumn]:
        shape, position = self.shape, self.width
        wide = _range(sorted(shape.wide))
        columns = [(name, wide) for name in [*shape.variables, *([COUNT] if shape.wide else [])]]
        columns += [(shape.headings, "A")] if shape.headings else []
        if shape.makes_date:
            columns.append((DATE, _range(sorted(shape.dates.values())) or wide))
        for k, (name, letters) in enumerate(columns):
            yield MadeColumn(name, position + k, letters)

    def blocks(self, blocks: Iterator[FileBlock]) -> Iterator[FileBlock]:
        """Yield the plain blocks. Raises FileRefused where a total is not the sum of its parts."""
        for block in blocks:
            yield self.apply(block)
        self.rows.require_totals()

    def apply(self, block: FileBlock) -> FileBlock:
        """Return the plain rows of a block. Raises FileRefused where a total of a row is not the sum of its parts."""
        block = self._data(block)
        if self.shape.totals:
            self._require_sums(block)
        return self._plain(block)

    def texts_of(self, rows: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the plain rows of some rows below the headers; nothing is said of their totals."""
        plain = self._plain(self._data(block_of_rows(rows, self.width)))
        width = range(self.width + len(self.made))
        columns = [plain.cells[p].cast(pa.string()).to_pylist() for p in width]
        return [list(row) for row in zip(*columns, strict=True)]

    def _data(self, block: FileBlock) -> FileBlock:
        """Return the rows that are data, with blank cells filled and the heading above each."""
        cells = {p: block.cells[p] for p in range(self.width)}
        cells, headings, keep = self.rows.data(block._replace(cells=cells))
        if self.shape.headings:
            cells[self._place(self.shape.headings)] = headings
        return block._replace(cells=cells).take(keep)

    def _plain(self, block: FileBlock) -> FileBlock:
        if self.shape.wide:
            block = self._long(block)
        cells = dict(block.cells)
        if self.shape.makes_date:
            cells[self._place(DATE)] = self._dates(cells)
        nothing = pa.array(np.full(len(block.rows), "", dtype=object), pa.string())
        used = {*self.shape.wide, *self.shape.dates.values()}
        return block._replace(cells=cells | dict.fromkeys(used, nothing))

    def _place(self, variable: str) -> int:
        return next(c.position for c in self.made if c.variable == variable)

    def _require_sums(self, block: FileBlock) -> None:
        """Compare each total of a row with the sum of its parts, where all of them are numbers."""
        broken: list[tuple[int, str]] = []
        numbers = {p: whole_numbers(block.cells[p]) for p in self.shape.wide}
        for total in self.shape.totals:
            parts = self.shape.parts_of(total)
            stated = numbers[total]
            known, sums = stated != NO_NUMBER, np.zeros(len(stated), dtype=np.int64)
            for p in parts:
                is_number = numbers[p] != NO_NUMBER
                sums += np.where(is_number, numbers[p], 0)
                known &= is_number | blank(block.cells[p])
            for k in np.flatnonzero(known & (sums != stated))[:NAMED]:
                row = block.rows[int(k)].as_py()
                broken.append((row, f"{letter_of(total)}{row}: {stated[k]} ≠ {sums[k]}"))
        if broken:
            raise FileRefused(
                "totals_differ", "; ".join(text for _row, text in sorted(broken)[:NAMED])
            )

    def _long(self, block: FileBlock) -> FileBlock:
        """Make a row of each wide column of each row; cells without a count make none."""
        parts, n = self.shape.parts, len(block.rows)
        counts = pa.concat_arrays([block.cells[p].cast(pa.string()) for p in parts])
        # (n, k): row after row, and of each row column after column
        places = (np.arange(n)[:, None] + np.arange(len(parts))[None, :] * n).ravel()
        stated = ~blank(counts)[places]
        self.rows.skipped += Counter(no_count=int((~stated).sum()))  # nothing where there is none
        places, columns = places[stated], np.tile(np.arange(len(parts)), n)[stated]
        rows = pa.array(np.repeat(np.arange(n), len(parts))[stated])
        long = block._replace(cells={p: c for p, c in block.cells.items() if p not in parts}).take(
            rows
        )
        long.cells[self._place(COUNT)] = counts.take(pa.array(places))
        coded = pa.array(columns.astype(np.int32))
        for name in self.shape.variables:
            codes = pa.array([self.shape.wide[p].get(name, "") for p in parts], pa.string())
            long.cells[self._place(name)] = codes.take(coded)
        letters = pa.array([letter_of(p) for p in parts], pa.string())
        return long._replace(letters=pa.DictionaryArray.from_arrays(coded, letters))

    def _dates(self, cells: Mapping[int, pa.Array]) -> pa.Array:
        """Put dates together: 2012-01, 2012-01-31 or 2012; what cannot be read stays as it is written."""
        of_headers = {c.variable: c.position for c in self.made}
        pieces = []
        for part in PARTS:
            position = self.shape.dates.get(part, of_headers.get(OF_HEADERS.get(part, "")))
            if position is not None:
                texts = cells[position].dictionary_encode()
                words = [_part_of_date(part, text) for text in texts.dictionary.to_pylist()]
                pieces.append(pa.array(words, pa.string()).take(texts.indices))
        return pc.binary_join_element_wise(*pieces, "-") if len(pieces) > 1 else pieces[0]


def block_of_rows(rows: Sequence[Sequence[str]], width: int) -> FileBlock:
    """Return rows of texts as one block, numbered from 1."""
    padded = [[*row, *[""] * width][:width] for row in rows]
    cells = {p: pa.array([row[p] for row in padded], pa.string()) for p in range(width)}
    numbers = pa.array(np.arange(1, len(rows) + 1, dtype=np.int32))
    return FileBlock(cells, numbers, pa.array(np.full(len(rows), FINE, np.int8)), 0)


def _part_of_date(part: str, text: str) -> str:
    if part == YEAR:
        return text.strip().removesuffix(".0")
    number = month_of(text) if part == MONTH else parsing.parse_integer(text)
    return text.strip() if number is None else f"{number:02}"


def _range(positions: Sequence[int]) -> str:
    if not positions:
        return ""
    first, last = letter_of(positions[0]), letter_of(positions[-1])
    return first if first == last else f"{first}:{last}"
