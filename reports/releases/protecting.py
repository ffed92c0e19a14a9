"""Protecting the exact cells of a release: its seed, its history, its gates, what readers may know of its errors."""

import hashlib
import hmac
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from agencies import secrets
from jobs import queue
from records.models import Submission
from reports.designs import tables
from reports.designs.datasets import Dataset
from reports.exact import cube, private_files
from reports.models import Build, Release
from reports.protection import rounding
from reports.protection.cells import Integers
from reports.protection.gates import SMALLEST_REVISION, Gate, judge, judge_changes
from reports.protection.margins import Tables, deviations, quantile
from reports.protection.revisions import Ledger
from reports.protection.search import Margin
from reports.published import seals
from reports.published.editions import VALUE
from reports.published.structure import SEX, TIME
from reports.releases.controlled_tables import ControlledTables, controlled_tables
from standards.languages import marked
from standards.translation import sentence

METHOD = "controlled cube rounding 2"
# Builds of this method kept no quarters, years and named tables close; their cells stay as they are.
WITHOUT_ROLLUPS = "controlled cube rounding 1"
# (sweeps, draw): more of either only where the margins are too far off (docs/disclosure.md, 6).
TRIES = ((40, 0), (150, 0), *((400, draw) for draw in range(20)))
WRONG_SECRET = marked(
    "The secret that figures are rounded with is not the one of earlier releases, so nothing is published. "
    "Those who run the portal must put it back; what is released stays as it is."
)
SEALED_OTHERWISE = marked(
    "%(release)s was sealed with another secret, so nothing is published. Those who run the portal must put "
    "that secret back; what is released stays as it is."
)
log = logging.getLogger(__name__)
STATED_FROM = 100  # cells: the error of a table with fewer is not published


@dataclass(frozen=True)
class Protected:
    """The (n,) rounded counts of the exact cells, the name of their seed, what the gates measured.

    `errors` is, by code of the dataset and of its named tables, what 95 of 100 figures do not exceed.
    Private; readers get `accuracy`, the same in whole bases and only for tables of many cells.
    """

    rounded: Integers
    seed_id: str
    gates: list[Gate]
    errors: dict[str, float]
    accuracy: dict[str, int]


@dataclass(frozen=True)
class ExactCube:
    """What is rounded: counts (n,), codes (n, d) with roll-ups of time, the tables, the past."""

    counts: Integers
    codes: Integers
    controlled: ControlledTables
    ledgers: list[Ledger]
    periods: list[str]


def protect(dataset: Dataset, exact: pa.Table, earlier: Sequence[Build], number: int) -> Protected:
    """Round the exact cells. Raises `GaveUp` where too few records changed or no draw passes the gates."""
    whole = _cube(dataset, exact, earlier)
    strata = (whole.controlled.names.index(SEX), whole.controlled.names.index(TIME))
    changes = judge_changes(whole.counts, whole.codes, time=strata[1], previous=whole.ledgers)
    if any(not gate.passed for gate in changes):
        raise too_few_changes(changes, whole.periods)
    previous = Ledger.joined(whole.ledgers).arrays if whole.ledgers else None
    every, judged = whole.controlled.tables.every, _judged(whole.controlled.tables, earlier)
    for sweeps, draw in TRIES:
        seed, seed_id = _seed(dataset.code, number, draw)
        rounded = rounding.protect(
            whole.counts, whole.codes, dataset.base, seed, previous, every, strata, sweeps
        )
        gates = judge(
            whole.counts,
            whole.codes,
            rounded,
            base=dataset.base,
            strata=strata,
            tables=judged,
            previous=whole.ledgers,
        )
        if all(gate.passed for gate in gates):
            errors, accuracy = _errors(dataset, whole, rounded)
            return Protected(rounded, seed_id, [*changes, *gates], errors, accuracy)
        if not any(gate.drawn for gate in gates if not gate.passed):
            break  # another draw would not change this
    raise not_passed(gates)


def _cube(dataset: Dataset, exact: pa.Table, earlier: Sequence[Build]) -> ExactCube:
    """Number the cells of now and of all earlier releases alike. Raises `GaveUp` where they differ in kind."""
    stored = [private_files.read_private(build.cells_path, build.cells_sha256) for build in earlier]
    _require_comparable(dataset, stored, earlier)
    published = [_published_periods(build) for build in earlier]
    periods = sorted(
        {period for table in (exact, *stored) for period in cube.periods_of(table)}.union(
            *published
        )
    )
    structure = dataset.structure(periods)
    controlled = controlled_tables(dataset, periods, tables.tables().values())
    place = {period: k for k, period in enumerate(periods)}

    def numbers(cells: pa.Table) -> Integers:
        return controlled.codes(cube.code_numbers(cells, structure, dataset.names))

    ledgers = [
        Ledger(
            numbers(cells),
            cube.counts(cells),
            cube.counts(cells, VALUE),
            seen=build.release.released_at is not None,
            periods=frozenset(place[period] for period in known),
        )
        for cells, build, known in zip(stored, earlier, published, strict=True)
    ]
    return ExactCube(cube.counts(exact), numbers(exact), controlled, ledgers, periods)


