"""Promises of the rounding of a family of tables, as properties on small random families."""

import hashlib
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.protection import to_date
from reports.protection.amounts import may_publish_sum, quantile
from reports.protection.cells import Cells
from reports.protection.family import (
    NOT_BROKEN_DOWN,
    Table,
    answer,
    columns,
    keep,
    round_family,
)
from reports.protection.risk import Conflict, bounds, conflicts, moved
from tests.attacks.family_attackers import by_lp, certain

SEED = b"a test seed of 32 bytes or so...."
TREE = (
    Table("core", (0, 1)),
    Table("month", (2,), "core"),
    Table("purpose", (3,), "month"),
    Table("age", (4, 5), "core"),
    Table("region", (6,), "core"),
    Table("town", (7,), "region"),
)
SIZES = (2, 2, 6, 4, 3, 9, 4, 12)  # sex, direction, month, purpose, age group, age, region, town
MONTHLY = TREE[:3]


def records(rng, n):
    codes = np.stack([(rng.random(n) ** 2 * k).astype(int) for k in SIZES], 1)  # many small cells
    codes[:, 4], codes[:, 6] = codes[:, 5] // 3, codes[:, 7] // 3
    return codes


families = st.tuples(
    st.integers(0, 2**32),
    st.integers(0, 300),
    st.sampled_from([2, 3, 5]),
    st.sampled_from([0, 3, 12]),
    st.sampled_from([0, 10]),
)  # seed, records, base, least, sweeps


def made(case):
    seed, n, base, least, sweeps = case
    rng = np.random.default_rng(seed)
    codes, counts = records(rng, n), rng.integers(0, 4, n)
    tables = [Table(t.name, t.adds, t.parent, least) for t in TREE]
    return (
        codes,
        counts,
        tables,
        round_family(codes, counts, tables, base, SEED + bytes([seed % 256]), sweeps=sweeps),
    )


def total(cells, dims, wanted):
    out = {}
    for row, value in zip(
        cells.codes[:, [dims.index(c) for c in wanted]].tolist(), cells.rounded.tolist()
    ):
        out[tuple(row)] = out.get(tuple(row), 0) + value
    return out


@settings(max_examples=80, deadline=None)
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


@settings(max_examples=80, deadline=None)
@given(families)
def test_all_tables_agree_on_everything_they_share(case):
    _codes, _counts, tables, family = made(case)
    dims = columns(tables)
    for one, two in combinations(dims, 2):
        shared = [c for c in dims[one] if c in dims[two]]
        a, b = (total(family[n], dims[n], shared) for n in (one, two))
        assert {k: v for k, v in a.items() if v} == {k: v for k, v in b.items() if v}


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=40, deadline=None)
@given(families)
def test_published_months_never_move_and_the_year_to_date_stays_adjacent(case):
    seed, n, base, least, sweeps = case
    rng = np.random.default_rng(seed)
    codes, kept, before = records(rng, n), None, {}
    leasts = [Table(t.name, t.adds, t.parent, 0 if t.name == "month" else least) for t in TREE]
    for month in range(SIZES[2]):
        until = codes[codes[:, 2] <= month]
        tables = (
            leasts if month == SIZES[2] - 1 else leasts[:3]
        )  # annual tables when the year is complete
        secret = SEED + bytes([month, seed % 256])
        family = round_family(until, np.ones(len(until)), tables, base, secret, kept, sweeps=sweeps)
        for cells in family.values():
            assert (np.abs(cells.rounded - cells.counts) < base).all() and (
                cells.rounded % base == 0
            ).all()
        dims = columns(leasts)
        for name in ("month", "purpose"):
            now = total(family[name], dims[name], dims[name])
            assert all(now[key] == value for key, value in before.get(name, {}).items())
            before[name] = now
            above, _wanted = leasts[[t.name for t in leasts].index(name)].parent, None
            assert total(family[name], dims[name], dims[above]) == total(
                family[above], dims[above], dims[above]
            )
        kept = keep(family, leasts, 2, range(month + 1))
    for name in ("age", "region", "town"):
        assert total(family[name], columns(leasts)[name], (0, 1)) == total(
            family["core"], (0, 1), (0, 1)
        )


