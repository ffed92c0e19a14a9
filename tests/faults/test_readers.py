"""Readers of files are copies of a server: what they cannot do to each other, and what is left when one is killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from records.reading import forked
from tests.records.files import plain, table, workbook
from tests.workers import runs, until

ROOT = Path(__file__).parents[2]
# Root without its rights is an account like any other: it drops what it could be given, and starts anew.
WITHOUT_RIGHTS = """
import ctypes, os, sys
for right in range(64):
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP; fails where there are none
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
ASKER = """
import json, subprocess, sys
from records.reading import forked
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


@pytest.fixture
def file(tmp_path):
    """A file that is longer than what fits between a reader and whoever asks for it."""
    path = tmp_path / "file"
    path.write_bytes(plain(table(60_000)))
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
