"""Sealing: the exact cells of an accepted submission, as private Parquet files."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import F, QuerySet

from jobs import queue, worker
from jobs.queue import Job
from records.models import Submission
from records.review.submissions import Sealing
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.designs.dimensions import column_of, quoted
from reports.exact.private_files import as_bytes, read_private, write_private
from reports.models import Slice
from standards.languages import marked

COUNT = "records"


def seal(job: Job) -> None:
    """Write the slices of one accepted version, one for each dataset of its instrument.

    Safe to run twice: the same records give the same file, and the row is written once.
    """
    sealing = queue.arguments(job, Sealing)
    submission, version = _locked().get(pk=sealing.submission), sealing.version
    if submission.state != Submission.State.ACCEPTED or submission.version != version:
        raise queue.GaveUp(marked("The submission is no longer accepted in this version."))
    for dataset in datasets.of_instrument(submission.instrument.code):
        worker.progress(job, stage=dataset.code)
        _write(submission, dataset)


def seal_missing(dataset: Dataset) -> None:
    """Seal what is accepted but has no slice of this design: its job waits, or the dataset is new.

    A submission that was opened again meanwhile is left out: its records may have changed.
    """
    sealed = Slice.objects.filter(
        dataset=dataset.code, design=dataset.design, version=F("submission__accepted_version")
    )
    for submission in accepted(dataset).exclude(pk__in=sealed.values("submission")):
        _write(submission, dataset)


def accepted(dataset: Dataset) -> QuerySet[Submission]:
    """Return what is accepted for a dataset and was not opened again since; until commit nobody opens it."""
    return (
        _locked()
        .filter(
            instrument__code__in=dataset.instruments,
            state=Submission.State.ACCEPTED,
            accepted_version=F("version"),
        )
        .order_by("pk")
    )


def cells_of(piece: Slice, dataset: Dataset, *, published: bool = False) -> pa.Table:
    """Read a slice. Raises `GaveUp` if its file is not the one written, or its codes are of another design.

    published: it stands behind figures that are out, and codes may have been added to the lists since.
    """
    if piece.design != dataset.design and not published:
        raise queue.GaveUp(
            marked(
                "%(slice)s was sealed before the dataset was changed, and is open now. Accept it "
                "again, then publish."
            ),
            slice=piece.submission,
        )
    return read_private(piece.path, piece.sha256)


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
    """Count the records of a submission by what each tells by itself: text codes and `records`."""
    columns = ", ".join(f'{s.sql()} AS "{s.name}"' for s in dataset.recorded)
    places = ", ".join(str(k + 1) for k in range(len(dataset.recorded)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}, {measured(dataset)} FROM records_record r"
            " JOIN records_submission s ON s.id = r.submission_id"
            f" WHERE r.submission_id = %s {chosen(dataset)} GROUP BY {places} ORDER BY {places}",
            [submission.pk],
        )
        return counted([d.name for d in dataset.recorded], cursor.fetchall())


def measured(dataset: Dataset) -> str:
    """Return the expression that adds up what a dataset measures: records and counts, or an amount in whole units."""
    if dataset.measure == "count":
        return "sum(r.count)::bigint"
    return f"coalesce(round(sum((r.extras->>'{dataset.measure}')::numeric)), 0)::bigint"


def chosen(dataset: Dataset) -> str:
    """Return the condition, beginning with AND, that leaves the records which the dataset counts; or nothing."""
    codes = (
        f" AND {column_of(name)} IN ({quoted(wanted)})" for name, wanted in dataset.records.items()
    )
    return "".join(codes)


def counted(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Return rows of codes and a count as a table: a column of texts for each name, and `records`."""
    columns = list(zip(*rows, strict=True)) or [()] * (len(names) + 1)
    texts = {
        name: pa.array(codes, pa.string()) for name, codes in zip(names, columns, strict=False)
    }
    return pa.table({**texts, COUNT: pa.array(columns[-1], pa.int64())})
