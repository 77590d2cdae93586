"""Planted mistakes in what multi-scale PixelRNN adds: each is refused by its law (tests/test_laws_refuse.py)."""

import laws
import numpy as np
from multi_scale_subjects import conditional, enlarge_pair
from subjects import Layer

from minipixel.layers import Conditional, DiagonalBiLSTM
from minipixel.ops.enlarge import enlarge_backward
from minipixel.order import connections


def corners_exchanged(dy, cache):
    """What came from (0, 1) is given to (1, 0)."""
    grads = enlarge_backward(dy, cache)
    return {**grads, "K": grads["K"].swapaxes(0, 1)}


def one_corner_only(dy, cache):
    """A pixel is given back what its first place of four owes it."""
    first = np.zeros_like(dy)
    first[:, ::2, ::2] = dy[:, ::2, ::2]
    return {**enlarge_backward(dy, cache), "x": enlarge_backward(first, cache)["x"]}


class BlocksOweNothing(Conditional):
    """The maps are given back what the input layer owes them, and nothing by the blocks."""

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        output_dy, _ = self.output.backward(dy, cache[-1])
        for block, one in zip(reversed(self.blocks), reversed(cache[2])):
            dys, _ = block.backward(output_dy, one)
            output_dy = output_dy + dys[..., :-self.maps]
            dx[..., self.C:] -= dys[..., -self.maps:]
        return dx, grads


class MapsUnderTheMask(DiagonalBiLSTM):
    """The maps are cut into colours, as what the order rules: a red unit reads a third of them."""

    def __init__(self, C, h, colours, *, rng, dtype, free):
        super().__init__(C, h, colours, rng=rng, dtype=dtype, free=free)
        self.M[:, C:] = np.tile(connections(self.taps, free, h, "B", colours), 4)
        self.all_allowed = False


class NothingUnderTheMask(DiagonalBiLSTM):
    """All inputs are free, not the last alone."""

    def __init__(self, C, h, colours, *, rng, dtype, free):
        super().__init__(C, h, colours, rng=rng, dtype=dtype, free=free)
        self.M[:] = 1


def recurrence(cls):
    return Layer(lambda rng, dtype: cls(5, 3, 3, rng=rng, dtype=dtype, free=3), 8, None, (("diagonals", 1),), None, 3,
                 free=3, free_kernels=(("diagonals", 1),))


REFUSED = [
    (laws.gradient, enlarge_pair(5, 3, corners_exchanged)), (laws.torch, enlarge_pair(5, 3, corners_exchanged)),
    (laws.gradient, enlarge_pair(5, 3, one_corner_only)), (laws.torch, enlarge_pair(5, 3, one_corner_only)),
    (laws.torch, conditional(DiagonalBiLSTM, cls=BlocksOweNothing)),
    (laws.structure, recurrence(MapsUnderTheMask)), (laws.forbidden, recurrence(NothingUnderTheMask)),
    (laws.structure, recurrence(NothingUnderTheMask)),
]
