"""Held rows that a later file replaces: they are closed by it, and come back if it is taken back."""

from django.db.backends.utils import CursorWrapper

from records.models import Upload

# Open rows with an error of earlier files (`w`), in their submissions. One without a readable date may be of any that its
# file feeds (`undated`). The number stands in a column, so that the planner knows its values: inside JSON it guessed
# one row, and compared every row with every other.
WAITING = (
    "CREATE TEMP TABLE waiting ON COMMIT DROP AS SELECT h.id, h.upload_id,"
    " coalesce(h.submission_id, f.submission_id) AS submission_id, h.submission_id IS NULL AS undated,"
    " h.raw->>'record_ref' AS record_ref FROM records_heldrow h LEFT JOIN records_upload_submissions f"
    " ON h.submission_id IS NULL AND f.upload_id = h.upload_id WHERE h.agency_id = %s"
    " AND h.instrument_id = %s AND h.upload_id < %s AND h.kind = 'ERROR' AND h.closed_by_id IS NULL"
)
CLOSE = "UPDATE records_heldrow h SET closed_by_id = %s FROM waiting w WHERE h.id = w.id"


def close_replaced(cursor: CursorWrapper, upload: Upload) -> None:
    """Close held rows of earlier files whose record this file brings, good now, or held again.

    Rows whose number it does not bring stay, whatever was chosen of the records: nobody was shown them. A row without
    a date is none of the records that its own file brought under this number.
    """
    cursor.execute(WAITING, [upload.agency_id, upload.instrument_id, upload.pk])
    if cursor.rowcount:
        cursor.execute("ANALYZE waiting")
        cursor.execute(
            f"{CLOSE} AND EXISTS (SELECT FROM records_record r WHERE r.submission_id = w.submission_id"
            " AND r.agency_id = %s AND r.record_ref = w.record_ref AND r.upload_id = %s"
            " AND NOT (w.undated AND EXISTS (SELECT FROM records_recordevent e WHERE e.pgh_obj_id = r.id"
            " AND e.upload_id = w.upload_id)))",
            [upload.pk, upload.agency_id, upload.pk],
        )
        _close_held_again(cursor, upload)
        _close_undated(cursor, upload)
    cursor.execute("DROP TABLE waiting")


def _close_held_again(cursor: CursorWrapper, upload: Upload) -> None:
    """Close a row whose number is held again: the newer one is to be corrected. Of a number that stands in
    several rows nobody knows which is which: all of them stay.
    """
    cursor.execute(
        "WITH once AS (SELECT submission_id, raw->>'record_ref' AS record_ref FROM records_heldrow"
        " WHERE upload_id = %s AND kind = 'ERROR' AND closed_by_id IS NULL GROUP BY 1, 2 HAVING count(*) = 1),"
        " before AS (SELECT submission_id, record_ref, min(id) AS id FROM waiting WHERE NOT undated GROUP BY 1, 2"
        f" HAVING count(*) = 1) {CLOSE} AND EXISTS (SELECT FROM before b JOIN once o USING"
        " (submission_id, record_ref) WHERE b.id = w.id)",
        [upload.pk, upload.pk],
    )


def _close_undated(cursor: CursorWrapper, upload: Upload) -> None:
    """Close a row without a readable date that is held again as it was: nobody knows its period, but its content."""
    cursor.execute(
        f"{CLOSE} AND w.undated AND w.record_ref IS NOT NULL AND EXISTS (SELECT FROM records_heldrow n"
        " WHERE n.upload_id = %s AND n.agency_id = h.agency_id AND n.submission_id IS NULL"
        " AND n.kind = 'ERROR' AND n.closed_by_id IS NULL AND n.raw = h.raw)",
        [upload.pk, upload.pk],
    )
