"""A real web process, started as the demonstration starts it, on the database of the test."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from tests import workers

ROOT = settings.BASE_DIR


@pytest.fixture(scope="session")
def collected_files():
    """Style sheets under the names that pages give them outside of tests."""
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"],
        cwd=ROOT,
        env={**os.environ, "DEMO": "1"},
        check=True,
    )


class Web:
    """A running web process. `ask` sends a request on a connection of its own and returns the answer."""

    def __init__(self, folder, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.receiving = folder / "receiving"
        self.receiving.mkdir(exist_ok=True)
        self.log = folder / f"web-{uuid.uuid4().hex}.log"
        self.environment = {
            **os.environ,
            **workers.environment("none"),
            "DEMO": "1",
            "TMPDIR": str(self.receiving),
            "LOG_LEVEL": "INFO",
            **environment,
        }

    def start(self):
        command = [sys.executable, "-m", "migdata.server", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        workers.until(self.answers, 90)

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return status_of(self.ask("GET /healthz")) in (200, 503)
        except OSError:
            return False

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    @contextmanager
    def crowd(self, count):
        """So many connections at once."""
        with ExitStack() as open_wires:
            yield [open_wires.enter_context(self.connect()) for _wire in range(count)]

    def ask(self, line, *headers, body=b""):
        """Send a request and return all that comes back until the connection is closed."""
        with self.connect() as wire:
            wire.sendall(head(line, *headers, "Connection: close") + body)
            return rest_of(wire)

    def processes(self):
        """The processes that serve: children of the one that was started."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = listed.stdout.splitlines()
        return [int(line.split()[0]) for line in lines if "migdata.server" in line]

    def kill(self):
        """kill -9 of the server and, as the kernel does it for a container, all that belongs to it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture
def web(transactional_db, collected_files, tmp_path):
    """Start web processes: `web(NAME="value")` returns a running one; all are stopped at the end."""
    started = []

    def start(**environment):
        started.append(Web(tmp_path, **environment))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.stop()
    workers.until(lambda: not workers.backends_in_transaction())


@pytest.fixture(scope="module")
def servers(django_db_setup, collected_files, tmp_path_factory):
    """Servers that the tests of a module share: `servers(NAME="value")` returns the one of this environment.

    For tests that neither end a server nor fill what it keeps of its own.
    """
    started = {}

    def running(**environment):
        told = frozenset(environment.items())
        if told not in started:
            folder = tmp_path_factory.mktemp("server")
            private = str(folder / "private")
            started[told] = Web(folder, **{"PRIVATE_ROOT": private, **environment})
            started[told].start()
        return started[told]

    yield running
    for server in started.values():
        server.stop()


@pytest.fixture
def gate(transactional_db):
    """Close the published figures with a lock, so that every page of figures provably hangs."""
    other = connection.copy()
    other.ensure_connection()

    def close():
        with other.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE pub.release IN ACCESS EXCLUSIVE MODE")

    def open_again():
        with other.cursor() as cursor:
            cursor.execute("ROLLBACK")

    yield close, open_again
    other.close()


def head(line, *headers):
    """The head of a request as bytes: `POST /path`, then headers."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode("latin1")


def cookie(person):
    """The header of a signed-in person, with the token that forms carry."""
    client = Client()
    client.force_login(person)
    token = "a" * 32
    return f"Cookie: sessionid={client.cookies['sessionid'].value}; csrftoken={token}"


def rest_of(wire):
    """Everything until the other side closes."""
    received = b""
    try:
        while piece := wire.recv(1 << 16):
            received += piece
    except ConnectionResetError:
        pass
    return received


def status_of(answer):
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else None


def header_of(answer, name):
    found = re.search(rf"^{name}: *(.*?)\r$".encode(), answer.split(b"\r\n\r\n")[0], re.M | re.I)
    return found[1].decode() if found else None


def multipart(**fields):
    """Headers and body of a form; a field (name, bytes) is a file."""
    parts = []
    for name, value in fields.items():
        about, content = f'name="{name}"', value
        if isinstance(value, tuple):
            about, content = f'name="{name}"; filename="{value[0]}"', value[1]
        content = content if isinstance(content, bytes) else content.encode()
        about = f"--edge\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode()
        parts.append(about + content + b"\r\n")
    body = b"".join([*parts, b"--edge--\r\n"])
    kind = "Content-Type: multipart/form-data; boundary=edge"
    return (kind, f"Content-Length: {len(body)}"), body


def send_slowly(wire, pieces, pause):
    """Send pieces with pauses until the other side has had enough; returns how many were sent."""
    for number, piece in enumerate(pieces):
        try:
            wire.sendall(piece)
        except OSError:
            return number
        time.sleep(pause)
    return None
