"""Building a release: the only writer of releases."""

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Max

from jobs import queue, worker
from jobs.queue import Job
from records.models import Instrument
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact import cube, private_files, slices
from reports.exact.cube import slices_in_force
from reports.models import Blob, Build, Release, Slice
from reports.published.editions import CELLS, VALUE
from reports.releases.protecting import METHOD, Protected, protect, require_secret
from reports.releases.verbs import Publishing
from standards.languages import marked
from standards.periods import periods_between


def build_release(job: Job) -> None:
    """Build the release of the job: pin inputs, add up, protect, judge, freeze. One transaction."""
    code = queue.arguments(job, Publishing).dataset
    dataset = datasets.datasets().get(code)
    if dataset is None:
        raise queue.GaveUp(marked("There is no dataset %(code)s."), code=code)
    require_secret(code)
    worker.progress(job, stage=marked("adding up"))
    slices.seal_missing(dataset)
    inputs = list(slices_in_force(dataset))
    if not inputs:
        raise queue.GaveUp(marked("Nothing is accepted yet, so there is nothing to publish."))
    exact = cube.add_up([slices.cells_of(s, dataset) for s in inputs], dataset.names)
    earlier = list(
        Build.objects.filter(release__dataset=dataset.code).select_related("release").order_by("pk")
    )
    number = (Release.objects.filter(dataset=dataset.code).aggregate(n=Max("number"))["n"] or 0) + 1
    worker.progress(job, stage=marked("protecting"), cells=exact.num_rows)
    protected = protect(dataset, exact, earlier, number)
    cells = exact.append_column(VALUE, pa.array(protected.rounded, pa.int64()))
    release = _freeze(dataset, number, cells, inputs, protected)
    _record_build(release, cells, protected, inputs, earlier, job)


def _missing(
    dataset: Dataset, periods: Sequence[str], inputs: Sequence[Slice]
) -> list[dict[str, str]]:
    """Return what is not in the release, by agency that delivers and period: status O, never zero.

    An agency is expected from the first period it has delivered; one that never has, in all.
    """
    delivered = {(s.submission.agency.code, s.submission.period) for s in inputs}
    agencies = Instrument.objects.get(code=dataset.instrument).agencies.order_by("code")
    delivering = [agency.code for agency in agencies]
    first = {code: min((p for c, p in delivered if c == code), default="") for code in delivering}
    return [
        {"agency": code, "period": period}
        for period in periods
        for code in delivering
        if period >= first[code] and (code, period) not in delivered
    ]


def _freeze(
    dataset: Dataset, number: int, cells: pa.Table, inputs: Sequence[Slice], protected: Protected
) -> Release:
    """Store what readers will see: the protected cells, and the structure that explains them."""
    public = cells.filter(pc.greater(cells[VALUE], 0)).drop_columns([cube.COUNT])
    content = private_files.as_bytes(public)
    # The periods of what was accepted, not of the cells: an empty submission is a zero, and a period
    # in between that nobody delivered is listed as missing.
    accepted = [s.submission.period for s in inputs]
    periods = periods_between(min(accepted), max(accepted))
    structure = dataset.structure(periods).as_json()
    release = Release.objects.create(
        dataset=dataset.code,
        number=number,
        structure={**structure, "accuracy": protected.accuracy},
        missing=_missing(dataset, periods, inputs),
        checksum=hashlib.sha256(content).hexdigest(),
    )
    Blob.objects.create(
        release=release, name=CELLS, media_type="application/vnd.apache.parquet", content=content
    )
    return release


def _record_build(
    release: Release,
    cells: pa.Table,
    protected: Protected,
    inputs: Sequence[Slice],
    earlier: Sequence[Build],
    job: Job,
) -> None:
    """Record privately how the release was built: its inputs, and its cells before and after protection."""
    # The path names the content: a worker that was overtaken cannot write over the file of the other.
    content = private_files.as_bytes(cells)
    digest = hashlib.sha256(content).hexdigest()
    path = f"cubes/{release.dataset}/{release.number}-{digest[:16]}.parquet"
    Build.objects.create(
        release=release,
        inputs=[
            {"slice": s.pk, "submission": s.submission_id, "version": s.version, "sha256": s.sha256}
            for s in inputs
        ],
        predecessor=earlier[-1].release if earlier else None,
        method=METHOD,
        seed_id=protected.seed_id,
        gates=[gate.as_dict() for gate in protected.gates],
        errors=protected.errors,
        cells_path=path,
        cells_sha256=private_files.write_private(path, content),
        built_by_id=queue.arguments(job, Publishing).by,
    )
