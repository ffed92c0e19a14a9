"""Promises of the rounding of a family of tables, as properties on small random families."""

import hashlib
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.protection.cells import Cells, digest
from reports.protection.family import (
    NOT_BROKEN_DOWN,
    Table,
    answer,
    columns,
    keep,
    round_family,
)
from reports.protection.risk import Conflict, bounds, conflicts
from tests.attacks.attackers import by_lp, certain
from tests.reports.families import MONTHLY, SEED, TREE, families, made, records, total


@settings(max_examples=80)
@given(families)
def test_adjacent_multiples_zeros_and_every_record_once(case):
    _codes, counts, _tables, family = made(case)
    for cells in family.values():
        assert (cells.rounded % case[2] == 0).all() and (
            np.abs(cells.rounded - cells.counts) < case[2]
        ).all()
        assert (cells.counts > 0).all() and cells.counts.sum() == counts.sum()
        assert (
            cells.rounded[cells.counts % case[2] == 0] == cells.counts[cells.counts % case[2] == 0]
        ).all()


@settings(max_examples=80)
@given(families)
def test_all_tables_agree_on_everything_they_share(case):
    _codes, _counts, tables, family = made(case)
    dims = columns(tables)
    for one, two in combinations(dims, 2):
        shared = [c for c in dims[one] if c in dims[two]]
        a, b = (total(family[n], dims[n], shared) for n in (one, two))
        assert {k: v for k, v in a.items() if v} == {k: v for k, v in b.items() if v}


@settings(max_examples=60)
@given(families)
def test_only_small_published_cells_are_not_broken_down(case):
    _codes, _counts, tables, family = made(case)
    dims = columns(tables)
    for t in tables[1:]:
        above, own = family[t.parent], family[t.name]
        value = {tuple(c): v for c, v in zip(above.codes.tolist(), above.rounded.tolist())}
        for row in own.codes.tolist():
            assert (value[tuple(row[: len(dims[t.parent])])] < case[3]) == (
                row[-1] == NOT_BROKEN_DOWN
            )


@settings(max_examples=40)
@given(families, st.integers(0, 2**32))
def test_row_order_and_split_rows_do_not_matter_and_the_seed_does(case, shuffle):
    codes, counts, tables, family = made(case)
    rng = np.random.default_rng(shuffle)
    single = np.repeat(codes, counts, axis=0)
    rng.shuffle(single)
    again = round_family(
        single, np.ones(len(single)), tables, case[2], SEED + bytes([case[0] % 256]), sweeps=case[4]
    )
    for name in family:
        assert all((a == b).all() for a, b in zip(family[name], again[name]))
    assert digest(single, np.ones(len(single))) == digest(codes, counts)
    fewer = single[1:]
    assert not len(single) or digest(fewer, np.ones(len(fewer))) != digest(codes, counts)


def test_a_table_added_later_changes_nothing_published():
    codes = records(np.random.default_rng(5), 500)
    early, late = (round_family(codes, np.ones(500), t, 3, SEED) for t in (TREE[:4], TREE))
    assert all((a == b).all() for name in early for a, b in zip(early[name], late[name]))
    other = round_family(codes, np.ones(500), TREE, 3, SEED + b"later", kept=early)
    assert all((a == b).all() for name in early for a, b in zip(early[name], other[name]))
    assert total(other["region"], (0, 1, 6), (0, 1)) == total(early["core"], (0, 1), (0, 1))


@settings(max_examples=25)
@given(families)
def test_no_published_figure_narrows_another(case):
    """The theorem: all tables together leave every cell its whole interval, and the bounds agree with LP."""
    _codes, _counts, tables, family = made(case)
    for name, (low, high) in bounds(family, tables, case[2]).items():
        z = family[name].rounded
        assert (low == np.maximum(z - case[2] + 1, 0)).all() and (high == z + case[2] - 1).all()
    rng = np.random.default_rng(case[0])
    for support in (False, True):
        found = bounds(family, tables, case[2], known_empty=support)
        name = tables[rng.integers(len(tables))].name
        if len(found[name][0]):
            cell = int(rng.integers(len(found[name][0])))
            assert by_lp(family, tables, case[2], name, cell, support) == tuple(
                int(v[cell]) for v in found[name]
            )
    assert (
        all(share == 0 for share, _width in certain(family, tables, case[2], rng).values())
        or case[2] == 2
    )


@pytest.mark.parametrize("by_month", [False, True])
@pytest.mark.parametrize("base", [3, 5])
def test_every_cell_of_every_table_is_unbiased(by_month, base):
    codes = records(np.random.default_rng(4), 150)
    codes = codes[codes[:, 2] < 3]
    ups, trials = {}, 1500
    for k in range(trials):
        seed, kept = hashlib.sha256(b"%d" % k).digest(), None
        for month in range(3) if by_month else [2]:
            until = codes[codes[:, 2] <= month]
            tables = TREE if month == 2 else MONTHLY
            family = round_family(
                until, np.ones(len(until)), tables, base, seed + bytes([month]), kept, sweeps=0
            )
            kept = keep(family, TREE, 2, range(month + 1))
        for name, cells in family.items():
            ups[name] = ups.get(name, 0) + (cells.rounded > cells.counts)
    for name, cells in family.items():
        p = cells.counts % base / base
        sd = np.sqrt(np.maximum(p * (1 - p), 1e-9) / trials)
        assert (np.abs(ups[name] / trials - p) < 4.7 * sd + 1e-9).all(), name


