"""A national administrator names nobody alone: attacks of one who tries to reach records."""

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse

from agencies import access, accounts, authority, invitations
from agencies.access import Denied
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role
from tests.agencies.test_invitations import invite, link
from tests.cast import anew, events, make_person, signed_in


@pytest.fixture
def home(national_admin):
    (place,) = access.holdings(national_admin)
    return place


@pytest.fixture
def second(home):
    return make_person("second@national.example", Role.NATIONAL_ADMIN, home)


@pytest.fixture
def third(home):
    return make_person("third@national.example", Role.NATIONAL_ADMIN, home)


def approve(offer, by):
    invitations.approve(offer, by=by, link_base="http://testserver/")


def accept_as_new(client, offer):
    client.post(link(), {"answer": "accept"})
    return Person.objects.get(email=offer.email)


def test_the_administrator_she_invents_waits_for_a_second_who_is_told(
    client, national_admin, second, other_agency
):
    browser = signed_in(national_admin)
    form = {"name": "X", "email": "invented@x.example", "roles": ["agency_admin"]}
    page = browser.post("/people/invite/MLSP/", {**form, "language": "en"}, follow=True)
    assert "Another national administrator approves it" in page.content.decode()
    offer = Invitation.objects.get(email="invented@x.example")
    assert [letter.to for letter in mail.outbox] == [[second.email]]
    assert "invented@x.example" in mail.outbox[0].body
    path = f"/people/invitations/{offer.pk}/change/"
    for verb in ("approve", "again"):
        browser.post(path, {"verb": verb})
    with pytest.raises(Refused, match="You proposed this"):
        approve(offer, national_admin)
    offer.refresh_from_db()
    assert offer.state == Invitation.State.PROPOSED and not offer.digest
    assert all("invented@x.example" not in letter.to for letter in mail.outbox)
    assert not Person.objects.filter(email="invented@x.example").exists()
    listed = signed_in(second).get("/people/agencies/").content.decode()
    assert "invented@x.example" in listed and str(national_admin) in listed
    assert 'value="approve"' in listed
    assert 'value="approve"' not in browser.get("/people/agencies/").content.decode()


def test_with_the_approval_of_a_second_the_first_administrator_comes(
    client, national_admin, second, other_agency
):
    offer = invite(national_admin, other_agency, Role.AGENCY_ADMIN, email="real@mlsp.example")
    signed_in(second).post(f"/people/invitations/{offer.pk}/change/", {"verb": "approve"})
    assert mail.outbox[-1].to == ["real@mlsp.example"]
    person = accept_as_new(client, offer)
    assert access.roles(person, other_agency) == [Role.AGENCY_ADMIN]
    told = {letter.to[0] for letter in mail.outbox if "now holds" in letter.body}
    assert told == {person.email, national_admin.email, second.email}
    assert [event.person for event in events("approve")] == [second.email]


def test_a_second_administrator_of_an_agency_is_not_hers_to_name_alone_either(
    agency, agency_admin, national_admin, second
):
    offer = invite(national_admin, agency, Role.AGENCY_ADMIN, email="invented@x.example")
    assert offer.state == Invitation.State.PROPOSED
    with pytest.raises(Refused, match="was answered"):
        invitations.accept(offer, make_person("invented@x.example"))


def test_the_accomplice_does_not_make_her_a_clerk(client, national_admin, second, other_agency):
    """Even with an administrator of her own making: the roles exclude each other."""
    head = make_person("accomplice@mlsp.example", Role.AGENCY_ADMIN, other_agency)
    for role in (Role.CLERK, Role.REVIEWER):
        offer = invite(head, other_agency, role, email=national_admin.email)
        approve(offer, second)
        with pytest.raises(Refused, match="nothing to do"):
            invitations.accept(Invitation.objects.get(pk=offer.pk), anew(national_admin))
        invitations.withdraw(offer, by=head)
    assert access.roles(anew(national_admin), other_agency) == []
    assert not access.may(anew(national_admin), Permission.SEE_RECORDS)