def _published_periods(build: Build) -> set[str]:
    """Return the periods of which the release published a delivery, an empty one included.

    A period that nobody had delivered was published as missing; its first figures narrow nothing.
    """
    submissions = [pinned["submission"] for pinned in build.inputs]
    return set(Submission.objects.filter(pk__in=submissions).values_list("period", flat=True))


def _judged(kept_close: Tables, earlier: Sequence[Build]) -> Tables:
    """Return the tables that can be judged: cells of a release by the first method stay as they are."""
    if any(build.method == WITHOUT_ROLLUPS for build in earlier):
        return Tables(kept_close.plain)
    return kept_close


def _errors(
    dataset: Dataset, whole: ExactCube, rounded: Integers
) -> tuple[dict[str, float], dict[str, int]]:
    """Return what 95 of 100 figures of each table do not exceed: as measured, and as published.

    The dataset's code stands for all tables of up to three dimensions. Readers see a named table by
    period, quarter and year; the worst of those with many cells counts. In whole bases, rounded up,
    so that it tells of the noise of many cells and not of one of them.
    """
    groups: dict[str, list[list[Margin]]] = {
        dataset.code: [list(whole.controlled.tables.plain)],
        **{code: [[m] for m in margins] for code, margins in whole.controlled.named.items()},
    }
    wanted = dict.fromkeys(margin for parts in groups.values() for part in parts for margin in part)
    measured = deviations(whole.counts, whole.codes, rounded, margins=list(wanted))
    errors, accuracy = {}, {}
    for code, parts in groups.items():
        many = [part for part in parts if sum(len(measured[m]) for m in part) >= STATED_FROM]
        errors[code] = max((quantile(measured, part) for part in parts), default=0.0)
        if many:
            largest = max(quantile(measured, part) for part in many)
            accuracy[code] = dataset.base * max(1, math.ceil(largest / dataset.base))
    return errors, accuracy


def _seed(dataset: str, number: int, draw: int) -> tuple[bytes, str]:
    """Return the seed of one draw for a release, and a name for it that does not give it away."""
    secret = settings.DISCLOSURE_SECRET.encode()
    label = f"{dataset}\x1f{number}\x1f{draw}".encode()
    key = hmac.new(secret, label, hashlib.sha256).digest()
    return key, hashlib.sha256(b"seed id" + key).hexdigest()


def require_secret(dataset: str) -> None:
    """Raise `GaveUp` unless the secret of the rounding is the one that earlier releases were rounded with.

    The database knows it by its fingerprint; and where it is older than that, or was restored from a
    backup, by the seed of the latest build, which the secret must give again.
    """
    try:
        secrets.require("disclosure")
        secrets.require("seals")
    except secrets.WrongSecret as problem:
        log.error("nothing is published: %s", problem)
        raise queue.GaveUp(WRONG_SECRET) from None
    for release in Release.objects.filter(dataset=dataset):
        if not seals.is_current(release):
            raise queue.GaveUp(SEALED_OTHERWISE, release=release)
    latest = (
        Build.objects.filter(release__dataset=dataset).exclude(seed_id="").order_by("pk").last()
    )
    if latest is None:
        return
    number = latest.release.number
    if latest.seed_id not in {_seed(dataset, number, draw)[1] for _sweeps, draw in TRIES}:
        log.error("nothing is published: DISCLOSURE_SECRET did not round %s", latest.release)
        raise queue.GaveUp(WRONG_SECRET)


def _require_comparable(
    dataset: Dataset, stored: Sequence[pa.Table], earlier: Sequence[Build]
) -> None:
    """Codes may be added to a dataset, never changed: other cells over the same people, rounded a
    second time, would narrow what the first rounding leaves open."""
    known: dict[str, Mapping[str, object]] = {
        d.name: d.by_code for d in dataset.structure([]).dimensions if d.name != TIME
    }
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


def too_few_changes(gates: Sequence[Gate], periods: Sequence[str]) -> queue.GaveUp:
    """Return the refusal of a build whose changes would show single records; it names the periods."""
    waiting = [periods[k] for gate in gates for k in gate.periods]
    if waiting:
        return queue.GaveUp(
            marked(
                "Fewer than %(least)s records changed in periods that are published already: "
                "%(periods)s. Readers could tell single corrections. Wait until more records are "
                "corrected there, or correct more at once."
            ),
            least=SMALLEST_REVISION,
            periods=", ".join(waiting),
        )
    return queue.GaveUp(
        marked(
            "Fewer than %(least)s records changed since an earlier release. Readers could tell single "
            "records. Wait until more is accepted."
        ),
        least=SMALLEST_REVISION,
    )


def not_passed(gates: Sequence[Gate]) -> queue.GaveUp:
    """Return the refusal of a build that no draw makes good. It names the gates, not what they measured:
    who publishes need not know the true figures."""
    return queue.GaveUp(
        marked(
            "The protected figures do not pass: %(gates)s. Wait for more records, or make the "
            "dataset coarser."
        ),
        gates=[sentence(gate.name) for gate in gates if not gate.passed],
    )
