"""The second factor: who answered a letter can switch it on; who has national roles must."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.urls import reverse

from agencies import audit, invitations, second_factor
from agencies.models import Event, Person
from agencies.roles import Role
from agencies.second_factor import Encrypted
from migdata.demo import people
from tests.cast import PASSWORD, make_person

LINK = re.compile(r"http://testserver(/accounts/password/reset/key/\S+)")
NEW = "correct horse battery staple"


TYPING = 5  # seconds


@pytest.fixture
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def code_now(secret):
    """What the app on the telephone shows, for long enough to be typed."""
    left = totp.app_settings.TOTP_PERIOD - time.time() % totp.app_settings.TOTP_PERIOD
    if left < TYPING:
        time.sleep(left)
    counter = list(totp.yield_hotp_counters_from_time())[totp.app_settings.TOTP_TOLERANCE]
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def sign_in(client, person, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": person.email, "password": password})


def answer_link(client):
    form = client.get(LINK.search(mail.outbox[-1].body)[1], follow=True)
    client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})


def switch_on(client, password=PASSWORD):
    """Prove the password once more, then type the code; return the secret."""
    asked = client.get(reverse("mfa_activate_totp"), follow=True)
    if asked.request["PATH_INFO"] != reverse("mfa_activate_totp"):
        client.post(asked.request["PATH_INFO"], {"password": password})
        client.get(reverse("mfa_activate_totp"))
    secret = client.session[totp.SECRET_SESSION_KEY]
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


@pytest.mark.django_db(transaction=True)
def test_who_answered_an_invitation_switches_it_on_and_signs_in_with_it(
    client, agency, agency_admin
):
    invitations.invite(
        email="new@sms.example",
        name="New",
        language="en",
        roles=[Role.CLERK],
        agency=agency,
        by=agency_admin,
        link_base="http://testserver/",
    )
    link = re.search(r"http://testserver(/people/invitation/\S+)", mail.outbox[-1].body)[1]
    form = client.post(link, {"answer": "accept"}, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    person = Person.objects.get(email="new@sms.example")
    assert EmailAddress.objects.get(user=person).verified
    sign_in(client, person, NEW)
    secret = switch_on(client, NEW)
    codes = client.get(reverse("mfa_view_recovery_codes")).content
    assert b"Authenticator app activated." in codes and b"10 out of 10" in codes
    assert mail.outbox[-1].subject.endswith("Authenticator App Activated")
    client.logout()
    asked = sign_in(client, person, NEW)
    assert asked["Location"] == reverse("mfa_authenticate")
    assert client.get("/submissions/").status_code == 302  # a password alone does not open it
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert b"Incorrect code" in wrong.content
    client.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert client.get("/submissions/").status_code == 200
    verbs = Event.objects.using(audit.SIDE).filter(subject=f"person:{person.pk}").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        *("roles", "password", "sign_in", "factor_on", "factor_on", "sign_out"),
        *("sign_in_failed", "sign_in"),
    ]


def test_a_forgotten_password_proves_the_address_too(client, clerk):
    EmailAddress.objects.create(user=clerk, email=clerk.email, verified=False, primary=True)
    client.post(reverse("account_reset_password"), {"email": clerk.email})
    answer_link(client)
    assert EmailAddress.objects.get(user=clerk).verified
    sign_in(client, clerk, NEW)
    assert switch_on(client, NEW)


def test_people_of_the_demonstration_can_switch_it_on(client, db):
    people.settle()
    person = Person.objects.get(email="clerk@sms.example")
    sign_in(client, person, people.PASSWORD)
    assert EmailAddress.objects.get(user=person).verified
    assert switch_on(client, people.PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_switching_it_off_is_written_down(client, clerk):
    sign_in(client, clerk)
    switch_on(client)
    client.post(reverse("mfa_deactivate_totp"))
    told = Event.objects.using(audit.SIDE).filter(verb="factor_off", person=clerk.email)
    assert {event.detail["factor"] for event in told} == {"totp", "recovery_codes"}


@pytest.mark.parametrize("role", [Role.STATISTICIAN, Role.PUBLISHER, Role.NATIONAL_ADMIN])
def test_people_with_national_roles_set_it_up_before_anything_else(client, office, required, role):
    person = make_person("who@scs.example", role, office)
    sign_in(client, person)
    for page in ("/", "/submissions/", "/people/", "/releases/"):
        assert client.get(page)["Location"] == reverse("mfa_index"), page
    assert b"Your roles need a second factor" in client.get("/", follow=True).content
    assert client.get("/figures/", follow=True).status_code == 200  # public pages stay public
    switch_on(client)
    assert client.get("/", follow=True).request["PATH_INFO"] != reverse("mfa_index")


def test_nobody_else_has_to(client, clerk, agency_admin, required):
    for person in (clerk, agency_admin):
        client.force_login(person)
        assert reverse("mfa_index") not in client.get("/").get("Location", "")


def test_nobody_has_to_where_it_is_not_required(client, national_admin, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    client.force_login(national_admin)
    assert client.get("/people/agencies/").status_code == 200


def test_its_secret_and_the_codes_on_paper_lie_encrypted_in_the_database(client, clerk):
    sign_in(client, clerk)
    secret = switch_on(client)
    rows = {row.type: row.data for row in Authenticator.objects.filter(user=clerk)}
    assert secret not in str(rows)
    assert Encrypted().decrypt(rows["totp"]["secret"]) == secret
    assert rows["recovery_codes"]["seed"].startswith("gAAAA")


def test_a_secret_from_before_is_read_as_it_stands_and_encrypted_when_keys_are_renewed(clerk):
    row = Authenticator.objects.create(user=clerk, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    assert Encrypted().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert second_factor.renew() == (1, 0)
    row.refresh_from_db()
    assert "JBSWY3DPEHPK3PXP" not in str(row.data)
    assert Encrypted().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"


def test_a_new_key_opens_what_the_old_one_closed_and_a_wrong_one_does_not(clerk, settings):
    old = settings.ACCOUNTS_SECRET
    row = Authenticator.objects.create(
        user=clerk, type="totp", data={"secret": Encrypted().encrypt("JBSWY3DPEHPK3PXP")}
    )
    settings.ACCOUNTS_SECRET = "another secret of at least thirty-two bytes"
    assert second_factor.renew() == (0, 1)
    settings.ACCOUNTS_SECRET_FALLBACKS = [old]
    assert second_factor.renew() == (1, 0)
    settings.ACCOUNTS_SECRET_FALLBACKS = []
    row.refresh_from_db()
    assert Encrypted().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"
