"""What comes in, and what is refused before it is received: W5, W11, and who may send how much."""

import contextlib
import hashlib
import socket
import time

import pytest

from agencies import scope
from agencies.roles import ROLES
from records.models import Upload
from tests.records.files import plain, table
from tests.server.conftest import cookie, head, header_of, multipart, rest_of, status_of
from tests.workers import backends_in_transaction, until

pytestmark = pytest.mark.django_db(transaction=True)
HUGE = 2 << 30
FEW = 8 << 20  # what the kernel takes over before anybody reads it, and a little more
MULTIPART = "Content-Type: multipart/form-data; boundary=edge"


@pytest.fixture
def web(transactional_db, servers):
    """No test here ends its server, so they share it."""
    yield servers
    until(lambda: not backends_in_transaction())


def push(server, line, *headers, length=HUGE):
    """Send the beginning of a body as fast as it is taken; returns how many bytes were taken."""
    piece, taken = bytes(1 << 16), 0
    with server.connect() as wire:
        wire.sendall(head(line, *headers, f"Content-Length: {length}"))
        wire.settimeout(10)
        with contextlib.suppress(OSError):
            while taken < 2 * FEW:
                taken += wire.send(piece)
        return taken


@pytest.mark.parametrize("role", [role.value for role in ROLES])
def test_nobody_sends_a_huge_body_where_none_is_taken(web, request, role, instruments):
    person = request.getfixturevalue(role)
    server = web(WEB_CONCURRENCY="1")
    for address in ("/submissions/", "/", "/figures/", "/accounts/login/", "/no-such-page"):
        taken = push(server, f"POST {address}", cookie(person), MULTIPART)
        assert taken < FEW, address
        answer = server.ask(f"POST {address}", cookie(person), MULTIPART, f"Content-Length: {HUGE}")
        assert status_of(answer) == (404 if "no-such" in address else 413), address
        assert header_of(answer, "Connection") == "close"
    taken = push(server, "POST /uploads/new", cookie(person), MULTIPART, length=HUGE - 1)
    if role == "clerk":
        assert taken > FEW  # her file is received
    else:
        answer = server.ask(
            "POST /uploads/new", cookie(person), MULTIPART, f"Content-Length: {HUGE - 1}"
        )
        assert status_of(answer) == 403
        assert taken < FEW


def test_a_stranger_sends_no_file_and_nobody_one_over_the_limit(web, clerk, settings):
    server = web()
    answer = server.ask("POST /uploads/new", MULTIPART, f"Content-Length: {HUGE - 1}")
    assert status_of(answer) == 403
    assert b"Sign in before" in answer
    forged = "Cookie: sessionid=" + "z" * 32
    answer = server.ask("POST /uploads/new", forged, MULTIPART, "Content-Length: 3000000")
    assert status_of(answer) == 403
    too_large = f"Content-Length: {settings.UPLOAD_LIMIT * 2}"
    answer = server.ask("POST /uploads/new", cookie(clerk), MULTIPART, too_large)
    assert status_of(answer) == 413
    assert b"Send it in parts" in answer


def test_a_refusal_speaks_the_language_of_the_reader_and_is_a_page_for_browsers(web, clerk):
    server = web()
    asked = ("Accept: text/html", "Accept-Language: ru", MULTIPART, "Content-Length: 3000000")
    answer = server.ask("POST /uploads/new", *asked)
    assert header_of(answer, "Content-Type").startswith("text/html")
    assert b'<html lang="ru">' in answer
    assert "Войдите".encode() in answer


def test_a_continuation_is_asked_for_only_where_the_body_is_wanted(web, clerk, viewer):
    server = web()
    waits = ("Expect: 100-continue", MULTIPART, "Content-Length: 3000000", "Connection: close")
    with server.connect() as wire:
        wire.sendall(head("POST /uploads/new", cookie(viewer), *waits))
        assert status_of(rest_of(wire)) == 403
    with server.connect() as wire:
        wire.sendall(head("POST /uploads/new", cookie(clerk), *waits))
        assert status_of(wire.recv(1000)) == 100


def test_pieces_of_unknown_length_are_counted_while_they_come(web, clerk, viewer):
    server = web()
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    for person, address, status in (
        (clerk, "/", 413),
        (viewer, "/uploads/new", 403),
        (viewer, "/nothing", 404),
    ):
        with server.connect() as wire:
            wire.sendall(head(f"POST {address}", cookie(person), "Transfer-Encoding: chunked"))
            taken = 0
            with contextlib.suppress(OSError):
                while taken < 2 * FEW:
                    wire.sendall(chunk)
                    taken += len(chunk)
            assert taken < FEW, taken
            assert status_of(rest_of(wire)) in (status, None)  # None: closed before it was read
        short = head(f"POST {address}", cookie(person), "Transfer-Encoding: chunked")
        with server.connect() as wire:
            with contextlib.suppress(OSError):  # it may have been closed already
                wire.sendall(short + chunk * 17)
                wire.shutdown(socket.SHUT_WR)
            assert status_of(rest_of(wire)) in (status, None)


