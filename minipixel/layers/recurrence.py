"""The recurrences of PixelRNN as layers: input-to-state for the whole map, a scan, and the map again."""

from types import SimpleNamespace

import numpy as np

from minipixel.backend import array_module, moved
from minipixel.layers.base import Layer, Params
from minipixel.layers.window import CausalWindow
from minipixel.ops.cells import LSTM
from minipixel.ops.recurrence import recurrence_backward, recurrence_forward
from minipixel.order import DIAGONALS, ROWS, connections, live_taps


class Recurrence(Layer):
    """h, c = cell(K_ss * h_before + K_is * x, c_before); of PixelRNN an LSTM, gates o, f, i, g        PixelRNN, equation 3

    Input-to-state is masked (colour groups over the h units of each gate); state-to-state reads other pixels and is free.
    Where the frame has an edge, one initial state h0, c0 for each direction stands before it, the same at all positions, so
    any image size will do.

    C: units that the order rules; free: further inputs, after them, that every unit may read at its own pixel. Theirs is
    the unmasked 1x1 product that biases the conditional network of section 3.6.

    params: K_is (D, T, C + free, F) and K_ss (D, R, h, F), normal with variance 1 / inputs; b (D, F), `biases` of each gate;
    h0, c0 (D, h), zero. D directions, T taps, R reads of the frame, F units of all gates.
    """

    frame, taps, mask, cell = None, (), "B", LSTM
    biases = 0, 1, 0, 0     # f: what is in the memory stays there, until a gate has learned to forget
    shard = 12544           # sixteen MNIST images: a tick has few cells of each, and its calls are short for it

    def __init__(self, C, h, colours, *, rng, dtype, free=0):
        self.C, self.h = C + free, h
        D, R, T, F = len(self.frame.directions), len(self.frame.reads), len(self.taps), self.cell.gates * h
        allowed = np.zeros((T, self.C, F), bool)
        allowed[:, :C] = np.tile(connections(self.taps, C, h, self.mask, colours), self.cell.gates)
        if free:
            allowed[self.taps.index((0, 0)), C:] = True
        fan_in = np.maximum(1, allowed.sum(axis=(0, 1)))
        self.M, self.all_allowed = allowed.astype(dtype), bool(allowed.all())
        states = {} if self.frame.edge is None else {"h0": np.zeros((D, h), dtype), "c0": np.zeros((D, h), dtype)}
        self.params = Params(
            K_is=(rng.standard_normal((D, T, self.C, F)) / np.sqrt(fan_in)).astype(dtype),
            K_ss=(rng.standard_normal((D, R, h, F)) / np.sqrt(R * h)).astype(dtype),
            b=np.tile(np.repeat(np.array(self.biases, dtype), h), (D, 1)), **states)

    def to(self, xp):
        self.M = moved(self.M, xp)
        self.params = Params({name: moved(value, xp) for name, value in self.params.items()})
        return self

    def masked(self):
        """K_is with the forbidden weights at zero."""
        return self.params["K_is"] if self.all_allowed else self.params["K_is"] * self.M

    def forward(self, x):
        if x.ndim != 4 or x.shape[-1] != self.C:
            raise ValueError(f"{type(self).__name__} expects x of shape (N, H, W, {self.C}), got {x.shape}: "
                             "is the channel axis last?")
        weights = {**self.params, "K_is": self.masked()}
        return recurrence_forward(x, frame=self.frame, taps=self.taps, cell=self.cell, **weights)

    def backward(self, dy, cache):
        grads = recurrence_backward(dy, cache)
        if not self.all_allowed:
            grads["K_is"] *= self.M
        return grads.pop("x"), {name: grads[name] for name in self.params}

    def start(self, n, height, width, canvas=None):
        """The row of inputs, and each direction with its rows of states: units first, (units, W, n), as the cells want them."""
        directions = [Direction(self, d, n, height, width, canvas) for d in range(len(self.frame.directions))]
        return SimpleNamespace(i=-1, inputs=array_module(self.M).zeros((n, width, self.C), self.M.dtype), directions=directions)

    def step(self, x_ij, state, i, j):
        if state.i != i:
            state.i = i
            for one in state.directions:
                one.begin_row(i, state.inputs)
        state.inputs[:, j] = x_ij
        y_ij = 0
        for one in state.directions:
            y_ij = y_ij + (one.h_above[:, j] if one.shift else one.cell(state.inputs[:, j], i, j))
        return y_ij.T

    def connections(self):
        states = sum(value.size for name, value in self.params.items() if name in ("K_ss", "peepholes"))
        return len(self.frame.directions) * int(self.M.sum()) + states

    def kept(self):
        frame, cell = self.frame, self.cell
        maps = cell.gates + len(frame.reads) + len(frame.remembers) + cell.keeps
        return len(frame.directions) * (len(self.taps) * self.C + 1 + maps * self.h)


