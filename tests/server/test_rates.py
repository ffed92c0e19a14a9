"""How often one may ask: W9, F28 on the side of the web."""

import socket
import threading

import pytest

from tests.server.conftest import cookie, head, header_of, rest_of, status_of

pytestmark = pytest.mark.django_db(transaction=True)
COSTLY = "GET /figures/data/NONE.csv"
FORM = ("POST /i18n/setlang/", "Content-Length: 0")


@pytest.fixture(autouse=True)
def uncounted(settings):
    """Requests of the test before are forgotten; so are ours."""
    from redis import Redis

    with Redis.from_url(settings.REDIS_URL.replace("redis+socket://", "unix://")) as redis:
        for key in redis.scan_iter("migdata:rates*"):
            redis.delete(key)


def many(server, count, line, *headers):
    """Statuses of so many requests on one connection."""
    with server.connect() as wire:
        statuses = []
        for _request in range(count):
            wire.sendall(head(line, *headers))
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += wire.recv(1 << 16)
            length = int(header_of(answer, "Content-Length"))
            while len(answer.split(b"\r\n\r\n", 1)[1]) < length:
                answer += wire.recv(1 << 16)
            statuses.append(status_of(answer))
    return statuses


@pytest.mark.slow
def test_the_limits_as_they_are_stop_a_flood_and_no_office(web, clerk, reviewer, settings):
    server = web()
    limit = settings.REQUESTS_A_MINUTE["address"]["costly"]
    statuses = many(server, limit + 20, COSTLY)
    assert statuses.index(429) >= limit
    answer = server.ask(COSTLY, "Accept: text/html")
    assert status_of(answer) == 429
    assert 0 < int(header_of(answer, "Retry-After")) <= 60
    assert b"Too many requests" in answer
    # Pages are counted apart, people who are signed in by themselves, and health not at all.
    assert status_of(server.ask("GET /figures/")) == 200
    assert status_of(server.ask("GET /", cookie(clerk))) == 200
    assert status_of(server.ask(COSTLY, cookie(clerk))) == 404
    assert set(many(server, 300, "GET /healthz")) == {200}


def test_an_account_is_counted_wherever_it_comes_from_and_alone(web, clerk, reviewer):
    server = web(FORMS_A_MINUTE_BY_ACCOUNT="5")
    statuses = many(server, 8, *FORM, cookie(clerk))
    assert [status == 429 for status in statuses] == [False] * 5 + [True] * 3
    assert status_of(server.ask(*FORM, cookie(reviewer))) != 429
    assert status_of(server.ask(*FORM)) != 429


def test_new_cookies_make_no_new_visitors(web):
    server = web(PAGES_A_MINUTE_BY_ADDRESS="5")
    forged = [f"Cookie: sessionid={number:032}" for number in range(8)]
    statuses = [status_of(server.ask("GET /figures/method/", about)) for about in forged]
    assert statuses[5:] == [429] * 3


def test_an_address_that_a_visitor_invents_counts_for_nothing(web):
    server = web(PAGES_A_MINUTE_BY_ADDRESS="5")
    invented = [f"X-Forwarded-For: 198.51.100.{n}" for n in range(8)]
    statuses = [status_of(server.ask("GET /figures/method/", about)) for about in invented]
    assert statuses[5:] == [429] * 3


def test_behind_the_proxy_the_address_it_wrote_is_counted_and_no_other(web):
    server = web(PAGES_A_MINUTE_BY_ADDRESS="5", DEMO="0", ALLOWED_HOSTS="localhost")

    def ask(forwarded):
        answer = server.ask(
            "GET /figures/method/", f"X-Forwarded-For: {forwarded}", "X-Forwarded-Proto: https"
        )
        return status_of(answer)

    assert [ask(f"198.51.100.{n}, 203.0.113.9") for n in range(8)][5:] == [429] * 3
    assert ask("203.0.113.9, 198.51.100.7") == 200
    # One household has half of an IPv6 address; the next has another.
    assert [ask(f"2001:db8:1:1::{n}") for n in range(8)][5:] == [429] * 3
    assert ask("2001:db8:1:2::1") == 200


def test_without_redis_each_process_counts_for_itself(web):
    server = web(
        PAGES_A_MINUTE_BY_ADDRESS="5", WEB_CONCURRENCY="1", REDIS_URL="redis://127.0.0.1:9/0"
    )
    assert many(server, 8, "GET /figures/method/") == [200] * 5 + [429] * 3


def test_a_redis_that_does_not_answer_delays_one_request_not_each(web):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        asked = []

        def accept():
            while True:
                try:
                    asked.append(deaf.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        address = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        server = web(PAGES_A_MINUTE_BY_ADDRESS="50", WEB_CONCURRENCY="1", REDIS_URL=address)
        asked_by_health = len(asked)
        statuses = many(server, 60, "GET /figures/method/")
        assert statuses == [200] * 50 + [429] * 10
        assert len(asked) - asked_by_health <= 6  # not once for each request
        deaf.shutdown(socket.SHUT_RDWR)
        for wire in asked:
            wire.close()


def test_a_page_that_is_refused_says_so_to_a_browser_in_its_language(web):
    server = web(PAGES_A_MINUTE_BY_ADDRESS="1", WEB_CONCURRENCY="1")
    server.ask("GET /figures/method/")
    answer = server.ask("GET /figures/method/", "Accept: text/html", "Accept-Language: tk")
    assert status_of(answer) == 429
    assert b'<html lang="tk">' in answer
    with server.connect() as wire:  # the connection goes on: nothing was left unread
        wire.sendall(head("GET /figures/method/") + head("GET /healthz", "Connection: close"))
        both = rest_of(wire)
    assert both.count(b"HTTP/1.1 429") == 1
    assert both.count(b"HTTP/1.1 200") == 1
