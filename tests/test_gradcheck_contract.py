"""The gradient check says in a sentence where a pair breaks its contract, and leaves everything as it found it."""

import numpy as np
import pytest
from planted_pairs import (
    CELL,
    LINEAR,
    cell_backward,
    cell_forward,
    linear_backward,
    linear_forward,
    loss_backward,
    loss_forward,
    normal,
    relu_backward,
    relu_forward,
    sentence_on,
    tanh_forward,
)

from minipixel.gradcheck import check


def test_backward_without_a_dict():
    result = check(linear_forward, lambda dy, c: (dy, dy), LINEAR)
    assert not result and "must return a dict {argument: gradient}, got a tuple of 2" in result.diagnosis[0]
    assert result.errors == {"x": np.inf, "W": np.inf, "b": np.inf}


def test_wrong_names():
    result = check(linear_forward, lambda dy, c: {f"d{k}": g for k, g in linear_backward(dy, c).items()}, LINEAR)
    assert not result
    assert "expected ['x', 'W', 'b'], got ['dx', 'dW', 'db']" in result.diagnosis[0]


def test_a_missing_and_a_superfluous_name():
    def backward(dy, cache):
        grads = linear_backward(dy, cache)
        return {"x": grads["x"], "W": grads["W"], "taps": None}
    result = check(linear_forward, backward, LINEAR)
    assert not result and "missing ['b']; not asked for ['taps']" in result.diagnosis[0]
    assert result.errors["W"] < 1e-9 and result.errors["b"] == np.inf


def test_none_for_a_gradient():
    result = check(linear_forward, lambda dy, c: linear_backward(dy, c) | {"W": None}, LINEAR)
    assert not result and "the gradient of W must be an array of real numbers, got NoneType" in result.diagnosis[0]


def test_wrong_shape_without_an_explanation():
    result = check(linear_forward, lambda dy, c: linear_backward(dy, c) | {"W": np.ones((7, 2))}, LINEAR)
    assert not result and result.diagnosis == ["dW: shape (7, 2), expected (4, 5)."]
    assert result.errors["W"] == np.inf and "dW: error inf" in str(result)


def test_nan():
    def backward(dy, cache):
        grads = linear_backward(dy, cache)
        grads["W"][2, 1] = np.nan
        return grads
    result = check(linear_forward, backward, LINEAR)
    assert not result and "NaN or inf in 1 of 20 entries" in sentence_on(result, "dW")
    assert "all of them within dW[2, 1]" in str(result)


def test_nan_in_the_forward():
    with np.errstate(invalid="ignore"):
        result = check(lambda x: (np.log(x), x), lambda dy, x: {"x": dy / x}, {"x": normal(3, 5)})
    assert not result and "output 0 of forward has NaN or inf in" in result.diagnosis[0]


def test_overwriting_dy_is_impure():
    def backward(dy, x):
        dy *= x > 0
        return {"x": dy}
    result = check(relu_forward, backward, {"x": normal(3, 5)})
    assert result.errors["x"] < 1e-9 and not result and "backward changed dy" in result.diagnosis[0]


def test_overwriting_the_cache_is_impure():
    def backward(dy, y):
        y *= -y
        y += 1
        return {"x": dy * y}
    result = check(tanh_forward, backward, {"x": normal(3, 5)})
    assert result.errors["x"] < 1e-9 and not result and "changed its cache" in result.diagnosis[0]


def test_overwriting_an_input_is_impure():
    def backward(dy, cache):
        grads = linear_backward(dy, cache)
        cache[1][...] = 0
        return grads
    result = check(linear_forward, backward, LINEAR)
    assert not result and "backward changed W" in result.diagnosis[0]

    def forward(x):
        x *= 2
        return x, None
    result = check(forward, lambda dy, cache: {"x": 2 * dy}, {"x": normal(3, 5)})
    assert not result and "forward changed x" in result.diagnosis[0]


def test_a_forward_that_draws_is_not_a_function():
    draw = np.random.default_rng(0)
    result = check(lambda x: (x * draw.random(), x), lambda dy, x: {"x": dy}, {"x": normal(3, 5)})
    assert not result and "other numbers when called again" in result.diagnosis[0]


def test_a_forward_without_a_cache():
    result = check(lambda x: 2 * x, lambda dy, x: {"x": 2 * dy}, {"x": normal(3, 5)})
    assert not result and "forward must return a pair y, cache, got an array of shape (3, 5)" in result.diagnosis[0]


def test_a_loss_backward_that_wants_dy():
    result = check(loss_forward, lambda dy, cache: loss_backward(cache), {"a": normal(3, 5), "k": np.array([4, 0, 2])})
    assert not result and "backward is called as backward(cache)" in result.diagnosis[0]


def test_a_forward_that_returns_its_input():
    assert check(lambda x: (x, None), lambda dy, cache: {"x": dy}, {"x": normal(3, 5)})


def test_wrong_inputs_are_the_callers_mistake():
    with pytest.raises(ValueError, match="missing a required argument: 'b'"):
        check(linear_forward, linear_backward, {"x": LINEAR["x"], "W": LINEAR["W"]})
    with pytest.raises(ValueError, match="NaN or inf in x"):
        check(relu_forward, relu_backward, {"x": np.full((2, 3), np.nan)})
    with pytest.raises(ValueError, match="at least one float array"):
        check(relu_forward, relu_backward, {"x": np.ones((2, 3), int)})


def test_an_exercise_not_yet_written_says_so_itself():
    def backward(dy, cache):
        raise NotImplementedError("exercise 2")
    with pytest.raises(NotImplementedError, match="exercise 2"):
        check(linear_forward, backward, LINEAR)


def test_float32_inputs_are_checked_in_float64():
    narrow = {name: value.astype(np.float32) for name, value in LINEAR.items()}
    result = check(linear_forward, linear_backward, narrow)
    assert result and max(result.errors.values()) < 1e-9
    assert all(value.dtype == np.float32 for value in narrow.values())


def test_a_backward_in_float32_is_named():
    def backward(dy, cache):
        return linear_backward(dy, cache) | {"W": linear_backward(dy, cache)["W"].astype(np.float32)}
    result = check(linear_forward, backward, LINEAR)
    assert not result and "the gradient of W comes in float32" in result.diagnosis[0]
    result = check(lambda x: (x.astype(np.float32), None), lambda dy, cache: {"x": dy}, {"x": normal(3, 5)})
    assert not result and "output 0 of forward is float32" in result.diagnosis[0]


def test_inputs_are_left_alone_and_nothing_is_printed(capsys):
    inputs = {name: value.copy() for name, value in CELL.items()}
    check(cell_forward, cell_backward, inputs)
    check(cell_forward, lambda dy, c: cell_backward(dy, c, through_c=0), inputs)
    assert all(np.array_equal(inputs[name], CELL[name]) for name in CELL)
    assert capsys.readouterr() == ("", "")
