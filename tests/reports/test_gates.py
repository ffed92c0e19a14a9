"""The gates: they pass what is good, and they can fail."""

import numpy as np
import pandas as pd
import pytest

from reports.protection import gates, rounding
from reports.protection.gates import Ledger

SEED = bytes(range(32))
NAMES = {"sex by time", "single margins, 95 of 100", "margins of up to three, largest", "total"}


@pytest.fixture(scope="module")
def cube():
    """A skewed cube of about 3 000 cells: months, sex (1 % not stated), age, citizenship, region, reason."""
    rng, n = np.random.default_rng(20261124), 12_000
    zipf = lambda k: np.minimum(rng.zipf(1.6, n) - 1, k - 1)
    columns = [
        rng.integers(0, 8, n),
        rng.choice(3, n, p=[0.45, 0.54, 0.01]),
        rng.integers(0, 5, n),
        zipf(6),
        zipf(5),
        zipf(4),
    ]
    counted = pd.DataFrame(np.column_stack(columns)).value_counts(sort=False)
    codes = np.array(counted.index.tolist(), np.int64)
    return counted.to_numpy(np.int64), codes


def judged(cube, sweeps, **more):
    counts, codes = cube
    rounded = rounding.protect(counts, codes, 3, SEED, strata=(1, 0), sweeps=sweeps)
    return gates.judge(counts, codes, rounded, base=3, strata=(1, 0), **more)


def failed(measured):
    return {gate.name for gate in measured if not gate.passed}


def test_without_the_margin_search_the_gate_of_margins_fails_and_with_it_all_pass(cube):
    assert "margins of up to three, largest" in failed(judged(cube, 0))
    assert failed(judged(cube, 150)) == set()


@pytest.mark.parametrize(
    ("harm", "gate"),
    [
        (lambda c, z: z + 1, "multiples of the base"),
        (lambda c, z: z + np.where(np.arange(len(z)) == 0, 3, 0), "nearer than the base"),
        (lambda c, z: np.where(c == 0, 3, z), "zeros stay zero"),
        (lambda c, z: np.where(z > c, z, c // 3 * 3 + 3 * (c % 3 > 0)), "total"),
    ],
)
def test_each_gate_of_single_cells_catches_its_own_harm(cube, harm, gate):
    counts, codes = cube
    counts = np.where(np.arange(len(counts)) % 50 == 0, 0, counts)
    rounded = rounding.protect(counts, codes, 3, SEED, strata=(1, 0))
    harmed = harm(counts, rounded)
    assert gate in failed(gates.judge(counts, codes, harmed, base=3, strata=(1, 0)))


def ledger(cube, seen=True):
    counts, codes = cube
    rounded = rounding.protect(counts, codes, 3, SEED, strata=(1, 0), sweeps=150)
    return Ledger(codes, counts, rounded, seen)


def revised(cube, before, changed):
    counts, codes = cube
    later = counts.copy()
    later[:changed] += 1
    rounded = rounding.protect(
        later, codes, 3, SEED[::-1], before.arrays, strata=(1, 0), sweeps=150
    )
    return gates.judge(later, codes, rounded, base=3, strata=(1, 0), previous=[before])


def test_a_revision_of_fewer_than_fifty_records_is_refused(cube):
    assert failed(revised(cube, ledger(cube), 49)) == {"records changed, at least 50"}
    assert failed(revised(cube, ledger(cube), 50)) == set()
    assert failed(revised(cube, ledger(cube), 0)) == set()  # the same figures tell nothing new


def test_a_build_that_nobody_saw_does_not_count_as_a_release(cube):
    assert failed(revised(cube, ledger(cube, seen=False), 10)) == set()


def test_a_second_rounding_of_the_same_records_is_refused(cube):
    counts, codes = cube
    fresh = rounding.protect(counts, codes, 3, b"another secret, 32 bytes of it..", strata=(1, 0))
    found = gates.judge(counts, codes, fresh, base=3, strata=(1, 0), previous=[ledger(cube)])
    assert "unchanged cells moved" in failed(found)


def test_gates_that_another_draw_may_change_are_marked(cube):
    assert {gate.name for gate in judged(cube, 0) if gate.drawn} == NAMES


def test_no_cell_at_all_passes():
    nothing = np.zeros(0, np.int64)
    none = gates.judge(nothing, np.zeros((0, 3), np.int64), nothing, base=3, strata=(0, 1))
    assert failed(none) == set()