QUARTERLY = (
    Table("core", (0, 1)),
    Table("quarter", (4,), "core"),
    Table("month", (2,), "quarter"),
    Table("purpose", (3,), "month"),
    Table("region", (5, 6), "quarter"),
)


def of_nine_months(rng, n):
    """Records by sex, direction, month, purpose, quarter, region group, region."""
    codes = np.stack([(rng.random(n) ** 2 * k).astype(int) for k in (2, 2, 9, 4, 3, 4, 12)], 1)
    codes[:, 2] = rng.integers(0, 9, n)
    codes[:, 4], codes[:, 5] = codes[:, 2] // 3, codes[:, 6] // 3
    return codes


def up_to(codes, month, kept, base, seed, least=0, sweeps=5):
    """Publish one more month: regions of a quarter when it closes. Returns the family, and what stays."""
    until, closed = codes[codes[:, 2] <= month].copy(), (month + 1) // 3
    until[np.ix_(until[:, 4] >= closed, [5, 6])] = NOT_BROKEN_DOWN
    tables = [
        Table(t.name, t.adds, t.parent, least if t.name in ("purpose", "region") else 0)
        for t in QUARTERLY
    ]
    family = round_family(until, np.ones(len(until)), tables, base, seed, kept, sweeps)
    quarters = keep(family, tables, 4, range(closed))
    months = keep(family, tables, 2, range(month + 1))
    return family, {**quarters, **months}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 400),
    st.sampled_from([2, 3, 5, 7]),
    st.sampled_from([0, 3, 12]),
)
def test_year_quarter_month_and_subjects_stay_adjacent_as_months_are_added(seed, n, base, least):
    codes, kept, before = of_nine_months(np.random.default_rng(seed), n), None, {}
    for month in range(9):
        secret = SEED + bytes([month, seed % 256])
        family, kept = up_to(codes, month, kept, base, secret, least)
        assert all((np.abs(cells.errors) < base).all() for cells in family.values())
        for name, cells in before.items():
            assert moved(cells, family[name]) == 0
        before = kept
    assert all(
        (low == np.maximum(family[name].rounded - base + 1, 0)).all()
        and (high == family[name].rounded + base - 1).all()
        for name, (low, high) in bounds(family, QUARTERLY, base).items()
    )


@pytest.mark.parametrize("base", [3, 5])
def test_every_cell_is_unbiased_at_every_month_with_quarters_between(base):
    codes, ups, trials = of_nine_months(np.random.default_rng(3), 60), {}, 500
    for k in range(trials):
        kept, seed = None, hashlib.sha256(b"%d" % k).digest()
        for month in range(9):
            family, kept = up_to(codes, month, kept, base, seed + bytes([month]), sweeps=0)
            for name, cells in family.items():
                ups[month, name] = ups.get((month, name), 0) + (cells.errors > 0)
                last = cells.counts % base / base
                ups[month, name, "p"] = last
    for (month, name, *rest), up in ups.items():
        if not rest:
            p = ups[month, name, "p"]
            sd = np.sqrt(np.maximum(p * (1 - p), 1e-9) / trials)
            assert (np.abs(up / trials - p) < 4.9 * sd + 1e-9).all(), (month, name)


def test_a_month_of_an_earlier_quarter_is_refused_where_it_does_not_fit():
    codes = of_nine_months(np.random.default_rng(1), 400)
    late = codes[codes[:, 2] == 1]
    _family, kept = up_to(codes[codes[:, 2] != 1], 5, None, 3, SEED)
    with pytest.raises(ValueError, match="kept"):
        up_to(np.vstack([codes, late]), 5, kept, 3, SEED)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 300), st.sampled_from([2, 3, 5]), st.integers(0, 5))
