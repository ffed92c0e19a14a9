"""Building a release: the only writer of releases."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Max

from jobs import queue, worker
from jobs.queue import Job
from records.models import Instrument
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact import private_files, slices
from reports.exact.cube import slices_in_force
from reports.models import Blob, Build, Release, Slice
from reports.protection.gates import LEAST_CHANGED, VERSIONS
from reports.published import seals
from reports.published.editions import VALUE
from reports.published.structure import (
    NOT_BROKEN_DOWN,
    PublishedTable,
    PublishedYear,
    Structure,
    with_code,
)
from reports.releases import held, residences, years
from reports.releases.accuracy import accuracy_of, nearness_in
from reports.releases.conflicts import Conflict
from reports.releases.numbering import COUNT, Numbering
from reports.releases.protecting import METHOD, ProtectedYear, changed_records, protect
from reports.releases.seeds import require_secret, seed_id
from reports.releases.verbs import Publishing
from reports.releases.years import Plan, Published
from standards.languages import marked
from standards.periods import periods_between

PARQUET = "application/vnd.apache.parquet"


def build_release(job: Job) -> None:
    """Build the release of the job: pin inputs, protect each year, judge, freeze. One transaction."""
    asked = queue.arguments(job, Publishing)
    dataset = datasets.datasets().get(asked.dataset)
    if dataset is None:
        raise queue.GaveUp(marked("There is no dataset %(code)s."), code=asked.dataset)
    if Release.objects.filter(dataset=dataset.code, state=Release.State.BUILT).exists():
        raise queue.GaveUp(
            marked("A built release waits already. Release it, or withdraw it first.")
        )
    require_secret(dataset.code)
    worker.progress(job, stage=marked("adding up"))
    slices.seal_missing(dataset)
    known, in_force = years.published(dataset), list(slices_in_force(dataset))
    numbering = Numbering.of(dataset, _periods(known, in_force))
    structure, finish = numbering.structure, asked.finish
    due = years.plans(structure, known, in_force, redrawn=finish, finished=finish)
    followed = residences.followed(numbering, due)
    planned = _planned(numbering, known, in_force, finish, followed)
    number = (Release.objects.filter(dataset=dataset.code).aggregate(n=Max("number"))["n"] or 0) + 1
    protected = []
    for plan in planned:
        worker.progress(job, stage=marked("protecting"), year=plan.code)
        protected.append(protect(numbering, plan, known, number, followed.get(plan.code)))
    release = _freeze(numbering, number, known, planned, protected)
    _record_build(release, numbering, known, planned, protected, followed, asked.by)


def _periods(known: Published, in_force: Sequence[Slice]) -> list[str]:
    """Return the periods from the first to the last that was ever accepted: one in between is missing, not absent."""
    every = [piece.submission.period for piece in in_force]
    every += [period for year in known.years.values() for period in year.periods]
    if not every:
        raise queue.GaveUp(marked("Nothing is accepted yet, so there is nothing to publish."))
    return periods_between(min(every), max(every))


def _planned(
    numbering: Numbering,
    known: Published,
    in_force: Sequence[Slice],
    finish: Sequence[str],
    followed: Mapping[str, pa.Table],
) -> list[Plan]:
    """Plan every year; those to finish are drawn again if enough records changed. Raises `GaveUp`."""
    structure = numbering.structure
    redrawn = list(_redrawn(numbering, known, in_force, finish, followed))
    planned = list(years.plans(structure, known, in_force, redrawn=redrawn, finished=finish))
    if not planned:
        raise queue.GaveUp(
            marked(
                "All that is accepted is out in another form already, and nothing is published twice: "
                "%(years)s. Wait for the first period of a new year."
            ),
            years=[f"{year} ({release})" for year, release in known.elsewhere.items()],
        )
    is_out = known.source and known.source.release.state == Release.State.RELEASED
    if known.source and is_out and not finish and all(plan.stays for plan in planned):
        raise queue.GaveUp(
            marked(
                "Nothing is accepted that %(release)s does not have. What was corrected in periods that "
                "are out waits until their year is made final."
            ),
            release=known.source.release,
        )
    return planned


def _redrawn(
    numbering: Numbering,
    known: Published,
    in_force: Sequence[Slice],
    finish: Sequence[str],
    followed: Mapping[str, pa.Table],
) -> Iterator[str]:
    """Yield the years to finish that are drawn again. Raises `GaveUp` for a year that cannot be final."""
    again = years.plans(numbering.structure, known, in_force, redrawn=finish, finished=finish)
    plans = {plan.code: plan for plan in again}
    for year in finish:
        plan, out = plans.get(year), known.years.get(year)
        if plan is None or out is None:
            raise queue.GaveUp(
                marked("%(year)s cannot be made final: no release of this design has it."),
                year=year,
            )
        if not plan.is_over:
            raise queue.GaveUp(
                marked("%(year)s is not over, so it cannot be final. Wait for its last period."),
                year=year,
            )
        if out.is_final:
            raise queue.GaveUp(marked("%(year)s is final already."), year=year)
        changed = changed_records(numbering, known, plan, followed.get(year))
        if changed >= LEAST_CHANGED and plan.version <= VERSIONS:
            yield year


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
    numbering: Numbering,
    number: int,
    known: Published,
    planned: Sequence[Plan],
    protected: Sequence[ProtectedYear],
) -> Release:
    """Store what readers will see: the tables of the family, and the structure that explains them."""
    dataset = numbering.dataset
    public = {name: public_part(table) for name, table in joined(dataset, protected).items()}
    files = {f"{name}.parquet": private_files.as_bytes(table) for name, table in public.items()}
    structure = _structure(numbering, known, planned, public, files)
    pieces = [piece for plan in planned for piece in plan.pieces]
    told = tuple(held.shares(structure, held.held_of(pieces, known)))
    release = Release(
        dataset=dataset.code,
        number=number,
        structure={
            **replace(structure, held=told).as_json(),
            "accuracy": accuracy_of(numbering, protected)[1],
        },
        missing=_missing(dataset, structure.periods, pieces),
        checksum=seals.checksum_of(files),
    )
    release.seal = seals.seal(release, [(name, PARQUET, data) for name, data in files.items()])
    release.save()
    Blob.objects.bulk_create(
        Blob(release=release, name=name, media_type=PARQUET, content=data)
        for name, data in files.items()
    )
    return release


def joined(dataset: Dataset, protected: Sequence[ProtectedYear]) -> dict[str, pa.Table]:
    """Return each table of the family with all years. Private: it has the true counts."""
    return {
        table.name: pa.concat_tables([year.tables[table.name] for year in protected])
        for table in dataset.family.tables
    }


def public_part(table: pa.Table) -> pa.Table:
    """Return what readers may have of a table: cells that are published above zero, without true counts."""
    return table.filter(pc.greater(table[VALUE], 0)).drop_columns([COUNT])


def _structure(
    numbering: Numbering,
    known: Published,
    planned: Sequence[Plan],
    public: Mapping[str, pa.Table],
    files: Mapping[str, bytes],
) -> Structure:
    """Return the structure of a release: its periods, codes, tables, and the state of its years."""
    dataset, codes = numbering.dataset, {plan.code for plan in planned}
    periods = [
        period
        for period in numbering.structure.periods
        if numbering.structure.part_of(numbering.longest, period) in codes
    ]
    structure, waiting = dataset.structure(periods), _not_broken_down(public)
    return replace(
        structure,
        dimensions=tuple(
            with_code(dimension, NOT_BROKEN_DOWN) if dimension.name in waiting else dimension
            for dimension in structure.dimensions
        ),
        tables=tuple(
            PublishedTable(
                table.name,
                table.of,
                table.columns,
                cells=public[table.name].num_rows,
                sha256=hashlib.sha256(files[f"{table.name}.parquet"]).hexdigest(),
            )
            for table in dataset.family.tables
        ),
        years=tuple(
            PublishedYear(plan.code, plan.version, plan.is_over, plan.is_final) for plan in planned
        ),
        elsewhere=dict(known.elsewhere),
    )


def _not_broken_down(public: Mapping[str, pa.Table]) -> set[str]:
    """Return the dimensions that some figures are not broken down by."""
    return {
        name
        for table in public.values()
        for name in table.column_names
        if name != VALUE and pc.any(pc.equal(table[name], NOT_BROKEN_DOWN)).as_py()
    }


def _record_build(
    release: Release,
    numbering: Numbering,
    known: Published,
    planned: Sequence[Plan],
    protected: Sequence[ProtectedYear],
    followed: Mapping[str, pa.Table],
    by: int,
) -> None:
    """Record privately how the release was built: its inputs, and its tables before and after protection."""
    dataset = numbering.dataset
    closing = {
        plan.code: followed[plan.code] for plan in planned if plan.code in followed and plan.closes
    }
    Build.objects.create(
        release=release,
        inputs=[
            _pinned(piece, rows, plan)
            for plan in planned
            for piece, rows in held.held_of(plan.pieces, known)
        ],
        predecessor=known.source.release if known.source else None,
        method=METHOD,
        tree=dataset.tree,
        span=[numbering.structure.periods[0], numbering.structure.periods[-1]],
        seed_id=seed_id(dataset.code, release.number),
        years=[year.year.as_json() for year in protected],
        residences=residences.pin(dataset.code, release.number, closing, known.source),
        gates=[
            {**gate.as_dict(), "year": year.year.code} for year in protected for gate in year.gates
        ],
        errors=accuracy_of(numbering, protected)[0],
        nearness=[asdict(table) for table in nearness_in(numbering, protected)],
        conflicts=[conflict.as_json() for conflict in _every_conflict(protected)],
        files=_write_private(release, joined(dataset, protected)),
        built_by_id=by,
    )


def _pinned(piece: Slice, rows: int | None, plan: Plan) -> dict[str, Any]:
    return {
        "slice": piece.pk,
        "submission": piece.submission_id,
        "version": piece.version,
        "sha256": piece.sha256,
        "year": plan.code,
        "held": rows,
    }


def _every_conflict(protected: Sequence[ProtectedYear]) -> list[Conflict]:
    return list(dict.fromkeys(conflict for year in protected for conflict in year.conflicts))


def _write_private(release: Release, tables: Mapping[str, pa.Table]) -> dict[str, dict[str, str]]:
    """Write the tables with true counts; return the path and the checksum of each."""
    files = {}
    for name, table in tables.items():
        # The path names the content: a worker that was overtaken cannot write over the file of the other.
        content = private_files.as_bytes(table)
        digest = hashlib.sha256(content).hexdigest()
        path = f"families/{release.dataset}/{release.number}-{name}-{digest[:16]}.parquet"
        files[name] = {"path": path, "sha256": private_files.write_private(path, content)}
    return files
