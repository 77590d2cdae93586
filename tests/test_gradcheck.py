"""The gradient check clears right pairs, catches planted mistakes by name, and knows corners from mistakes."""

import numpy as np
import pytest
from planted_pairs import (
    CONV,
    LINEAR,
    PLANTED,
    RIGHT,
    conv_backward,
    conv_forward,
    linear_backward,
    linear_forward,
    normal,
    relu_backward,
    relu_forward,
    sentence_on,
    softmax_forward,
)

from minipixel.differences import Point, digits, is_float_array
from minipixel.gradcheck import REDRAWS, check


@pytest.mark.parametrize(("forward", "backward", "inputs"), [row[1:] for row in RIGHT], ids=[row[0] for row in RIGHT])
@pytest.mark.parametrize("rng", [0, 1, 2])
def test_right_pairs_pass_with_room(forward, backward, inputs, rng):
    result = check(forward, backward, inputs, rng=rng)
    assert result.ok and result and result.diagnosis == [] and result.redraws == 0, result
    assert set(result.errors) == {key for key, value in inputs.items() if is_float_array(value)}
    assert max(result.errors.values()) < 1e-9


@pytest.mark.parametrize(("forward", "backward", "inputs", "expected"), [row[1:] for row in PLANTED],
                         ids=[row[0] for row in PLANTED])
def test_planted_mistakes_are_caught_and_named(forward, backward, inputs, expected):
    result = check(forward, backward, inputs)
    assert not result.ok and not result
    for label, words in expected.items():
        assert result.errors[label[1:]] > result.tolerance
        assert words in sentence_on(result, label), str(result)
        assert f"{label}: error" in str(result)


def test_only_the_wrong_arrays_are_accused():
    result = check(linear_forward, lambda dy, c: linear_backward(dy, c) | {"W": -linear_backward(dy, c)["W"]}, LINEAR)
    assert [one.name for one in result.arrays if not one.ok] == ["W"]
    assert len(result.diagnosis) == 1


def test_a_softmax_that_returns_zeros_would_pass_with_ones():
    _, p = softmax_forward(normal(3, 5))
    dp = np.ones_like(p)
    np.testing.assert_allclose(p * (dp - (p * dp).sum(-1, keepdims=True)), 0, atol=1e-15)


def test_report_tells_where_and_how_much():
    def backward(dy, cache):
        grads = conv_backward(dy, cache)
        grads["K"][1:3, 4, 2:5] *= 3
        return grads
    result = check(conv_forward, backward, CONV)
    worst = max((abs(result.arrays[1].numeric[t, 4, f]), t, f) for t in (1, 2) for f in (2, 3, 4))
    report = str(result)
    assert "WRONG" in report and "6 of 150 entries wrong, all of them within dK[1:3, 4, 2:5]" in report
    assert f"worst at [{worst[1]}, 4, {worst[2]}]: backward says" in report
    assert "dx: error" in report and "agrees to 11 digits" in report
    assert "3 times the true gradient" in sentence_on(result, "dK")


def test_an_error_is_also_a_phrase():
    assert [digits(e) for e in (0.0, 2e-9, 1e-9, 0.05, 0.3, np.inf)] == [
        "agrees exactly", "agrees to 8 digits", "agrees to 9 digits", "agrees to 1 digit", "not one digit agrees",
        "not one digit agrees"]


@pytest.mark.parametrize("size", [1e-5, 1e-6])
def test_the_reported_error_is_the_planted_one(size):
    def backward(dy, cache):
        grads = linear_backward(dy, cache)
        grads["W"][1, 2] += size * np.abs(grads["W"]).max()
        return grads
    result = check(linear_forward, backward, LINEAR)
    assert not result and result.errors["W"] == pytest.approx(size, rel=1e-3)
    assert result.arrays[1].wrong.sum() == 1 and result.arrays[1].wrong[1, 2]


# --- corners: points where a ReLU has no derivative ---


def deep_forward(x, W):
    return relu_forward(x @ W)[0], (x, W)


def deep_backward(dy, cache):
    x, W = cache
    da = relu_backward(dy, x @ W)["x"]
    return {"x": da @ W.T, "W": x.T @ da}


@pytest.mark.parametrize("at", [0.0, 1e-7, -1e-6, 2.5e-6])
def test_a_relu_at_its_corner_is_drawn_again(at):
    x = normal(3, 5)
    x[1, 2] = at
    result = check(relu_forward, relu_backward, {"x": x})
    assert result.ok and result.redraws == 1, result
    assert "the point was drawn again 1 time," in str(result)
    assert x[1, 2] == at


def test_corners_inside_a_network_are_drawn_again():
    x, W = normal(3, 4), normal(4, 5)
    x[1] = 0
    result = check(deep_forward, deep_backward, {"x": x, "W": W})
    assert result.ok and result.redraws >= 1, result


def test_corners_do_not_hide_a_mistake():
    x, W = normal(3, 4), normal(4, 5)
    x[1] = 0
    def backward(dy, cache):
        grads = deep_backward(dy, cache)
        return grads | {"W": -grads["W"]}
    result = check(deep_forward, backward, {"x": x, "W": W})
    assert not result and result.redraws >= 1 and "wrong sign" in sentence_on(result, "dW")


def test_a_smooth_mistake_is_no_corner():
    x = 100 * normal(3, 5)
    wrong = check(lambda x: (x ** 3, x), lambda dy, x: {"x": 3.0001 * x * x * dy}, {"x": x})
    assert not wrong and wrong.redraws == 0
    assert check(lambda x: (x ** 3, x), lambda dy, x: {"x": 3 * x * x * dy}, {"x": x})


def test_corners_that_stay_are_said(monkeypatch):
    monkeypatch.setattr(Point, "redraw", lambda self, rng: None)
    result = check(relu_forward, relu_backward, {"x": np.zeros((2, 3))})
    assert not result and result.redraws == REDRAWS and "forward has a corner" in sentence_on(result, "dx")


def test_what_is_rounded_is_not_of_the_wrong_sign():
    result = check(lambda x: (np.tanh(x), np.tanh(x)), lambda dy, y: {"x": dy * (1 - y**2) * (1 + 3e-7)}, {"x": normal(3, 4)})
    assert not result and "right but for the last digits" in sentence_on(result, "dx")


def test_near_the_edge_of_the_domain_smaller_steps_are_taken():
    p = np.abs(normal(3, 4)) + 0.1
    p[0, 0] = 5e-5
    with np.errstate(invalid="ignore"):
        assert check(lambda x: (np.sqrt(x), x), lambda dy, x: {"x": dy / (2 * np.sqrt(x))}, {"x": p}, tolerance=2e-3)
        p[0, 0] = 1e-9
        result = check(lambda x: (np.sqrt(x), x), lambda dy, x: {"x": dy / (2 * np.sqrt(x))}, {"x": p})
    assert not result and "choose a point farther from the edge of its domain" in sentence_on(result, "dx")
    assert "[0, 0]" in str(result)


def test_what_backward_changed_does_not_accuse_others():
    def backward(dy, cache):
        x, W = cache
        grads = {"x": dy @ W.T, "W": x.T @ dy}
        x *= 2
        return grads

    result = check(lambda x, W: (x @ W, (x, W)), backward, {"x": normal(3, 4), "W": normal(4, 5)})
    assert result.diagnosis == ["backward changed x: it may write only into arrays that it made."]
