"""A held row whose number has another record: a person says which of the two stands, on the page or by program."""

import pytest

from agencies import scope
from records.collection import bulk_corrections, entry, history, known_numbers, uploads
from records.models import Handling, HeldRow, Record, Submission
from tests.cast import events, signed_in
from tests.records.files import plain, table
from tests.records.programs import program

pytestmark = pytest.mark.django_db(transaction=True)
GOING_ON = {"values": "go_on"}


@pytest.fixture
def rows(send, clerk):
    """Three women are records; two rows of a later file have the numbers of the first two, and say men."""
    send(plain(table(3)))
    later = send(plain(table(2, sex="M", citizenship=["Atlantiss", "Narniaa"])), answers=GOING_ON)
    with scope.acting(clerk):
        held = list(HeldRow.open_rows.order_by("row_no"))
        changes = {row.pk: {"citizenship": "TUR"} for row in held}
        bulk_corrections.correct_many(later, changes, by=clerk, changes=changes)
    return later


def sexes(clerk):
    with scope.acting(clerk):
        return dict(Record.objects.values_list("record_ref", "sex"))


def keys(page):
    return [part.partition('"')[0] for part in page.split('name="pair" value="')[1:]]


def test_old_stands_beside_new_and_one_is_replaced_the_other_left(rows, clerk):
    client, address = signed_in(clerk, "en"), f"/uploads/{rows.pk}/held/numbers"
    assert address in client.get(f"/uploads/{rows.pk}/held").text
    page = client.get(address).text
    first, second = keys(page)
    assert page.count("<b>Male</b>") == 2 and "Female" in page
    told = client.post(address, {"pair": first, "choice": "replace"}, follow=True).text
    assert "1 row was taken in." in told and keys(told) == [second]
    told = client.post(address, {"pair": second, "choice": "leave"}, follow=True).text
    assert "1 row was removed; its record stays as it is." in told and not keys(told)
    assert sexes(clerk) == {"R-1": "M", "R-2": "F", "R-3": "F"}
    with scope.acting(clerk):
        assert not HeldRow.all_rows.exists()
        (change,) = history.changes(history.events())
        assert (change.before["sex"], change.after["sex"], change.by) == ("F", "M", clerk)
        deeds = Handling.objects.values_list("deed", flat=True)
        assert {Handling.Deed.DISCARD, Handling.Deed.CORRECT} <= set(deeds)
    assert [event.detail["rows"] for event in events("discard")] == [1]


def test_taking_the_file_back_returns_the_record_that_was_replaced(rows, clerk):
    with scope.acting(clerk):
        pairs = known_numbers.beside_records(list(known_numbers.waiting(HeldRow.open_rows.all())))
        known_numbers.settle([rows], [pair.key for pair in pairs], "replace", by=clerk)
    assert sexes(clerk) == {"R-1": "M", "R-2": "M", "R-3": "F"}
    with scope.acting(clerk):
        uploads.undo(rows, by=clerk)
    assert sexes(clerk) == {"R-1": "F", "R-2": "F", "R-3": "F"}


def test_a_record_that_somebody_changed_since_is_not_overwritten_unseen(rows, clerk, permits):
    client, address = signed_in(clerk, "en"), f"/uploads/{rows.pk}/held/numbers"
    seen = keys(client.get(address).text)
    with scope.acting(clerk):
        record = Record.objects.get(record_ref="R-1")
        values = {**history.texts_of(record), "citizenship": "KAZ", "birth_date": "05.06.1990"}
        saved = entry.save(
            values, agency=record.agency, instrument=permits, by=clerk, record=record
        )
        assert saved.record, saved.findings
    told = client.post(address, {"pair": seen, "choice": "replace"}, follow=True).text
    assert "changed or removed by somebody else meanwhile" in told
    assert "corrected by hand since" in told  # of the pair that is shown now
    assert sexes(clerk) == {"R-1": "F", "R-2": "M", "R-3": "F"}


def test_who_may_choose_and_rows_of_a_closed_period_stay(rows, clerk, reviewer, outsider):
    address = f"/uploads/{rows.pk}/held/numbers"
    seen = keys(signed_in(clerk).get(address).text)
    for person, status in ((reviewer, 403), (outsider, 404)):
        answer = signed_in(person).post(address, {"pair": seen, "choice": "replace"})
        assert answer.status_code == status
    assert not keys(signed_in(reviewer).get(address).text)
    with scope.acting(clerk):
        Submission.objects.update(state=Submission.State.SUBMITTED)
    for choice in ("replace", "leave", "", "else"):
        signed_in(clerk).post(address, {"pair": [*seen, "0", "x.y", "9" * 30], "choice": choice})
    assert set(sexes(clerk).values()) == {"F"}
    with scope.acting(clerk):
        assert HeldRow.open_rows.count() == 2


def test_a_program_chooses_row_by_row(rows, clerk, agency, permits):
    robot = program(clerk, agency, permits)
    address = f"uploads/{rows.pk}/held/numbers/"
    listed = robot.get(address).json()["rows"]
    first, second = sorted(listed, key=lambda row: row["record_ref"])
    assert (first["variables"], first["before"]["sex"], first["now"]["sex"]) == (["sex"], "F", "M")
    refused = robot.post(address, {first["key"]: "both"})
    assert (refused.status_code, refused.json()["parameter"]) == (400, first["key"])
    told = robot.post(address, {first["key"]: "replace", second["key"]: "leave", "7.a.b": "leave"})
    assert {n: told.json()[n] for n in ("accepted", "removed", "changed_meanwhile")} == {
        "accepted": 1,
        "removed": 1,
        "changed_meanwhile": ["7.a.b"],
    }
    assert sexes(clerk) == {"R-1": "M", "R-2": "F", "R-3": "F"}
