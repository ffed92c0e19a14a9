"""Taking an upload back: what it brought goes, what it replaced returns. The history says what that was.

A record is a line of versions. Each was made by a file, or by hand; the history names the file in the deed
that ended the version before (`history.by`). Taking files back leaves the newest version that was made by
hand or by a file that stands; the record goes with the last file that had it. So the order in which files
are taken back does not matter, and nothing that came later is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from agencies.models import Person
from records.collection import history, planner
from records.collection.comparison import WHOLE
from records.models import HeldRow, Submission, Upload

AT_ONCE = 100_000  # records: a larger upload is taken back by a worker
BATCH = 50_000  # records that go in one statement, so that people see how far it is
VERSION = ", ".join(WHOLE)
FILE = "(x.metadata->>'upload')::bigint"  # of the deed that ended a version


@dataclass(frozen=True)
class Preview:
    """What taking an upload back would do, in numbers of records and held rows.

    removed  records that go; restored  records that get back what stood before; returned  records that the file
    lacked; later  records that somebody, or a later file, has changed since: they stay as they are now; held  held
    rows of the file that go; reopened  held rows of earlier files that it closed.
    """

    removed: int
    restored: int
    returned: int
    later: int
    held: int
    reopened: int


def silent(done: int, of: int) -> None:
    """Tell nobody how far it is."""


def preview(upload: Upload, submissions: Sequence[Submission]) -> Preview:
    """Count what taking the upload back would do now, and change nothing."""
    with connection.cursor() as cursor:
        _plan(cursor, upload, submissions)
        cursor.execute(
            "SELECT count(*) FILTER (WHERE here AND stays AND NOT present),"
            " count(*) FILTER (WHERE NOT here AND stays), count(*) FILTER (WHERE here AND stays AND present)"
            " FROM planned"
        )
        restored, returned, later = cursor.fetchone()
        cursor.execute("DROP TABLE version, made, planned")
    records = upload.records.count()
    return Preview(
        removed=records - restored - later,
        restored=restored,
        returned=returned,
        later=later + _changed_by_later_files(upload),
        held=HeldRow.open_rows.filter(upload=upload).count(),
        reopened=HeldRow.all_rows.closed_by_upload(upload).count(),
    )


def size(upload: Upload) -> int:
    """Return about how many records taking it back changes."""
    return upload.records.count() + _deeds(upload)


def take_back(
    upload: Upload,
    submissions: Sequence[Submission],
    *,
    by: Person,
    progress: Callable[[int, int], None] = silent,
) -> None:
    """Do it. The submissions are locked, and the upload is marked as undone already."""
    with connection.cursor() as cursor, history.by(by, undo=upload.pk):
        _plan(cursor, upload, submissions)
        _restore(cursor)
        removed = _remove(cursor, upload, progress)
        _return(cursor)
        _reopen(cursor, upload)
        HeldRow.all_rows.filter(upload=upload).delete()
        planner.analyse_after(removed)
        cursor.execute("DROP TABLE version, made, planned")


def _plan(cursor: CursorWrapper, upload: Upload, submissions: Sequence[Submission]) -> None:
    """Say of each record that has a history what becomes of it (`planned`); all others of the upload go."""
    undone = _undone(upload)
    open_ones = [submission.pk for submission in submissions if submission.is_open]
    _versions(cursor, upload, undone, open_ones)
    cursor.execute(
        "CREATE TEMP TABLE made ON COMMIT DROP AS SELECT record_id, k, pgh_id, here, CASE WHEN k = 1 THEN owner"
        " ELSE lag(ended_by) OVER line END AS file, k = 1 AND owner IS NULL AS typed FROM version"
        " WINDOW line AS (PARTITION BY record_id ORDER BY k)"
        " UNION ALL SELECT record_id, k + 1, NULL, here, ended_by, false FROM version WHERE here AND is_last"
    )
    cursor.execute(
        "CREATE TEMP TABLE planned ON COMMIT DROP AS WITH judged AS (SELECT record_id, here, max(k) AS last,"
        " bool_or(typed OR file IS NOT NULL AND file <> ALL(%s::bigint[])) AS stays,"
        " max(k) FILTER (WHERE file IS NULL OR file <> ALL(%s::bigint[])) AS k,"
        " max(k) FILTER (WHERE file IS NOT NULL AND file <> ALL(%s::bigint[])) AS owner_k"
        " FROM made GROUP BY record_id, here)"
        " SELECT j.record_id, j.here, j.stays, j.k = j.last AND j.here AS present, m.pgh_id, o.file AS owner,"
        " o.pgh_id AS owner_id FROM judged j JOIN made m ON m.record_id = j.record_id AND m.k = j.k"
        " LEFT JOIN made o ON o.record_id = j.record_id AND o.k = j.owner_k",
        [undone, undone, undone],
    )
    _leave_taken_numbers(cursor, undone)


def _undone(upload: Upload) -> list[int]:
    """The ids of files of the instrument that were taken back, with this one."""
    files = Upload.objects.filter(
        agency=upload.agency_id, instrument=upload.instrument_id, state=Upload.State.UNDONE
    )
    return sorted({upload.pk, *files.values_list("pk", flat=True)})


def _versions(
    cursor: CursorWrapper, upload: Upload, undone: list[int], open_ones: list[int]
) -> None:
    """Put the earlier versions in a row (`version`): of the upload's records, and of those that it removed.

    A record that a file removed which was taken back before may not have returned then, because its number
    was taken.
    """
    cursor.execute(
        "CREATE TEMP TABLE version ON COMMIT DROP AS WITH removed AS (SELECT DISTINCT e.pgh_obj_id AS id FROM"
        f" pghistory_context x JOIN records_recordevent e ON e.pgh_context_id = x.id WHERE {FILE} = ANY(%s)"
        " AND e.pgh_label = 'delete' AND e.agency_id = %s AND e.submission_id = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM records_record r WHERE r.id = e.pgh_obj_id)),"
        " looked_at AS (SELECT r.id, true AS here FROM records_record r WHERE r.upload_id = %s"
        " AND EXISTS (SELECT FROM records_recordevent e WHERE e.pgh_obj_id = r.id)"
        " UNION ALL SELECT id, false FROM removed)"
        f" SELECT l.id AS record_id, l.here, e.pgh_id, e.pgh_label, e.upload_id AS owner, {FILE} AS ended_by,"
        " row_number() OVER line AS k, lead(e.pgh_id) OVER line IS NULL AS is_last"
        " FROM looked_at l JOIN records_recordevent e ON e.pgh_obj_id = l.id"
        " LEFT JOIN pghistory_context x ON x.id = e.pgh_context_id WHERE e.pgh_label <> 'update'"
        " WINDOW line AS (PARTITION BY e.pgh_obj_id ORDER BY e.pgh_id)",
        [undone, upload.agency_id, open_ones, upload.pk],
    )
    # Who removed it by hand has removed it, whatever files did before.
    cursor.execute(
        "DELETE FROM version v USING version z WHERE NOT v.here AND z.record_id = v.record_id AND z.is_last"
        " AND (z.pgh_label <> 'delete' OR z.ended_by IS NULL OR z.ended_by <> ALL(%s::bigint[]))",
        [undone],
    )
    cursor.execute("ANALYZE version")


def _leave_taken_numbers(cursor: CursorWrapper, undone: list[int]) -> None:
    """Let no removed record return whose number is another record's that stays, or was removed again by who stands."""
    cursor.execute("ANALYZE planned")
    cursor.execute(
        "DELETE FROM planned p USING records_recordevent e JOIN records_record r"
        " ON r.submission_id = e.submission_id AND r.agency_id = e.agency_id AND r.record_ref = e.record_ref"
        " LEFT JOIN planned q ON q.record_id = r.id WHERE NOT p.here AND e.pgh_id = p.pgh_id"
        " AND (r.upload_id IS NULL OR r.upload_id <> ALL(%s::bigint[]) OR q.stays)",
        [undone],
    )
    cursor.execute(
        "DELETE FROM planned p USING records_recordevent e JOIN records_recordevent d"
        " ON d.submission_id = e.submission_id AND d.record_ref = e.record_ref AND d.pgh_id > e.pgh_id"
        " LEFT JOIN pghistory_context x ON x.id = d.pgh_context_id WHERE NOT p.here AND e.pgh_id = p.pgh_id"
        " AND d.pgh_label = 'delete' AND d.pgh_obj_id <> e.pgh_obj_id"
        " AND NOT coalesce(x.metadata ? 'undo', false)"
        f" AND ({FILE} IS NULL OR {FILE} <> ALL(%s::bigint[]))",
        [undone],
    )


