"""Rows that came while their submission was closed: counted, and taken in when it is opened again."""

from collections.abc import Iterable

from django.db import connection
from django.db.backends.utils import CursorWrapper

from agencies import audit
from agencies.models import Person
from records.collection.collisions import OTHER_CONTENT, REPEATED
from records.collection.staging import COLUMNS, CORE
from records.models import Handling, HeldRow, Submission, Upload
from records.review import handlings

# What a late row holds, of the types of a record's columns; which rows are late (held row `h`). What came before there
# were counts is one record.
AGAIN = {name: f"(h.raw->>'{name}')::{kind}" for name, kind in CORE.items()}
TYPED_AGAIN = ", ".join((AGAIN | {"count": f"coalesce({AGAIN['count']}, 1)"}).values())
LATE_OF = "h.submission_id = %s AND h.kind = 'LATE'"


def readmit_late(submission: Submission, *, by: Person) -> int:
    """Take in the rows that came while the submission was closed. Returns how many; none while it is.

    They were valid when they came, but several files may have brought the same number meanwhile. A
    row equal to another one, or to a record, is a duplicate and goes; where rows of one number
    differ all of them stay held, as errors. No content is lost.
    """
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    if not submission.is_open:
        return 0
    files = Upload.objects.filter(
        pk__in=HeldRow.all_rows.late().filter(submission=submission).values("upload")
    )
    for file in files:
        handlings.note_file(file, [submission])
    with connection.cursor() as cursor:
        _judge_late(cursor, submission)
        # No ON CONFLICT: a number that still stands twice must stop this, not lose a row.
        cursor.execute(
            f"WITH late AS (DELETE FROM records_heldrow h WHERE {LATE_OF} RETURNING h.*)"
            f" INSERT INTO records_record (agency_id, submission_id, upload_id, row_no, {COLUMNS},"
            " extras) SELECT h.agency_id, h.submission_id, h.upload_id, h.row_no,"
            f" {TYPED_AGAIN}, h.raw->'extras' FROM late h",
            [submission.pk],
        )
        admitted = int(cursor.rowcount)
    count_late([submission])
    if admitted:
        handlings.note(Handling.Deed.ADMIT, submission, by=by, rows=admitted)
        audit.record(
            "admit",
            f"submission:{submission.pk}",
            name=str(submission),
            by=by,
            agency=submission.agency,
            rows=admitted,
        )
    return admitted


def count_late(submissions: Iterable[Submission]) -> None:
    """Keep on each submission how many late rows it has: the statistics office sees the number only.

    To be called in the scope of somebody who sees the rows, wherever rows become late or stop being it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE records_submission s SET late_rows = (SELECT count(*) FROM records_heldrow h"
            " WHERE h.submission_id = s.id AND h.kind = 'LATE') WHERE s.id = ANY(%s)",
            [[submission.pk for submission in submissions]],
        )


def _judge_late(cursor: CursorWrapper, submission: Submission) -> None:
    """Drop late rows that are there already; where a number has different content hold all as errors."""
    cursor.execute(
        "CREATE TEMP TABLE judged ON COMMIT DROP AS WITH late AS (SELECT h.id,"
        " h.raw->>'record_ref' AS number,"
        f" md5(ROW({TYPED_AGAIN}, h.raw->'extras')::text) AS content"
        f" FROM records_heldrow h WHERE {LATE_OF}), every AS (SELECT * FROM late"
        f" UNION ALL SELECT NULL, record_ref, md5(ROW({COLUMNS}, extras)::text) FROM records_record"
        " WHERE submission_id = %s AND record_ref IN (SELECT number FROM late))"
        " SELECT id, count(*) OVER same > count(id) OVER same AS known,"
        " min(content) OVER same <> max(content) OVER same AS differ,"
        " row_number() OVER (same ORDER BY id NULLS FIRST) AS nth"
        " FROM every WINDOW same AS (PARTITION BY number)",
        [submission.pk, submission.pk],
    )
    cursor.execute(
        "DELETE FROM records_heldrow h USING judged j WHERE h.id = j.id AND NOT differ AND nth > 1"
    )
    for collision, known in ((REPEATED, False), (OTHER_CONTENT, True)):
        cursor.execute(
            "UPDATE records_heldrow h SET kind = 'ERROR', findings = %s::jsonb FROM judged j"
            " WHERE h.id = j.id AND differ AND known = %s",
            [collision.as_json(), known],
        )
    cursor.execute("DROP TABLE judged")
