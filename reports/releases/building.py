"""Building a release: what is done with each year, by the job that publishes; `storing` keeps what came of it."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
from django.db.models import Max

from jobs import queue, worker
from jobs.queue import Job
from reports.designs import datasets
from reports.exact import slices
from reports.exact.cube import slices_in_force
from reports.models import Release, Slice
from reports.protection.gates import LEAST_CHANGED, VERSIONS
from reports.releases import residences, storing, years
from reports.releases.numbering import Numbering
from reports.releases.protecting import changed_records, protect
from reports.releases.seeds import require_secret
from reports.releases.storing import Contents
from reports.releases.verbs import Publishing
from reports.releases.years import Plan, Published
from standards.languages import marked
from standards.periods import periods_between


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
    due = list(years.plans(structure, known, in_force, redrawn=finish, finished=finish))
    followed = residences.followed(numbering, due)
    redrawn = list(_redrawn(numbering, known, due, finish, followed))
    planned = _planned(numbering, known, in_force, finish, redrawn)
    number = (Release.objects.filter(dataset=dataset.code).aggregate(n=Max("number"))["n"] or 0) + 1
    protected = []
    for plan in planned:
        worker.progress(job, stage=marked("protecting"), year=plan.code)
        protected.append(protect(numbering, plan, known, number, followed.get(plan.code)))
    storing.store(Contents(numbering, number, known, planned, protected, followed), by=asked.by)


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
    redrawn: Sequence[str],
) -> list[Plan]:
    """Plan every year; of those to finish some are drawn again. Raises `GaveUp` where there is nothing to publish."""
    structure = numbering.structure
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
    due: Sequence[Plan],
    finish: Sequence[str],
    followed: Mapping[str, pa.Table],
) -> Iterator[str]:
    """Yield the years to finish that are drawn again, as enough of their records changed. due: the plans in which all
    of them are. Raises `GaveUp` for a year that cannot be final."""
    plans = {plan.code: plan for plan in due}
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
