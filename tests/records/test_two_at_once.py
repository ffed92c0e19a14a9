"""Two people, or two clicks, on the same thing: one wins, the other is told, nothing is overwritten."""

import threading

import pytest
from django.db import connections

from agencies import scope
from agencies.models import Event
from agencies.refusal import Refused
from records.collection import corrections, entry, uploads
from records.models import HeldRow, Record, Upload
from records.reading import child
from tests.records import files
from tests.records.files import plain, table

pytestmark = pytest.mark.django_db(transaction=True)
ANSWERS = {"sex_codes": {"1": "F", "2": "M"}}


@pytest.fixture
def asked(send):
    """An upload that waits for the meaning of its numbers of sex."""
    return send(plain(table(3, sex=["1", "2", "1"])))


@pytest.fixture
def save(clerk, agency, instruments):
    def act(values, **options):
        return entry.save(
            values, agency=agency, instrument=instruments["SMS-WPF"], by=clerk, **options
        ).record

    return act


def at_once(*acts):
    """Do all at the same time, each on a connection of its own; returns results and exceptions."""
    results = []

    def run(act):
        try:
            results.append(act())
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_an_upload_that_is_taken_in_is_not_read_again(asked, clerk):
    with scope.acting(clerk):
        stale = Upload.objects.get(pk=asked.pk)
        uploads.read(asked, by=clerk, answers=ANSWERS)
    assert files.finish(asked, by=clerk).state == "COMMITTED"
    with scope.acting(clerk), pytest.raises(Refused, match="no longer needs answers"):
        uploads.read(stale, by=clerk, answers=ANSWERS)
    assert files.finish(asked, by=clerk).state == "COMMITTED"


def test_an_upload_that_was_undone_is_not_read_again(asked, clerk):
    with scope.acting(clerk):
        stale = Upload.objects.get(pk=asked.pk)
        uploads.undo(asked, by=clerk)
        with pytest.raises(Refused):
            uploads.read(stale, by=clerk, answers=ANSWERS)
        assert Upload.objects.get().state == "UNDONE"


def test_of_two_clicks_on_answer_one_counts(asked, clerk):
    def click():
        with scope.acting(clerk):
            return uploads.read(Upload.objects.get(pk=asked.pk), by=clerk, answers=ANSWERS)

    results = at_once(click, click)
    assert sum(isinstance(result, Refused) for result in results) == 1
    assert files.finish(asked, by=clerk).state == "COMMITTED"


def test_an_upload_that_went_on_meanwhile_is_not_overwritten(send, clerk, monkeypatch):
    def undone_meanwhile(*args, **options):
        Upload.objects.update(state="UNDONE")
        return honest(*args, **options)

    honest = child.open
    monkeypatch.setattr(child, "open", undone_meanwhile)
    send(plain(table(2)))
    with scope.acting(clerk):
        # The run has left no trace at all, what happened within its own transaction included.
        assert (Upload.objects.get().state, Record.objects.count()) == ("RECEIVED", 0)


def test_an_answer_that_makes_no_sense_is_answered_in_words(asked, client, clerk):
    client.force_login(clerk)
    page = asked.get_absolute_url()
    said = client.post(f"{page}answer", {"sex_codes:1": "ZZ", "sex_codes:2": "M"})
    assert said.status_code == 422
    assert "cannot be used" in said.content.decode()
    client.post(f"{page}answer", {"sex_codes:1": "F", "sex_codes:2": "M"})
    again = client.post(f"{page}answer", {"sex_codes:1": "F", "sex_codes:2": "M"}, follow=True)
    assert "no longer needs answers" in again.content.decode()


def test_a_held_row_becomes_one_record(send, clerk):
    send(plain(table(2, sex=["??", "F"])))
    with scope.acting(clerk):
        row, stale = HeldRow.open_rows.get(), HeldRow.open_rows.get()
        corrections.correct(row, {"sex": "F"}, by=clerk)
        with pytest.raises(Refused, match="corrected or removed"):
            corrections.correct(stale, {"sex": "F", "record_ref": "R-9"}, by=clerk)
        assert Record.objects.count() == 2


def test_a_held_row_becomes_one_record_even_at_the_same_moment(send, clerk):
    send(plain(table(2, sex=["??", "F"])))

    def correct(number):
        with scope.acting(clerk):
            row = HeldRow.open_rows.get()
            started.wait(10)
            return corrections.correct(row, {"sex": "F", "record_ref": number}, by=clerk)

    started = threading.Barrier(2)
    results = at_once(lambda: correct("R-8"), lambda: correct("R-9"))
    assert sum(isinstance(result, Refused) for result in results) == 1
    with scope.acting(clerk):
        assert Record.objects.count() == 2


def test_editing_does_not_bring_a_deleted_record_back(send, clerk, save):
    send(plain(table(2)))
    with scope.acting(clerk):
        stale = Record.objects.first()
        entry.delete(Record.objects.get(pk=stale.pk), by=clerk)
        with pytest.raises(Refused, match="deleted this record"):
            save(entry.texts_of(stale), record=stale)
        with pytest.raises(Refused, match="deleted this record"):
            entry.delete(stale, by=clerk)
        assert Record.objects.count() == 1
    assert Event.objects.filter(verb="delete", subject=f"record:{stale.pk}").count() == 1


def test_what_somebody_else_changed_is_not_overwritten_unseen(send, clerk, save):
    send(plain(table(1)))
    with scope.acting(clerk):
        record = Record.objects.get()
        seen, values = entry.version_token(record), entry.texts_of(record)
        save({**values, "citizenship": "UZB"}, record=Record.objects.get(), version_seen=seen)
        with pytest.raises(Refused, match="changed this record"):
            save({**values, "sex": "M"}, record=Record.objects.get(), version_seen=seen)
        now = Record.objects.get()
    assert (now.citizenship, now.sex) == ("UZB", "F")


def test_a_form_that_is_sent_again_still_knows_what_the_person_saw(send, client, clerk, save):
    send(plain(table(1)))
    with scope.acting(clerk):
        record = Record.objects.get()
    client.force_login(clerk)
    page = f"/records/{record.pk}/"
    seen = f'name="seen" value="{entry.version_token(record)}"'
    assert seen in client.get(page).content.decode()
    with scope.acting(clerk):
        save({**entry.texts_of(record), "citizenship": "UZB"}, record=record)
        typed = entry.texts_of(record) | {"seen": entry.version_token(record), "sex": "M"}
    for _click in range(2):
        said = client.post(page, typed)
        assert said.status_code == 422
        assert seen in said.content.decode()
        assert "Somebody else changed this record" in said.content.decode()
    with scope.acting(clerk):
        assert Record.objects.get().sex == "F"
