"""The normal distribution function against SciPy's, to the far tails."""

import numpy as np
from scipy.special import erfc, log_ndtr, ndtr

from minipixel.ops.normal import erfc_of_positive, normal_cdf, normal_masses


def test_erfc_keeps_its_digits():
    x = np.concatenate([np.linspace(0, 26, 100_001), [0.0, 1e-300, 26.5]])
    np.testing.assert_allclose(erfc_of_positive(x), erfc(x), rtol=5e-14)


def test_the_distribution_function():
    z = np.linspace(-37, 37, 100_001)
    np.testing.assert_allclose(normal_cdf(z), ndtr(z), rtol=1e-13)
    np.testing.assert_array_equal(normal_cdf(np.array([-np.inf, np.inf])), [0, 1])


def test_a_mass_in_either_tail_is_not_lost():
    """Phi(31) - Phi(30) is 5e-198, where both are 1."""
    expected = np.exp(log_ndtr(-30)) - np.exp(log_ndtr(-31))
    np.testing.assert_allclose(normal_masses(np.array([[30.0, -31.0], [31.0, -30.0]])), [[expected, expected]], rtol=1e-12)


def test_masses_on_both_sides_of_zero():
    ends = np.array([-2.0, -1e-3, 0.0, 1e-3, 3.0, np.inf])
    np.testing.assert_allclose(normal_masses(ends), np.diff(ndtr(ends)), atol=1e-13)


def test_masses_between_neighbouring_ends_sum_to_one():
    ends = np.concatenate([[-np.inf], np.sort(np.random.default_rng(0).normal(size=50) * 5), [np.inf]])
    assert abs(normal_masses(ends).sum() - 1) < 1e-14


def test_float32_stays_float32():
    z = np.linspace(-5, 5, 11, dtype=np.float32)
    assert normal_masses(z).dtype == np.float32
    np.testing.assert_allclose(normal_cdf(z), ndtr(z.astype(float)), rtol=1e-5)
