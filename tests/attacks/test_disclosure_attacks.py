"""Attacks on a family of tables, each with its limit; and that each attack succeeds where protection is off.

A made-up year of 15 000 border crossings, and what is published of it. docs/disclosure.md has the measurements.
"""

import numpy as np
import pytest

from reports.protection import risk
from reports.protection.cells import Cells
from reports.protection.family import Table, answer, round_family
from tests.attacks import attackers

NAMES = (
    "sex",
    "direction",
    "traveller",
    "quarter",
    "month",
    "purpose",
    "group",
    "country",
    "age",
    "region",
)
BASES = (3, 5)


def crossings(n=15_000, seed=1):
    """Return (n, 10) codes in the order of NAMES."""
    rng = np.random.default_rng(seed)

    def zipf(k, power):
        weights = np.arange(1, k + 1.0) ** -power
        return rng.choice(k, n, p=weights / weights.sum())

    country, month = zipf(33, 1.4), rng.integers(0, 12, n)
    traveller = np.where(country == 0, 0, np.where(country == 32, 2, 1))
    age = np.minimum(rng.binomial(20, 0.35, n), 14)
    sex, direction = rng.choice(3, n, p=[0.4, 0.593, 0.007]), rng.integers(0, 2, n)
    columns = [sex, direction, traveller, month // 3, month, zipf(11, 1.0)]
    return np.column_stack([*columns, np.minimum(country, 12), country, age, zipf(8, 0.8)])


def tree(base):
    least = 10 * base
    return [
        Table("core", (0, 1, 2)),
        Table("quarter", (3,), "core"),
        Table("month", (4,), "quarter"),
        Table("purpose", (5,), "month", least),
        Table("citizenship", (6, 7), "quarter", least),
        Table("age", (8,), "quarter", least),
        Table("region", (9,), "quarter", least),
    ]


RECORDS = crossings()


def published(base, seed=b"1", records=RECORDS, tables=None):
    return round_family(records, np.ones(len(records)), tables or tree(base), base, seed * 32)


@pytest.fixture(scope="module", params=BASES)
def released(request):
    return request.param, tree(request.param), published(request.param)


def bare(family):
    """The same tables without protection."""
    return {name: Cells(c.codes, c.counts, c.counts) for name, c in family.items()}


def own_columns(tables, name, cells):
    added = {t.name: len(t.adds) for t in tables}[name]
    return range(cells.codes.shape[1] - added, cells.codes.shape[1])


def read(tables, family):
    return {
        n: risk.read_off(c, [*own_columns(tables, n, c)]) for n, c in family.items() if n != "core"
    }


def test_few_shown_cells_are_one_record_and_few_attributes_are_certain(released):
    base, tables, family = released
    for found in read(tables, family).values():
        assert found.one_record <= (0.10 if base == 3 else 0.07)
        assert found.unique * found.certain <= 0.005
    singles = sum(found.singles for found in read(tables, family).values())
    assert singles <= (250 if base == 3 else 140)


def test_no_figure_narrows_another_and_no_small_count_is_certain(released):
    base, tables, family = released
    for name, (low, high) in risk.bounds(family, tables, base).items():
        z = family[name].rounded
        assert (low == np.maximum(z - base + 1, 0)).all() and (high == z + base - 1).all()
    rng = np.random.default_rng(0)
    certain = attackers.certain(family, tables, base, rng)
    assert all(share == 0 for share, _width in certain.values())
    for name in ("age", "quarter", "purpose"):
        low, high = risk.bounds(family, tables, base)[name]
        for cell in rng.integers(len(low), size=4):
            assert attackers.by_lp(family, tables, base, name, int(cell)) == (low[cell], high[cell])


def test_who_knows_every_other_record_learns_few(released):
    base, _tables, family = released
    shares = [attackers.knows_all_but_one(cells, base) for cells in family.values()]
    assert max(shares) <= (0.22 if base == 3 else 0.08)


def test_joining_the_branches_helps_little(released):
    _base, tables, family = released
    for name, (right, commonest) in attackers.joined(family, tables).items():
        if name not in ("quarter", "month"):
            assert right - commonest <= (0.18 if name == "citizenship" else 0.13), name


@pytest.mark.parametrize(("corrected", "most"), [(1, 0.03), (10, 0.10), (50, 0.25)])
@pytest.mark.parametrize("base", BASES)
def test_a_year_drawn_again_does_not_show_what_was_corrected(base, corrected, most):
    now = RECORDS.copy()
    now[:corrected, 9] = (now[:corrected, 9] + 1) % 8
    first, second = published(base), published(base, b"2", now)
    found = attackers.versions(first, second, base)
    assert found["true_if_moved"] <= most
    assert found["pinned"] <= 0.02


@pytest.mark.parametrize("base", BASES)
def test_tables_of_one_family_agree_and_those_of_another_tree_do_not(base):
    tables, family = tree(base), published(base)
    other = [*tree(base)[:5], tree(base)[6], Table("age", (8,), "region", 10 * base)]
    second = published(base, b"2", tables=other)
    one, two = (answer(f, t, (0, 8)).rounded for f, t in ((family, tables), (second, other)))
    assert len(one) != len(two) or (one != two).mean() > 0.2


def test_each_attack_succeeds_where_protection_is_off(released):
    base, tables, family = released
    open_ = bare(family)
    found = read(tables, open_)
    assert max(f.one_record for f in found.values()) > 0.10
    # The one cube of everything that the family replaces: a few in a hundred are read off, rounded or not.
    cube = published(base, tables=[Table("cube", (0, 1, 2, 4, 5, 6, 8, 9))])["cube"]
    for cells in (cube, bare({"cube": cube})["cube"]):
        off = risk.read_off(cells, [4])
        assert off.unique * off.certain > 0.05 and off.one_record > 0.4
    moved = RECORDS.copy()
    moved[:1, 9] = (moved[:1, 9] + 1) % 8
    again = bare(published(base, records=moved))
    assert attackers.versions(open_, again, base)["true_if_moved"] == 1


def test_a_parent_that_leaks_makes_children_certain(released):
    base, tables, family = released
    known = {"quarter": np.ones(len(family["quarter"].counts), bool)}
    low, high = risk.bounds(family, tables, base, known=known)["region"]
    z = family["region"].rounded
    assert ((low > np.maximum(z - base + 1, 0)) | (high < z + base - 1)).any()
