"""Protecting the years of a release: what is counted, what stays, what the gates say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from jobs import queue
from reports.exact import cube, private_files, residence, slices
from reports.models import Build, Slice
from reports.protection import risk
from reports.protection.gates import Gate
from reports.releases import residences, seeds
from reports.releases.conflicts import Conflict, conflicts_of
from reports.releases.families import Exact, Rounded, Stand, round_step, steps_of
from reports.releases.numbering import COUNT, Numbering
from reports.releases.years import Plan, Published, Step, Year
from standards.languages import marked
from standards.translation import sentence

METHOD = "family of rounded tables 2"


@dataclass(frozen=True)
class ProtectedYear:
    """A year of a release: its state, and its tables as texts with true and published counts. Private."""

    year: Year
    tables: Mapping[str, pa.Table]
    gates: list[Gate] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def protect(
    numbering: Numbering,
    plan: Plan,
    known: Published,
    number: int,
    followed: pa.Table | None = None,
) -> ProtectedYear:
    """Round a year as planned for the release of this number; `followed` as `exact_from` has it.

    Raises `GaveUp` where no draw passes the gates.
    """
    before = known.years.get(plan.code) if plan.before else None
    out = _stored(numbering, known.source, plan.code) if before and known.source else {}
    if plan.stays:
        return ProtectedYear(plan.year(), out)
    stand = None
    if before:
        family = {name: numbering.cells(name, table) for name, table in out.items()}
        stand = Stand(family, before.periods[-1], before.is_over)
    steps = list(steps_of(numbering, plan.new or plan.periods[-1:], number))
    exact = exact_of(numbering, plan.pieces, known.pieces.get(plan.code, ()), followed)
    rounded = walk(numbering, plan, exact, steps, stand)
    return ProtectedYear(
        plan.year(step.step for step in rounded),
        {
            name: numbering.stored(name, plan.code, cells)
            for name, cells in rounded[-1].stand.family.items()
        },
        rounded[-1].gates,
        list(conflicts_of(numbering, exact)),
    )


def walk(
    numbering: Numbering, plan: Plan, exact: Exact, steps: Sequence[Step], stand: Stand | None
) -> list[Rounded]:
    """Round a year step by step, from what is out of it. Raises `GaveUp` where a step does not pass."""
    walked: list[Rounded] = []
    for step in steps:
        rounded = round_step(
            numbering,
            exact,
            step,
            partial(seeds.of_year, numbering.dataset.code, plan.code, plan.version),
            is_over=plan.is_over and step is steps[-1],
            before=stand,
        )
        if not rounded.passed:
            raise not_passed(plan.code, rounded.gates)
        walked.append(rounded)
        stand = rounded.stand
    return walked


def exact_of(
    numbering: Numbering,
    pieces: Sequence[Slice],
    published: Sequence[Slice] = (),
    followed: pa.Table | None = None,
) -> Exact:
    """Put slices together: the exact cells of a year by all columns of its family. published: those already behind figures;
    followed as `exact_from` has it."""
    dataset, known = numbering.dataset, {piece.pk for piece in published}
    cells = [slices.cells_of(p, dataset, published=p.pk in known) for p in pieces]
    return exact_from(numbering, cells, followed)


def exact_from(
    numbering: Numbering, cells: Sequence[pa.Table], followed: pa.Table | None = None
) -> Exact:
    """Put the cells of slices together: the exact cells of a year by all columns of its family.

    followed: the crossings of the year as they were followed at its end (`releases.residences`); before it, nothing.
    """
    dataset = numbering.dataset
    names = [*(dimension.name for dimension in dataset.recorded), COUNT]
    # Cells that two slices have in common stay two rows: rounding adds them up with all others.
    every = pa.concat_tables([part.select(names) for part in cells])
    if dataset.residence:
        every = residence.with_residence(every, followed, dataset)
    every = numbering.with_times(every)
    return Exact(numbering.numbers(every, numbering.names), cube.counts(every))


def changed_records(
    numbering: Numbering, known: Published, plan: Plan, followed: pa.Table | None = None
) -> int:
    """Return how many records of a year differ between what is out and what is in force: at least so many.

    followed: as `exact_from` has it, of what is in force; somebody who stayed is a record that changed, if it was told of
    the year before.
    """
    published = known.pieces.get(plan.code, ())
    then = residences.pinned(known.source, plan.code)
    before = exact_of(numbering, published, published, then)
    now = exact_of(numbering, plan.pieces, followed=followed if then else None)
    return risk.changed(before.codes, before.counts, now.codes, now.counts)


def _stored(numbering: Numbering, build: Build, year: str) -> dict[str, pa.Table]:
    """Return the private tables of a year that is out."""
    tables = {}
    for table in numbering.dataset.family.tables:
        file = build.files[table.name]
        stored = private_files.read_private(file["path"], file["sha256"])
        tables[table.name] = stored.filter(pc.equal(stored[numbering.longest], year))
    return tables


def not_passed(year: str, gates: Sequence[Gate]) -> queue.GaveUp:
    """Return the refusal of a year that no draw makes good. It names the gates, not what they measured:
    who publishes need not know the true figures."""
    return queue.GaveUp(
        marked(
            "The protected figures of %(year)s do not pass: %(gates)s. Wait for more records, or make the "
            "dataset coarser."
        ),
        year=year,
        gates=[sentence(gate.name) for gate in gates if not gate.passed],
    )
