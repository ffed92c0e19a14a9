"""Opening an untrusted file: a limited child process reads it, we see columns, questions and blocks.

The child (`records.reading`) has limits on memory, processor time and files, and no network. What
it finds comes through a pipe: a JSON head, then Arrow blocks, then a JSON tail. Whatever a hostile
file does to it, this process lives on and answers with a Refusal. Only where the server of the child
was ended the file has to be read again (`forked.ServerGone`): nothing is known of it then.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from records.instruments.spec import Spec
from records.reading import forked
from records.reading.encrypted_file import SealedFile
from records.reading.forked import Forked, ServerGone
from records.reading.layout import FileColumn, Memory, Question, Refusal, open_questions
from records.reading.protocol import read_message
from records.reading.refusals import refusal
from standards import codelists
from standards.code_systems import OwnList

# What the report of an upload keeps of a column.
REPORTED = (
    *("header", "variable", "how", "letter", "reason"),
    *("values", "stated", "understood"),
)


@dataclass(frozen=True)
class Limits:
    """What a child may use. CPU seconds grow with the file."""

    memory_mb: int = 2048
    cpu_seconds: int = 60
    cpu_seconds_per_100_mb: int = 120
    unpacked_mb: int = 400  # of what is held whole
    streamed_mb: int = 4096  # of what is read piece by piece
    workbook_rows: int = 200_000  # of formats that a library holds whole
    columns: int = 300


@dataclass
class Reading:
    """What the child saw. Close it; read `batches` to the end before what follows `process` is final.

    `names`: sheets (`#2`) and columns (letters) whose names are told to their sender only, as given.
    `letters`: what single letters in the column of sex mean, where the column itself proves it.
    `skipped`: how many rows are no data, by kind (blank, total, heading, header, signature,
    numbering). `bytes_done`: how much of the file stands behind the blocks so far. `total`: where
    the totals row at the end states another number of rows than there are (row, stated, counted).
    `dates`: where dates contradict the stated order of day and month (order, cells). `repeated`: cells of rows
    that state the same cell of a table of counts again.
    `memory`: what an earlier file of the agency said about this one; `preview`: rows as read, for the sender alone.
    """

    file: dict[str, Any]
    columns: list[FileColumn]
    questions: list[Question]
    refusal: Refusal | None
    process: Forked
    letters: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    memory: Memory | None = None
    keys: list[str] = field(default_factory=list)
    preview: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    bytes_done: int = 0
    total: dict[str, int] | None = None
    dates: dict[str, Any] | None = None
    repeated: list[str] = field(default_factory=list)
    own_lists: Sequence[OwnList] = ()

    @property
    def open_questions(self) -> list[Question]:
        """The questions that still wait for an answer."""
        return open_questions(self.questions)

    def description(self) -> dict[str, Any]:
        """Return what people are told of the file: encoding and sheet, columns, questions.

        Answered questions are among them as long as they can be answered anew: while others wait,
        or where the file is refused.
        """
        changeable = self.questions if self.open_questions or self.refusal else []
        return {
            "file": self.file,
            "columns": [{name: getattr(c, name) for name in REPORTED} for c in self.columns],
            "questions": [asdict(q) for q in changeable],
        }

    def batches(self) -> Iterator[pa.Table]:
        """Yield blocks of dictionary-encoded texts, one column per variable, and `_row` (int32).

        If the child dies or meets something it refuses, `refusal` is set after the last block. Raises
        `ServerGone` if it died because its server did.
        """
        pipe = self.process.stdout
        try:
            with pa.ipc.open_stream(pa.PythonFile(pipe, mode="r")) as stream:
                while True:
                    try:
                        batch, metadata = stream.read_next_batch_with_custom_metadata()
                    except StopIteration:
                        break
                    self.bytes_done = int(metadata["bytes"])
                    yield pa.Table.from_batches([batch])
            tail = read_message(pipe)
        except (ValueError, OSError, EOFError):  # Arrow's and JSON's complaints are ValueErrors
            self.refusal = self.refusal_of_dead_child()
            return
        self.skipped, self.total, self.dates = tail["skipped"], tail["total"], tail["dates"]
        self.repeated = tail["repeated"]
        self.refusal = Refusal(**tail["refusal"]) if tail["refusal"] else None

    def close(self) -> None:
        """End the child, wherever it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def refusal_of_dead_child(self) -> Refusal:
        """Return the refusal of a file whose child ended without an answer. Raises ServerGone."""
        self.process.wait()
        if self.process.went_with_server:
            raise ServerGone("The server ended while the file was read.")
        return refusal("bomb" if self.process.returncode != 1 else "unreadable")


