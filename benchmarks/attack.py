"""Under attack: how long a clerk's page and the health check take while others send slowly or ask much.

Clerk and health ask one request after another; attackers keep their pace whatever the portal does.
"""

import http.client
import math
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.measure import Failed
from migdata import local

ROOT = Path(__file__).resolve().parent.parent
OURS = "{python} -m migdata.server --port {port}"
SLOW, EVERY = 40, 25.0  # sockets, and seconds between two bytes of each
DASHBOARDS = 20  # a second
SECONDS = 30.0  # of each attack
PAUSE = 0.25  # seconds between two requests of the clerk
PATIENCE = 90.0  # seconds
DIRECTIONS, TRAVELLERS = ("IN", "OUT", "all"), ("NAT", "FOR", "STLS", "all")
SEVERAL = [f"127.0.0.{last}" for last in range(2, 22)]

Say = Callable[[str], None]


@dataclass
class Watch:
    """What somebody who only wants to work experiences: seconds and statuses of her requests."""

    path: str
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def report(self) -> dict[str, Any]:
        ordered = sorted(self.seconds)
        at = max(0, math.ceil(0.95 * len(ordered)) - 1)
        return {
            "requests": len(ordered),
            "median": round(ordered[len(ordered) // 2], 3),
            "p95": round(ordered[at], 3),
            "max": round(ordered[-1], 3),
            "statuses": dict(self.statuses),
        }


def sign_in() -> dict[str, Any]:
    """Open a session of the clerk (in a child process: needs Django)."""
    from django.test import Client

    from agencies.models import Person

    client = Client()
    client.force_login(Person.objects.named("clerk@sms.example"))
    return {"cookie": client.cookies["sessionid"].value}


def on_the_demonstration(web: str, say: Say) -> dict[str, Any]:
    """Attack the web process `web` (a command with {python} and {port}) over the demonstration country.

    The country is loaded into a folder of its own when it is not there yet. Raises Failed.
    """
    os.environ["MIGDATA_LOCAL"] = str(Path(os.environ["MIGDATA_LOCAL"]) / "attack")
    folder = Path(os.environ["MIGDATA_LOCAL"])
    manage = [str(ROOT / "manage.py")]
    if not (folder / "seed.json").exists():
        say("Loading the demonstration country.")
        measure.command([*manage, "demo", "--once"], env=os.environ)
    measure.command([*manage, "collectstatic", "--no-input", "-v0"], env=os.environ)
    with local.session():
        local.prepare(start=True)
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "migdata.settings",
            "PYTHONPATH": str(ROOT),
        }
        return _run(env, web, folder, say)


def _run(env: Mapping[str, str], web: str, folder: Path, say: Say) -> dict[str, Any]:
    cookie = measure.child("attack", "sign_in", env=env)["cookie"]
    result: dict[str, Any] = {"command": web}
    attacks = {
        "quiet": lambda _port: _nobody(),
        f"{SLOW} slow bodies": lambda port: _slow(port, cookie),
        f"{DASHBOARDS} dashboards a second, one address": lambda port: _readers(port, SEVERAL[:1]),
        f"{DASHBOARDS} dashboards a second, {len(SEVERAL)} addresses": lambda port: _readers(
            port, SEVERAL
        ),
    }
    for name, attack in attacks.items():
        with _server(env, web, folder) as port, attack(port) as answers:
            watches = _watch(port, cookie)
        result[name] = {
            **{who: watch.report() for who, watch in watches.items()},
            "attacker": dict(answers),
        }
        clerk = result[name]["clerk"]
        if "400" in answers:
            raise Failed(
                f"{name}: the dashboards that are asked for are refused, so nothing is measured"
            )
        say(f"  {name}: clerk p95 {clerk['p95']} s {clerk['statuses']}; {dict(answers)}")
    return result


@contextmanager
def _server(env: Mapping[str, str], web: str, folder: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = shlex.split(web.format(python=sys.executable, port=port))
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(command, env=dict(env), stdout=log, stderr=log)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            if _get(port, "/healthz", timeout=5) == "200":
                return
        except OSError:
            time.sleep(0.2)
    raise Failed("The web process does not answer.")


def _get(port: int, path: str, *, cookie: str = "", source: str = "", timeout: float) -> str:
    """Ask once, on a connection of its own; returns the status."""
    address = (source, 0) if source else None
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout, address)
    try:
        wire.request("GET", path, headers={"Cookie": f"sessionid={cookie}"} if cookie else {})
        answer = wire.getresponse()
        answer.read()
        return str(answer.status)
    finally:
        wire.close()


def _watch(port: int, cookie: str) -> dict[str, Watch]:
    """Clerk and health work for a while, at the same time."""
    watches = {"clerk": Watch("/"), "health": Watch("/healthz")}
    end = time.monotonic() + SECONDS

    def work(watch: Watch) -> None:
        while time.monotonic() < end:
            with measure.stopwatch() as taken:
                try:
                    status = _get(port, watch.path, cookie=cookie, timeout=PATIENCE)
                except OSError as problem:
                    status = type(problem).__name__
            watch.seconds.append(taken.seconds)
            watch.statuses[status] += 1
            time.sleep(PAUSE)

    with ThreadPoolExecutor(len(watches)) as pool:
        list(pool.map(work, watches.values()))
    return watches


@contextmanager
def _nobody() -> Iterator[Counter[str]]:
    yield Counter()


@contextmanager
def _slow(port: int, cookie: str) -> Iterator[Counter[str]]:
    """Sockets that send the body of an upload, byte by byte."""
    head = (
        "POST /uploads/new HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Cookie: sessionid={cookie}\r\n\r\n-"
    ).encode()
    ended, answers = threading.Event(), Counter[str]()

    def trickle(wire: socket.socket) -> None:
        wire.sendall(head)
        while not ended.wait(EVERY):
            try:
                wire.sendall(b"-")
            except OSError:
                answers["cut off"] += 1
                return

    with ExitStack() as stack:
        wires = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(SLOW)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(SLOW))
        for wire in wires:
            pool.submit(trickle, wire)
        time.sleep(1)
        yield answers
        ended.set()


@contextmanager
def _readers(port: int, addresses: list[str]) -> Iterator[Counter[str]]:
    """Readers who ask for dashboards, each filtered in another way, at a steady pace."""
    ended, answers = threading.Event(), Counter[str]()

    def read(number: int) -> None:
        quarter, rest = f"2025-Q{number % 4 + 1}", number // 4
        path = f"/figures/?dataset=BCR&from={quarter}&direction={DIRECTIONS[rest % 3]}"
        path += f"&traveller={TRAVELLERS[rest // 3 % 4]}"
        try:
            source = addresses[number % len(addresses)]
            answers[_get(port, path, source=source, timeout=PATIENCE)] += 1
        except OSError as problem:
            answers[type(problem).__name__] += 1

    def keep_pace() -> None:
        with ThreadPoolExecutor(200) as pool:
            number = 0
            while not ended.wait(1 / DASHBOARDS):
                pool.submit(read, number)
                number += 1
            pool.shutdown(cancel_futures=True)

    pace = threading.Thread(target=keep_pace)
    pace.start()
    time.sleep(2)
    try:
        yield answers
    finally:
        ended.set()
        pace.join()
