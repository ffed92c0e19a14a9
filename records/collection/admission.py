"""Admitting staged rows: which submission, which are repeated, which come too late. All in SQL."""

from dataclasses import dataclass, field, replace

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from agencies.models import Person
from records.collection import comparison, history
from records.collection.closing import close_replaced
from records.collection.collisions import LATE, OTHER_CONTENT, Collision, repeated
from records.collection.comparison import Comparison
from records.collection.late_rows import count_late
from records.collection.staging import COLUMNS
from records.collection.standing import records_by_sex
from records.instruments.spec import Spec
from records.instruments.versions import spec_of
from records.models import HeldRow, InstrumentVersion, Submission, Upload
from records.reading.made_numbers import MARK
from records.review import handlings
from records.review.opening import drop_empty, submission_for
from standards.periods import period_of

# A valid row as a held row keeps it: typed, with the year that stands for the birth date.
TYPED = (
    "(to_jsonb(i) - ARRAY['row_no', 'period', 'submission_id', 'held_id']"
    " || jsonb_build_object('birth_date', i.birth_year::text))"
)


@dataclass
class Admitted:
    """What became of the staged rows: numbers of rows, and the submissions they went to.

    `again` is how the file compares with what was there, where they share a number. Where it `asks`, nothing
    was admitted: a person has to choose first.
    """

    accepted: int = 0
    held: int = 0
    duplicate: int = 0
    late: int = 0
    removed: int = 0  # records that the file lacks
    # of held rows that are in place of an earlier record now: their ids -> the period of the record
    replacing: dict[int, str] = field(default_factory=dict)
    repeated: int = 0
    other_content: int = 0  # of rows that were held: their number has another record
    again: Comparison | None = None
    asks: bool = False
    sex: dict[str, int] = field(default_factory=dict)
    submissions: list[Submission] = field(default_factory=list)
    begun: list[Submission] = field(default_factory=list)  # of them, those that this file began


def admit(
    upload: Upload,
    version: InstrumentVersion,
    *,
    by: Person,
    held_of: Upload | None = None,
    replacing: bool = False,
    by_hand: bool = False,
) -> Admitted:
    """Move all staged rows to where they belong. Runs inside the transaction that staged them.

    A row that is there already, equal in everything, is counted as a duplicate and left out. A number that stands in
    rows of different content holds all of them; rows of a submission that is not open are late. What the file changes
    or lacks of open submissions is for `by` to choose. `held_of`: the rows were held ones of this file; one whose
    number has another record is held, unless it was chosen of that file that its rows replace those of earlier ones,
    or a person says so of these very rows (`replacing`). `by_hand`: a person has put these rows right.
    """
    admitted, of_held = Admitted(), held_of is not None
    _open_submissions(upload, version, admitted)
    with connection.cursor() as cursor:
        if not _inserted_at_once(cursor, upload, admitted, of_held=of_held, by_hand=by_hand):
            _hold_repeated(cursor, admitted, version)
            if held_of:
                _hold_known(cursor, upload, admitted, by, held_of, replacing, by_hand)
            else:
                _compare(cursor, upload, admitted, spec_of(version), by)
            if admitted.asks:
                drop_empty(admitted.begun)
                return admitted
            admitted.accepted += _insert(cursor, upload, by_hand=by_hand)
        _check_parents(cursor)
        admitted.late = _hold_late(cursor, upload)
        admitted.held = _hold_errors(cursor, upload) + admitted.late
        if held_of:
            admitted.held += _hold_in_place(cursor)
        else:  # of held rows, whoever took them knows which are replaced
            close_replaced(cursor, upload)
    admitted.sex = {code: count for code, (_rows, count) in records_by_sex(upload).items()}
    return _noted(upload, admitted)


def _check_parents(cursor: CursorWrapper) -> None:
    """Check submission and upload of each new record now: later, when the upload is changed, it has two versions."""
    cursor.execute(
        "SET CONSTRAINTS record_submission_of_its_own, record_upload_of_its_own IMMEDIATE"
    )
    cursor.execute(
        "SET CONSTRAINTS record_submission_of_its_own, record_upload_of_its_own DEFERRED"
    )


def _noted(upload: Upload, admitted: Admitted) -> Admitted:
    """Note which submissions the file fed, by whose hands, and how many rows came too late."""
    upload.submissions.add(*admitted.submissions)
    handlings.note_file(upload, admitted.submissions)
    if admitted.late:
        count_late(admitted.submissions)
    return admitted


