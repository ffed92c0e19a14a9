"""Invitations: what they tell, when they apply, how they end."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies import access, accounts, invitations
from agencies.access import Denied
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.roles import Role
from tests.cast import anew, make_person, signed_in

OFFER = re.compile(r"http://testserver(/people/invitation/\S+)")


def invite(by, agency, *roles, email="new@sms.example"):
    return invitations.invite(
        email=email,
        name="As typed",
        language="en",
        roles=roles or [Role.CLERK],
        agency=agency,
        by=by,
        link_base="http://testserver/",
    )


def link():
    return OFFER.search(mail.outbox[-1].body)[1]


def live(client_of):
    return signed_in(client_of).get("/people/").content.decode()


@pytest.fixture
def offered(agency, agency_admin, outsider):
    """A role in an agency, offered to somebody who works for another."""
    return invite(agency_admin, agency, email=outsider.email.upper())


def test_a_role_applies_only_after_she_who_has_an_account_accepts_it(offered, outsider, agency):
    assert access.roles(anew(outsider), agency) == []
    browser = signed_in(outsider)
    assert "invites you to work for an agency" in browser.get("/").content.decode()
    page = browser.get("/people/invitations/").content.decode()
    assert "Agency SMS" in page and "Clerk" in page
    answer = browser.post(f"/people/invitations/{offered.pk}/answer/", {"answer": "accept"})
    assert answer.status_code == 302
    assert access.roles(anew(outsider), agency) == [Role.CLERK]
    assert "invites you" not in browser.get("/").content.decode()


def test_she_may_decline(offered, outsider, agency):
    signed_in(outsider).post(f"/people/invitations/{offered.pk}/answer/", {"answer": "decline"})
    assert access.roles(anew(outsider), agency) == []
    with pytest.raises(Refused, match="answered"):
        invitations.accept(offered, outsider)


@pytest.mark.parametrize("who", ["viewer", "agency_admin"])
def test_whoever_has_no_tasks_is_led_to_what_is_offered(request, other_agency, who):
    head = make_person("head@mlsp.example", Role.AGENCY_ADMIN, other_agency)
    person = request.getfixturevalue(who)
    invite(head, other_agency, email=person.email)
    answer = signed_in(person).get("/")
    assert answer["Location"] == "/people/invitations/"


def test_an_invitation_tells_nothing_of_whether_somebody_has_an_account(
    agency, agency_admin, outsider
):
    """The same answer, letter and page, and the same number of queries: so no time to measure either."""
    outsider.name = "Her Real Name"
    outsider.save()
    browser = signed_in(agency_admin)
    seen = []
    for email in (outsider.email, "nobody@mlsp.example", "warmed-up@mlsp.example"):
        form = {"name": "As typed", "email": email, "roles": ["clerk"], "language": "tk"}
        with CaptureQueriesContext(connection) as queries:
            answer = browser.post("/people/invite/SMS/", form)
        page = browser.get("/people/").content.decode()
        row = page[page.index(f"{email}</span>") :]
        row = re.sub(r"/\d+/|\"[\w]{64}\"", "", row[: row.index("</tr>")]).replace(email, "")
        body = OFFER.sub("", mail.outbox[-1].body)
        seen.append((answer.status_code, answer["Location"], len(queries), row, body))
        assert mail.outbox[-1].to == [email]
        assert "Her Real Name" not in page and "As typed" in page
    assert seen[0] == seen[1] == seen[2]
    account = anew(outsider)
    assert (account.name, account.language) == ("Her Real Name", "")


def test_accepting_overwrites_neither_name_nor_language(offered, outsider):
    outsider.name, outsider.language = "Her Real Name", "ru"
    outsider.save()
    invitations.accept(offered, outsider)
    assert (anew(outsider).name, anew(outsider).language) == ("Her Real Name", "ru")


def test_nobody_answers_with_the_session_of_another_account(offered, clerk, agency_admin, agency):
    opened = link()
    for person in (clerk, agency_admin):
        browser = signed_in(person)
        path = f"/people/invitations/{offered.pk}/answer/"
        assert browser.post(path, {"answer": "accept"}).status_code == 404
        assert browser.post(opened, {"answer": "accept"}).status_code == 404
        assert "for another address" in browser.get(opened).content.decode()
        with pytest.raises(Denied):
            invitations.accept(offered, person)
    offered.refresh_from_db()
    assert offered.state == Invitation.State.OPEN


def test_who_has_an_account_signs_in_before_she_answers(client, offered, outsider, agency):
    opened = link()
    page = client.get(opened).content.decode()
    assert "Sign in to answer" in page and 'value="accept"' not in page
    for answer in ("accept", "decline"):
        client.post(opened, {"answer": answer})
    offered.refresh_from_db()
    assert offered.state == Invitation.State.OPEN
    signed_in(outsider).post(opened, {"answer": "accept"})
    assert access.roles(anew(outsider), agency) == [Role.CLERK]


def test_an_acceptance_is_not_played_again_after_the_role_was_taken(
    offered, outsider, agency, agency_admin
):
    browser, path = signed_in(outsider), f"/people/invitations/{offered.pk}/answer/"
    browser.post(path, {"answer": "accept"})
    accounts.change_roles(
        anew(outsider), [], agency=agency, by=agency_admin, link_base="http://testserver/"
    )
    browser.post(path, {"answer": "accept"})
    browser.post(link() if OFFER.search(mail.outbox[-1].body) else path, {"answer": "accept"})
    assert access.roles(anew(outsider), agency) == []


def test_an_invitation_expires_after_a_week(client, agency, agency_admin):
    offer = invite(agency_admin, agency)
    opened = link()
    later = timezone.now() - timedelta(minutes=1)
    Invitation.objects.filter(pk=offer.pk).update(expires_at=later)
    assert offer.expires_at - offer.at > timedelta(days=6, hours=23)
    assert client.get(opened).status_code == client.post(opened).status_code == 404
    with pytest.raises(Refused, match="too old"):
        invitations.decline(offer)
    assert "too old" in live(agency_admin)
    invite(agency_admin, agency)  # and may be given anew
    with pytest.raises(Refused, match="is open"):  # then the old one is not sent again
        invitations.send_again(offer, by=agency_admin, link_base="http://testserver/")


def test_a_link_that_was_withdrawn_or_sent_anew_opens_nothing(client, agency, agency_admin):
    offer = invite(agency_admin, agency)
    first = link()
    with pytest.raises(Refused, match="is open"):
        invite(agency_admin, agency)
    invitations.send_again(offer, by=agency_admin, link_base="http://testserver/")
    second = link()
    assert client.get(first).status_code == 404 and client.get(second).status_code == 200
    invitations.withdraw(offer, by=agency_admin)
    assert client.get(second).status_code == 404
    assert client.post(second, {"answer": "accept"}).status_code == 404
    assert not Person.objects.filter(email=offer.email).exists()


def test_what_waits_is_void_when_the_agency_closes_or_the_inviter_is_stopped(
    agency, agency_admin, outsider, offered
):
    Person.objects.filter(pk=agency_admin.pk).update(is_active=False)
    with pytest.raises(Refused, match="may not give it any more"):
        invitations.accept(offered, outsider)
    Person.objects.filter(pk=agency_admin.pk).update(is_active=True)
    access.revoke(agency_admin, Role.AGENCY_ADMIN, agency)
    with pytest.raises(Refused, match="may not give it any more"):
        invitations.accept(offered, outsider)
    access.grant(agency_admin, Role.AGENCY_ADMIN, agency)
    Agency.objects.filter(pk=agency.pk).update(is_active=False)
    assert not invitations.waiting_for(outsider)
    with pytest.raises(Refused, match="closed"):
        invitations.accept(offered, outsider)
    assert access.roles(anew(outsider), agency) == []


def test_what_excludes_it_elsewhere_is_told_to_her_alone(statistician, agency, agency_admin):
    offer = invite(agency_admin, agency, email=statistician.email)  # no word to the inviter
    browser = signed_in(statistician)
    answer = browser.post(
        f"/people/invitations/{offer.pk}/answer/", {"answer": "accept"}, follow=True
    )
    assert "does not work for another one of them" in answer.content.decode()
    assert access.roles(anew(statistician), agency) == []
    assert "does not work" not in live(agency_admin)


def test_roles_that_exclude_each_other_are_not_offered_together(office):
    head = make_person("head@scs.example", Role.AGENCY_ADMIN, office)
    with pytest.raises(Refused, match="makes no accounts"):
        invite(head, office, Role.AGENCY_ADMIN, Role.STATISTICIAN)


def test_nobody_of_another_agency_changes_an_invitation(agency, agency_admin, other_agency):
    offer = invite(agency_admin, agency)
    head = make_person("head@mlsp.example", Role.AGENCY_ADMIN, other_agency)
    path = f"/people/invitations/{offer.pk}/change/"
    for verb in ("withdraw", "again", "approve"):
        assert signed_in(head).post(path, {"verb": verb}).status_code == 404
    assert signed_in(agency_admin).post(path, {"verb": "approve"}).status_code == 403
    assert signed_in(agency_admin).post(path, {"verb": "explode"}).status_code == 404
    with pytest.raises(Denied):
        invitations.withdraw(offer, by=head)


def test_fields_that_no_form_has_change_nothing(agency, agency_admin, other_agency):
    """Mass assignment: the agency, the state, who invites and who approved are not taken from a form."""
    form = {"name": "X", "email": "x@sms.example", "roles": ["clerk"], "language": "en"}
    forged = {"agency": "MLSP", "agency_id": other_agency.pk, "state": "ACCEPTED", "by": 1}
    signed_in(agency_admin).post(
        "/people/invite/SMS/", {**form, **forged, "approved_by": 1, "is_superuser": "on"}
    )
    (offer,) = Invitation.objects.all()
    assert (offer.agency, offer.state, offer.by, offer.approved_by) == (
        agency,
        Invitation.State.OPEN,
        agency_admin,
        None,
    )
    signed_in(agency_admin).post(
        f"/people/invitations/{offer.pk}/change/", {"verb": "again", "roles": "publisher"}
    )
    offer.refresh_from_db()
    assert offer.roles == ["clerk"]


def test_the_database_lets_nobody_change_what_was_offered(agency, agency_admin, other_agency):
    offer = invite(agency_admin, agency)
    for change in (
        {"roles": ["publisher"]},
        {"email": "other@x.example"},
        {"agency": other_agency},
        {"by": None},
    ):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Invitation.objects.filter(pk=offer.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(approved_by=offer.by)


def test_the_person_and_the_other_administrators_are_told_what_changes(
    agency, agency_admin, outsider, offered
):
    make_person("second@sms.example", Role.AGENCY_ADMIN, agency)
    everybody = {outsider.email, agency_admin.email, "second@sms.example"}
    mail.outbox.clear()
    invitations.accept(offered, outsider)
    assert {letter.to[0] for letter in mail.outbox} == everybody
    assert all("now holds these roles" in letter.body for letter in mail.outbox)
    mail.outbox.clear()
    accounts.change_roles(anew(outsider), [], agency=agency, by=agency_admin, link_base="")
    assert {letter.to[0] for letter in mail.outbox} == everybody
    assert all("no longer holds" in letter.body for letter in mail.outbox)
