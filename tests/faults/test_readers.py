"""Readers of files are copies of a server: what they cannot do to each other, and what is left when one is killed."""

import contextlib
import errno
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from records.reading import encrypted_file, fork_server, forked
from standards import codelists, editions
from standards.editions import Edition
from tests.records.files import plain, table, workbook
from tests.workers import runs, until

ROOT = Path(__file__).parents[2]
seen_by_root = pytest.mark.skipif(
    os.getuid() != 0, reason="only root looks into a server or a reader"
)
# Root without its rights is an account like any other: it drops what it could be given, and starts anew.
WITHOUT_RIGHTS = """
import ctypes, os, sys
for right in range(64):
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP; fails where there are none
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
ASKER = """
import json, subprocess, sys
from records.reading import encrypted_file, fork_server, forked
from standards import codelists

def opens(pid):
    try:
        open(f"/proc/{pid}/mem", "r+b").close()
    except PermissionError:
        return False
    return True

reader = forked.reader([], codelists.handed_down())
other = subprocess.Popen(["sleep", "60"])
processes = {"server": forked._servers[0].process.pid, "reader": reader.pid, "other": other.pid}
print(json.dumps([processes, {name: opens(pid) for name, pid in processes.items()}]), flush=True)
other.kill()
sys.stdin.read()
"""


@contextlib.contextmanager
def asker():
    """A process without rights that has asked for a reader: with process ids by name, and whose memory it opens."""
    with subprocess.Popen(
        [sys.executable, "-c", WITHOUT_RIGHTS, ASKER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"]},
    ) as process:
        try:
            yield process, *json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_nobody_of_the_same_account_opens_the_memory_of_a_server_or_of_a_reader():
    with asker() as (_process, _pids, opens):
        assert opens == {"server": False, "reader": False, "other": True}


def test_when_whoever_asks_is_killed_the_server_and_the_reader_end():
    with asker() as (process, pids, _opens):
        assert runs(pids["server"]) and runs(pids["reader"])
        process.kill()
        until(lambda: not runs(pids["server"]) and not runs(pids["reader"]), 10)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file that is longer than what fits between a reader and whoever asks for it."""
    path = tmp_path_factory.mktemp("readers") / "file"
    path.write_bytes(plain(table(60_000)))
    return path


@pytest.fixture
def small_file(tmp_path):
    path = tmp_path / "small"
    path.write_bytes(plain(table(2)))
    return path


def test_a_reader_ends_with_its_server_and_the_next_file_is_read_by_another(file):
    reading = workbook(file)
    blocks = reading.batches()
    next(blocks)
    server = forked._servers[0].process
    assert runs(reading.process.pid)
    server.kill()
    until(lambda: not runs(reading.process.pid), 10)
    with pytest.raises(forked.ServerGone):
        list(blocks)  # neither a refusal nor an end: half a file is no file
    assert reading.process.poll() == -signal.SIGKILL
    reading.close()
    again = workbook(file)
    assert sum(block.num_rows for block in again.batches()) == 60_000
    assert forked._servers[0].process.pid != server.pid
    again.close()


@pytest.fixture
def server_here():
    """A server in this process, and our end of the socket by which it is asked."""
    before = {number: signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGINT)}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield fork_server.Server(theirs), ours
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def refuse_a_process():
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def descriptors_of(process_id):
    """What the open descriptors of a process lead to, by number."""
    links = list(Path(f"/proc/{process_id}/fd").iterdir())
    return {int(link.name): str(link.readlink()) for link in links if link.is_symlink()}


def test_where_the_system_gives_no_process_the_server_says_so_and_goes_on(server_here, monkeypatch):
    server, control = server_here
    monkeypatch.setattr(os, "fork", refuse_a_process)
    before = descriptors_of("self").keys()
    for _time in range(2):
        channel, theirs = socket.socketpair()
        with channel:
            with theirs:
                socket.send_fds(control, [b"+"], [theirs.fileno(), 0, 1, 2])
            server.make()
            assert forked.NUMBER.unpack(channel.recv(9)) == (-errno.EAGAIN,)
            assert channel.recv(9) == b""
    assert descriptors_of("self").keys() == before
    assert not server.children


@contextlib.contextmanager
def room_for(process_id, count):
    """Let a process open so many descriptors more, and no others."""
    soft, hard = resource.prlimit(process_id, resource.RLIMIT_NOFILE)
    taken = descriptors_of(process_id)
    free = (number for number in range(soft) if number not in taken)
    lowest_refused = next(itertools.islice(free, count, None))
    resource.prlimit(process_id, resource.RLIMIT_NOFILE, (lowest_refused, hard))
    try:
        yield
    finally:
        resource.prlimit(process_id, resource.RLIMIT_NOFILE, (soft, hard))


