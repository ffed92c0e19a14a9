"""Ad-hoc tables: the same questions to records in PostgreSQL, to the exact cube and to the protected tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks import measure
from benchmarks.measure import Different

POSTGRES, EXACT, PROTECTED = "PostgreSQL", "exact cube", "protected tables"
# PostgreSQL may sort and hash in memory: with its default of 4 MB it would spill.
WORK_MEM = "256MB"

Answer = dict[str, list[int]]  # codes of the row, joined -> women, men, other or not stated


@dataclass(frozen=True)
class Question:
    """A table: the dimensions of its rows beside sex, and the codes it is restricted to."""

    by: tuple[str, ...]
    where: Mapping[str, list[str]]


QUESTIONS = {
    "sex, citizenship, traveller; entries": Question(
        ("CITIZENSHIP", "TRAVELLER"), {"DIRECTION": ["IN"]}
    ),
    "sex, month, traveller, direction; work and business": Question(
        ("TIME_PERIOD", "TRAVELLER", "DIRECTION"), {"PURPOSE": ["WORK", "BUSINESS"]}
    ),
    "sex and month": Question(("TIME_PERIOD",), {}),
}


@dataclass
class Comparison:
    """The seconds of every question, variant by variant and round by round.

    Without a release (its gates did not pass) the protected tables are not among the variants.
    """

    variants: tuple[str, ...]
    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """Return what goes into the JSON object."""
        return {
            "cells": self.cells,
            "work_mem": WORK_MEM,
            "questions": {
                name: {
                    "rows": self.rows[name],
                    "seconds": {v: measure.spread(taken[v]) for v in self.variants},
                }
                for name, taken in self.seconds.items()
            },
        }


def run(
    rounds: int, env: Mapping[str, str], say: Callable[[str], object], *, released: bool
) -> Comparison:
    """Ask all variants in turn, `rounds` times. Raises Different where answers differ."""
    variants = (POSTGRES, EXACT, PROTECTED) if released else (POSTGRES, EXACT)
    comparison = Comparison(variants, {name: {v: [] for v in variants} for name in QUESTIONS})
    for number in range(1, rounds + 1):
        done = {v: measure.child("answers", "answer_all", v, env=env) for v in variants}
        require_equal(done[POSTGRES]["answers"], done[EXACT]["answers"])
        if released:
            require_equal(done[PROTECTED]["again"], done[PROTECTED]["answers"])
        comparison.cells = {v: done[v]["cells"] for v in variants if v != POSTGRES}
        for name in QUESTIONS:
            comparison.rows[name] = len(done[EXACT]["answers"][name])
            for variant in variants:
                comparison.seconds[name][variant].append(done[variant]["seconds"][name])
        say(f"  tables, round {number}")
    return comparison


def require_equal(one: Mapping[str, Answer], two: Mapping[str, Answer]) -> None:
    """Raise Different unless all answers have the same rows and the same numbers."""
    for name in QUESTIONS:
        for codes in sorted({*one[name], *two[name]}):
            left, right = one[name].get(codes), two[name].get(codes)
            if left != right:
                raise Different(f"Two answers differ at {codes} of “{name}”: {left} and {right}.")
