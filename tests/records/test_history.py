"""The history of records and submissions: who, when, what before and after, in words; and for whom."""

import pytest

from agencies import scope
from records.collection import entry, uploads
from records.models import Record
from tests.cast import anew, events, signed_in
from tests.matrix.mutations import second_lock_open
from tests.records.files import WPF, plain, table


@pytest.fixture
def changed(typed, clerk):
    """A record that was typed as of a Turkish man and corrected to an Uzbek woman."""
    record = typed({**WPF, "sex": "M", "citizenship": "TUR"}).record
    typed({**WPF, "sex": "F", "citizenship": "UZB"}, record=record)
    return record


@pytest.fixture
def typed(instruments, agency, clerk):
    def save(values, **options):
        with scope.acting(clerk):
            outcome = entry.save(
                values, agency=agency, instrument=instruments["SMS-WPF"], by=clerk, **options
            )
        assert outcome.record, outcome.findings
        return outcome

    return save


def lines(response):
    assert response.status_code == 200
    return response.context["became"]


def test_a_changed_record_shows_who_changed_what_with_labels_before_and_after(changed, clerk):
    address = f"/records/{changed.pk}/history"
    change, beginning = lines(signed_in(clerk).get(address))
    assert change.who == "Clerk" and "WP-1" in change.says
    said = {(d.label, d.before, d.after) for d in change.differences}
    assert said == {("Sex", "Male", "Female"), ("Citizenship", "Turkey", "Uzbekistan")}
    assert beginning.says.startswith("Clerk typed the record")
    russian, _beginning = lines(signed_in(clerk, "ru").get(address))
    assert {d.label for d in russian.differences} == {"Пол", "Гражданство"}
    assert [e.subject for e in events("read_history")] == [f"record:{changed.pk}"] * 2
    assert address in signed_in(clerk).get(f"/records/{changed.pk}/").content.decode()


def test_a_second_change_is_shown_against_the_first(changed, typed, clerk):
    with scope.acting(clerk):
        record = Record.objects.get()
    typed({**WPF, "sex": "F", "citizenship": "KAZ"}, record=record)
    second, first, _beginning = lines(signed_in(clerk).get(f"/records/{changed.pk}/history"))
    (difference,) = second.differences
    assert (difference.before, difference.after) == ("Uzbekistan", "Kazakhstan")
    assert {d.after for d in first.differences} == {"Female", "Uzbekistan"}


def test_a_deleted_record_keeps_its_history_for_those_who_see_records(
    changed, clerk, outsider, statistician, agency_admin
):
    with scope.acting(clerk):
        entry.delete(Record.objects.get(), by=clerk)
    address = f"/records/{changed.pk}/history"
    deletion, *_earlier = lines(signed_in(clerk).get(address))
    assert deletion.who == "Clerk" and deletion.says == "Deleted: record WP-1."
    assert ("Sex", "Female", "nothing") in [
        (d.label, d.before, d.after) for d in deletion.differences
    ]
    for person in (outsider, statistician, agency_admin):
        assert signed_in(anew(person)).get(address).status_code == 404
        with second_lock_open():
            assert signed_in(anew(person)).get(address).status_code == 404


def test_rows_of_a_file_that_is_taken_back_are_deleted_by_who_took_it_back(typed, send, clerk):
    typed({**WPF, "record_ref": "KEPT"})  # so that the submission is not empty, and stays
    upload = send(plain(table(1)))
    with scope.acting(clerk):
        number = upload.records.get().pk
        uploads.undo(upload, by=clerk)
    deletion, beginning = lines(signed_in(clerk).get(f"/records/{number}/history"))
    assert deletion.who == "Clerk" and deletion.says.startswith("Deleted")
    assert beginning.who == "Clerk" and beginning.says.startswith("Came with the file")


def test_a_key_that_stands_for_a_person_is_never_shown(instruments, agency, clerk):
    from records.instruments.versions import current, spec_of
    from records.pages.history import said

    spec = spec_of(current(instruments["SMS-WPF"]))
    assert said(spec.variable("person_ref"), "0123456789abcdef") == "a key"


def test_a_submission_shows_its_steps_and_for_those_who_see_records_every_change(
    changed, clerk, reviewer, statistician
):
    from records.review import submissions

    with scope.acting(clerk):
        submission = Record.objects.get().submission
        submissions.advance(submission, "submit", by=clerk)
    with scope.acting(reviewer):
        submissions.advance(submission, "return", by=reviewer, reason="Look at row 1.")
    address = f"/submissions/{submission.pk}/history"
    page = signed_in(reviewer).get(address)
    returned, submitted, *hands = lines(page)
    assert returned.who == "Reviewer" and returned.reason == "Look at row 1."
    assert [(d.before, d.after) for d in returned.differences] == [("Submitted", "Returned")]
    assert [(d.before, d.after) for d in submitted.differences] == [("Draft", "Submitted")]
    assert {hand.says for hand in hands} == {"Typed 1 record.", "Corrected 1 row."}
    assert len(page.context["changed"]) == 1
    page = signed_in(statistician).get(address)
    assert len(lines(page)) == 4 and "changed" not in page.context
    assert "Turkey" not in page.content.decode() and "WP-1" not in page.content.decode()


@pytest.mark.parametrize("key", ["x", "-1", "0", "99999999999999999999999", "²"])
def test_a_place_that_is_none_is_not_found(changed, clerk, key):
    client = signed_in(clerk)
    assert client.get(f"/records/{changed.pk}/history?before={key}").status_code == 404
