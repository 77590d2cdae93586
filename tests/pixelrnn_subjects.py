"""PixelRNN's recurrences as subjects of the laws: their pairs, layers and models (see tests/subjects.py)."""

import numpy as np
import oracle_recurrent as oracle
from oracle import masked_conv
from subjects import H, Layer, Model, Pair, W

from minipixel.layers import DiagonalBiLSTM, FullContext, MaskedConv, RowLSTM, Sequential
from minipixel.ops.cells import LSTM, lstm_backward, lstm_forward
from minipixel.ops.packing import map_backward, map_forward, pack_backward, pack_forward
from minipixel.ops.scan import scan_backward, scan_forward
from minipixel.order import DIAGONALS, ROWS, walk

FRAMES = {"rows": (ROWS, oracle.by_rows), "diagonals": (DIAGONALS, oracle.by_diagonals)}
PACKED = {"a": 3, "c_prev": 3, "X": 3, "h": 3, "output": 3}      # where the images are, in cells packed by clock


# ---- pairs


def cell_pair(forward=lstm_forward, backward=lstm_backward):
    def arguments(normal, rng, n):
        return {"a": normal(3, 4 * 5, 2, n), "c_prev": normal(3, 5, 2, n)}

    def equation(ops, a, c_prev):
        states = oracle.lstm(ops, a.swapaxes(1, 3), c_prev.swapaxes(1, 3))
        return ops.concat([state.swapaxes(1, 3) for state in states], 1)
    return Pair(forward, backward, arguments, equation, PACKED)


def scan_pair(kind, height=3, width=2, h=3, forward=scan_forward, backward=scan_backward, T=2, C=2, beside=()):
    """beside: offsets within a row at which the last tap is read too."""
    frame, by_clock = FRAMES[kind]
    D, R = len(frame.directions), len(frame.reads)

    def arguments(normal, rng, n):
        return {"X": normal(D, T, height * width, n, C), "K_is": normal(D, len(beside) + T, C, 4 * h), "b": normal(D, 4 * h),
                "K_ss": normal(D, R, h, 4 * h), "h0": normal(D, h), "c0": normal(D, h), "peepholes": None,
                "walk": walk(frame, (height, width)), "cell": LSTM, "beside": beside}

    def equation(ops, X, K_is, b, K_ss, h0, c0, peepholes, walk, cell, beside):
        a = sum(X[:, t] @ K_is[:, len(beside) + t, None] for t in range(T)) + b[:, None, None]
        maps = oracle.unpacked(ops, a.swapaxes(2, 3).swapaxes(1, 2), kind, height, width)
        if beside:
            inputs = oracle.unpacked(ops, X[:, -1].swapaxes(2, 3).swapaxes(1, 2), kind, height, width)
            maps = [one + ops.conv(x, K[:len(beside)], ops.constant(np.zeros(4 * h)), beside)
                    for one, x, K in zip(maps, inputs, K_is, strict=True)]
        return oracle.packed(ops, [by_clock(ops, *one) for one in zip(maps, K_ss, h0, c0, strict=True)], kind)
    return Pair(forward, backward, arguments, equation, PACKED)


def its_own_way_round(maps, frame):
    """The maps of each direction as it meets them, and back: the second one mirrored."""
    return [oracle.mirrored(one) if signs[1] < 0 else one for one, signs in zip(maps, frame.directions, strict=True)]


def pack_pair(kind, taps, C=3):
    frame, _ = FRAMES[kind]
    D = len(frame.directions)

    def arguments(normal, rng, n):
        return {"x": normal(n, H, W, C), "walk": walk(frame, (H, W)), "taps": taps}

    def equation(ops, x, walk, taps):
        read = []
        for tap in taps:    # the map that a kernel with a one at this tap makes
            maps = [ops.conv(x, ops.constant(np.eye(C)[None]), ops.constant(np.zeros(C)), (tap,)) for _ in range(D)]
            read.append(oracle.packed(ops, its_own_way_round(maps, frame), kind).swapaxes(1, 2).swapaxes(2, 3)[:, None])
        return ops.concat(read, 1)
    return Pair(pack_forward, pack_backward, arguments, equation, {"x": 0, "output": 3})


def map_pair(kind, shifts, h=5, forward=map_forward, backward=map_backward):
    """shifts: as in a frame; None leaves the directions side by side."""
    frame, _ = FRAMES[kind]

    def arguments(normal, rng, n):
        return {"h": normal(len(frame.directions), h, H * W, n), "walk": walk(frame, (H, W)), "shifts": shifts}

    def equation(ops, h, walk, shifts):
        maps = its_own_way_round(oracle.unpacked(ops, h, kind, H, W), frame)
        if shifts is None:
            return ops.concat(maps, 3)
        return sum(oracle.moved_down(ops, one) if shift else one for one, shift in zip(maps, shifts, strict=True))
    return Pair(forward, backward, arguments, equation, {"h": 3, "output": 0})