def open(
    file: Path | SealedFile,
    *,
    spec: Spec,
    answers: Mapping[str, Any],
    person_key: bytes,
    limits: Limits,
    others: Iterable[Spec] = (),
    layouts: Sequence[Mapping[str, Any]] = (),
    own_lists: Sequence[OwnList] = (),
) -> Reading:
    """Start reading a file, given by path or encrypted; the child gets the key of an encrypted one.

    `answers` maps question ids to what the person said (see `answers.bad_answer`); `others` are the
    agency's other instruments, so that a file of one of them is recognised, `layouts` those of its
    earlier files (`remembered.memory_of`), `own_lists` its lists of codes. Never raises for what is
    in the file: that is `refusal`, with what was wrong and what to do. Raises OSError where no process
    can be made, `ServerGone` among them where it is lost before it has answered.
    """
    standards = codelists.handed_down()
    request = {
        **_handed_down(file),
        "spec": spec.raw,
        "standards": standards,
        "answers": dict(answers),
        "others": [other.raw for other in others],
        "layouts": list(layouts),
        "own_lists": [asdict(own) for own in own_lists],
        "person_key": person_key.hex(),
        "limits": asdict(limits),
    }
    process = forked.reader([file.descriptor] if isinstance(file, SealedFile) else [], standards)
    try:
        head = _head(process, request)
    except (ValueError, OSError, EOFError):
        return _of_dead_child(process)
    return _reading(head, process, own_lists)


def _reading(head: Mapping[str, Any], process: Forked, own_lists: Sequence[OwnList]) -> Reading:
    """Return what the child has said before the rows."""
    return Reading(
        file=head["file"],
        columns=[FileColumn(**c) for c in head["columns"]],
        questions=[Question(**q) for q in head["questions"]],
        refusal=Refusal(**head["refusal"]) if head["refusal"] else None,
        process=process,
        letters=head["letters"],
        lists=head["lists"],
        names=head["names"],
        keys=head["keys"],
        memory=Memory(**head["memory"]) if head["memory"] else None,
        preview=head["preview"],
        own_lists=own_lists,
    )


def first_cells(
    file: Path | SealedFile, count: int, limits: Limits
) -> tuple[list[list[str]], Refusal | None]:
    """Return the first rows of a small table of any format as they stand, or why it cannot be read. Raises OSError."""
    standards = codelists.handed_down()
    request = {**_handed_down(file), "standards": standards, "limits": asdict(limits)}
    process = forked.reader([file.descriptor] if isinstance(file, SealedFile) else [], standards)
    try:
        answer = _head(process, {**request, "first_cells": count})
    except (ValueError, OSError, EOFError):
        dead = _of_dead_child(process)
        dead.close()
        return [], dead.refusal
    refused = Refusal(**answer["refusal"]) if answer["refusal"] else None
    Reading({}, [], [], None, process).close()
    return answer["rows"], refused


def _of_dead_child(process: Forked) -> Reading:
    """Return what is told of a file whose child ended before it had seen anything. Raises ServerGone."""
    reading = Reading({}, [], [], None, process)
    try:
        reading.refusal = reading.refusal_of_dead_child()
    except ServerGone:
        reading.close()
        raise
    return reading


def _handed_down(file: Path | SealedFile) -> dict[str, Any]:
    if isinstance(file, SealedFile):
        return {"descriptor": forked.HANDED_DOWN, "key": file.key.hex()}
    return {"path": str(file)}


def _head(process: Forked, request: Mapping[str, Any]) -> dict[str, Any]:
    """Send the request and wait for what the child saw. Raises what a dead child leads to."""
    with process.stdin as stdin:
        stdin.write(json.dumps(request, default=str).encode())
    return read_message(process.stdout)
