"""The gradient check of layers and models, tried on ones as small as they can be."""

import numpy as np
import pytest
from planted_pairs import (
    CONV,
    TAPS,
    conv_backward,
    conv_forward,
    normal,
    sentence_on,
)

from minipixel import build
from minipixel.gradcheck import check_layer, check_model
from minipixel.layers import MDLSTM, MDRNN, DiagonalBiLSTM


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
    assert "3 of 3 random directions wrong" in str(result)
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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layer", [MDRNN, MDLSTM, DiagonalBiLSTM])
def test_layers_whose_cell_is_a_tuple(layer, dtype):
    own = {"colours": 1} if layer is DiagonalBiLSTM else {}
    result = check_layer(layer(3, 2, rng=np.random.default_rng(0), dtype=dtype, **own), normal(2, 3, 4, 3))
    assert result and max(result.errors.values()) < 1e-8


def test_what_a_model_takes_besides():
    """The labels of a labeller, and a density's noise."""
    rng, sizes = np.random.default_rng(0), {"height": 4, "width": 6, "levels": 3, "rng": 0}
    x = rng.integers(0, 3, (2, 4, 6, 1))
    labeller = build("mdlstm", **sizes, layers=1, h=1, block=2, classes=4)
    assert check_model(labeller, x, rng.integers(0, 4, (2, 4, 6)))
    density = build("mcgsm", **sizes, size=3, components=2, scales=2, features=2)
    assert check_model(density, x, rng.random(x.shape))


@pytest.mark.parametrize("factor", [1, 1.01])
def test_slopes_that_are_rounding_beside_the_loss(factor):
    """A ten-millionth of it: what differences know of it are a few digits, which are enough to see a per cent."""
    class Flat:
        params = {"b": np.ones(3)}

        def nll(self, x):
            return 1000.3 + 1e-3 * np.repeat(np.sin(self.params["b"]).sum(), len(x))

        def loss_and_grads(self, x):
            return self.nll(x).mean(), {"b": factor * 1e-3 * np.cos(self.params["b"])}
    assert bool(check_model(Flat(), IMAGES)) == (factor == 1)
