"""The demonstration as a person starts and stops it."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from migdata import local, probe
from migdata.local import keys
from migdata.local.place import ROOT
from tests import workers
from tests.local.test_servers import processes_of

PRIVATE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "MIGDATA_AS_OWNER", "PRIVATE_ROOT")


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """A place of its own, and the environment of somebody who has set nothing."""
    path = tmp_path_factory.mktemp("newcomer") / "local"
    with pytest.MonkeyPatch.context() as environment:
        for name in (*PRIVATE, *keys.NAMES, "DJANGO_ALLOW_ASYNC_UNSAFE", "DEMO", "PORT"):
            environment.delenv(name, raising=False)
        environment.setenv("MIGDATA_LOCAL", str(path))
        yield path
        local.stop()


@pytest.fixture(scope="module")
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def demonstration(newcomer, port):
    started = Demonstration(newcomer, port)
    yield started
    if started.process.poll() is None:
        started.ends_with(signal.SIGINT)


def command(*arguments):
    return [sys.executable, "manage.py", "demo", "--empty", *map(str, arguments)]


def finish(*arguments):
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )


class Demonstration:
    """A running `make demo` whose output goes to a file."""

    def __init__(self, folder, port):
        self.output, self.port = folder.parent / "output.txt", port
        self.start()

    def start(self):
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                command("--port", self.port), cwd=ROOT, stdout=output, stderr=output
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


def test_the_portal_answers_and_the_container_s_probe_sees_it(demonstration, port, capsys):
    assert healthy(port)
    assert probe.main(f"http://127.0.0.1:{port}/healthz") == 0
    assert probe.main("http://127.0.0.1:9/healthz") == 1
    assert "refused" in capsys.readouterr().err


def test_a_second_demonstration_is_refused_in_words(demonstration, port):
    second = finish("--port", port + 1)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert "Traceback" not in second.stderr
    assert healthy(port)


def test_a_single_command_works_beside_it(demonstration, port):
    done = subprocess.run(
        [sys.executable, "manage.py", "load_instruments"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert healthy(port)


def test_after_kill_9_it_starts_again_and_ctrl_c_leaves_nothing(newcomer, demonstration, port):
    assert demonstration.ends_with(signal.SIGKILL) == -signal.SIGKILL
    demonstration.start()
    assert healthy(port)
    assert demonstration.ends_with(signal.SIGINT) == 0
    assert processes_of(newcomer) == []
    with pytest.raises(OSError, match="refused"):
        healthy(port)


def test_once_ends_with_json_and_leaves_nothing_running(newcomer):
    done = finish("--once")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["seconds"] > 0
    assert processes_of(newcomer) == []


def test_a_taken_port_is_refused_in_words_and_nothing_stays(newcomer):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        done = finish("--port", taken)
    assert done.returncode == 1
    assert f"Port {taken}" in done.stderr
    assert f"--port={taken + 1}" in done.stderr
    assert processes_of(newcomer) == []
