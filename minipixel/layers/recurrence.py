"""The recurrences of PixelRNN as layers: input-to-state for the whole map, a scan, and the map again."""

from types import SimpleNamespace

import numpy as np

from minipixel.backend import array_module
from minipixel.layers.base import Layer, Params
from minipixel.ops.cells import LSTM
from minipixel.ops.packing import input_to_state_backward, input_to_state_forward, map_backward, map_forward
from minipixel.ops.scan import scan_backward, scan_forward
from minipixel.order import DIAGONALS, ROWS, connections, live_taps, walk


class Recurrence(Layer):
    """h, c = LSTM(K_ss * h_before + K_is * x, c_before), in the gate order o, f, i, g        PixelRNN, equation 3

    Input-to-state is masked (mask B, colour groups over the h units of each gate); state-to-state reads other pixels and
    is free. One initial state h0, c0 for each direction, the same at all positions, so any image size will do.

    C: units that the order rules; free: further inputs, after them, that every unit may read at its own pixel. Theirs is
    the unmasked 1x1 product that biases the conditional network of section 3.6.

    params: K_is (D, T, C + free, 4h) and K_ss (D, R, h, 4h), normal with variance 1 / inputs; b (D, 4h), zero, and one for the
    forget gates; h0, c0 (D, h), zero. D directions, T taps, R reads of the frame.
    """

    frame, taps = None, ()
    shard = 12544  # sixteen MNIST images: a tick has few cells of each, and its calls are short for it

    def __init__(self, C, h, colours, *, rng, dtype, free=0):
        self.C, self.h = C + free, h
        D, R, T = len(self.frame.directions), len(self.frame.reads), len(self.taps)
        allowed = np.zeros((T, self.C, LSTM.gates * h), bool)
        allowed[:, :C] = np.tile(connections(self.taps, C, h, "B", colours), LSTM.gates)
        allowed[self.taps.index((0, 0)), C:] = True
        fan_in = np.maximum(1, allowed.sum(axis=(0, 1)))
        b = np.zeros((D, LSTM.gates, h), dtype)
        b[:, 1] = 1  # f: what is in the memory stays there, until a gate has learned to forget
        self.M, self.all_allowed = allowed.astype(dtype), bool(allowed.all())
        self.params = Params(
            K_is=(rng.standard_normal((D, T, self.C, 4 * h)) / np.sqrt(fan_in)).astype(dtype),
            K_ss=(rng.standard_normal((D, R, h, 4 * h)) / np.sqrt(R * h)).astype(dtype),
            b=b.reshape(D, -1), h0=np.zeros((D, h), dtype), c0=np.zeros((D, h), dtype))

    def to(self, xp):
        self.M = xp.asarray(self.M)
        self.params = Params({name: xp.asarray(value) for name, value in self.params.items()})
        return self

    def masked(self):
        """K_is with the forbidden weights at zero."""
        return self.params["K_is"] if self.all_allowed else self.params["K_is"] * self.M

    def forward(self, x):
        if x.ndim != 4 or x.shape[-1] != self.C:
            raise ValueError(f"{type(self).__name__} expects x of shape (N, H, W, {self.C}), got {x.shape}: "
                             "is the channel axis last?")
        p, cells = self.params, walk(self.frame, x.shape[1:3])
        a, cache_1 = input_to_state_forward(x, self.masked(), p["b"], cells, self.taps)
        h, cache_2 = scan_forward(a, p["K_ss"], p["h0"], p["c0"], None, cells, LSTM)
        y, cache_3 = map_forward(h, cells, self.frame.shifts)
        return y, (cache_1, cache_2, cache_3)

    def backward(self, dy, cache):
        cache_1, cache_2, cache_3 = cache
        grads = scan_backward(map_backward(dy, cache_3)["h"], cache_2)
        grads |= input_to_state_backward(grads.pop("a"), cache_1)
        if not self.all_allowed:
            grads["K_is"] *= self.M
        return grads.pop("x"), {name: grads[name] for name in self.params}

    def start(self, n, height, width, canvas=None):
        """The rows of inputs and states so far: units first, (units, W, n), as the cells want them."""
        xp, dtype, h = array_module(self.M), self.M.dtype, self.h
        directions = [Direction(self, d, xp) for d in range(len(self.frame.directions))]
        for one in directions:
            one.h, one.c, one.h_above, one.c_above = (xp.zeros((h, width, n), dtype) for _ in range(4))
        return SimpleNamespace(i=-1, inputs=xp.zeros((n, width, self.C), dtype), directions=directions, xp=xp)

    def step(self, x_ij, state, i, j):
        if state.i != i:
            state.i = i
            for one in state.directions:
                one.begin_row(i, state.inputs)
        state.inputs[:, j] = x_ij
        y_ij = 0
        for one in state.directions:
            y_ij = y_ij + (one.h_above[:, j] if one.shift else one.cell(state.inputs, j))
        return y_ij.T

    def connections(self):
        return len(self.frame.directions) * int(self.M.sum()) + self.params["K_ss"].size

    def kept(self):
        D, R, F = len(self.frame.directions), len(self.frame.reads), LSTM.gates * self.h
        return D * (len(self.taps) * self.C + F + (R + 2) * self.h)


