"""Rows that come when their period is closed: kept, numbered for those who reopen, taken in once."""

import pytest

from agencies import scope
from jobs.models import Job
from records.collection import corrections, late_rows, uploads
from records.models import HeldRow, Record, Submission
from records.review import submissions
from tests.records.files import plain, table
from tests.records.test_undo import lead, within

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def closed(send, clerk, reviewer, statistician):
    """The key of an accepted period with one record, R-1."""
    first = send(plain(table(1)))
    period = within(clerk, lambda: first.submissions.get().pk)
    lead(period, clerk, reviewer, statistician)
    Job.objects.update(state="DONE")
    return period


@pytest.fixture
def reopen(closed, statistician):
    def act():
        with scope.acting(statistician):
            found = Submission.objects.get(pk=closed)
            submissions.advance(found, "reopen", by=statistician, reason="Rows came late")

    return act


def readmit(closed, clerk):
    with scope.acting(clerk):
        return late_rows.readmit_late(Submission.objects.get(pk=closed), by=clerk)


def held(clerk):
    with scope.acting(clerk):
        return [
            (h.kind, h.raw["record_ref"], h.findings[0]["rule"]) for h in HeldRow.open_rows.all()
        ]


def test_late_rows_of_one_number_and_different_content_all_stay_held(send, clerk, closed, reopen):
    send(plain(table(1, record_ref="B", sex="F")))
    send(plain(table(1, record_ref="B", sex="M", citizenship="CHN")))
    reopen()
    assert readmit(closed, clerk) == 0
    assert held(clerk) == [("ERROR", "B", "record_ref.repeated")] * 2
    assert within(clerk, Record.objects.count) == 1


def test_late_rows_that_are_equal_are_taken_in_once(send, clerk, closed, reopen):
    send(plain(table(1, record_ref="B")))
    send(plain(table(2, record_ref=["B", "C"])))
    reopen()
    assert readmit(closed, clerk) == 2
    assert held(clerk) == []
    with scope.acting(clerk):
        assert set(Record.objects.values_list("record_ref", flat=True)) == {"R-1", "B", "C"}


def test_a_late_row_equal_to_a_record_is_a_duplicate(send, clerk, closed, reopen):
    send(plain(table(2, record_ref=["R-1", "R-1"])))
    reopen()
    assert readmit(closed, clerk) == 0
    assert (held(clerk), within(clerk, Record.objects.count)) == ([], 1)


def test_late_rows_that_differ_from_a_record_and_from_each_other_stay_held(
    send, clerk, closed, reopen
):
    send(plain(table(2, record_ref=["R-1", "R-1"], sex=["M", "F"], citizenship="CHN")))
    reopen()
    readmit(closed, clerk)
    assert held(clerk) == [("ERROR", "R-1", "record_ref.other_content")] * 2


def test_who_reopens_sees_how_many_rows_came_late_but_none_of_them(
    send, client, clerk, closed, statistician, reopen
):
    send(plain(table(2, record_ref=["B", "C"])))
    client.force_login(statistician)
    page = client.get(f"/submissions/{closed}/").content.decode()
    assert "2 rows came after it was submitted" in page
    with scope.acting(statistician):
        assert (HeldRow.open_rows.count(), Submission.objects.get().late_rows) == (0, 2)
    reopen()
    readmit(closed, clerk)
    with scope.acting(statistician):
        assert Submission.objects.get().late_rows == 0


def test_a_late_row_that_is_undone_or_typed_is_no_longer_counted(
    send, clerk, closed, reopen, agency, instruments
):
    undone = send(plain(table(1, record_ref="B")))
    send(plain(table(1, record_ref="C")))
    reopen()
    with scope.acting(clerk):
        uploads.undo(undone, by=clerk)
        assert Submission.objects.get().late_rows == 1
        late = HeldRow.open_rows.get()
        corrections.correct(late, {}, by=clerk)
        assert Submission.objects.get().late_rows == 0