def is_idle(server):
    """Say whether a server has no child: its only socket is the one by which it is asked."""
    return sum(link.startswith("socket:") for link in descriptors_of(server).values()) == 1


@seen_by_root
def test_where_a_server_has_no_descriptor_left_it_says_so_and_goes_on(small_file):
    workbook(small_file).close()
    server = forked._servers[0]
    for count, error in ((2, "Too many open files"), (0, "no process was made")):
        until(lambda: is_idle(server.process.pid))
        with room_for(server.process.pid, count), pytest.raises(OSError, match=error):
            forked._made(server, [])
    workbook(small_file).close()
    assert forked._servers == [server]
    assert server.process.poll() is None


def test_a_process_that_has_no_descriptor_left_keeps_its_server_and_its_readers(file):
    with contextlib.closing(workbook(file)) as reading:
        next(reading.batches())
        server = forked._servers[0]
        with room_for(os.getpid(), 3), pytest.raises(OSError, match="Too many open files"):
            workbook(file)
        assert forked._servers == [server]
        assert reading.process.poll() is None


def test_threads_that_find_their_server_ended_start_one_new_one_for_all(file):
    workbook(file).close()
    ended = forked._servers[0]
    ended.process.kill()
    with contextlib.closing(workbook(file)) as reading:  # one thread was first
        next(reading.batches())
        server = forked._server(codelists.handed_down(), instead_of=ended)  # another finds the same
        assert [server] == forked._servers != [ended]
        assert server.process.poll() is None
        assert reading.process.poll() is None


@pytest.fixture(scope="module")
def sealed_files(tmp_path_factory):
    """Two encrypted files that are open here, as a worker has them."""
    folder, secret = tmp_path_factory.mktemp("incoming"), b"secret"
    with contextlib.ExitStack() as files:
        paths = [folder / uuid.uuid4().hex for _file in range(2)]
        for path in paths:
            encrypted_file.encrypt([plain(table(60_000))], path, secret)
        yield {path: files.enter_context(encrypted_file.opened(path, secret)) for path in paths}


@seen_by_root
def test_a_reader_holds_its_own_file_and_nothing_of_another_reader_and_ends_alone(sealed_files):
    first, second = (workbook(sealed) for sealed in sealed_files.values())
    with contextlib.closing(first), contextlib.closing(second):
        for reading in (first, second):
            next(reading.batches())
        links = [
            set(descriptors_of(reading.process.pid).values()) - {os.devnull}
            for reading in (first, second)
        ]
        assert not links[0] & links[1]
        for own, path in zip(links, sealed_files, strict=True):
            files = {link for link in own if not link.startswith("pipe:")}
            assert files == {str(path)}
            assert len(own) == 3  # with its request and its answer
        second.close()
        assert first.process.poll() is None
    assert first.process.returncode == -signal.SIGKILL


@pytest.fixture
def edition():
    """Put an edition of a list in force, and take it back at the end."""
    code = {
        "labels": {"en": "Old gate", "ru": "Old gate", "tk": "Old gate"},
        "retired": "2026-01-01",
    }
    yield lambda: editions.lay_over({"crossing_points": Edition(2, {"ASB": code})})
    editions.lay_over({})


def test_after_an_edition_was_saved_files_are_read_by_a_server_that_has_it(
    file, small_file, edition
):
    with contextlib.closing(workbook(file)) as reading:
        blocks = reading.batches()
        rows = next(blocks).num_rows
        server = forked._servers[0]
        edition()
        with contextlib.closing(workbook(small_file)) as later:
            assert forked._servers != [server]
            later_server = forked._servers[0]
            assert (
                rows + sum(block.num_rows for block in blocks) == 60_000
            )  # it ends what it has begun
            assert (reading.refusal, later.refusal) == (None, None)
            reading.close()
            until(server.has_ended, 10)
    workbook(small_file).close()
    assert forked._servers == [later_server]  # as long as nothing changes


@pytest.fixture
def zone(monkeypatch):
    """Let the portal stand in another time zone: `zone(name)`."""
    with monkeypatch.context() as patch:

        def move(name):
            patch.setenv("TZ", name)
            time.tzset()

        yield move
    time.tzset()


def test_on_another_day_lists_count_as_others_because_codes_are_retired_on_a_day(zone):
    states = []
    for name in ("Etc/GMT+12", "Etc/GMT-14"):  # 26 hours apart: never on the same day
        zone(name)
        states.append(codelists.handed_down()["state"])
    assert states[0] != states[1]
