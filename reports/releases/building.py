"""Building, releasing and withdrawing: the only writer of releases."""

import hashlib
import hmac
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db.models import Max

from jobs import queue, worker
from jobs.queue import Job
from records.models import Instrument
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact import cube, private_files, slices
from reports.exact.cube import slices_in_force
from reports.models import Blob, Build, Release, Slice
from reports.protection import rounding
from reports.protection.gates import Gate, Integers, Ledger, judge
from reports.published.editions import CELLS, VALUE
from reports.published.structure import SEX, TIME
from standards.languages import marked
from standards.periods import periods_between
from standards.translation import sentence

METHOD = "controlled cube rounding 1"
# (sweeps, draw): more of either only where the margins are too far off (docs/disclosure.md, 6).
TRIES = ((40, 0), (150, 0), *((400, draw) for draw in range(10)))


@dataclass(frozen=True)
class Protected:
    """The (n,) rounded counts of the exact cells, the name of their seed, what the gates measured."""

    rounded: Integers
    seed_id: str
    gates: list[Gate]


def make(job: Job) -> None:
    """Build the release of the job: pin inputs, add up, protect, judge, freeze. One transaction."""
    dataset = datasets.datasets().get(job.args["dataset"])
    if dataset is None:
        raise queue.GaveUp(marked("There is no dataset %(code)s."), code=job.args["dataset"])
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
    protected = _protect(dataset, exact, earlier, number)
    whole = exact.append_column(VALUE, pa.array(protected.rounded, pa.int64()))
    made = _freeze(dataset, number, whole, inputs)
    _keep(made, whole, protected, inputs, earlier, job)


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
    stored = [private_files.read_private(build.cells_path, build.cells_sha256) for build in earlier]
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
        rounded = rounding.protect(
            counts, codes, dataset.base, seed, previous, margins, strata, sweeps
        )
        measured = judge(
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
            raise queue.GaveUp(
                marked(
                    "%(release)s was made with other cells (%(codes)s). A dataset may get more codes, "
                    "but not other ones: give the new design a code of its own."
                ),
                release=build.release,
                codes=", ".join(sorted(gone)[:10]),
            )


def _failed(measured: list[Gate]) -> queue.GaveUp:
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
    return queue.GaveUp(
        marked(
            "The protected figures do not pass: %(gates)s. Wait for more records, or make the "
            "dataset coarser."
        ),
        gates=refused,
    )


def _freeze(dataset: Dataset, number: int, whole: pa.Table, inputs: list[Slice]) -> Release:
    """Store what readers will see: the protected cells, and the structure that explains them."""
    public = whole.filter(pc.greater(whole[VALUE], 0)).drop_columns([cube.COUNT])
    content = private_files.as_bytes(public)
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
    content = private_files.as_bytes(whole)
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
        cells_sha256=private_files.write_private(path, content),
        built_by_id=job.args["by"],
    )
