"""Reading a text file inside the limited child: its encoding and delimiter, then its rows in blocks."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from records.instruments.spec import Spec
from records.reading import broken_letters, questions
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
    Layout,
    OpenedFile,
    Question,
    Source,
)
from records.reading.lines import Lines
from records.reading.mapped_tables import mapped
from records.reading.mapping import Context, map_columns
from records.reading.preview import BELOW, rows_of, rows_to_end
from records.reading.questions import NONE
from records.reading.refusals import FileRefused, refusal
from records.validation.personal import without_persons
from standards import codelists
from standards.spelling import normalise

SAMPLE = 256 * 1024
TAIL = 16 * 1024  # bytes at the end that are shown
BLOCK = 1 << 20
SHOWN = 6  # words that show an encoding
DOUBTFUL = "□"  # a letter that is read in several ways
csv.field_size_limit(SAMPLE + 1)  # the sample may be one cell
NO_TABLE = (b"<html", b"<!doctype", b"<?xml", b"<table")


@dataclass(frozen=True)
class Beginning:
    """The beginning of a text file: its bytes, how they are read, and its first rows.

    `evidence`: what of the file tells its encoding; `ends`: the number of the line on which each row ends;
    `density`: bytes of the file for one byte of its text in UTF-8.
    """

    sample: bytes
    evidence: bytes
    guess: Guess
    delimiter: str
    rows: list[list[str]]
    ends: list[int]
    density: float

    @property
    def is_whole(self) -> bool:
        return len(self.sample) < SAMPLE


def text_file(
    source: Source,
    spec: Spec,
    answers: Mapping[str, Any],
    limits: Mapping[str, int],
    context: Context,
) -> OpenedFile:
    """Look at the beginning of a text file. Raises FileRefused."""
    start = _beginning(source, spec, answers, limits)
    encoding = start.guess.encoding
    letters = broken_letters.letters_of(start.rows, spec, answers)
    rows = letters.rows(start.rows)
    table = mapped(rows, spec, answers, context)
    _refuse_no_columns(rows, table.layout, start.is_whole)
    layout = letters.layout(rows, table.layout, spec, table.layout.answers)
    if not start.guess.sure:
        layout.questions[:0] = _which_encoding(start, spec, answers)
    if answers.get("encoding") == NONE:
        layout = replace(layout, refusal=refusal("none_fits"))
    file = {
        "encoding": encoding,
        "delimiter": start.delimiter,
        "sheet": None,
        "header_row": layout.header_row + 1,
        **table.described,
    }
    below = rows_to_end(rows) if start.is_whole else _last_rows(source, encoding, start.delimiter)
    preview = rows_of(rows, layout, spec, below)
    if not layout.is_ready:
        return OpenedFile(file, layout, preview=preview)
    header_line = start.ends[layout.header_row] if layout.header_row >= 0 else 0
    of_file = replace(layout, columns=table.columns)
    lines = Lines(source, encoding, start.delimiter, of_file, header_line, start.density)
    blocks = table.blocks(layout.within(letters.blocks(lines.read())))
    return OpenedFile(file, layout, blocks, preview=preview, plain=table.plain)


def first_cells(source: Source) -> list[list[str]]:
    """Return the rows of a small text file as they stand. Raises FileRefused where it is none, or its letters are unsure."""
    sample = _sample(source)
    guess = encoding_of(sample, frozenset())
    if guess is None or not guess.sure:
        raise FileRefused("encoding")
    text = _decoded(sample, guess.encoding, len(sample) < SAMPLE)
    return _first_rows(text, delimiter_of(text), len(sample) < SAMPLE)[0]


def _refuse_no_columns(rows: Sequence[Sequence[str]], layout: Layout, whole: bool) -> None:
    """Refuse a text of one cell, and one whose columns nothing but their width tells apart."""
    code = layout.refusal.code if layout.refusal else ""
    if not whole and (not rows or code == "header_only"):
        raise FileRefused("huge_cell", where=f"A{len(rows) + 1}")
    if code == "header_missing" and is_fixed_width([row[0] if row else "" for row in rows]):
        raise FileRefused("fixed_width")


def _beginning(
    source: Source, spec: Spec, answers: Mapping[str, Any], limits: Mapping[str, int]
) -> Beginning:
    """Read the first rows. Raises FileRefused where the file is no text, or too wide."""
    sample = _sample(source)
    evidence = sample if _is_plain(sample) else evidence_of(source)
    guess = _guess(source, evidence, spec, answers)
    text = _decoded(sample, guess.encoding, len(sample) < SAMPLE)
    if not text.strip():
        raise FileRefused("empty")
    _refuse_nul(source, 2 if guess.encoding in WIDE else 1)
    delimiter = answers.get("delimiter") or delimiter_of(text)
    rows, ends = _first_rows(text, delimiter, len(sample) < SAMPLE)
    if max((len(row) for row in rows[:1000]), default=0) > limits["columns"]:
        raise FileRefused("too_large")
    density = len(sample) / len(text.encode())
    return Beginning(sample, evidence, guess, delimiter, rows, ends, density)


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


def _last_rows(source: Source, encoding: str, delimiter: str) -> list[tuple[int | None, list[str]]]:
    """Return the last rows of a long file; nobody has counted them yet. Of an encoding whose letters have several bytes none."""
    if encoding in WIDE:
        return []
    with source.open("rb") as file:
        file.seek(-TAIL, 2)
        lines = file.read().decode(encoding, errors="replace").splitlines()[1:]
    cells = [next(csv.reader([line], delimiter=delimiter), []) for line in lines[-BELOW:]]
    return [(None, row) for row in cells]


def _refuse_nul(source: Source, width: int) -> None:
    """A letter 0 is no text, wherever it stands; the database would refuse it much later."""
    done = 0
    with source.open("rb") as file:
        while piece := file.read(BLOCK):
            letters = np.frombuffer(piece, "u2" if width == 2 else "u1", len(piece) // width)
            if not letters.all():
                raise FileRefused("nul", where=f"byte {done + int(letters.argmin()) * width}")
            done += len(piece)


def _which_encoding(start: Beginning, spec: Spec, answers: Mapping[str, Any]) -> list[Question]:
    """Ask, showing how headers and codes would read; where all that is used reads alike nothing is asked."""
    used, shown = {}, {}
    for encoding in start.guess.candidates:
        text = start.sample.decode(encoding, errors="replace")
        delimiter = delimiter_of(text)
        rows, _ends = _first_rows(text, delimiter, start.is_whole)
        layout = map_columns(rows, spec, {})
        lines = start.evidence.decode(encoding, errors="replace").splitlines()
        rows = [*rows[layout.header_row + 1 :], *_cells(lines, delimiter)]
        used[encoding], shown[encoding] = _foreign(rows, layout, spec)
    if len(set(used.values())) == 1:
        return []
    choices = [{"value": e, "label": f"{e}: {shown[e]}"} for e in start.guess.candidates]
    doubtful = re.sub(r"[^\x00-\x7f]", DOUBTFUL, shown[start.guess.candidates[0]])
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
