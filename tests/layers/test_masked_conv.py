"""The masked convolution's constructor, parameters and colours. Its laws: test_laws.py."""

from copy import deepcopy

import numpy as np
import pytest

from minipixel.layers import MaskedConv, Params, Sequential
from minipixel.order import fronts, raster


def layer(C=4, F=5, k=3, mask="B", colours=1, gain=2.0, dtype=np.float64):
    return MaskedConv(C, F, k, mask, colours, rng=np.random.default_rng(0), dtype=dtype, gain=gain)


@pytest.mark.parametrize(("options", "says"), [
    ({"k": 2}, "odd kernel size, got 2"), ({"k": 0}, "odd kernel size, got 0"), ({"k": -3}, "odd kernel size"),
    ({"k": 1, "mask": "A"}, "no live tap"), ({"mask": "C"}, "mask expects 'A' or 'B', got 'C'"),
    ({"C": 2, "colours": 3}, "each of the 3 colours, got 2"), ({"F": 2, "colours": 3}, "each of the 3 colours, got 2")])
def test_what_cannot_be_built(options, says):
    with pytest.raises(ValueError, match=says):
        layer(**options)


def test_only_live_taps_are_stored():
    assert layer(k=7, mask="A").params["K"].shape == (24, 4, 5)
    assert layer(k=7, mask="B").params["K"].shape == (25, 4, 5)
    assert list(layer().params) == ["K", "b"]


@pytest.mark.parametrize("colours", [1, 3])
def test_weights_start_with_the_variance_of_their_live_inputs(colours):
    made = layer(C=60, F=90, colours=colours, gain=1.5)
    x = np.random.default_rng(1).standard_normal((2, 9, 9, 60))
    y, _ = made.forward(x)
    inner = y[:, 1:, 1:-1]  # where no tap leaves the image
    np.testing.assert_allclose(inner.std(axis=(0, 1, 2)).reshape(colours, -1).mean(axis=1), np.sqrt(1.5), rtol=0.05)
    assert not made.params["b"].any()


def test_connections_in_use():
    assert layer().connections() == 5 * 4 * 5
    # 3 -> 3 units of one colour each: 4 free taps of 9 connections, and 6 of 9 at the centre (mask A: 3).
    assert layer(C=3, F=3, colours=3).connections() == 4 * 9 + 6
    assert layer(C=3, F=3, colours=3, mask="A").connections() == 4 * 9 + 3


def test_g_sees_r_and_b_sees_r_and_g_of_their_own_pixel():
    for mask, seen in (("A", [[0, 1, 1], [0, 0, 1], [0, 0, 0]]), ("B", [[1, 1, 1], [0, 1, 1], [0, 0, 1]])):
        made = layer(C=3, F=3, k=1, colours=3, mask=mask)
        y, _ = made.forward(np.eye(3).reshape(3, 1, 1, 3))
        assert ((y[:, 0, 0] != 0) == seen).all()


def test_params_are_the_live_arrays():
    made = layer()
    K = made.params["K"]
    made.params["K"] = np.ones(K.shape)
    made.params["b"] += 2
    assert made.params["K"] is K and (K == 1).all()
    x = np.ones((1, 3, 3, 4))
    assert made.forward(x)[0][0, 1, 1, 0] == 5 * 4 + 2


def test_every_way_to_write_params_writes_into_the_live_arrays():
    params = Params(K=np.zeros(2), b=np.zeros(1))
    K, b = params["K"], params["b"]
    params.update({"K": np.ones(2)}, b=np.full(1, 2.0))
    params |= {"K": np.full(2, 3.0)}
    assert params["K"] is K and params["b"] is b and K.tolist() == [3, 3] and b.tolist() == [2]
    for change in (lambda: params.pop("K"), lambda: params.clear(), lambda: params.popitem(), lambda: params.setdefault("c", K),
                   lambda: params.__delitem__("K")):
        with pytest.raises(TypeError, match="none can be added or taken away"):
            change()


def test_a_copy_of_a_network_is_a_network_of_its_own():
    made, x = Sequential(one=layer()), np.ones((1, 3, 3, 4))
    copied, before = deepcopy(made), made.forward(x)[0]
    copied.params["one.b"] += 1
    np.testing.assert_array_equal(made.forward(x)[0], before)
    np.testing.assert_array_equal(copied.forward(x)[0], before + 1)


def test_params_refuse_what_does_not_fit():
    params = Params(K=np.zeros((2, 3)))
    with pytest.raises(KeyError, match="unknown parameter 'k'; there are K"):
        params["k"] = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"K expects shape \(2, 3\), got \(3,\)"):
        params["K"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"K expects shape \(2, 3\), got \(\)"):
        params["K"] = 0.5


@pytest.mark.parametrize("visit", [fronts, lambda *shape: raster(*shape[:-1])])
def test_rows_that_no_tap_reaches_any_more_make_room(visit):
    """In an image of more rows than are kept."""
    conv, x = layer(k=5, mask="A", C=2), np.random.default_rng(2).standard_normal((3, 61, 17, 2))
    y, state = conv.forward(x)[0], conv.start(3, 61, 17)
    assert len(state.rows) < 25
    for i, j, _ in visit(61, 17, 1, conv.lag):
        np.testing.assert_allclose(conv.step(x[:, i, j], state, i, j), y[:, i, j], rtol=1e-10, atol=1e-12)
