"""Patches as vectors: a Gaussian in closed form, a fit, samples."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from minipixel.densities import Patch

PLACES = np.array([(i, j) for i in range(4) for j in range(4)])
C = 2.5 * np.exp(-np.linalg.norm(PLACES[:, None] - PLACES, axis=2) / 2)
SMALL = {"components": 2, "scales": 1, "features": 2}


def exact():
    """The conditionals of a Gaussian field of 4x4 pixels, set by hand."""
    model = Patch(16, **SMALL)
    for i, conditional in enumerate(model.conditionals):
        predictors = np.linalg.solve(C[:i, :i], C[:i, i])
        precision = 1 / (C[i, i] - C[:i, i] @ predictors)
        conditional.density.put({"a": np.tile(predictors, (2, 1, 1)), "alpha": np.full((2, 1), np.log(precision))})
    return model


def field(n, seed=0):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(16), C, n)


def test_the_conditionals_of_a_gaussian_field_give_its_likelihood():
    v = field(10)
    np.testing.assert_allclose(exact().log_p(v), multivariate_normal.logpdf(v, np.zeros(16), C), atol=1e-10)


def test_a_fit_comes_near_the_field_it_has_seen():
    model = Patch(16, **SMALL)
    histories = model.fit(field(4000), field(2000, 1), iterations=10)
    test = field(1000, 2)
    assert len(histories) == 16 and "validation" in histories[-1][-1]
    assert abs(model.log_p(test).mean() - multivariate_normal.logpdf(test, np.zeros(16), C).mean()) < 0.08


def test_samples_have_the_covariance_of_the_field():
    np.testing.assert_allclose(np.cov(exact().sample(20_000, 3).T), C, atol=0.15)


def test_wrong_patches_are_refused():
    for call in (Patch(3).log_p, Patch(3).fit, lambda v: Patch(3).fit(np.zeros((5, 3)), v)):
        with pytest.raises(ValueError, match=r"of shape \(n, 3\), got \(5, 4\)"):
            call(np.zeros((5, 4)))
