"""The demonstration as a person starts and stops it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from migdata import local
from migdata.local.place import ROOT
from tests import workers
from tests.local.test_servers import kill_all, processes_of

PRIVATE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "MIGDATA_AS_OWNER", "PRIVATE_ROOT")
SECRETS = ("SECRET_KEY", "DISCLOSURE_SECRET", "PERSON_REF_SECRET")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A place of its own, and the environment of somebody who has set nothing."""
    path = tmp_path / "local"
    for name in (*PRIVATE, *SECRETS, "DJANGO_ALLOW_ASYNC_UNSAFE", "DEMO", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MIGDATA_LOCAL", str(path))
    yield path
    local.stop()


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(*arguments):
    return [sys.executable, "manage.py", "demo", "--empty", *map(str, arguments)]


def finish(*arguments):
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )


class Demonstration:
    """A running `make demo` whose output goes to a file."""

    def __init__(self, folder, port):
        self.output = folder.parent / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                command("--port", port), cwd=ROOT, stdout=output, stderr=output
            )
        workers.until(lambda: "Ctrl-C stops" in self.said() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.said()

    def said(self):
        return self.output.read_text()

    def ends_with(self, number):
        self.process.send_signal(number)
        return self.process.wait(60)


def healthy(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        return json.load(answer)["database"] == "ok"


def test_once_does_the_work_ends_with_json_and_leaves_nothing_running(folder):
    done = finish("--once")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["seconds"] > 0
    assert processes_of(folder) == []


def test_the_portal_answers_and_ctrl_c_stops_all_of_it(folder, port):
    demonstration = Demonstration(folder, port)
    assert healthy(port)
    assert demonstration.ends_with(signal.SIGINT) == 0
    assert processes_of(folder) == []
    with pytest.raises(OSError, match="refused"):
        healthy(port)


def test_after_kill_9_it_starts_again_and_stops_what_was_left(folder, port):
    assert Demonstration(folder, port).ends_with(signal.SIGKILL) == -signal.SIGKILL
    again = Demonstration(folder, port)
    assert healthy(port)
    again.ends_with(signal.SIGTERM)
    assert processes_of(folder) == []


def test_after_kill_9_of_everything_it_starts_again(folder, port):
    first = Demonstration(folder, port)
    first.process.kill()
    first.process.wait()
    kill_all(folder)
    again = Demonstration(folder, port)
    assert healthy(port)
    again.ends_with(signal.SIGINT)


def test_a_second_demonstration_is_refused_in_words(folder, port):
    first = Demonstration(folder, port)
    second = finish("--port", port + 1)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert "Traceback" not in second.stderr
    assert healthy(port)
    first.ends_with(signal.SIGINT)


def test_a_taken_port_is_refused_in_words_and_nothing_stays(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        done = finish("--port", taken)
    assert done.returncode == 1
    assert f"Port {taken}" in done.stderr
    assert f"--port={taken + 1}" in done.stderr
    assert processes_of(folder) == []


def test_a_single_command_works_beside_a_running_demonstration(folder, port):
    demonstration = Demonstration(folder, port)
    done = subprocess.run(
        [sys.executable, "manage.py", "load_instruments"],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert healthy(port)
    demonstration.ends_with(signal.SIGINT)
