"""Signing in: behind a proxy, in one's language, and what the event log says of it."""

import os
import subprocess
import sys

import pytest
from django.core import mail
from django.urls import reverse

from agencies.models import Invitation
from tests.cast import PASSWORD, events

LOGIN = "/accounts/login/"


def log(*verbs):
    return [(event.verb, event.person, event.subject, event.detail) for event in events(*verbs)]


def sign_in(client, person, password=PASSWORD, **headers):
    return client.post(LOGIN, {"login": person.email, "password": password}, **headers)


def settings_of(*names, **environment):
    """Return settings as a process would have them that is neither a test nor a demonstration."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DEMO", "DEBUG", *names)}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from migdata import settings as s; print({', '.join(f's.{n}' for n in names)})",
        ],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_production_trusts_one_proxy_and_asks_for_a_second_factor():
    names = ("ALLAUTH_TRUSTED_PROXY_COUNT", "REQUIRE_SECOND_FACTOR")
    assert settings_of(*names) == ["1", "True"]
    assert settings_of(*names, DEMO="1") == ["0", "False"]
    assert settings_of(*names, REQUIRE_SECOND_FACTOR="0") == ["1", "False"]


def test_behind_the_proxy_an_attacker_locks_out_only_her_own_address(client, clerk, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    attacker = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "9.9.9.9, 203.0.113.7"}
    for k in range(40):
        client.post(LOGIN, {"login": f"a{k}@x.example", "password": "wrong"}, **attacker)
    assert sign_in(client, clerk, **attacker).status_code != 302
    other = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.8"}
    assert sign_in(client, clerk, **other).status_code == 302


def test_signing_in_and_out_and_failing_to_is_written_down(client, clerk):
    sign_in(client, clerk, "wrong wrong wrong")
    client.post(LOGIN, {"login": "my secret passphrase@x.example", "password": "x"})
    client.post(LOGIN, {"login": "nobody@x.example", "password": "my secret"})
    sign_in(client, clerk)
    client.post(reverse("account_logout"))
    me = f"person:{clerk.pk}"
    assert log("sign_in", "sign_in_failed", "sign_out") == [
        ("sign_in_failed", "", me, {}),
        ("sign_in_failed", "", "person:unknown", {}),
        ("sign_in", clerk.email, me, {}),
        ("sign_out", clerk.email, me, {}),
    ]


def test_a_changed_password_is_written_down(client, clerk):
    sign_in(client, clerk)
    new = "correct horse battery staple"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post(reverse("account_change_password"), form).status_code == 302
    assert log("password") == [("password", clerk.email, f"person:{clerk.pk}", {})]


@pytest.mark.django_db(transaction=True)
def test_a_refused_page_is_written_down_though_everything_else_is_rolled_back(client, clerk):
    client.force_login(clerk)
    assert client.get("/people/agencies/").status_code == 403
    assert client.get("/people/invite/none/").status_code == 404
    assert log("denied") == [
        ("denied", clerk.email, "page:agencies:agency_list", {"method": "GET"})
    ]


def test_an_invitation_is_written_in_the_language_chosen_for_it(client, agency, agency_admin):
    client.force_login(agency_admin)
    client.cookies["django_language"] = "ru"
    page = client.get("/people/invite/SMS/").content.decode()
    assert '<option value="ru" selected>' in page  # the inviter's, until another one is chosen
    form = {"name": "X", "email": "x@y.example", "roles": ["clerk"], "language": "tk"}
    client.post("/people/invite/SMS/", form)
    assert Invitation.objects.get(email="x@y.example").language == "tk"
    assert mail.outbox[0].subject != "Your account at Migration in figures"
    assert "invites you" not in mail.outbox[0].body
    refused = client.post("/people/invite/SMS/", {**form, "email": "z@y.example", "language": "xx"})
    assert refused.status_code == 422


def test_the_language_a_person_chose_comes_along_to_a_new_machine(client, clerk):
    client.force_login(clerk)
    client.post(reverse("set_language"), {"language": "ru", "next": "/"})
    clerk.refresh_from_db()
    assert clerk.language == "ru"
    client.post(reverse("set_language"), {"language": "xx", "next": "/"})
    clerk.refresh_from_db()
    assert clerk.language == "ru"
    new_machine = type(client)()
    assert b'lang="en"' in new_machine.get(LOGIN).content
    sign_in(new_machine, clerk)
    assert b'<html lang="ru">' in new_machine.get("/submissions/").content


def test_who_never_chose_a_language_keeps_that_of_the_browser(client, clerk):
    client.post(reverse("set_language"), {"language": "tk", "next": "/"})
    sign_in(client, clerk)
    clerk.refresh_from_db()
    assert clerk.language == ""
    assert b'<html lang="tk">' in client.get("/submissions/").content
