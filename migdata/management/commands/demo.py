"""The whole portal on this machine: servers, worker, beat, web and a demonstration country."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from migdata import catalogs
from migdata.local import Unusable
from migdata.local.place import here
from migdata.local.processes import Processes

MANAGE = str(settings.BASE_DIR / "manage.py")
ANSWERS_WITHIN = 60.0  # seconds
SPACE = 600 << 20


class Stopped(Exception):
    """Somebody pressed Ctrl-C or asked the process to end."""


class Command(BaseCommand):
    help = "Start the portal with its demonstration country on this machine; Ctrl-C stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do the whole job, then stop")
        parser.add_argument("--empty", action="store_true", help="do not load the country")
        parser.add_argument("--full", action="store_true", help="load a million border crossings")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        place = here()
        place.require_space(SPACE)
        with _alone(place.folder), _signals():
            if not options["once"]:
                _require_free(options["host"], options["port"])
            processes = Processes(place.folder / "logs")
            try:
                self._prepare(web=not options["once"], empty=options["empty"])
                facts = self._start(processes, options)
                if options["once"]:
                    processes.stop()
                    facts["seconds"] = round(time.monotonic() - begun, 1)
                    self.stdout.write(json.dumps(facts))
                else:
                    self._stay(processes)
            except Stopped:
                self._say("Stopping.")
                if options["once"]:
                    raise CommandError("Stopped before the end.") from None
            finally:
                processes.stop()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _prepare(self, *, web: bool, empty: bool) -> None:
        """Bring database and files up to date; each step does nothing where nothing is new.

        Who loads the country publishes the instruments as well.
        """
        catalogs.compile_all(settings.BASE_DIR / "locale")
        self._say("Preparing the database.")
        _manage("migrate", "--no-input", "-v0", MIGDATA_AS_OWNER="1")
        _manage("createcachetable", MIGDATA_AS_OWNER="1")
        if empty:
            _manage("load_instruments")
        if web:
            self._say("Preparing style sheets and scripts.")
            _manage("collectstatic", "--no-input", "-v0")

    def _start(self, processes: Processes, options: dict[str, Any]) -> dict[str, Any]:
        """Start worker, beat and web, load the country; returns what seed_demo reports."""
        python = (sys.executable, "-m")
        celery = (*python, "celery", "-A", "migdata", "--workdir", str(settings.BASE_DIR))
        schedule = here().folder / "beat"
        address = f"http://{options['host']}:{options['port']}"
        os.environ.setdefault("PORTAL_ADDRESS", address)
        processes.start("worker", *celery, "worker", "-c", "2", "-l", "WARNING")
        processes.start("beat", *celery, "beat", "-l", "WARNING", "-s", str(schedule), "--pidfile=")
        if not options["once"]:
            place = ("--host", options["host"], "--port", str(options["port"]))
            processes.start("web", *python, "migdata.server", *place)
            _wait_for(address, processes)
            self._say(f"The portal answers at {address}")
        facts: dict[str, Any] = {} if options["empty"] else self._load(processes, options["full"])
        accounts, password = facts.pop("accounts", []), facts.pop("password", "")
        for email, role in accounts:
            self._say(f"  {email:32} {role}")
        if password:
            self._say(f"The password of all of them is: {password}")
        if not options["once"]:
            self._say(f"Open {address} – Ctrl-C stops everything.")
        return facts

    def _load(self, processes: Processes, full: bool) -> dict[str, Any]:
        """Load the demonstration country through the running worker."""
        self._say("Loading the demonstration country through the worker.")
        result = here().folder / "seed.json"
        result.unlink(missing_ok=True)
        command = [sys.executable, MANAGE, "seed_demo", "--json", str(result), *["--full"] * full]
        with subprocess.Popen(command) as loading:  # noqa: S603
            try:
                while loading.poll() is None:
                    self._watch(processes)
                    time.sleep(0.2)
            except BaseException:
                loading.terminate()
                raise
        if loading.returncode != 0:
            raise CommandError(f"Loading ended with an error; the logs are in {processes.logs}.")
        facts: dict[str, Any] = json.loads(result.read_text())
        return facts

    def _stay(self, processes: Processes) -> None:
        while True:
            self._watch(processes)
            time.sleep(0.5)

    def _watch(self, processes: Processes) -> None:
        for name in processes.watch():
            self._say(f"The {name} process had ended and was started again.")


def _manage(*arguments: str, **environment: str) -> None:
    """Run one of our commands in a process of its own: each connects under its own role."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, MANAGE, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(f"`manage.py {arguments[0]}` ended with an error (see above).")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demonstration per folder; the lock goes with the process, kill -9 included."""
    with (folder / "demo.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"A demonstration is already running on {folder}. Stop it with Ctrl-C, or set"
                " MIGDATA_LOCAL to another folder and choose another --port."
            ) from None
        yield


@contextmanager
def _signals() -> Iterator[None]:
    """Turn Ctrl-C, the end of the terminal and a polite kill into Stopped, once."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(*_: object) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)  # what follows is the orderly end
        raise Stopped

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used: {error.strerror}."
                f" Choose another: make demo ARGS=--port={port + 1}"
            ) from None


def _wait_for(address: str, processes: Processes) -> None:
    end = time.monotonic() + ANSWERS_WITHIN
    while time.monotonic() < end:
        processes.watch()
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):  # noqa: S310
                return
        except urllib.error.HTTPError:
            return  # it answers; the page says what is wrong
        except OSError:
            time.sleep(0.2)
    raise Unusable(f"The web process did not answer at {address}; see {processes.logs}.")
