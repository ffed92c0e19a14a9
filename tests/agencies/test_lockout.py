"""Guessing passwords: slowed down for who guesses, never for the owner from where she signs in."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core import mail
from django.utils import timezone

from agencies import lockout
from agencies.models import FailedSignIns, KnownAddress
from tests.cast import PASSWORD

LOGIN = "/accounts/login/"
HOME, STRANGER = "198.51.100.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def behind_a_proxy(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


def counts():
    return FailedSignIns.objects.using(lockout.SIDE)


def attempt(client, email, address, password="wrong wrong wrong"):
    """Try to sign in; say whether it succeeded."""
    answer = client.post(
        LOGIN, {"login": email, "password": password}, HTTP_X_FORWARDED_FOR=address
    )
    client.logout()
    return answer.status_code == 302


def text(client, email, address):
    answer = client.post(LOGIN, {"login": email, "password": "wrong"}, HTTP_X_FORWARDED_FOR=address)
    return re.sub(r'\w{64}|value="[^"]*@[^"]*"', "", answer.text)


def test_a_stranger_who_guesses_has_to_wait_and_longer_each_time(client, clerk):
    waits = []
    for _ in range(9):
        attempt(client, clerk.email, STRANGER)
        waits.append(lockout.waiting(clerk.email, STRANGER))
        counts().update(until=timezone.now())  # the wait is over
    assert not any(waits[:4])
    assert all(one < other for one, other in pairwise(waits[4:]))


def test_a_right_password_is_not_looked_at_while_a_stranger_has_to_wait(client, clerk):
    for _ in range(6):
        attempt(client, clerk.email, STRANGER)
    assert not attempt(client, clerk.email, STRANGER, PASSWORD)
    assert "Try again in" in text(client, clerk.email, STRANGER)


def test_strangers_never_lock_the_owner_out_of_the_address_she_signs_in_from(client, clerk):
    assert attempt(client, clerk.email, HOME, PASSWORD)
    for k in range(60):
        attempt(client, clerk.email, f"203.0.113.{k}")
    assert lockout.waiting(clerk.email, "203.0.113.200") > timedelta(), "new strangers wait at once"
    assert attempt(client, clerk.email, HOME, PASSWORD)


def test_a_colleague_at_the_same_address_slows_the_owner_down_by_a_minute_at_most(client, clerk):
    assert attempt(client, clerk.email, HOME, PASSWORD)
    for _ in range(60):
        attempt(client, clerk.email, HOME)
        counts().update(until=timezone.now())
    attempt(client, clerk.email, HOME)
    assert timedelta() < lockout.waiting(clerk.email, HOME) <= timedelta(minutes=1)


def test_an_address_that_tries_many_accounts_has_to_wait_but_not_those_who_work_there(
    client, clerk, reviewer
):
    assert attempt(client, reviewer.email, STRANGER, PASSWORD)
    for k in range(40):
        attempt(client, f"a{k}@x.example", STRANGER)
    assert not attempt(client, clerk.email, STRANGER, PASSWORD)
    assert attempt(client, reviewer.email, STRANGER, PASSWORD)


def test_an_address_that_is_made_up_in_the_header_counts_for_nothing(client, clerk):
    for k in range(6):
        attempt(client, clerk.email, f"198.51.100.{k}, {STRANGER}")
    assert lockout.waiting(clerk.email, STRANGER) > timedelta()


def test_the_answer_is_the_same_whether_there_is_an_account_or_not(client, clerk):
    for email in (clerk.email, "nobody@x.example"):
        for _ in range(5):
            attempt(client, email, STRANGER)
    assert text(client, clerk.email, STRANGER) == text(client, "nobody@x.example", STRANGER)


@pytest.mark.django_db(transaction=True)
def test_who_chooses_a_new_password_by_a_link_signs_in_at_once(client, clerk):
    for _ in range(8):
        attempt(client, clerk.email, STRANGER)
    client.post("/accounts/password/reset/", {"email": clerk.email}, HTTP_X_FORWARDED_FOR=STRANGER)
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[
        1
    ]
    form = client.get(link, follow=True, HTTP_X_FORWARDED_FOR=STRANGER)
    new = "correct horse battery staple"
    client.post(
        form.request["PATH_INFO"],
        {"password1": new, "password2": new},
        HTTP_X_FORWARDED_FOR=STRANGER,
    )
    client.logout()
    assert attempt(client, clerk.email, STRANGER, new)


def test_neither_accounts_nor_addresses_stand_in_the_counts(client, clerk):
    attempt(client, clerk.email, STRANGER)
    attempt(client, clerk.email, HOME, PASSWORD)
    stored = f"{list(counts().values())}{list(KnownAddress.objects.values())}"
    assert counts().exists()
    assert not any(word in stored for word in (clerk.email, STRANGER, HOME))


def test_counts_and_addresses_are_forgotten_after_their_time(client, clerk):
    attempt(client, clerk.email, HOME, PASSWORD)
    attempt(client, clerk.email, STRANGER)
    lockout.expire()
    assert counts().exists()
    assert KnownAddress.objects.exists()
    long_ago = timezone.now() - timedelta(days=100)
    counts().update(at=long_ago, until=long_ago)
    KnownAddress.objects.update(last_at=long_ago)
    lockout.expire()
    assert not counts().exists()
    assert not KnownAddress.objects.exists()
