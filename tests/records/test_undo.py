"""Taking an upload back, correcting by a later file, and rows that come when a period is closed."""

import importlib

import pytest
from django.db import connection, transaction

from agencies import scope
from agencies.refusal import Refused
from jobs.models import Job
from records.collection import entry, held_rows, late_rows, uploads
from records.models import HeldRow, Record, Submission, Upload
from records.review import submissions, threads
from tests.records import files
from tests.records.files import hashed, plain, table

pytestmark = pytest.mark.django_db(transaction=True)


def within(person, function):
    with scope.acting(person):
        return function()


def state_of_the_data(person):
    """Everything an upload may change, as comparable values."""
    columns = [f.attname for f in Record._meta.fields]
    held = ["id", "upload_id", "submission_id", "kind", "row_no", "raw", "findings"]
    with scope.acting(person):
        return (
            list(Record.objects.order_by("pk").values_list(*columns)),
            list(HeldRow.open_rows.order_by("pk").values_list(*held)),
            list(Submission.objects.order_by("pk").values_list("period", "state", "version")),
        )


def lead(submission, clerk, reviewer, statistician, upto="accept", **facts):
    people = {"submit": clerk, "sign": reviewer, "accept": statistician}
    for verb, person in people.items():
        with scope.acting(person):
            options = facts if verb == "submit" else {}
            submissions.advance(Submission.objects.get(pk=submission), verb, by=person, **options)
        if verb == upto:
            break


def test_rows_that_come_too_late_are_kept_until_the_period_is_opened(
    send, clerk, reviewer, statistician
):
    first = send(plain(table(2)))
    period = within(clerk, lambda: first.submissions.get().pk)
    lead(period, clerk, reviewer, statistician)
    late = send(plain(table(4, event_date="06.03.2026", record_ref=["A", "B", "C", "R-1"])))
    assert late.report["rows"] == {
        "read": 4,
        "accepted": 0,
        "held": 4,
        "late": 4,
        "skipped": 0,
        "duplicate": 0,
    }
    assert within(clerk, lambda: {h.kind for h in HeldRow.open_rows.all()}) == {"LATE"}
    assert within(clerk, Record.objects.count) == 2


def test_nobody_discards_a_late_row(send, clerk, reviewer, statistician):

    first = send(plain(table(1)))
    lead(within(clerk, lambda: first.submissions.get().pk), clerk, reviewer, statistician)
    send(plain(table(1, record_ref="B")))
    with scope.acting(clerk), pytest.raises(Refused):
        held_rows.discard(HeldRow.open_rows.get(), by=clerk)


def test_undo_restores_exactly_the_former_state(send, clerk):
    send(plain(table(4, sex=["F", "?!", "F", "F"], citizenship=["TUR", "TUR", "узбек", "TUR"])))
    before = state_of_the_data(clerk)
    mended = table(
        6, record_ref=["R-2", "R-3", "X", "Y", "R-1", "Z"], sex=["M", "F", "F", "??", "F", "F"]
    )
    mended = [*mended, table(1, event_date="05.07.2026")[1]]
    second = send(plain(mended), answers={"again": "new"})
    assert state_of_the_data(clerk) != before
    with scope.acting(clerk):
        uploads.undo(second, by=clerk)
    assert second.state == Upload.State.UNDONE
    assert state_of_the_data(clerk) == before


def test_a_file_that_was_undone_can_be_sent_again(send, clerk):
    content = plain(table(2))
    upload = send(content)
    with scope.acting(clerk):
        uploads.undo(upload, by=clerk)
    assert send(content).state == Upload.State.COMMITTED


def test_correcting_held_rows_by_a_file_closes_them(send, clerk):
    send(plain(table(2, citizenship=["узбек", "TUR"])))
    send(plain(table(1, citizenship="UZB")))
    assert within(clerk, HeldRow.open_rows.count) == 0
    assert within(clerk, Record.objects.count) == 2


def test_a_closed_submission_cannot_lose_an_upload(send, clerk, reviewer, statistician):
    upload = send(plain(table(2)))
    lead(
        within(clerk, lambda: upload.submissions.get().pk), clerk, reviewer, statistician, "submit"
    )
    with scope.acting(clerk), pytest.raises(Refused):
        uploads.undo(upload, by=clerk)
    assert within(clerk, Record.objects.count) == 2


