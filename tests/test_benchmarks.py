"""The benchmark runs whole, compares before it times, and stops where results differ."""

import json
import subprocess
import sys
from numbers import Real
from pathlib import Path

import pytest

from benchmarks import database, tables
from benchmarks.database import Loaded
from benchmarks.measure import Different

ROOT = Path(__file__).resolve().parent.parent
RATIOS = {
    *("ingest_share_of_copy", "ingest_times_import_export", "ingest_times_import_export_bulk"),
    *("memory_of_worker_for_twice_the_rows", "memory_of_reader_for_twice_the_rows"),
    "table_exact_times_postgresql",
}
WHERE_RELEASED = {  # gates may refuse tables of so few rows
    "table_protected_times_postgresql",
    "one_more_month_share_of_a_rebuild",
}


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def numbers_of(ratio):
    return list(ratio.values()) if isinstance(ratio, dict) else [ratio]


@pytest.mark.slow
def test_the_whole_benchmark_runs_on_a_few_rows(tmp_path):
    kept = tmp_path / "result.json"

    done = bench("--rows=500", "--rounds=1", "--peer-rows=60", f"--json={kept}")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == json.loads(kept.read_text())
    assert found["equal"] is True
    assert {"python", "postgresql", "pandas", "pyarrow", "duckdb", "django"} < set(
        found["versions"]
    )
    assert found["machine"]["cores"] >= 1
    assert set(found["ratios"]) - WHERE_RELEASED == RATIOS
    assert all(isinstance(n, Real) for r in found["ratios"].values() for n in numbers_of(r))
    assert [contest["rows"] for contest in found["ingest"]] == [60, 250, 500]
    ours = found["ingest"][-1]["variants"]["ours"]
    assert ours["seconds"]["min"] <= ours["seconds"]["median"] <= ours["seconds"]["max"]
    assert ours["worker_mib"] > 0
    assert ours["reader_mib"] > 0
    assert "import-export bulk" in done.stdout


@pytest.mark.slow
def test_what_was_taken_in_is_taken_back(tmp_path):
    kept = tmp_path / "result.json"

    done = bench("--rows=60", "--rounds=1", "--only=ingest", "--peer-rows=48", f"--json={kept}")

    assert done.returncode == 0, done.stderr
    taken_back = json.loads(kept.read_text())["taking_back"]
    assert taken_back["records"] > 0 and not taken_back["by_a_worker"]
    assert "taking a file back" in done.stdout


@pytest.mark.slow
def test_one_wrong_value_stops_the_run_with_words(tmp_path):
    kept = tmp_path / "result.json"

    done = bench("--rows=100", "--rounds=1", "--only=ingest", "--spoil", f"--json={kept}")

    assert done.returncode == 1
    assert "have not loaded the same records" in done.stderr
    assert not kept.exists()


def test_a_missing_row_and_another_content_are_differences():
    same = {"limit": Loaded(2, 7), "ours": Loaded(2, 7)}
    database.require_equal(same)

    for other in (Loaded(1, 7), Loaded(2, 8)):
        with pytest.raises(Different, match="ours: "):
            database.require_equal({**same, "ours": other})


@pytest.mark.parametrize("wrong", [{"A": [1, 2, 4]}, {}, {"A": [1, 2, 3], "B": [0, 0, 3]}])
def test_an_answer_with_another_cell_is_a_difference(wrong):
    right = {name: {"A": [1, 2, 3]} for name in tables.QUESTIONS}
    tables.require_equal(right, right)

    with pytest.raises(Different, match="Two answers differ"):
        tables.require_equal(right, dict.fromkeys(tables.QUESTIONS, wrong))


def test_nothing_is_measured_on_fewer_rows_than_a_release_needs():
    done = bench("--rows=10")

    assert done.returncode == 2
    assert "at least 48 rows" in done.stderr
