"""What is of a file now: rows that were corrected, removed or taken in since it was read are counted as they stand."""

from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Count

from records.collection.findings_by_cause import Cause
from records.collection.report import UploadReport
from records.models import HeldRow, Upload
from records.review import profile
from standards import sex


def standing(upload: Upload) -> UploadReport:
    """Return the report of a file with its counts of now; of one that is not taken in, as it was read.

    Errors are those of rows that are held, with the examples that intake found of the same cause. Warnings are those
    of intake and of rows that were corrected since (`note_warnings`).
    """
    report = UploadReport.of(upload)
    if upload.state != Upload.State.COMMITTED:
        return report
    held = HeldRow.open_rows.filter(upload=upload)
    kinds = dict(held.order_by().values_list("kind").annotate(Count("pk")))
    records = records_by_sex(upload)
    accepted = sum(rows for rows, _count in records.values())
    by_sex = dict.fromkeys(sex.CODES, 0) | {code: count for code, (_n, count) in records.items()}
    rows = replace(
        report.rows,
        accepted=accepted,
        held=sum(kinds.values()),
        late=kinds.get(HeldRow.Kind.LATE, 0),
    )
    errors = _errors(profile.causes(held.errors()), report.findings)
    others = tuple(cause for cause in report.findings if cause.severity != "error")
    return replace(report, rows=rows, sex=by_sex, findings=(*errors, *others))


def records_by_sex(upload: Upload) -> dict[str, tuple[int, int]]:
    """Return of each code of sex the records of a file, and how many they count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sex, count(*), sum(count)::bigint FROM records_record WHERE upload_id = %s GROUP BY sex",
            [upload.pk],
        )
        return {code: (rows, int(count)) for code, rows, count in cursor.fetchall()}


def _errors(held: list[dict[str, Any]], reported: tuple[Cause, ...]) -> tuple[Cause, ...]:
    examples = {(c.rule, c.variable): c.examples for c in reported if c.severity == "error"}
    return tuple(
        Cause(**cause, examples=examples.get((cause["rule"], cause["variable"]), []))
        for cause in held
    )