def test_undo_looks_where_the_records_are_now(send, clerk, reviewer, statistician):
    upload = send(plain(table(1)))
    with scope.acting(clerk):
        record = Record.objects.get()
        values = {**entry.texts_of(record), "event_date": "07.04.2026"}
        moved = entry.save(
            values,
            agency=record.agency,
            instrument=upload.instrument,
            by=clerk,
            record=record,
        ).record
    lead(moved.submission_id, clerk, reviewer, statistician, "submit")
    with scope.acting(clerk), pytest.raises(Refused, match="2026-04"):
        uploads.undo(upload, by=clerk)


def test_an_upload_whose_job_gave_up_can_be_undone(send, clerk):
    upload = send(plain(table(1, sex="1")))
    with scope.acting(clerk):
        Upload.objects.filter(pk=upload.pk).update(state="RECEIVED")
    Job.objects.filter(pk=upload.job_id).update(state="FAILED", because={"text": "broken"})
    with scope.acting(clerk):
        failed = Upload.objects.select_related("job").get(pk=upload.pk)
        assert (failed.outcome, failed.why) == ("FAILED", "broken")
        uploads.undo(failed, by=clerk)
    assert files.incoming() == []


def reopened(send, clerk, reviewer, statistician):
    """A period with two records, accepted, then opened again; rows came too late meanwhile."""
    first = send(plain(table(2)))
    period = within(clerk, lambda: first.submissions.get().pk)
    lead(period, clerk, reviewer, statistician)
    more = table(
        3,
        record_ref=["A", "B", "R-1"],
        passport=["AB 1", "AB 2", "AB 3"],
        wage_month="9",
        wage_cur="USD",
    )
    send(plain(more))
    Job.objects.update(state="DONE")
    with scope.acting(statistician):
        submission = Submission.objects.get(pk=period)
        submissions.advance(submission, "reopen", by=statistician, reason="Rows came late")
    return period


def test_late_rows_are_taken_in_whole_when_the_period_is_open_again(
    send, clerk, reviewer, statistician, agency
):
    period = reopened(send, clerk, reviewer, statistician)
    with scope.acting(clerk):
        assert late_rows.readmit_late(Submission.objects.get(pk=period), by=clerk) == 2
        late = Record.objects.get(record_ref="A")
        twin = Record.objects.get(record_ref="R-2")
        assert late.extras == {**twin.extras, "wage_month": 9.0, "wage_cur": "USD"}
        assert (late.age, late.birth_year, late.row_no) == (twin.age, twin.birth_year, 2)
        assert late.person_ref == hashed(agency, "AB1")


def test_a_late_row_whose_number_is_in_use_stays_held_as_an_error(
    send, clerk, reviewer, statistician
):
    period = reopened(send, clerk, reviewer, statistician)
    with scope.acting(clerk):
        late_rows.readmit_late(Submission.objects.get(pk=period), by=clerk)
        held = HeldRow.open_rows.get()
    assert (held.kind, held.raw["record_ref"]) == ("ERROR", "R-1")
    assert held.findings[0]["rule"] == "record_ref.other_content"


def test_late_rows_are_not_taken_in_while_the_period_is_closed(send, clerk, reviewer, statistician):
    first = send(plain(table(2)))
    period = within(clerk, lambda: first.submissions.get().pk)
    lead(period, clerk, reviewer, statistician)
    send(plain(table(1, record_ref="A")))
    with scope.acting(clerk):
        assert late_rows.readmit_late(Submission.objects.get(pk=period), by=clerk) == 0
        assert HeldRow.open_rows.count() == 1


def test_an_upload_is_undone_once(send, clerk):
    upload = send(plain(table(1)))
    with scope.acting(clerk):
        uploads.undo(upload, by=clerk)
        with pytest.raises(Refused, match="undone already"):
            uploads.undo(upload, by=clerk)


def test_a_closed_row_stays_closed_where_nobody_counts_it_until_the_upload_is_undone(send, clerk):
    first = send(plain(table(2, citizenship=["узбек", "TUR"])))
    second = send(plain(table(1, citizenship="UZB")))
    with scope.acting(clerk):
        assert HeldRow.open_rows.filter(upload=first).count() == 0
        assert HeldRow.all_rows.get().closed_by == second
        assert "узбек" not in str(second.report)
        uploads.undo(second, by=clerk)
        assert HeldRow.open_rows.get().raw["citizenship"] == "узбек"