def test_a_file_is_received_whole_however_it_comes(web, clerk, agency, instruments):
    server = web(WEB_CONCURRENCY="1")
    content = plain(table(40_000, sex=["F", "M"]))
    assert len(content) > 2 << 20  # more than is kept in memory
    token = cookie(clerk).rpartition("=")[2]
    about, body = multipart(
        csrfmiddlewaretoken=token, delivery="SMS/SMS-WPF", file=("march.csv", content)
    )
    answer = server.ask("POST /uploads/new", cookie(clerk), *about, body=body)
    assert status_of(answer) == 302, answer
    again = (about[0], "Transfer-Encoding: chunked")
    chunked = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part)
        for part in (body[begin : begin + 70_001] for begin in range(0, len(body), 70_001))
    )
    answer = server.ask("POST /uploads/new", cookie(clerk), *again, body=chunked + b"0\r\n\r\n")
    assert status_of(answer) == 302, answer
    with scope.acting(clerk):
        digests = list(Upload.objects.values_list("sha256", flat=True))
    assert digests == [hashlib.sha256(content).hexdigest()] * 2
    until(lambda: not any(server.receiving.iterdir()))  # emptied after the answer has left


def test_an_upload_that_is_cut_leaves_nothing(web, clerk, instruments):
    server = web()
    about, body = multipart(file=("march.csv", b"x" * (4 << 20)))
    with server.connect() as wire:
        wire.sendall(head("POST /uploads/new", cookie(clerk), *about) + body[: 2 << 20])
        time.sleep(0.5)
    assert status_of(server.ask("GET /uploads/", cookie(clerk))) == 200
    with scope.acting(clerk):
        assert not Upload.objects.exists()
    until(lambda: not any(server.receiving.iterdir()))  # emptied after the answer has left


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECTED", "get"])
def test_methods_that_no_page_has_are_refused(web, method):
    answer = web(WEB_CONCURRENCY="1").ask(f"{method} /figures/")
    assert status_of(answer) == 405
    assert header_of(answer, "Allow") == "GET, HEAD, POST, OPTIONS"


def test_two_lengths_smuggle_no_second_request(web):
    server = web(WEB_CONCURRENCY="1")
    hidden = b"0\r\n\r\n" + head("GET /healthz")
    for lengths in (
        (f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", f"Content-Length: {len(hidden)}"),
        ("Content-Length: 5", f"Content-Length: {len(hidden)}"),
        ("Transfer-Encoding: xchunked",),
    ):
        with server.connect() as wire:
            wire.sendall(head("POST /i18n/setlang/", *lengths) + hidden)
            answer = rest_of(wire)
        assert answer.count(b"HTTP/1.1") == 1
        assert b"database" not in answer
        assert header_of(answer, "Connection") == "close"


def test_a_header_that_only_looks_like_another_is_dropped(web):
    server = web(WEB_CONCURRENCY="1")
    answer = server.ask("GET /figures/", "X_Forwarded_Host: evil.example", "Accept_Language: ru")
    assert b'<html lang="en">' in answer


def test_a_style_sheet_is_no_way_around_the_count(web):
    server = web(WEB_CONCURRENCY="1", PAGES_A_MINUTE_BY_ADDRESS="3", FORMS_A_MINUTE_BY_ADDRESS="3")
    for line in ("GET /static/css/../../../manage.py", "GET /static/none.css"):
        assert status_of([server.ask(line) for _time in range(4)][-1]) == 429
    posts = [server.ask("POST /static/mark.svg", "Content-Length: 0") for _time in range(4)]
    assert status_of(posts[-1]) == 429
    assert status_of(server.ask("GET /static/mark.svg")) == 200


def test_a_body_of_a_question_is_not_received(web):
    answer = web(WEB_CONCURRENCY="1").ask("GET /figures/", f"Content-Length: {HUGE}")
    assert status_of(answer) == 413


def test_heads_that_are_too_large_end_the_connection(web):
    server = web(WEB_CONCURRENCY="1")
    for headers in (["X: " + "y" * 1_000_000], [f"X-{n}: y" for n in range(300)]):
        with server.connect() as wire:
            with contextlib.suppress(OSError):
                wire.sendall(head("GET /figures/", *headers))
            assert status_of(rest_of(wire)) in (431, None)
    bomb = "Accept-Language: " + ",".join(f"x{n}-{'y' * 8}" for n in range(900))
    assert status_of(server.ask("GET /figures/", bomb)) == 200


def test_a_connection_serves_many_requests(web):
    server = web(WEB_CONCURRENCY="1")
    with server.connect() as wire:
        for _request in range(3):
            wire.sendall(head("HEAD /healthz"))
            assert status_of(wire.recv(10_000)) == 200
