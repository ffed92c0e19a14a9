"""What a reader could find out from a table: measured on tables small enough to count by hand."""

import numpy as np
import pytest

from reports.protection.cells import Cells
from reports.protection.risk import changed, moved, read_off


def cells(*rows):
    """A table of two columns: (code, code, true, published) in each row."""
    numbers = np.array(rows, np.int64)
    return Cells(numbers[:, :2], numbers[:, 2], numbers[:, 3])


def test_who_knows_all_but_one_column_reads_off_what_is_shown_of_those_who_are_alone():
    table = cells((0, 0, 1, 3), (1, 0, 1, 0), (2, 0, 4, 3), (2, 1, 2, 3))
    found = read_off(table, [1])
    assert found.unique == pytest.approx(2 / 8)  # the first two are alone with their first column
    assert found.certain == pytest.approx(1 / 2)  # the value of one of them is shown
    assert found.claimed == pytest.approx(1 / 8) and found.right == 1
    assert (found.singles, found.one_record) == (1, pytest.approx(1 / 3))


def test_nothing_is_read_off_where_a_cell_is_not_broken_down():
    assert read_off(cells((0, -1, 2, 3), (1, -1, 4, 3)), [1]).claimed == 0


def test_a_table_without_cells_tells_nothing():
    empty = Cells(np.zeros((0, 2), np.int64), *np.zeros((2, 0), np.int64))
    assert (read_off(empty, [1]).unique, read_off(empty, [1]).one_record) == (0, 0)


def test_a_record_that_went_to_another_cell_changed_once():
    codes, before = np.array([[0, 0], [0, 1]]), np.array([5, 5])
    assert changed(codes, before, codes, np.array([4, 6])) == 1
    assert changed(codes, before, codes, before) == 0
    assert changed(codes, before, codes[:1], np.array([5])) == 5
    assert changed(codes, before, np.array([[2, 2]]), np.array([7])) == 10


def test_a_cell_that_stays_has_its_value_and_is_there():
    before = cells((0, 0, 1, 3), (0, 1, 4, 3))
    assert moved(before, before) == 0
    assert moved(before, cells((0, 0, 1, 0), (0, 1, 4, 3))) == 1
    assert moved(before, cells((0, 0, 1, 3), (5, 5, 2, 3))) == 1
