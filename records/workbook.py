"""Opening an untrusted file: a limited child process reads it, we see columns, questions and blocks.

The child (`records.reading`) has limits on memory, processor time and files, and no network. What
it finds comes through a pipe: a JSON head, then Arrow blocks, then a JSON tail. Whatever a hostile
file does to it, this process lives on and answers with a Refusal.
"""

import io
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from records import codelist, sniffing
from records.mapping import Column, Question, Refusal
from records.refusals import refusal
from records.spec import Spec

ROOT = Path(__file__).resolve().parent.parent
LENGTH = struct.Struct("<I")
LETTER = re.compile(r"^[A-Z]{1,3}$")
OUT_OF_MEMORY = 3  # exit code of a child that ran into its limit, and noticed


@dataclass(frozen=True)
class Limits:
    """What a child may use. CPU seconds grow with the file."""

    memory_mb: int = 2048
    cpu_seconds: int = 60
    cpu_seconds_per_100_mb: int = 60
    unpacked_mb: int = 400
    workbook_rows: int = 200_000
    columns: int = 300


@dataclass
class Reading:
    """What the child saw. Close it; read `batches` to the end before `skipped` and `refusal` are final.

    `letters`: what single letters in the column of sex mean, where the column itself proves it.
    `bytes_done`: how much of the file stands behind the blocks so far. `total`: where the totals row
    at the end states another number of rows than there are (row, stated, counted).
    """

    file: dict[str, Any]
    columns: list[Column]
    questions: list[Question]
    refusal: Refusal | None
    process: "subprocess.Popen[bytes]"
    letters: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    bytes_done: int = 0
    total: dict[str, int] | None = None

    def batches(self) -> Iterator[pa.Table]:
        """Yield blocks of dictionary-encoded texts, one column per variable, and `_row` (int32).

        If the child dies or meets something it refuses, `refusal` is set after the last block.
        """
        pipe = _pipe(self.process)
        try:
            with pa.ipc.open_stream(pa.PythonFile(pipe, mode="r")) as stream:
                while True:
                    try:
                        batch, said = stream.read_next_batch_with_custom_metadata()
                    except StopIteration:
                        break
                    self.bytes_done = int(said["bytes"])
                    yield pa.Table.from_batches([batch])
            tail = _message(pipe)
        except (ValueError, OSError, EOFError):  # Arrow's and JSON's complaints are ValueErrors
            self.refusal = self._why_it_died()
            return
        self.skipped, self.total = tail["skipped"], tail["total"]
        self.refusal = Refusal(**tail["refusal"]) if tail["refusal"] else None

    def close(self) -> None:
        """End the child, wherever it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        _pipe(self.process).close()

    def _why_it_died(self) -> Refusal:
        self.process.wait()
        return refusal("bomb" if self.process.returncode != 1 else "unreadable")


def open(
    path: Path,
    *,
    spec: Spec,
    file_name: str,
    answers: Mapping[str, Any],
    person_key: bytes,
    limits: Limits,
) -> Reading:
    """Start reading a file. `answers` maps question ids to what the person said (see `bad_answer`).

    Never raises for what is in the file: that is `refusal`, with what was wrong and what to do.
    """
    request = {
        "path": str(path),
        "file_name": file_name,
        "spec": spec.raw,
        "answers": dict(answers),
        "person_key": person_key.hex(),
        "limits": asdict(limits),
    }
    process = _child()
    try:
        with process.stdin or io.BytesIO() as stdin:
            stdin.write(json.dumps(request, default=str).encode())
        head = _message(_pipe(process))
    except (ValueError, OSError, EOFError):
        reading = Reading({}, [], [], None, process)
        reading.refusal = reading._why_it_died()
        return reading
    return Reading(
        file=head["file"],
        columns=[Column(**c) for c in head["columns"]],
        questions=[Question(**q) for q in head["questions"]],
        refusal=Refusal(**head["refusal"]) if head["refusal"] else None,
        process=process,
        letters=head["letters"],
    )


def bad_answer(answers: Mapping[str, Any], spec: Spec) -> str:
    """Return the first question id whose answer cannot be used, or nothing."""
    for name, said in answers.items():
        try:
            if not ANSWERS[name](said, spec):
                return name
        except (KeyError, TypeError, ValueError, AttributeError):
            return name
    return ""


def _columns(said: Any, spec: Spec) -> bool:
    return all(name in spec.by_name and LETTER.match(said[name]) for name in dict(said))


def _codes(name: str, spec: Spec) -> Mapping[str, Any]:
    return codelist.load(spec.by_name[name].codelist).by_code


ANSWERS: dict[str, Callable[[Any, Spec], bool]] = {
    "encoding": lambda said, _spec: said in (*sniffing.ENCODINGS, "utf-16"),
    "sheet": lambda said, _spec: isinstance(said, str),
    "columns": _columns,
    "sex_codes": lambda said, spec: all(c in _codes("sex", spec) for c in dict(said).values()),
    "day_first": lambda said, _spec: str(said).lower() in ("true", "false", "1", "0"),
    "control_total": lambda said, _spec: said == "yes",
    "date1904": lambda said, _spec: isinstance(said, bool),
    "aliases": lambda said, spec: all(
        code in _codes(name, spec) for name, texts in dict(said).items() for code in texts.values()
    ),
}


def _child() -> "subprocess.Popen[bytes]":
    """Start the process that reads: it is told nothing but what the request says."""
    return subprocess.Popen(
        [sys.executable, "-m", "records.reading"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pipesize=1 << 20,  # a whole block: the child reads the next one while we check this one
        cwd=ROOT,
        env={
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    )


def _pipe(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    if process.stdout is None:
        raise EOFError
    return process.stdout


def _message(pipe: IO[bytes]) -> dict[str, Any]:
    size = pipe.read(LENGTH.size)
    if len(size) < LENGTH.size:
        raise EOFError
    found: dict[str, Any] = json.loads(pipe.read(LENGTH.unpack(size)[0]))
    return found
