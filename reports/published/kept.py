"""Answers that take long to make: made by one asker, kept as files, served to everybody who asks again.

A release never changes, so neither does an answer about it: its tag (`caching.tag`) is its name. The
files lie in PRIVATE_ROOT/answers, each behind an HMAC of its content: one that was harmed is made again.
When they grow beyond a limit, those that nobody asked for longest go.

Locks are those of the operating system on files of that folder: they count for all processes of a
machine, and end with a process that is killed.
"""

import fcntl
import hashlib
import hmac
import io
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO

from django.conf import settings

from reports.published import seals
from reports.published.unavailable import Busy

log = logging.getLogger(__name__)
PATIENCE = 20.0  # seconds that an asker waits for another maker of the same answer, or for a place
PAUSE = 0.03  # seconds between two looks at a lock
BLOCK = 4096  # bytes that the smallest file takes
ABANDONED = 3600  # seconds after which a file that is half written belongs to nobody
STRIPES = 64  # locks that answers share: two makers rarely wait for each other
FEW_ROWS = 500  # of a table that is written at once, for whoever asks, and not kept
MAC = 32  # bytes before the content


@dataclass(frozen=True)
class Room:
    """What bounds one kind of making: so many at once on a machine, so many askers in a process.

    Further askers are told to come back, at once, so that they do not fill the threads of the process.
    """

    name: str
    at_once: int
    askers: int
    places: BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", BoundedSemaphore(self.askers))

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have a place among the askers of this process. Raises Busy where there is none."""
        if not self.places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self.places.release()


TABLES = Room("tables", settings.TABLES_AT_ONCE, settings.TABLES_ASKED_AT_ONCE)
DRAWINGS = Room("drawings", settings.TABLES_AT_ONCE, 2 * settings.TABLES_ASKED_AT_ONCE)


def answer(tag: str, make: Callable[[], bytes], room: Room = TABLES) -> IO[bytes]:
    """Return an answer, open for reading; `make` is called where it is not kept. Raises Busy."""
    name = tag.strip('"')
    if kept := _open(name):
        return kept
    with room.entered():
        end = time.monotonic() + PATIENCE
        with _held([f"lock-{int(name[:8], 16) % STRIPES}"], end):
            if kept := _open(name):  # somebody made it meanwhile
                return kept
            with _held([f"{room.name}-{k}" for k in range(room.at_once)], end):
                content = make()
            _keep(name, content)
    return io.BytesIO(content)


def made(content: bytes) -> IO[bytes]:
    """Return an answer that is not kept, open for reading as one that is."""
    return io.BytesIO(content)


def _folder() -> Path:
    folder = Path(settings.PRIVATE_ROOT) / "answers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def _held(names: list[str], end: float) -> Iterator[None]:
    """Hold one of these locks. Raises Busy where none is free until `end`."""
    files = [(_folder() / name).open("ab") for name in names]
    try:
        while not any(_locks(file) for file in files):
            if time.monotonic() > end:
                raise Busy
            time.sleep(PAUSE)
        yield
    finally:
        for file in files:
            file.close()


def _locks(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(name: str) -> IO[bytes] | None:
    """Return the content of a kept answer, None where there is none or it was harmed."""
    path = _folder() / f"{name}.answer"
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        return None
    mac = _mac(name)
    stored = file.read(MAC)
    while piece := file.read(1 << 20):
        mac.update(piece)
    if not hmac.compare_digest(stored, mac.digest()):
        file.close()
        log.warning("a kept answer was harmed and is made again: %s", name)
        return None
    file.seek(MAC)
    with suppress(FileNotFoundError):
        os.utime(path)  # asked for now: others go before it
    return file


def _keep(name: str, content: bytes) -> None:
    """Keep an answer, whole or not at all. Without room on the disk it is only not kept."""
    mac = _mac(name)
    mac.update(content)
    folder = _folder()
    aside = folder / f"{name}.{uuid.uuid4().hex}.part"
    try:
        with aside.open("xb") as file:
            file.write(mac.digest())
            file.write(content)
        aside.replace(folder / f"{name}.answer")
        _clear(folder)
    except OSError as error:
        log.warning("an answer is not kept: %s", type(error).__name__)
        aside.unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    """Remove what nobody asked for longest, until the rest is within the limit."""
    stats = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            stats.append((path, path.stat()))
    now, total = time.time(), 0
    for path, stat in sorted(stats, key=lambda entry: -entry[1].st_mtime):
        if path.suffix == ".part" and now - stat.st_mtime > ABANDONED:
            path.unlink(missing_ok=True)
        elif path.suffix == ".answer":
            total += max(stat.st_size, BLOCK)
            if total > settings.ANSWERS_LIMIT:
                path.unlink(missing_ok=True)


def _mac(name: str) -> "hmac.HMAC":
    return hmac.new(seals.key("kept answers") + name.encode(), digestmod=hashlib.sha256)
