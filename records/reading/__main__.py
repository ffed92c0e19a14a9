"""The child process that reads an untrusted file: a copy of the fork server, made for `child.open`.

It takes a request on stdin, limits itself, and answers on stdout: a JSON head (what was seen, what
must be asked, or why the file is refused), Arrow blocks of texts, and a JSON tail. Nothing of the
file is written to disk; forbidden columns never leave this process.
"""

import ctypes
import json
import os
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from records.instruments.spec import Spec
from records.reading import packed, returned, text_file, workbook
from records.reading.encrypted_file import SealedFile
from records.reading.layout import Layout, OpenedFile, Refusal, Source, size_of
from records.reading.mapping import Context
from records.reading.outgoing import OutgoingColumns
from records.reading.protocol import LENGTH, OUT_OF_MEMORY
from records.reading.refusals import FileRefused
from standards import codelists
from standards.code_systems import OwnList

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


def main() -> None:
    request = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but the protocol reaches the parent
    limit(request["limits"], size_of(source_of(request)))
    codelists.take_over(request["standards"])
    if "first_cells" in request:
        _send(out, _first_cells(request))
        return
    spec = Spec.from_content(request["spec"])
    try:
        file = opened_file(request, spec)
    except FileRefused as refused:
        _send(out, _head(OpenedFile({}, Layout(0, [])), refused.refusal))
        return
    _send(out, _head(file, file.layout.refusal))
    if file.layout.is_ready:
        asked = returned.with_key(spec) if file.file.get("held_rows") else spec
        columns = OutgoingColumns(
            file.layout.columns,
            asked,
            bytes.fromhex(request["person_key"]),
            file.layout.answers,
            with_letters=file.plain is not None,
        )
        _send(out, stream(file, columns, out))


def _first_cells(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first rows of a small table as they stand, or why it cannot be read."""
    limits, source = request["limits"], source_of(request)
    try:
        source, _packing = packed.unpacked(source, limits)
        if size_of(source) == 0:
            raise FileRefused("empty")
        if workbook.is_office_file(source):
            rows = workbook.first_cells(source, limits, request["first_cells"])
        else:
            rows = text_file.first_cells(source)[: request["first_cells"]]
    except FileRefused as refused:
        return {"rows": [], "refusal": asdict(refused.refusal)}
    return {"rows": rows, "refusal": None}


def limit(limits: Mapping[str, int], size: int) -> None:
    """Bind this process before it touches the file. That it is killed first comes from its server."""
    memory = limits["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = limits["cpu_seconds"] + limits["cpu_seconds_per_100_mb"] * size // (100 * 2**20)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # best effort: where namespaces are allowed there is no network at all
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def source_of(request: Mapping[str, Any]) -> Source:
    """Return the file of the request: a path, or an encrypted file that was handed down with its key."""
    if "key" in request:
        return SealedFile(request["descriptor"], bytes.fromhex(request["key"]))
    return Path(request["path"])


@dataclass(frozen=True)
class OtherInstruments:
    """The other instruments of an agency by their contents; a Spec is made of one where somebody looks."""

    contents: Sequence[Mapping[str, Any]]

    def __iter__(self) -> Iterator[Spec]:
        return map(Spec.from_content, self.contents)


def opened_file(request: Mapping[str, Any], spec: Spec) -> OpenedFile:
    """Open the file as what it is. Raises FileRefused."""
    source = source_of(request)
    if size_of(source) == 0:
        raise FileRefused("empty")
    context = Context(
        OtherInstruments(request.get("others", ())),
        request.get("layouts", ()),
        bytes.fromhex(request.get("person_key", "")),
        [OwnList(**own) for own in request.get("own_lists", ())],
    )
    source, packing = packed.unpacked(source, request["limits"])
    if size_of(source) == 0:
        raise FileRefused("empty")
    reader = workbook.workbook if workbook.is_office_file(source) else text_file.text_file
    file = reader(source, spec, request["answers"], request["limits"], context)
    return replace(file, file={**file.file, "packed": packing}) if packing else file


def stream(file: OpenedFile, columns: OutgoingColumns, out: IO[bytes]) -> dict[str, Any]:
    """Send the blocks, each with the bytes of the file consumed; return the tail."""
    last, refusal = file.layout.header_row + 1, None
    with pa.ipc.new_stream(out, columns.schema) as writer:
        try:
            for block in file.blocks:
                batch = columns.batch(block)
                last = max([last, *block.rows[-1:].to_pylist()])
                if batch.num_rows:
                    writer.write_batch(batch, custom_metadata={"bytes": str(block.done)})
        except FileRefused as refused:
            refusal = refused.refusal
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            refusal = FileRefused(_refusal_code(str(error)), where=f"A{last + 1}").refusal
    skipped = columns.rows.skipped + (file.plain.skipped if file.plain else Counter())
    return {
        "skipped": dict(skipped),
        "repeated": file.plain.repeated() if file.plain and refusal is None else [],
        "total": columns.rows.broken_total(),
        "dates": columns.date_order.contradiction(),
        "refusal": asdict(refusal) if refusal else None,
    }


def _refusal_code(error: str) -> str:
    if "straddling" in error:
        return "huge_cell"
    return "encoding" if "UTF8" in error or "codec" in error else "truncated"


def _head(file: OpenedFile, refusal: Refusal | None) -> dict[str, Any]:
    return {
        "file": file.file,
        "columns": [
            {**asdict(c), "header": c.shown}
            for c in file.layout.columns
            if c.header or c.variable or c.stated
        ],
        # As given: for the sender only. Whoever keeps them encrypts them.
        "names": {
            **file.sheets,
            **{c.letter: c.header for c in file.layout.columns if c.header != c.shown},
        },
        "questions": [asdict(q) for q in file.layout.questions],
        "letters": file.layout.letters,
        "lists": file.layout.lists,
        "keys": list(file.layout.keys),
        "memory": asdict(file.layout.memory) if file.layout.memory else None,
        "preview": file.preview,
        "refusal": asdict(refusal) if refusal else None,
    }


def _send(out: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    out.write(LENGTH.pack(len(body)) + body)
    out.flush()


def run() -> None:
    """Read the file of the request on stdin, and end the process; its exit code says how it went."""
    try:
        main()
        os._exit(0)  # a thread of the text reader may still be reading ahead
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:  # the spreadsheet library panics where it gets no memory
        if "MemError" in str(error):
            os._exit(OUT_OF_MEMORY)
        raise


if __name__ == "__main__":
    run()