def test_all_published_months_can_be_kept_at_once_and_some_of_them_only_if_they_fit(
    seed, n, base, month
):
    rng = np.random.default_rng(seed)
    codes = records(rng, n)
    until = codes[codes[:, 2] < month]
    first = round_family(until, np.ones(len(until)), MONTHLY, base, SEED + bytes([seed % 256]))
    kept = keep(first, TREE, 2, range(month))
    second = round_family(codes, np.ones(n), TREE, base, SEED + b"2" + bytes([seed % 256]), kept)
    for cells in second.values():
        assert (np.abs(cells.rounded - cells.counts) < base).all() and (
            cells.rounded % base == 0
        ).all()
    for name in ("month", "purpose"):
        assert all(
            (a == b).all() for a, b in zip(keep(second, TREE, 2, range(month))[name], kept[name])
        )
    some = [m for m in range(6) if rng.random() < 0.5]
    try:
        third = round_family(codes, np.ones(n), TREE, base, SEED, keep(second, TREE, 2, some))
    except ValueError:
        return
    assert all((np.abs(cells.rounded - cells.counts) < base).all() for cells in third.values())


def test_a_table_added_later_changes_nothing_published():
    codes = records(np.random.default_rng(5), 500)
    early, late = (round_family(codes, np.ones(500), t, 3, SEED) for t in (TREE[:4], TREE))
    assert all((a == b).all() for name in early for a, b in zip(early[name], late[name]))
    other = round_family(codes, np.ones(500), TREE, 3, SEED + b"later", kept=early)
    assert all((a == b).all() for name in early for a, b in zip(early[name], other[name]))
    assert total(other["region"], (0, 1, 6), (0, 1)) == total(early["core"], (0, 1), (0, 1))


@settings(max_examples=25, deadline=None)
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


def deviations(part, base):
    """The two ways in which a part with this remainder is published: above the truth, below it."""
    return {True: base - part, False: -part}


@pytest.mark.parametrize("base", [2, 3, 5, 7])
def test_year_and_quarter_to_date_are_unbiased_and_adjacent_from_every_state(base):
    """Exact, over all states: what is closed of the year, what is out of the open quarter, what is new."""
    for closed, so_far, rest in np.ndindex(base, base, base):
        p_up = 0.0
        for closed_high, high in product((True, False), repeat=2):
            d_closed, d_open = deviations(closed, base)[closed_high], deviations(so_far, base)[high]
            p_closed = closed / base if closed_high else 1 - closed / base
            p_open = to_date._near(*map(np.array, (so_far, closed, closed_high)), base)
            p = p_closed * float(p_open if high else 1 - p_open)
            past = to_date.Past(
                np.array(False),
                np.array(0),
                true=np.array(closed + so_far),
                shown=np.array(closed + d_closed + so_far + d_open),
                closed_true=np.array(closed),
                closed_shown=np.array(closed + d_closed),
            )
            up = float(to_date.chance_of(np.array(rest), past, base))
            p_up += p * up
            for step, chance in ((base - rest, up), (-rest, 1 - up)):
                if p * chance > 1e-12:
                    assert abs(d_open + step) < base and abs(d_closed + d_open + step) < base
        assert abs(p_up - rest / base) < 1e-12


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


def test_quantile_in_bands():
    assert quantile(np.array([30, 30]), np.array([0, 10, 20])) == 10
    assert quantile(np.array([0, 60, 0]), np.array([0, 10, 20, np.inf])) == 15
    assert quantile(np.array([0, 27]), np.array([0, 10, 20])) is None
    assert quantile(np.array([3, 60]), np.array([0, 10, np.inf])) is None
    with pytest.raises(ValueError):
        quantile(np.array([30]), np.array([0, 0]))


def test_sums_of_few_or_dominated_payers_are_refused():
    assert may_publish_sum(np.array([50.0, 30, 20]), np.array([1, 2, 3]))
    assert not may_publish_sum(np.array([50.0, 30, 4]), np.array([1, 2, 3]))
    assert not may_publish_sum(np.array([50.0, 30, 20]), np.array([1, 2, 2]))
    assert may_publish_sum(np.array([9.0, 9, 30, 20]), np.array(["a", "b", "c", "c"]))
