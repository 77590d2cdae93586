"""The Spatial LSTM's constructor, parameters, memory and boundary. Its laws: test_laws.py."""

import numpy as np
import pytest
from kept import numbers_kept

from minipixel.layers import SpatialLSTM
from minipixel.order import colour_groups


def layer(C=1, h=4, colours=1, size=5, mask="A", extended=False):
    return SpatialLSTM(C, h, colours, size, mask, extended, rng=np.random.default_rng(0), dtype=np.float64)


@pytest.mark.parametrize(("options", "says"), [
    ({"size": 4}, "a window of odd size, got 4"), ({"size": -1}, "got -1"),
    ({"size": 1}, "a 1x1 window with mask A reads nothing"), ({"colours": 3, "h": 2, "C": 3}, "each of the 3 colours, got 2")])
def test_what_cannot_be_built(options, says):
    with pytest.raises(ValueError, match=says):
        layer(**options)


@pytest.mark.parametrize(("size", "inputs"), [(3, 4), (5, 12), (7, 24), (9, 40)])
def test_the_papers_neighbourhoods(size, inputs):
    """N^2 / 2 - 1/2 inputs; in colour the pixel itself as well."""
    assert layer(size=size).params["K_is"].shape == (1, inputs, 1, 20)
    assert layer(3, 4, 3, size).params["K_is"].shape == (1, inputs + 1, 3, 20)


def test_parameters():
    assert {name: value.shape for name, value in layer(extended=True).params.items()} == {
        "K_is": (1, 12, 1, 20), "K_ss": (1, 2, 4, 20), "b": (1, 20), "peepholes": (1, 8, 20)}
    assert list(layer(6, size=1, mask="B").params) == ["K_is", "K_ss", "b"]
    assert not layer().params["b"].any()


def test_weights_start_with_the_variance_of_their_live_inputs():
    made = layer(60, 90, 3, 3, extended=True)
    sums = (made.masked() ** 2).sum(axis=(1, 2)).reshape(-1, 3, 30).mean(axis=2)
    np.testing.assert_allclose(sums, 1, rtol=0.1)
    for name, axes in (("K_ss", (1, 2)), ("peepholes", 1)):
        np.testing.assert_allclose((made.params[name] ** 2).sum(axis=axes).mean(), 1, rtol=0.05)


@pytest.mark.parametrize("h", [3, 4, 5])
def test_each_gate_has_its_own_colours(h):
    made, groups = layer(3, h, 3, 1), colour_groups(h, 3)
    for gate in range(5):
        assert (made.M[0].reshape(3, 5, h)[:, gate] == (np.arange(3)[:, None] < groups)).all()


def test_connections_in_use():
    assert layer().connections() == 12 * 20 + 2 * 4 * 20
    assert layer(extended=True).connections() == 12 * 20 + 2 * 2 * 4 * 20
    # Three units of one colour each, at the pixel itself by mask A: 3 of 9 for each gate.
    assert layer(3, 3, 3, 1).connections() == 5 * 3 + 2 * 3 * 15


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("shape", [(4, 5), (8, 10)])
def test_kept_a_pixel_is_what_the_caches_hold(extended, shape):
    made = layer(extended=extended)
    _, cache = made.forward(np.random.default_rng(1).standard_normal((2, *shape, 1)))
    parameters = sum(value.size for value in made.params.values())
    assert numbers_kept(cache) - parameters == made.kept() * 2 * shape[0] * shape[1]


def test_outside_of_the_image_states_and_memories_are_zero():
    """The first pixel is the cell of its biases alone: c = g i, h = tanh(c o)."""
    made = layer()
    made.params["b"][0, :] = np.random.default_rng(2).standard_normal(20)
    b_o, b_i, _, _, b_g = made.params["b"].reshape(5, 4)
    y, _ = made.forward(np.ones((1, 3, 3, 1)))
    c = np.tanh(b_g) / (1 + np.exp(-b_i))
    np.testing.assert_allclose(y[0, 0, 0], np.tanh(c / (1 + np.exp(-b_o))), rtol=1e-12)


def test_a_fresh_memory_neither_grows_nor_fades():
    """All forget gates at one half: along every diagonal a memory is handed on as the mean of two."""
    made = layer(h=1)
    for name, value in made.params.items():
        value[...] = 0 if name != "b" else [50, 50, 0, 0, 0]
    made.params["K_is"][0, -1, 0, -1] = 1e-3        # g reads the pixel on the left
    x = np.zeros((1, 8, 8, 1))
    x[0, 0, 0] = 1
    y, _ = made.forward(x)
    for d in range(1, 7):
        np.testing.assert_allclose(sum(y[0, i, d - i, 0] for i in range(d)), 1e-3, rtol=1e-5)
