"""The gradient check clears right pairs, catches planted mistakes by name, and leaves everything as it found it."""

import numpy as np
import pytest
from planted_pairs import (
    CELL,
    CONV,
    LINEAR,
    PLANTED,
    RIGHT,
    TAPS,
    cell_backward,
    cell_forward,
    conv_backward,
    conv_forward,
    linear_backward,
    linear_forward,
    loss_backward,
    loss_forward,
    normal,
    relu_backward,
    relu_forward,
    softmax_forward,
    tanh_forward,
)

from minipixel.differences import Point, digits, is_float_array
from minipixel.gradcheck import check, check_layer, check_model


def sentence_on(result, label):
    """The sentence of the diagnosis that speaks of an array."""
    return next(text for names, _, text in (line.partition(": ") for line in result.diagnosis)
                if label in names.split(", "))


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
    assert not result and result.redraws == 5 and "forward has a corner" in sentence_on(result, "dx")


# --- the contract ---


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
    assert not result and "the gradient of W must be an array of numbers, got NoneType" in result.diagnosis[0]


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


# --- layers and models, as small as they can be ---


class Conv:
    """A layer of the right pair; `also` is a further input, added to the output."""

    def __init__(self, dtype=np.float64):
        self.params = {"part.K": CONV["K"].astype(dtype), "part.b": CONV["b"].astype(dtype)}
        self.inner = [self.params["part.K"]]
        self.sign = 1

    def forward(self, x, also=None):
        y, cache = conv_forward(x, self.inner[0], self.params["part.b"], TAPS)
        return y if also is None else y + also, (cache, also)

    def backward(self, dy, cache):
        grads = conv_backward(dy, cache[0])
        further = {} if cache[1] is None else {"also": 1.0 * dy}
        return grads["x"], {"part.K": self.sign * grads["K"], "part.b": grads["b"]} | further


class Model:
    """Two levels, a logit a pixel from one convolution: enough to have a loss and gradients."""

    def __init__(self, dtype=np.float64):
        self.params = {"K": normal(5, 1, 1).astype(dtype), "b": normal(1).astype(dtype)}
        self.factor = 1

    def run(self, x):
        return conv_forward(x.astype(self.params["K"].dtype), self.params["K"], self.params["b"], TAPS)

    def nll(self, x):
        a = self.run(x)[0]
        return (np.logaddexp(0, a) - x * a).sum((1, 2, 3), dtype=np.float64)

    def loss_and_grads(self, x):
        a, cache = self.run(x)
        grads = conv_backward((1 / (1 + np.exp(-a)) - x) / len(x), cache)
        return self.nll(x).mean(), {"K": self.factor * grads["K"], "b": grads["b"]}


IMAGES = np.random.default_rng(0).integers(0, 2, (3, 4, 5, 1))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_layer(dtype):
    layer = Conv(dtype)
    before = {name: (value, value.copy()) for name, value in layer.params.items()}
    result = check_layer(layer, CONV["x"].astype(dtype))
    assert result and list(result.errors) == ["x", "part.K", "part.b"] and max(result.errors.values()) < 1e-9
    result = check_layer(layer, CONV["x"], normal(2, 3, 4, 6))
    assert result and list(result.errors) == ["x", "also", "part.K", "part.b"]
    layer.sign = -1
    result = check_layer(layer, CONV["x"])
    assert not result and "wrong sign" in sentence_on(result, "part.dK")
    for name, (live, copy) in before.items():
        assert layer.params[name] is live and live.dtype == dtype and np.array_equal(live, copy)


def test_a_layer_whose_backward_returns_no_pair():
    layer = Conv()
    layer.backward = lambda dy, cache: conv_backward(dy, cache[0])
    result = check_layer(layer, CONV["x"])
    assert not result and "must return a pair dx, {name: gradient}, got dict" in result.diagnosis[0]


def test_a_layer_with_integer_input_is_checked_in_its_parameters():
    class Reads(Conv):
        def forward(self, x):
            return super().forward(1.0 * x)
    result = check_layer(Reads(), IMAGES[:2] * np.ones(5, int))
    assert result and list(result.errors) == ["part.K", "part.b"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_model(dtype):
    model = Model(dtype)
    before = {name: (value, value.copy()) for name, value in model.params.items()}
    result = check_model(model, IMAGES)
    assert result and result.tolerance == 1e-6 and max(result.errors.values()) < 1e-8, result
    for factor, words in ((3, "3 times the true gradient, and 3 is the number of images"), (-1, "wrong sign"),
                          (0, "zero everywhere")):
        model.factor = factor
        result = check_model(model, IMAGES)
        assert not result and words in sentence_on(result, "dK") and result.errors["b"] < 1e-8
    assert "4 of 4 random directions wrong" in str(result)
    for name, (live, copy) in before.items():
        assert model.params[name] is live and live.dtype == dtype and np.array_equal(live, copy)


def test_a_model_with_one_wrong_entry_is_caught():
    class Wrong(Model):
        def loss_and_grads(self, x):
            loss, grads = super().loss_and_grads(x)
            grads["K"][3] *= 1 + 1e-4
            return loss, grads
    assert not check_model(Wrong(), IMAGES)


def test_a_model_whose_contract_is_broken():
    class Wrong(Model):
        def loss_and_grads(self, x):
            loss, grads = super().loss_and_grads(x)
            return 2 * loss, {"K": grads["K"][0], "bias": grads["b"]}
    result = check_model(Wrong(), IMAGES)
    assert not result and set(result.errors.values()) == {np.inf}
    assert any("missing ['b']; not asked for ['bias']" in line for line in result.diagnosis)
    assert any("the mean of nll is" in line for line in result.diagnosis)
    assert sentence_on(result, "dK") == "shape (1, 1), expected (5, 1, 1)."
