"""The Spatial LSTM with one mistake planted in each: the laws that must refuse them, and what the gradient check must say."""

from dataclasses import replace

import laws
import numpy as np
from spatial_subjects import cell_pair, spatial

from minipixel.layers import SpatialLSTM
from minipixel.ops.cells import split
from minipixel.ops.spatial_cells import spatial_lstm_backward, spatial_lstm_forward
from minipixel.order import QUADRANT, connections

# ---- pairs


def tanh_inside(a, c_prev):
    """h = o tanh(c), the LSTM's output."""
    (_, c), cache = spatial_lstm_forward(a, c_prev)
    return (split(cache[0], 5)[0] * np.tanh(c), c), cache


def forget_gates_exchanged(a, c_prev):
    """f^r goes with the memory on the left, f^c with the one above."""
    o, i, f_c, f_r, g = split(a, 5)
    return spatial_lstm_forward(np.concatenate([o, i, f_r, f_c, g], axis=1), c_prev)


def forget_gradients_exchanged(dh_dc, cache):
    found = spatial_lstm_backward(dh_dc, cache)
    o, i, f_c, f_r, g = split(found["a"], 5)
    return found | {"a": np.concatenate([o, i, f_r, f_c, g], axis=1)}


def nothing_for(memory):
    """The way back through one of the two memories (0: left, 1: above) is forgotten."""
    def backward(dh_dc, cache):
        found = spatial_lstm_backward(dh_dc, cache)
        split(found["c_prev"], 2)[memory][...] = 0
        return found
    backward.__name__ = f"nothing_for_{memory}"
    return backward


def through_the_memory_forgotten(dh_dc, cache):
    """The gradient that comes back through c is dropped; the one through h is kept."""
    return spatial_lstm_backward((dh_dc[0], None), cache)


def peepholes_owe_nothing(dh_dc, cache):
    """The gates of the extended cell read the memories, and give them nothing back."""
    plain = spatial_lstm_backward(dh_dc, (*cache[:-1], None))
    return spatial_lstm_backward(dh_dc, cache) | plain


# ---- layers


class OneMemory(SpatialLSTM):
    """Both forget gates work on the memory on the left."""

    frame = replace(QUADRANT, remembers=((0, -1), (0, -1)))


class TwoMasksB(SpatialLSTM):
    """The first layer has mask B: a pixel sees itself."""

    def __init__(self, C, h, colours, size, mask, extended, *, rng, dtype):
        super().__init__(C, h, colours, size, "B", extended, rng=rng, dtype=dtype)


class NothingOnTheRight(SpatialLSTM):
    """Of the window only what is above and on the left: no pixel on the right is ever seen."""

    def masked(self):
        return super().masked() * np.array([dj <= 0 for _, dj in self.taps])[:, None, None]


class ThirdsOfAllGates(SpatialLSTM):
    """Colour groups over the 5h units of all gates at once, where each gate needs its own."""

    def __init__(self, C, h, colours, size, mask, extended, *, rng, dtype):
        super().__init__(C, h, colours, size, mask, extended, rng=rng, dtype=dtype)
        self.M = connections(self.taps, C, 5 * h, mask, colours).astype(dtype)


class WindowWithoutRowsAbove(SpatialLSTM):
    """Pixel by pixel the rows above are not read."""

    def step(self, x_ij, state, i, j):
        window = state.directions[0].window
        window.parts = window.parts[-1:]
        return super().step(x_ij, state, i, j)


class MemoryBesideAtTheStart(SpatialLSTM):
    """Pixel by pixel a row begins with the memory that the row before has ended with."""

    def step(self, x_ij, state, i, j):
        one = state.directions[0]
        one.c0 = one.c_above[:, -1]
        return super().step(x_ij, state, i, j)


def first(cls, colours=1):
    return spatial(colours, C=4 if colours == 3 else 2, h=4, size=3, cls=cls)


REFUSED = [
    (laws.equation, cell_pair(forward=tanh_inside)), (laws.gradient, cell_pair(forward=tanh_inside)),
    (laws.equation, cell_pair(forward=forget_gates_exchanged)), (laws.torch, cell_pair(forward=forget_gates_exchanged)),
    *[(law, cell_pair(extended, backward=backward)) for law in (laws.gradient, laws.torch) for extended, backward in (
        (False, forget_gradients_exchanged), (False, nothing_for(0)), (False, nothing_for(1)),
        (False, through_the_memory_forgotten), (True, peepholes_owe_nothing))],
    (laws.equation, first(OneMemory)), (laws.torch, first(OneMemory)), (laws.step, first(MemoryBesideAtTheStart)),
    (laws.structure, first(TwoMasksB)), (laws.structure, first(NothingOnTheRight)), (laws.equation, first(NothingOnTheRight)),
    (laws.structure, first(ThirdsOfAllGates, 3)), (laws.forbidden, first(ThirdsOfAllGates, 3)),
    (laws.step, first(WindowWithoutRowsAbove)),
]

# What the gradient check says of them: (pair, {array: words}).
NAMED = [
    (cell_pair(backward=forget_gradients_exchanged), {"da": "block 2 holds what belongs to block 3"}),
    (cell_pair(backward=nothing_for(0)), {"dc_prev": "right in the others: only at index 0, 1, 2 of axis 1"}),
    (cell_pair(backward=nothing_for(1)), {"dc_prev": "right in the others: only at index 3, 4, 5 of axis 1"}),
    (cell_pair(backward=through_the_memory_forgotten), {"dc_prev": "zero for what comes through output 1"}),
    (cell_pair(forward=tanh_inside), {"da": "wrong for what comes through output 0, right for the rest"}),
]
