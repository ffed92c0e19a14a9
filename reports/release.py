"""Building, releasing and withdrawing: the only writer of releases."""

import hashlib
import hmac
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.access import Permission
from agencies.models import Agency, Person
from migdata import jobs
from migdata.jobs import Job
from records.models import Instrument, Submission
from records.review import Refused
from reports import cube, design, disclosure, gates, slices
from reports.design import Dataset
from reports.models import Blob, Build, Release, Slice
from reports.structure import SEX, TIME

METHOD = "controlled cube rounding 1"
SWEEPS = (40, 150)  # more only where the margins are too far off (docs/disclosure.md, 6)
CELLS, VALUE = "cells.parquet", "value"
State = Release.State


def build(dataset: str, *, by: Person) -> Job:
    """Ask for a new release of a dataset from everything that is accepted. Raises `Denied`, `Refused`."""
    access.require(by, Permission.PUBLISH)
    if dataset not in design.datasets():
        raise Refused(_("There is no dataset %(code)s.") % {"code": dataset})
    if Release.objects.filter(dataset=dataset, state=State.BUILT).exists():
        raise Refused(_("A built release waits already. Release it, or withdraw it first."))
    audit.record("build", f"dataset:{dataset}", by=by)
    return jobs.enqueue(
        "reports.publish",
        key=f"publish:{dataset}",
        args={"dataset": dataset, "by": by.pk},
        agencies=list(Agency.objects.values_list("pk", flat=True)),
        by=by,
    )


def make(job: Job) -> None:
    """Build the release of the job: pin inputs, add up, protect, judge, freeze. One transaction."""
    dataset = design.datasets()[job.args["dataset"]]
    jobs.progress(job, stage="adding up")
    inputs = list(slices_in_force(dataset))
    if not inputs:
        raise jobs.GaveUp(_("Nothing is accepted yet, so there is nothing to publish."))
    exact = cube.add_up([slices.read_private(s.path, s.sha256) for s in inputs], dataset.names)
    earlier = list(
        Build.objects.filter(release__dataset=dataset.code).select_related("release").order_by("pk")
    )
    number = (Release.objects.filter(dataset=dataset.code).aggregate(n=Max("number"))["n"] or 0) + 1
    key, seed_id = _seed(dataset.code, number)
    jobs.progress(job, stage="protecting", cells=exact.num_rows)
    rounded, measured = _protect(dataset, exact, [_ledger(b) for b in earlier], key)
    _refuse_failed(measured)
    whole = exact.append_column(VALUE, pa.array(rounded, pa.int64()))
    made = _freeze(dataset, number, whole)
    path = f"cubes/{dataset.code}/{number}-{made.checksum[:16]}.parquet"
    slices.write_private(path, whole)
    Build.objects.create(
        release=made,
        inputs=[
            {"slice": s.pk, "submission": s.submission_id, "version": s.version, "sha256": s.sha256}
            for s in inputs
        ],
        predecessor=earlier[-1].release if earlier else None,
        method=METHOD,
        seed_id=seed_id,
        gates=[g.as_dict() for g in measured],
        cells_path=path,
        built_by_id=job.args["by"],
    )


def release(made: Release, *, by: Person) -> None:
    """Make a built release public. Raises `Denied`, `Refused`."""
    access.require(by, Permission.PUBLISH)
    with transaction.atomic():
        moved = Release.objects.filter(pk=made.pk, state=State.BUILT).update(
            state=State.RELEASED, released_at=timezone.now()
        )
        if not moved:
            raise Refused(_("This release is no longer waiting; somebody else was quicker."))
        Build.objects.filter(release=made).update(released_by=by)
    audit.record("release", f"release:{made.pk}", by=by)
    made.refresh_from_db()


def withdraw(made: Release, *, by: Person, reason: str) -> None:
    """Take a release back, with a reason that stays in view. The one before it is in force again."""
    access.require(by, Permission.PUBLISH)
    if not reason.strip():
        raise Refused(_("Say why; readers see this reason."))
    with transaction.atomic():
        moved = (
            Release.objects.filter(pk=made.pk)
            .exclude(state=State.WITHDRAWN)
            .update(
                state=State.WITHDRAWN,
                withdrawn_at=timezone.now(),
                withdrawn_because=reason.strip(),
            )
        )
        if not moved:
            raise Refused(_("This release is withdrawn already."))
        Build.objects.filter(release=made).update(withdrawn_by=by)
    audit.record("withdraw", f"release:{made.pk}", by=by, reason=reason.strip())
    made.refresh_from_db()


