"""Many held rows corrected at once, each in its place: by what words mean now, or by cells typed anew.

The rows go through the engine as they did when their file was read, with the answers and changes of now. Those without
an error become records of their file, by the road of a file (`admission`); the others stay held, with their new texts
and what is wrong with them now. Rows of a period that is closed, and rows that somebody else changed, stay as they are.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction

from agencies.models import Person
from records.collection import admission, duplicates, held_keys, rechecking, staging
from records.collection.findings_by_cause import FindingsByCause
from records.collection.names import note
from records.collection.rechecking import Rechecked
from records.collection.report import UploadReport
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import Handling, HeldRow, InstrumentVersion, Submission, Upload
from records.review import handlings
from records.review.opening import in_other_form, require_delivery
from records.validation.findings import Array, Checked, Finding

Ids = frozenset[int]
Changes = Mapping[int, Mapping[str, str]]  # id of a held row -> variable -> text
NONE: Ids = frozenset()


@dataclass(frozen=True)
class Corrected:
    """What became of the rows, by their ids.

    accepted  records now; duplicate  there already, equal in everything; held  still to be corrected; closed  of a
    closed period; total  of counts, the sum of others by now, which is not entered; gone  corrected, removed or
    changed by somebody else meanwhile; refused  left as they were, with the reason; removed  held rows that went for
    good. warnings  what is unusual in accepted rows.
    """

    accepted: Ids = NONE
    duplicate: Ids = NONE
    held: Ids = NONE
    closed: Ids = NONE
    total: Ids = NONE
    gone: Ids = NONE
    refused: Mapping[int, str] = field(default_factory=dict)
    removed: Ids = NONE
    warnings: Mapping[int, Sequence[Finding]] = field(default_factory=dict)

    @property
    def left_alone(self) -> Ids:
        """The rows that were not touched: what was typed in them is still to be saved."""
        return self.gone | self.closed | self.total | frozenset(self.refused)

    def __or__(self, other: "Corrected") -> "Corrected":
        return Corrected(
            self.accepted | other.accepted,
            self.duplicate | other.duplicate,
            self.held | other.held,
            self.closed | other.closed,
            self.total | other.total,
            self.gone | other.gone,
            {**self.refused, **other.refused},
            self.removed | other.removed,
            {**self.warnings, **other.warnings},
        )


@transaction.atomic
def correct_seen(
    uploads: Collection[Upload],
    seen: Mapping[int, str],
    changes: Changes,
    *,
    by: Person,
    replacing: bool = False,
) -> Corrected:
    """Change cells of held rows of these files; `seen` is what each row held when it was looked at (`held_keys`).

    `replacing`: they replace the records that have their numbers. Rows that hold something else by now are not
    touched; nor are rows that are none of these files. Raises as `correct_many`, and then nothing is changed.
    """
    lock_submissions(uploads)
    of_files = HeldRow.open_rows.filter(pk__in=seen).values_list("pk", "upload_id")
    places: dict[int | None, list[int]] = {}
    for pk, upload in of_files:
        places.setdefault(upload, []).append(pk)
    outcomes = [
        correct_many(
            upload, places[upload.pk], by=by, changes=changes, seen=seen, replacing=replacing
        )
        for upload in sorted(uploads, key=lambda upload: upload.pk)
        if upload.pk in places
    ]
    corrected = reduce(Corrected.__or__, outcomes, Corrected())
    checked = corrected.accepted | corrected.duplicate | corrected.held
    known = checked | replace(corrected, gone=NONE).left_alone
    return replace(corrected, gone=frozenset(seen) - known)


@transaction.atomic
def correct_many(
    upload: Upload,
    rows: Collection[int],
    *,
    by: Person,
    changes: Changes | None = None,
    seen: Mapping[int, str] | None = None,
    replacing: bool = False,
) -> Corrected:
    """Check held rows of a file again (ids), with changes of their cells, and take in those that are good now.

    `replacing`: in place of the records that have their numbers, which a person was shown. Raises
    `Denied`, and `Refused` where the agency does not deliver the instrument.
    """
    require_delivery(by, upload.agency, upload.instrument)
    lock_submissions([upload])
    locked, gone = _locked(upload, rows, seen)
    held = [row for row in locked if row.submission is None or row.submission.is_open]
    closed = frozenset(row.pk for row in locked) - {row.pk for row in held}
    if not held:
        return Corrected(closed=closed, gone=gone)
    spec = versions.spec_of(versions.current(upload.instrument))
    parts = list(rechecking.recheck(held, _columns(held, changes or {}, spec), spec, upload))
    corrected = _take_in(
        upload, spec, parts, by, replacing=replacing, by_hand=bool(changes) or replacing
    )
    return replace(corrected, closed=corrected.closed | closed, gone=gone)


def lock_submissions(uploads: Collection[Upload]) -> None:
    """Lock the submissions that rows of the files may go to: everywhere they are locked before rows."""
    of_rows = HeldRow.open_rows.filter(upload__in=uploads).exclude(submission=None)
    fed = Submission.objects.filter(uploads__in=uploads)
    keys = {
        *fed.values_list("pk", flat=True),
        *of_rows.values_list("submission", flat=True),
    }
    list(Submission.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))


def _locked(
    upload: Upload, rows: Collection[int], seen: Mapping[int, str] | None
) -> tuple[list[HeldRow], Ids]:
    """Return the rows that are as they were seen, locked; and the ids of the others."""
    waiting = HeldRow.open_rows.errors().filter(pk__in=rows, upload=upload)
    waiting = waiting.annotate(state=held_keys.STATE).select_related("submission")
    locked = [
        row
        for row in waiting.select_for_update(of=("self",)).order_by("pk")
        if seen is None or held_keys.is_as_seen(row, seen[row.pk])
    ]
    return locked, frozenset(rows) - {row.pk for row in locked}


def _columns(held: Sequence[HeldRow], changes: Changes, spec: Spec) -> dict[str, pa.Array]:
    """Return the changes of rows as columns of texts beside them."""
    names = {name for row in held for name in changes.get(row.pk, ())} & spec.by_name.keys()
    sent = {
        name: pa.array([changes.get(row.pk, {}).get(name) for row in held], pa.string())
        for name in sorted(names)
    }
    return rechecking.changes_in(held, sent)


def _take_in(
    upload: Upload,
    spec: Spec,
    parts: Sequence[Rechecked],
    by: Person,
    *,
    replacing: bool,
    by_hand: bool,
) -> Corrected:
    """Stage the rows and admit them; what is good now leaves its place as a held row."""
    staging.prepare()
    version = versions.current(upload.instrument)
    good, left = _staged(upload, spec, parts, _refused(upload, version, parts))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incoming, incoming_held")
    admitted = admission.admit(
        upload, version, by=by, held_of=upload, replacing=replacing, by_hand=by_hand
    )
    accepted, held = _ids("incoming").union(admitted.replacing), _ids("incoming_held")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_heldrow WHERE id = ANY(%s)", [list(good - held)])
    accepted_in = [(p.checked, np.isin([r.pk for r in p.rows], list(accepted))) for p in parts]
    note_warnings(upload, accepted_in)
    if accepted:
        duplicates.look_for(upload, by=by, numbers=_numbers(accepted_in))
    _note(upload, admitted, by, held=len(held))
    staging.clear()
    return left | Corrected(
        accepted=accepted,
        duplicate=good - accepted - held,
        held=held,
        warnings=_warnings(parts, accepted),
    )


def _staged(
    upload: Upload, spec: Spec, parts: Sequence[Rechecked], refused: Mapping[int, str]
) -> tuple[Ids, Corrected]:
    """Stage the rows; return those that are good now (ids), and those that stay as they are."""
    good, closed, total = set[int](), set[int](), set[int]()
    for part in parts:
        keys, checked = np.array([row.pk for row in part.rows]), part.checked
        other_form = np.isin(keys, list(refused))
        late = _of_closed_periods(upload, checked) & ~other_form
        _stage(upload, spec, part, keys, stay=late | other_form)
        good |= set(keys[~checked.held & ~checked.totals & ~late & ~other_form].tolist())
        closed |= set(keys[late & ~checked.totals].tolist())
        total |= set(keys[checked.totals & ~other_form].tolist())
    left = Corrected(closed=frozenset(closed), total=frozenset(total), refused=refused)
    return frozenset(good), left


def _numbers(blocks: Iterable[tuple[Checked, Array]]) -> list[str]:
    """Return the numbers of these rows, (n,) bool of each block."""
    chosen = (checked.typed["record_ref"].filter(pa.array(rows)) for checked, rows in blocks)
    return [str(number) for numbers in chosen for number in numbers.to_pylist()]


def note_warnings(upload: Upload, blocks: Iterable[tuple[Checked, Array]]) -> None:
    """Add the warnings of rows that were corrected to the findings of their file: (n,) bool of each block."""
    blocks = [(checked, rows) for checked, rows in blocks if checked.warnings and rows.any()]
    if not blocks:
        return
    now = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    report = UploadReport.of(now)
    findings = FindingsByCause.of(report.cells, report.findings)
    for checked, rows in blocks:
        findings.add_warnings(checked, rows)
    now.report["findings"] = findings.as_list()
    now.save(update_fields=["report"])
    upload.report = now.report


def _warnings(parts: Sequence[Rechecked], accepted: Ids) -> dict[int, list[Finding]]:
    """Return what is unusual in the accepted rows, by their ids."""
    warnings: dict[int, list[Finding]] = {}
    for part in parts:
        for finding in part.checked.warnings:
            for k in finding.rows.tolist():
                if (pk := part.rows[k].pk) in accepted:
                    warnings.setdefault(pk, []).append(finding)
    return warnings


def _refused(
    upload: Upload, version: InstrumentVersion, parts: Sequence[Rechecked]
) -> dict[int, str]:
    """Return why rows stay as they are, by their ids: their period is delivered in the other form."""
    periods = {p for part in parts for p in pc.unique(_periods(part.checked)).to_pylist() if p}
    reasons = in_other_form(upload.agency_id, version, periods)
    return {
        row.pk: reasons[period]
        for part in parts
        if reasons
        for row, period in zip(part.rows, _periods(part.checked).to_pylist(), strict=True)
        if period in reasons
    }


def _periods(checked: Checked) -> pa.Array:
    return checked.typed["period"].combine_chunks().cast(pa.string())


def _of_closed_periods(upload: Upload, checked: Checked) -> Array:
    """Return (n,) bool: good rows whose submission is not open, which therefore stay as they are."""
    closed = Submission.objects.filter(agency=upload.agency, instrument=upload.instrument).exclude(
        state__in=Submission.OPEN
    )
    periods = _periods(checked).to_numpy(zero_copy_only=False)
    return np.isin(periods, list(closed.values_list("period", flat=True))) & ~checked.held


def _stage(upload: Upload, spec: Spec, part: Rechecked, keys: Array, stay: Array) -> None:
    """Stage rows with the held rows that they are; those that `stay` are neither kept nor in error."""
    ids = pa.array(keys, pa.int64())
    checked = replace(
        part.checked,
        typed=part.checked.typed.append_column("_held", ids),
        held=part.checked.held & ~stay,
        totals=part.checked.totals | stay,
    )
    block = part.block.append_column("_held", ids)
    staging.stage(block, checked, spec, UploadReport.of(upload).cells)


def _ids(table: str) -> Ids:
    """Return the held rows that the staged rows of a table are."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT held_id FROM {table}")
        return frozenset(pk for (pk,) in cursor.fetchall())


def _note(upload: Upload, admitted: admission.Admitted, by: Person, *, held: int) -> None:
    """Note whose hands are in the rows now, in each submission that got any, and what was done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT period, count(*) FROM incoming GROUP BY period")
        rows = Counter(dict(cursor.fetchall())) + Counter(admitted.replacing.values())
    for submission in admitted.submissions:
        if submission.period in rows:
            handlings.note(Handling.Deed.CORRECT, submission, by=by, rows=rows[submission.period])
    note("correct", upload, by, rows=admitted.accepted, held=held)
