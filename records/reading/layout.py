"""What was seen of a file: its columns, its questions, why it is refused, and blocks of its rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Literal, NamedTuple, Protocol

import pyarrow as pa

from standards.languages import Labels


class Source(Protocol):
    """A file to be read: a path, or an encrypted file that is clear only where it is read."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


@dataclass(frozen=True)
class FileColumn:
    """One column of the file, or one part of a composite one.

    `how`: exact, folded, look_alike, answer, part, ignored, forbidden, unknown, empty.
    `part`: "" the whole cell, else which piece of it (`parsing.part_of`).
    `reason`: why a forbidden column is dropped: name, document, identity, phone, email, address,
    sensitive, remark; "" where the instrument itself forbids the header.
    `shown`: the header as it may be kept and shown to everybody: masked where it looks personal.
    """

    header: str
    variable: str | None
    how: str
    letter: str
    position: int
    part: str = ""
    reason: str = ""
    shown: str = ""


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
class Layout:
    """The header row (0 is the first line of the file) and its columns.

    `questions` are all of them, answered or not. `letters`: single letters in the column of sex
    whose language the rest of the column proves.
    """

    header_row: int
    columns: list[FileColumn]
    refusal: Refusal | None = None
    questions: list[Question] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Say whether the rows can be read: nothing is refused, every question is answered."""
        return self.refusal is None and not open_questions(self.questions)


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
    """

    file: dict[str, Any]
    layout: Layout
    blocks: Iterator[FileBlock] = field(default_factory=lambda: iter(()))
    sheets: dict[str, str] = field(default_factory=dict)
    plain: PlainRows | None = None


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
