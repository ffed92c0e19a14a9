"""Agencies are renamed, merged, given instruments and relieved of them: by two, all or nothing, history kept."""

import pytest
from django.core import mail
from django.db import ProgrammingError, connection, transaction

from agencies import access, changes
from agencies.access import Denied
from agencies.changes import Kind
from agencies.models import Agency, AgencyChange, AgencyPermission
from agencies.refusal import Refused
from agencies.roles import Role
from agencies.scope import acting
from records.models import Submission, Upload
from tests import factories
from tests.agencies.test_invitations import invite
from tests.cast import anew, events, make_person, signed_in

State = AgencyChange.State


@pytest.fixture
def second(national_admin):
    home = next(iter(access.holdings(national_admin)))
    return make_person("second@nat.example", Role.NATIONAL_ADMIN, home)


def done(kind, agency, content, by, second):
    """Propose and approve a change."""
    change = changes.propose(kind, agency, content, by=by)
    changes.approve(change, by=second)
    return Agency.objects.get(pk=agency.pk)


def test_who_proposes_does_not_approve_and_the_other_gets_a_letter(
    agency, national_admin, second, agency_admin
):
    change = changes.propose(Kind.RENAME, agency, {"en": "Other"}, by=national_admin)
    told = [m for m in mail.outbox if m.to == [second.email]]
    assert "becomes “Other”" in told[0].body
    with pytest.raises(Refused, match="proposed this"):
        changes.approve(change, by=national_admin)
    for verb in (changes.approve, changes.withdraw):
        with pytest.raises(Denied):
            verb(change, by=agency_admin)
    with pytest.raises(Denied):
        changes.propose(Kind.RENAME, agency, {"en": "X"}, by=agency_admin)
    with pytest.raises(Refused, match="proposed already"):
        changes.propose(Kind.RENAME, agency, {"en": "Other"}, by=second)
    assert Agency.objects.get(pk=agency.pk).name == "Agency SMS"


def test_a_change_is_not_approved_whose_proposer_lost_the_role(agency, national_admin, second):
    change = changes.propose(Kind.RENAME, agency, {"en": "Other"}, by=national_admin)
    AgencyPermission.objects.filter(user=national_admin).delete()
    with pytest.raises(Refused, match="no national administrator any more"):
        changes.approve(change, by=second)


def test_the_database_refuses_who_approves_her_own_and_another_content(
    agency, national_admin, second
):
    change = changes.propose(Kind.RENAME, agency, {"en": "Other"}, by=national_admin)
    for column, value in (("content", "'{}'"), ("by_id", str(second.pk))):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE agencies_agencychange SET {column} = {value} WHERE id = %s", [change.pk]
            )
    with pytest.raises(Exception, match="approved_by_another"), transaction.atomic():
        AgencyChange.objects.filter(pk=change.pk).update(
            state=State.DONE, decided_by=national_admin
        )


def test_a_renamed_agency_keeps_its_old_names(agency, national_admin, second):
    names = {"en": "New name", "ru": "Новое имя", "tk": "Täze at"}
    renamed = done(Kind.RENAME, agency, names, national_admin, second)
    assert renamed.names == names and renamed.code == "SMS"
    assert [old.names for old in renamed.former_names.all()] == [{"en": "Agency SMS"}]
    assert "Agency SMS" in signed_in(second).get("/people/agencies/SMS/").content.decode()
    for content, why in ((names, "are the same"), ({"ru": "Имя"}, "name in English")):
        with pytest.raises(Refused, match=why):
            changes.preview(Kind.RENAME, renamed, content)


def test_an_instrument_is_given_and_taken(agency, ordinary, other_agency, national_admin, second):
    content = {"instrument": ordinary.code}
    done(Kind.GIVE, other_agency, content, national_admin, second)
    assert other_agency.instruments.get() == ordinary
    with pytest.raises(Refused, match="delivers it already"):
        changes.preview(Kind.GIVE, other_agency, content)
    done(Kind.TAKE, other_agency, content, national_admin, second)
    assert not other_agency.instruments.exists()
    with pytest.raises(Refused, match="does not deliver"):
        changes.preview(Kind.TAKE, other_agency, content)
    with pytest.raises(Refused, match="no such instrument"):
        changes.preview(Kind.GIVE, agency, {"instrument": "NO"})
    assert [e.detail["kind"] for e in events("change")] == ["GIVE", "TAKE"]


