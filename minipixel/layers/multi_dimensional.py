"""Multi-dimensional recurrences: a walk from each of the 2^n corners of an n-dimensional map, all outputs side by side.

With them a cell has seen the whole map, what comes later included: these layers label pixels. They are not causal
(`frame.is_causal()` is False), so they have no `step`, and no generative model may use them.

Source: Graves, Fernandez and Schmidhuber 2007, Multi-dimensional recurrent neural networks (arXiv 0705.2011).
"""

import math

import numpy as np

from minipixel.backend import moved
from minipixel.layers.base import Layer, Params
from minipixel.ops.md_cells import MDRNN_CELL, mdlstm_cell
from minipixel.ops.recurrence import recurrence_backward, recurrence_forward
from minipixel.order import corners


class MultiDimensional(Layer):
    """h, s = cell(b + K_is x + sum_d K_ss,d h_d-, s_d-) from each corner: y (N, *shape, 2^n h), zeros outside the map.

    All cells of an equal sum of coordinates are computed at once: X_1 + .. + X_n - n + 1 ticks in the place of
    X_1 * .. * X_n steps. Direction after direction, the first from the origin.

    params: K_is (D, 1, C, F) and K_ss (D, n, h, F), normal with variance 1 / inputs; b (D, F). D = 2^n directions, F units
    of all gates.
    """

    def __init__(self, C, h, dimensions, cell, memory, biases, *, rng, dtype):
        for what, value in (("C", C), ("h", h), ("dimensions", dimensions)):
            if value < 1:
                raise ValueError(f"{type(self).__name__} expects {what} of at least 1, got {value}")
        self.C, self.h, self.n, self.cell, self.frame = C, h, dimensions, cell, corners(dimensions, memory)
        # A tick has few cells of each image: more images make its calls worth while, until their states leave the cache.
        self.shard = 200_704 // h
        D, F = len(self.frame.directions), cell.gates * h
        b = np.repeat(np.array(biases, dtype), h)
        self.params = Params(
            K_is=(rng.standard_normal((D, 1, C, F)) / np.sqrt(C)).astype(dtype),
            K_ss=(rng.standard_normal((D, dimensions, h, F)) / np.sqrt(dimensions * h)).astype(dtype),
            b=np.tile(b, (D, 1)))

    def to(self, xp):
        self.params = Params({name: moved(value, xp) for name, value in self.params.items()})
        return self

    def forward(self, x):
        if x.ndim != self.n + 2 or x.shape[-1] != self.C:
            axes = {1: "X", 2: "H, W"}.get(self.n, ", ".join(f"X{d}" for d in range(1, self.n + 1)))
            raise ValueError(f"{type(self).__name__} expects x of shape (N, {axes}, {self.C}), got {x.shape}: "
                             "is the channel axis last?")
        return recurrence_forward(x, frame=self.frame, taps=((0,) * self.n,), cell=self.cell, **self.params)

    def backward(self, dy, cache):
        grads = recurrence_backward(dy, cache)
        return grads.pop("x"), {name: grads[name] for name in self.params}

    def connections(self):
        return sum(value.size for name, value in self.params.items() if name != "b")

    def kept(self):
        maps = self.cell.gates + self.n + len(self.frame.remembers) + self.cell.keeps
        return len(self.frame.directions) * (self.C + 1 + maps * self.h)


class MDRNN(MultiDimensional):
    """h = tanh(b + K_is x + sum_d K_ss,d h_d-)        Graves et al. 2007, Algorithms 1 and 2; n = 1 is the bidirectional RNN"""

    def __init__(self, C, h, dimensions=2, *, rng, dtype):
        super().__init__(C, h, dimensions, MDRNN_CELL, False, [0], rng=rng, dtype=dtype)


class MDLSTM(MultiDimensional):
    """s = iota g + sum_d phi_d s_d-,  h = omega tanh(s), n forget gates, peepholes (ops/md_cells.py)        Graves et al. 2007

    stable: the cell whose memory is a mean and cannot grow; clip: limit of the deltas in the backward, None for exact gradients
    (RNNLIB: 1, of the deltas of one image; here they are those of the loss, as a rule of a mean over a batch). params: also
    peepholes (D, n + 2, h), zero at first.
    """

    def __init__(self, C, h, dimensions=2, *, rng, dtype, stable=False, clip=None):
        if clip is not None and not clip > 0:
            raise ValueError(f"MDLSTM expects clip of more than 0, or None, got {clip}")
        # Forget gates that add up to one keep a memory as it is: with more it grows from cell to cell, with less it fades.
        # The mean of the stable cell does so for any gates, and fades by its input gate.
        iota, phi = (-1, 0) if stable else (0, -math.log(dimensions - 1) if dimensions > 1 else 1)
        super().__init__(C, h, dimensions, mdlstm_cell(dimensions, stable, clip), True, [iota, *[phi] * dimensions, 0, 0],
                         rng=rng, dtype=dtype)
        self.params = Params(**self.params, peepholes=np.zeros((len(self.frame.directions), dimensions + 2, h), dtype))
