"""The attacks on real public records: 53,000 residence procedures of Peru, by month, nationality and department."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.protection import risk
from reports.protection.family import Table, round_family
from reports.protection.gates import judge
from tests.attacks import attackers

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = sorted(DATA.glob("peru_ce_2025_*.csv"))
COLUMNS = ["SEXO", "EDAD", "TIPO_TRAMITE", "MES_TRAMITE", "NACIONALIDAD", "DEPARTAMENTO_ATENCION"]
SEED = b"a test seed of 32 bytes or so...."

pytestmark = pytest.mark.skipif(not FILES, reason="the public records are not on this machine")


@pytest.fixture(scope="module")
def records():
    """Codes (n, 6) in the order of COLUMNS, and counts (n,)."""
    rows = pd.concat(pd.read_csv(file, sep="|") for file in FILES)
    codes = np.column_stack([pd.factorize(rows[name], sort=True)[0] for name in COLUMNS])
    return codes, rows["CANTIDAD"].to_numpy()


def tree(least):
    return [
        Table("core", (0, 1, 2)),
        Table("month", (3,), "core"),
        Table("nationality", (4,), "core", least),
        Table("department", (5,), "core", least),
    ]


def failed(family, tables, base):
    gates = judge(family, tables, base, headlines=[[0, 3], [0, 4], [0, 5]])
    return [gate for gate in gates if not gate.passed]


@pytest.fixture(scope="module", params=[3, 5])
def published(records, request):
    """The family of the first draw that passes the gates, as a release takes it."""
    base, tables = request.param, tree(10 * request.param)
    for draw in range(8):
        family = round_family(*records, tables, base, SEED + bytes([draw]), sweeps=150)
        if not failed(family, tables, base):
            break
    return family, tables, base


def test_they_pass_the_gates_of_a_release(published):
    assert failed(*published) == []


def test_what_can_be_read_off_is_little(published):
    family, _tables, _base = published
    for name in ("month", "nationality", "department"):
        for hidden in range(4):
            read = risk.read_off(family[name], [hidden])
            assert read.unique * read.certain <= 0.005, (name, hidden)
            assert read.one_record <= 0.20, name
    singles = sum(int(((c.counts == 1) & (c.rounded > 0)).sum()) for c in family.values())
    assert singles <= 150


def test_no_small_count_is_certain_from_all_tables_together(published):
    family, tables, base = published
    assert all(
        share == 0
        for share, _width in attackers.certain(
            family, tables, base, np.random.default_rng(1)
        ).values()
    )
    for name, (low, high) in risk.bounds(family, tables, base).items():
        assert (low == np.maximum(family[name].rounded - base + 1, 0)).all(), name
        assert (high == family[name].rounded + base - 1).all(), name


def test_without_protection_they_would_be_open(records, published):
    """The same measures on the true counts: they fail every limit above."""
    _family, _tables, base = published
    codes, counts = records
    whole = round_family(codes, counts * base, tree(0), base, SEED, sweeps=0)
    own = whole["nationality"].counts // base  # multiples of the base are published as they are
    read = risk.read_off(whole["nationality"]._replace(counts=own, rounded=own), [2])
    assert read.unique > 0 and read.certain == 1 and read.one_record > 0.20
