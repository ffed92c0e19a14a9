"""Many held rows of a file corrected at once: by what words mean, or by cells typed anew. By column, in bulk.

The rows go through the engine as they did when their file was read, with the answers and changes of now. Those without
an error become records of their file, by the road of a file (`admission`); the others stay held, with what is wrong
with them now. Rows of a period that is closed stay as they are.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from django.db import connection, transaction
from django.utils import timezone

from agencies import audit
from agencies.models import Person
from records.collection import admission, staging
from records.collection.answers import answers_of
from records.collection.numberings import numbering_of
from records.collection.report import UploadReport
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import Handling, HeldRow, Submission, Upload
from records.review import handlings
from records.review.opening import require_delivery
from records.validation import engine, parsing
from records.validation.findings import Array, Checked

Changes = Mapping[int, Mapping[str, str]]  # id of a held row -> variable -> text


@dataclass(frozen=True)
class Corrected:
    """What became of the rows: records now, there already, still to be corrected, or of a closed period."""

    accepted: int = 0
    duplicate: int = 0
    held: int = 0
    closed: int = 0


@transaction.atomic
def correct_many(
    upload: Upload, rows: Collection[int], *, by: Person, changes: Changes | None = None
) -> Corrected:
    """Check held rows of a file again (ids), with changes of their cells, and take in those that are good now.

    Rows that were valid and held for their number alone are not among them: somebody has to look at both. Raises
    `Denied`, and `Refused` where a period is delivered in the other form.
    """
    require_delivery(by, upload.agency, upload.instrument)
    _lock_submissions(upload)
    held = list(
        HeldRow.open_rows.errors()
        .filter(pk__in=rows, upload=upload)
        .exclude(raw__has_key="age_precision")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if not held:
        return Corrected()
    version = versions.current(upload.instrument)
    spec = versions.spec_of(version)
    block = _block(held, spec, changes or {})
    checked = _checked(upload, spec, block)
    closed = _of_closed_periods(upload, checked)
    checked = replace(checked, totals=checked.totals | closed)  # neither kept nor in error
    _stage(upload, spec, block, [row.pk for row in held], checked)
    admitted = admission.admit(upload, version, by=by, of_held=True)
    _note(upload, admitted, checked, by)
    return Corrected(
        accepted=admitted.accepted,
        duplicate=admitted.duplicate,
        held=int(checked.held.sum()) + admitted.repeated + admitted.other_content,
        closed=int(closed.sum()),
    )


def _lock_submissions(upload: Upload) -> None:
    """Lock the submissions that rows of the file may go to: everywhere they are locked before rows."""
    of_rows = HeldRow.open_rows.filter(upload=upload).exclude(submission=None)
    keys = {
        *upload.submissions.values_list("pk", flat=True),
        *of_rows.values_list("submission", flat=True),
    }
    list(Submission.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))


def _block(held: Sequence[HeldRow], spec: Spec, changes: Changes) -> pa.Table:
    """Return the rows as columns of texts, with what is changed in them; `_row` is their number in the file."""
    texts = [{**row.raw, **_typed(spec, changes.get(row.pk, {}))} for row in held]
    columns = {
        variable.name: pa.array([text.get(variable.name) for text in texts], pa.string())
        for variable in spec.variables
    }
    numbers = pa.array([row.row_no or 0 for row in held], pa.int32())
    return pa.table(columns | {"_row": numbers})


def _typed(spec: Spec, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the changes of one row as they are checked: no keys, which only files bring; days with points."""
    variables = {name: spec.by_name[name] for name in changes if name in spec.by_name}
    return {
        name: parsing.with_points(changes[name]) if v.kind in ("date", "birth") else changes[name]
        for name, v in variables.items()
        if v.kind != "key"
    }


def _checked(upload: Upload, spec: Spec, block: pa.Table) -> Checked:
    return engine.check(
        block,
        spec,
        today=timezone.localdate(),
        answers=answers_of(upload),
        numbering=numbering_of(upload.agency, upload.instrument),
    )


def _of_closed_periods(upload: Upload, checked: Checked) -> Array:
    """Return (n,) bool: good rows whose submission is not open, which therefore stay as they are."""
    closed = Submission.objects.filter(agency=upload.agency, instrument=upload.instrument).exclude(
        state__in=Submission.OPEN
    )
    periods = checked.typed["period"].cast(pa.string()).to_numpy(zero_copy_only=False)
    return np.isin(periods, list(closed.values_list("period", flat=True))) & ~checked.held


def _stage(
    upload: Upload, spec: Spec, block: pa.Table, keys: Sequence[int], checked: Checked
) -> None:
    """Put the good rows in the place of their held rows, and what is wrong now on the others. `keys` are the ids."""
    places = pa.array(np.arange(len(keys)), pa.int32())
    numbered = block.set_column(block.column_names.index("_row"), "_row", places)
    staging.prepare()
    staging.stage(numbered, checked, spec, _cells(upload))
    good = ~checked.held & ~checked.totals
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incoming, incoming_held")
        cursor.execute(
            "UPDATE records_heldrow h SET raw = i.raw, findings = i.findings FROM incoming_held i"
            " JOIN unnest(%s::bigint[]) WITH ORDINALITY AS held (id, place) ON place = i.row_no + 1"
            " WHERE h.id = held.id",
            [list(keys)],
        )
        cursor.execute("TRUNCATE incoming_held")
        cursor.execute(
            "DELETE FROM records_heldrow WHERE id = ANY(%s)", [np.array(keys)[good].tolist()]
        )


def _cells(upload: Upload) -> dict[str, str]:
    """Return the letter of each variable in the file, and under "" its sheet, as the findings of a file name cells."""
    report = UploadReport.of(upload)
    sheet = report.file.get("sheet")
    letters = {column.variable: column.letter for column in report.columns if column.variable}
    return {**letters, "": f"{sheet}!" if sheet else ""}


def _note(upload: Upload, admitted: admission.Admitted, checked: Checked, by: Person) -> None:
    """Note whose hands are in the rows now, in each submission that got any."""
    if not admitted.accepted:
        return
    rows = Counter(checked.good["period"].cast(pa.string()).to_pylist())
    for submission in admitted.submissions:
        if rows[submission.period]:
            handlings.note(Handling.Deed.CORRECT, submission, by=by, rows=rows[submission.period])
    name = f"{upload.instrument.code} {upload.pk}"
    audit.record(
        "correct",
        f"upload:{upload.pk}",
        name=name,
        by=by,
        agency=upload.agency,
        rows=admitted.accepted,
    )
