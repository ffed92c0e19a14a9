"""Raw SQL as `app`, in the scope of one agency: nothing is put among foreign rows, and nothing is learnt of them.

What a foreign row would answer is compared with what a missing one answers: error for error.
"""

import pytest
from django.db import Error, connection, transaction

from agencies import scope
from agencies.models import Agency
from records.models import Handling, Record, Submission
from tests import factories
from tests.cast import signed_in

MISSING = 999_999_999
RECORD = (
    "INSERT INTO records_record (agency_id, submission_id, upload_id, record_ref, event_date, sex,"
    " age_precision, citizenship, region, extras) VALUES"
    " ({own}, {submission}, {upload}, '1', '2026-03-05', 'F', 'D', 'TUR', 'TM-S', '{{}}')"
)
HELD = (
    "INSERT INTO records_heldrow (agency_id, instrument_id, submission_id, upload_id, closed_by_id,"
    " kind, raw, findings) VALUES ({own}, {instrument}, {submission}, {upload}, {closed_by}, 'ERROR',"
    " '{{}}', '[]')"
)
HANDLING = (
    "INSERT INTO records_handling (agency_id, submission_id, version, upload_id, person_id, deed,"
    " rows, at) VALUES ({own}, {submission}, 1, {upload}, {person}, 'ENTER', 1, now())"
)
# What an agency may try: (statement, which of its places names the foreign or the missing row).
ATTEMPTS = {
    "a record in a foreign submission": (RECORD, "submission"),
    "a record of a foreign upload": (RECORD, "upload"),
    "a held row in a foreign submission": (HELD, "submission"),
    "a held row of a foreign upload": (HELD, "upload"),
    "a held row closed by a foreign upload": (HELD, "closed_by"),
    "a deed in a foreign submission": (HANDLING, "submission"),
    "a deed on a foreign upload": (HANDLING, "upload"),
    "a step of a foreign submission": (
        "INSERT INTO records_reviewstep (submission_id, verb, source, target, version, reason, by_id,"
        " at) VALUES ({submission}, 'sign', 'SUBMITTED', 'SIGNED', 1, '', {person}, now())",
        "submission",
    ),
    "an own upload fed into a foreign submission": (
        "INSERT INTO records_upload_submissions (upload_id, submission_id)"
        " VALUES ({upload}, {submission})",
        "submission",
    ),
    "a foreign upload fed into an own submission": (
        "INSERT INTO records_upload_submissions (upload_id, submission_id)"
        " VALUES ({upload}, {submission})",
        "upload",
    ),
    "the hash of a number in a foreign submission": (
        "INSERT INTO records_numberdigest (submission_id, agency_id, digest)"
        " VALUES ({submission}, {own}, '\\x00')",
        "submission",
    ),
    "a count against a foreign submission": (
        "INSERT INTO records_sharednumbers (submission_id, agency_id, other_id, other_agency_id,"
        " shared, numbers) VALUES ({submission}, {own}, {submission}, {own}, 1, 1)",
        "submission",
    ),
    "a thread about a foreign submission": (
        "INSERT INTO records_thread (agency_id, submission_id, variable, begun_by_id, begun_at)"
        " VALUES ({own}, {submission}, '', {person}, now())",
        "submission",
    ),
    "an answer to a warning of a foreign submission": (
        "INSERT INTO records_warninganswer (agency_id, submission_id, rule, variable, count, text,"
        " by_id, at) VALUES ({own}, {submission}, 'r', '', 1, 't', {person}, now())",
        "submission",
    ),
    "counts of a foreign submission": (
        "INSERT INTO records_submissioncounts (agency_id, submission_id, facts, by_sex, odd)"
        " VALUES ({own}, {submission}, '{{}}', '{{}}', 0)",
        "submission",
    ),
    "a record moved into a foreign submission": (
        "UPDATE records_record SET submission_id = {submission} WHERE agency_id = {own}",
        "submission",
    ),
    "a record moved to a foreign upload": (
        "UPDATE records_record SET upload_id = {upload} WHERE agency_id = {own}",
        "upload",
    ),
}


def refusal(statement):
    """What the database answers to a statement that is done and committed: SQLSTATE and text, or nothing."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except Error as error:
        cause = error.__cause__
        return cause.sqlstate, cause.diag.message_primary, cause.diag.message_detail
    return None


@pytest.fixture
def places(one_of_each, instruments, other_agency, outsider):
    """The outsider's own rows, by the names of the places in the statements."""
    permits = instruments["SMS-WPF"]
    with scope.acting(outsider):
        month = factories.submission(other_agency, permits)
        file = factories.upload(other_agency, permits, outsider, month)
        factories.record(month, upload=file, record_ref="own")
    return {
        "own": other_agency.pk,
        "instrument": permits.pk,
        "submission": month.pk,
        "upload": file.pk,
        "closed_by": "NULL",
        "person": outsider.pk,
    }


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_foreign_row_answers_as_a_missing_one(attempt, places, one_of_each, outsider):
    statement, place = ATTEMPTS[attempt]
    foreign = one_of_each["submission" if place == "submission" else "upload"].pk
    with scope.acting(outsider):
        answers = [
            refusal(statement.format(**{**places, place: target})) for target in (foreign, MISSING)
        ]
    told_foreign, told_missing = answers
    assert told_foreign is not None
    assert told_foreign[:2] == told_missing[:2]
    # The detail, where there is one, quotes only what was asked.
    details = [(str(a[2]), str(t)) for a, t in zip(answers, (foreign, MISSING), strict=True)]
    assert details[0][0].replace(details[0][1], "?") == details[1][0].replace(details[1][1], "?")


