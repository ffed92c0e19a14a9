"""Accounts: who may invite, give and take roles and deactivate whom; and that it happens at once."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from agencies import access, accounts, audit, authority, invitations, refusal
from agencies.access import Denied
from agencies.models import Agency, Event, Person
from agencies.roles import Role
from tests.cast import PASSWORD, anew, events, make_agency, make_person

LINK = re.compile(r"http://testserver(/accounts/password/reset/key/\S+)")
OFFER = re.compile(r"http://testserver(/people/invitation/\S+)")


def invite(by, agency, *roles, email="new@sms.example"):
    return invitations.invite(
        email=email,
        name="New",
        language="en",
        roles=roles,
        agency=agency,
        by=by,
        link_base="http://testserver/",
    )


def change_roles(person, roles, **change):
    return accounts.change_roles(person, roles, link_base="http://testserver/", **change)


@pytest.fixture
def second_admin(agency):
    return make_person("second@sms.example", Role.AGENCY_ADMIN, agency)


def test_an_invitation_arrives_is_accepted_sets_a_password_and_signs_in(
    client, agency, agency_admin
):
    client.force_login(agency_admin)
    new = {"name": "Aýna", "email": "Ayna@sms.example", "language": "en", "roles": ["clerk"]}
    assert client.post("/people/invite/sms/", new).status_code == 302
    client.logout()
    (message,) = mail.outbox
    assert (
        message.to == ["ayna@sms.example"]
        and "Agency SMS at Migration in figures, as: Clerk." in message.body
    )
    link = OFFER.search(message.body)[1]
    shown = client.get(link)
    assert b"Clerk" in shown.content and "no-store" in shown["Cache-Control"]
    assert not Person.objects.filter(email="ayna@sms.example").exists()  # looking makes nothing
    form = client.post(link, {"answer": "accept"}, follow=True)
    password = "correct horse battery staple"
    typed = {"password1": password, "password2": password}
    assert client.post(form.request["PATH_INFO"], typed).status_code == 302
    signed_in = client.post(
        reverse("account_login"), {"login": "ayna@sms.example", "password": password}
    )
    assert signed_in.status_code == 302
    assert client.get("/").status_code == 200
    assert client.get("/submissions/").status_code == 200  # a clerk's page
    assert client.get("/people/").status_code == 403  # not hers
    assert Person.objects.get(email="ayna@sms.example").name == "Aýna"
    told = [
        (event.verb, event.person, event.agency, event.detail["roles"])
        for event in events("invite", "roles")
    ]
    assert told == [(verb, agency_admin.email, "SMS", ["clerk"]) for verb in ("invite", "roles")]


def test_a_link_works_once(client, agency, agency_admin):
    invite(agency_admin, agency, Role.CLERK)
    link = OFFER.search(mail.outbox[0].body)[1]
    client.post(link, {"answer": "accept"})
    person = Person.objects.get(email="new@sms.example")
    access.revoke(person, Role.CLERK, agency)
    assert client.get(link).status_code == 404
    assert client.post(link, {"answer": "accept"}).status_code == 404
    assert not access.roles(anew(person), agency)


def test_an_invitation_needs_a_role_and_an_open_agency(agency, agency_admin):
    with pytest.raises(refusal.Refused, match="at least one role"):
        invite(agency_admin, agency)
    Agency.objects.filter(pk=agency.pk).update(is_active=False)
    with pytest.raises(refusal.Refused, match="closed"):
        invite(agency_admin, agency, Role.CLERK)
    assert not mail.outbox


def test_roles_are_given_and_taken_and_logged(agency, agency_admin, clerk):
    change_roles(clerk, [Role.REVIEWER, Role.VIEWER], agency=agency, by=agency_admin)
    assert access.roles(clerk, agency) == []  # taken at once, given when she accepts
    invitations.accept(invitations.waiting_for(clerk).get(), clerk)
    assert access.roles(clerk, agency) == [Role.REVIEWER, Role.VIEWER]
    taken, given = events("roles")
    assert taken.detail == {"taken": ["clerk"]}
    assert given.detail["roles"] == ["reviewer", "viewer"]
    assert taken.subject == given.subject == f"person:{clerk.pk}"


@pytest.mark.parametrize("role", [Role.STATISTICIAN, Role.PUBLISHER, Role.NATIONAL_ADMIN])
def test_an_agency_admin_gives_no_role_above_her_own(agency, agency_admin, clerk, role):
    with pytest.raises(Denied):
        change_roles(clerk, [role], agency=agency, by=agency_admin)
    with pytest.raises(Denied):
        invite(agency_admin, agency, role)
    assert access.roles(clerk, agency) == [Role.CLERK]
    assert [event.detail["asked"] for event in events("denied")] == [[role.value]] * 2


def test_an_agency_admin_reaches_no_other_agency(client, agency_admin, outsider, other_agency):
    client.force_login(agency_admin)
    assert client.get("/people/invite/mlsp/").status_code == 404
    assert client.get(f"/people/person/mlsp/{outsider.pk}/").status_code == 404
    assert client.get(f"/people/person/sms/{outsider.pk}/").status_code == 404
    assert client.get("/people/agencies/").status_code == 403
    assert outsider.email.encode() not in client.get("/people/").content
    for act in (
        lambda: invite(agency_admin, other_agency, Role.CLERK),
        lambda: change_roles(outsider, [], agency=other_agency, by=agency_admin),
        lambda: accounts.set_active(outsider, False, agency=other_agency, by=agency_admin),
        lambda: accounts.create_agency(
            code="X", names={"en": "X"}, statistics_office=False, by=agency_admin
        ),
    ):
        with pytest.raises(Denied):
            act()
    outsider.refresh_from_db()
    assert outsider.is_active


@pytest.mark.parametrize("victim", ["outsider", "national_admin", "statistician"])
def test_inviting_somebody_gives_no_power_over_their_account(request, agency, agency_admin, victim):
    """An account is one for all agencies: who works elsewhere too is not stopped from here."""
    person = request.getfixturevalue(victim)
    invite(agency_admin, agency, Role.VIEWER, email=person.email)
    access.grant(person, Role.VIEWER, agency)
    with pytest.raises(Denied, match="all roles of this person"):
        accounts.set_active(person, False, agency=agency, by=agency_admin)
    person.refresh_from_db()
    assert person.is_active
    assert [event.detail for event in events("denied")] == [{"asked": "set_active"}]


def test_deactivation_ends_sessions_at_the_next_request(client, agency, agency_admin, clerk):
    client.force_login(clerk)
    assert client.get("/submissions/").status_code == 200
    accounts.set_active(clerk, False, agency=agency, by=agency_admin)
    assert client.get("/submissions/").status_code == 302
    refused = client.post(reverse("account_login"), {"login": clerk.email, "password": PASSWORD})
    assert refused.status_code == 302 and "inactive" in refused["Location"]
    accounts.set_active(clerk, True, agency=agency, by=agency_admin)
    client.force_login(clerk)
    assert client.get("/submissions/").status_code == 200
    told = Event.objects.using(audit.SIDE).filter(verb__in=("deactivate", "activate"))
    assert [event.verb for event in told.order_by("pk")] == ["deactivate", "activate"]


def test_sessions_and_links_from_before_a_deactivation_stay_dead_when_the_person_returns(
    client, agency, agency_admin, clerk
):
    client.post(reverse("account_reset_password"), {"email": clerk.email})
    link = LINK.search(mail.outbox[-1].body)[1]
    client.force_login(clerk)
    accounts.set_active(clerk, False, agency=agency, by=agency_admin)
    assert b"This link was used, or is too old" in client.get(link, follow=True).content
    accounts.set_active(clerk, True, agency=agency, by=agency_admin)
    assert client.get("/submissions/").status_code == 302
    assert b"This link was used, or is too old" in client.get(link, follow=True).content


def test_letters_of_the_demonstration_are_for_their_owner_only(settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    backend = mail.get_connection("agencies.letter_files.PrivateFiles")
    mail.EmailMessage("Subject", "Link", to=["a@x.example"], connection=backend).send()
    (file,) = (tmp_path / "mail").iterdir()
    assert b"Link" in file.read_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_last_administrator_of_an_agency_is_kept(
    agency, agency_admin, second_admin, national_admin
):
    change_roles(second_admin, [Role.CLERK], agency=agency, by=agency_admin)
    with pytest.raises(refusal.Refused, match="last administrator"):
        change_roles(agency_admin, [], agency=agency, by=national_admin)
    with pytest.raises(refusal.Refused, match="last administrator"):
        accounts.set_active(agency_admin, False, agency=agency, by=national_admin)
    assert access.roles(agency_admin, agency) == [Role.AGENCY_ADMIN]


def test_the_last_administrator_of_another_agency_is_kept_too(
    agency, other_agency, agency_admin, second_admin, national_admin
):
    access.grant(second_admin, Role.AGENCY_ADMIN, other_agency)
    with pytest.raises(refusal.Refused, match="Agency MLSP"):
        accounts.set_active(second_admin, False, agency=agency, by=national_admin)


def test_an_administrator_who_may_not_sign_in_does_not_count_as_one(
    agency, agency_admin, second_admin, national_admin
):
    accounts.set_active(second_admin, False, agency=agency, by=agency_admin)
    with pytest.raises(refusal.Refused, match="last administrator"):
        change_roles(agency_admin, [], agency=agency, by=national_admin)


def test_nobody_decides_on_her_own_roles(client, office):
    """An administrator sees no records; with a role she gave herself she would."""
    head = make_person("head@scs.example", Role.AGENCY_ADMIN, office)
    with pytest.raises(refusal.Refused, match="your own roles"):
        change_roles(head, [Role.AGENCY_ADMIN, Role.PUBLISHER], agency=office, by=head)
    with pytest.raises(refusal.Refused, match="your own roles"):
        invite(head, office, Role.STATISTICIAN, email=head.email.upper())
    client.force_login(head)
    page = f"/people/person/scs/{head.pk}/"
    assert b'name="roles"' not in client.get(page).content
    client.post(page, {"roles": ["agency_admin", "clerk"]})
    assert access.roles(anew(head), office) == [Role.AGENCY_ADMIN]
    assert [event.detail["asked"] for event in events("denied")][:2] == [
        ["agency_admin", "publisher"],
        ["statistician"],
    ]


def test_a_national_administrator_does_not_make_herself_one_of_an_agency(agency, national_admin):
    with pytest.raises(refusal.Refused, match="your own roles"):
        invite(national_admin, agency, Role.AGENCY_ADMIN, email=national_admin.email)
    assert access.roles(national_admin, agency) == []


def test_there_is_one_statistics_office_and_it_is_named_on_the_page(client, national_admin):
    client.force_login(national_admin)
    form = {"en": "Statistics", "statistics_office": "on"}
    assert client.post("/people/agencies/", {"code": "SCS", **form}).status_code == 302
    office = Agency.objects.get(code="SCS")
    assert office.statistics_office and office.names["en"] == "Statistics"
    second = client.post("/people/agencies/", {"code": "SC2", **form})
    assert second.status_code == 422 and b"The statistics office is Statistics" in second.content
    assert client.post("/people/agencies/", {"code": "SMS", "en": "S"}).status_code == 302
    assert not Agency.objects.get(code="SMS").statistics_office
    head = make_person("head@scs.example", Role.AGENCY_ADMIN, office)
    assert {Role.STATISTICIAN, Role.PUBLISHER} <= set(authority.grantable(head, office))


def test_what_a_new_agency_needs_is_done_with_it_or_the_agency_is_not_made(
    national_admin, monkeypatch
):
    monkeypatch.setattr(accounts, "needs_of_new_agencies", [])
    made = []

    def link(agency):
        made.append(agency.code)
        if agency.code == "BAD":
            raise refusal.Refused("no")

    accounts.after_creating(link)
    accounts.after_creating(link)  # an app that is loaded twice does not do it twice
    new = {"names": {"en": "X"}, "statistics_office": False, "by": national_admin}
    accounts.create_agency(code="GOOD", **new)
    with pytest.raises(refusal.Refused):
        accounts.create_agency(code="BAD", **new)
    assert made == ["GOOD", "BAD"]
    assert not Agency.objects.filter(code="BAD").exists()


def test_nobody_deactivates_herself(agency, agency_admin, second_admin):
    with pytest.raises(refusal.Refused, match="yourself"):
        accounts.set_active(agency_admin, False, agency=agency, by=agency_admin)


def test_a_national_administrator_reads_why_she_cannot_deactivate_herself(national_admin):
    (home,) = access.holdings(national_admin)
    with pytest.raises(accounts.Refused, match="yourself"):
        accounts.set_active(national_admin, False, agency=home, by=national_admin)


def test_to_deactivate_oneself_is_not_offered_and_refused_in_words(
    client, agency, agency_admin, second_admin
):
    client.force_login(agency_admin)
    own = f"/people/person/{agency.code}/{agency_admin.pk}/"
    colleague = f"/people/person/{agency.code}/{second_admin.pk}/"
    offered = "Deactivate this account"
    assert offered in client.get(colleague).content.decode()
    assert offered not in client.get(own).content.decode()
    answer = client.post(f"{own}deactivate/", follow=True)
    assert "You cannot deactivate yourself" in answer.content.decode()
    assert Person.objects.get(pk=agency_admin.pk).is_active


def test_the_list_of_agencies_names_the_administrators_of_the_national_office(
    client, national_admin, agency_admin
):
    client.force_login(national_admin)
    listed = client.get("/people/agencies/").context["agencies"]
    assert {agency.code: names for agency, names in listed} == {
        "NAT": [national_admin],
        "SMS": [agency_admin],
    }


def test_the_national_administrator_manages_agencies_and_their_administrators_only(
    agency, agency_admin, second_admin, clerk, national_admin
):
    made = accounts.create_agency(
        code="NEW", names={"en": "New"}, statistics_office=False, by=national_admin
    )
    assert authority.grantable(national_admin, made) == [Role.AGENCY_ADMIN]
    with pytest.raises(refusal.Refused, match="already"):
        accounts.create_agency(code="new", names={}, statistics_office=False, by=national_admin)
    accounts.set_active(second_admin, False, agency=agency, by=national_admin)
    second_admin.refresh_from_db()
    assert not second_admin.is_active
    with pytest.raises(Denied):
        accounts.set_active(clerk, False, agency=agency, by=national_admin)
    with pytest.raises(Denied):
        change_roles(clerk, [Role.REVIEWER], agency=agency, by=national_admin)
    assert [event.agency for event in events("create")] == ["NEW"]


def test_a_national_administrator_does_not_stop_another_by_way_of_an_agency(agency, national_admin):
    other = make_person("other@national.example", Role.NATIONAL_ADMIN, make_agency("NA2"))
    access.grant(other, Role.VIEWER, agency)
    with pytest.raises(Denied):
        accounts.set_active(other, False, agency=agency, by=national_admin)


def test_the_office_alone_makes_statisticians(office, agency, statistician):
    head = make_person("head@scs.example", Role.AGENCY_ADMIN, office)
    assert {Role.STATISTICIAN, Role.PUBLISHER} <= set(authority.grantable(head, office))
    assert authority.grantable(head, agency) == []


@pytest.mark.parametrize("who", ["nobody@sms.example", "clerk@sms.example"])
def test_a_forgotten_password_does_not_tell_who_has_an_account(client, clerk, who):
    answer = client.post(reverse("account_reset_password"), {"email": who}, follow=True)
    shown = answer.content.replace(who.encode(), b"")
    assert answer.status_code == 200
    assert "sign" not in mail.outbox[0].body.split("/accounts/")[0]  # nobody signs up
    assert answer.request["PATH_INFO"] == reverse("account_reset_password_done")
    assert b"nobody" not in shown and b"clerk" not in shown
    assert [message.to for message in mail.outbox] == [[who]]


def test_signing_in_does_not_tell_who_has_an_account(client, clerk):
    answers = [
        client.post(reverse("account_login"), {"login": email, "password": "wrong wrong wrong"})
        for email in (clerk.email, "nobody@sms.example")
    ]
    tokens = re.compile(r'[A-Za-z0-9]{64}|value="[^"]*"')
    texts = [tokens.sub("", answer.content.decode()) for answer in answers]
    assert texts[0] == texts[1] and answers[0].status_code == answers[1].status_code


@pytest.mark.parametrize("page", ["signup/", "email/", "confirm-email/", "password/set/", ""])
def test_nobody_signs_up_or_changes_the_address_that_is_the_login(client, clerk, page):
    for _who in ("nobody", "clerk"):
        form = {"email": "me@x.example", "password1": "a long long password", "action_add": ""}
        assert client.post(f"/accounts/{page}", form, follow=True).status_code in (200, 404)
        client.post(f"/accounts/{page}", {"email": "me@x.example", "action_primary": ""})
        client.force_login(clerk)
        assert client.get(f"/accounts/{page}").status_code == 404
    clerk.refresh_from_db()
    assert clerk.email == "clerk@sms.example"
    assert not Person.objects.filter(email="me@x.example").exists()
    assert not EmailAddress.objects.filter(email="me@x.example").exists()
