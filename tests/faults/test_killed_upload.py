"""Whoever is killed with -9 while a file comes or is read leaves no clear byte of it, and no file for ever."""

import os
import socket
import stat
import uuid
from pathlib import Path

import pytest
from django.conf import settings as portal

from agencies import scope
from jobs.models import Job
from records.collection import unwanted, uploads
from records.models import Upload
from tests import workers
from tests.records.files import incoming, plain, table
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)
BOUNDARY = "b0undary"


@pytest.fixture
def canary():
    return f"Zxq{uuid.uuid4().hex}".encode()


@pytest.fixture
def temp(tmp_path):
    folder = tmp_path / "temp"
    folder.mkdir()
    return folder


@pytest.fixture
def web(transactional_db, temp, settings):
    """Start real web processes: `web()` returns a running one; all are ended at the end."""
    settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True)
    started = []

    def start():
        environment = workers.environment("none") | {"TMPDIR": str(temp)}
        started.append(workers.Web(temp.parent, **environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def folders(temp):
    """Where a process of the portal could write: each with what lies in it."""
    local = portal.BASE_DIR / ".local"
    yield from (portal.PRIVATE_ROOT, temp, temp.parent, local / "mail", local / "private")
    yield from (local / "logs", Path("/dev/shm"))
    yield from Path("/tmp").glob("tmp*")
    yield from Path("/tmp").glob("*.upload*")


def found(canary, temp):
    """Every file that holds the canary."""
    hits = []
    for folder in folders(temp):
        for path in [folder, *folder.rglob("*")] if folder.is_dir() else [folder]:
            try:
                if path.is_file() and canary in path.read_bytes():
                    hits.append(path)
            except OSError:  # of somebody else, or gone by now
                continue
    return hits


def half_an_upload(web, client, canary, size=24 << 20):
    """Send the beginning of a form with a file, and stay connected. Returns the socket."""
    token = "a" * 32
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="delivery"\r\n\r\nSMS/SMS-WPF\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    cookies = f"csrftoken={token}; sessionid={client.cookies['sessionid'].value}"
    connected = socket.create_connection(("127.0.0.1", web.port), 60)
    connected.sendall(
        f"POST /uploads/new HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {2 * size}\r\n\r\n".encode()
    )
    line = b"R-1,05.03.2026,F," + canary + b"\n"
    connected.sendall(head + line * (size // len(line)))
    return connected


def descriptors(group):
    """Every regular file that a process of this group has open: also nameless ones."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) != group:
                continue
            for descriptor in (process / "fd").iterdir():
                if stat.S_ISREG(descriptor.stat().st_mode):
                    yield descriptor
        except OSError:
            continue


def spooled(process):
    """What the process keeps of a large body that is coming: files without a name."""
    return [d for d in descriptors(process.pid) if d.stat().st_size > 10 << 20]


def test_a_web_process_killed_at_half_an_upload_leaves_no_clear_byte(web, client, clerk, instruments, canary, temp):  # fmt: skip
    client.force_login(clerk)
    first = web()
    with half_an_upload(first, client, canary):
        until(lambda: spooled(first.process))
        assert not [d for d in descriptors(first.process.pid) if canary in d.read_bytes()]
        assert found(canary, temp) == []  # while it comes
        first.kill()
    assert found(canary, temp) == []
    assert (incoming(), list(temp.iterdir())) == ([], [])
    with scope.acting(clerk):
        assert not Upload.objects.exists()


def test_a_web_process_removes_at_its_start_what_a_killed_one_had_stored(web, instruments):
    folder = portal.PRIVATE_ROOT / "incoming"
    folder.mkdir(parents=True)
    orphan = folder / uuid.uuid4().hex
    orphan.write_bytes(b"encrypted")
    unwanted.sweep()
    assert incoming() == [orphan]  # a slow line may be sending it still, for all anybody knows
    an_hour_ago = orphan.stat().st_mtime - 3700
    os.utime(orphan, (an_hour_ago, an_hour_ago))
    web()
    until(lambda: incoming() == [])


def test_an_upload_that_breaks_off_leaves_nothing(web, client, clerk, instruments, canary, temp):
    client.force_login(clerk)
    running = web()
    with half_an_upload(running, client, canary):
        until(lambda: spooled(running.process))
    until(lambda: not spooled(running.process))
    until(lambda: (incoming(), list(temp.iterdir())) == ([], []))
    assert found(canary, temp) == []


def test_a_worker_killed_while_it_reads_leaves_no_clear_byte(agency, instruments, clerk, worker, canary, temp):  # fmt: skip
    rows = table(60_000, **{"Ф.И.О.": canary.decode()})
    with scope.acting(clerk):
        uploads.receive(
            [plain(rows)],
            agency=agency,
            instrument=instruments["SMS-WPF"],
            file_name="march.csv",
            by=clerk,
        )
    first = worker(TMPDIR=str(temp))
    until(lambda: Job.objects.get().progress.get("stage") == "checking")
    opened = [path for path in descriptors(first.process.pid) if canary in path.read_bytes()]
    assert opened == []  # no clear copy, named or nameless
    assert Job.objects.get().state == "RUNNING"
    first.kill()
    assert found(canary, temp) == []
    assert len(incoming()) == 1
    worker(TMPDIR=str(temp))
    until(lambda: incoming() == [], 300)
    with scope.acting(clerk):
        assert Upload.objects.get().report["rows"]["accepted"] == 60_000
    assert found(canary, temp) == []
