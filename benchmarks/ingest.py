r"""Taking a file in: psql's \copy (the limit), django-import-export (the peer) and ours, in rounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.database import Database, Loaded, require_equal
from benchmarks.measure import Different

LIMIT, OURS, DEFAULT, BULK = "psql copy", "ours", "import-export", "import-export bulk"
Say = Callable[[str], object]


@dataclass(frozen=True)
class Files:
    """One size: the messy file, the ready one, and how many rows are in them."""

    messy: Path
    ready: Path
    rows: int
    held: int
    messy_bytes: int

    @property
    def good(self) -> int:
        return self.rows - self.held


@dataclass
class Contest:
    """The variants that load the same rows, one after the other, round by round."""

    files: Files
    variants: tuple[str, ...]
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def seconds(self, variant: str) -> list[float]:
        return [run["seconds"] for run in self.runs[variant]]

    def peak(self, variant: str, whose: str) -> float:
        return max(run.get(whose, 0.0) for run in self.runs[variant])

    def report(self) -> dict[str, Any]:
        """Return what goes into the JSON object."""
        return {
            "rows": self.files.rows,
            "held": self.files.held,
            "messy_mib": round(self.files.messy_bytes / measure.MIB, 1),
            "variants": {name: self._about(name) for name in self.variants},
        }

    def _about(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = {"seconds": measure.spread(self.seconds(name))}
        result["rows_per_second"] = round(self.files.good / result["seconds"]["median"])
        for whose in ("worker_mib", "reader_mib"):
            if peak := self.peak(name, whose):
                result[whose] = peak
        if name == OURS:
            result["receive_seconds"] = measure.spread([r["receive"] for r in self.runs[OURS]])
        return result


def run(
    contest: Contest, rounds: int, database: Database, env: Mapping[str, str], say: Say
) -> None:
    """Run all variants in turn, `rounds` times. Raises Different where contents differ."""
    for number in range(1, rounds + 1):
        loaded: dict[str, Loaded] = {}
        for variant in contest.variants:
            database.empty(with_places=variant != OURS)
            done = _load(variant, contest.files, database, env)
            contest.runs.setdefault(variant, []).append(done)
            loaded[variant] = database.loaded()
            say(f"  {contest.files.rows} rows, round {number}, {variant}: {done['seconds']:.2f} s")
        require_equal(loaded)


def _load(variant: str, files: Files, database: Database, env: Mapping[str, str]) -> dict[str, Any]:
    if variant == LIMIT:
        with measure.stopwatch() as watch:
            rows = database.copy(files.ready)
        return {"seconds": watch.seconds, "rows": rows}
    if variant == OURS:
        return _ours(files, env)
    kind = "bulk" if variant == BULK else "default"
    return measure.child("peers", "load", kind, files.ready, env=env)


def _ours(files: Files, env: Mapping[str, str]) -> dict[str, Any]:
    """The real road: received by one process, worked on by another."""
    received = measure.child("worker", "receive", files.messy, env=env)
    done = measure.child("worker", "work", received["job"], env=env)
    if done["rows"]["held"] != files.held:
        raise Different(
            f"{files.held} rows were written with an error, but {done['rows']['held']} are held:"
            f" {done['causes']}"
        )
    return {**done, "receive": received["seconds"]}