def test_search_brings_margins_closer_and_keeps_the_parents():
    codes = records(np.random.default_rng(1), 3000)
    rough, fine = (round_family(codes, np.ones(3000), TREE, 3, SEED, sweeps=s) for s in (0, 60))
    for wanted in ([2, 3], [0, 3], [0, 2], [5], [7]):
        a, b = (np.abs(np.subtract(*answer(f, TREE, wanted)[:0:-1])).mean() for f in (rough, fine))
        assert b <= a + 0.1
    assert rough["core"].rounded.sum() == fine["core"].rounded.sum()


def test_golden_value_so_that_an_edit_cannot_change_releases_silently():
    codes = records(np.random.default_rng(7), 400)
    family = round_family(
        codes, np.ones(400), [Table(t.name, t.adds, t.parent, 9) for t in TREE], 3, SEED
    )
    text = b"".join(
        c.codes.astype("<i8").tobytes() + c.rounded.astype("<i8").tobytes() for c in family.values()
    )
    assert hashlib.sha256(text).hexdigest()[:16] == GOLDEN


GOLDEN = "af808e9663e2aeb6"


@pytest.mark.parametrize(
    "tables",
    [
        [Table("a", (0,), "b")],
        [Table("a", (0,)), Table("b", (1,))],
        [Table("a", (0,)), Table("a", (1,), "a")],
        [Table("a", (0,)), Table("b", (0,), "a")],
        [Table("a", (0, 0))],
        [Table("a", ())],
        [Table("a", (0,)), Table("b", (1,), "a"), Table("c", (1,), "a")],
        [Table("a", (0,)), Table("b", (9,), "a")],
    ],
)
def test_designs_that_could_contradict_themselves_are_refused(tables):
    with pytest.raises(ValueError):
        round_family([[0, 1]], [1], tables, 3, SEED)


@pytest.mark.parametrize(
    "codes, counts, base, seed",
    [
        ([[0]], [-1], 3, SEED),
        ([[0]], [1.5], 3, SEED),
        ([[-2]], [1], 3, SEED),
        ([[0]], [1], 1, SEED),
        ([[0]], [1], 3, b"short"),
        ([0], [1], 3, SEED),
        ([[0]], [1, 2], 3, SEED),
        ([[0]], [1], 3, "text" * 8),
    ],
)
def test_bad_input_is_refused(codes, counts, base, seed):
    with pytest.raises(ValueError):
        round_family(codes, counts, [Table("a", (0,))], base, seed)


def test_kept_that_does_not_fit_is_refused():
    two = [Table("a", (0,)), Table("b", (1,), "a")]
    cell = lambda row, n, z: {"b": Cells(np.array([row]), np.array([n]), np.array([z]))}
    other = {"c": Cells(np.array([[0]]), np.array([1]), np.array([3]))}
    wrong = [
        cell([0, 0], 2, 3),
        cell([0, 5], 1, 3),
        cell([0, 0], 1, 4),
        cell([0, 0], 9, 9),
        cell([0, 1], 2, 4),
        other,
    ]
    for kept in wrong:
        with pytest.raises(ValueError):
            round_family([[0, 0], [0, 1]], [1, 2], two, 3, SEED, kept)
    assert round_family([[0, 0], [0, 1]], [1, 2], two, 3, SEED, cell([0, 0], 1, 3))[
        "b"
    ].rounded.tolist() == [3, 0]


def test_periods_can_only_be_kept_if_they_are_always_shown():
    with pytest.raises(ValueError):
        keep({}, [Table("core", (0, 1)), Table("month", (2,), "core", 30)], 2, [0])


def test_empty_and_one_cell():
    assert all(
        len(c.counts) == 0 for c in round_family(np.zeros((0, 8)), [], TREE, 3, SEED).values()
    )
    assert round_family([[0] * 8], [7], TREE, 3, SEED)["town"].rounded[0] in (6, 9)


def test_conflicts_of_a_design_are_found():
    codes = records(np.random.default_rng(2), 2000)
    codes, once = np.column_stack([codes, codes[:, 6] == 0]), np.ones(2000, np.int64)
    assert conflicts(codes, once, TREE) == []
    apart = [Table("core", (0, 1)), Table("group", (4,), "core"), Table("age", (5,), "core")]
    assert Conflict(5, 4) in conflicts(codes, once, apart)
    capital = [*TREE, Table("capital", (8,), "core")]
    assert Conflict(6, 8) in conflicts(codes, once, capital)
    codes[:50, 8] = 1 - codes[:50, 8]  # nearly the same
    assert Conflict(6, 8, 0, 1) in conflicts(codes, once, capital)


def test_two_groups_that_are_nearly_everybody_are_no_conflict():
    tree = [Table("core", (0,)), Table("a", (1,), "core"), Table("b", (2,), "core")]
    rng, once = np.random.default_rng(4), np.ones(4000, np.int64)
    most = [rng.random(4000) < share for share in (0.95, 0.96)]  # independently of each other
    codes = np.column_stack([np.zeros(4000), ~most[0], ~most[1]]).astype(np.int64)
    assert conflicts(codes, once, tree) == []
    codes[:, 2] = codes[:, 1]
    codes[:10, 2] = 1 - codes[:10, 2]  # the same people, nearly: then the others are alike, too
    assert conflicts(codes, once, tree) == [Conflict(1, 2, 1, 1)]
    codes[:, 2] = 0  # nothing is told of anybody
    assert [c for c in conflicts(codes, once, tree) if c.group is not None] == []