def test_a_taken_number_of_another_agency_is_not_told(places, one_of_each, outsider):
    """`duplicate key` would tell which record numbers a foreign submission has."""
    taken, free = "1", "no such number"
    with scope.acting(outsider):
        foreign = RECORD.format(**{**places, "submission": one_of_each["submission"].pk})
        assert refusal(foreign)[0] == refusal(foreign.replace(f"'{taken}'", f"'{free}'"))[0]


def test_every_unique_key_of_agency_data_holds_the_agency(db):
    """A unique key over rows of several agencies tells one what another has.

    Exempt: keys that nobody chooses (`id`), and tables whose rows are seen by their parent's policy.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attname) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid"
            " AND a.attnum = ANY(i.indkey) WHERE i.indisunique AND c.relrowsecurity"
            " AND c.relnamespace = 'public'::regnamespace GROUP BY i.indexrelid, c.relname"
        )
        keys = cursor.fetchall()
    assert {table for table, _columns in keys} >= {"records_record", "records_upload"}
    parented = {"records_upload_submissions"}  # its policy holds upload and submission together
    telling = [
        (table, columns)
        for table, columns in keys
        if columns not in (["id"], ["pgh_id"])
        and "agency_id" not in columns
        and table not in parented
    ]
    assert telling == []


def test_keys_to_agency_data_hold_the_agency_too(db):
    """A key without the agency could be led to a foreign row, and tells whether it exists."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text, array_length(conkey, 1)"
            " FROM pg_constraint WHERE contype = 'f'"
            " AND confrelid IN ('records_submission'::regclass, 'records_upload'::regclass)"
        )
        single = {(table, named) for table, named, columns in cursor.fetchall() if columns < 2}
    # Their policies ask for the row they name, and answer the same where it is foreign or missing.
    assert single == {
        ("records_reviewstep", "records_submission"),
        ("records_upload_submissions", "records_submission"),
        ("records_upload_submissions", "records_upload"),
        ("reports_slice", "records_submission"),
    }


def test_a_version_of_another_instrument_is_not_pinned(one_of_each, instruments, clerk):
    other = instruments["SMS-BCR"].versions.get()
    with scope.acting(clerk):
        changed = f"UPDATE records_submission SET instrument_version_id = {other.pk}"
        assert refusal(changed)[0] == "23503"


APPENDED = (
    "records_reviewstep",
    "records_recordevent",
    "records_handling",
    "agencies_event",
)


@pytest.mark.parametrize("table", APPENDED)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET {} = {}",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
        "DROP TABLE {}",
    ],
)
def test_app_appends_to_steps_deeds_history_and_log_and_changes_nothing(
    statement, table, one_of_each, clerk
):
    column = "pgh_label" if table == "records_recordevent" else "id"
    with scope.acting(clerk):
        told = refusal(statement.format(table, column, column))
    assert told[0] in ("42501", "P0001"), told  # no right to it; the log's trigger


def test_a_submission_takes_its_deeds_along_but_never_one_with_steps(
    one_of_each, instruments, agency, clerk
):
    with scope.acting(clerk):
        month = factories.submission(agency, instruments["SMS-WPF"], "2026-04")
        with connection.cursor() as cursor:
            cursor.execute(
                HANDLING.format(own=agency.pk, submission=month.pk, upload="NULL", person=clerk.pk)
            )
        assert Handling.objects.filter(version=1).count() == 1
        month.delete()
        assert not Handling.objects.exists()
        assert refusal(f"DELETE FROM records_submission WHERE id = {one_of_each['submission'].pk}")


def test_history_of_one_agency_is_not_written_in_the_name_of_another(places, agency, outsider):
    with scope.acting(outsider):
        told = refusal(
            "INSERT INTO records_recordevent (pgh_created_at, pgh_label, pgh_obj_id, id, agency_id,"
            " submission_id, record_ref, event_date, sex, age_precision, citizenship, region, extras)"
            f" VALUES (now(), 'update', 1, 1, {agency.pk}, 1, 'x', now(), 'F', 'D', 'TUR', 'TM-S', '{{}}')"
        )
    assert told[0] == "42501"


def test_the_role_of_public_reads_sees_released_figures_and_no_row_of_an_agency(one_of_each, clerk):
    with transaction.atomic(), connection.cursor() as cursor:
        scope.open_for(clerk)
        cursor.execute("SET LOCAL ROLE migdata_public")
        cursor.execute("SELECT count(*) FROM pub.release")
        for table in ("records_record", "records_handling", "records_numberdigest", "jobs_job"):
            assert refusal(f"SELECT count(*) FROM {table}")[0] == "42501"
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_borrowed_connection_carries_nothing_over_not_even_after_an_error(
    one_of_each, clerk, outsider
):
    """Requests of two agencies in turn, on one connection; every other one is refused or breaks."""
    path = f"/submissions/{one_of_each['submission'].pk}/"
    hers, foreign = signed_in(clerk), signed_in(outsider)
    for _turn in range(3):
        assert hers.get(path).status_code == 200
        assert hers.post(f"{path}sign/").status_code in (403, 409)
        assert Record.objects.count() == 0
        assert foreign.get(path).status_code == 404
        with pytest.raises(ZeroDivisionError), scope.acting(clerk):
            assert 1 / (Record.objects.count() - 1)
        assert Record.objects.count() == Submission.objects.count() == 0
        assert foreign.get("/submissions/").content.count(b"SMS-WPF 2026-03") == 0
    assert Agency.objects.count() > 1