def _inserted_at_once(
    cursor: CursorWrapper, upload: Upload, admitted: Admitted, *, of_held: bool, by_hand: bool
) -> bool:
    """Insert all rows, the usual case; False, and nothing is inserted, where what is there has to be looked at."""
    if not of_held and _numbers_are_made(cursor):
        return False
    try:
        with transaction.atomic():
            admitted.accepted = _insert(cursor, upload, by_hand=by_hand)
    except IntegrityError:  # a number stands twice: the rare case pays for finding out where
        return False
    return True


def _numbers_are_made(cursor: CursorWrapper) -> bool:
    """Tell whether rows and records of a period both have numbers that the portal made.

    Such numbers come from what a row says: nobody can tell a corrected row from a new one, so a person has to.
    """
    made = f"record_ref LIKE '{MARK}%'"
    cursor.execute(
        f"SELECT EXISTS (SELECT FROM incoming WHERE {made}) AND EXISTS (SELECT FROM records_record r"
        f" JOIN place p USING (submission_id) WHERE p.is_open AND r.{made})"
    )
    (both,) = cursor.fetchone()
    return bool(both)


def _compare(
    cursor: CursorWrapper, upload: Upload, admitted: Admitted, spec: Spec, by: Person
) -> None:
    """Compare the rows with the records that share their numbers, and do what was chosen of what differs."""
    again = comparison.compare(cursor, upload, spec)
    choice = comparison.choice_for(again, upload.answers)
    admitted.again = replace(
        again, choice=choice, chosen_before=choice == "" and "again" in upload.answers
    )
    if not choice:
        comparison.keep_differences(cursor, upload)
        admitted.asks = True
        return
    with history.by(by, upload=upload.pk):
        applied = comparison.apply(cursor, upload, choice)
    admitted.accepted += applied.changed
    admitted.duplicate += applied.there
    admitted.removed = applied.removed


