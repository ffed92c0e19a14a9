"""The page of differences and the preview of taking back: who may look, who may choose, what is asked for."""

import threading

import pytest
from django.db import connections

from agencies import scope
from agencies.refusal import Refused
from jobs import worker
from records.collection import entry, taking_back, uploads
from records.models import Record, Upload
from tests.cast import signed_in
from tests.records import files
from tests.records.test_sent_again import choose, month, sexes
from tests.records.test_undo import within

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def again(send):
    return month(send)


def differences(upload):
    return f"/uploads/{upload.pk}/differences"


def posted(upload, choice, **more):
    return {"again": choice, "again_seen": upload.report["again"]["digest"], **more}


def test_the_upload_leads_to_its_differences_old_beside_new(again, clerk):
    client = signed_in(clerk)
    assert differences(again) in client.get(again.get_absolute_url()).content.decode()
    page = client.get(differences(again)).content.decode()
    for text in (
        "Female",
        "Male",
        "3 records that the file does not have",
        "Yes, remove 3 records",
    ):
        assert text in page
    assert page.count('<span class="mono">') == 23


def test_differences_are_shown_by_cause(again, clerk):
    client = signed_in(clerk)
    for only, records in (("sex", 20), ("gone", 3), ("region", 0)):
        page = client.get(f"{differences(again)}?only={only}").content.decode()
        assert page.count('<span class="mono">') == records
    assert client.get(f"{differences(again)}?only=passport").status_code == 404


def test_a_reviewer_may_look_but_not_choose(again, reviewer):
    client = signed_in(reviewer)
    page = client.get(differences(again))
    assert page.status_code == 200
    assert "What is to be done?" not in page.content.decode()
    assert client.post(differences(again), posted(again, "new")).status_code == 403


def test_another_agency_sees_nothing_of_it(again, outsider, statistician):
    for person in (outsider, statistician):
        client = signed_in(person)
        assert client.get(differences(again)).status_code == 404
        assert client.post(differences(again), posted(again, "new")).status_code == 404
        assert client.get(f"/uploads/{again.pk}/undo/preview").status_code == 404


def test_removing_asks_for_the_number_to_be_confirmed(again, clerk):
    client = signed_in(clerk)
    for removes in ("", "2"):
        refused = client.post(differences(again), posted(again, "exact", removes=removes))
        assert refused.status_code == 422
        assert "Confirm how many records go." in refused.content.decode()
    client.post(differences(again), posted(again, "exact", removes="3"))
    files.finish(within(clerk, lambda: Upload.objects.get(pk=again.pk)), by=clerk)
    assert len(sexes(clerk)) == 32


def test_no_choice_is_no_choice(again, clerk):
    assert signed_in(clerk).post(differences(again), posted(again, "")).status_code == 422


def test_what_was_seen_is_what_is_chosen(again, clerk):
    """The page was open while a record went: the choice does not hold for what is there now."""
    client = signed_in(clerk)
    with scope.acting(clerk):
        entry.delete(Record.objects.get(record_ref="R-30"), by=clerk)
    client.post(differences(again), posted(again, "exact", removes="3"))
    later = files.finish(within(clerk, lambda: Upload.objects.get(pk=again.pk)), by=clerk)
    assert later.state == Upload.State.NEEDS_ANSWERS
    page = client.get(differences(again)).content.decode()
    assert "The records have changed since you chose" in page
    assert "Yes, remove 2 records" in page


def test_of_two_who_choose_at_once_one_is_told_that_it_is_done(again, clerk, colleague):
    told = []

    def choosing(person, choice):
        try:
            with scope.acting(person):
                upload = Upload.objects.get(pk=again.pk)
                answers = posted(again, choice)
                uploads.read(upload, by=person, answers=answers)
        except Refused as refusal:
            told.append(str(refusal))
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=choosing, args=args)
        for args in ((clerk, "changed"), (colleague, "new"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["This file no longer needs answers. Look at it again."]


def test_taking_back_is_shown_before_it_is_done(again, clerk):
    done = choose(again, "exact", clerk)
    client = signed_in(clerk)
    page = client.get(f"/uploads/{done.pk}/undo/preview").content.decode()
    facts = {
        "Records that go": 5,
        "Records that become what they were": 20,
        "Records that return": 3,
    }
    for label, number in facts.items():
        assert f"<dd>{number}</dd>" in page.split(label)[1].split("</div>")[0], label
    assert len(sexes(clerk)) == 32
    client.post(f"/uploads/{done.pk}/undo")
    assert list(sexes(clerk).values()) == ["F"] * 30


def test_what_somebody_changed_since_stays_and_is_counted(again, clerk, agency, permits):
    done = choose(again, "changed", clerk)
    with scope.acting(clerk):
        record = Record.objects.get(record_ref="R-1")
        values = {**entry.texts_of(record), "sex": "_O"}
        entry.save(values, agency=agency, instrument=permits, by=clerk, record=record)
    with scope.acting(clerk):
        preview = uploads.undo_preview(done)
        assert (preview.restored, preview.later) == (19, 1)
        uploads.undo(done, by=clerk)
    assert sexes(clerk)["R-1"] == "_O"
    assert list(sexes(clerk).values()).count("F") == 29


def test_a_large_upload_is_taken_back_by_a_worker(again, clerk, monkeypatch):
    monkeypatch.setattr(taking_back, "AT_ONCE", 10)
    done = choose(again, "changed", clerk)
    client = signed_in(clerk)
    answer = client.post(f"/uploads/{done.pk}/undo")
    assert answer["Location"] == f"/uploads/{done.pk}/undo/preview"
    assert "is being taken back" in client.get(answer["Location"]).content.decode()
    job = within(clerk, lambda: uploads.undo_job(done))
    assert worker.work(job.pk).state == "DONE"
    assert len(sexes(clerk)) == 30
    assert client.get(answer["Location"])["Location"] == done.get_absolute_url()
