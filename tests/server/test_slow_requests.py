"""Who sends or reads slowly waits alone: F29, F30, R18 in spirit."""

import pytest
from django.conf import settings

from tests.server.conftest import (
    cookie,
    head,
    header_of,
    multipart,
    rest_of,
    send_slowly,
    status_of,
)
from tests.workers import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LARGE = 48 << 20  # more than the kernel and the server hold for a reader who does not read
THREADS = 20  # more connections than any process has threads


@pytest.fixture
def large_file(collected_files):
    path = settings.STATIC_ROOT / "large-for-slow-readers.bin"
    path.write_bytes(bytes(LARGE))
    yield f"/static/{path.name}"
    path.unlink()


def test_slow_heads_stop_nobody_and_are_given_up(web, clerk):
    server = web()
    with server.crowd(THREADS) as slow:
        for wire in slow:
            wire.sendall(b"POST /uploads/new HTTP/1.1\r\nHost: loc")
        assert status_of(server.ask("GET /", cookie(clerk))) == 200
        assert [rest_of(wire) for wire in slow] == [b""] * THREADS


def test_slow_bodies_of_a_clerk_stop_nobody_and_are_given_up(web, clerk, reviewer):
    server = web(DOOR_PATIENCE="3")
    about, _body = multipart(file=("a.csv", b"x" * 1000))
    with server.crowd(2 * THREADS) as slow:
        for wire in slow:
            wire.sendall(head("POST /uploads/new", cookie(clerk), *about) + b"-")
        assert status_of(server.ask("GET /", cookie(clerk))) == 200
        assert status_of(server.ask("GET /", cookie(reviewer))) == 200
        answers = [rest_of(wire) for wire in slow]
    statuses = {status_of(answer) for answer in answers}
    assert statuses == {408, 429}  # those that waited, and those for which no place was left
    assert all(header_of(a, "Retry-After") for a in answers if status_of(a) == 429)
    assert all(header_of(a, "Connection") == "close" for a in answers)


def test_a_body_that_trickles_is_given_up_although_it_never_pauses(web, clerk):
    server = web(DOOR_PATIENCE="3")
    with server.connect() as wire:
        wire.sendall(head("POST /uploads/new", cookie(clerk), "Content-Length: 60000"))
        sent = send_slowly(wire, [b"x"] * 120, 0.5)
        assert sent is None or sent < 60
        assert status_of(rest_of(wire)) in (408, None)  # it may be closed before it is read


def test_a_clerk_on_a_poor_line_is_waited_for(web, clerk, instruments):
    server = web(DOOR_PATIENCE="3")
    token = cookie(clerk).rpartition("=")[2]
    rows = b"a,b\r\n" * 20_000
    about, body = multipart(
        csrfmiddlewaretoken=token, delivery="SMS/SMS-WPF", file=("slow.csv", rows)
    )
    with server.connect() as wire:
        wire.sendall(head("POST /uploads/new", cookie(clerk), *about, "Connection: close"))
        pieces = [body[begin : begin + 5000] for begin in range(0, len(body), 5000)]
        assert send_slowly(wire, pieces, 0.4) is None
        answer = rest_of(wire)
    assert status_of(answer) == 302, answer
    assert header_of(answer, "Location").startswith("/uploads/")


def test_readers_who_do_not_read_hold_no_thread_and_are_given_up(web, clerk, large_file):
    server = web(DOOR_PATIENCE="3")
    with server.crowd(THREADS) as slow:
        for wire in slow:
            wire.sendall(head(f"GET {large_file}"))
        assert status_of(server.ask("GET /static/mark.svg")) == 200
        assert status_of(server.ask("GET /", cookie(clerk))) == 200
        until(lambda: server.log.read_text().count("large-for-slow-readers") >= THREADS)
        for wire in slow:
            answer = rest_of(wire)
            assert header_of(answer, "Content-Length") == str(LARGE)
            assert len(answer) < LARGE
