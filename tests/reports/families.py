"""Families of tables for tests: small random ones with months, ages and places."""

import numpy as np
from hypothesis import strategies as st

from reports.protection.family import Table, round_family

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
