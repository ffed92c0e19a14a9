"""Real Celery workers for tests: subprocesses on the test's database and a queue of their own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection


class Worker:
    """One Celery worker process with beat inside; `kill` is kill -9 of the whole group."""

    def __init__(self, queue: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "migdata", "worker", "-c", "1"),
                *("-B", "-s", str(settings.PRIVATE_ROOT / f"beat-{uuid.uuid4().hex}")),
                *("-Q", queue, "--loglevel", "WARNING", "--without-mingle", "--without-gossip"),
            ],
            env={**os.environ, **environment},
            start_new_session=True,
        )

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


def environment(queue: str) -> dict[str, str]:
    """What a worker needs to work on this test's database as `app`."""
    database = settings.DATABASES["default"]["NAME"]
    url = os.environ["DATABASE_URL"]
    address, _, query = url.partition("?")
    return {
        "DATABASE_URL": f"{address.rsplit('/', 1)[0]}/{database}" + (f"?{query}" if query else ""),
        "MIGDATA_AS_OWNER": "0",
        "PRIVATE_ROOT": str(settings.PRIVATE_ROOT),
        "JOB_LEASE_SECONDS": "3",
        "JOB_QUEUE": queue,
    }


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first true answer; fail after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := true():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"did not happen in {seconds} seconds: {true}")


def runs(pid: int) -> bool:
    """Say whether the process does anything still; one that has ended may wait for its funeral."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False


def backends_in_transaction() -> list[tuple[int, str]]:
    """(pid, last query) of connections of this database that are inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, query FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        )
        return list(cursor.fetchall())


class Web:
    """The web process of the portal as the demonstration starts it; `kill` is kill -9 of all of it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = folder / "web.log"
        command = ("migdata.server", "--port", str(self.port), "--workers", "2")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=settings.BASE_DIR,
                env={**os.environ, "DEMO": "1", **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self.answers)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connected:
                connected.settimeout(30)
                connected.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                return bool(connected.recv(16))
        except OSError:
            return False

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
