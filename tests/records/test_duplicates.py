"""Likely duplicates: found when a file is taken in, decided by who enters, remembered when it is sent again."""

import pytest

from agencies import scope
from agencies.refusal import Refused
from jobs import worker
from jobs.models import Job
from records.collection import bulk_corrections, corrections, duplicates, uploads
from records.models import HeldRow, LikelyDuplicate, Record, Submission, Upload
from tests.cast import signed_in
from tests.records.files import plain, table
from tests.records.test_undo import lead, within

pytestmark = pytest.mark.django_db(transaction=True)
# Two numbers of one person on one day, and another person.
ROWS = {
    "record_ref": ["A", "B", "C"],
    "passport": ["AB 1", "AB 1", "AB 2"],
    "region": ["TM-S", "TM-A"],
}


def rows(**changes):
    return plain(table(3, **{**ROWS, **changes}))


def waiting(person):
    with scope.acting(person):
        pairs = duplicates.waiting(Submission.objects.get())
        return [(pair.first, pair.second) for pair in pairs]


def decided(person, remove=""):
    with scope.acting(person):
        pair = duplicates.waiting(Submission.objects.get()).get()
        duplicates.decide(pair, by=person, remove=remove)


def test_two_numbers_of_one_person_on_one_day_are_told_with_the_upload(send, clerk):
    upload = send(rows())
    assert waiting(clerk) == [("A", "B")]
    page = signed_in(clerk).get(upload.get_absolute_url()).content.decode()
    assert "1 pair of records in" in page
    assert "/duplicates" in page
    with scope.acting(clerk):
        cover = Submission.objects.get().get_absolute_url()
    assert "1 pair of records in" in signed_in(clerk).get(cover).content.decode()


def test_pairs_of_several_periods_are_told_with_as_many_questions_as_of_one(
    send, clerk, django_assert_num_queries
):
    months = {
        "record_ref": ["A", "B", "C", "D"],
        "passport": ["AB 1", "AB 1", "AB 2", "AB 2"],
        "region": ["TM-S", "TM-A", "TM-S", "TM-A"],
        "event_date": ["05.03.2026", "05.03.2026", "05.04.2026", "05.04.2026"],
    }
    upload = send(plain(table(4, **months)))
    with scope.acting(clerk), django_assert_num_queries(2):
        told = duplicates.told(upload)
    assert [(submission.period, n) for submission, n in told] == [("2026-03", 1), ("2026-04", 1)]


@pytest.mark.parametrize(
    "other",
    [
        {"event_date": ["05.03.2026", "06.03.2026"]},
        {"decision": ["ISS", "REF"]},
        {"sex": ["F", "M"]},
        {"birth_date": ["12.04.1990", "12.04.1991"]},
        {"citizenship": ["TUR", "CHN"]},
        {"passport": ["AB 1", "AB 3", "AB 2"]},
    ],
)
def test_what_differs_in_person_day_or_kind_of_event_is_no_duplicate(send, clerk, other):
    send(rows(**other))
    assert waiting(clerk) == []


def test_a_later_file_is_compared_with_what_is_there(send, clerk):
    send(plain(table(1, record_ref="A", passport="AB 1")))
    send(plain(table(1, record_ref="B", passport="AB 1")))
    assert waiting(clerk) == [("A", "B")]


def test_rows_that_are_corrected_are_compared_too(send, clerk):
    wrong = {"record_ref": ["A", "B", "C"], "citizenship": ["TUR", "Nowhere", "Nowhere"]}
    upload = send(plain(table(3, passport="AB 1", **wrong)))
    with scope.acting(clerk):
        of_grid, of_form = HeldRow.open_rows.select_related("agency", "instrument", "upload")
        changes = {of_grid.pk: {"citizenship": "TUR"}}
        bulk_corrections.correct_many(upload, changes, by=clerk, changes=changes)
    assert waiting(clerk) == [("A", "B")]
    with scope.acting(clerk):
        corrections.correct(of_form, {"citizenship": "TUR"}, by=clerk)
    assert ("B", "C") in waiting(clerk)


def test_without_a_key_all_has_to_be_equal(send, clerk):
    send(plain(table(3, region=["TM-S", "TM-S", "TM-A"])))
    assert waiting(clerk) == [("R-1", "R-2")]


def test_where_very_many_are_alike_likeness_says_nothing(send, clerk):
    send(plain(table(duplicates.FEW + 1)))
    assert waiting(clerk) == []


def test_both_are_real_is_remembered_when_the_file_is_sent_again(send, clerk):
    first = send(rows())
    decided(clerk)
    assert waiting(clerk) == []
    with scope.acting(clerk):
        uploads.undo(first, by=clerk)
    send(rows())
    assert waiting(clerk) == []


def test_the_record_that_is_removed_goes_and_is_told_if_it_comes_again(send, clerk):
    send(rows())
    decided(clerk, remove="B")
    with scope.acting(clerk):
        assert sorted(Record.objects.values_list("record_ref", flat=True)) == ["A", "C"]
        pair = LikelyDuplicate.objects.get()
        assert (pair.decision, pair.decided_by) == ("REMOVED", clerk)
    assert send(rows() + b"\n").state == Upload.State.COMMITTED
    assert waiting(clerk) == [("A", "B")]


def test_a_pair_is_decided_once(send, clerk, colleague):
    send(rows())
    with scope.acting(colleague):
        pair = duplicates.waiting(Submission.objects.get()).get()
    decided(clerk)
    with scope.acting(colleague), pytest.raises(Refused, match="already"):
        duplicates.decide(pair, by=colleague, remove="A")
    assert within(clerk, Record.objects.count) == 3


def test_nothing_is_removed_from_a_closed_period(send, clerk, reviewer, statistician):
    upload = send(rows())
    submission = within(clerk, lambda: upload.submissions.get().pk)
    lead(submission, clerk, reviewer, statistician, "submit")
    with pytest.raises(Refused):
        decided(clerk, remove="A")
    assert within(clerk, Record.objects.count) == 3


def test_a_large_file_is_looked_at_by_a_worker(send, clerk, monkeypatch):
    monkeypatch.setattr(duplicates, "AT_ONCE", 2)
    send(rows())
    assert waiting(clerk) == []
    assert worker.work(Job.objects.get(name="records.duplicates").pk).state == "DONE"
    assert waiting(clerk) == [("A", "B")]


def test_the_pairs_stand_side_by_side_for_who_sees_records(send, clerk, reviewer, outsider):
    upload = send(rows())
    address = f"/submissions/{within(clerk, lambda: upload.submissions.get().pk)}/duplicates"
    with scope.acting(clerk):
        pair = LikelyDuplicate.objects.get().pk
    assert signed_in(outsider).get(address).status_code == 404
    looks = signed_in(reviewer)
    page = looks.get(address).content.decode()
    assert "The same person, day and kind of event." in page
    assert "Both are real" not in page
    assert looks.post(address, {"pair": pair, "remove": "A"}).status_code == 403
    client = signed_in(clerk)
    assert "Remove B" in client.get(address).content.decode()
    client.post(address, {"pair": pair, "remove": "C"})  # of neither
    assert within(clerk, Record.objects.count) == 3
    client.post(address, {"pair": pair, "remove": "B"})
    assert within(clerk, Record.objects.count) == 2
