"""What the figures of a dataset would become if a submission were accepted: exact tables before and after. Private.

A job, as everything that reads records beside slices. Before: the slices in force; after: the same, with
the rows of the submission in place of the slice of its earlier version.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit, scope
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue, worker
from jobs.queue import Job
from records.models import ReviewStep, Submission
from records.review.split import Change, changes
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact import cube, slices
from reports.exact.private_files import private, write_private
from reports.models import Slice
from reports.published.structure import SEX, TIME
from standards.languages import marked
from standards.periods import FREQUENCIES, Period

NAME = "reports.impact"
STATES = (Submission.State.SUBMITTED, Submission.State.SIGNED)
FOLDER = "impact"  # below the private files
KEPT = timedelta(days=30)
SHOWN = 12  # codes of a table; those that change less are left out
ALL = ""  # the code of the table that has one line: everything
BySex = dict[str, dict[str, int]]  # {code: {sex: number}}


_SUBMITS = ReviewStep.objects.filter(submission=OuterRef("pk"), verb="submit").order_by("-pk")
# The id of the last step by which a submission was submitted; 0 where there is none.
LAST_SUBMIT = Coalesce(Subquery(_SUBMITS.values("pk")[:1]), 0)


@dataclass(frozen=True)
class Impact(queue.Arguments):
    """Of which submission, as it was submitted by which step: a version that is returned comes with other rows."""

    submission: int
    submitted: int

    @property
    def key(self) -> str:
        """Return the key of the job that counts it: one at a time."""
        return f"impact:{self.submission}:submitted:{self.submitted}"

    @property
    def path(self) -> str:
        """Return the path of the private file of what was counted, below PRIVATE_ROOT."""
        return f"{FOLDER}/{self.submission}-{self.submitted}.json"


def of(submission: Submission) -> Impact | None:
    """Return the impact of a submission as it stands; None where nothing can be counted of it."""
    waiting = Submission.objects.filter(pk=submission.pk, state__in=STATES)
    submitted = waiting.values_list(LAST_SUBMIT, flat=True).first()
    return None if submitted is None else Impact(submission.pk, submitted)


def request(submission: Submission, *, by: Person) -> Job:
    """Ask for what the figures would become.

    Raises `Denied`, and `Refused` for a submission that is open or accepted, and one that feeds no dataset.
    """
    access.require(by, Permission.TABULATE, submission.agency, submission.instrument_id)
    impact = of(submission)
    if impact is None:
        raise Refused(_("It can be counted between submission and acceptance."))
    if not datasets.of_instrument(submission.instrument.code):
        raise Refused(_("Nothing is published of this instrument."))
    job = queue.enqueue(
        NAME,
        key=impact.key,
        arguments=impact,
        agencies=list(Agency.objects.filter(is_active=True).values_list("pk", flat=True)),
        by=by,
    )
    audit.record(
        "impact",
        f"submission:{submission.pk}",
        name=str(submission),
        by=by,
        agency=submission.agency,
    )
    return job


def latest(submission: Submission) -> Job | None:
    """Return the job that counts, or last counted, what accepting the submission as it stands would change."""
    impact = of(submission)
    return queue.find(impact.key) if impact else None


def counted(job: Job) -> list[dict[str, Any]]:
    """Return what a job counted, for each dataset {dataset, before, after, spans}; empty before it is done, and when it
    is no longer kept."""
    if job.state != Job.State.DONE:
        return []
    try:
        text = private(queue.arguments(job, Impact).path).read_text()
    except FileNotFoundError:
        return []
    content: list[dict[str, Any]] = json.loads(text)
    return content


def instrument_of(job: Job) -> int:
    """Return the instrument that a job works on: the roles of who asked must cover it."""
    submission = Submission.objects.get(pk=queue.arguments(job, Impact).submission)
    return submission.instrument_id


def run(job: Job) -> None:
    """Count for every dataset of the instrument. Raises `GaveUp` where the submission moved on meanwhile."""
    impact = queue.arguments(job, Impact)
    submission = Submission.objects.select_related("instrument").get(pk=impact.submission)
    if of(submission) != impact:
        raise queue.GaveUp(marked("The submission was moved on meanwhile."))
    content = []
    for dataset in datasets.of_instrument(submission.instrument.code):
        worker.progress(job, stage=dataset.code)
        content.append({"dataset": dataset.code, "tables": list(_tables(submission, dataset))})
    write_private(impact.path, json.dumps(content).encode())


def expire() -> None:
    """Remove what was counted of submissions that have moved on since, and what is older than a month.

    A submission that came back may come with other rows; what was accepted stands in the figures. To be called now and
    then; looks at the submissions of all agencies.
    """
    old = timezone.now() - KEPT
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        files = {path: _submission_of(path) for path in private(FOLDER).glob("*-*.json")}
        rows = Submission.objects.filter(pk__in=set(files.values())).select_related(
            "agency", "instrument"
        )
        known = {row.pk: row for row in rows.annotate(submitted=LAST_SUBMIT)}
        current = {
            private(Impact(row.pk, row.submitted).path)
            for row in known.values()
            if row.state in STATES
        }
        for path, pk in files.items():
            try:
                if path in current and path.stat().st_mtime >= old.timestamp():
                    continue
                path.unlink()
            except FileNotFoundError:  # another process removed it meanwhile
                continue
            _note_removal(pk, known.get(pk))


def _submission_of(path: Path) -> int:
    """Return the id of the submission whose file this is; it stands before the first dash of the name."""
    return int(path.name.partition("-")[0])


def _note_removal(pk: int, submission: Submission | None) -> None:
    audit.record(
        "impact_expire",
        f"submission:{pk}",
        name=str(submission or ""),
        by=None,
        agency=submission.agency if submission else None,
    )


def _tables(submission: Submission, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Yield the headline tables of the dataset before and after: {span, name, before, after}, both by code and sex."""
    names = [dimension.name for dimension in dataset.recorded]
    own = slices.exact_cells(submission, dataset)
    year = submission.period[:4]
    before: list[pa.Table] = []
    replaced: list[pa.Table] = []
    for piece in _pieces(dataset, year):
        (replaced if piece.submission_id == submission.pk else before).append(
            slices.cells_of(piece, dataset, published=True)
        )
    cells = {"before": [*before, *replaced], "after": [*before, own]}
    added = {when: cube.add_up(tables, names) if tables else None for when, tables in cells.items()}
    for span, periods in (("period", {submission.period}), ("year", None)):
        if span == "year" and FREQUENCIES[Period.parse(submission.period).frequency].parts == 1:
            continue  # one period is the year
        for columns in _columns(dataset):
            tables = {
                when: by_sex(table, dataset, columns, periods) for when, table in added.items()
            }
            yield {"span": span, "columns": columns, **tables}