def _restore(cursor: CursorWrapper) -> None:
    """Give records back what stood before; of those that changed since only the file they are of."""
    assigned = ", ".join(f"{name} = e.{name}" for name in WHOLE)
    cursor.execute(
        f"UPDATE records_record r SET upload_id = p.owner, row_no = e.row_no, by_hand = e.by_hand, {assigned}"
        " FROM planned p JOIN records_recordevent e ON e.pgh_id = p.pgh_id"
        " WHERE p.here AND p.stays AND NOT p.present AND r.id = p.record_id"
    )
    cursor.execute(
        "UPDATE records_record r SET upload_id = p.owner, row_no = coalesce(e.row_no, r.row_no)"
        " FROM planned p LEFT JOIN records_recordevent e ON e.pgh_id = p.owner_id"
        " WHERE p.here AND p.stays AND p.present AND r.id = p.record_id"
    )


def _remove(cursor: CursorWrapper, upload: Upload, progress: Callable[[int, int], None]) -> int:
    """Remove what is left of the upload: nothing else had these records."""
    cursor.execute(
        "DELETE FROM records_secondentry s USING records_record r WHERE s.record_id = r.id"
        " AND r.upload_id = %s AND s.agency_id = r.agency_id",
        [upload.pk],
    )
    records, done = upload.records.count(), 0
    while done < records:
        progress(done, records)
        cursor.execute(
            "DELETE FROM records_record WHERE id IN (SELECT id FROM records_record WHERE upload_id = %s LIMIT %s)",
            [upload.pk, BATCH],
        )
        done += int(cursor.rowcount)
    return done


