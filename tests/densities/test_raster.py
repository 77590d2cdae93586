"""Images of integers under a density: noise, units, likelihoods, samples."""

import math

import numpy as np
import pytest
from linear_fields import log_normal, residuals, set_linear

from minipixel.densities import Raster


def smooth(n, colours=1, size=16, seed=0):
    """Images of integers whose neighbours are alike."""
    walks = np.random.default_rng(seed).normal(size=(n, size, size, colours)).cumsum(axis=1).cumsum(axis=2)
    return np.clip(128 + 6 * walks, 0, 255).astype(np.uint8)


def small(colours=1, levels=256):
    return Raster(colours, levels, 3, components=2, scales=2, features=2)


def test_values_and_back():
    images = np.random.default_rng(0).integers(0, 16, (3, 4, 5, 2))
    model = small(2, 16)
    model.mean = np.array([0.3, 0.6])
    v = model.values(images, 1)
    inside = (v + model.mean) * 16 - images
    assert inside.min() >= 0 and inside.max() < 1
    np.testing.assert_array_equal(model.images(v), images)
    np.testing.assert_array_equal(model.values(images, 1), v)
    assert (model.values(images, 2) != v).all()


def test_nats_on_the_scale_of_the_levels_are_those_of_the_analytic_field():
    """The density of levels + noise in [0, 16), built from the field's by the change of variables, done by hand."""
    model = small(1, 16)
    A, precision = set_linear(model.field)
    images = np.random.default_rng(0).integers(0, 16, (5, 4, 4, 1))
    noisy = images + np.random.default_rng(7).random(images.shape)
    expected = log_normal(noisy / 16 - 0.5, lambda v: residuals(v, A, model.field.taps), precision) - 16 * math.log(16)
    np.testing.assert_allclose(model.nll(images, 7), -expected, atol=1e-10)


def test_the_rate_of_independent_noise():
    """A normal of deviation 0.1 on [0, 1] has -log2(0.1 sqrt(2 pi e)) = 1.275 bits; levels hardly count."""
    v = np.random.default_rng(0).normal(0.5, 0.1, (4, 50, 50, 1))
    images = np.clip(v * 256, 0, 255).astype(int)
    model = small()
    model.fit(images[:3], iterations=30)
    assert abs(model.rate(images[3:]) + math.log2(0.1 * math.sqrt(2 * math.pi * math.e))) < 0.05


@pytest.mark.parametrize("colours", [1, 3])
def test_a_fit_beats_what_it_started_from(colours):
    model, images = small(colours), smooth(12, colours)
    history = model.fit(images[:8], images[8:10], iterations=40)
    rate = model.rate(images[10:])
    independent = small(colours)
    independent.fit(np.random.default_rng(0).permutation(images.ravel()).reshape(images.shape), iterations=20)
    assert rate > independent.rate(images[10:]) + 1 and "validation" in history[-1]
    drawn = model.sample(3, 6, 5, rng=1, margin=2)
    assert drawn.shape == (3, 6, 5, colours) and drawn.dtype == np.int64 and 0 <= drawn.min() <= drawn.max() <= 255
    np.testing.assert_array_equal(model.sample(3, 6, 5, rng=1, margin=2), drawn)


def test_the_rate_is_the_likelihood_of_the_pixels_inside():
    model, images = small(3), smooth(2, 3, size=6)
    v = model.values(images, 0)
    log_p = model.field.log_p(v, whole=False).sum() / (2 * 5 * 4 * 3)
    assert model.rate(images) == pytest.approx(log_p / math.log(2), rel=1e-12)


@pytest.mark.parametrize(("images", "words"), [
    (np.zeros((2, 4, 4), int), r"\(N, H, W, 1\), got \(2, 4, 4\)"),
    (np.zeros((2, 4, 4, 3), int), r"got \(2, 4, 4, 3\)"),
    (np.zeros((2, 4, 4, 1)), "integer levels 0..15, got float64"),
    (np.full((2, 4, 4, 1), 16), "levels 0..15, got values from 16 to 16")])
def test_wrong_images_are_refused(images, words):
    model = small(1, 16)
    for call in (model.nll, model.rate, model.fit):
        with pytest.raises(ValueError, match=f"Raster expects .*{words}"):
            call(images)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="levels expects a whole number of at least 2, got 1"):
        Raster(1, 1)
    with pytest.raises(ValueError, match="size expects an odd whole number"):
        Raster(1, 256, 4)
