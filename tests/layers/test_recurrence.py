"""The recurrences' constructors, parameters and memory. Their laws: test_laws.py."""

import numpy as np
import pytest
from kept import numbers_kept

from minipixel import build
from minipixel.layers import DiagonalBiLSTM, RowLSTM
from minipixel.order import colour_groups

BOTH = pytest.mark.parametrize("cls", [RowLSTM, DiagonalBiLSTM])


def layer(cls, C=6, h=4, colours=1, dtype=np.float64):
    return cls(C, h, colours, rng=np.random.default_rng(0), dtype=dtype)


@BOTH
@pytest.mark.parametrize(("options", "says"), [({"C": 2}, "each of the 3 colours, got 2"), ({"h": 2}, "each of the 3 colours")])
def test_fewer_units_than_colours_are_refused(cls, options, says):
    with pytest.raises(ValueError, match=says):
        layer(cls, colours=3, **options)


def test_parameters():
    """D directions, T places of input-to-state, R of state-to-state: one direction, 2 live of 3, 3; and two, 1, 2."""
    for cls, D, T, R in ((RowLSTM, 1, 2, 3), (DiagonalBiLSTM, 2, 1, 2)):
        shapes = {name: value.shape for name, value in layer(cls).params.items()}
        assert shapes == {"K_is": (D, T, 6, 16), "K_ss": (D, R, 4, 16), "b": (D, 16), "h0": (D, 4), "c0": (D, 4)}
        assert list(layer(cls).params) == ["K_is", "K_ss", "b", "h0", "c0"]


@BOTH
def test_memories_are_kept_at_the_start(cls):
    params = layer(cls).params
    gates = params["b"].reshape(-1, 4, 4)
    assert (gates[:, 1] == 1).all() and not gates[:, [0, 2, 3]].any()
    assert not params["h0"].any() and not params["c0"].any()


@BOTH
@pytest.mark.parametrize("colours", [1, 3])
def test_weights_start_with_the_variance_of_their_live_inputs(cls, colours):
    made = layer(cls, C=60, h=90, colours=colours)
    sums = (made.masked() ** 2).sum(axis=(1, 2)).reshape(-1, colours, 30 * 3 // colours).mean(axis=2)
    np.testing.assert_allclose(sums, 1, rtol=0.1)
    np.testing.assert_allclose((made.params["K_ss"] ** 2).sum(axis=(1, 2)).mean(axis=1), 1, rtol=0.05)


@pytest.mark.parametrize("h", [3, 4, 5, 16])
def test_each_gate_has_its_own_colours(h):
    """Unit u has the same colour in o, f, i and g, also where h is no multiple of 3: no gate reads a later colour."""
    made, groups = layer(DiagonalBiLSTM, C=3, h=h, colours=3), colour_groups(h, 3)
    M = np.broadcast_to(made.M, (1, 3, 4 * h))[0].reshape(3, 4, h)
    for gate in range(4):
        assert (M[:, gate] == (np.arange(3)[:, None] <= groups)).all()


def test_connections_in_use():
    assert layer(RowLSTM).connections() == 2 * 6 * 16 + 3 * 4 * 16
    assert layer(DiagonalBiLSTM).connections() == 2 * (6 * 16 + 2 * 4 * 16)
    # 3 -> 3 units of one colour each: 6 of 9 at the pixel itself, for each gate and direction.
    assert layer(DiagonalBiLSTM, C=3, h=3, colours=3).connections() == 2 * (4 * 6 + 2 * 3 * 12)


@BOTH
@pytest.mark.parametrize("shape", [(4, 5), (8, 5), (8, 10)])
def test_kept_a_pixel_is_what_the_caches_hold(cls, shape):
    """And so the memory of training is linear in the pixels: all maps are counted, whatever their form."""
    made = layer(cls)
    _, cache = made.forward(np.random.default_rng(1).standard_normal((2, *shape, 6)))
    parameters = sum(value.size for value in made.params.values())
    assert numbers_kept(cache) - parameters == made.kept() * 2 * shape[0] * shape[1]


def test_g_sees_r_and_b_sees_r_and_g_of_their_own_pixel():
    made = layer(DiagonalBiLSTM, C=3, h=3, colours=3)
    x = np.zeros((4, 1, 1, 3))
    x[1:] = np.eye(3).reshape(3, 1, 1, 3)
    y, _ = made.forward(x)
    assert ((y[1:, 0, 0] != y[0, 0, 0]) == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]).all()


def test_where_the_initial_states_stand():
    """Row LSTM: above row 0, read there from all columns. Diagonal: beside every row, and so read in every row."""
    for cls, first in ((RowLSTM, (0, slice(None))), (DiagonalBiLSTM, (slice(None), 0))):
        made, x = layer(cls), np.zeros((1, 4, 5, 6))
        made.params["K_ss"] = np.zeros(made.params["K_ss"].shape)
        before, _ = made.forward(x)
        c0 = made.params["c0"]
        c0[0] = 1
        after, _ = made.forward(x)
        changed = after[0, ..., 0] - before[0, ..., 0]
        assert (changed[first] > 0.2).all()
        assert changed[first].min() == changed.max(), "the initial state is not the same at all positions"


def test_a_row_lstm_of_any_odd_kernel():
    assert layer(RowLSTM).taps == ((0, -1), (0, 0))
    model = build("row-lstm", height=4, width=6, k=5, layers=2, h=4)
    assert model.params["body.1.lstm.K_is"].shape == (1, 3, 8, 16)
    for k in (1, 4):
        with pytest.raises(ValueError, match=f"k, the kernel of a Row LSTM, expects an odd number of at least 3, got {k}"):
            build("row-lstm", height=4, width=6, k=k)