def test_any_role_for_a_national_administrator_waits_and_the_inviter_does_not_learn_why(
    agency, agency_admin, national_admin, second, third
):
    browser = signed_in(agency_admin)
    form = {"name": "X", "roles": ["viewer"], "language": "en"}
    answers = [
        browser.post("/people/invite/SMS/", {**form, "email": email}, follow=True)
        .content.decode()
        .count("is invited.")
        for email in (second.email, "nobody@x.example")
    ]
    assert answers == [1, 1]
    offer = Invitation.objects.get(email=second.email)
    assert offer.state == Invitation.State.PROPOSED
    page = browser.get("/people/").content.decode()
    assert "waits for approval" not in page
    assert not invitations.waiting_for(second)
    with pytest.raises(Refused, match="for yourself"):
        approve(offer, second)
    with pytest.raises(Denied):
        approve(offer, agency_admin)
    approve(offer, third)
    invitations.accept(offer, second)
    assert access.roles(anew(second), agency) == [Role.VIEWER]


def test_who_became_one_after_the_invitation_needs_the_approval_too(
    agency, agency_admin, home, second
):
    person = make_person("person@sms.example")
    offer = invite(agency_admin, agency, Role.VIEWER, email=person.email)
    access.grant(person, Role.NATIONAL_ADMIN, home)
    with pytest.raises(Refused, match="second national administrator"):
        invitations.accept(offer, anew(person))
    assert access.roles(anew(person), agency) == []


def test_an_auditor_is_proposed_by_one_and_approved_by_another(
    client, national_admin, second, home, agency
):
    assert Role.AUDITOR not in authority.grantable(national_admin, agency)
    offer = invite(national_admin, home, Role.AUDITOR, email="auditor@national.example")
    with pytest.raises(Refused, match="You proposed this"):
        approve(offer, national_admin)
    approve(offer, second)
    person = accept_as_new(client, offer)
    assert access.roles(person, home) == [Role.AUDITOR]
    # Whoever would give the auditor another role needs a second, too.
    assert authority.needs_second([Role.VIEWER], email=person.email, by=second)
    with pytest.raises(Refused, match="delivers, accepts and administers nothing"):
        access.grant(person, Role.CLERK, agency)


def test_a_third_is_proposed_by_one_and_approved_by_another(client, national_admin, second, home):
    assert set(authority.grantable(national_admin, home)) == {
        Role.AGENCY_ADMIN,
        Role.NATIONAL_ADMIN,
        Role.AUDITOR,
    }
    offer = invite(national_admin, home, Role.NATIONAL_ADMIN, email="third@national.example")
    approve(offer, second)
    person = accept_as_new(client, offer)
    assert access.roles(person, home) == [Role.NATIONAL_ADMIN]


def test_nobody_becomes_one_outside_the_national_administration(agency, national_admin, second):
    with pytest.raises(Denied):
        invite(national_admin, agency, Role.NATIONAL_ADMIN)
    head = make_person("head@sms.example", Role.AGENCY_ADMIN, agency)
    with pytest.raises(Denied):
        invite(head, agency, Role.NATIONAL_ADMIN)


def test_a_proposal_of_one_who_was_stopped_or_lost_the_role_is_void(
    national_admin, second, third, other_agency, home
):
    offer = invite(national_admin, other_agency, Role.AGENCY_ADMIN, email="x@mlsp.example")
    Person.objects.filter(pk=national_admin.pk).update(is_active=False)
    with pytest.raises(Refused, match="may not give it any more"):
        approve(offer, second)
    Person.objects.filter(pk=national_admin.pk).update(is_active=True)
    approve(offer, second)
    access.revoke(second, Role.NATIONAL_ADMIN, home)  # after she approved, before it is accepted
    with pytest.raises(Refused, match="second national administrator"):
        invitations.accept(offer, make_person("x@mlsp.example"))


