"""L-BFGS: it goes down, stops where validation says, and leaves the best behind."""

from functools import partial

import numpy as np
import pytest

from minipixel.densities import MCGSM
from minipixel.densities.fitting import curvature, lbfgs, pack, unpack
from minipixel.densities.whitening import Whitened


def data(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    return x, x[:, :1] * 0.5 + rng.normal(size=(n, 1)) * np.exp(rng.normal(size=(n, 1)))


def test_the_likelihood_grows():
    density, told = MCGSM(4, 1, 2, 3, 4), []
    before = -density.log_p(*data(1000)).mean()
    history = lbfgs(density, *data(1000), tell=told.append, iterations=30)
    assert told in (history[1:], history[1:-1])
    assert history[0] == {"step": 0, "train": pytest.approx(before)} and history[-1]["train"] < before - 0.1
    assert -density.log_p(*data(1000)).mean() < min(entry["train"] for entry in history) + 1e-3


def test_validation_ends_a_fit_and_keeps_the_best():
    """Forty samples and hundreds of parameters: what is learned soon harms others."""
    density, validation = MCGSM(4, 1, 8, 4, 8).initialise(*data(40)), data(500, seed=1)
    history = lbfgs(density, *data(40), validation, iterations=1000, patience=4)
    losses = [entry["validation"] for entry in history]
    assert len(history) < 200 and np.argmin(losses) == len(losses) - 5 and losses[-1] > min(losses)
    assert -density.log_p(*validation).mean() == min(losses)


def test_a_start_that_is_the_best_is_kept():
    """The truth, fitted to 40 of its samples: whatever comes later is worse for others."""
    x = np.random.default_rng(0).normal(size=(3040, 2))
    truth = MCGSM(2, 1, 2, 1, 2, rng=0)
    y = truth.sample(x, 1)
    before, start = truth.log_p(x[40:], y[40:]), {name: value.copy() for name, value in truth.params.items()}
    history = lbfgs(truth, x[:40], y[:40], (x[40:], y[40:]), patience=3)
    assert history[0]["step"] == 0 and min(entry["validation"] for entry in history[1:]) > history[0]["validation"]
    assert history[0]["validation"] == pytest.approx(-before.mean())
    for name, value in start.items():
        np.testing.assert_allclose(truth.params[name], value, rtol=1e-14)


def test_who_is_told_may_end_a_fit():
    told = []
    history = lbfgs(MCGSM(4, 1, 2, 3, 4), *data(1000), tell=lambda entry: told.append(entry) or len(told) == 2)
    assert [entry["step"] for entry in history] == [0, 5, 10]


def test_no_iterations_are_refused():
    for wrong in ({"every": 0}, {"patience": 0}):
        with pytest.raises(ValueError, match="expects a whole number of at least 1, got 0"):
            lbfgs(MCGSM(4, 1), *data(100), **wrong)
    with pytest.raises(ValueError, match="iterations expects a whole number of at least 1, got 0"):
        lbfgs(MCGSM(4), *data(100), iterations=0)


def test_one_vector_and_back():
    density = MCGSM(3, 2, 2, 2, 5)
    vector = np.arange(float(pack(density.params).size))
    unpack(vector, density)
    np.testing.assert_array_equal(pack(density.params), vector)
    assert density.params["alpha"][0, 0] == density.params["eta"].size


def test_curvature_is_the_information_of_a_sample():
    """y = x + noise of precision 100: a prediction's information is e E x^2, a log precision's 1/2; what does nothing has 1."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 2)) * 3
    y = x[:, :1] + rng.normal(size=(20_000, 1)) / 10
    density = MCGSM(2, 1, 1, 1, 1)
    density.put({"a": [[[1, 0]]], "alpha": [[np.log(100)]], "beta": [[0]]})
    units = density.params | dict(zip(density.params, np.split(curvature(density, x, y), [1, 2, 3, 5])))
    np.testing.assert_allclose(units["a"], np.sqrt(100 * 9), rtol=0.2)
    np.testing.assert_allclose(units["alpha"], np.sqrt(0.5), rtol=0.2)
    np.testing.assert_array_equal([*units["eta"], *units["beta"], *units["b"]], 1)


def test_a_fit_does_not_feel_the_units_of_its_parameters():
    """Inputs a thousand times larger, predictors a thousand times smaller: the same iterations."""
    x, y = data(600)
    losses = []
    for factor in (1, 1000):
        density = MCGSM(4, 1, 2, 2, 3).initialise(factor * x, y)
        losses.append([entry["train"] for entry in lbfgs(density, factor * x, y, iterations=20)])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)


def test_the_gauge_is_kept():
    rng = np.random.default_rng(0)
    density = MCGSM(3, 2, 2, 2, 3)
    density.fit(rng.normal(size=(300, 3)), rng.normal(size=(300, 2)) @ [[2, 1], [0, 3]], iterations=20)
    np.testing.assert_array_equal(density.params["L"][:, 0, 0], 1)
    np.testing.assert_array_equal(density.params["L"][:, 0, 1], 0)


def test_the_same_seed_gives_the_same_fit():
    first, second = MCGSM(4, 1, 2, 2, 2), MCGSM(4, 1, 2, 2, 2, rng=9)
    for density in (first, second):
        density.fit(*data(500), data(100, 1), rng=3, iterations=15)
    np.testing.assert_array_equal(pack(first.params), pack(second.params))


@pytest.mark.parametrize(("validation", "got"), [((np.zeros((0, 4)), np.zeros((0, 1))), "none"),
                                                 ((np.zeros((3, 4)), np.full((3, 1), np.nan)), "NaN or inf")])
def test_validation_that_judges_nothing(validation, got):
    with pytest.raises(ValueError, match=f"to validate of finite numbers, got {got}"):
        lbfgs(MCGSM(4, 1), *data(100), validation)


@pytest.mark.parametrize(("validation", "got"), [(np.zeros((3, 4)), "ndarray"), ((np.zeros((3, 4)),), "1 of them")])
def test_validation_is_a_pair(validation, got):
    for fit in (partial(lbfgs, MCGSM(4, 1)), Whitened(MCGSM(4, 1)).fit):
        with pytest.raises(ValueError, match=rf"expects validation data \(x, y\), got {got}"):
            fit(*data(100), validation)


def test_a_start_that_is_no_density():
    density = MCGSM(4, 1)
    density.params["alpha"][...] = 1e4
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="a start of finite loss"):
        lbfgs(density, *data(100))


@pytest.mark.parametrize("inputs", [0, 4])
def test_values_that_a_fifth_of_the_samples_share(inputs):
    """No noise in them: their density has no limit."""
    x, y = data(500)
    x[:100], y[:100] = 0, 0
    with pytest.raises(ValueError, match="no error at all: where many share a value, add noise"):
        MCGSM(inputs, 1).fit(x[:, :inputs], y, iterations=5)
