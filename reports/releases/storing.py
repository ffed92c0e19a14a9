"""Storing a release: what readers will see of it, and privately how it came to be."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from agencies.models import Agency
from reports.designs.datasets import Dataset
from reports.exact import private_files
from reports.models import Blob, Build, Release, Slice
from reports.published import seals
from reports.published.editions import VALUE
from reports.published.structure import (
    NOT_BROKEN_DOWN,
    PublishedTable,
    PublishedYear,
    Structure,
    with_code,
)
from reports.releases import held, residences
from reports.releases.accuracy import Accuracy, accuracy_of
from reports.releases.held import Held
from reports.releases.numbering import COUNT, Numbering
from reports.releases.protecting import METHOD, ProtectedYear
from reports.releases.seeds import seed_id
from reports.releases.years import Plan, Published
from standards import codelists
from standards.editions import FIRST

PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Contents:
    """What a release is made of, before it is stored. Private.

    known: what readers have had; plans: what is done with each year; years: what came of it, in the same order;
    followed: of years that come to their end, their crossings as `residences.followed` has them.
    """

    numbering: Numbering
    number: int
    known: Published
    plans: Sequence[Plan]
    years: Sequence[ProtectedYear]
    followed: Mapping[str, pa.Table]

    @property
    def dataset(self) -> Dataset:
        return self.numbering.dataset

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """Return each table of the family with all years and its true counts."""
        return joined(self.dataset, self.years)

    @cached_property
    def accuracy(self) -> Accuracy:
        return accuracy_of(self.numbering, self.years)

    @cached_property
    def pieces(self) -> list[tuple[str, Held]]:
        """Return every slice behind the release with its year and the rows that were held back."""
        return [
            (plan.code, piece)
            for plan in self.plans
            for piece in held.held_of(plan.pieces, self.known)
        ]


def store(contents: Contents, *, by: int) -> Release:
    """Store a release and how it was built. by: the person who asked for it."""
    release = _freeze(contents)
    _record_build(release, contents, by)
    return release


def _freeze(contents: Contents) -> Release:
    """Store what readers will see: the tables of the family, and the structure that explains them."""
    public = {name: public_part(table) for name, table in contents.tables.items()}
    files = {f"{name}.parquet": private_files.as_bytes(table) for name, table in public.items()}
    structure = _structure(contents, public, files)
    pieces = [piece for _year, piece in contents.pieces]
    told = tuple(held.shares(structure, pieces))
    release = Release(
        dataset=contents.dataset.code,
        number=contents.number,
        structure={
            **replace(structure, held=told).as_json(),
            "accuracy": contents.accuracy.stated,
        },
        missing=_missing(contents.dataset, structure.periods, [piece for piece, _rows in pieces]),
        checksum=seals.checksum_of(files),
    )
    release.seal = seals.seal(release, [(name, PARQUET, data) for name, data in files.items()])
    release.save()
    Blob.objects.bulk_create(
        Blob(release=release, name=name, media_type=PARQUET, content=data)
        for name, data in files.items()
    )
    return release


def _missing(
    dataset: Dataset, periods: Sequence[str], inputs: Sequence[Slice]
) -> list[dict[str, str]]:
    """Return what is not in the release, by agency that delivers and period: status O, never zero.

    An agency is expected from the first period it has delivered; one that never has, in all.
    """
    delivered = {(s.submission.agency.code, s.submission.period) for s in inputs}
    agencies = Agency.objects.filter(instruments__code__in=dataset.instruments).distinct()
    delivering = [agency.code for agency in agencies.order_by("code")]
    first = {code: min((p for c, p in delivered if c == code), default="") for code in delivering}
    return [
        {"agency": code, "period": period}
        for period in periods
        for code in delivering
        if period >= first[code] and (code, period) not in delivered
    ]


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
    contents: Contents, public: Mapping[str, pa.Table], files: Mapping[str, bytes]
) -> Structure:
    """Return the structure of a release: its periods, codes, tables, and the state of its years."""
    dataset, numbering = contents.dataset, contents.numbering
    codes = {plan.code for plan in contents.plans}
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
            PublishedYear(plan.code, plan.version, plan.is_over, plan.is_final)
            for plan in contents.plans
        ),
        elsewhere=dict(contents.known.elsewhere),
    )


def _not_broken_down(public: Mapping[str, pa.Table]) -> set[str]:
    """Return the dimensions that some figures are not broken down by."""
    return {
        name
        for table in public.values()
        for name in table.column_names
        if name != VALUE and pc.any(pc.equal(table[name], NOT_BROKEN_DOWN)).as_py()
    }


def _record_build(release: Release, contents: Contents, by: int) -> None:
    """Record privately how the release was built: its inputs, and its tables before and after protection."""
    dataset, periods = contents.dataset, contents.numbering.structure.periods
    before, years, accuracy = contents.known.source, contents.years, contents.accuracy
    closing = {
        p.code: contents.followed[p.code] for p in contents.plans if _is_followed(p, contents)
    }
    conflicts = dict.fromkeys(conflict for year in years for conflict in year.conflicts)
    Build.objects.create(
        release=release,
        inputs=[_pinned(piece, rows, year) for year, (piece, rows) in contents.pieces],
        predecessor=before.release if before else None,
        method=METHOD,
        tree=dataset.tree,
        lists=_editions_of(dataset),
        span=[periods[0], periods[-1]],
        seed_id=seed_id(dataset.code, release.number),
        years=[year.year.as_json() for year in years],
        residences=residences.pin(dataset.code, release.number, closing, before),
        gates=[{**gate.as_dict(), "year": year.year.code} for year in years for gate in year.gates],
        errors=accuracy.errors,
        nearness=[asdict(table) for table in accuracy.nearness],
        conflicts=[conflict.as_json() for conflict in conflicts],
        files={
            name: private_files.write_table(
                f"families/{release.dataset}/{release.number}-{name}", t
            )
            for name, t in contents.tables.items()
        },
        built_by_id=by,
    )


def _editions_of(dataset: Dataset) -> dict[str, int]:
    """Return the editions of the code lists of a dataset, of those that had a later one than the delivered."""
    lists = {design.codelist for design in dataset.dimensions if design.codelist}
    numbers = {name: codelists.number_of(name) for name in sorted(lists)}
    return {name: number for name, number in numbers.items() if number > FIRST}


def _is_followed(plan: Plan, contents: Contents) -> bool:
    """Say whether a year comes to its end in this release, so that its crossings are pinned as they were followed."""
    return plan.closes and plan.code in contents.followed


def _pinned(piece: Slice, rows: int | None, year: str) -> dict[str, Any]:
    return {
        "slice": piece.pk,
        "submission": piece.submission_id,
        "version": piece.version,
        "sha256": piece.sha256,
        "year": year,
        "held": rows,
    }
