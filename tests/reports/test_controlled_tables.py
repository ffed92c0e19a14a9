"""The tables that a build keeps close to the truth: each once, quarters, years and named tables among them."""

import numpy as np
import pytest

from reports.designs import datasets, tables
from reports.exact import cube
from reports.exact.private_files import read_private
from reports.models import Build
from reports.protection.cells import cell_ids
from reports.published import editions
from reports.releases import protecting
from reports.releases.controlled_tables import controlled_tables
from standards.periods import periods_between
from tests.reports.conftest import draw, rewrite

TWO_YEARS = periods_between("2024-11", "2026-10")


def controlled(code, periods):
    return controlled_tables(datasets.datasets()[code], periods, tables.tables().values())


def named(table, code):
    return [frozenset(table.names[k] for k in margin) for margin in table.named[code]]


def test_quarters_and_years_stand_beside_other_dimensions_like_months():
    bcr = controlled("BCR", TWO_YEARS)
    names = [frozenset(bcr.names[k] for k in margin) for margin in bcr.tables.every]
    assert len(set(names)) == len(names)  # none is listed twice
    for margin in [m for m in names if "TIME_PERIOD" in m and len(m) <= 3]:
        for longer in ("QUARTER", "YEAR"):
            assert margin - {"TIME_PERIOD"} | {longer} in names
    assert not [m for m in names if len(m & {"TIME_PERIOD", "QUARTER", "YEAR"}) > 1]


@pytest.mark.parametrize(
    ("code", "periods", "rollups"),
    [
        ("BCR", TWO_YEARS, ("QUARTER", "YEAR")),
        ("BCR", ["2026-01", "2026-02"], ()),  # one quarter, one year: the whole time
        ("BCR", ["2026-03", "2026-04", "2026-05"], ("QUARTER",)),
        ("BCR", ["2025-12", "2026-01", "2026-02"], ("QUARTER",)),  # the years are the quarters
        ("BCR", ["2026-02"], ()),
        ("SLP", periods_between("2025-Q1", "2026-Q2"), ("YEAR",)),
        ("SLP", ["2025-Q1", "2025-Q2"], ()),
    ],
)
def test_a_roll_up_that_the_periods_do_not_need_is_left_out(code, periods, rollups):
    table = controlled(code, periods)
    assert table.names[len(datasets.datasets()[code].names) :] == rollups
    assert table.rollups.shape == (len(periods), len(rollups))


def test_every_roll_up_of_time_is_a_sum_of_periods():
    table = controlled("BCR", TWO_YEARS)
    codes = np.zeros((len(TWO_YEARS), 8), np.int64)
    codes[:, 0] = np.arange(len(TWO_YEARS))
    quarter, year = table.codes(codes)[:, -2:].T
    assert len(set(quarter)) == 9 and len(set(year)) == 3
    assert cell_ids(np.column_stack([quarter, year]))[1] == 9  # a quarter lies in one year
    assert [TWO_YEARS[k] for k in np.flatnonzero(quarter == 1)] == ["2025-01", "2025-02", "2025-03"]


def test_named_tables_are_margins_as_they_are_read():
    t08, t14 = (
        named(controlled("BCR", TWO_YEARS), "T08"),
        named(controlled("WPF", TWO_YEARS), "T14"),
    )
    rows = {"DIRECTION", "TRAVELLER", "PURPOSE"}
    for time in ("TIME_PERIOD", "QUARTER", "YEAR"):
        assert {frozenset(rows | {time}), frozenset(rows | {time, "SEX"})} <= set(t08)
        assert {"OCCUPATION", time, "SEX"} in t14
        assert {"OCCUPATION", "DECISION", time, "SEX"} in t14  # as its headline limits it
    assert not [margin for margin in t14 if "SKILL" in margin]  # the occupation has it already


@pytest.fixture
def long_series(accept, publish):
    accept("SMS-BCR", draw("SMS-BCR", periods_between("2025-04", "2026-08"), 150))
    return publish("BCR")


def errors_of(release, by):
    """The deviations of one table, worked out from the stored cells apart from the build."""
    build = Build.objects.get(release=release)
    cells = read_private(build.cells_path, build.cells_sha256).to_pandas()
    cells["YEAR"] = cells["TIME_PERIOD"].str[:4]
    sums = cells.groupby(by)[[cube.COUNT, "value"]].sum()
    return np.abs(sums["value"] - sums[cube.COUNT])


def test_years_are_as_near_to_the_truth_as_the_gates_ask(long_series):
    for by in (
        ["YEAR"],
        ["YEAR", "SEX"],
        ["YEAR", "REGION", "SEX"],
        ["YEAR", "CITIZENSHIP", "AGE"],
    ):
        assert errors_of(long_series, by).max() <= 12
    assert {gate["name"] for gate in long_series.build.gates} >= {
        *("named tables, 95 of 100", "named tables, largest")
    }


def test_the_published_accuracy_holds_and_is_no_finer_than_the_base(client, long_series):
    accuracy, errors = long_series.structure["accuracy"], long_series.build.errors
    assert set(accuracy) == {"BCR", "T08"}
    rows = ["DIRECTION", "TRAVELLER", "PURPOSE", "TIME_PERIOD"]
    for by in (rows, [*rows, "SEX"]):
        assert np.quantile(errors_of(long_series, by), 0.95) <= accuracy["T08"]
    for code, stated in accuracy.items():
        assert (stated % 3 == 0 and errors[code] <= stated < errors[code] + 3) or stated == 3
    sentence = (
        f"95 of 100 figures are near the true count: within {accuracy['BCR']} in tables of up to three "
        f"characteristics; within {accuracy['T08']} in table T08."
    )
    assert sentence in client.get("/figures/tables/T08.csv").content.decode()
    assert sentence in client.get("/figures/method/").content.decode()
    assert "at most 5" not in client.get("/figures/method/").content.decode()


def test_a_release_from_before_has_no_stated_accuracy(client, long_series):
    del long_series.structure["accuracy"]
    rewrite(long_series, structure=long_series.structure)
    assert editions.latest("BCR").structure.accuracy == {}
    assert "95 of 100" not in client.get("/figures/tables/T08.csv").content.decode()


def test_cells_of_the_first_method_are_judged_by_the_tables_it_kept_close(
    accept, publish, long_series
):
    """They stay as they are, so nothing can bring their years closer."""
    assert long_series.build.method == protecting.METHOD
    Build.objects.update(method=protecting.WITHOUT_ROLLUPS)
    accept("SMS-BCR", draw("SMS-BCR", ["2026-09"], 150, seed=4))
    gates = {gate["name"]: gate for gate in publish("BCR").build.gates}
    assert gates["named tables, largest"]["measured"] == 0
