"""The child process that reads an untrusted file: `python -m records.reading`, started by `child.open`.

It takes a request on stdin, limits itself, and answers on stdout: a JSON head (what was seen, what
must be asked, or why the file is refused), Arrow blocks of texts, and a JSON tail. Nothing of the
file is written to disk; forbidden columns never leave this process.
"""

import ctypes
import json
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from records.instruments.spec import Spec
from records.reading import text_file, xlsx
from records.reading.layout import Layout, OpenedFile, Refusal
from records.reading.outgoing import OutgoingColumns
from records.reading.protocol import LENGTH, OUT_OF_MEMORY
from records.reading.refusals import FileRefused

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


def main() -> None:
    request = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but the protocol reaches the parent
    limit(request["limits"], Path(request["path"]).stat().st_size)
    spec = Spec.from_content(request["spec"])
    try:
        source = look(request, spec)
    except FileRefused as refused:
        _say(out, _head(OpenedFile({}, Layout(0, [])), refused.why))
        return
    _say(out, _head(source, source.layout.refusal))
    if not source.layout.refusal and not source.layout.questions:
        _say(out, stream(source, spec, bytes.fromhex(request["person_key"]), out))


def limit(limits: Mapping[str, int], size: int) -> None:
    """Bind this process before it touches the file."""
    memory = limits["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = limits["cpu_seconds"] + limits["cpu_seconds_per_100_mb"] * size // (100 * 2**20)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # best effort: where namespaces are allowed there is no network at all
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def look(request: Mapping[str, Any], spec: Spec) -> OpenedFile:
    """Say what the file is. Raises FileRefused."""
    path = Path(request["path"])
    if path.stat().st_size == 0:
        raise FileRefused("empty")
    reader = xlsx.workbook if xlsx.wrapped(path) else text_file.text_file
    return reader(path, spec, request["answers"], request["limits"])


def stream(source: OpenedFile, spec: Spec, key: bytes, out: IO[bytes]) -> dict[str, Any]:
    """Send the blocks, each with the bytes of the file consumed; return the tail."""
    sieve = OutgoingColumns(source.layout.columns, spec, key)
    skipped, last, why = 0, source.layout.header_row + 1, None
    with pa.ipc.new_stream(out, sieve.schema) as writer:
        try:
            for block in source.blocks:
                batch = sieve.batch(block)
                skipped += len(block.rows) - batch.num_rows
                last = max([last, *block.rows[-1:].to_pylist()])
                if batch.num_rows:
                    writer.write_batch(batch, custom_metadata={"bytes": str(block.done)})
        except FileRefused as refused:
            why = refused.why
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            why = FileRefused(_what_broke(str(error)), where=f"A{last + 1}").why
    total = sieve.rows.broken_total()
    return {"skipped": skipped, "total": total, "refusal": asdict(why) if why else None}


def _what_broke(error: str) -> str:
    if "straddling" in error:
        return "huge_cell"
    return "encoding" if "UTF8" in error or "codec" in error else "truncated"


def _head(source: OpenedFile, why: Refusal | None) -> dict[str, Any]:
    return {
        "file": source.file,
        "columns": [asdict(c) for c in source.layout.columns if c.header or c.variable],
        "questions": [asdict(q) for q in source.layout.questions],
        "letters": source.layout.letters,
        "refusal": asdict(why) if why else None,
    }


def _say(out: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    out.write(LENGTH.pack(len(body)) + body)
    out.flush()


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
