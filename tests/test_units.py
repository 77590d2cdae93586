"""Nats and bits, against figures that can be worked out by hand."""

import math

import pytest

from minipixel.units import bits_per_dim, density_bits, nats_per_image, uniform_nats

CIFAR = 32, 32, 3


def test_the_uniform_model_of_bytes_costs_eight_bits():
    assert bits_per_dim(uniform_nats(CIFAR, 256), CIFAR) == pytest.approx(8, rel=1e-15)


def test_the_uniform_model_of_binary_digits():
    assert uniform_nats((28, 28, 1), 2) == pytest.approx(543.427, abs=1e-3)


def test_one_bit_per_dimension():
    assert bits_per_dim(12 * math.log(2), (2, 2, 3)) == pytest.approx(1, rel=1e-15)


def test_there_and_back():
    assert nats_per_image(bits_per_dim(6389.4, CIFAR), CIFAR) == pytest.approx(6389.4, rel=1e-15)


def test_the_uniform_density_has_no_bits():
    assert density_bits(uniform_nats(CIFAR, 256), CIFAR, 256) == pytest.approx(0, abs=1e-12)


def test_density_bits_are_those_on_the_scale_from_0_to_1():
    """A standard deviation of 25.6 on 0..256 is one of 0.1 on 0..1."""
    nats = 0.5 * math.log(2 * math.pi * math.e * 25.6**2)
    assert density_bits(5 * nats, (1, 5, 1), 256) == pytest.approx(-math.log2(0.1 * math.sqrt(2 * math.pi * math.e)))


def test_more_levels_change_nothing_on_that_scale():
    """Twice as many levels halve the density of each, log 2 nats a value."""
    assert density_bits(100 + 12 * math.log(2), (2, 2, 3), 512) == pytest.approx(density_bits(100, (2, 2, 3), 256))