def _return(cursor: CursorWrapper) -> None:
    """Bring removed records back, under the ids they had."""
    cursor.execute(
        f"INSERT INTO records_record (id, agency_id, submission_id, upload_id, row_no, by_hand, {VERSION})"
        " SELECT DISTINCT ON (e.submission_id, e.record_ref) p.record_id, e.agency_id, e.submission_id, p.owner,"
        f" e.row_no, e.by_hand, {', '.join(f'e.{name}' for name in WHOLE)} FROM planned p JOIN records_recordevent e"
        " ON e.pgh_id = p.pgh_id WHERE NOT p.here AND p.stays"
        " ORDER BY e.submission_id, e.record_ref, p.record_id DESC"
    )


def _reopen(cursor: CursorWrapper, upload: Upload) -> None:
    """Open again the rows that the upload closed.

    One whose record a later file has too, or whose number stands in a row of the upload that a later file
    closed, is closed by that one.
    """
    cursor.execute(
        "UPDATE records_heldrow h SET closed_by_id = coalesce((SELECT r.upload_id FROM records_record r"
        " WHERE r.submission_id = h.submission_id AND r.agency_id = h.agency_id"
        " AND r.record_ref = h.raw->>'record_ref' AND r.upload_id > h.upload_id),"
        " (SELECT max(n.closed_by_id) FROM records_heldrow n WHERE n.upload_id = %s AND n.agency_id = h.agency_id"
        " AND (n.submission_id = h.submission_id OR n.submission_id IS NULL AND h.submission_id IS NULL"
        " AND n.raw = h.raw) AND n.raw->>'record_ref' = h.raw->>'record_ref'))"
        " WHERE h.closed_by_id = %s",
        [upload.pk, upload.pk],
    )


def _deeds(upload: Upload) -> int:
    """Return how many records the upload changed or removed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pghistory_context x JOIN records_recordevent e ON e.pgh_context_id = x.id"
            f" WHERE {FILE} = %s AND e.agency_id = %s",
            [upload.pk, upload.agency_id],
        )
        (deeds,) = cursor.fetchone()
    return int(deeds)


def _changed_by_later_files(upload: Upload) -> int:
    """Return how many records that the upload changed are a later file's now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pghistory_context x JOIN records_recordevent e ON e.pgh_context_id = x.id"
            f" JOIN records_record r ON r.id = e.pgh_obj_id WHERE {FILE} = %s AND e.agency_id = %s"
            " AND e.pgh_label = 'change' AND r.upload_id <> %s",
            [upload.pk, upload.agency_id, upload.pk],
        )
        (records,) = cursor.fetchone()
    return int(records)
