"""The portal's own processes (web, worker, beat): started together, watched, stopped together."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migdata.local.place import ROOT, Unusable, own

PR_SET_PDEATHSIG = 1
PATIENCE = 15.0  # seconds to end in order; a job that is cut off is done again by its lease
QUICK = 5.0  # a process that ends sooner than this has not worked
LAST_LINES = 15


@dataclass
class Process:
    """One running process and what is needed to start it again."""

    name: str
    command: Sequence[str]
    log: Path
    begun: float = 0.0
    running: subprocess.Popen[bytes] | None = None
    quick_ends: int = field(default=0)

    def start(self) -> None:
        """Start in a session of its own: Ctrl-C reaches the supervisor only."""
        self.begun = time.monotonic()
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(  # noqa: S603, PLW1509
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def last_words(self) -> str:
        """The end of the log, for a message."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(f"  {line}" for line in lines)


class Processes:
    """Processes with their logs in one folder."""

    def __init__(self, logs: Path) -> None:
        self.logs = own(logs)
        self.all: list[Process] = []

    def start(self, name: str, *command: str) -> Process:
        """Start a process and keep it running."""
        log = self.logs / f"{name}.log"
        log.write_bytes(b"")
        process = Process(name, command, log)
        self.all.append(process)
        process.start()
        return process

    def watch(self) -> list[str]:
        """Start again what has ended; returns the names.

        Raises Unusable for a process that ended at once three times in a row.
        """
        again = []
        for process in self.all:
            if process.running is None or process.running.poll() is None:
                continue
            quick = time.monotonic() - process.begun < QUICK
            process.quick_ends = process.quick_ends + 1 if quick else 0
            if process.quick_ends == 3:
                raise Unusable(
                    f"The {process.name} process cannot run. The end of {process.log}:\n"
                    f"{process.last_words()}"
                )
            process.start()
            again.append(process.name)
        return again

    def stop(self) -> None:
        """Ask all to end, in order of start backwards; kill what does not."""
        alive = [p.running for p in reversed(self.all) if p.running and p.running.poll() is None]
        for process in alive:
            process.terminate()
        end = time.monotonic() + PATIENCE
        for process in alive:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.all.clear()


def end_with_parent(by: int = signal.SIGTERM) -> None:
    """Let the kernel end this process when the one that started it is gone, killed or not (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, by)
