"""The masked convolution: a convolution that reads only what the one order allows."""

import numpy as np

from minipixel.backend import moved
from minipixel.layers.base import Layer, Params
from minipixel.layers.window import CausalWindow
from minipixel.ops.conv import conv_backward, conv_forward
from minipixel.order import connections, lag_of, live_taps


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
        self.pointwise, self.lag = self.taps == ((0, 0),), lag_of(self.taps)
        if not self.taps:
            raise ValueError(f"MaskedConv has no live tap: a {k}x{k} kernel with mask {mask} reads nothing in one colour")
        allowed = connections(self.taps, C, F, mask, colours)
        fan_in = np.maximum(1, allowed.sum(axis=(0, 1)))
        K = rng.standard_normal(allowed.shape) * np.sqrt(gain / fan_in)
        self.M = allowed.astype(dtype)
        self.all_allowed = bool(allowed.all())
        self.params = Params(K=K.astype(dtype), b=np.zeros(F, dtype))

    def to(self, xp):
        self.M = moved(self.M, xp)
        self.params = Params({name: moved(value, xp) for name, value in self.params.items()})
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
        return CausalWindow(self.masked(), self.params["b"], self.taps, n, height, width, canvas)

    def step(self, x_ij, state, i, j):
        return state.step(x_ij, i, j)

    def connections(self):
        return int(self.M.sum())

    def kept(self):
        return self.C
