"""The rows of a table of some shape: which are data, what blank cells repeat, which totals stand among them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.reading.layout import FileBlock, letter_of
from records.reading.refusals import FileRefused
from records.reading.rows import NUMBERING, begins, is_whole, row_kind
from records.reading.shapes import Shape
from records.validation import parsing
from records.validation.columns import Array
from records.validation.parsing import is_blank
from standards.spelling import normalise

NAMED = 5  # places that a message names
CODED = "coded"  # a total of one variable among rows that state the others: rules compare it
NO_NUMBER = np.iinfo(np.int64).min
IGNORED = frozenset({"№", "no", "n", "#", "t/b", "п/п", "№ п/п", "np", "nn"})


def blank(texts: pa.Array) -> Array:
    """Say (n,) which texts state nothing."""
    coded = texts.dictionary_encode()
    empty = np.array([is_blank(text) for text in coded.dictionary.to_pylist()], dtype=bool)
    return empty[coded.indices.to_numpy()] if len(texts) else np.zeros(0, dtype=bool)


def empty(texts: pa.Array) -> Array:
    """Say (n,) where nothing is written. “Not stated” is something: no cell above it is meant."""
    lengths = pc.utf8_length(pc.utf8_trim_whitespace(texts.cast(pa.string())))
    return np.asarray(pc.equal(lengths, 0))


def whole_numbers(texts: pa.Array) -> Array:
    """Return (n,) whole numbers; NO_NUMBER where there is none."""
    coded = texts.dictionary_encode()
    numbers = parsing.whole_numbers(coded.dictionary.to_pylist())
    values = np.array([NO_NUMBER if n is None else n for n in numbers], dtype=np.int64)
    return values[coded.indices.to_numpy()] if len(texts) else values


class ShapeRows:
    """Looks through the rows of a file, block by block.

    `skipped`: how many are no data, by kind. What else is kept until the end: the value that blank cells
    repeat, counts and totals to be compared, and keys of rows, because one cell may stand twice.
    """

    def __init__(self, shape: Shape, headers: Sequence[str]) -> None:
        self.shape, self.headers = shape, headers
        self.texts = [p for p, header in enumerate(headers) if p not in shape.counted]
        self.keyed = [p for p in self.texts if normalise(headers[p]) not in IGNORED]
        self.skipped: Counter[str] = Counter()
        self.carried: dict[int, str] = {}  # column, or -1 for headings -> what the next rows repeat
        self.counts: list[Array] = []  # (n, 1 + columns of counts): row, counts; of data
        self.totals: list[Array] = []  # the same of totals
        self.keys: list[Array] = []  # (n, 2): row, key

    def data(self, block: FileBlock) -> tuple[dict[int, pa.Array], pa.Array, pa.Array]:
        """Return the cells with blank ones filled, (n,) the heading above each row, and the places of data."""
        cells, n = dict(block.cells), len(block.rows)
        if not self.shape.is_counts:
            return cells, pa.nulls(n, pa.string()), pa.array(np.arange(n))
        numbers = {p: whole_numbers(cells[p]) for p in self.shape.counted}
        counted = np.zeros(n, dtype=bool)
        for values in numbers.values():
            counted |= values != NO_NUMBER
        written = {p: cells[p] for p in self.texts}  # before anything is filled
        cells |= self._filled(cells, len(block.rows))
        kinds, headings = self._kinds(block, written, cells, counted)
        kept = (kinds == "data") | (kinds == CODED)
        self.skipped += Counter(kinds[~kept].tolist())
        keep = np.flatnonzero(kept)
        table = np.column_stack([block.rows.to_numpy(), *numbers.values()])
        self.counts.append(table[kinds == "data"])
        self.totals.append(table[self._compared(written, kinds)])
        if self.shape.adds_up:
            self.keys.append(
                np.column_stack([block.rows.to_numpy(), self._keys(cells, headings)])[keep]
            )
        return cells, headings, pa.array(keep)

    def _filled(self, cells: dict[int, pa.Array], rows: int) -> dict[int, pa.Array]:
        """Repeat values that are stated once; one begins anew where it is written, or one to the left of it begins.

        What a row states itself is never replaced, whether the row has counts or not.
        """
        filled: dict[int, pa.Array] = {}
        begun = np.zeros(rows, dtype=bool)
        for p in self.shape.fill_down:
            begun = begun | ~empty(cells[p])
            filled[p] = self._carried(p, cells[p], begun)
        return filled

    def _carried(self, place: int, texts: pa.Array, begun: Array) -> pa.Array:
        """Give each row the text of the last one where a text began; before the first one, that of the block before."""
        last = np.maximum.accumulate(np.where(begun, np.arange(len(begun)), -1))
        before = pa.scalar(self.carried.get(place, ""), pa.string())
        taken = texts.cast(pa.string()).take(pa.array(np.maximum(last, 0)))
        carried = pc.if_else(pa.array(last >= 0), taken, before)
        if len(begun):
            self.carried[place] = carried[-1].as_py() or ""
        return carried

    def _kinds(
        self,
        block: FileBlock,
        written: dict[int, pa.Array],
        cells: dict[int, pa.Array],
        counted: Array,
    ) -> tuple[Array, pa.Array]:
        """Return (n,) the kind of each row, and (n,) the heading above it; only doubtful rows are looked at."""
        n = len(counted)
        kinds = np.full(n, "data", dtype=object)
        begun, stated = np.zeros(n, dtype=bool), np.full(n, "", dtype=object)
        doubtful = np.flatnonzero(~counted | self._doubtful(cells, n))
        rows = self._rows(block.cells, doubtful)
        filled = self._rows(cells, doubtful)
        for place, row, whole in zip(doubtful.tolist(), rows, filled, strict=True):
            kinds[place] = self._kind(row, whole, bool(counted[place]))
            alone = [cell.strip() for cell in row if cell.strip()]
            if kinds[place] == "heading":
                begun[place], stated[place] = True, alone[0]
            elif (
                kinds[place] == "note" and len(alone) == 1
            ):  # a heading that no list knows: it states nothing
                begun[place] = True
        if not self.shape.headings:
            return kinds, pa.nulls(n, pa.string())
        return kinds, self._carried(-1, pa.array(stated, pa.string()), begun)

    def _doubtful(self, cells: dict[int, pa.Array], n: int) -> Array:
        """Say (n,) which rows speak of a total, or may number the columns."""
        doubtful = np.zeros(n, dtype=bool)
        first = True
        for p in self.texts:
            coded = cells[p].dictionary_encode()
            texts = coded.dictionary
            words = [begins(text, "totals") for text in texts.to_pylist()]
            strange = pa.array(words, pa.bool_())
            if first and self.headers[p]:
                numbering = pc.match_substring_regex(pc.utf8_trim_whitespace(texts), NUMBERING)
                strange, first = pc.or_(strange, numbering), False
            doubtful |= strange.take(coded.indices).to_numpy(zero_copy_only=False)
        return doubtful

    def _rows(self, cells: dict[int, pa.Array], places: Array) -> list[tuple[str, ...]]:
        chosen = pa.array(places)
        width = range(len(self.headers))
        columns = [cells[p].take(chosen).cast(pa.string()).to_pylist() for p in width]
        return list(zip(*columns, strict=True)) if columns else []

    def _kind(self, row: Sequence[str], filled: Sequence[str], counted: bool) -> str:
        """Say what a row is: one without any count is none, and a total is none beside its parts."""
        kind = row_kind(row, headers=self.headers)
        if counted:
            if any(begins(filled[p], "totals") for p in self.texts):
                named = [row[p] for p in self.texts if self.headers[p] or filled[p].strip()]
                return CODED if _is_coded_total(named) else "total"
            return kind if kind in ("numbering", "header") else "data"
        if kind == "data" and any(row[p].strip() for p in self.shape.counted):
            states_nothing = all(is_blank(row[p]) for p in self.shape.counted)
            return "no_count" if states_nothing else "data"  # no number: it is told by its cell
        return "note" if kind in ("data", "numbering") else kind

    def _compared(self, written: dict[int, pa.Array], kinds: Array) -> Array:
        """Return the places of totals that are those of all rows above or below them: they state nothing else."""
        places = np.flatnonzero(kinds == "total")
        columns = [written[p].take(pa.array(places)).to_pylist() for p in self.texts]
        compared = []
        for place, row in zip(places.tolist(), zip(*columns, strict=True), strict=False):
            stated = [text for text in row if not is_blank(text)]
            all_rows = all(begins(text, "totals") and not begins(text, "parts") for text in stated)
            if stated and all_rows:
                compared.append(place)
        return np.array(compared, dtype=np.int64)

    def require_totals(self) -> None:
        """Compare each total with the rows it may be of: those since another total, or up to one.

        Raises FileRefused (totals_differ) where none of them gives it.
        """
        if not self.totals or not sum(map(len, self.totals)):
            return
        data, totals = np.concatenate(self.counts), np.concatenate(self.totals)
        data = data[data[:, 0].argsort(kind="stable")]
        broken = []
        for k, p in enumerate(self.shape.counted, start=1):
            values = np.where(data[:, k] == NO_NUMBER, 0, data[:, k])
            sums = np.concatenate([[0], values.cumsum()])
            above = sums[np.searchsorted(data[:, 0], totals[:, 0])]
            bounds = np.unique(np.concatenate([[0], above, sums[-1:]]))
            stated = totals[:, k]
            fits = np.isin(above - stated, bounds) | np.isin(above + stated, bounds)
            for j in np.flatnonzero(~fits & (stated != NO_NUMBER))[:NAMED].tolist():
                row = int(totals[j, 0])
                place = int(np.searchsorted(bounds, above[j]))
                since = above[j] - (bounds[place - 1] if place else 0)
                broken.append((row, f"{letter_of(p)}{row}: {stated[j]} ≠ {since}"))
        if broken:
            raise FileRefused("totals_differ", "; ".join(t for _row, t in sorted(broken)[:NAMED]))

    def _keys(self, cells: dict[int, pa.Array], headings: pa.Array) -> Array:
        """Return (n,) one number for all that tells rows apart, so that equal rows are found in the whole file."""
        key = np.zeros(len(headings), dtype=np.uint64)
        for texts in [*(cells[p] for p in self.keyed), headings.fill_null("")]:
            coded = texts.cast(pa.string()).dictionary_encode()
            hashed = np.array([*map(hash, coded.dictionary.to_pylist())], dtype=np.int64)
            key = (
                key * np.uint64(1_099_511_628_211)
                + hashed.astype(np.uint64)[coded.indices.to_numpy()]
            )
        return key.astype(np.int64)

    def repeated(self) -> list[str]:
        """Return the first cells of rows that state the same cell again: everything but the count is equal."""
        keys = np.concatenate(self.keys) if self.keys else np.zeros((0, 2), dtype=np.int64)
        _distinct, places, numbers = np.unique(keys[:, 1], return_inverse=True, return_counts=True)
        again = np.sort(keys[numbers[places] > 1, 0])
        letter = letter_of(self.shape.counted[0]) if self.shape.counted else ""
        return [f"{letter}{row}" for row in again[: 2 * NAMED].tolist()]


def _is_coded_total(texts: Sequence[str]) -> bool:
    """Say whether the row is the total of one variable, everything else being stated: rules compare it (`validation.sums`)."""
    words = [text for text in texts if begins(text, "totals")]
    complete = len(texts) > 1 and all(not is_blank(text) for text in texts)
    return complete and all(is_whole(word) for word in words)
