"""A layer whose weights come from data and are not trained, and maps that pass a network by."""

from minipixel.backend import array_module
from minipixel.layers.base import Layer, Params
from minipixel.layers.compose import Composite, prefixed


class Fixed(Layer):
    """y = layer(x), with the layer's weights in `fixed` and no params: there is nothing to train, but something to save."""

    def __init__(self, layer):
        self.layer = layer

    params = Params()

    @property
    def fixed(self):
        return self.layer.params

    @property
    def shard(self):
        return self.layer.shard

    @property
    def lag(self):
        return self.layer.lag

    def to(self, xp):
        self.layer.to(xp)
        return self

    def forward(self, x):
        return self.layer.forward(x)

    def backward(self, dy, cache):
        return self.layer.backward(dy, cache)[0], {}

    def start(self, n, height, width, canvas=None):
        return self.layer.start(n, height, width, canvas)

    def step(self, x_ij, state, i, j):
        return self.layer.step(x_ij, state, i, j)

    def connections(self):
        return self.layer.connections()

    def kept(self):
        return self.layer.kept()


class Beside(Composite):
    """[y | p] = [net(x) | p]: the last M maps go past the net        x (N, H, W, C + M)  ->  (N, H, W, F + M)"""

    def __init__(self, M, net):
        self.M = M
        super().__init__({"net": net})
        self.net = net

    def forward(self, x):
        y, cache = self.net.forward(x[..., :-self.M])
        return joined(y, x[..., -self.M:]), cache

    def backward(self, dy, cache):
        dx, grads = self.net.backward(dy[..., :-self.M], cache)
        return joined(dx, dy[..., -self.M:]), prefixed("net", grads)

    def start(self, n, height, width, canvas=None):
        return self.net.start(n, height, width, None if canvas is None else canvas[..., :-self.M])

    def step(self, x_ij, state, i, j):
        return joined(self.net.step(x_ij[..., :-self.M], state, i, j), x_ij[..., -self.M:])

    def first_not_finite(self, x):
        found = self.net.first_not_finite(x[..., :-self.M])
        return None if found is None else f"net.{found}".rstrip(".")


def joined(y, p):
    return array_module(y).concatenate([y, p], axis=-1)
