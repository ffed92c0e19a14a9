"""Second entry: another person types a record again, and what differs is decided by somebody."""

import pytest

from agencies import access, scope
from agencies.refusal import Refused
from records.collection import drafts, entry, entry_rules, second_entry
from records.models import Record, SecondEntry
from tests.cast import signed_in
from tests.records.files import WPF


def want_twice(agency, permits, admin, variables):
    with scope.acting(admin):
        entry_rules.set_rule(agency, permits, carried=(), twice=variables, by=admin)


@pytest.fixture
def first(where, clerk, agency, permits, agency_admin):
    """A record that waits for a second person."""
    want_twice(agency, permits, agency_admin, ["sex", "birth_date", "citizenship", "valid_to"])
    with scope.acting(clerk):
        return drafts.save(WPF, **where).record


SAME = {"sex": "F", "birth_date": "12041990", "citizenship": "Турция", "valid_to": "050327"}


def again(record, person, values, **choices):
    with scope.acting(person):
        return second_entry.type_again(record, values, by=person, choices=choices)


def test_two_entries_that_agree_are_done(first, colleague):
    assert again(first, colleague, SAME).is_done
    with scope.acting(colleague):
        done = SecondEntry.objects.get()
        assert (done.second_by, done.differed) == (colleague, [])
        assert not second_entry.waiting_in(first.submission).exists()


def test_who_typed_first_does_not_type_again(first, clerk, colleague):
    with pytest.raises(Refused, match="another person"):
        again(first, clerk, SAME)
    again(first, colleague, SAME)
    with pytest.raises(Refused, match="does not wait"):
        again(first, colleague, SAME)


def test_what_differs_is_decided_before_anything_changes(first, colleague):
    other = {**SAME, "sex": "M", "citizenship": "UZB"}
    compared = again(first, colleague, other)
    assert [(d.name, d.first, d.second) for d in compared.differences] == [
        ("sex", "F", "M"), ("citizenship", "TUR", "UZB")]  # fmt: skip
    assert not again(first, colleague, other, sex="second").is_done  # one of two is not decided
    assert again(first, colleague, other, sex="second", citizenship="first").is_done
    with scope.acting(colleague):
        now = Record.objects.get()
        assert (now.sex, now.citizenship, now.birth_year, now.age) == ("M", "TUR", 1990, first.age)
        assert SecondEntry.objects.get().differed == ["sex", "citizenship"]


def test_a_second_entry_with_a_mistake_is_no_entry(first, colleague):
    compared = again(first, colleague, {**SAME, "citizenship": "nowhere", "sex": ""})
    assert {f.variable for f in compared.findings} == {"citizenship", "sex"}


def test_a_second_person_sees_the_first_entry_only_after_her_own(first, colleague):
    client = signed_in(colleague)
    page = client.get(f"/records/{first.pk}/second").content.decode()
    assert " selected" not in page and " checked" not in page and "1990" not in page
    answer = client.post(f"/records/{first.pk}/second", {**SAME, "sex": "M"})
    assert answer.status_code == 422 and "First entry" in answer.content.decode()
    settled = client.post(f"/records/{first.pk}/second", {**SAME, "sex": "M", "right-sex": "first"})
    assert settled.status_code == 302
    listed = client.get(f"/submissions/{first.submission_id}/second").content.decode()
    assert "No record waits" in listed


def test_another_agency_sees_no_second_entry(first, outsider, statistician):
    for person in (outsider, statistician):
        with scope.acting(person):
            assert not SecondEntry.objects.exists()
            with pytest.raises(access.Denied):
                second_entry.type_again(first, SAME, by=person)


def test_what_a_second_entry_makes_unusual_is_confirmed_though_its_field_is_not_typed_again(
    where, clerk, colleague, agency, permits, agency_admin
):
    want_twice(agency, permits, agency_admin, ["valid_from"])
    with scope.acting(clerk):
        record = drafts.save(WPF, **where).record
    client, address = signed_in(colleague), f"/records/{record.pk}/second"
    typed = {"valid_from": "01.01.2024", "right-valid_from": "second"}
    answer = client.post(address, typed)
    assert answer.status_code == 422 and 'value="valid_to.long"' in answer.content.decode()
    assert client.post(address, {**typed, "acknowledged": "valid_to.long"}).status_code == 302
    wrong = {"valid_from": "01.01.2028", "right-valid_from": "second"}
    with scope.acting(clerk):
        record = drafts.save({**WPF, "record_ref": "WP-2"}, **where).record
    answer = client.post(f"/records/{record.pk}/second", wrong)
    assert answer.status_code == 422 and "Correct the record first" in answer.content.decode()


def test_a_deleted_record_waits_for_nobody(first, clerk):
    with scope.acting(clerk):
        entry.delete(first, by=clerk)
        assert not SecondEntry.objects.exists()
