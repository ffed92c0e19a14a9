"""Admitting staged rows: which submission, which are repeated, which come too late. All in SQL."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from records.models import HeldRow, InstrumentVersion, Submission, Upload
from records.spec import period_of
from records.store import CORE

COLUMNS = ", ".join(CORE)
# What a late row holds, of the types of a record's columns; which rows are late (held row `h`).
TYPED_AGAIN = ", ".join(f"(h.raw->>'{name}')::{kind}" for name, kind in CORE.items())
LATE_OF = "h.submission_id = %s AND h.kind = 'LATE'"
# A valid row as a held row keeps it: typed, with the year that stands for the birth date.
TYPED = (
    "(to_jsonb(i) - ARRAY['row_no', 'period', 'submission_id']"
    " || jsonb_build_object('birth_date', i.birth_year::text))"
)
LATE = {
    "rule": "submission.closed",
    "severity": "error",
    "variable": "event_date",
    "message": {
        "en": "The period of this row is submitted or accepted. It is kept here until the period is "
        "opened again.",
        "ru": "Период этой строки уже сдан или принят. Строка хранится здесь, пока период не откроют "
        "снова.",
        "tk": "Bu setiriň döwri eýýäm tabşyryldy ýa-da kabul edildi. Döwür täzeden açylýança setir "
        "şu ýerde saklanýar.",
    },
}
REPEATED = {
    "rule": "record_ref.repeated",
    "severity": "error",
    "variable": "record_ref",
    "message": {
        "en": "This record number stands in several rows with different content. Keep the right one.",
        "ru": "Этот номер записи стоит в нескольких строках с разным содержанием. Оставьте верную.",
        "tk": "Bu ýazgy belgisi birnäçe setirde dürli mazmun bilen dur. Dogrusyny galdyryň.",
    },
}
OTHER_CONTENT = {
    "rule": "record_ref.other_content",
    "severity": "error",
    "variable": "record_ref",
    "message": {
        "en": "A record with this number is already here with other content. Correct that record, or "
        "undo the upload it came with.",
        "ru": "Запись с этим номером уже есть, но с другим содержанием. Исправьте её или отмените "
        "загрузку, с которой она пришла.",
        "tk": "Bu belgili ýazgy eýýäm bar, ýöne mazmuny başga. Şol ýazgyny düzediň ýa-da onuň gelen "
        "ýüklemesini yzyna alyň.",
    },
}


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
    done = Admitted(submissions=_submissions(upload, version))
    with connection.cursor() as cursor:
        done.late = _hold_late(cursor, upload)
        try:
            with transaction.atomic():
                done.accepted = _insert(cursor, upload)
        except IntegrityError:  # a number stands twice: the rare case pays for finding out where
            done.duplicate, done.repeated = _judge_repeated(cursor, upload)
            done.accepted = _insert(cursor, upload)
        done.held = _hold_errors(cursor, upload) + done.late + sum(done.repeated.values())
        _close_corrected(cursor, upload)
        cursor.execute(
            "SELECT sex, count(*) FROM records_record WHERE upload_id = %s GROUP BY sex",
            [upload.pk],
        )
        done.sex = dict(cursor.fetchall())
    upload.submissions.set(done.submissions)
    if done.late:
        count_late(done.submissions)
    return done


def submission_for(agency: int, version: InstrumentVersion, period: str) -> Submission:
    """Return the submission of the period, a new draft if there is none, locked until commit."""
    Submission.objects.get_or_create(
        agency_id=agency,
        instrument_id=version.instrument_id,
        period=period,
        defaults={"instrument_version": version},
    )
    return Submission.objects.select_for_update(of=("self",)).get(
        agency_id=agency, instrument_id=version.instrument_id, period=period
    )


def readmit_late(submission: Submission) -> int:
    """Take in the rows that came while the submission was closed. Returns how many; none while it is.

    They were valid when they came, but several files may have brought the same number meanwhile. A
    row equal to another one, or to a record, is a duplicate and goes; where rows of one number
    differ all of them stay held, as errors. No content is lost.
    """
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    if not submission.is_open:
        return 0
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
    for finding, known in ((REPEATED, False), (OTHER_CONTENT, True)):
        cursor.execute(
            "UPDATE records_heldrow h SET kind = 'ERROR', findings = %s::jsonb FROM judged j"
            " WHERE h.id = j.id AND differ AND known = %s",
            [json.dumps([finding]), known],
        )
    cursor.execute("DROP TABLE judged")


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
        found = [submission_for(upload.agency_id, version, period) for period in periods]
        cursor.execute(
            "CREATE TEMP TABLE place (period varchar(7), submission_id bigint) ON COMMIT DROP"
        )
        cursor.executemany("INSERT INTO place VALUES (%s, %s)", [(s.period, s.pk) for s in found])
    return found


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


def _judge_repeated(cursor: CursorWrapper, upload: Upload) -> tuple[int, dict[str, int]]:
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
    for finding, known in ((REPEATED, "t.n = t.new"), (OTHER_CONTENT, "t.n > t.new")):
        taken = (
            f"DELETE FROM incoming i USING twice t WHERE i.ctid = t.at AND t.differ AND {known}"
            f" RETURNING t.submission_id, i.row_no, {TYPED} AS raw"
        )
        if rows := _hold(cursor, upload, taken, [], HeldRow.Kind.ERROR, finding):
            repeated[str(finding["rule"])] = rows
    return duplicates, repeated


def _hold(
    cursor: CursorWrapper,
    upload: Upload,
    taken: str,
    parameters: list[Any],
    kind: str,
    finding: dict[str, Any],
) -> int:
    """Keep as held rows what the statement `taken` returns (submission_id, row_no, raw)."""
    cursor.execute(
        f"WITH taken AS ({taken}) INSERT INTO records_heldrow"
        " (agency_id, instrument_id, upload_id, submission_id, kind, row_no, raw, findings)"
        " SELECT %s, %s, %s, submission_id, %s, row_no, raw, %s::jsonb FROM taken",
        [
            *parameters,
            *(upload.agency_id, upload.instrument_id, upload.pk),
            *(str(kind), json.dumps([finding])),
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
