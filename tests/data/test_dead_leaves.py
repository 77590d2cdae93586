"""Dead leaves: the same images everywhere, and the statistics that the description has."""

import hashlib

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from minipixel import data
from minipixel.data import dead_leaves
from minipixel.data.dead_leaves import generate, leaves


def test_a_seed_is_an_image():
    first, again, other = (generate(32, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.shape == (32, 32, 1) and first.dtype == np.uint8
    assert np.array_equal(first, again) and (first != other).mean() > 0.9
    assert hashlib.sha256(first.tobytes()).hexdigest() == "4e4508ddb51c6d69221ae181c7309e86ecf305fb715ce09146ab6c26149ce48a"


def test_the_set(monkeypatch):
    monkeypatch.setattr(dead_leaves, "COUNTS", {"train": 5, "validation": 2, "test": 3})
    dataset = data.load("dead-leaves", size=16)
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [5, 2, 3]
    assert dataset.shape == (16, 16, 1) and dataset.levels == 256 and dataset.official is None
    assert np.array_equal(dataset.test[2], generate(16, np.random.default_rng([dead_leaves.SEED, 9])))
    assert data.load("dead-leaves", levels=4).shape == (64, 64, 1)


def test_scale_and_colours_are_settings(monkeypatch):
    monkeypatch.setattr(dead_leaves, "COUNTS", {"train": 2, "validation": 1, "test": 1})
    colour, grey = data.load("dead-leaves-colour", size=16), dead_leaves.load(16, smallest=4, largest=20)
    assert colour.shape == (16, 16, 3) and colour.name == "dead-leaves-colour" and "uniform colours" in colour.note
    assert "from 4 to 20 pixels, uniform greys" in grey.note
    assert np.array_equal(grey.train[1], generate(16, np.random.default_rng([dead_leaves.SEED, 1]), 4, 20))
    # A leaf's colours are its own: where red changes, a leaf ends, and green and blue nearly always change with it.
    red, green = (np.diff(colour.train[..., c].astype(int), axis=2) != 0 for c in (0, 1))
    assert 0.02 < red.mean() < 0.9 and (red != green).mean() < 0.02
    for radii in ((0, 5), (5, 5), (6, 5)):
        with pytest.raises(ValueError, match="0 < smallest < largest"):
            generate(8, np.random.default_rng(0), *radii)


def test_radii_and_places_are_those_of_the_leaves_that_meet_the_image():
    """Against rejection: radii by r^-3, centres anywhere near, and only those whose square meets the image."""
    size, a, b, rng = 20, 2.0, 30.0, np.random.default_rng(0)
    r, row, column = leaves(20_000, size, a, b, rng)
    assert a <= r.min() and r.max() <= b
    assert all(((v >= -r) & (v <= size + r)).all() for v in (row, column))
    plain = (a**-2 - rng.random(400_000) * (a**-2 - b**-2)) ** -0.5
    near = (np.abs(rng.uniform(-b - size / 2, b + size / 2, (2, 400_000))) <= plain + size / 2).all(axis=0)
    assert kstest(r, plain[near][:20_000]).pvalue > 0.01
    assert kstest((row + r) / (size + 2 * r), "uniform").pvalue > 0.01


def shared(d, a, b):
    """P(two pixels at distance d show one leaf) = K / (2 K(0) - K), K(d) the mean area that a disc shares with itself moved."""
    def overlap(r):
        x = min(1, d / (2 * r))
        return 2 * r * r * (np.arccos(x) - x * np.sqrt(1 - x * x))
    both = quad(lambda r: overlap(r) * r**-3, a, b, limit=200)[0]
    one = quad(lambda r: np.pi / r, a, b)[0]
    return both / (2 * one - both)


def test_neighbours_share_a_leaf_as_often_as_geometry_says():
    """Correlations of greys are these probabilities: of pixels under different leaves they are zero."""
    images = np.stack([generate(24, np.random.default_rng([5, k]), 2, 20) for k in range(600)])[..., 0].astype(float)
    centred = images - 127.5
    for d in (1, 3, 8):
        products = (centred[:, :, d:] * centred[:, :, :-d]).mean(axis=(1, 2))
        expected, error = shared(d, 2, 20) * (256**2 - 1) / 12, products.std() / np.sqrt(600)
        assert abs(products.mean() - expected) < 4 * error, f"distance {d}: {products.mean()}, {expected} expected"


def test_every_grey_is_equally_likely():
    pixels = np.array([generate(1, np.random.default_rng([6, k]))[0, 0, 0] for k in range(2000)])
    assert kstest((pixels + np.random.default_rng(0).random(2000)) / 256, "uniform").pvalue > 0.01


def test_a_wrong_size_is_refused():
    for size in (0, 2000, 3.5):
        with pytest.raises(ValueError, match="size expects a whole number from 1 to 1024"):
            data.load("dead-leaves", size=size)
    for settings, words in (({"colours": 0}, "colours expects a whole number from 1 to 3"), ({"smallest": 0}, "0 < smallest"),
                            ({"largest": np.inf}, "smallest < largest")):
        with pytest.raises(ValueError, match=words):
            dead_leaves.load(4, **settings)
