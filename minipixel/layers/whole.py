"""Layers for what is known as a whole: they read in all directions, know no order, and have no `step`."""

import numpy as np

from minipixel.backend import moved
from minipixel.layers.base import Layer, Params
from minipixel.ops.conv import conv_backward, conv_forward
from minipixel.ops.enlarge import enlarge_backward, enlarge_forward


class Whole(Layer):
    """A layer of one pair. params: K, normal with variance gain / inputs of a unit; b (F,), zero."""

    def __init__(self, C, shape, fan_in, rng, dtype, gain):
        self.C = C
        K = rng.standard_normal(shape) * np.sqrt(gain / fan_in)
        self.params = Params(K=K.astype(dtype), b=np.zeros(shape[-1], dtype))

    def to(self, xp):
        self.params = Params({name: moved(value, xp) for name, value in self.params.items()})
        return self

    def checked(self, x):
        if x.ndim != 4 or x.shape[-1] != self.C:
            raise ValueError(f"{type(self).__name__} expects x of shape (N, H, W, {self.C}), got {x.shape}: "
                             "is the channel axis last?")
        return x

    def connections(self):
        return self.params["K"].size

    def kept(self):
        return self.C


class Conv(Whole):
    """y_ij = b + sum_t x_(ij + tap t) K_t over all taps of a k x k kernel        PixelRNN, section 3.4, without a mask

    params: K (k k, C, F) and b (F,).
    """

    def __init__(self, C, F, k, *, rng, dtype, gain=2.0):
        if k < 1 or k % 2 == 0:
            raise ValueError(f"Conv expects an odd kernel size, got {k}")
        self.taps = tuple((di - k // 2, dj - k // 2) for di, dj in np.ndindex(k, k))
        super().__init__(C, (k * k, C, F), k * k * C, rng, dtype, gain)

    def forward(self, x):
        return conv_forward(self.checked(x), self.params["K"], self.params["b"], self.taps)

    def backward(self, dy, cache):
        grads = conv_backward(dy, cache)
        return grads.pop("x"), grads


class Enlarge(Whole):
    """Twice the height and width, by a transposed convolution 2 x 2 of stride 2        PixelRNN, section 3.6

    x (N, h, w, C)  ->  y (N, 2h, 2w, F).  params: K (2, 2, C, F) and b (F,).
    """

    def __init__(self, C, F, *, rng, dtype, gain=2.0):
        super().__init__(C, (2, 2, C, F), C, rng, dtype, gain)

    def forward(self, x):
        return enlarge_forward(self.checked(x), self.params["K"], self.params["b"])

    def backward(self, dy, cache):
        grads = enlarge_backward(dy, cache)
        return grads.pop("x"), grads
