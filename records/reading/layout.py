"""What was seen of a file: its columns, its questions, why it is refused, and blocks of its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Literal, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from standards.languages import Labels


class Source(Protocol):
    """A file to be read: a path, or an encrypted file that is clear only where it is read."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


ANSWERED = ("answer", "remembered")  # how a column is known of which a person said what it is


@dataclass(frozen=True)
class FileColumn:
    """One column of the file, or one part of a composite one.

    `how`: exact, folded, look_alike, answer (of a person about this file), remembered (about an
    earlier file of this layout), part, ignored, forbidden, unknown, empty (no header).
    `part`: "" the whole cell, else which piece of it (`parsing.part_of`).
    `reason`: why a forbidden column is dropped: name, document, identity, phone, email, address,
    sensitive, remark; "" where the instrument itself forbids the header.
    `shown`: the header as it may be kept and shown to everybody: masked where it looks personal.
    `values`: up to three of its texts; of what no list knows only the form, such as xx-999.
    `stated`, `understood`: cells among the first rows that state something, and those that can be read.
    """

    header: str
    variable: str | None
    how: str
    letter: str
    position: int
    part: str = ""
    reason: str = ""
    shown: str = ""
    values: tuple[str, ...] = ()
    stated: int = 0
    understood: int = 0

    @property
    def is_answered(self) -> bool:
        """Say whether a person said what the column is."""
        return self.how in ANSWERED


@dataclass(frozen=True)
class Question:
    """What only a person can say.

    `choices` are [{value, label}]; `evidence` what was seen in the file; `answer` what the person
    said so far, None where nothing usable was said. `picture`: first rows as {head, rows} of texts (heads may
    be labels): `before`, and `after` for each choice; None where there is nothing to see.
    """

    id: str
    text: Labels
    choices: list[dict[str, Any]]
    evidence: list[str]
    answer: Any = None
    picture: dict[str, Any] | None = None


@dataclass(frozen=True)
class Refusal:
    """Why nothing of the file is taken in: what was wrong, where, and what to do."""

    code: str
    message: Labels
    where: str = ""


@dataclass(frozen=True)
class Memory:
    """What an earlier file of the agency says about this one: which layout it is, and its answers.

    `exact`: the headers are the same; otherwise only what is said of columns that are here too.
    """

    layout: int
    exact: bool
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Layout:
    """Where the table stands, and its columns.

    `header_row`: the last row of headers, 0 is the first line of the file, -1 where there are none;
    `last_row`: the number of the last row of data, counted from 1, None where it is that of the file.
    `questions` are all of them, answered or not. `letters`: single letters in the column of sex
    whose language the rest of the column proves; `lists`: variable -> the list of codes that its
    column proves (`code_systems`). `answers`: those that hold for the file, with the
    `memory` of an earlier file of the same layout. `keys`: what tells the headers of the file in a
    remembered layout (`remembered.header_keys`), in their order.
    """

    header_row: int
    columns: list[FileColumn]
    refusal: Refusal | None = None
    questions: list[Question] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    memory: "Memory | None" = None
    keys: Sequence[str] = ()
    first_row: int = 0
    last_row: int | None = None

    @property
    def is_ready(self) -> bool:
        """Say whether the rows can be read: nothing is refused, every question is answered."""
        return self.refusal is None and not open_questions(self.questions)

    def within(self, blocks: "Iterator[FileBlock]") -> "Iterator[FileBlock]":
        """Yield the blocks without rows that stand before or behind the data, as a person said."""
        first, last = self.first_row, self.last_row
        for block in blocks:
            keep = pc.greater_equal(block.rows, first)
            if last is not None:
                keep = pc.and_(keep, pc.less_equal(block.rows, last))
            if pc.all(keep).as_py():
                yield block
            else:
                yield block.take(pc.indices_nonzero(keep))


class FileBlock(NamedTuple):
    """Some rows of a file.

    cells  texts by position; rows  (n,) int32, 1 is the first row of the file; state  (n,) int8,
    FINE, SHIFTED (it is unclear which cell is which) or CUT; done  bytes of the file consumed so far;
    letters  (n,) letter of the column that a row was made of, None where rows are those of the file.
    """

    cells: dict[int, pa.Array]
    rows: pa.Array
    state: pa.Array
    done: int
    letters: pa.Array | None = None

    def take(self, places: pa.Array) -> "FileBlock":
        cells = {p: column.take(places) for p, column in self.cells.items()}
        letters = None if self.letters is None else self.letters.take(places)
        return FileBlock(cells, self.rows.take(places), self.state.take(places), self.done, letters)


FINE, SHIFTED, CUT = 0, 1, 2


class PlainRows(Protocol):
    """What a table of another shape tells when it is read: rows that are no data, and cells that stand twice."""

    @property
    def skipped(self) -> Counter[str]: ...

    def repeated(self) -> list[str]: ...


@dataclass
class OpenedFile:
    """A file made ready: what was seen of it, its columns, and its rows below the headers.

    `file` holds encoding, delimiter, sheet, sheets (all that hold tables), header_row and merged
    (ranges of merged cells whose value was taken for every row). Sheets are told by their places:
    `#2` is the second tab; `sheets` maps that to the name it was given, which only the sender sees.
    `plain`: what makes the blocks of a table of another shape; its rows are made of several columns each.
    `preview`: some rows as they were read, for the sender alone (`preview.rows_of`).
    """

    file: dict[str, Any]
    layout: Layout
    blocks: Iterator[FileBlock] = field(default_factory=lambda: iter(()))
    sheets: dict[str, str] = field(default_factory=dict)
    plain: PlainRows | None = None
    preview: list[dict[str, Any]] = field(default_factory=list)


def size_of(source: Source) -> int:
    """Return how many bytes the file has, clear and unpacked."""
    if size := getattr(source, "size", 0):  # counted before
        return int(size)
    with source.open("rb") as file:
        return file.seek(0, 2)


def open_questions(questions: list[Question]) -> list[Question]:
    """Return the questions that still wait for an answer."""
    return [question for question in questions if question.answer is None]


def letter_of(position: int) -> str:
    """Return the spreadsheet letter of a column: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def position_of(letters: str) -> int:
    """Return the position of a column by its spreadsheet letters: A is 0, AA is 26."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1
