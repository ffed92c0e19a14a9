"""Periods that stay while others are added: years, quarters and months close to the truth at every step."""

import hashlib
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.protection import to_date
from reports.protection.family import (
    NOT_BROKEN_DOWN,
    Table,
    columns,
    keep,
    round_family,
)
from reports.protection.risk import bounds, moved
from tests.reports.families import MONTHLY, SEED, SIZES, TREE, families, records, total


@settings(max_examples=40)
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


@settings(max_examples=60)
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
    codes, ups, trials = of_nine_months(np.random.default_rng(3), 60), {}, 300
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


@settings(max_examples=30)
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
