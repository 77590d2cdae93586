"""The ReLU layer."""

from types import SimpleNamespace

from minipixel.backend import array_module
from minipixel.layers.base import Layer
from minipixel.ops.activations import relu_backward, relu_forward


class ReLU(Layer):
    """y = max(x, 0)"""

    pointwise, lag = True, 0

    def to(self, xp):
        return self

    def forward(self, x):
        return relu_forward(x)

    def backward(self, dy, cache):
        return relu_backward(dy, cache)["x"], {}

    def start(self, n, height, width, canvas=None):
        return SimpleNamespace(zeros=None)

    def step(self, x_ij, state, i, j):
        xp = array_module(x_ij)
        # With zeros as an array NumPy takes half the time that it takes with a number.
        if state.zeros is None or state.zeros.shape != x_ij.shape:
            state.zeros = xp.zeros_like(x_ij)
        return xp.maximum(x_ij, state.zeros)
