"""Whose crossing changed the usual residence, as a year of a release pins it.

It is found when the last period of a year is published, for the crossings of the year, from everything accepted until
then; and once more if the year is drawn again. Between these it stays, as all of a year does.
"""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs import queue
from records.models import Submission
from reports.designs.datasets import Dataset
from reports.exact import private_files, residence, slices
from reports.models import Build
from reports.releases.numbering import COUNT, Numbering
from reports.releases.years import Plan
from standards.languages import marked


def followed(numbering: Numbering, plans: Iterable[Plan]) -> dict[str, pa.Table]:
    """Return, of every year that is drawn to its end, its crossings as they are followed now (`residence.follow`).

    Nothing for a dataset that does not tell it. What is accepted stays so until the release is stored.
    """
    dataset, closing = numbering.dataset, {plan.code for plan in plans if plan.closes}
    if not dataset.residence or not closing:
        return {}
    part_of, longest = numbering.structure.part_of, numbering.longest
    accepted = list(slices.accepted(dataset))
    _require_closed(dataset, accepted, sorted(closing))
    own = [s for s in accepted if part_of(longest, s.period) in closing]
    cells = numbering.with_times(residence.follow(accepted, dataset, own))
    names = [*dataset.names, COUNT]
    return {year: cells.filter(pc.equal(cells[longest], year)).select(names) for year in closing}


def _require_closed(dataset: Dataset, accepted: Sequence[Submission], years: Sequence[str]) -> None:
    """Raise `GaveUp` while something is open that was accepted: without it the histories of all would end there."""
    once = Submission.objects.filter(
        instrument__code__in=dataset.instruments, accepted_version__isnull=False
    )
    open_ = list(once.exclude(pk__in=[submission.pk for submission in accepted]).order_by("period"))
    if open_:
        raise queue.GaveUp(
            marked(
                "Who moved in %(years)s cannot be told while %(open)s is open: histories would end there. "
                "Accept it again, then publish."
            ),
            years=list(years),
            open=[str(submission) for submission in open_],
        )


def pin(
    dataset: str, number: int, tables: Mapping[str, pa.Table], before: Build | None
) -> dict[str, dict[str, str]]:
    """Write what was followed for a release of this number; return the files of its years, those of `before` among them."""
    stem = f"residences/{dataset}/{number}"
    own = {y: private_files.write_table(f"{stem}-{y}", table) for y, table in tables.items()}
    return {**(before.residences if before else {}), **own}


def pinned(build: Build | None, year: str) -> pa.Table | None:
    """Return what a build pinned of a year; None where it did not come to its end. Raises `GaveUp` if the file is another."""
    file = build.residences.get(year) if build else None
    return private_files.read_private(file["path"], file["sha256"]) if file else None
