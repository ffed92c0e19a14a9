"""Private files: written whole or not at all, read only if they are the ones that were written."""

import hashlib
import io
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from jobs import queue
from standards.languages import marked


def write_private(path: str, content: bytes) -> str:
    """Write a file below PRIVATE_ROOT, whole or not at all, and return its SHA-256."""
    target = private(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    aside.touch(mode=0o600)
    aside.write_bytes(content)
    aside.replace(target)
    return hashlib.sha256(content).hexdigest()


def write_table(stem: str, table: pa.Table) -> dict[str, str]:
    """Write a private table below PRIVATE_ROOT; return its path, which begins with the stem, and its SHA-256.

    The path names the content: a worker that was overtaken cannot write over the file of the other.
    """
    content = as_bytes(table)
    path = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"
    return {"path": path, "sha256": write_private(path, content)}


def as_bytes(table: pa.Table) -> bytes:
    """Return the table as a Parquet file: the same cells in the same order give the same bytes, however they came
    together."""
    buffer = io.BytesIO()
    pq.write_table(table.combine_chunks().replace_schema_metadata(), buffer, compression="zstd")
    return buffer.getvalue()


def read_private(path: str, sha256: str) -> pa.Table:
    """Read a private table. Raises `GaveUp` if the file is gone or is not the one that was written."""
    file = private(path)
    if not file.exists():
        raise queue.GaveUp(
            marked("The private file %(path)s is missing. Restore it from the backup."), path=path
        )
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise queue.GaveUp(
            marked("The private file %(path)s was changed. Restore it from the backup."), path=path
        )
    return pq.read_table(io.BytesIO(content))


def private(path: str) -> Path:
    """Return the place of a private file."""
    return Path(settings.PRIVATE_ROOT) / path
