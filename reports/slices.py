"""Sealing: the exact cells of an accepted submission, as private Parquet files."""

import hashlib
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection

from migdata import jobs
from migdata.jobs import Job
from records.models import Submission
from reports import design
from reports.design import Dataset
from reports.models import Slice

COUNT = "records"


def seal(job: Job) -> None:
    """Write the slices of one accepted version, one for each dataset of its instrument.

    Safe to run twice: the same records give the same file, and the row is written once. Review
    does not reopen a submission whose sealing is not done, so the records cannot have changed.
    """
    submission = Submission.objects.select_related("instrument").get(pk=job.args["submission"])
    version = int(job.args["version"])
    if submission.state != Submission.State.ACCEPTED or submission.version != version:
        raise jobs.GaveUp("The submission is no longer accepted in this version.")
    for dataset in design.of_instrument(submission.instrument.code):
        jobs.progress(job, stage=dataset.code)
        cells = exact_cells(submission, dataset)
        path = f"slices/{dataset.code}/{submission.pk}-v{version}.parquet"
        Slice.objects.update_or_create(
            submission=submission,
            version=version,
            dataset=dataset.code,
            defaults={
                "path": path,
                "sha256": write_private(path, cells),
                "records": sum(cells[COUNT].to_pylist()),
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
    names = [s.name for s in dataset.dimensions]
    texts = {name: pa.array([row[k] for row in rows], pa.string()) for k, name in enumerate(names)}
    return pa.table({**texts, COUNT: pa.array([row[-1] for row in rows], pa.int64())})


def write_private(path: str, table: pa.Table) -> str:
    """Write a table below PRIVATE_ROOT, whole or not at all, and return the file's SHA-256."""
    target = private(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    pq.write_table(table, aside, compression="zstd")
    digest = hashlib.sha256(aside.read_bytes()).hexdigest()
    aside.chmod(0o600)
    aside.replace(target)
    return digest


def read_private(path: str, sha256: str | None = None) -> pa.Table:
    """Read a private table. Raises `GaveUp` if the file is gone or is not the one that was written."""
    file = private(path)
    if not file.exists():
        raise jobs.GaveUp(f"The private file {path} is missing. Restore it from the backup.")
    if sha256 and hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise jobs.GaveUp(f"The private file {path} was changed. Restore it from the backup.")
    return pq.read_table(file)


def private(path: str) -> Path:
    """Return the place of a private file."""
    return Path(settings.PRIVATE_ROOT) / path
