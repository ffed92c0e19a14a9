"""Reading a text file inside the limited child: its encoding and delimiter, then its rows in blocks."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from records.instruments.spec import Spec
from records.reading import broken_letters, headers, mapped_tables, questions
from records.reading.delimiter import delimiter_of, is_fixed_width
from records.reading.encoding import (
    WIDE,
    Guess,
    encoding_of,
    evidence_of,
    is_damaged_utf8,
    looks_binary,
    wide_encoding_of,
)
from records.reading.kinds_of_files import kind_of_start
from records.reading.layout import (
    CUT,
    FINE,
    SHIFTED,
    FileBlock,
    FileColumn,
    Layout,
    OpenedFile,
    Question,
    Source,
    size_of,
)
from records.reading.questions import NONE
from records.reading.refusals import FileRefused, refusal
from records.validation.personal import without_persons
from standards import codelists
from standards.spelling import normalise

SAMPLE = 256 * 1024
BLOCK = 1 << 20
SHOWN = 6  # words that show an encoding
DOUBTFUL = "□"  # a letter that is read in several ways
csv.field_size_limit(SAMPLE + 1)  # the sample may be one cell
NO_TABLE = (b"<html", b"<!doctype", b"<?xml", b"<table")


def text_file(
    source: Source,
    spec: Spec,
    answers: Mapping[str, Any],
    limits: Mapping[str, int],
    others: Iterable[Spec] = (),
) -> OpenedFile:
    """Look at the beginning of a text file. Raises FileRefused."""
    sample = _sample(source)
    whole = len(sample) < SAMPLE
    evidence = sample if _is_plain(sample) else evidence_of(source)
    guess = _guess(source, evidence, spec, answers)
    text = _decoded(sample, guess.encoding, whole)
    if not text.strip():
        raise FileRefused("empty")
    _refuse_nul(source, 2 if guess.encoding in WIDE else 1)
    delimiter = delimiter_of(text)
    rows, ends = _first_rows(text, delimiter, whole)
    if max((len(row) for row in rows[:1000]), default=0) > limits["columns"]:
        raise FileRefused("too_large")
    letters = broken_letters.letters_of(rows, spec, answers)
    rows = letters.rows(rows)
    table = mapped_tables.mapped(rows, spec, answers, others)
    layout = table.layout
    _refuse_no_columns(rows, layout, whole)
    layout = letters.layout(rows, layout, spec, answers)
    if not guess.sure:
        layout.questions[:0] = _which_encoding(sample, evidence, guess, spec, answers)
    description: dict[str, Any] = {
        "encoding": guess.encoding,
        "delimiter": delimiter,
        "sheet": None,
    }
    description |= {"header_row": layout.header_row + 1, **table.described}
    if answers.get("encoding") == NONE:
        layout = replace(layout, refusal=refusal("none_fits"))
    if not layout.is_ready:
        return OpenedFile(description, layout)
    of_file = replace(layout, columns=table.columns)
    lines = Lines(source, guess.encoding, delimiter, of_file, ends[layout.header_row])
    lines.density = len(sample) / len(text.encode())
    blocks = table.blocks(letters.blocks(lines.read()))
    return OpenedFile(description, layout, blocks, plain=table.plain)


def _sample(source: Source) -> bytes:
    """Return the beginning of the file. Raises FileRefused where it is that of no table."""
    with source.open("rb") as file:
        sample = file.read(SAMPLE)
    if kind := kind_of_start(sample):
        raise FileRefused(kind)
    if looks_binary(sample):
        raise FileRefused("binary")
    if sample.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower().startswith(NO_TABLE):
        raise FileRefused("unsupported")
    return sample


def _is_plain(sample: bytes) -> bool:
    """Say whether the beginning of a file alone tells the encoding: by a mark, or by letters in UTF-8."""
    if wide_encoding_of(sample) or sample.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return not text.isascii()


def _guess(source: Source, evidence: bytes, spec: Spec, answers: Mapping[str, Any]) -> Guess:
    """Find the encoding; what a person chose goes before, and can be chosen anew where there was a doubt."""
    if _is_plain(evidence) and not wide_encoding_of(evidence):
        evidence = evidence[: len(evidence) - _cut_letter(evidence)]
    guess = encoding_of(evidence, _known_words(spec))
    chosen = str(answers.get("encoding") or NONE)
    if chosen != NONE:
        candidates = guess.candidates if guess else ()
        sure = guess is None or guess.sure
        return Guess(chosen, sure, candidates=tuple(dict.fromkeys([*candidates, chosen])))
    if is_damaged_utf8(evidence):
        raise FileRefused("damaged_utf8", where=f"A{_damaged_line(source)}")
    if guess is None:
        raise FileRefused("encoding")
    return guess


def _damaged_line(source: Source) -> int:
    """Return the number of the first line that is not in UTF-8."""
    with source.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 0


def _cut_letter(sample: bytes) -> int:
    """Return how many bytes at the end of a text in UTF-8 are the beginning of a letter."""
    for count in range(1, min(4, len(sample)) + 1):
        if sample[-count] >= 0xC0:
            try:
                sample[-count:].decode("utf-8")
            except UnicodeDecodeError:
                return count
            return 0
    return 0


def _known_words(spec: Spec) -> set[str]:
    """Return what cells of a file of this instrument may hold: its headers, and the texts of its codes."""
    known = set(spec.header_aliases())
    for name in {v.codelist for v in spec.variables if v.codelist}:
        codes = codelists.load(name).codes
        known |= {normalise(text) for code in codes for text in code.texts if not text.isascii()}
    return known


def _decoded(sample: bytes, encoding: str, whole: bool) -> str:
    """Decode the sample; where it is not the whole file, its last letter may be cut."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample, final=whole)
    except UnicodeDecodeError as error:
        raise FileRefused("encoding", where=f"byte {error.start}") from error
    except LookupError as error:
        raise FileRefused("encoding", where=encoding) from error