def test_a_row_that_was_closed_goes_with_the_file_it_came_in(send, clerk):
    first = send(plain(table(2, citizenship=["узбек", "TUR"])))
    second = send(plain(table(1, citizenship="UZB")))
    with scope.acting(clerk):
        uploads.undo(first, by=clerk)
        uploads.undo(second, by=clerk)
        assert HeldRow.all_rows.count() == Record.objects.count() == 0
        assert Submission.objects.count() == 0


def test_rows_that_were_closed_into_a_report_return_to_the_table(send, clerk):
    """What migration 0004 does with reports of the time before."""
    migration = importlib.import_module("records.migrations.0004_late_rows_and_closed_rows")
    send(plain(table(2, citizenship=["узбек", "TUR"])))
    second = send(plain(table(1, citizenship="UZB")))
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "UPDATE records_upload SET report = report || jsonb_build_object('closed', (SELECT"
            " jsonb_agg(to_jsonb(h) - 'closed_by_id') FROM records_heldrow h)) WHERE id = %s",
            [second.pk],
        )
        cursor.execute("DELETE FROM records_heldrow RETURNING raw, findings, row_no, upload_id")
        before = cursor.fetchall()
        with transaction.atomic():
            cursor.execute(migration.INTO_THE_TABLE)
            cursor.execute("ALTER TABLE records_heldrow ADD x int")  # nothing is pending
            cursor.execute("ALTER TABLE records_heldrow DROP x")
        cursor.execute("SELECT raw, findings, row_no, upload_id, closed_by_id FROM records_heldrow")
        assert cursor.fetchall() == [(*row, second.pk) for row in before]
        cursor.execute("SET ROLE migdata_app")
    with scope.acting(clerk):
        assert "closed" not in Upload.objects.get(pk=second.pk).report


def test_a_wrong_file_for_an_accepted_month_is_taken_back_and_nothing_accepted_changes(
    send, clerk, reviewer, statistician, client
):
    first = send(plain(table(3, sex=["F", "?!", "M"])))
    period = within(clerk, lambda: first.submissions.get().pk)
    lead(period, clerk, reviewer, statistician, held_acknowledged=1)
    before = state_of_the_data(clerk)
    wrong = send(plain(table(4, record_ref=["A", "B", "C", "R-1"], sex=["F", "??", "M", "F"])))
    assert (wrong.report["rows"]["late"], wrong.report["rows"]["held"]) == (3, 4)
    assert state_of_the_data(clerk) != before
    client.force_login(clerk)
    assert f"/uploads/{wrong.pk}/undo" in client.get(f"/uploads/{wrong.pk}/").content.decode()
    with scope.acting(clerk):
        uploads.undo(wrong, by=clerk)
        assert Submission.objects.get().late_rows == 0
        assert Submission.objects.get().profile["held"] == 1
    assert wrong.state == Upload.State.UNDONE
    assert state_of_the_data(clerk) == before


def test_a_file_of_errors_alone_is_taken_back_only_if_it_came_after_the_period_was_closed(
    send, clerk, reviewer, statistician
):
    send(plain(table(1)))
    early = send(plain(table(1, record_ref="E", sex="?!")))
    period = within(clerk, lambda: early.submissions.get().pk)
    lead(period, clerk, reviewer, statistician, held_acknowledged=1)
    late = send(plain(table(1, record_ref="L", sex="?!")))
    with scope.acting(clerk):
        with pytest.raises(Refused):
            uploads.undo(early, by=clerk)
        uploads.undo(late, by=clerk)
        assert [h.upload_id for h in HeldRow.all_rows.all()] == [early.pk]


def test_a_draft_about_which_somebody_wrote_stays_when_its_file_is_taken_back(send, clerk):
    upload = send(plain(table(2)))
    within(clerk, lambda: threads.begin(Submission.objects.get(), "Is this all?", by=clerk))
    within(clerk, lambda: uploads.undo(upload, by=clerk))
    with scope.acting(clerk):
        assert not Record.objects.exists()
        assert [thread.comments.get().text for thread in threads.of(Submission.objects.get())] == [
            "Is this all?"
        ]
