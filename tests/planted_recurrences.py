"""The recurrences with one mistake planted in each: the laws that must refuse them, and what the gradient check must say.

Some are mistakes of published code, some are the likely ones of whoever writes such a layer by hand.
"""

from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import laws
import numpy as np
from pixelrnn_subjects import cell_pair, recurrence, scan_pair

from minipixel.layers import DiagonalBiLSTM, RowLSTM
from minipixel.ops import cells, scan
from minipixel.ops.cells import lstm_backward, lstm_forward
from minipixel.ops.scan import scan_backward, scan_forward
from minipixel.order import DIAGONALS, connections

# ---- layers


class ShiftMissing(DiagonalBiLSTM):
    """The mirrored map is added as it is, not moved down."""

    frame = replace(DIAGONALS, shifts=(0, 0))


class LastRowZeroed(DiagonalBiLSTM):
    """The mirrored map's last row is set to zero in the place of the shift."""

    frame = replace(DIAGONALS, shifts=None)

    def forward(self, x):
        y, cache = super().forward(x)
        left, right = y[..., :self.h], y[..., self.h:].copy()
        right[:, -1] = 0
        return left + right, cache


class ReadsTheRowBelow(DiagonalBiLSTM):
    """The 2 x 1 kernel over the skewed column before, padded at its end: it reads rows i and i + 1."""

    frame = replace(DIAGONALS, reads=((0, -1), (1, -2)))


class ThirdsOfAllGates(DiagonalBiLSTM):
    """Colour groups over the 4h units of all gates at once, where each gate needs its own."""

    def __init__(self, C, h, colours, *, rng, dtype):
        super().__init__(C, h, colours, rng=rng, dtype=dtype)
        self.M = connections(self.taps, C, 4 * h, "B", colours).astype(dtype)


class MaskedAtTheStart(DiagonalBiLSTM):
    """The mask applied at construction only: what an update stores in forbidden weights counts."""

    def masked(self):
        return self.params["K_is"]


class UnmaskedGradient(DiagonalBiLSTM):
    def backward(self, dy, cache):
        self.all_allowed = True
        return super().backward(dy, cache)


class BiasTwice(DiagonalBiLSTM):
    """Once with the input, and once more in the recurrence."""

    def forward(self, x):
        b = self.params["b"]
        b *= 2
        found = super().forward(x)
        b /= 2
        return found


class PaddingIsComputed(DiagonalBiLSTM):
    """The bias is added after the skew, and the scan runs over the padding too: the states before a row are not h0, c0."""

    def forward(self, x):
        pad = x.shape[1] - 1
        y, cache = super().forward(np.pad(x, ((0, 0), (0, 0), (pad, pad), (0, 0))))
        return y[:, :, pad:pad + x.shape[2]], cache


class NoInputBeside(RowLSTM):
    """The input-to-state kernel reads its own pixel alone: no pixel ever sees its left neighbour."""

    def masked(self):
        return super().masked() * np.array([0, 1]).reshape(1, 2, 1, 1)


class AddsToItsRow(DiagonalBiLSTM):
    """The second call at a pixel adds to what the first one left there."""

    def step(self, x_ij, state, i, j):
        before = state.inputs[:, j].copy() if state.i == i else 0
        return super().step(x_ij + before, state, i, j)


class ChainLeftOut(DiagonalBiLSTM):
    """The mirrored direction is not run over the row that was finished."""

    def start(self, n, height, width, canvas=None):
        state = super().start(n, height, width, canvas)
        for one in state.directions:
            if one.shift:
                one.begin_row = lambda i, inputs: None
        return state


class ChainTooEarly(DiagonalBiLSTM):
    """The mirrored chain runs before the last pixel of its row has come in."""

    def step(self, x_ij, state, i, j):
        if i > 0 and state.i != i:
            state.inputs[:, -1] = 0
        return super().step(x_ij, state, i, j)


class MixesImages(DiagonalBiLSTM):
    """A view of the packed cells that takes (cells, images) for (images, cells)."""

    def forward(self, x):
        y, cache = super().forward(x)
        return y.swapaxes(0, 1).reshape(y.shape), cache


# ---- pairs


def sigmoid_everywhere(a, c_prev):
    """One sigmoid over all four gates, g included."""
    with mock.patch.object(cells, "squash", lambda a, sigmoids, right=cells.squash: right(a, a.shape[1])):
        return lstm_forward(a, c_prev)


def gates_exchanged(a, c_prev):
    """The order i, f, o, g of other libraries."""
    o, f, i, g = cells.split(a, 4)
    return lstm_forward(np.concatenate([i, f, o, g], axis=1), c_prev)


def through_the_memory_forgotten(dh_dc, cache):
    """The gradient that comes back through c is dropped; the one through h is kept."""
    return lstm_backward((dh_dc[0], None), cache)


def memory_gets_nothing(dh_dc, cache):
    found = lstm_backward(dh_dc, cache)
    return found | {"c_prev": 0 * found["c_prev"]}


