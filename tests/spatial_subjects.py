"""The Spatial LSTM as a subject of the laws: its cell, its layer and the model; and the pair of whole recurrences."""

import oracle_recurrent
import oracle_spatial
from pixelrnn_subjects import PACKED
from subjects import H, Layer, Model, Pair, W

from minipixel.layers import SpatialLSTM
from minipixel.ops.cells import LSTM
from minipixel.ops.recurrence import recurrence_backward, recurrence_forward
from minipixel.ops.spatial_cells import SPATIAL_LSTM, spatial_lstm_backward, spatial_lstm_forward
from minipixel.order import DIAGONALS, QUADRANT

# ---- pairs


def cell_pair(extended=False, forward=spatial_lstm_forward, backward=spatial_lstm_backward, h=3, D=2):
    def arguments(normal, rng, n):
        given = {"a": normal(D, 5 * h, 4, n), "c_prev": normal(D, 2 * h, 4, n)}
        return {**given, "peepholes": normal(D, 2 * h, 5 * h)} if extended else given

    def equation(ops, a, c_prev, peepholes=None):
        a, c_prev = a.swapaxes(1, 3), c_prev.swapaxes(1, 3)
        if extended:
            a = a + ops.stack([c_prev[d] @ peepholes[d] for d in range(D)], 0)
        states = oracle_spatial.cell(ops, a, c_prev[..., :h], c_prev[..., h:])
        return ops.concat([state.swapaxes(1, 3) for state in states], 1)
    return Pair(forward, backward, arguments, equation, PACKED)


def spatial_recurrence_pair(extended, C=2, h=2, taps=((-1, 1), (0, -1))):
    """From map to map with the Spatial LSTM's cell, over two of the four taps that 3 x 3 mask A leaves."""
    def arguments(normal, rng, n):
        given = {"x": normal(n, H, W, C), "K_is": normal(1, len(taps), C, 5 * h), "b": normal(1, 5 * h),
                 "K_ss": normal(1, 2, h, 5 * h), "frame": QUADRANT, "taps": taps, "cell": SPATIAL_LSTM}
        return {**given, "peepholes": normal(1, 2 * h, 5 * h)} if extended else given

    def equation(ops, x, K_is, frame, taps, cell, **params):
        zero = 0 * K_is[:, 0]
        window = {(-1, 1): K_is[:, 0], (0, -1): K_is[:, 1]}
        K_is = ops.stack([window.get(tap, zero) for tap in ((-1, -1), (-1, 0), (-1, 1), (0, -1))], 1)
        return oracle_spatial.spatial_lstm(ops, {"K_is": K_is, **params}, x, 1, "A", 3)
    return Pair(recurrence_forward, recurrence_backward, arguments, equation, {"x": 0, "output": 0})


def diagonal_recurrence_pair(C=3, h=2):
    def arguments(normal, rng, n):
        return {"x": normal(n, H, W, C), "K_is": normal(2, 1, C, 4 * h), "b": normal(2, 4 * h), "K_ss": normal(2, 2, h, 4 * h),
                "frame": DIAGONALS, "taps": ((0, 0),), "cell": LSTM, "h0": normal(2, h), "c0": normal(2, h)}

    def equation(ops, x, frame, taps, cell, **params):
        return oracle_recurrent.diagonal_bilstm(ops, params, x, 1)
    return Pair(recurrence_forward, recurrence_backward, arguments, equation, {"x": 0, "output": 0})


PAIRS = {
    "spatial-lstm": cell_pair(),
    "spatial-lstm-extended": cell_pair(extended=True),
    "recurrence-spatial": spatial_recurrence_pair(False),
    "recurrence-spatial-extended": spatial_recurrence_pair(True),
    "recurrence-diagonals": diagonal_recurrence_pair(),
}

# ---- layers


def spatial(colours=1, C=1, h=2, size=3, mask="A", extended=False, cls=SpatialLSTM):
    """A Spatial LSTM over a window; cls: what is built in its place."""
    return Layer(lambda rng, dtype: cls(C, h, colours, size, mask, extended, rng=rng, dtype=dtype), C,
                 lambda ops, params, x: oracle_spatial.spatial_lstm(ops, params, x, colours, mask, size),
                 ((mask, size), ("quadrant", 1)), "K_is" if mask == "A" else None, colours)


LAYERS = {
    "spatial-lstm": spatial(size=5),
    "spatial-lstm-rgb": spatial(3, C=4, h=4),
    "spatial-lstm-rgb-own-pixel-only": spatial(3, C=3, h=4, size=1),
    "spatial-lstm-upper": spatial(C=3, size=1, mask="B"),
    "spatial-lstm-upper-rgb": spatial(3, C=4, h=5, size=1, mask="B"),
    "spatial-lstm-extended": spatial(size=3, extended=True),
    "spatial-lstm-extended-rgb": spatial(3, C=3, h=3, size=1, mask="B", extended=True),
}

# ---- models

MODELS = {
    "spatial-lstm": Model("spatial-lstm", 1, 2, h=3),
    "spatial-lstm-one": Model("spatial-lstm", 1, 3, h=3, layers=1, size=3),
    "spatial-lstm-rgb": Model("spatial-lstm", 3, 3, h=4, layers=1),
    "spatial-lstm-extended": Model("spatial-lstm", 1, 3, h=3, size=3, extended=True),
    "spatial-lstm-extended-rgb": Model("spatial-lstm", 3, 2, h=4, size=3, extended=True),
}