PAIRS = {
    "lstm": cell_pair(),
    "scan-rows": scan_pair("rows"),
    "scan-diagonals": scan_pair("diagonals"),
    "scan-one-column": scan_pair("rows", 4, 1, 2),
    "scan-one-row": scan_pair("diagonals", 1, 4, 2),
    "scan-rows-beside": scan_pair("rows", 2, 4, 2, T=1, beside=((0, -2), (0, -1))),
    "scan-one-column-beside": scan_pair("rows", 3, 1, 2, T=1, beside=((0, -1),)),
    "scan-diagonals-beside": scan_pair("diagonals", 3, 3, 2, beside=((-1, 1), (1, -1))),
    "pack-rows": pack_pair("rows", ((0, -1), (0, 0))),
    "pack-diagonals": pack_pair("diagonals", ((0, 0),)),
    "pack-far": pack_pair("diagonals", ((-1, 2), (0, -3), (2, 0))),
    "map-rows": map_pair("rows", (0,)),
    "map-diagonals": map_pair("diagonals", (0, 1)),
    "map-side-by-side": map_pair("diagonals", None),
}


# ---- layers

EQUATIONS = {RowLSTM: (oracle.row_lstm, ("rows", 3)), DiagonalBiLSTM: (oracle.diagonal_bilstm, ("diagonals", 1))}


def recurrence(base, colours=1, C=3, h=2, cls=None):
    """The layer `base` of the paper; cls: what is built in its place."""
    formula, kernel = EQUATIONS[base]
    return Layer(lambda rng, dtype: (cls or base)(C, h, colours, rng=rng, dtype=dtype), C,
                 lambda ops, params, x: formula(ops, params, x, colours), (kernel,), None, colours)


def wide_row_lstm(colours=1, C=3, h=2):
    """With a kernel of 1 x 5."""
    return Layer(lambda rng, dtype: RowLSTM(C, h, colours, rng=rng, dtype=dtype, k=5), C,
                 lambda ops, params, x: oracle.row_lstm(ops, params, x, colours, k=5), (("rows", 5),), None, colours)


def one_more_column(colours, C, h):
    """A 3 x 3 layer with mask A and a Diagonal BiLSTM, on one more column: what mask A hides is read there."""
    def make(rng, dtype):
        conv = MaskedConv(colours, C, 3, "A", colours, rng=rng, dtype=dtype)
        return FullContext(colours, Sequential(conv=conv, lstm=DiagonalBiLSTM(C, h, colours, rng=rng, dtype=dtype)))

    def formula(ops, params, x):
        x = masked_conv(ops, params, oracle.with_a_column(ops, x), "A", 3, colours, "conv.")
        return oracle.diagonal_bilstm(ops, params, x, colours, "lstm.")[:, :, :-1]
    return Layer(make, colours, formula, (("A", 3), ("diagonals", 1)), "conv.K", colours, column=1)


LAYERS = {
    "row-lstm": recurrence(RowLSTM),
    "row-lstm-rgb": recurrence(RowLSTM, 3, C=4, h=4),
    "row-lstm-wide": wide_row_lstm(),
    "row-lstm-wide-rgb": wide_row_lstm(3, C=4, h=4),
    "diagonal-bilstm": recurrence(DiagonalBiLSTM),
    "diagonal-bilstm-rgb": recurrence(DiagonalBiLSTM, 3, C=4, h=3),
    "full-context": one_more_column(1, C=3, h=2),
    "full-context-rgb": one_more_column(3, C=3, h=3),
}

# ---- models

SMALL = {"h": 3, "out": 5}
MODELS = {
    "row-lstm": Model("row-lstm", 1, 2, **SMALL, context="paper"),
    "row-lstm-rgb": Model("row-lstm", 3, 3, **SMALL, context="paper", layers=1),
    "row-lstm-full-skip-plain": Model("row-lstm", 1, 3, **SMALL, context="full", skip=True, residual=False),
    "diagonal-bilstm": Model("diagonal-bilstm", 1, 2, **SMALL, context="paper"),
    "diagonal-bilstm-rgb": Model("diagonal-bilstm", 3, 2, **SMALL, context="paper", layers=1),
    "diagonal-bilstm-full-plain": Model("diagonal-bilstm", 1, 3, **SMALL, context="full", residual=False, layers=1),
    "diagonal-bilstm-full-skip-rgb": Model("diagonal-bilstm", 3, 3, **SMALL, context="full", skip=True),
    "diagonal-bilstm-shallow": Model("diagonal-bilstm", 3, 2, **SMALL, context="full", layers=0),
}

