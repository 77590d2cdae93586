"""Mixtures of Gaussian scale mixtures: expectation maximisation only climbs, and what it finds is a density."""

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal, norm

from minipixel.densities import GSM
from minipixel.densities import gsm as module


def heavy(n, M=3, seed=0):
    """Samples of a scale mixture with a shape, around a centre."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, M)) * np.exp(rng.normal(size=(n, 1))) @ (np.eye(M) + np.linspace(0, 1, M * M).reshape(M, M)) + 5


def two_clusters(n, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.3
    return np.where(first[:, None], rng.normal(size=(n, 2)) * [3, 0.3] - 4, rng.normal(size=(n, 2)) * [0.5, 2] + 3)


@pytest.mark.parametrize(("components", "scales"), [(1, 1), (1, 4), (3, 1), (3, 4)])
@pytest.mark.parametrize("data", [heavy, two_clusters])
def test_the_likelihood_never_falls(data, components, scales):
    density = GSM(data(10).shape[1], components, scales)
    history = density.fit(data(1500), iterations=40, tolerance=-np.inf)
    assert len(history) == 41
    assert np.diff(history).min() > -1e-10
    np.testing.assert_allclose(density.params["L"][:, 0, 0], 1)
    np.testing.assert_allclose(np.exp(density.params["eta"]).sum(), 1)


def test_each_half_of_an_iteration_climbs():
    y, density = heavy(1000), GSM(3, 2, 3)
    density.fit(y, iterations=1)
    last = density.log_p(y).mean()
    for _ in range(10):
        for half in (density.change_scales, density.change_shapes):
            half(y)
            assert density.log_p(y).mean() > last - 1e-12
            last = density.log_p(y).mean()


def test_a_wrong_half_falls(monkeypatch):
    """The scale precision without the number of dimensions, as it is easily forgotten."""
    y, density = heavy(1000), GSM(3, 1, 3)
    density.fit(y, iterations=5)
    before = density.log_p(y).mean()
    monkeypatch.setattr(density, "outputs", 1)
    density.change_scales(y)
    monkeypatch.undo()
    assert density.log_p(y).mean() < before - 0.01


def test_one_component_of_one_scale_is_the_gaussian():
    y = heavy(800)
    density = GSM(3, 1, 1)
    density.fit(y, iterations=3)
    np.testing.assert_allclose(density.log_p(y), multivariate_normal.logpdf(y, y.mean(axis=0), np.cov(y.T, bias=True)),
                               rtol=1e-9)


def test_scales_gain_on_heavy_tails():
    gaussian, scaled = GSM(3, 1, 1), GSM(3, 1, 5)
    for density in (gaussian, scaled):
        density.fit(heavy(4000), iterations=100)
    test = heavy(2000, seed=1)
    assert scaled.log_p(test).mean() > gaussian.log_p(test).mean() + 0.5


def test_components_find_clusters():
    density = GSM(2, 2, 1)
    density.fit(two_clusters(3000), iterations=200)
    order = np.argsort(density.params["u"][:, 0])
    np.testing.assert_allclose(density.params["u"][order], [[-4, -4], [3, 3]], atol=0.2)
    np.testing.assert_allclose(np.exp(density.params["eta"])[order, 0], [0.3, 0.7], atol=0.03)


def test_it_integrates_to_one():
    density = GSM(2, 2, 2)
    density.fit(two_clusters(500), iterations=20)
    line = np.arange(-30, 30, 0.1)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    assert abs(np.exp(density.log_p(grid)).sum() * 0.01 - 1) < 1e-6


def test_samples_follow_the_density():
    density = GSM(1, 2, 2)
    density.fit(heavy(1000, 1), iterations=20)
    weights = np.exp(density.params["eta"]).ravel()
    spread, centre = np.exp(-0.5 * density.params["alpha"]).ravel(), np.repeat(density.params["u"][:, 0], 2)
    y = density.sample(4000, 1)
    assert y.shape == (4000, 1)
    assert kstest(y[:, 0], lambda t: norm.cdf(np.asarray(t)[..., None], centre, spread) @ weights).pvalue > 0.01


def test_threads_and_pieces_change_nothing(monkeypatch):
    fits = []
    for threads in (1, 2):
        monkeypatch.setattr(module, "pieces", lambda n, eta: [slice(k, k + 300) for k in range(0, n, 300)])
        density = GSM(3, 2, 2, threads=threads)
        fits.append(density.fit(heavy(1000), iterations=5))
    assert fits[0] == fits[1]


def test_a_component_without_samples_keeps_its_shape():
    """Eight components for twelve samples: no shape collapses onto the few samples that it has."""
    density = GSM(2, 8, 3)
    history = density.fit(two_clusters(12), iterations=50)
    assert np.isfinite(history).all() and all(np.isfinite(density.params[name]).all() for name in ("alpha", "L", "u"))


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_value_that_many_samples_share(share):
    """A scale that is left to these alone would have no width."""
    y = heavy(1000)
    y[:round(share * len(y))] = 0
    density = GSM(y.shape[1], 2, 3)
    history = density.fit(y)
    assert np.isfinite(history).all() and history[-1] > history[0] and np.isfinite(density.log_p(y)).all()


def test_the_doors():
    with pytest.raises(ValueError, match=r"y of shape \(n, 3\), got \(4, 2\)"):
        GSM(3).log_p(np.zeros((4, 2)))
    with pytest.raises(ValueError, match="more samples than its 3 dimensions, got 3"):
        GSM(3).fit(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="y to vary in all 3 directions"):
        GSM(3).fit(heavy(100)[:, [0, 1, 1]])
    with pytest.raises(ValueError, match="GSM expects samples y of finite numbers, got NaN or inf"):
        GSM(3).fit(np.full((9, 3), np.nan))
    with pytest.raises(ValueError, match="number of samples expects a whole number of at least 0, got -1"):
        GSM(3).sample(-1, 0)
    with pytest.raises(ValueError, match="scales expects a whole number of at least 1, got 0"):
        GSM(3, 1, 0)
