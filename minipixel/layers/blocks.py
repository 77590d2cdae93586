"""A network that reads the image in blocks: fewer and richer cells."""

from minipixel.backend import array_module
from minipixel.layers.base import Layer


class InBlocks(Layer):
    """y = apart(net(together(x))): the k x k pixels of a block are one cell for `net`        Graves and Schmidhuber 2009

    x (N, H, W, C), H and W multiples of k  ->  net: (N, H/k, W/k, k k C) to (N, H/k, W/k, k k F)  ->  y (N, H, W, F).
    The parameters are those of `net`. A block holds its own later pixels: such a network is not causal.
    """

    def __init__(self, k, net):
        self.k, self.net = k, net

    @property
    def params(self):
        return self.net.params

    @property
    def fixed(self):
        return self.net.fixed

    @property
    def shard(self):
        return self.net.shard * self.k**2

    def to(self, xp):
        self.net.to(xp)
        return self

    def forward(self, x):
        if x.ndim != 4 or x.shape[1] % self.k or x.shape[2] % self.k:
            raise ValueError(f"InBlocks expects x of shape (N, H, W, C) in whole blocks of {self.k} x {self.k}, got {x.shape}")
        y, cache = self.net.forward(together(x, self.k))
        return apart(y, self.k), cache

    def backward(self, dy, cache):
        dx, grads = self.net.backward(together(dy, self.k), cache)
        return apart(dx, self.k), grads

    def connections(self):
        return self.net.connections() // self.k**2

    def kept(self):
        return self.net.kept() // self.k**2

    def first_not_finite(self, x):
        return self.net.first_not_finite(together(x, self.k))


def together(x, k):
    """(N, H, W, C) -> (N, H/k, W/k, k k C): the pixels of each block side by side, row by row."""
    N, H, W, C = x.shape
    blocks = x.reshape(N, H // k, k, W // k, k, C).transpose(0, 1, 3, 2, 4, 5)
    return array_module(x).ascontiguousarray(blocks).reshape(N, H // k, W // k, k * k * C)


def apart(y, k):
    """(N, R, S, k k F) -> (N, R k, S k, F): the way back of `together`."""
    N, R, S, F = y.shape
    pixels = y.reshape(N, R, S, k, k, F // k**2).transpose(0, 1, 3, 2, 4, 5)
    return array_module(y).ascontiguousarray(pixels).reshape(N, R * k, S * k, F // k**2)
