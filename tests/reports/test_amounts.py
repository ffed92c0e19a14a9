"""Medians from published bands, and sums of money that may be published."""

import numpy as np
import pytest

from reports.protection.amounts import may_publish_sum
from reports.published.quantiles import quantile


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