def slices_in_force(dataset: Dataset) -> Any:
    """Return the slices of the last accepted version of every submission."""
    return (
        Slice.objects.filter(dataset=dataset.code, version=F("submission__accepted_version"))
        .select_related("submission")
        .order_by("submission")
    )


def missing(dataset: Dataset, periods: list[str]) -> list[dict[str, str]]:
    """Return what was not accepted, for each agency that delivers and each period: status O, never zero."""
    instrument = Instrument.objects.get(code=dataset.instrument)
    there = set(
        Submission.objects.filter(
            instrument=instrument, accepted_version__isnull=False
        ).values_list("agency__code", "period")
    )
    return [
        {"agency": agency.code, "period": period}
        for period in periods
        for agency in instrument.agencies.order_by("code")
        if (agency.code, period) not in there
    ]


def exact_of(dataset: Dataset) -> pa.Table:
    """Return the exact cube of everything accepted. Only for those who may tabulate; audited by callers."""
    found = [slices.read_private(s.path, s.sha256) for s in slices_in_force(dataset)]
    if not found:
        raise Refused(_("Nothing is accepted yet."))
    return cube.add_up(found, dataset.names)


def _seed(dataset: str, number: int) -> tuple[bytes, str]:
    """Return the seed of a release and a name for it that does not give it away."""
    secret = settings.DISCLOSURE_SECRET.encode()
    key = hmac.new(secret, f"{dataset}\x1f{number}".encode(), hashlib.sha256).digest()
    return key, hashlib.sha256(b"seed id" + key).hexdigest()


def _ledger(build: Build) -> pa.Table:
    """All cells of an earlier release, exact and rounded: what keeps unchanged cells at their value."""
    return slices.read_private(build.cells_path)


def _protect(
    dataset: Dataset, exact: pa.Table, ledgers: list[pa.Table], key: bytes
) -> tuple[gates.Integers, list[gates.Gate]]:
    """Return the (n,) rounded counts of the exact cells and what the gates measured."""
    names = dataset.protected
    structure = dataset.structure(
        cube.periods_of(pa.concat_tables([exact, *ledgers], promote_options="default"))
    )
    counts, codes = cube.counts(exact), cube.code_numbers(exact, structure, names)
    known = [
        (cube.code_numbers(t, structure, names), cube.counts(t), cube.counts(t, VALUE))
        for t in ledgers
    ]
    strata = (names.index(SEX), names.index(TIME))
    everything = tuple(map(np.concatenate, zip(*known, strict=True))) if known else None
    for sweeps in SWEEPS:
        rounded = disclosure.protect(
            counts, codes, dataset.base, key, everything, strata=strata, sweeps=sweeps
        )
        measured = gates.judge(
            counts,
            codes,
            rounded,
            base=dataset.base,
            strata=strata,
            previous=known[-1] if known else None,
        )
        if all(gate.passed for gate in measured):
            break
    return rounded, measured


def _refuse_failed(measured: list[gates.Gate]) -> None:
    failed = [gate for gate in measured if not gate.passed]
    if failed:
        said = "; ".join(f"{g.name}: {abs(g.measured):g} ({abs(g.allowed):g})" for g in failed)
        raise jobs.GaveUp(
            _(
                "The protected figures do not pass: %(gates)s. Wait for more records, or make the "
                "dataset coarser."
            )
            % {"gates": said}
        )


def _freeze(dataset: Dataset, number: int, whole: pa.Table) -> Release:
    """Store what readers will see: the protected cells, and the structure that explains them."""
    public = whole.filter(pc.greater(whole[VALUE], 0)).drop_columns([cube.COUNT])
    buffer = io.BytesIO()
    pq.write_table(public, buffer, compression="zstd")
    content = buffer.getvalue()
    # The periods of the exact cells: a period all of whose cells were rounded to 0 is shown as 0.
    periods = cube.periods_of(whole)
    made = Release.objects.create(
        dataset=dataset.code,
        number=number,
        structure=dataset.structure(periods).as_json(),
        missing=missing(dataset, periods),
        checksum=hashlib.sha256(content).hexdigest(),
    )
    Blob.objects.create(
        release=made, name=CELLS, media_type="application/vnd.apache.parquet", content=content
    )
    return made
