"""Building, releasing and withdrawing: the only writer of releases."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as said

from agencies import access, audit
from agencies.access import Permission
from agencies.models import Agency, Person
from migdata import jobs
from migdata.jobs import Job
from migdata.models import sentence
from records.models import Instrument
from records.review import Refused
from reports import cube, design, disclosure, gates, slices
from reports.design import Dataset
from reports.gates import Gate, Ledger
from reports.models import Blob, Build, Release, Slice
from reports.published import CELLS, VALUE
from reports.structure import SEX, TIME, periods_between

METHOD = "controlled cube rounding 1"
# (sweeps, draw): more of either only where the margins are too far off (docs/disclosure.md, 6).
TRIES = ((40, 0), (150, 0), *((400, draw) for draw in range(10)))
State = Release.State
Integers = gates.Integers


@dataclass(frozen=True)
class Protected:
    """The (n,) rounded counts of the exact cells, the name of their seed, what the gates measured."""

    rounded: Integers
    seed_id: str
    gates: list[Gate]


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
    dataset = design.datasets().get(job.args["dataset"])
    if dataset is None:
        raise jobs.GaveUp(said("There is no dataset %(code)s."), code=job.args["dataset"])
    jobs.progress(job, stage=said("adding up"))
    slices.seal_missing(dataset)
    inputs = list(slices_in_force(dataset))
    if not inputs:
        raise jobs.GaveUp(said("Nothing is accepted yet, so there is nothing to publish."))
    exact = cube.add_up([slices.cells_of(s, dataset) for s in inputs], dataset.names)
    earlier = list(
        Build.objects.filter(release__dataset=dataset.code).select_related("release").order_by("pk")
    )
    number = (Release.objects.filter(dataset=dataset.code).aggregate(n=Max("number"))["n"] or 0) + 1
    jobs.progress(job, stage=said("protecting"), cells=exact.num_rows)
    protected = _protect(dataset, exact, earlier, number)
    whole = exact.append_column(VALUE, pa.array(protected.rounded, pa.int64()))
    made = _freeze(dataset, number, whole, inputs)
    _keep(made, whole, protected, inputs, earlier, job)


def release(made: Release, *, by: Person, embargo_at: datetime | None = None) -> None:
    """Make a built release public, from the end of the embargo on. Raises `Denied`, `Refused`."""
    access.require(by, Permission.PUBLISH)
    now = timezone.now()
    if embargo_at and embargo_at <= now:
        raise Refused(_("The embargo ends in the past. Choose a later time, or none."))
    with transaction.atomic():
        moved = Release.objects.filter(pk=made.pk, state=State.BUILT).update(
            state=State.RELEASED, released_at=now, embargo_at=embargo_at
        )
        if not moved:
            raise Refused(_("This release is no longer waiting; somebody else was quicker."))
        Build.objects.filter(release=made).update(released_by=by)
    until = embargo_at.isoformat() if embargo_at else ""
    audit.record("release", f"release:{made.pk}", by=by, embargo=until)
    made.refresh_from_db()


def withdraw(made: Release, *, by: Person, reason: str) -> None:
    """Take a release back, with a reason that stays in view. The one before it is in force again."""
    access.require(by, Permission.PUBLISH)
    if not reason.strip():
        raise Refused(_("Say why; the reason stays with the release."))
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


def slices_in_force(dataset: Dataset) -> QuerySet[Slice]:
    """Return the newest slice of every submission; it stays in force until the next acceptance."""
    return (
        Slice.objects.filter(dataset=dataset.code)
        .select_related("submission__agency")
        .order_by("submission_id", "-version")
        .distinct("submission_id")
    )


def exact_of(dataset: Dataset) -> pa.Table:
    """Return the exact cube of everything accepted. Only for those who may tabulate; audited by callers.

    Raises `Refused`, and `GaveUp` where a slice cannot be read.
    """
    found = [slices.cells_of(s, dataset) for s in slices_in_force(dataset)]
    if not found:
        raise Refused(_("Nothing is accepted yet."))
    return cube.add_up(found, dataset.names)


def _missing(dataset: Dataset, periods: list[str], inputs: list[Slice]) -> list[dict[str, str]]:
    """Return what is not in the release, by agency that delivers and period: status O, never zero.

    An agency is expected from the first period it has delivered; one that never has, in all.
    """
    there = {(s.submission.agency.code, s.submission.period) for s in inputs}
    agencies = Instrument.objects.get(code=dataset.instrument).agencies.order_by("code")
    delivering = [agency.code for agency in agencies]
    first = {code: min((p for c, p in there if c == code), default="") for code in delivering}
    return [
        {"agency": code, "period": period}
        for period in periods
        for code in delivering
        if period >= first[code] and (code, period) not in there
    ]


def _seed(dataset: str, number: int, draw: int) -> tuple[bytes, str]:
    """Return the seed of one draw for a release, and a name for it that does not give it away."""
    secret = settings.DISCLOSURE_SECRET.encode()
    said = f"{dataset}\x1f{number}\x1f{draw}".encode()
    key = hmac.new(secret, said, hashlib.sha256).digest()
    return key, hashlib.sha256(b"seed id" + key).hexdigest()


def _protect(dataset: Dataset, exact: pa.Table, earlier: list[Build], number: int) -> Protected:
    """Round the exact cells. Raises `GaveUp` where no draw passes the gates."""
    names = dataset.names
    stored = [slices.read_private(build.cells_path, build.cells_sha256) for build in earlier]
    _require_comparable(dataset, stored, earlier)
    structure = dataset.structure(
        sorted({period for table in (exact, *stored) for period in cube.periods_of(table)})
    )
    counts, codes = cube.counts(exact), cube.code_numbers(exact, structure, names)
    known = [
        Ledger(
            cube.code_numbers(table, structure, names),
            cube.counts(table),
            cube.counts(table, VALUE),
            seen=build.release.released_at is not None,
        )
        for table, build in zip(stored, earlier, strict=True)
    ]
    previous = Ledger.joined(known).arrays if known else None
    strata, margins = (names.index(SEX), names.index(TIME)), dataset.margins()
    for sweeps, draw in TRIES:
        seed, seed_id = _seed(dataset.code, number, draw)
        rounded = disclosure.protect(
            counts, codes, dataset.base, seed, previous, margins, strata, sweeps
        )
        measured = gates.judge(
            counts,
            codes,
            rounded,
            base=dataset.base,
            strata=strata,
            margins=margins,
            previous=known,
        )
        if all(gate.passed for gate in measured):
            return Protected(rounded, seed_id, measured)
        if not any(gate.drawn for gate in measured if not gate.passed):
            break  # another draw would not change this
    raise _failed(measured)


def _require_comparable(dataset: Dataset, stored: list[pa.Table], earlier: list[Build]) -> None:
    """Codes may be added to a dataset, never changed: other cells over the same people, rounded a
    second time, would narrow what the first rounding leaves open."""
    known = {d.name: d.by_code for d in dataset.structure([]).dimensions if d.name != TIME}
    for table, build in zip(stored, earlier, strict=True):
        gone = [
            f"{name} {code}"
            for name in set(table.column_names) - {TIME, cube.COUNT, VALUE}
            for code in pc.unique(table[name]).to_pylist()
            if code not in known.get(name, ())
        ] + sorted(set(known) - set(table.column_names))
        if gone:
            raise jobs.GaveUp(
                said(
                    "%(release)s was made with other cells (%(codes)s). A dataset may get more codes, "
                    "but not other ones: give the new design a code of its own."
                ),
                release=build.release,
                codes=", ".join(sorted(gone)[:10]),
            )


def _failed(measured: list[Gate]) -> jobs.GaveUp:
    """Say which gates no draw passes; their names are translated with the sentence, when it is read."""
    refused = [
        sentence(
            "%(gate)s: %(measured)s (%(allowed)s)",
            gate=sentence(gate.name),
            measured=f"{abs(gate.measured):g}",
            allowed=f"{abs(gate.allowed):g}",
        )
        for gate in measured
        if not gate.passed
    ]
    return jobs.GaveUp(
        said(
            "The protected figures do not pass: %(gates)s. Wait for more records, or make the "
            "dataset coarser."
        ),
        gates=refused,
    )


def _freeze(dataset: Dataset, number: int, whole: pa.Table, inputs: list[Slice]) -> Release:
    """Store what readers will see: the protected cells, and the structure that explains them."""
    public = whole.filter(pc.greater(whole[VALUE], 0)).drop_columns([cube.COUNT])
    content = slices.as_bytes(public)
    # The periods of what was accepted, not of the cells: an empty submission is a zero, and a period
    # in between that nobody delivered is listed as missing.
    accepted = [s.submission.period for s in inputs]
    periods = periods_between(min(accepted), max(accepted))
    made = Release.objects.create(
        dataset=dataset.code,
        number=number,
        structure=dataset.structure(periods).as_json(),
        missing=_missing(dataset, periods, inputs),
        checksum=hashlib.sha256(content).hexdigest(),
    )
    Blob.objects.create(
        release=made, name=CELLS, media_type="application/vnd.apache.parquet", content=content
    )
    return made


def _keep(
    made: Release,
    whole: pa.Table,
    protected: Protected,
    inputs: list[Slice],
    earlier: list[Build],
    job: Job,
) -> None:
    """Keep privately how the release was made: what it was made of, and the cells before and after."""
    # The path names the content: a worker that was overtaken cannot write over the file of the other.
    content = slices.as_bytes(whole)
    digest = hashlib.sha256(content).hexdigest()
    path = f"cubes/{made.dataset}/{made.number}-{digest[:16]}.parquet"
    Build.objects.create(
        release=made,
        inputs=[
            {"slice": s.pk, "submission": s.submission_id, "version": s.version, "sha256": s.sha256}
            for s in inputs
        ],
        predecessor=earlier[-1].release if earlier else None,
        method=METHOD,
        seed_id=protected.seed_id,
        gates=[gate.as_dict() for gate in protected.gates],
        cells_path=path,
        cells_sha256=slices.write_private(path, content),
        built_by_id=job.args["by"],
    )
