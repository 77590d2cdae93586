"""The LSTM cell's own concerns: gates by one tanh, large arguments, a memory nobody reads. Its laws: test_laws.py."""

import numpy as np
import pytest

from minipixel.ops.cells import LSTM, lstm_backward, lstm_forward, squash, squashed_slope
from minipixel.ops.md_cells import MDRNN_CELL, mdlstm_cell
from minipixel.ops.spatial_cells import SPATIAL_LSTM


def column(values, dtype=np.float64):
    return np.array(values, dtype).reshape(1, -1, 1, 1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-15), (np.float32, 2e-7)])
def test_gates_are_sigmoids_and_a_tanh(dtype, tolerance):
    a = np.random.default_rng(0).normal(0, 4, (2, 5, 3, 4)).astype(dtype)
    gates = squash(a.copy(), 3)
    assert gates.dtype == dtype
    np.testing.assert_allclose(gates[:, :3], 1 / (1 + np.exp(-a[:, :3].astype(float))), atol=tolerance)
    np.testing.assert_allclose(gates[:, 3:], np.tanh(a[:, 3:].astype(float)), atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("error")
def test_no_argument_is_too_large(dtype):
    a = column([-1e4, -90, 0, 90, 1e4], dtype)
    np.testing.assert_allclose(squash(a.copy(), 5).ravel(), [0, 0, 0.5, 1, 1], atol=1e-30)
    np.testing.assert_array_equal(squash(a.copy(), 0).ravel(), [-1, -1, 0, 1, 1])
    np.testing.assert_allclose(squashed_slope(squash(a.copy(), 5), 5).ravel(), [0, 0, 0.25, 0, 0], atol=1e-30)
    np.testing.assert_array_equal(squashed_slope(squash(a.copy(), 0), 0).ravel(), [0, 0, 1, 0, 0])


def test_zero_stays_zero():
    """An image of zeros without biases gives zeros to the bit: the law of structure builds on it."""
    (h, c), _ = lstm_forward(np.zeros((2, 12, 3, 4)), np.zeros((2, 3, 3, 4)))
    assert not h.any() and not c.any()


def test_each_gate_does_its_work():
    """The order is o, f, i, g: pre-activations of +-50 open and close one gate after the other."""
    memory, new = column([0.5]), np.tanh(2)

    def run(o, f, i):
        (h, c), _ = lstm_forward(column([o, f, i, 2]), memory)
        return h.item(), c.item()

    assert run(50, 50, -50) == pytest.approx((np.tanh(0.5), 0.5))
    assert run(50, -50, 50) == pytest.approx((np.tanh(new), new))
    assert run(-50, 50, 50) == pytest.approx((0, 0.5 + new), abs=1e-15)


def test_a_memory_that_nobody_reads_is_one_without_gradient():
    rng = np.random.default_rng(0)
    (h, c), cache = lstm_forward(rng.standard_normal((2, 12, 4, 5)), rng.standard_normal((2, 3, 4, 5)))
    dh = rng.standard_normal(h.shape)
    nobody, zeros = lstm_backward((dh, None), cache), lstm_backward((dh, np.zeros(c.shape)), cache)
    assert list(nobody) == ["a", "c_prev"]
    for name in nobody:
        np.testing.assert_array_equal(nobody[name], zeros[name])


@pytest.mark.parametrize(("cell", "memories", "peepholes", "in_place"), [
    (LSTM, 1, 0, True), (SPATIAL_LSTM, 2, 0, True), (mdlstm_cell(2), 2, 4, False), (MDRNN_CELL, 0, 0, False)])
def test_a_cell_writes_where_it_is_told(cell, memories, peepholes, in_place):
    """Without an `out`, arrays of its own, and what it was given is left as it is."""
    rng = np.random.default_rng(0)
    a, c_prev = rng.standard_normal((2, 3 * cell.gates, 4, 5)), rng.standard_normal((2, 3 * memories, 4, 5))
    weights = (rng.standard_normal((2, peepholes, 3)),) if peepholes else ()
    given = a.copy()
    (h, c), cache = cell.forward(a, c_prev, *weights)
    np.testing.assert_array_equal(a, given)
    out = np.zeros(h.shape), np.zeros(c.shape)
    _, cache_out = cell.forward(a, c_prev, *weights, out=out)
    np.testing.assert_array_equal(out[0], h)
    np.testing.assert_array_equal(out[1], c)
    np.testing.assert_array_equal(a, cache[0] if in_place else given)
    dh_dc = rng.standard_normal(h.shape), rng.standard_normal(c.shape)
    found, dc_prev = cell.backward(dh_dc, cache), np.zeros(c_prev.shape)
    np.testing.assert_array_equal(cell.backward(dh_dc, cache_out, out=dc_prev)["a"], found["a"])
    np.testing.assert_array_equal(dc_prev, found["c_prev"])