class Direction:
    """One direction of a recurrence, row by row: what `step` keeps of it.

    An unshifted direction computes the cell of a pixel when it is asked. A shifted one is a row behind: at the first call
    of a row it runs its chain over the row above, whose inputs are then complete, from right to left.
    """

    def __init__(self, layer, d, xp):
        p, frame = layer.params, layer.frame
        signs, reads = frame.directions[d], frame.reads
        self.xp, self.shift, self.edge, self.taps = xp, frame.shifts[d], frame.edge, [dj for _, dj in layer.taps]
        self.backwards = signs[1] < 0
        self.above = [(r, signs[1] * dj) for r, (di, dj) in enumerate(reads) if di < 0]
        self.beside = [(r, signs[1] * dj) for r, (di, dj) in enumerate(reads) if di == 0]
        self.remembers_beside = frame.remembers[0] in [(di, dj) for di, dj in reads if di == 0]
        K_ss = p["K_ss"][d]
        self.K_is = xp.ascontiguousarray(layer.masked()[d].transpose(2, 0, 1))      # (4h, T, C)
        self.K_above = xp.concatenate([K_ss[r] for r, _ in self.above]).T            # (4h, reads above * h)
        self.K_beside = K_ss[self.beside[0][0]].T if self.beside else None          # (4h, h)
        self.b, self.h0, self.c0 = p["b"][d][:, None], p["h0"][d][:, None], p["c0"][d][:, None]

    def begin_row(self, i, inputs):
        """The row before is complete: its states are those above now. A shifted direction makes them now."""
        if self.shift:
            if i == 0:
                return
            row, i = range(inputs.shape[1])[::-1 if self.backwards else 1], i - 1
            self.read_above(i)
            for j in row:
                self.cell(inputs, j)
            self.h_above, self.h, self.c_above, self.c = self.h, self.h_above, self.c, self.c_above
        else:
            if i > 0:
                self.h_above, self.h, self.c_above, self.c = self.h, self.h_above, self.c, self.c_above
            self.read_above(i)

    def read_above(self, i):
        """What bias and states of the row above give to the pre-activations of row i: (4h, W, n)."""
        h, W, n = self.h_above.shape
        S = self.xp.zeros((len(self.above), h, W, n), self.h.dtype)
        if i == 0 and self.edge == 0:
            self.h_above[...], self.c_above[...] = self.h0[..., None], self.c0[..., None]
        for slot, (_, dj) in zip(S, self.above):
            slot[:, max(0, -dj):W - max(0, dj)] = self.h_above[:, max(0, dj):W - max(0, -dj)]
        if i > 0 or self.edge == 0:
            self.given = (self.K_above @ S.reshape(-1, W * n) + self.b).reshape(-1, W, n)
        else:
            self.given = self.xp.zeros((len(self.b), W, n), self.h.dtype) + self.b[..., None]

    def cell(self, inputs, j):
        """The state of the cell in column j of the present row: h (h, n)."""
        a = self.given[:, j].copy()
        for t, dj in enumerate(self.taps):
            if j + dj >= 0:
                a += self.K_is[:, t] @ inputs[:, j + dj].T
        c_prev = self.c_above[:, j]
        if self.beside:
            k = j + self.beside[0][1]
            first = not 0 <= k < inputs.shape[1]
            h_beside, c_beside = (self.h0, self.c0) if first else (self.h[:, k], self.c[:, k])
            a += self.K_beside @ h_beside
            c_prev = c_beside if self.remembers_beside else c_prev
        (h, c), _ = LSTM.forward(a[None, :, None], c_prev[None, :, None])
        self.h[:, j], self.c[:, j] = h[0, :, 0], c[0, :, 0]
        return h[0, :, 0]


class RowLSTM(Recurrence):
    """All columns of a row at once, from the three cells above: a triangle of context        PixelRNN, section 3.1

    Input-to-state 1 x 3 along the row, mask B; state-to-state 1 x 3 over the row above. h0, c0 stand above row 0.
    """

    frame = ROWS

    def __init__(self, C, h, colours, *, rng, dtype, free=0):
        self.taps = live_taps(1, 3, "B", colours)
        super().__init__(C, h, colours, rng=rng, dtype=dtype, free=free)


class DiagonalBiLSTM(Recurrence):
    """Two scans by diagonals; the mirrored one is moved down by a row and added        PixelRNN, section 3.2

    Input-to-state 1 x 1, mask B; state-to-state from the cells left and above. h0, c0 stand left of column 0 in every row
    (right of the last for the mirrored direction), zeros above row 0.
    """

    frame, taps = DIAGONALS, ((0, 0),)