def test_one_who_is_stopped_does_not_approve_and_is_let_in_by_no_page(
    national_admin, second, other_agency, home
):
    offer = invite(national_admin, other_agency, Role.AGENCY_ADMIN, email="x@mlsp.example")
    browser = signed_in(second)
    Person.objects.filter(pk=second.pk).update(is_active=False)
    path = f"/people/invitations/{offer.pk}/change/"
    assert browser.post(path, {"verb": "approve"})["Location"].startswith("/accounts/login/")
    with pytest.raises(Denied):
        accounts.set_active(anew(second), True, agency=home, by=national_admin)
    offer.refresh_from_db()
    assert offer.state == Invitation.State.PROPOSED


def test_she_does_not_let_an_old_administrator_in_again_alone(
    agency, agency_admin, national_admin, second
):
    old = make_person("old@sms.example", Role.AGENCY_ADMIN, agency)
    accounts.set_active(old, False, agency=agency, by=agency_admin)
    accounts.set_active(anew(old), True, agency=agency, by=national_admin)
    assert access.roles(anew(old), agency) == []
    offer = Invitation.objects.get(email=old.email)
    assert offer.state == Invitation.State.PROPOSED
    approve(offer, second)
    invitations.accept(offer, anew(old))
    assert access.roles(anew(old), agency) == [Role.AGENCY_ADMIN]


def test_nor_one_who_does_other_work(agency, agency_admin, national_admin):
    old = make_person("old@sms.example", Role.AGENCY_ADMIN, agency)
    access.grant(old, Role.CLERK, agency)
    accounts.set_active(old, False, agency=agency, by=agency_admin)
    with pytest.raises(Refused, match="other work"):
        accounts.set_active(anew(old), True, agency=agency, by=national_admin)
    assert not anew(old).is_active


def test_an_administrator_of_a_closed_agency_is_not_named(national_admin, second, other_agency):
    offer = invite(national_admin, other_agency, Role.AGENCY_ADMIN, email="x@mlsp.example")
    Agency.objects.filter(pk=other_agency.pk).update(is_active=False)
    with pytest.raises(Refused, match="closed"):
        approve(offer, second)


def test_no_page_takes_the_role_of_another(national_admin, second, home):
    with pytest.raises(Refused, match="on its server"):
        accounts.change_roles(anew(second), [], agency=home, by=national_admin, link_base="")
    assert access.roles(anew(second), home) == [Role.NATIONAL_ADMIN]


def test_where_there_is_one_the_page_says_that_a_second_is_needed(national_admin, home):
    says = "You are the only national administrator"
    browser = signed_in(national_admin)
    assert says in browser.get("/people/agencies/").content.decode()
    make_person("second@national.example", Role.NATIONAL_ADMIN, home)
    assert says not in browser.get("/people/agencies/").content.decode()


def test_the_first_two_are_made_on_the_server_and_no_third(client, db):
    call_command("national_admin", "first@stat.example", "--name", "First")
    call_command("national_admin", "second@stat.example", "--name", "Second")
    assert {person.email for person in authority.nationals()} == {
        "first@stat.example",
        "second@stat.example",
    }
    assert "first@stat.example" in [letter.to[0] for letter in mail.outbox]
    client.post(reverse("account_reset_password"), {"email": "second@stat.example"})
    assert "/accounts/password/reset/key/" in mail.outbox[-1].body  # so she chooses her password
    with pytest.raises(CommandError, match="one proposes a third"):
        call_command("national_admin", "third@stat.example")
    call_command("national_admin", "second@stat.example", "--take")
    call_command("national_admin", "third@stat.example")
    assert {person.email for person in authority.nationals()} == {
        "first@stat.example",
        "third@stat.example",
    }


def test_the_server_too_gives_it_to_nobody_who_touches_records(clerk):
    with pytest.raises(CommandError, match="nothing to do"):
        call_command("national_admin", clerk.email)


def test_of_two_approvals_and_a_withdrawal_one_counts(national_admin, second, third, other_agency):
    offer = invite(national_admin, other_agency, Role.AGENCY_ADMIN, email="x@mlsp.example")
    approve(offer, second)
    with pytest.raises(Refused, match="answered"):
        approve(offer, third)
    invitations.withdraw(offer, by=national_admin)
    with pytest.raises(Refused, match="answered"):
        invitations.accept(offer, make_person("x@mlsp.example"))
