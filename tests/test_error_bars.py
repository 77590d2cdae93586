"""Intervals hold what they say, of few images as well."""

import numpy as np
import pytest
from scipy import stats

from minipixel.error_bars import FEW, difference


def test_the_table_is_students():
    np.testing.assert_allclose(FEW, stats.t.ppf(0.975, np.arange(1, 30)), atol=5e-4)


@pytest.mark.parametrize("count", [2, 4, 30, 31, 200])
def test_an_interval_holds_the_truth_at_95_of_100_times(count):
    draws = np.random.default_rng(count).standard_normal((4000, count))
    hits = np.mean([found["from"] <= 0 <= found["to"] for found in (difference(row, 0 * row) for row in draws)])
    assert 0.93 < hits < 0.97


def test_groups_are_what_counts():
    values = np.array([1.0, 1, 3, 3])
    one = difference(values, 0 * values, groups=np.array([0, 0, 1, 1]))
    assert one["to"] - one["mean"] == pytest.approx(12.706 * one["error"])
