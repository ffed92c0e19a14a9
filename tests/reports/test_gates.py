"""The gates: they pass what is good, and they can fail."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.protection import gates, rounding
from reports.protection.margins import Tables
from reports.protection.revisions import Ledger
from reports.protection.search import all_margins

SEED = bytes(range(32))
NAMES = {
    *("sex by time", "single margins, 95 of 100", "margins of up to three, largest", "total"),
    *("named tables, 95 of 100", "named tables, largest"),
}


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


ALL_MONTHS = frozenset(range(8))
BY_RELEASE = "records changed, at least 50"
BY_PERIOD = "records changed in a published period, at least 50"


def ledger(cube, seen=True, periods=ALL_MONTHS):
    counts, codes = cube
    rounded = rounding.protect(counts, codes, 3, SEED, strata=(1, 0), sweeps=150)
    return Ledger(codes, counts, rounded, seen, periods)


def changes(cube, later, *before):
    return gates.judge_changes(later, cube[1], time=0, previous=before)


def test_a_revision_of_fewer_than_fifty_records_is_refused(cube):
    counts, codes = cube
    month = np.flatnonzero(codes[:, 0] == 3)
    before, later = ledger(cube), lambda n: counts + np.isin(np.arange(len(counts)), month[:n])
    assert failed(changes(cube, later(49), before)) == {BY_RELEASE, BY_PERIOD}
    assert failed(changes(cube, later(50), before)) == set()
    assert failed(changes(cube, later(0), before)) == set()  # the same figures tell nothing new


def test_a_revision_keeps_the_gates_of_the_margins(cube):
    counts, codes = cube
    before, later = ledger(cube), counts + (np.arange(len(counts)) < 50)
    rounded = rounding.protect(
        later, codes, 3, SEED[::-1], before.arrays, strata=(1, 0), sweeps=150
    )
    measured = gates.judge(later, codes, rounded, base=3, strata=(1, 0), previous=[before])
    assert failed(measured) == set()


def test_a_build_that_nobody_saw_does_not_count_as_a_release(cube):
    later = cube[0] + (np.arange(len(cube[0])) < 10)
    assert failed(changes(cube, later, ledger(cube, seen=False))) == set()
    assert failed(changes(cube, later, ledger(cube, seen=False), ledger(cube))) != set()


def test_a_gate_names_the_periods_that_wait(cube):
    counts, codes = cube
    later = counts + (codes[:, 0] == 7)  # a hundred and more in the last month
    first = [int(np.flatnonzero(codes[:, 0] == month)[0]) for month in (2, 5)]
    later[first] += 1
    (waiting,) = [g for g in changes(cube, later, ledger(cube)) if not g.passed]
    assert (waiting.name, waiting.periods) == (BY_PERIOD, (2, 5))
    without = ledger(cube, periods=ALL_MONTHS - {2})
    (waiting,) = [g for g in changes(cube, later, without) if not g.passed]
    assert waiting.periods == (5,)


moved = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 9), st.integers(0, 40)),
    max_size=12,
)
added = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 80)), max_size=6)


@settings(max_examples=200, deadline=None)
@given(moved, added)
def test_no_period_that_readers_know_ever_changes_by_fewer_than_fifty_records(corrections, more):
    """Whatever is corrected and added, in old periods (0 to 2) and in a new one (3)."""
    codes = np.stack(np.unravel_index(np.arange(40), (4, 10)), 1)
    before = np.where(codes[:, 0] < 3, 500, 0)
    now, touched = before.copy(), np.zeros(4, int)
    for period, old, new, records in corrections:
        now[10 * period + old] -= records
        now[10 * period + new] += records
        touched[period] += records if old != new else 0
    for period, place, records in more:
        now[10 * period + place] += records
        touched[period] += records
    past = before > 0
    earlier = Ledger(codes[past], before[past], before[past], periods=frozenset({0, 1, 2}))
    measured = gates.judge_changes(now, codes, time=0, previous=[earlier])
    difference = (now - before).reshape(4, 10)
    records = np.maximum(difference, 0).sum(1), np.maximum(-difference, 0).sum(1)
    at_least = np.maximum(*records)
    waiting = [k for k in range(3) if 0 < at_least[k] < 50]
    assert (at_least <= touched).all()  # never more than the records that were really touched
    refused = {gate.name: gate for gate in measured if not gate.passed}
    assert (BY_PERIOD in refused) == bool(waiting)
    if waiting:
        assert refused[BY_PERIOD].periods == tuple(waiting)
    total = max(side.sum() for side in records)
    assert (BY_RELEASE in refused) == (0 < total < 50)


def test_a_second_rounding_of_the_same_records_is_refused(cube):
    counts, codes = cube
    fresh = rounding.protect(counts, codes, 3, b"another secret, 32 bytes of it..", strata=(1, 0))
    measured = gates.judge(counts, codes, fresh, base=3, strata=(1, 0), previous=[ledger(cube)])
    assert "unchanged cells moved" in failed(measured)


def test_gates_that_another_draw_may_change_are_marked(cube):
    assert {gate.name for gate in judged(cube, 0) if gate.drawn} == NAMES


def test_quarters_and_named_tables_have_gates_of_their_own(cube):
    """Tables that no search kept close fail; the same tables kept close pass."""
    counts, codes = cube
    codes = np.column_stack([codes, codes[:, 0] // 3])
    plain = all_margins(6)
    rolled = [(*m, 6) for m in all_margins(6, 2) if 0 not in m]
    named = [(0, 2, 3, 5), (2, 3, 5, 6), (1, 2, 3, 5, 6)]
    tables, results = Tables(plain, rolled, named), []
    for margins, sweeps in ((plain, 0), (plain, 150), (tables.every, 150)):
        rounded = rounding.protect(counts, codes, 3, SEED, None, margins, (1, 0), sweeps)
        results.append(gates.judge(counts, codes, rounded, base=3, strata=(1, 0), tables=tables))
    assert {"named tables, 95 of 100", "named tables, largest"} <= failed(results[0])
    assert failed(results[1]) == {"margins of up to three, largest"}  # by quarter
    assert failed(results[2]) == set()


@pytest.mark.parametrize(("cells", "allowed"), [(100_000, 6), (100_001, 9)])
def test_named_tables_of_a_large_cube_are_allowed_one_base_more(cells, allowed):
    codes = np.column_stack([np.arange(cells) % 3, np.arange(cells) % 24, np.arange(cells)])
    counts = np.full(cells, 3, np.int64)
    tables = Tables([(), (0,), (0, 1)], named=[(0, 1)])
    judged = gates.judge(counts, codes, counts, base=3, strata=(0, 1), tables=tables)
    named = next(gate for gate in judged if gate.name == "named tables, 95 of 100")
    assert (named.allowed, named.passed) == (allowed, True)


def test_no_cell_at_all_passes():
    nothing = np.zeros(0, np.int64)
    measured = gates.judge(nothing, np.zeros((0, 3), np.int64), nothing, base=3, strata=(0, 1))
    assert failed(measured) == set()
