"""Sealing: the exact cells of an accepted submission, as private Parquet files."""

import hashlib
import io
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext_noop as said

from migdata import jobs
from migdata.jobs import Job
from records.models import Submission
from reports import design
from reports.design import Dataset
from reports.models import Slice

COUNT = "records"


def seal(job: Job) -> None:
    """Write the slices of one accepted version, one for each dataset of its instrument.

    Safe to run twice: the same records give the same file, and the row is written once.
    """
    submission = _locked().get(pk=job.args["submission"])
    version = int(job.args["version"])
    if submission.state != Submission.State.ACCEPTED or submission.version != version:
        raise jobs.GaveUp(said("The submission is no longer accepted in this version."))
    for dataset in design.of_instrument(submission.instrument.code):
        jobs.progress(job, stage=dataset.code)
        _write(submission, dataset)


def seal_missing(dataset: Dataset) -> None:
    """Seal what is accepted but has no slice of this design: its job waits, or the dataset is new.

    A submission that was opened again meanwhile is left out: its records may have changed.
    """
    sealed = Slice.objects.filter(
        dataset=dataset.code, design=dataset.design, version=F("submission__accepted_version")
    )
    waiting = _locked().filter(
        instrument__code=dataset.instrument,
        state=Submission.State.ACCEPTED,
        accepted_version=F("version"),
    )
    for submission in waiting.exclude(pk__in=sealed.values("submission")).order_by("pk"):
        _write(submission, dataset)


def cells_of(one: Slice, dataset: Dataset) -> pa.Table:
    """Read a slice. Raises `GaveUp` if its file is not the one written, or its codes are of another design."""
    if one.design != dataset.design:
        raise jobs.GaveUp(
            said(
                "%(slice)s was sealed before the dataset was changed, and is open now. Accept it "
                "again, then publish."
            ),
            slice=one.submission,
        )
    return read_private(one.path, one.sha256)


def _locked() -> QuerySet[Submission]:
    """Submissions, each locked until commit: nobody reopens it while its records are counted."""
    return Submission.objects.select_related("instrument").select_for_update(of=("self",))


def _write(submission: Submission, dataset: Dataset) -> None:
    cells, version = exact_cells(submission, dataset), submission.version
    path = f"slices/{dataset.code}/{submission.pk}-v{version}-{dataset.design[:12]}.parquet"
    Slice.objects.update_or_create(
        submission=submission,
        version=version,
        dataset=dataset.code,
        defaults={
            "path": path,
            "sha256": write_private(path, as_bytes(cells)),
            "records": pc.sum(cells[COUNT]).as_py() or 0,
            "design": dataset.design,
        },
    )


def exact_cells(submission: Submission, dataset: Dataset) -> pa.Table:
    """Count the records of a submission by all dimensions of the dataset: text codes and `records`."""
    columns = ", ".join(f'{s.sql()} AS "{s.name}"' for s in dataset.dimensions)
    places = ", ".join(str(k + 1) for k in range(len(dataset.dimensions)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}, count(*) FROM records_record r"
            " JOIN records_submission s ON s.id = r.submission_id"
            f" WHERE r.submission_id = %s GROUP BY {places} ORDER BY {places}",
            [submission.pk],
        )
        rows = cursor.fetchall()
    columns_of_rows = list(zip(*rows, strict=True)) or [()] * (len(dataset.dimensions) + 1)
    texts = {
        name: pa.array(column, pa.string())
        for name, column in zip(dataset.names, columns_of_rows, strict=False)
    }
    return pa.table({**texts, COUNT: pa.array(columns_of_rows[-1], pa.int64())})


def write_private(path: str, content: bytes) -> str:
    """Write a file below PRIVATE_ROOT, whole or not at all, and return its SHA-256."""
    target = private(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    aside.touch(mode=0o600)
    aside.write_bytes(content)
    aside.replace(target)
    return hashlib.sha256(content).hexdigest()


def as_bytes(table: pa.Table) -> bytes:
    """Return the table as a Parquet file: the same cells in the same order give the same bytes."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def read_private(path: str, sha256: str) -> pa.Table:
    """Read a private table. Raises `GaveUp` if the file is gone or is not the one that was written."""
    file = private(path)
    if not file.exists():
        raise jobs.GaveUp(
            said("The private file %(path)s is missing. Restore it from the backup."), path=path
        )
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise jobs.GaveUp(
            said("The private file %(path)s was changed. Restore it from the backup."), path=path
        )
    return pq.read_table(io.BytesIO(content))


def private(path: str) -> Path:
    """Return the place of a private file."""
    return Path(settings.PRIVATE_ROOT) / path