def _open_submissions(upload: Upload, version: InstrumentVersion, admitted: Admitted) -> None:
    """Find or begin the submissions of all periods in the file, locked: nobody submits or reopens them meanwhile.

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
        known = set(
            Submission.objects.filter(
                agency=upload.agency_id, instrument=upload.instrument_id, period__in=periods
            ).values_list("pk", flat=True)
        )
        submissions = [submission_for(upload.agency_id, version, period) for period in periods]
        cursor.execute(
            "CREATE TEMP TABLE place (period varchar(7), submission_id bigint, is_open boolean)"
            " ON COMMIT DROP"
        )
        places = [(s.period, s.pk, s.is_open) for s in submissions]
        cursor.executemany("INSERT INTO place VALUES (%s, %s, %s)", places)
    admitted.submissions = submissions
    admitted.begun = [submission for submission in submissions if submission.pk not in known]


def _hold_late(cursor: CursorWrapper, upload: Upload) -> int:
    taken = (
        "DELETE FROM incoming i USING place p WHERE i.period = p.period AND NOT p.is_open"
        f" RETURNING p.submission_id, i.row_no, {TYPED} AS raw"
    )
    return _hold(cursor, upload, taken, HeldRow.Kind.LATE, LATE)


def _insert(cursor: CursorWrapper, upload: Upload, *, by_hand: bool) -> int:
    cursor.execute(
        f"INSERT INTO records_record (agency_id, submission_id, upload_id, by_hand, row_no, {COLUMNS},"
        f" extras) SELECT %s, p.submission_id, %s, %s, i.row_no, {COLUMNS}, extras"
        " FROM incoming i JOIN place p USING (period) WHERE p.is_open",
        [upload.agency_id, upload.pk, by_hand],
    )
    return int(cursor.rowcount)


def _hold_repeated(cursor: CursorWrapper, admitted: Admitted, version: InstrumentVersion) -> None:
    """Find numbers that stand twice in the file: equal rows are duplicates, others join the rows with an error."""
    content = f"md5(ROW({COLUMNS}, extras)::text)"
    cursor.execute(
        "CREATE TEMP TABLE twice ON COMMIT DROP AS WITH judged AS (SELECT i.ctid AS at, count(*) OVER number AS n,"
        f" min({content}) OVER number <> max({content}) OVER number AS differ,"
        " row_number() OVER (number ORDER BY i.ctid) AS nth FROM incoming i JOIN place p USING (period)"
        " WHERE p.is_open WINDOW number AS (PARTITION BY p.submission_id, i.record_ref))"
        " SELECT * FROM judged WHERE n > 1 AND (differ OR nth > 1)"
    )
    cursor.execute("DELETE FROM incoming i USING twice t WHERE i.ctid = t.at AND NOT t.differ")
    admitted.duplicate = int(cursor.rowcount)
    collision = repeated(counts=version.content.get("collects") == "counts")
    admitted.repeated = _as_errors(cursor, "twice", collision)


def _hold_known(
    cursor: CursorWrapper,
    upload: Upload,
    admitted: Admitted,
    by: Person,
    held_of: Upload,
    replacing: bool,
    by_hand: bool,
) -> None:
    """Find numbers that records have: equal rows are duplicates, others join the rows with an error.

    What was chosen for the file holds for its held rows, too: they replace records of earlier files where it did.
    """
    content = f"md5(ROW({COLUMNS}, extras)::text) AS content"
    cursor.execute(
        "CREATE TEMP TABLE known ON COMMIT DROP AS WITH sent AS ("
        f" SELECT i.ctid AS at, p.submission_id, record_ref, {content}"
        " FROM incoming i JOIN place p USING (period) WHERE p.is_open), stored AS ("
        f" SELECT r.id, submission_id, record_ref, {content},"
        f" r.upload_id < %s AND NOT ({comparison.BY_HAND}) AS is_earlier FROM records_record r"
        " WHERE submission_id IN (SELECT submission_id FROM place))"
        " SELECT sent.at, stored.id, sent.content <> stored.content AS differ, is_earlier"
        " FROM sent JOIN stored USING (submission_id, record_ref)",
        [held_of.pk],
    )
    cursor.execute("DELETE FROM incoming i USING known k WHERE i.ctid = k.at AND NOT k.differ")
    admitted.duplicate += int(cursor.rowcount)
    if replacing or comparison.replaces_earlier(held_of):
        with history.by(by, upload=upload.pk):
            cursor.execute(
                f"WITH replaced AS ({comparison.REPLACE} FROM known k JOIN incoming i ON i.ctid = k.at"
                " WHERE k.differ AND (k.is_earlier OR %s) AND r.id = k.id RETURNING k.at)"
                " DELETE FROM incoming i USING replaced d WHERE i.ctid = d.at RETURNING i.held_id, i.period",
                [upload.pk, by_hand, replacing],
            )
            replaced = cursor.fetchall()
        admitted.replacing = {pk: period for pk, period in replaced if pk is not None}
        admitted.accepted += len(replaced)
    admitted.other_content = _as_errors(cursor, "known", OTHER_CONTENT)


def _as_errors(cursor: CursorWrapper, table: str, collision: Collision) -> int:
    """Let the rows at these places join the rows with an error; return how many they are."""
    cursor.execute(
        f"WITH taken AS (DELETE FROM incoming i USING {table} t WHERE i.ctid = t.at"
        f" RETURNING i.row_no, i.period, i.held_id, {TYPED} AS raw) INSERT INTO incoming_held"
        " (row_no, period, raw, findings, held_id) SELECT row_no, period, raw, %s::jsonb, held_id FROM taken",
        [collision.as_json()],
    )
    return int(cursor.rowcount)


def _hold(
    cursor: CursorWrapper,
    upload: Upload,
    taken: str,
    kind: str,
    collision: Collision,
) -> int:
    """Keep as held rows what the statement `taken` returns (submission_id, row_no, raw)."""
    cursor.execute(
        f"WITH taken AS ({taken}) INSERT INTO records_heldrow"
        " (agency_id, instrument_id, upload_id, submission_id, kind, row_no, raw, findings)"
        " SELECT %s, %s, %s, submission_id, %s, row_no, raw, %s::jsonb FROM taken",
        [
            *(upload.agency_id, upload.instrument_id, upload.pk),
            *(str(kind), collision.as_json()),
        ],
    )
    return int(cursor.rowcount)


def _hold_in_place(cursor: CursorWrapper) -> int:
    """Let rows that are corrected in their place and still have an error hold what is known of them now.

    One moves to the submission of its date only where that is open: else nobody could correct it again.
    """
    cursor.execute(
        "UPDATE records_heldrow h SET raw = i.raw, findings = i.findings, submission_id ="
        " CASE WHEN p.is_open THEN p.submission_id ELSE h.submission_id END"
        " FROM incoming_held i LEFT JOIN place p USING (period) WHERE h.id = i.held_id"
    )
    return int(cursor.rowcount)


def _hold_errors(cursor: CursorWrapper, upload: Upload) -> int:
    cursor.execute(
        "INSERT INTO records_heldrow (agency_id, instrument_id, upload_id, submission_id, kind, row_no,"
        " raw, findings) SELECT %s, %s, %s, p.submission_id, 'ERROR', i.row_no, i.raw, i.findings"
        " FROM incoming_held i LEFT JOIN place p USING (period) WHERE i.held_id IS NULL",
        [upload.agency_id, upload.instrument_id, upload.pk],
    )
    return int(cursor.rowcount)
