"""A recurrence from map to map, as a pair of the pairs: packed by clock, the scan, and back to the raster."""

import numpy as np

from minipixel.backend import array_module
from minipixel.ops.packing import map_backward, map_forward, pack_backward, pack_forward
from minipixel.ops.scan import scan_backward, scan_forward
from minipixel.order import walk


def recurrence_forward(x, K_is, b, K_ss, frame, taps, cell, h0=None, c0=None, peepholes=None):
    """h, c = cell(b + sum_t K_is,t^T x_(tap t) + sum_r K_ss,r^T h_(read r), c_(remembered)) in each direction; y: their map

    x (N, *shape, C), K_is (D, T, C, F), b (D, F), K_ss (D, R, h, F); h0, c0, peepholes: as in `scan_forward`
    ->  y (N, *shape, h), or (N, *shape, D h) where the frame leaves the directions side by side
    """
    cells, beside = walk(frame, x.shape[1:-1]), taps_beside(taps, frame, array_module(x))
    X, cache_1 = pack_forward(x, cells, taps[len(beside):])                                 # 1
    h, cache_2 = scan_forward(X, K_is, b, K_ss, h0, c0, peepholes, cells, cell, beside)     # 2
    y, cache_3 = map_forward(h, cells, frame.shifts)                                        # 3
    cache = cache_1, cache_2, cache_3
    return y, cache


def recurrence_backward(dy, cache):
    """The three backwards in reverse order."""
    cache_1, cache_2, cache_3 = cache
    dh = map_backward(dy, cache_3)["h"]                                                     # 3
    grads = scan_backward(dh, cache_2)                                                      # 2
    return pack_backward(grads.pop("X"), cache_1) | grads                                   # 1


def taps_beside(taps, frame, xp):
    """The taps that a scan can take from what its cells read at the last one, as a row's do: they need not be packed.

    A GPU packs all, for it multiplies by K_is for the whole map at once.
    """
    within = len(frame.directions) == 1 and not any(taps[-1]) and not any(np.array(taps) @ frame.normal)
    return taps[:-1] if xp is np and within else ()
