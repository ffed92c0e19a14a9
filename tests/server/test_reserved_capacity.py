"""A crowd of strangers leaves threads to people who are signed in, to health and to signing in."""

import time

import pytest

from tests import workers
from tests.cast import PASSWORD
from tests.server.conftest import cookie, head, header_of, multipart, rest_of, status_of

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 80


def others_are_served(server, clerk):
    """The pages that must answer whatever happens to figures."""
    assert status_of(server.ask("GET /", cookie(clerk))) == 200
    assert status_of(server.ask("GET /uploads/new", cookie(clerk))) == 200
    assert status_of(server.ask("GET /healthz")) == 200
    assert status_of(server.ask("GET /static/mark.svg")) == 200
    assert status_of(server.ask("GET /accounts/login/")) == 200
    about, body = multipart(csrfmiddlewaretoken="a" * 32, login=clerk.email, password=PASSWORD)
    token = "Cookie: csrftoken=" + "a" * 32
    signed_in = server.ask("POST /accounts/login/", token, *about, body=body)
    assert status_of(signed_in) == 302
    assert b"sessionid=" in signed_in


@pytest.fixture
def with_password(clerk, settings):
    """The clerk with a password that the server, which is no test, can check."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    clerk.set_password(PASSWORD)
    clerk.save()


@pytest.mark.usefixtures("with_password")
@pytest.mark.parametrize("forged", [False, True])
def test_a_crowd_of_strangers_does_not_reach_the_threads_of_people(web, clerk, gate, forged):
    close, open_again = gate
    server = web()
    close()
    with server.crowd(CROWD) as strangers:
        for number, wire in enumerate(strangers):
            pretends = [f"Cookie: sessionid={number:032}"] if forged else []
            wire.sendall(head("GET /figures/", *pretends, "Connection: close"))
        others_are_served(server, clerk)
        open_again()
        answers = [rest_of(wire) for wire in strangers]
    statuses = [status_of(answer) for answer in answers]
    assert set(statuses) <= {200, 429, 503}
    assert statuses.count(200) >= 2
    refused = [answer for answer in answers if status_of(answer) != 200]
    assert refused
    assert all(header_of(answer, "Retry-After") for answer in refused)


def test_one_account_does_not_take_the_threads_of_all_people(web, clerk, reviewer, gate):
    close, open_again = gate
    server = web()
    close()
    with server.crowd(CROWD) as same:
        for wire in same:
            wire.sendall(head("GET /figures/", cookie(clerk), "Connection: close"))
        assert status_of(server.ask("GET /", cookie(reviewer))) == 200
        open_again()
        statuses = {status_of(rest_of(wire)) for wire in same}
    assert statuses <= {200, 429, 503}


def test_a_server_that_is_asked_to_stop_finishes_what_it_has_begun(web, clerk, gate):
    close, open_again = gate
    server = web(WEB_CONCURRENCY="1")
    close()
    with server.connect() as wire:
        wire.sendall(head("GET /figures/", "Connection: close"))
        workers.until(lambda: any("release" in q for _pid, q in workers.backends_in_transaction()))
        server.process.terminate()
        time.sleep(1)
        open_again()
        assert status_of(rest_of(wire)) == 200
    assert server.process.wait(30) == 0
