"""One more column on the right, so that nothing of the row above is missed."""

from types import SimpleNamespace

from minipixel.backend import array_module
from minipixel.layers.base import Layer


class FullContext(Layer):
    """y = net(x, one column of zeros appended), without that column        docs/reading-notes.md

    In the paper's Diagonal BiLSTM the mirrored direction at the last column of the row above cannot have read that pixel
    itself: of all earlier pixels it is the only one that nobody sees. With a column W, whose place in the order is after
    (i, W - 1) and before (i + 1, 0) and whose value is known, it is read there. The parameters are those of `net`, which
    reads C channels.
    """

    def __init__(self, C, net):
        self.C, self.net = C, net

    @property
    def params(self):
        return self.net.params

    @property
    def fixed(self):
        return self.net.fixed

    @property
    def shard(self):
        return self.net.shard

    def split(self):
        """The network's own tail needs no further column."""
        trunk, tail = self.net.split()
        return FullContext(self.C, trunk), tail

    def to(self, xp):
        self.net.to(xp)
        return self

    def forward(self, x):
        if x.ndim != 4 or x.shape[-1] != self.C:
            raise ValueError(f"FullContext expects x of shape (N, H, W, {self.C}), got {x.shape}: is the channel axis last?")
        y, cache = self.net.forward(widened(x))
        return y[:, :, :-1], cache

    def backward(self, dy, cache):
        dx, grads = self.net.backward(widened(dy), cache)
        return dx[:, :, :-1], grads

    def start(self, n, height, width, canvas=None):
        """The network's state on a canvas of its own, which has the column and is brought up to date at each step."""
        return SimpleNamespace(i=-1, canvas=canvas, n=n, height=height, width=width, wide=None)

    def step(self, x_ij, state, i, j):
        if state.wide is None:
            state.wide = array_module(x_ij).zeros((state.n, state.height, state.width + 1, x_ij.shape[1]), x_ij.dtype)
            state.inside = self.net.start(state.n, state.height, state.width + 1, state.wide)
        if state.canvas is None:
            state.wide[:, i, j] = x_ij
        else:  # the last colour of a pixel is drawn after its last step
            state.wide[:, max(0, i - 1):i + 1, :-1] = state.canvas[:, max(0, i - 1):i + 1]
        if state.i != i:
            state.i = i
            if i > 0:
                self.net.step(state.wide[:, i - 1, -1], state.inside, i - 1, state.width)
        return self.net.step(x_ij, state.inside, i, j)

    def connections(self):
        return self.net.connections()

    def kept(self):
        return self.net.kept()

    def first_not_finite(self, x):
        return self.net.first_not_finite(widened(x))


def widened(x):
    """x with one column of zeros on the right."""
    N, H, W, C = x.shape
    wide = array_module(x).zeros((N, H, W + 1, C), x.dtype)
    wide[:, :, :-1] = x
    return wide
