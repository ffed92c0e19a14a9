"""docs/faults.md: every fault once, and every test that it names is there."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from migdata.local.place import ROOT

GROUPS = {"F": 31, "A": 21, "D": 17, "W": 12, "R": 18, "O": 8}
STATES = ("behaves", "does not", "not built")
ROW = re.compile(r"\| ([FADWRO])(\d+) \| (.+?) \| (.+?) \|(.*)\|")


def rows():
    """(group, number, state, names of tests) of each row of the table."""
    return [
        (group, int(number), state, re.findall(r"test_\w+", tests))
        for group, number, _what, state, tests in ROW.findall(
            (ROOT / "docs" / "faults.md").read_text()
        )
    ]


@pytest.fixture(scope="module")
def tests():
    """The names of all tests of the suite."""
    return {
        node.name
        for file in Path(ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_fault_has_one_row():
    numbers = [(group, number) for group, number, *_ in rows()]
    assert numbers == [(g, n) for g, size in GROUPS.items() for n in range(1, size + 1)]


def test_every_fault_that_behaves_names_tests_that_exist(tests):
    for group, number, state, names in rows():
        assert state in STATES, f"{group}{number}"
        assert bool(names) == (state == "behaves"), f"{group}{number}: {state}, {names}"
        assert set(names) <= tests, f"{group}{number}: {set(names) - tests}"


def test_the_sums_above_the_table_are_those_of_the_table():
    text = (ROOT / "docs" / "faults.md").read_text()
    behaving = Counter(group for group, _number, state, _names in rows() if state == "behaves")
    for group, size in GROUPS.items():
        assert f"{group} {behaving[group]} of {size}" in text
