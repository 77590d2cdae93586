"""The further column's own concerns. Its laws: test_laws.py."""

import numpy as np
import pytest

from minipixel.layers import DiagonalBiLSTM, FullContext, MaskedConv, Sequential


def network(colours=1, dtype=np.float64):
    rng = np.random.default_rng(0)
    return Sequential(conv=MaskedConv(colours, 6, 7, "A", colours, rng=rng, dtype=dtype),
                      lstm=DiagonalBiLSTM(6, 3, colours, rng=rng, dtype=dtype))


def images(*shape):
    return np.random.default_rng(1).standard_normal(shape)


def test_it_is_the_network_on_a_wider_image():
    net, x = network(), images(2, 3, 8, 1)
    wide = np.concatenate([x, np.zeros((2, 3, 1, 1))], axis=2)
    np.testing.assert_array_equal(FullContext(1, net).forward(x)[0], net.forward(wide)[0][:, :, :-1])


def test_the_last_pixel_of_the_row_above_is_seen():
    net, x = network(), images(1, 3, 8, 1)
    other = x.copy()
    other[0, 1, 7] += 1
    for layer, seen in ((net, 4), (FullContext(1, net), 0)):
        changed = (layer.forward(other)[0] != layer.forward(x)[0])[0].any(axis=-1)
        assert not changed[:2].any() and changed[2].tolist() == [j >= seen for j in range(8)]


def test_the_parameters_and_the_costs_are_those_of_the_network():
    net = network()
    layer = FullContext(1, net)
    assert layer.params is net.params and layer.shard == net.shard
    assert layer.connections() == net.connections() and layer.kept() == net.kept()


@pytest.mark.parametrize("shape", [(3, 8, 1), (2, 3, 8, 2), (2, 8, 1)])
def test_the_shape_that_came_is_told(shape):
    with pytest.raises(ValueError, match=r"\(N, H, W, 1\), got \(" + ", ".join(map(str, shape))):
        FullContext(1, network()).forward(images(*shape))


def test_the_first_layer_that_is_not_finite_is_named():
    layer = FullContext(1, network())
    assert layer.first_not_finite(images(1, 2, 3, 1)) is None
    layer.params["lstm.c0"] += np.nan
    assert layer.first_not_finite(images(1, 2, 3, 1)) == "lstm"


@pytest.mark.parametrize("colours", [1, 3])
def test_a_canvas_that_is_drawn_after_each_step(colours):
    """As the sampler has it: a step for each colour, before its value is there."""
    layer, x = FullContext(colours, network(colours)), images(2, 3, 6, colours)
    y, _ = layer.forward(x)
    canvas = np.zeros(x.shape)
    state = layer.start(2, 3, 6, canvas)
    for i in range(3):
        for j in range(6):
            for c in range(colours):
                found = layer.step(canvas[:, i, j], state, i, j)
                np.testing.assert_allclose(found[:, c * 3 // colours], y[:, i, j, c * 3 // colours], atol=1e-12)
                canvas[:, i, j, c] = x[:, i, j, c]