def gate_gradients_exchanged(dh_dc, cache):
    found = lstm_backward(dh_dc, cache)
    o, f, i, g = cells.split(found["a"], 4)
    return found | {"a": np.concatenate([f, o, i, g], axis=1)}


def in_the_scan(**changes):
    """scan_backward with functions of its module changed."""
    def backward(dy, cache):
        with mock.patch.multiple(scan, **changes):
            return scan_backward(dy, cache)
    backward.__name__ = changes["give_back"].__name__
    return backward


def overwriting(dS_t, dstate, dinitial, wires, right=scan.give_back):
    """A state that several cells read keeps the gradient of the last reader alone."""
    for slots, into, kinds, out in wires.links:
        dstate[kinds, :, :, out] = dS_t[:, slots, :, into].swapaxes(0, 1)
    right(dS_t, dstate, dinitial, wires._replace(links=()))


def last_tick_only(dS_t, dstate, dinitial, wires, right=scan.give_back):
    """The gradient of the initial state is written where it should be added: the last writer is left."""
    for _, _, kinds in wires.starts:
        dinitial[:, kinds] = 0
    right(dS_t, dstate, dinitial, wires)


def no_initial_state(dS_t, dstate, dinitial, wires, right=scan.give_back):
    right(dS_t, dstate, dinitial, wires._replace(starts=()))


overwritten = in_the_scan(give_back=overwriting)
initial_overwritten = in_the_scan(give_back=last_tick_only)
initial_forgotten = in_the_scan(give_back=no_initial_state)


def memory_cut(dy, cache):
    """The scan's cells hand nothing back to the memory that they read."""
    *kept, cell = cache
    return scan_backward(dy, (*kept, SimpleNamespace(backward=cells.placed(cell.forward, memory_gets_nothing)[1])))


def without_h_above(X, K_is, b, K_ss, h0, c0, peepholes, walk, cell, beside):
    """The second read is left out: the cell above is not there."""
    K_ss = K_ss.copy()
    K_ss[:, 1] = 0
    return scan_forward(X, K_is, b, K_ss, h0, c0, peepholes, walk, cell, beside)


def small_scan(forward, backward):
    return scan_pair("diagonals", 2, 3, 2, forward, backward)


def diagonal(cls, colours=1):
    return recurrence(DiagonalBiLSTM, colours, C=5, h=4, cls=cls)


REFUSED = [
    (laws.structure, diagonal(ShiftMissing)), (laws.equation, diagonal(ShiftMissing)),
    (laws.structure, diagonal(LastRowZeroed)), (laws.equation, diagonal(LastRowZeroed)),
    (laws.structure, diagonal(ReadsTheRowBelow)), (laws.equation, diagonal(ReadsTheRowBelow)),
    (laws.structure, diagonal(ThirdsOfAllGates, 3)), (laws.forbidden, diagonal(ThirdsOfAllGates, 3)),
    (laws.structure, diagonal(MaskedAtTheStart, 3)), (laws.forbidden, diagonal(MaskedAtTheStart, 3)),
    (laws.forbidden, diagonal(UnmaskedGradient, 3)),
    (laws.equation, diagonal(BiasTwice)), (laws.torch, diagonal(BiasTwice)), (laws.step, diagonal(BiasTwice)),
    (laws.equation, diagonal(PaddingIsComputed)), (laws.step, diagonal(PaddingIsComputed)),
    (laws.structure, recurrence(RowLSTM, cls=NoInputBeside)), (laws.equation, recurrence(RowLSTM, cls=NoInputBeside)),
    (laws.step, diagonal(AddsToItsRow)), (laws.step, diagonal(ChainLeftOut)), (laws.step, diagonal(ChainTooEarly)),
    (laws.alone, diagonal(MixesImages)), (laws.equation, diagonal(MixesImages)),
    (laws.equation, cell_pair(sigmoid_everywhere)), (laws.gradient, cell_pair(sigmoid_everywhere)),
    (laws.equation, cell_pair(gates_exchanged)), (laws.torch, cell_pair(lstm_forward, gate_gradients_exchanged)),
    (laws.equation, small_scan(without_h_above, scan_backward)),
    *[(laws.torch, small_scan(scan_forward, backward))
      for backward in (overwritten, initial_overwritten, initial_forgotten, memory_cut)],
    *[(laws.gradient, small_scan(scan_forward, backward)) for backward in (overwritten, initial_overwritten)],
]

# What the gradient check says of them: (pair, {array: words}).
NAMED = [
    (cell_pair(lstm_forward, through_the_memory_forgotten), {"dc_prev": "zero for what comes through output 1"}),
    (cell_pair(lstm_forward, memory_gets_nothing), {"dc_prev": "zero everywhere: a path is cut"}),
    (cell_pair(lstm_forward, gate_gradients_exchanged), {"da": "block 0 holds what belongs to block 1"}),
    (small_scan(scan_forward, initial_forgotten), {"dh0": "zero everywhere", "dc0": "zero everywhere"}),
    (small_scan(scan_forward, memory_cut), {"dc0": "zero everywhere"}),
]