def _first_rows(text: str, delimiter: str, whole: bool) -> tuple[list[list[str]], list[int]]:
    """Return the rows of the sample and, for each, the number of the line on which it ends."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, ends = [], []
    for row in lines:
        rows.append(row)
        ends.append(lines.line_num)
    if not whole:  # the last line of the sample is cut
        rows, ends = rows[:-1], ends[:-1]
    if rows and rows[0] and rows[0][0].lower().startswith("sep="):
        rows[0] = []
    return rows, ends


def _refuse_no_columns(rows: Sequence[Sequence[str]], layout: Layout, whole: bool) -> None:
    """Refuse a text of one cell, and one whose columns nothing but their width tells apart."""
    code = layout.refusal.code if layout.refusal else ""
    if not whole and (not rows or code == "header_only"):
        raise FileRefused("huge_cell", where=f"A{len(rows) + 1}")
    if code == "header_missing" and is_fixed_width([row[0] if row else "" for row in rows]):
        raise FileRefused("fixed_width")


def _refuse_nul(source: Source, width: int) -> None:
    """A letter 0 is no text, wherever it stands; the database would refuse it much later."""
    done = 0
    with source.open("rb") as file:
        while piece := file.read(BLOCK):
            letters = np.frombuffer(piece, "u2" if width == 2 else "u1", len(piece) // width)
            if not letters.all():
                raise FileRefused("nul", where=f"byte {done + int(letters.argmin()) * width}")
            done += len(piece)


def _which_encoding(
    sample: bytes, evidence: bytes, guess: Guess, spec: Spec, answers: Mapping[str, Any]
) -> list[Question]:
    """Ask, showing how headers and codes would read; where all that is used reads alike nothing is asked."""
    used, shown = {}, {}
    for encoding in guess.candidates:
        text = sample.decode(encoding, errors="replace")
        delimiter = delimiter_of(text)
        rows, _ends = _first_rows(text, delimiter, len(sample) < SAMPLE)
        layout = headers.map_columns(rows, spec, {})
        lines = evidence.decode(encoding, errors="replace").splitlines()
        rows = [*rows[layout.header_row + 1 :], *_cells(lines, delimiter)]
        used[encoding], shown[encoding] = _foreign(rows, layout, spec)
    if len(set(used.values())) == 1:
        return []
    choices = [{"value": e, "label": f"{e}: {shown[e]}"} for e in guess.candidates]
    doubtful = re.sub(r"[^\x00-\x7f]", DOUBTFUL, shown[guess.candidates[0]])
    return [questions.ask("encoding", choices, [doubtful], answer=answers.get("encoding"))]


def _cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of lines that stand alone: one may begin inside quotation marks that another one closes."""
    for line in lines:
        if len(line) <= SAMPLE:
            yield next(csv.reader([line], delimiter=delimiter), [])


def _foreign(rows: Sequence[Sequence[str]], layout: Layout, spec: Spec) -> tuple[str, str]:
    """Return what is not ASCII in headers and columns that are used, and what of it may be shown: what names nobody.

    That are headers and values of code columns; of numbers of cases nothing is shown but their form.
    """
    kinds = {c.position: spec.by_name[c.variable] for c in layout.columns if c.variable}
    coded = {position for position, variable in kinds.items() if variable.codelist}
    cells = {p: {r[p]: None for r in rows if len(r) > p and not r[p].isascii()} for p in kinds}
    used = [c.header for c in layout.columns] + [cell for p in kinds for cell in cells[p]]
    shown = [c.shown for c in layout.columns if not c.shown.isascii()]
    shown += [cell for p in coded for cell in cells[p]]
    shown = list(dict.fromkeys(map(without_persons, shown)))[:SHOWN]
    return "\n".join(used), ", ".join(shown)


class Lines:
    """The rows below the headers, in blocks. Rows of another width are mended, or marked as shifted."""

    def __init__(
        self, source: Source, encoding: str, delimiter: str, layout: Layout, header_line: int
    ) -> None:
        self.source, self.encoding, self.delimiter = source, encoding, delimiter
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
        self.density = 1.0  # bytes of the file for one byte of its text in UTF-8

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
