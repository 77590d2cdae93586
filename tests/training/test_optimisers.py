"""The optimisers against their formulas, written for one number at a time."""

import math

import numpy as np
import pytest

from minipixel.training.optimisers import OPTIMISERS, average, clip_norm

GRADIENTS = [0.5, -2.0, 3.0, 0.0, -1e-3]
RATE = 0.1


def sgd(gradients):
    w = v = 0.0
    for g in gradients:
        v = 0.9 * v + g
        w -= RATE * v
    return w


def rmsprop(gradients):
    w = s = 0.0
    for g in gradients:
        s = 0.95 * s + 0.05 * g ** 2
        w -= RATE * g / (math.sqrt(s) + 1e-8)
    return w


def adam(gradients):
    w = 0.0
    for t in range(1, len(gradients) + 1):
        m = sum(0.1 * 0.9 ** (t - k) * g for k, g in enumerate(gradients[:t], 1)) / (1 - 0.9 ** t)
        s = sum(0.001 * 0.999 ** (t - k) * g * g for k, g in enumerate(gradients[:t], 1)) / (1 - 0.999 ** t)
        w -= RATE * m / (math.sqrt(s) + 1e-8)
    return w


FORMULAS = {"sgd": sgd, "rmsprop": rmsprop, "adam": adam}


def run(name, dtype=np.float64):
    params = {"a.K": np.zeros((2, 3), dtype), "a.b": np.zeros(2, dtype)}
    live = dict(params)
    optimiser = OPTIMISERS[name](params)
    for step, g in enumerate(GRADIENTS, 1):
        grads = {"a.K": np.full((2, 3), g, dtype), "a.b": np.array([g, -2 * g], dtype)}
        optimiser.update(params, grads, RATE, step)
        assert (grads["a.K"] == dtype(g)).all(), "the gradients are the caller's"
    assert all(params[key] is live[key] for key in live), "parameters are changed in place"
    return params, optimiser


def test_each_has_its_formula():
    assert set(FORMULAS) == set(OPTIMISERS)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_formula(name):
    params, _ = run(name)
    formula = FORMULAS[name]
    np.testing.assert_allclose(params["a.K"], formula(GRADIENTS), rtol=1e-12)
    np.testing.assert_allclose(params["a.b"], [formula(GRADIENTS), formula([-2 * g for g in GRADIENTS])], rtol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_float32_stays_float32(name):
    params, optimiser = run(name, np.float32)
    assert {value.dtype for value in (*params.values(), *optimiser.slots.values())} == {np.dtype(np.float32)}
    np.testing.assert_allclose(params["a.K"], FORMULAS[name](GRADIENTS), rtol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_slots_are_all_that_is_remembered(name):
    """Another optimiser with the same slots goes on in the same way, to the bit."""
    params, optimiser = run(name)
    other_params = {key: value.copy() for key, value in params.items()}
    other = OPTIMISERS[name](other_params)
    for key, value in optimiser.slots.items():
        assert key.split("/")[1] in params
        other.slots[key][...] = value
    for p, o in ((params, optimiser), (other_params, other)):
        o.update(p, {key: np.ones(value.shape) for key, value in p.items()}, RATE, len(GRADIENTS) + 1)
    for key, value in params.items():
        np.testing.assert_array_equal(value, other_params[key])


def test_adams_first_step_is_the_rate():
    params = {"w": np.zeros(3)}
    OPTIMISERS["adam"](params).update(params, {"w": np.array([1e-3, -5.0, 1e4])}, RATE, 1)
    np.testing.assert_allclose(params["w"], [-RATE, RATE, -RATE], rtol=1e-4)


def test_clipping_scales_the_common_norm_and_keeps_the_direction():
    grads = {"a": np.array([3.0, 0]), "b": np.array([[4.0]])}
    clip_norm(grads, 1.0)
    np.testing.assert_allclose(grads["a"], [0.6, 0], rtol=1e-11)
    np.testing.assert_allclose(grads["b"], [[0.8]], rtol=1e-11)


@pytest.mark.parametrize("limit", [0, 5.1, 1e9])
def test_no_clipping_without_a_limit_or_below_it(limit):
    grads = {"a": np.array([3.0, 0]), "b": np.array([[4.0]])}
    clip_norm(grads, limit)
    assert grads["a"].tolist() == [3, 0] and grads["b"].tolist() == [[4]]


def test_gradients_of_zero_are_clipped_to_zero():
    grads = {"a": np.zeros(3)}
    clip_norm(grads, 1.0)
    assert grads["a"].tolist() == [0, 0, 0]


def test_every_entry_has_its_own_gradient():
    """An update is computed on one vector of all parameters: each part goes back to its place, whatever order grads have."""
    rng, params = np.random.default_rng(0), {"K": np.zeros((2, 3)), "b": np.zeros(2), "c": np.zeros((1, 2, 2))}
    optimiser = OPTIMISERS["sgd"](params)
    drawn = [{name: rng.standard_normal(params[name].shape) for name in ("c", "K", "b")} for _ in range(3)]
    for step, grads in enumerate(drawn, 1):
        optimiser.update(params, grads, RATE, step)
    for name, value in params.items():
        for place in np.ndindex(value.shape):
            assert value[place] == pytest.approx(sgd([grads[name][place] for grads in drawn]))
            assert optimiser.slots[f"velocity/{name}"][place] == pytest.approx(
                sum(0.9 ** (2 - k) * grads[name][place] for k, grads in enumerate(drawn)))


def test_the_average_goes_a_part_of_the_way():
    rng = np.random.default_rng(0)
    params = {"K": rng.standard_normal((2, 3)), "b": rng.standard_normal(2)}
    averaged = {name: rng.standard_normal(value.shape) for name, value in params.items()}
    before, live = {name: value.copy() for name, value in averaged.items()}, dict(averaged)
    average(averaged, params, 0.9)
    for name, value in averaged.items():
        assert value is live[name]
        np.testing.assert_allclose(value, 0.9 * before[name] + 0.1 * params[name])
