"""Proving that a release is what its records give: it is rebuilt from what its build pinned, and compared bit by bit.

A build pins the slices behind every year, the steps in which the year was rounded (each names its draw), the method and
the secret. Each year is rounded again from its own first step, in whichever release that was; then every public and every
private file has to have the very bytes that were built, and what is stored has to be those bytes.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.roles import Permission
from jobs.queue import GaveUp
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact import private_files
from reports.models import Build, Release, Slice
from reports.published import seals
from reports.published.structure import NOT_BROKEN_DOWN, TIME, Dimension, Item, Structure
from reports.releases import protecting, residences, seeds, storing
from reports.releases.families import Stand, round_step
from reports.releases.numbering import Numbering
from reports.releases.protecting import METHOD, ProtectedYear
from reports.releases.years import Year
from standards.periods import periods_between


@dataclass(frozen=True)
class Verdict:
    """What was found of one release. faults: what is not as it was built, in words; empty where all is equal.

    rebuilt: how many files were made again and compared; 0 where that cannot be done, and `note` says why.
    """

    release: str
    faults: list[str]
    rebuilt: int = 0
    note: str = ""

    @property
    def is_equal(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class _Kept:
    """One release with its build and the dataset as it is designed now."""

    release: Release
    build: Build
    dataset: Dataset

    @cached_property
    def years(self) -> list[Year]:
        return [Year.from_json(content) for content in self.build.years]

    @cached_property
    def builds(self) -> dict[int, Build]:
        """Return the builds of the releases in which the years were rounded, by number."""
        numbers = {self.release.number, *(s.release for y in self.years for s in y.steps)}
        found = Build.objects.filter(
            release__dataset=self.dataset.code, release__number__in=numbers
        )
        return {build.release.number: build for build in found.select_related("release")}


def verify(release: Release, *, by: Person) -> Verdict:
    """Rebuild a release and compare it with what is stored and what was pinned; change nothing. Raises `Denied`.

    A release from before families, of another tree or method, cannot be rebuilt by this program: its checksums and its
    seal are compared.
    """
    access.require(by, Permission.PUBLISH)
    verdict = _judged(release)
    audit.record(
        "verify", f"release:{release.pk}", name=str(release), by=by, equal=verdict.is_equal
    )
    return verdict


def _judged(release: Release) -> Verdict:
    build = Build.objects.get(release=release)
    faults = [*_public_faults(release), *_private_faults(build)]
    dataset = datasets.datasets().get(release.dataset)
    note = _hindrance(build, dataset)
    if dataset is None or note:
        return Verdict(str(release), faults, note=note)
    kept = _Kept(release, build, dataset)
    if hindering := [*_secret_faults(kept), *_chain_faults(kept)]:
        return Verdict(str(release), [*faults, *hindering])
    pieces, missing = _pieces(build)
    if missing:
        return Verdict(str(release), [*faults, *missing])
    try:
        rebuilt = [_rebuilt(kept, year, pieces.get(year.code, ())) for year in kept.years]
    except (
        ValueError,
        KeyError,
        GaveUp,
    ) as problem:  # what is pinned does not fit together, or is gone
        text = _("It cannot be rebuilt from what it pinned: %(problem)s") % {"problem": problem}
        return Verdict(str(release), [*faults, text])
    compared = list(_differences(kept, rebuilt))
    return Verdict(str(release), [*faults, *compared], rebuilt=2 * len(build.files))


def _hindrance(build: Build, dataset: Dataset | None) -> str:
    """Return why a release cannot be rebuilt by this program, so that only its checksums and seal count; or nothing."""
    if dataset is None:
        return _("There is no dataset %(code)s.") % {"code": build.release.dataset}
    if not build.tree:
        return _("It was built before families of tables.")
    if build.method != METHOD:
        return _("It was made by “%(method)s”; this program has “%(own)s”.") % {
            "method": build.method,
            "own": METHOD,
        }
    return "" if build.tree == dataset.tree else _("The tree of its dataset is another one now.")


def _public_faults(release: Release) -> Iterator[str]:
    """Yield what is wrong with the stored files that readers have, each by its name."""
    stored = {name: content for name, _kind, content in seals.files_of(release)}
    for table in release.structure.get("tables", ()):
        name = f"{table['name']}.parquet"
        content = stored.pop(name, None)
        if content is None:
            yield _("The public file %(name)s is missing.") % {"name": name}
        elif hashlib.sha256(content).hexdigest() != table["sha256"]:
            yield _("The public file %(name)s was changed.") % {"name": name}
    if fault := seals.fault_of(release):
        yield fault.text


def _private_faults(build: Build) -> Iterator[str]:
    """Yield what is wrong with the stored private files, each by its path."""
    for path, sha256 in build.private_files:
        try:
            private_files.read_private(path, sha256)
        except GaveUp as problem:
            yield str(problem)


def _secret_faults(kept: _Kept) -> Iterator[str]:
    """Yield the releases that were rounded with another secret than the one of this process."""
    for number, build in sorted(kept.builds.items()):
        if build.seed_id != seeds.seed_id(kept.dataset.code, number):
            yield _(
                "The secret of the rounding is not the one that %(release)s was rounded with."
            ) % {"release": build.release}


def _chain_faults(kept: _Kept) -> Iterator[str]:
    """Yield what does not follow from the release before: a year that is not drawn anew begins as it stood there."""
    before = kept.build.predecessor
    earlier = {y["code"]: Year.from_json(y) for y in before.build.years} if before else {}
    for year in kept.years:
        if not year.steps or any(not step.sweeps for step in year.steps):
            yield _("%(year)s does not name the draws that it was rounded by.") % {
                "year": year.code
            }
        stood = earlier.get(year.code)
        if stood is None or stood.version != year.version:
            is_new = all(step.release == kept.release.number for step in year.steps)
        else:
            is_new = year.steps[: len(stood.steps)] == stood.steps
        if not is_new:
            yield _("%(year)s does not follow from %(release)s.") % {
                "year": year.code,
                "release": before or "–",
            }


def _pieces(build: Build) -> tuple[dict[str, list[tuple[str, pa.Table]]], list[str]]:
    """Return (period, exact cells) of the pinned slices by year, and which of them are not as they were pinned."""
    known = Slice.objects.select_related("submission__agency", "submission__instrument").in_bulk(
        [piece["slice"] for piece in build.inputs]
    )
    pieces: dict[str, list[tuple[str, pa.Table]]] = {}
    faults = []
    for pinned in build.inputs:
        piece = known.get(pinned["slice"])
        cells = _cells(piece, pinned["sha256"]) if piece else None
        if piece is None or cells is None:
            faults.append(
                _("The slice of %(submission)s, version %(version)s, is missing or was changed.")
                % {
                    "submission": piece.submission if piece else pinned["submission"],
                    "version": pinned["version"],
                }
            )
        else:
            pieces.setdefault(pinned["year"], []).append((piece.submission.period, cells))
    return pieces, faults


def _cells(piece: Slice, sha256: str) -> pa.Table | None:
    """Return the cells of a slice as they were pinned; a slice that was sealed again for another design has left its
    earlier file beside the new one."""
    folder, _slash, _name = piece.path.rpartition("/")
    sealed_as = f"{piece.submission_id}-v{piece.version}-*.parquet"
    others = sorted(private_files.private(folder).glob(sealed_as))
    for path in (piece.path, *(f"{folder}/{other.name}" for other in others)):
        try:
            return private_files.read_private(path, sha256)
        except GaveUp:
            continue
    return None


def _rebuilt(kept: _Kept, year: Year, pieces: Sequence[tuple[str, pa.Table]]) -> ProtectedYear:
    """Round a year again, release by release, from its own first step. Raises ValueError, KeyError, `GaveUp`."""
    tables: dict[str, pa.Table] = {}
    stand: Stand | None = None
    followed = residences.pinned(kept.build, year.code)
    for number, group in groupby(year.steps, key=lambda step: step.release):
        steps = list(group)
        build = kept.builds[number]
        numbering = _numbering(kept.dataset, build)
        then = next(Year.from_json(y) for y in build.years if y["code"] == year.code)
        if stand:  # what is out is read from its tables, as the builder did
            out = {name: numbering.cells(name, table) for name, table in tables.items()}
            stand = Stand(out, stand.until, stand.is_over)
        until = steps[-1].until
        exact = protecting.exact_from(
            numbering,
            [cells for period, cells in pieces if period <= until],
            followed if then.is_over else None,
        )
        for step in steps:
            stand = round_step(
                numbering,
                exact,
                step,
                partial(seeds.of_year, kept.dataset.code, year.code, year.version),
                is_over=then.is_over and step is steps[-1],
                before=stand,
            ).stand
        tables = {
            name: numbering.stored(name, year.code, cells)
            for name, cells in (stand.family if stand else {}).items()
        }
    return ProtectedYear(year, tables)


def _numbering(dataset: Dataset, build: Build) -> Numbering:
    """Return the numbers of codes as the build had them: code lists may have grown since, so they are those it kept."""
    span = build.span
    if not span:
        every = [period for year in build.years for period in year["periods"]]
        span = [min(every), max(every)]
    numbering = Numbering.of(dataset, periods_between(*span))
    kept = {d.name: d for d in Structure.from_json(build.release.structure).dimensions}
    dimensions = tuple(
        replace(dimension, items=_as_numbered(kept[dimension.name]))
        if dimension.name in kept and dimension.name != TIME
        else dimension
        for dimension in numbering.structure.dimensions
    )
    return Numbering(dataset, replace(numbering.structure, dimensions=dimensions))


def _as_numbered(dimension: Dimension) -> tuple[Item, ...]:
    """Return the codes of a dimension of a release without the one that tells what is not broken down: it has no number."""
    return tuple(item for item in dimension.items if item.code != NOT_BROKEN_DOWN)


def _differences(kept: _Kept, rebuilt: Sequence[ProtectedYear]) -> Iterator[str]:
    """Yield each file that does not come out with the bytes that were built, and the years that differ in it."""
    built = {table["name"]: table["sha256"] for table in kept.release.structure["tables"]}
    for name, table in storing.joined(kept.dataset, rebuilt).items():
        private = hashlib.sha256(private_files.as_bytes(table)).hexdigest()
        public = hashlib.sha256(private_files.as_bytes(storing.public_part(table))).hexdigest()
        if private != kept.build.files[name]["sha256"]:
            yield _("Rebuilt, the private table %(name)s is another one: %(years)s.") % {
                "name": name,
                "years": _years_that_differ(kept, name, rebuilt),
            }
        if public != built[name]:
            yield _("Rebuilt, the public table %(name)s is another one.") % {"name": name}


def _years_that_differ(kept: _Kept, name: str, rebuilt: Sequence[ProtectedYear]) -> str:
    """Name the years whose cells are others than those stored."""
    file: Mapping[str, str] = kept.build.files[name]
    try:
        stored = private_files.read_private(file["path"], file["sha256"])
    except GaveUp:
        return _("which years cannot be told, for the stored one is harmed")
    longest = _numbering(kept.dataset, kept.build).longest
    differing = [
        year.year.code
        for year in rebuilt
        if not year.tables[name].equals(stored.filter(pc.equal(stored[longest], year.year.code)))
    ]
    return ", ".join(differing) or _("the same cells, written by another version of the format")
