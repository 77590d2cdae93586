"""From coarse to fine: the Haar split is orthonormal and invertible, and the likelihood is that of the image itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_fields import log_normal, residuals, set_linear

from minipixel.densities import Multiscale
from minipixel.densities.multiscale import HAAR, join, split


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_the_haar_matrix_is_orthonormal():
    np.testing.assert_array_equal(HAAR @ HAAR.T, np.eye(4))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
def test_a_split_keeps_lengths_and_can_be_undone(N, H, W, C):
    v = noise(N, 2 * H, 2 * W, C)
    low, high = split(v)
    assert low.shape == (N, H, W, C) and high.shape == (N, H, W, 3 * C)
    np.testing.assert_allclose(join(low, high), v, atol=1e-14)
    assert (low**2).sum() + (high**2).sum() == pytest.approx((v**2).sum(), rel=1e-12)


def test_the_coefficients_by_hand():
    v = np.array([[1.0, 2], [3, 7]]).reshape(1, 2, 2, 1)
    low, high = split(np.concatenate([v, 10 * v], axis=3))
    np.testing.assert_array_equal(low[0, 0, 0], [6.5, 65])
    # columns (1 - 2 + 3 - 7) / 2, rows (1 + 2 - 3 - 7) / 2, diagonals (1 - 2 - 3 + 7) / 2
    np.testing.assert_array_equal(high[0, 0, 0], [-2.5, -25, -3.5, -35, 1.5, 15])


def linear(colours, splits, gain=1):
    model = Multiscale(colours, 256, splits, 3, 3, components=2, scales=1, features=3)
    return model, [set_linear(field, seed, gain) for seed, field in enumerate([*model.fields, model.coarsest])]


def all_residuals(v, model, linear):
    """From fine to coarse, the residuals of all coefficients, each made unit variance: a linear map of the image."""
    found = []
    for field, (A, precision) in zip(model.fields, linear):
        v, high = split(v)
        left = residuals(high, A[:, :high.shape[3] * len(field.taps)], field.taps)
        left += residuals(v, A[:, high.shape[3] * len(field.taps):], field.context_taps, own=0)
        found.append(left @ np.linalg.cholesky(precision))
    A, precision = linear[-1]
    found.append(residuals(v, A, model.coarsest.taps) @ np.linalg.cholesky(precision))
    return np.concatenate([left.reshape(len(left), -1) for left in found], axis=1)


@pytest.mark.parametrize(("colours", "splits"), [(1, 1), (1, 2), (3, 1)])
def test_a_gaussian_image_has_its_analytic_likelihood(colours, splits):
    """Linear conditionals at every scale make the 4x4 image one Gaussian, in pixels: its log-determinant is all there is."""
    model, known = linear(colours, splits)
    v = noise(5, 4, 4, colours)
    expected = log_normal(v, lambda v: all_residuals(v, model, known), np.eye(1))
    np.testing.assert_allclose(model.log_v(v), expected, atol=1e-10)


def test_a_fit_to_a_gaussian_image_reaches_its_likelihood(monkeypatch):
    """Within 0.01 bits a pixel of the analytic density, on fresh images, border included."""
    model, known = linear(1, 2, gain=0.5)
    monkeypatch.setattr(Multiscale, "limits", (-np.inf, np.inf))
    monkeypatch.setattr(model, "images", lambda v: v)
    found = Multiscale(1, 256, 2, 3, 3, components=2, scales=1, features=3)
    for field, y, context in found.scales(model.sample(150, 32, 32, 1)):
        field.fit(y, context, samples=5000, iterations=20)
    fresh = model.sample(300, 4, 4, 2)
    lacks = log_normal(fresh, lambda v: all_residuals(v, model, known), np.eye(1)) - found.log_v(fresh)
    assert abs(lacks.mean()) / 16 / np.log(2) < 0.01


def test_a_split_that_is_not_orthonormal_would_show(monkeypatch):
    """With the plain mean as low-pass, and no Jacobian for it, the likelihood is wrong by log 2 for each block."""
    model, known = linear(1, 1)
    v = noise(3, 4, 4, 1)
    monkeypatch.setattr("minipixel.densities.multiscale.HAAR", np.diag([0.5, 1, 1, 1]) @ HAAR)
    expected = log_normal(v, lambda v: all_residuals(v, model, known), np.eye(1))
    np.testing.assert_allclose(model.log_v(v) - expected, 4 * np.log(2), rtol=1e-9)


def test_samples_have_white_residuals(monkeypatch):
    """Before they are cut to the scale and rounded to levels."""
    model, known = linear(1, 2)
    monkeypatch.setattr(Multiscale, "limits", (-np.inf, np.inf))
    monkeypatch.setattr(model, "images", lambda v: v)
    v = model.sample(2000, 4, 4, 1)
    left = all_residuals(v, model, known)
    np.testing.assert_allclose(left.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(left.T @ left / 2000, np.eye(16), atol=0.12)


def test_the_rate_counts_each_scale_with_its_share():
    """Of 64 pixels: 3 x 16 coefficients of the first split, 3 x 4 of the second, 4 of the coarsest image."""
    model, images = Multiscale(1, 256, 2, 3, 3), np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1))
    v = model.values(images, 0)
    total = 0
    for (field, y, context), count in zip(model.scales(v), (16, 4, 4)):
        x, inner = field.samples(y, context)
        total += count * field.conditional.log_p(x, inner).mean()
    assert model.rate(images) == pytest.approx(total / 64 / np.log(2), rel=1e-12)


def test_fit_and_sample():
    walks = noise(30, 32, 32, 1).cumsum(axis=1).cumsum(axis=2)
    images = np.clip(128 + 6 * walks, 0, 255).astype(np.uint8)
    model = Multiscale(1, 256, 2, 3, 3, components=2, scales=2, features=2)
    before = model.rate(images[25:])
    histories = model.fit(images[:20], images[20:25], iterations=15)
    assert len(histories) == 3 and model.rate(images[25:]) > before + 1
    drawn = model.sample(2, 8, 12, rng=1)
    assert drawn.shape == (2, 8, 12, 1) and 0 <= drawn.min() <= drawn.max() <= 255
    assert np.abs(np.diff(drawn, axis=2)).mean() < 60


def test_samples_do_not_leave_the_scale(monkeypatch):
    """Cut at every split: what the coarse image may hold, twice the range of the finer one, and no more."""
    model, _ = linear(1, 2)
    for field in (*model.fields, model.coarsest):
        field.conditional.density.params["alpha"][...] = -6
    seen = []
    monkeypatch.setattr(model, "images", lambda v: v)
    for field in model.fields:
        monkeypatch.setattr(field, "sample", lambda n, H, W, rng, context, sample=field.sample:
                            seen.append(np.abs(context).max()) or sample(n, H, W, rng, context))
    assert np.abs(model.sample(50, 4, 4, 1)).max() == 0.5 and seen == [2, 1]


def test_sizes_that_do_not_divide_are_refused():
    model = Multiscale(1, 256, 2)
    with pytest.raises(ValueError, match="2 splits, images of 16x16: an image of 4x4 has no pixel .* at least 5x5 expected"):
        model.fit(np.zeros((2, 16, 16, 1), int))
    for call in (lambda: model.nll(np.zeros((1, 10, 8, 1), int)), lambda: model.sample(1, 10, 8)):
        with pytest.raises(ValueError, match="2 splits expects height and width that divide by 4, got 10x8"):
            call()


def test_samples_have_whole_sizes():
    for words, sizes in (("number of samples", (0, 8, 8)), ("height", (1, 0, 8)), ("width", (1, 8, 8.0))):
        with pytest.raises(ValueError, match=f"{words} expects a whole number of at least 1"):
            Multiscale(1, 256, 2).sample(*sizes)


def test_what_it_says_of_an_image_does_not_depend_on_its_place_in_a_batch():
    model = Multiscale(1, 16, 1, 3, 3, components=1, scales=1, features=0)
    x = np.random.default_rng(0).integers(0, 16, (3, 8, 8, 1))
    np.testing.assert_allclose(model.nll(x)[1:2], model.nll(x[1:2]), rtol=1e-12)
    np.testing.assert_allclose(model.nll(x[::-1]), model.nll(x)[::-1], rtol=1e-12)