def _pieces(dataset: Dataset, year: str) -> Iterable[Slice]:
    """Return the slices in force of a year."""
    return cube.slices_in_force(dataset).filter(submission__period__startswith=year)


def _columns(dataset: Dataset) -> list[list[str]]:
    """Return the columns of the headline tables without time: everything together, then each dimension once."""
    told = {dimension.name for dimension in dataset.recorded} - {SEX, TIME}
    tables: list[list[str]] = [[]]
    for headline in dataset.family.headlines:
        columns = [name for name in headline if name in told]
        for name in columns:
            if [name] not in tables:
                tables.append([name])
    return tables


def by_sex(
    cells: pa.Table | None,
    dataset: Dataset,
    columns: Sequence[str],
    periods: set[str] | None,
) -> BySex:
    """Add up exact cells by one column and sex, limited to what the headline counts; {code: {sex: number}}.

    Without a column there is one line, of the code "". periods: None for all.
    """
    if cells is None:
        return {}
    for name, codes in _where(dataset).items():
        cells = cells.filter(pc.is_in(cells[name], pa.array(codes, pa.string())))
    if periods is not None:
        cells = cells.filter(pc.is_in(cells[TIME], pa.array(sorted(periods), pa.string())))
    sums = cells.group_by([*columns[:1], SEX]).aggregate([(cube.COUNT, "sum")])
    table: BySex = {}
    for row in sums.to_pylist():
        code = row[columns[0]] if columns else ALL
        table.setdefault(code, {})[row[SEX]] = row[f"{cube.COUNT}_sum"]
    return table


def _where(dataset: Dataset) -> Mapping[str, Sequence[str]]:
    """Return what the headline of the dataset is limited to, as far as a record tells it by itself."""
    told = {dimension.name for dimension in dataset.recorded}
    where = dataset.headline.where if dataset.headline else {}
    return {name: codes for name, codes in where.items() if name in told}


def compared(table: Mapping[str, Any]) -> list[Change]:
    """Return a table of `counted` code by code, the largest change first."""
    return changes(table["after"], table["before"])
