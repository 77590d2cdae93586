"""Nats and bits, against figures that can be worked out by hand."""

import math

import pytest

from minipixel.units import bits_per_dim, nats_per_image, uniform_nats

CIFAR = 32, 32, 3


def test_the_uniform_model_of_bytes_costs_eight_bits():
    assert bits_per_dim(uniform_nats(CIFAR, 256), CIFAR) == pytest.approx(8, rel=1e-15)


def test_the_uniform_model_of_binary_digits():
    assert uniform_nats((28, 28, 1), 2) == pytest.approx(543.427, abs=1e-3)


def test_one_bit_per_dimension():
    assert bits_per_dim(12 * math.log(2), (2, 2, 3)) == pytest.approx(1, rel=1e-15)


def test_there_and_back():
    assert nats_per_image(bits_per_dim(6389.4, CIFAR), CIFAR) == pytest.approx(6389.4, rel=1e-15)
