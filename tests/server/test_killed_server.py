"""The server is killed with -9: nothing that can be read stays, and it works on. R3."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.server.conftest import cookie, head, multipart, status_of
from tests.workers import runs, until

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = b"CANARY-Aman-Amanov-A1234567"


def kept(server):
    """What the server's open files that nobody else can see hold, and files in its folder."""
    found = [path.read_bytes() for path in server.receiving.rglob("*") if path.is_file()]
    for pid in server.processes():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(server.receiving) in str(descriptor.readlink()):
                    found.append(descriptor.read_bytes())
    return found


@pytest.mark.parametrize("whole", [True, False])
def test_killed_while_receiving_it_leaves_no_clear_byte_and_no_file(web, clerk, instruments, whole):
    server = web()
    about, body = multipart(file=("names.csv", (CANARY + b"\r\n") * 300_000))
    with server.connect() as wire:
        wire.sendall(head("POST /uploads/new", cookie(clerk), *about) + body[: 5 << 20])
        until(lambda: sum(map(len, kept(server))) > 3 << 20)
        assert not any(CANARY in content for content in kept(server))
        if whole:
            server.kill()
        else:
            for pid in server.processes():
                os.kill(pid, signal.SIGKILL)
    if whole:
        server.start()
    until(server.answers)
    assert list(server.receiving.rglob("*")) == []
    assert status_of(server.ask("GET /", cookie(clerk))) == 200


def test_a_killed_process_is_replaced_and_its_port_is_free_when_the_server_is_killed(web, clerk):
    server = web()
    before = set(server.processes())
    os.kill(next(iter(before)), signal.SIGKILL)
    until(lambda: len(set(server.processes()) - before) == 1)
    until(server.answers)
    serving = server.processes()
    os.kill(server.process.pid, signal.SIGKILL)  # alone: nobody tells its children but the kernel
    server.process.wait()
    until(lambda: not any(map(runs, serving)))
    server.start()
    assert status_of(server.ask("GET /", cookie(clerk))) == 200
