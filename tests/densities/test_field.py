"""Fields: the likelihood of a Gaussian field known in closed form, causality, samples."""

import numpy as np
import pytest
from linear_fields import log_normal, residuals, set_linear
from scipy.stats import kstest

from minipixel.densities import Field


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("colours", [1, 2, 3])
def test_a_gaussian_field_has_its_analytic_likelihood(colours):
    """Linear conditionals with zeros outside make the whole image one Gaussian, whose precision is built here by loops."""
    field = Field(colours, 5, components=2, scales=1, features=3)
    A, precision = set_linear(field)
    v = noise(6, 4, 4, colours)
    expected = log_normal(v, lambda v: residuals(v, A, field.taps), precision)
    np.testing.assert_allclose(field.log_p(v), expected, atol=1e-10)


@pytest.mark.parametrize("colours", [1, 2])
def test_a_fit_to_a_gaussian_field_reaches_its_likelihood(colours):
    """Within 0.01 bits a value of the analytic density, on fresh images, border included."""
    known, found = (Field(colours, 3, components=2, scales=2, features=2) for _ in range(2))
    A, precision = set_linear(known, gain=0.5)
    v = known.sample(150, 16, 16, 1)
    found.fit(v[:120], validation=(v[120:], None), iterations=60)
    fresh = known.sample(300, 4, 4, 2)
    lacks = log_normal(fresh, lambda v: residuals(v, A, known.taps), precision) - found.log_p(fresh)
    assert abs(lacks.mean()) / fresh[0].size / np.log(2) < 0.01


def test_beside_a_context():
    """The context enters the mean: taken from the residuals, it leaves the same Gaussian."""
    field = Field(3, 3, 1, 3, components=2, scales=1, features=3)
    A, precision = set_linear(field)
    v, context = noise(5, 3, 4, 3), noise(5, 3, 4, 1, seed=1)
    split = 3 * len(field.taps)
    around = residuals(context, A[:, split:], field.context_taps, own=0)
    expected = log_normal(v, lambda v: residuals(v, A[:, :split], field.taps), precision, around)
    np.testing.assert_allclose(field.log_p(v, context), expected, atol=1e-10)


def test_inside_is_a_part_of_the_whole():
    field, v = Field(1, 3, components=2, scales=2, features=2), noise(2, 5, 6, 1)
    x, y = field.samples(v, whole=True)
    every = field.conditional.log_p(x, y).reshape(2, 5, 6)
    np.testing.assert_allclose(field.log_p(v, whole=False), every[:, 1:, 1:-1].sum(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(field.log_p(v), every.sum(axis=(1, 2)), rtol=1e-12)
    assert field.pixels_inside(5, 6) == 16


def test_what_is_read_is_what_is_earlier():
    """A changed pixel changes the inputs of later pixels only, of all within its window."""
    field, v = Field(2, 5), noise(1, 6, 7, 2)
    before = field.samples(v, whole=True)[0].reshape(6, 7, -1)
    for i, j in np.ndindex(6, 7):
        changed = v.copy()
        changed[0, i, j] += 1
        seen = (field.samples(changed, whole=True)[0].reshape(6, 7, -1) != before).any(axis=2)
        expected = {(a, b) for a in range(6) for b in range(7) if (a, b) > (i, j) and a - i <= 2 and abs(b - j) <= 2}
        assert set(zip(*np.nonzero(seen))) == expected


def test_samples_of_a_linear_field_have_white_residuals():
    field = Field(1, 3, components=1, scales=1, features=1)
    A, precision = set_linear(field)
    v = field.sample(200, 4, 5, 3)
    left = residuals(v, A, field.taps).ravel() * np.sqrt(precision[0, 0])
    assert kstest(left, "norm").pvalue > 0.01
    np.testing.assert_array_equal(field.sample(200, 4, 5, 3), v)


def test_limits_hold_what_would_run_away():
    """Each pixel is minus three times its left neighbour: without limits the last of twenty is beyond a billion."""
    field = Field(1, 3, components=1, scales=1, features=0)
    field.conditional.density.put({"a": [[[-3.0 * (tap == (0, -1)) for tap in field.taps]]], "alpha": [[5]]})
    assert np.abs(field.sample(3, 2, 20, 0)).max() > 1e6
    held = field.sample(3, 2, 20, 0, limits=(-2, 1))
    assert held.min() == -2 and held.max() == 1


def test_images_in_parts(monkeypatch):
    field, v = Field(1, 3), noise(7, 5, 5, 1)
    whole = field.log_p(v)
    monkeypatch.setattr("minipixel.densities.field.GATHERED", 300)
    np.testing.assert_allclose(field.log_p(v), whole, rtol=1e-13)


def test_a_fit_with_few_of_the_pixels():
    field, v = Field(1, 3, components=2, scales=2, features=2), noise(4, 20, 20, 1).cumsum(axis=1)
    before = field.log_p(v[:2], whole=False).mean()
    history = field.fit(v[2:], validation=(v[:2], None), samples=300, iterations=20)
    assert field.log_p(v[:2], whole=False).mean() > before and "validation" in history[0]


def test_some_of_the_pixels_are_some_of_all():
    """Rows of `samples`, each once, gathered without the others."""
    field, v, context = Field(2, 5, 1, 3, components=2, scales=1, features=1), noise(3, 9, 8, 2), noise(3, 9, 8, 1, seed=1)
    everything = np.concatenate(field.samples(v, context), axis=1)
    found = np.concatenate(field.some(v, context, 20, np.random.default_rng(2)), axis=1)
    places = [np.flatnonzero((everything == row).all(axis=1)).tolist() for row in found]
    assert [len(place) for place in places] == [1] * 20 and len({place[0] for place in places}) == 20
    np.testing.assert_array_equal(np.concatenate(field.some(v, context, 10**6, None), axis=1), everything)


@pytest.mark.parametrize("size", [1, 4, 2.5])
def test_a_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match="size expects an odd whole number of at least 3"):
        Field(1, size)


@pytest.mark.parametrize("call, words", [
    (lambda field, y, context: field.fit(y[0], context), r"Field expects y \(N, H, W, 1\), got \(6, 6, 1\)"),
    (lambda field, y, context: field.fit(y.astype(int), context), "y of floats, got int64"),
    (lambda field, y, context: field.fit(y), r"context \(N, H, W, 2\), got <class 'NoneType'>"),
    (lambda field, y, context: field.fit(y, context[:, :5]), r"\(2, 6, 6\) places as its images have, got \(2, 5, 6\)"),
    (lambda field, y, context: field.fit(y, context, (y, None)), "context"),
    (lambda field, y, context: field.fit(y, context, samples=0), "samples expects a whole number of at least 1, got 0"),
    (lambda field, y, context: field.log_p(y[..., [0, 0]], context), r"Field expects y \(N, H, W, 1\), got \(2, 6, 6, 2\)"),
    (lambda field, y, context: field.sample(2, 6, 0, 0, context), "width expects a whole number of at least 1, got 0"),
    (lambda field, y, context: field.sample(3, 6, 6, 0, context), r"\(3, 6, 6\) places as its images have, got \(2, 6, 6\)"),
    (lambda field, y, context: Field(1, 3).log_p(y, context), "made without contexts")])
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(Field(1, 3, 2, 3, components=2), noise(2, 6, 6, 1), noise(2, 6, 6, 2))
