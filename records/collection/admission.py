"""Admitting staged rows: which submission, which are repeated, which come too late. All in SQL."""

from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from records.collection.collisions import LATE, Collision, of_numbers
from records.collection.late_rows import count_late
from records.collection.staging import COLUMNS
from records.models import HeldRow, InstrumentVersion, Submission, Upload
from records.review import handlings
from records.review.opening import submission_for
from standards.periods import period_of

# A valid row as a held row keeps it: typed, with the year that stands for the birth date.
TYPED = (
    "(to_jsonb(i) - ARRAY['row_no', 'period', 'submission_id']"
    " || jsonb_build_object('birth_date', i.birth_year::text))"
)


@dataclass
class Admitted:
    """What became of the staged rows: numbers of rows, and the submissions they went to."""

    accepted: int = 0
    held: int = 0
    duplicate: int = 0
    late: int = 0
    repeated: dict[str, int] = field(default_factory=dict)  # rule id -> rows
    sex: dict[str, int] = field(default_factory=dict)
    submissions: list[Submission] = field(default_factory=list)


def admit(upload: Upload, version: InstrumentVersion) -> Admitted:
    """Move all staged rows to where they belong. Runs inside the transaction that staged them.

    A row that is there already, equal in everything, is counted as a duplicate and left out. A
    number that stands in rows of different content holds all of them. Rows of a submission that is
    no longer open are held as late.
    """
    admitted = Admitted(submissions=_submissions(upload, version))
    with connection.cursor() as cursor:
        admitted.late = _hold_late(cursor, upload)
        try:
            with transaction.atomic():
                admitted.accepted = _insert(cursor, upload)
        except IntegrityError:  # a number stands twice: the rare case pays for finding out where
            admitted.duplicate, admitted.repeated = _judge_repeated(
                cursor, upload, of_numbers(counts=version.content.get("collects") == "counts")
            )
            admitted.accepted = _insert(cursor, upload)
        admitted.held = (
            _hold_errors(cursor, upload) + admitted.late + sum(admitted.repeated.values())
        )
        _close_corrected(cursor, upload)
        cursor.execute(
            "SELECT sex, sum(count)::bigint FROM records_record WHERE upload_id = %s GROUP BY sex",
            [upload.pk],
        )
        admitted.sex = dict(cursor.fetchall())
    upload.submissions.add(*admitted.submissions)
    handlings.note_file(upload, admitted.submissions)
    if admitted.late:
        count_late(admitted.submissions)
    return admitted


