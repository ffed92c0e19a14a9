"""The supervisor of web, worker and beat."""

import subprocess
import sys
import textwrap
import time

import pytest

from migdata.local.place import ROOT, Unusable
from migdata.local.processes import Processes
from tests import workers


@pytest.fixture
def processes(tmp_path):
    supervisor = Processes(tmp_path / "logs")
    yield supervisor
    supervisor.stop()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_that_ended_is_started_again(processes):
    process = processes.start("worker", "sleep", "60")
    process.begun -= 60  # it has worked for a minute
    process.running.kill()
    process.running.wait()
    assert processes.watch() == ["worker"]
    assert process.running.poll() is None


def test_a_process_that_cannot_run_is_given_up_with_its_last_words(processes):
    processes.start("web", sys.executable, "-c", "raise SystemExit('address in use')")

    def watched():
        try:
            processes.watch()
        except Unusable as problem:
            return str(problem)
        return None

    assert "address in use" in workers.until(watched, 20)


def test_stop_kills_what_does_not_end(processes, monkeypatch):
    monkeypatch.setattr("migdata.local.processes.PATIENCE", 0.5)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    process = processes.start("worker", sys.executable, "-c", script)
    time.sleep(0.5)
    pid = process.running.pid
    processes.stop()
    assert not alive(pid)


def test_a_killed_supervisor_takes_its_processes_along(tmp_path):
    script = textwrap.dedent(f"""
        import pathlib, time
        from migdata.local.processes import Processes
        process = Processes(pathlib.Path({str(tmp_path / "logs")!r})).start("worker", "sleep", "60")
        print(process.running.pid, flush=True)
        time.sleep(60)
    """)
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    pid = int(supervisor.stdout.readline())
    assert alive(pid)
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    workers.until(lambda: not alive(pid), 10)
