"""Sessions: what a changed role, a sign-in and a sign-out do to them; forged requests and links."""

import contextlib
import re

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from agencies import access, invitations, scope
from agencies.models import Agency, Invitation, Person
from agencies.roles import Role
from records.models import Submission
from tests.agencies.test_invitations import invite
from tests.agencies.test_scope import settings as scope_now
from tests.cast import PASSWORD, anew, signed_in

LOGIN = "/accounts/login/"


def sign_in(client, person, **query):
    return client.post(
        LOGIN + (f"?next={query['next']}" if query else ""),
        {"login": person.email, "password": PASSWORD, **query},
    )


def test_a_role_that_is_taken_is_gone_at_the_next_request(client, clerk, agency):
    client.force_login(clerk)
    assert client.get("/submissions/").status_code == 200
    assert client.get("/uploads/").status_code == 200
    access.revoke(anew(clerk), Role.CLERK, agency)
    assert client.get("/submissions/").status_code == 403
    assert client.get("/uploads/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_one_connection_carries_nothing_from_one_request_to_the_next(
    one_of_each, clerk, outsider, agency_admin
):
    """Also not after a request that failed."""
    page = f"/submissions/{one_of_each['submission'].pk}/"
    pid = connection.cursor().execute("SELECT pg_backend_pid()").fetchone()
    for person, status in ((clerk, 200), (outsider, 404), (clerk, 200), (agency_admin, 404)):
        assert signed_in(person).get(page).status_code in (status, 403 if status == 404 else status)
        assert all(value in ("", None) for value in scope_now())
        assert Submission.objects.count() == 0
    with contextlib.suppress(RuntimeError), scope.acting(clerk):
        assert Submission.objects.count() == 1
        raise RuntimeError
    assert Submission.objects.count() == 0
    assert connection.cursor().execute("SELECT pg_backend_pid()").fetchone() == pid


@pytest.mark.parametrize(
    "path",
    ["admin/", "metrics", "silk/", "debug/", "__debug__/", ".git/HEAD", ".env", "backup.sql"],
)
def test_nothing_for_those_who_run_the_portal_is_reachable(client, national_admin, path):
    client.force_login(national_admin)
    for address in (f"/{path}", f"/static/{path}", f"/media/{path}", f"/static/../{path}"):
        assert client.get(address).status_code == 404, address


def test_a_session_from_before_the_sign_in_is_not_the_one_after(client, clerk):
    client.get(LOGIN)
    session = client.session
    session["planted"] = "1"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    sign_in(client, clerk)
    after = client.cookies["sessionid"].value
    assert after != before
    planted = Client()
    planted.cookies["sessionid"] = before
    assert planted.get("/submissions/").status_code == 302


def test_signing_out_ends_the_session_on_the_server(client, clerk):
    sign_in(client, clerk)
    stolen = Client()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    assert stolen.get("/submissions/").status_code == 200
    client.post(reverse("account_logout"))
    assert stolen.get("/submissions/").status_code == 302


def test_cookies_of_sessions_are_closed_to_scripts_and_other_sites(client, clerk, settings):
    settings.SESSION_COOKIE_SECURE = True
    sign_in(client, clerk)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "Lax"


@pytest.mark.parametrize("who", ["agency_admin", "national_admin", "outsider"])
def test_no_form_of_people_and_invitations_is_taken_from_another_site(
    request, agency, agency_admin, outsider, clerk, who
):
    """Sent with her session, without the token of our page."""
    invite(agency_admin, agency, email=outsider.email)
    offer = Invitation.objects.get()
    opened = re.search(r"http://testserver(/people/invitation/\S+)", mail.outbox[-1].body)[1]
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(request.getfixturevalue(who))
    for path, form in (
        ("/people/invite/SMS/", {"email": "x@x.example", "roles": ["clerk"]}),
        (f"/people/person/SMS/{clerk.pk}/", {"roles": []}),
        (f"/people/person/SMS/{clerk.pk}/deactivate/", {}),
        ("/people/review/SMS/", {"signed": "on"}),
        ("/people/agencies/", {"code": "X", "en": "X"}),
        (f"/people/invitations/{offer.pk}/answer/", {"answer": "accept"}),
        (f"/people/invitations/{offer.pk}/change/", {"verb": "withdraw"}),
        (opened, {"answer": "accept"}),
        (reverse("account_logout"), {}),
        (reverse("account_change_password"), {}),
    ):
        assert browser.post(path, form).status_code == 403, path
    offer.refresh_from_db()
    assert offer.state == Invitation.State.OPEN and anew(clerk).is_active
    assert not Agency.objects.filter(code="X").exists()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "\\\\evil.example"])
def test_signing_in_leads_to_no_other_site(client, clerk, target):
    assert "evil.example" not in sign_in(client, clerk, next=target)["Location"]


def test_a_forged_host_comes_into_no_letter(client, agency, agency_admin, clerk):
    """The host of a link is that of the request, so only hosts of ours are answered."""
    client.force_login(agency_admin)
    form = {"name": "X", "email": "x@sms.example", "roles": ["clerk"], "language": "en"}
    forged = {"HTTP_HOST": "evil.example"}
    assert client.post("/people/invite/SMS/", form, **forged).status_code == 400
    answer = Client().post(reverse("account_reset_password"), {"email": clerk.email}, **forged)
    assert answer.status_code == 400
    client.post("/people/invite/SMS/", form, HTTP_X_FORWARDED_HOST="evil.example")
    Client().post(
        reverse("account_reset_password"),
        {"email": clerk.email},
        HTTP_X_FORWARDED_HOST="evil.example",
    )
    assert len(mail.outbox) == 2
    assert not any("evil.example" in letter.body for letter in mail.outbox)


def test_links_to_a_password_end_with_the_account(client, agency, agency_admin):
    """Of an account that an invitation made: the link it leads to opens nothing once she is stopped."""
    offer = invite(agency_admin, agency)
    with transaction.atomic():
        link = invitations.accept_without_account(offer)
    Person.objects.filter(email=offer.email).update(is_active=False)
    answer = client.get(link, follow=True)
    assert b"password1" not in answer.content