def _submissions(upload: Upload, version: InstrumentVersion) -> list[Submission]:
    """The submissions of all periods in the file, locked: nobody submits or reopens them meanwhile.

    A row in error opens no period that has not begun: its date is what is wrong.
    """
    running = period_of(timezone.localdate(), version.content["frequency"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT period FROM incoming UNION SELECT period FROM incoming_held"
            " WHERE period <= %s ORDER BY 1",
            [running],
        )
        periods = [period for (period,) in cursor.fetchall()]
        submissions = [submission_for(upload.agency_id, version, period) for period in periods]
        cursor.execute(
            "CREATE TEMP TABLE place (period varchar(7), submission_id bigint) ON COMMIT DROP"
        )
        places = [(submission.period, submission.pk) for submission in submissions]
        cursor.executemany("INSERT INTO place VALUES (%s, %s)", places)
    return submissions


def _hold_late(cursor: CursorWrapper, upload: Upload) -> int:
    taken = (
        "DELETE FROM incoming i USING place p, records_submission s WHERE i.period = p.period"
        " AND s.id = p.submission_id AND s.state <> ALL(%s::text[])"
        f" RETURNING p.submission_id, i.row_no, {TYPED} AS raw"
    )
    states = [str(state) for state in Submission.OPEN]
    return _hold(cursor, upload, taken, [states], HeldRow.Kind.LATE, LATE)


def _insert(cursor: CursorWrapper, upload: Upload) -> int:
    cursor.execute(
        f"INSERT INTO records_record (agency_id, submission_id, upload_id, row_no, {COLUMNS}, extras)"
        f" SELECT %s, p.submission_id, %s, i.row_no, {COLUMNS}, extras"
        " FROM incoming i JOIN place p USING (period)",
        [upload.agency_id, upload.pk],
    )
    return int(cursor.rowcount)


def _judge_repeated(
    cursor: CursorWrapper, upload: Upload, collisions: tuple[Collision, Collision]
) -> tuple[int, dict[str, int]]:
    """Find numbers that stand twice, in the file or with a stored record; equal rows are duplicates."""
    content = f"md5(ROW({COLUMNS}, extras)::text)"
    cursor.execute(
        "CREATE TEMP TABLE twice ON COMMIT DROP AS WITH every AS ("
        f" SELECT p.submission_id, i.record_ref, i.ctid AS at, {content} AS content"
        " FROM incoming i JOIN place p USING (period)"
        f" UNION ALL SELECT r.submission_id, r.record_ref, NULL, {content}"
        " FROM records_record r JOIN place p USING (submission_id)"
        "), judged AS (SELECT *, count(*) OVER number AS n, count(at) OVER number AS new,"
        " min(content) OVER number <> max(content) OVER number AS differ,"
        " row_number() OVER (number ORDER BY at NULLS FIRST) AS nth"
        " FROM every WINDOW number AS (PARTITION BY submission_id, record_ref))"
        " SELECT * FROM judged WHERE n > 1 AND at IS NOT NULL AND (differ OR nth > 1)"
    )
    cursor.execute("DELETE FROM incoming i USING twice t WHERE i.ctid = t.at AND NOT t.differ")
    duplicates = int(cursor.rowcount)
    repeated = {}
    for collision, known in zip(collisions, ("t.n = t.new", "t.n > t.new"), strict=True):
        taken = (
            f"DELETE FROM incoming i USING twice t WHERE i.ctid = t.at AND t.differ AND {known}"
            f" RETURNING t.submission_id, i.row_no, {TYPED} AS raw"
        )
        if rows := _hold(cursor, upload, taken, [], HeldRow.Kind.ERROR, collision):
            repeated[collision.rule] = rows
    return duplicates, repeated


def _hold(
    cursor: CursorWrapper,
    upload: Upload,
    taken: str,
    parameters: list[Any],
    kind: str,
    collision: Collision,
) -> int:
    """Keep as held rows what the statement `taken` returns (submission_id, row_no, raw)."""
    cursor.execute(
        f"WITH taken AS ({taken}) INSERT INTO records_heldrow"
        " (agency_id, instrument_id, upload_id, submission_id, kind, row_no, raw, findings)"
        " SELECT %s, %s, %s, submission_id, %s, row_no, raw, %s::jsonb FROM taken",
        [
            *parameters,
            *(upload.agency_id, upload.instrument_id, upload.pk),
            *(str(kind), collision.as_json()),
        ],
    )
    return int(cursor.rowcount)


def _hold_errors(cursor: CursorWrapper, upload: Upload) -> int:
    cursor.execute(
        "INSERT INTO records_heldrow (agency_id, instrument_id, upload_id, submission_id, kind, row_no,"
        " raw, findings) SELECT %s, %s, %s, p.submission_id, 'ERROR', i.row_no, i.raw, i.findings"
        " FROM incoming_held i LEFT JOIN place p USING (period)",
        [upload.agency_id, upload.instrument_id, upload.pk],
    )
    return int(cursor.rowcount)


def _close_corrected(cursor: CursorWrapper, upload: Upload) -> None:
    """Close held rows of earlier files whose record, by its number, has now been taken in."""
    cursor.execute(
        "UPDATE records_heldrow h SET closed_by_id = %s FROM records_record r WHERE h.agency_id = %s"
        " AND h.instrument_id = %s AND h.upload_id <> %s AND r.upload_id = %s"
        " AND h.submission_id = r.submission_id AND h.kind = 'ERROR' AND h.closed_by_id IS NULL"
        " AND h.raw->>'record_ref' = r.record_ref",
        [upload.pk, upload.agency_id, upload.instrument_id, upload.pk, upload.pk],
    )
