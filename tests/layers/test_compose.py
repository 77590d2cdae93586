"""Layers made of layers: names, order, counts. Their laws: test_laws.py."""

import numpy as np
import pytest

from minipixel.layers import MaskedConv, ReLU, Residual, Sequential, Skips


def conv(C=4, F=4, k=3):
    return MaskedConv(C, F, k, "B", 1, rng=np.random.default_rng(0), dtype=np.float64)


def nested():
    return Sequential(input=conv(), body=Sequential.of([Residual(relu=ReLU(), conv=conv()), ReLU()]), output=conv(F=2, k=1))


def test_names_are_dotted_paths_in_the_order_of_the_layers():
    assert list(nested().params) == ["input.K", "input.b", "body.0.conv.K", "body.0.conv.b", "output.K", "output.b"]
    skips = Skips([conv(), conv()], [conv(), conv()])
    assert sorted(skips.params) == [f"{l}.{kind}.{name}" for l in (0, 1) for kind in ("block", "skip") for name in ("K", "b")]


@pytest.mark.parametrize("layer", [nested(), Skips([conv(), conv()], [conv(F=3), conv(F=3)])], ids=["nested", "skips"])
def test_gradients_have_exactly_the_names_of_the_parameters(layer):
    y, cache = layer.forward(np.ones((2, 3, 3, 4)))
    _, grads = layer.backward(np.ones(y.shape), cache)
    assert list(grads) == list(layer.params)
    assert all(grads[name].shape == value.shape for name, value in layer.params.items())


def test_the_whole_and_its_parts_share_their_arrays():
    layer = nested()
    part = layer.children["body"].children["0"].children["conv"]
    assert layer.params["body.0.conv.K"] is part.params["K"]
    layer.params["body.0.conv.b"] = np.full(4, 7.0)
    assert (part.params["b"] == 7).all()


def test_counts_are_sums():
    layer = nested()
    assert layer.connections() == 2 * 5 * 16 + 8
    assert layer.kept() == 3 * 4


def test_nothing_in_sequence_is_the_identity():
    x = np.ones((1, 2, 2, 3))
    y, cache = Sequential.of([]).forward(x)
    assert y is x and Sequential.of([]).backward(x, cache) == (x, {})


@pytest.mark.parametrize("name", ["input", "body.0.conv", "output"])
def test_the_first_layer_that_is_not_finite_is_named(name):
    layer, x = nested(), np.ones((1, 2, 2, 4))
    assert layer.first_not_finite(x) is None
    layer.params[f"{name}.b"] += np.inf
    layer.params["output.b"] += np.nan
    assert layer.first_not_finite(x) == name


def test_skips_name_their_blocks():
    layer = Skips([conv(), conv()], [conv(), conv()])
    layer.params["1.block.b"] += np.nan
    assert layer.first_not_finite(np.ones((1, 2, 2, 4))) == "1.block"


def test_a_residual_adds_its_input():
    layer, plain = Residual(conv=conv()), conv()
    x = np.random.default_rng(1).standard_normal((1, 3, 3, 4))
    np.testing.assert_array_equal(layer.forward(x)[0], x + plain.forward(x)[0])


@pytest.mark.parametrize(("blocks", "skips"), [(0, 0), (2, 1), (1, 2)])
def test_each_block_has_its_skip(blocks, skips):
    with pytest.raises(ValueError, match=f"a skip for each, got {blocks} and {skips}"):
        Skips([conv()] * blocks, [conv()] * skips)
