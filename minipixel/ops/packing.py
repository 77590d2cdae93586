"""From maps to cells packed by clock, and back: the pairs on either side of a scan.

The skew of the paper (each row moved right by one more than the row above) makes columns of diagonals. Here the cells
of a diagonal are put side by side instead, by a permutation: the padding cells of the skewed map do not exist.
"""

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from minipixel.backend import array_module
from minipixel.ops.products import sum_of_outer
from minipixel.order import walk as walk_of

PARTS = 256         # of a product on a GPU at most: a few for each of its processors


def input_to_state_forward(x, K_is, b, walk, taps):
    """a_p = b + sum_t K_is,t^T x_(p + tap t)  for every cell p, all at once, zeros outside the map        PixelRNN, section 3.1

    x (N, H, W, C) (or any number of axes between N and C), K_is (D, T, C, F), b (D, F); taps: T offsets; walk: its D
    directions and P cells  ->  a (D, F, P, N)
    """
    xp = array_module(x)
    D, T, C, F = K_is.shape
    N, P = len(x), walk.places.shape[1]
    read = rows_read(walk.frame, walk.shape, taps, N, xp)
    X = xp.take(x.reshape(N * P, C), read.rows, axis=0)
    X.reshape(-1, C)[read.outside] = 0
    X = X.reshape(D, P * N, T * C)
    a = xp.matmul(K_is.reshape(D, T * C, F).transpose(0, 2, 1), X.transpose(0, 2, 1))
    a += b[:, :, None]
    cache = X, K_is, read, x.shape
    return a.reshape(D, F, P, N), cache


def input_to_state_backward(da, cache):
    """dK_is,t = sum_p x_(p + tap t) da_p^T,   db = sum_p da_p,   dx_(p + tap t) += K_is,t da_p"""
    X, K_is, read, shape = cache
    xp = array_module(X)
    D, T, C, F = K_is.shape
    da = da.transpose(0, 2, 3, 1).reshape(D, -1, F)     # a view, of units first in memory (ops/scan.py) or last (scan_gpu.py)
    dK = product_over_rows(X, da, X.shape[1] // shape[0])
    dX = xp.matmul(da, K_is.reshape(D, T * C, F).transpose(0, 2, 1)).reshape(-1, C)
    dX[read.outside] = 0
    given = (xp.take(dX, readers, axis=0) for readers in read.readers.reshape(D * T, -1))
    dx = next(given)
    for further in given:
        dx += further
    return {"x": dx.reshape(shape), "K_is": dK.reshape(K_is.shape), "b": xp.ones(da.shape[1], da.dtype) @ da}


def product_over_rows(X, da, P):
    """sum_k X_dk da_dk^T over the rows k of all images and P cells: X (D, P * N, C), da (D, P * N, F)  ->  (D, C, F)

    On a GPU in parts of equally many cells, and then their sum: in a single product with so small a result most of it would
    idle.
    """
    if isinstance(X, np.ndarray):
        return np.stack([sum_of_outer(*rows) for rows in zip(X, da)])
    parts = max(k for k in range(1, PARTS + 1) if P % k == 0)
    X, da = (rows.reshape(len(rows), parts, -1, rows.shape[2]) for rows in (X, da))
    return (X.transpose(0, 1, 3, 2) @ da).sum(axis=1)


def map_forward(h, walk, shifts):
    """y = sum_d of h_d at its places, moved down by shift d        PixelRNN, section 3.2: the right map is shifted and added

    h (D, h, P, N)  ->  y (N, *walk.shape, h); with shifts None side by side: (N, *walk.shape, D * h)
    """
    xp = array_module(h)
    D, units, P, N = h.shape
    shape = walk.shape
    read = rows_read(walk.frame, shape, ((0,) * len(shape),), N, xp)
    cells = h.transpose(0, 2, 3, 1).reshape(D * P * N, units)
    maps = [xp.take(cells, readers, axis=0).reshape(N, *shape, units) for readers in read.readers[:, 0]]
    if shifts is None:
        y = xp.concatenate(maps, axis=-1)
    else:
        y = moved_down(maps[0], shifts[0])
        for shift, one in zip(shifts[1:], maps[1:]):
            y[:, shift:] += one[:, :shape[0] - shift]
    cache = read, shifts, h.shape
    return y, cache


def map_backward(dy, cache):
    """Each direction takes its gradient from where its output went; what was moved out of the map has none."""
    read, shifts, (D, units, P, N) = cache
    xp = array_module(dy)
    dh = []
    for d in range(D):
        dmap = dy if shifts else dy[..., d * units:(d + 1) * units]
        if shifts and shifts[d]:
            dmap = xp.zeros(dy.shape, dy.dtype)
            dmap[:, :-shifts[d]] = dy[:, shifts[d]:]
        dh.append(xp.take(dmap.reshape(N * P, units), read.rows[d, :, 0], axis=0))
    return {"h": xp.stack(dh).reshape(D, P, N, units).transpose(0, 3, 1, 2)}


def moved_down(y, shift):
    """y (N, H, ..) with so many rows of zeros above, its last ones left out; y itself if there are none."""
    if not shift:
        return y
    moved = array_module(y).zeros(y.shape, y.dtype)
    moved[:, shift:] = y[:, :-shift]
    return moved


class RowsRead(NamedTuple):
    """Which row of a map x (N * P, C) each cell of each image reads, by direction and tap; on the device.

    rows      (D, P * N, T): cells first, images second, as a tick wants them; no row is read twice by one tap
    readers   (D, T, N * P): the way back, which of `rows`, counted through, reads a row
    outside   which of `rows`, counted through, lead out of the map: they are given rows that nobody reads
    """

    rows: np.ndarray
    readers: np.ndarray
    outside: np.ndarray


@lru_cache(maxsize=32)
def rows_read(frame, shape, taps, N, xp):
    walk, size = walk_of(frame, shape), prod(shape)
    D, P = walk.places.shape
    T = len(taps)
    rows, readers = np.empty((D, P * N, T), np.intp), np.empty((D, T, P * N), np.intp)
    outside = []
    for d, places in enumerate(walk.places):
        for t, tap in enumerate(taps):
            found = np.stack(np.unravel_index(places, shape)) + np.array(tap)[:, None]
            out = ((found < 0) | (found >= np.array(shape)[:, None])).any(axis=0)
            read = np.empty(P, np.intp)
            read[~out] = np.ravel_multi_index(found[:, ~out], shape)
            read[out] = np.setdiff1d(places, read[~out])
            rows[d, :, t] = (read[:, None] + size * np.arange(N)).reshape(-1)
            counted = (d * P * N + np.arange(P * N)) * T + t
            readers[d, t, rows[d, :, t]] = counted
            outside.append(counted[np.repeat(out, N)])
    index = np.intp if xp is np else np.int32       # they stay on the device
    return RowsRead(*[xp.asarray(table, index) for table in (rows, readers, np.concatenate(outside))])