class Direction:
    """One direction of a recurrence, row by row: what `step` keeps of it.

    An unshifted direction computes the cell of a pixel when it is asked. A shifted one is a row behind: at the first call
    of a row it runs its chain over the row above, whose inputs are then complete, from right to left.
    """

    def __init__(self, layer, d, n, height, width, canvas):
        p, frame, h = layer.params, layer.frame, layer.h
        signs, K_ss = frame.directions[d], p["K_ss"][d]
        xp = self.xp = array_module(K_ss)
        self.pair, self.shift, self.edge = layer.cell, frame.shifts[d], frame.edge
        self.window = CausalWindow(layer.masked()[d], p["b"][d], layer.taps, n, height, width, canvas)
        self.backwards = signs[1] < 0
        self.above = [(r, signs[1] * dj) for r, (di, dj) in enumerate(frame.reads) if di < 0]
        self.beside = [(r, signs[1] * dj) for r, (di, dj) in enumerate(frame.reads) if di == 0]
        self.remembers_beside = [di == 0 for di, _ in frame.remembers]
        self.K_above = xp.concatenate([K_ss[r] for r, _ in self.above]).T           # (F, reads above * h)
        self.K_beside = K_ss[self.beside[0][0]].T if self.beside else None         # (F, h)
        self.peepholes = [p["peepholes"][d:d + 1]] if "peepholes" in p else []
        self.h, self.c, self.h_above, self.c_above = (xp.zeros((h, width, n), K_ss.dtype) for _ in range(4))
        self.h0, self.c0 = (xp.zeros((h, n), K_ss.dtype) for _ in range(2))
        if self.edge is not None:
            self.h0 += p["h0"][d][:, None]
            self.c0 += p["c0"][d][:, None]

    def begin_row(self, i, inputs):
        """The row before is complete: its states are those above now. A shifted direction makes them now."""
        if self.shift:
            if i == 0:
                return
            row, i = range(inputs.shape[1])[::-1 if self.backwards else 1], i - 1
            self.read_above(i)
            for j in row:
                self.cell(inputs[:, j], i, j)
            self.h_above, self.h, self.c_above, self.c = self.h, self.h_above, self.c, self.c_above
        else:
            if i > 0:
                self.h_above, self.h, self.c_above, self.c = self.h, self.h_above, self.c, self.c_above
            self.read_above(i)

    def read_above(self, i):
        """What the states of the row above give to the pre-activations of row i: (F, W, n)."""
        h, W, n = self.h_above.shape
        S = self.xp.zeros((len(self.above), h, W, n), self.h.dtype)
        if i == 0 and self.edge == 0:
            self.h_above[...], self.c_above[...] = self.h0[:, None], self.c0[:, None]
        for slot, (_, dj) in zip(S, self.above):
            slot[:, max(0, -dj):W - max(0, dj)] = self.h_above[:, max(0, dj):W - max(0, -dj)]
        if i > 0 or self.edge == 0:
            self.given = (self.K_above @ S.reshape(-1, W * n)).reshape(-1, W, n)
        else:
            self.given = self.xp.zeros((len(self.K_above), W, n), self.h.dtype)

    def cell(self, x_ij, i, j):
        """The state of the cell in column j of the present row i: h (h, n)."""
        a = self.given[:, j].copy()
        a += self.window.step(x_ij, i, j).T
        c_beside = None
        if self.beside:
            k = j + self.beside[0][1]
            first = not 0 <= k < self.h.shape[1]
            h_beside, c_beside = (self.h0, self.c0) if first else (self.h[:, k], self.c[:, k])
            a += self.K_beside @ h_beside
        c_prev = self.xp.concatenate([c_beside if beside else self.c_above[:, j] for beside in self.remembers_beside])
        (h, c), _ = self.pair.forward(a[None], c_prev[None], *self.peepholes)
        self.h[:, j], self.c[:, j] = h[0], c[0]
        return h[0]


class RowLSTM(Recurrence):
    """All columns of a row at once, from the three cells above: a triangle of context        PixelRNN, section 3.1

    Input-to-state 1 x k along the row, mask B, k odd and at least 3; state-to-state 1 x 3 over the row above. h0, c0 stand
    above row 0.
    """

    frame = ROWS

    def __init__(self, C, h, colours, *, rng, dtype, free=0, k=3):
        if k < 3 or k % 2 == 0:
            raise ValueError(f"k, the kernel of a Row LSTM, expects an odd number of at least 3, got {k}")
        self.taps = live_taps(1, k, "B", colours)
        super().__init__(C, h, colours, rng=rng, dtype=dtype, free=free)


class DiagonalBiLSTM(Recurrence):
    """Two scans by diagonals; the mirrored one is moved down by a row and added        PixelRNN, section 3.2

    Input-to-state 1 x 1, mask B; state-to-state from the cells left and above. h0, c0 stand left of column 0 in every row
    (right of the last for the mirrored direction), zeros above row 0.
    """

    frame, taps = DIAGONALS, ((0, 0),)