def test_publishing_again_gives_nothing_back(agency, ordinary, tmp_path, national_admin, second):
    done(Kind.TAKE, agency, {"instrument": ordinary.code}, national_admin, second)
    factories.publish(tmp_path, ordinary.code, restricted=False)
    assert not agency.instruments.exists()


def test_an_instrument_with_open_submissions_is_not_taken_also_where_they_came_meanwhile(
    agency, ordinary, clerk, national_admin, second
):
    content = {"instrument": ordinary.code}
    change = changes.propose(Kind.TAKE, agency, content, by=national_admin)
    with acting(clerk):
        month = factories.submission(agency, ordinary)
    with acting(second), pytest.raises(Refused, match="SMS-YYY 2026-03"):
        changes.approve(change, by=second)
    assert agency.instruments.get() == ordinary
    change.refresh_from_db()
    assert change.state == State.PROPOSED
    with acting(clerk):
        Submission.objects.filter(pk=month.pk).update(state="ACCEPTED")
        file = factories.upload(agency, ordinary, clerk, state=Upload.State.NEEDS_ANSWERS)
    with acting(second), pytest.raises(Refused, match="Files that wait: 1"):
        changes.approve(change, by=second)
    with acting(clerk):
        Upload.objects.filter(pk=file.pk).update(state=Upload.State.UNDONE)
    with acting(second):
        changes.approve(change, by=second)
        assert not Submission.objects.exists()  # what was counted is not seen
    with acting(clerk):
        assert Submission.objects.visible_to(clerk).get() == month


def test_a_merged_agency_is_closed_and_its_history_stays_readable(
    agency, other_agency, ordinary, clerk, agency_admin, national_admin, second, statistician
):
    offer = invite(agency_admin, agency)
    with acting(clerk):
        month = factories.submission(agency, ordinary, state="ACCEPTED")
        factories.record(month)
    merged = done(Kind.MERGE, agency, {"agency": "MLSP"}, national_admin, second)
    assert not merged.is_active and merged.merged_into == other_agency
    assert list(other_agency.instruments.all()) == [ordinary] and not merged.instruments.exists()
    offer.refresh_from_db()
    assert offer.state == offer.State.WITHDRAWN
    assert access.roles(anew(clerk), agency) == [Role.CLERK]
    for person in (anew(clerk), statistician):
        with acting(person):
            assert Submission.objects.visible_to(person).get().agency == agency
    assert signed_in(clerk).get(f"/submissions/{month.pk}/").status_code == 200
    assert signed_in(clerk).get("/records/new/SMS-YYY/SMS/").status_code == 404


def test_a_merger_that_cannot_be_is_refused_in_words(
    agency, other_agency, office, ordinary, clerk, national_admin, second
):
    home = next(iter(access.holdings(national_admin)))
    tries = [
        (agency, "SMS", "another agency"),
        (agency, "NONE", "another agency"),
        (office, "SMS", "are not merged"),
        (home, "SMS", "are not merged"),
    ]
    for place, other, why in tries:
        with pytest.raises(Refused, match=why):
            changes.preview(Kind.MERGE, place, {"agency": other})
    with acting(clerk):
        factories.submission(agency, ordinary)
    with acting(second), pytest.raises(Refused, match="something is open"):
        changes.preview(Kind.MERGE, agency, {"agency": "MLSP"})


def test_the_page_shows_what_would_happen_proposes_it_and_another_approves(
    agency, ordinary, national_admin, second
):
    page, form = "/people/agencies/SMS/", {"kind": "TAKE", "instrument": "SMS-YYY"}
    browser = signed_in(national_admin)
    assert "no longer" in browser.post(page, form).content.decode()
    assert not AgencyChange.objects.exists()
    assert browser.post(page, {**form, "confirm": "1"}).status_code == 302
    change = AgencyChange.objects.get()
    other = signed_in(second)
    assert "no longer" in other.get("/people/agencies/").content.decode()
    other.post(f"/people/changes/{change.pk}/", {"verb": "approve"})
    assert not agency.instruments.exists()
    assert other.post(f"/people/changes/{change.pk}/", {"verb": "approve"}).status_code == 404
    assert browser.post(page, {"kind": "EXPLODE"}).status_code == 404
    assert browser.post(page, form).status_code == 409  # it is taken already
