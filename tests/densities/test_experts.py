"""The start of an MCGSM's experts: each step is one of expectation maximisation, and few samples do not capture an expert."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from minipixel.densities.experts import experts, maximised


def two_planes(n=3000, seed=0):
    """y = x_1 in a third of the samples, with errors of 0.01; else y = -x_2, with errors of 1."""
    rng = np.random.default_rng(seed)
    x, sharp = rng.normal(size=(n, 2)), rng.random(n) < 1 / 3
    y = np.where(sharp, x[:, 0] + 0.01 * rng.normal(size=n), -x[:, 1] + rng.normal(size=n))
    return x, y[:, None]


def beginning(x, y, J=3, seed=1):
    """The linear prediction of all data with noise, and the precision's root that it leaves."""
    A = np.linalg.lstsq(x, y, rcond=None)[0].T
    left = y - x @ A.T
    noise = np.random.default_rng(seed).normal(size=(J, *A.shape)) / 10
    return A + noise, np.linalg.cholesky(np.linalg.inv(left.T @ left / len(x)))


def loss(x, y, found, L):
    """Mean of -log p(y | x) by the definition, for one output"""
    eta, alpha, A = found
    parts = [eta[c, s] + norm.logpdf(y[:, 0], x @ A[c, 0], np.exp(-alpha[c, s] / 2) / L[0, 0])
             for c in range(len(eta)) for s in range(eta.shape[1])]
    return -logsumexp(parts, axis=0).mean()


def test_two_planes_are_found():
    x, y = two_planes()
    A, L = beginning(x, y, J=2)
    eta, alpha, A = experts(x, y, A, L, 2)
    s = eta.argmax(axis=1)      # of each expert's scales, that of most samples
    c = alpha[[0, 1], s].argmax()
    np.testing.assert_allclose(A[c, 0], [1, 0], atol=0.01)
    assert 0.009 < np.exp(-alpha[c, s[c]] / 2) / L[0, 0] < 0.012
    np.testing.assert_allclose(A[1 - c, 0], [0, -1], atol=0.1)
    np.testing.assert_allclose(np.exp(eta).sum(axis=1)[c], 1 / 3, atol=0.05)


def test_every_step_is_better():
    """But for the prior's part: of ten samples in three thousand."""
    x, y = two_planes()
    start, losses = beginning(x, y), []
    for steps in range(12):
        losses.append(loss(x, y, maximised(x, y, *start, 2, steps), start[1]))
    assert (np.diff(losses) < 1e-3).all() and losses[-1] < losses[0] - 0.5


@pytest.mark.parametrize("seed", range(3))
def test_planes_with_errors_of_two_sizes_are_found_as_well_as_they_can_be(seed):
    """Four planes, errors a hundred times as large in half of the samples. All scales at once end far above."""
    rng = np.random.default_rng(seed)
    planes, x, which = rng.normal(size=(4, 1, 4)), rng.normal(size=(4000, 4)), rng.integers(4, size=4000)
    errors = rng.normal(size=4000) * np.where(rng.random(4000) < 0.5, 0.01, 1)
    y = ((x * planes[which, 0]).sum(axis=1) + errors)[:, None]
    A, L = beginning(x, y, J=4, seed=seed)
    truth = np.full((4, 2), -np.log(8)), np.tile(-2 * np.log([0.01, 1]) - 2 * np.log(L[0, 0]), (4, 1)), planes
    best = loss(x, y, truth, L)
    assert loss(x, y, experts(x, y, A, L, 2), L) < best + 0.03
    assert loss(x, y, maximised(x, y, A, L, 2, 70), L) > best + 0.15


def test_a_few_samples_without_error_do_not_take_an_expert():
    """Three samples on one line of many inputs could be predicted exactly, at any precision."""
    x, y = two_planes(300)
    x = np.concatenate([x, np.random.default_rng(5).normal(size=(300, 20))], axis=1)
    y[:3] = 5
    A, L = beginning(x, y, J=8)
    _, alpha, _ = experts(x, y, A, L, 3)
    # Not more than thirteen samples would have, of which ten are as good as the best tenth.
    best = np.quantile(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) @ L)**2, 0.1)
    assert alpha.max() < np.log(400 / best) and np.isfinite(alpha).all()


def test_without_inputs_only_scales_are_fitted():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(4000, 1)) * np.where(rng.random((4000, 1)) < 0.5, 0.1, 2)
    L = np.array([[1 / y.std()]])
    eta, alpha, A = experts(np.zeros((4000, 0)), y, np.zeros((1, 1, 0)), L, 2)
    assert A.shape == (1, 1, 0)
    np.testing.assert_allclose(np.sort(np.exp(-alpha[0] / 2) / L[0, 0]), [0.1, 2], rtol=0.1)
