"""The masked convolution: a convolution that reads only what the one order allows."""

from types import SimpleNamespace

import numpy as np

from minipixel.backend import array_module
from minipixel.layers.base import Layer, Params
from minipixel.ops.conv import conv_backward, conv_forward, gather, pad
from minipixel.order import connections, live_taps


class MaskedConv(Layer):
    """y_ij = b + sum_t x_(ij + tap t) (K_t * M_t) over the live taps of a k x k kernel        PixelRNN, section 3.4

    M is 1 where the order allows the connection (mask "A" or "B", `colours` groups of units on either side), else 0.
    Forbidden weights are masked here, in every forward: their gradient is zero and their stored value has no effect.

    params: K (T, C, F), normal with variance gain / (live inputs of the unit); b (F,), zero.
    """

    def __init__(self, C, F, k, mask, colours, *, rng, dtype, gain=2.0):
        if k < 1 or k % 2 == 0:
            raise ValueError(f"MaskedConv expects an odd kernel size, got {k}")
        self.C, self.F = C, F
        self.taps = live_taps(k, k, mask, colours)
        if not self.taps:
            raise ValueError(f"MaskedConv has no live tap: a {k}x{k} kernel with mask {mask} reads nothing in one colour")
        allowed = connections(self.taps, C, F, mask, colours)
        fan_in = np.maximum(1, allowed.sum(axis=(0, 1)))
        K = rng.standard_normal(allowed.shape) * np.sqrt(gain / fan_in)
        self.M = allowed.astype(dtype)
        self.all_allowed = bool(allowed.all())
        self.params = Params(K=K.astype(dtype), b=np.zeros(F, dtype))

    def to(self, xp):
        self.M = xp.asarray(self.M)
        self.params = Params({name: xp.asarray(value) for name, value in self.params.items()})
        return self

    def masked(self):
        """K with the forbidden weights at zero. Where nothing is forbidden inside the live taps, K itself."""
        return self.params["K"] if self.all_allowed else self.params["K"] * self.M

    def forward(self, x):
        if x.ndim != 4 or x.shape[-1] != self.C:
            raise ValueError(f"MaskedConv expects x of shape (N, H, W, {self.C}), got {x.shape}: is the channel axis last?")
        return conv_forward(x, self.masked(), self.params["b"], self.taps)

    def backward(self, dy, cache):
        grads = conv_backward(dy, cache)
        if not self.all_allowed:
            grads["K"] *= self.M
        return grads.pop("x"), grads

    def start(self, n, height, width, canvas=None):
        """The map of inputs so far, and the kernel in two parts: the taps above, and those of the current row."""
        K, b = self.masked(), self.params["b"]
        if self.taps == ((0, 0),):
            return SimpleNamespace(inputs=None, K=K[0], b=b)
        inputs = array_module(K).zeros((n, height, width, self.C), K.dtype) if canvas is None else canvas
        above = [tap for tap in self.taps if tap[0] < 0]
        reach = [dj for di, dj in self.taps if di == 0]
        # A row as one line of numbers: what a pixel reads of it is a window that needs no copy, narrower at the left end.
        windows = [slice(max(0, j + reach[0]) * self.C, (j + reach[-1] + 1) * self.C) for j in range(width)]
        K_row = K[len(above):].reshape(-1, self.F)
        return SimpleNamespace(
            inputs=inputs, lines=inputs.reshape(n, height, width * self.C), i=-1, b=b, above=above,
            K_above=K[:len(above)].reshape(-1, self.F),
            here=[(window, K_row[len(K_row) - window.stop + window.start:]) for window in windows])

    def step(self, x_ij, state, i, j):
        if state.inputs is None:
            y_ij = x_ij @ state.K
            y_ij += state.b
            return y_ij
        state.inputs[:, i, j] = x_ij
        if state.i != i:
            state.i, state.from_above = i, self.read_above(state, i)
        window, K = state.here[j]
        y_ij = state.lines[:, i, window] @ K
        y_ij += state.from_above[j]
        return y_ij

    def read_above(self, state, i):
        """What the rows above give to each pixel of row i, with the bias: (W, n, F)."""
        taps = state.above
        rows = state.inputs[:, max(0, i + taps[0][0]):i + 1]
        n, height, W, C = rows.shape
        xp = array_module(rows)
        P = xp.empty((n, 1, W, len(taps) * C), rows.dtype)
        gather(pad(rows, taps), taps, slice(height - 1, height), P)
        y = P.reshape(n * W, -1) @ state.K_above
        y += state.b
        return xp.ascontiguousarray(y.reshape(n, W, self.F).transpose(1, 0, 2))

    def connections(self):
        return int(self.M.sum())

    def kept(self):
        return self.C
