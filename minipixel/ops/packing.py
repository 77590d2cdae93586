"""From maps to cells packed by clock, and back: the pairs on either side of a scan.

The skew of the paper (each row moved right by one more than the row above) makes columns of diagonals. Here the cells
of a diagonal are put side by side instead, by a permutation: the padding cells of the skewed map do not exist.
"""

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from minipixel.backend import array_module
from minipixel.order import walk as walk_of


def input_to_state_forward(x, K_is, b, walk, taps):
    """a_p = b + sum_t K_is,t^T x_(p + tap t)  for every cell p, all at once, zeros outside the map        PixelRNN, section 3.1

    x (N, H, W, C) (or any number of axes between N and C), K_is (D, T, C, F), b (D, F); taps: T offsets; walk: its D
    directions and P cells  ->  a (D, F, P, N)
    """
    xp = array_module(x)
    D, T, C, F = K_is.shape
    N, P = len(x), walk.places.shape[1]
    read = rows_read(walk.frame, walk.shape, taps, N)
    X = xp.take(x.reshape(N * P, C), xp.asarray(read.rows), axis=0)
    for d, t, cells in read.outside:
        X[d, xp.asarray(cells), t] = 0
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
    da = xp.ascontiguousarray(da).reshape(D, F, -1)
    dK = xp.matmul(X.transpose(0, 2, 1), da.transpose(0, 2, 1))
    dX = xp.matmul(da.transpose(0, 2, 1), K_is.reshape(D, T * C, F).transpose(0, 2, 1)).reshape(D, -1, T, C)
    for d, t, cells in read.outside:
        dX[d, xp.asarray(cells), t] = 0
    dX = dX.reshape(D, -1, C)
    given = (xp.take(dX[d], xp.asarray(read.readers[d, :, t] * T + t), axis=0) for d, t in np.ndindex(D, T))
    dx = next(given)
    for further in given:
        dx += further
    return {"x": dx.reshape(shape), "K_is": dK.reshape(K_is.shape), "b": da @ xp.ones(da.shape[2], da.dtype)}


def map_forward(h, walk, shifts):
    """y = sum_d of h_d at its places, moved down by shift d        PixelRNN, section 3.2: the right map is shifted and added

    h (D, h, P, N)  ->  y (N, *walk.shape, h); with shifts None side by side: (N, *walk.shape, D * h)
    """
    xp = array_module(h)
    D, units, P, N = h.shape
    shape = walk.shape
    read = rows_read(walk.frame, shape, ((0,) * len(shape),), N)
    cells = xp.ascontiguousarray(h.transpose(0, 2, 3, 1)).reshape(D, P * N, units)
    maps = [xp.take(cells[d], xp.asarray(read.readers[d, :, 0]), axis=0).reshape(N, *shape, units) for d in range(D)]
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
    dh = xp.empty((D, P * N, units), dy.dtype)
    for d in range(D):
        dmap = dy if shifts else dy[..., d * units:(d + 1) * units]
        if shifts and shifts[d]:
            dmap = xp.zeros(dy.shape, dy.dtype)
            dmap[:, :-shifts[d]] = dy[:, shifts[d]:]
        dh[d] = xp.take(dmap.reshape(N * P, units), xp.asarray(read.rows[d, :, 0]), axis=0)
    return {"h": dh.reshape(D, P, N, units).transpose(0, 3, 1, 2)}


def moved_down(y, shift):
    """y (N, H, ..) with so many rows of zeros above, its last ones left out; y itself if there are none."""
    if not shift:
        return y
    moved = array_module(y).zeros(y.shape, y.dtype)
    moved[:, shift:] = y[:, :-shift]
    return moved


class RowsRead(NamedTuple):
    """Which row of a map x (N * P, C) each cell of each image reads, by direction and tap.

    rows      (D, P * N, T): cells first, images second, as a tick wants them; no row is read twice by one tap
    readers   (D, N * P, T): the way back, the cell that reads a row
    outside   (d, t, cells) of the cells whose tap leads out of the map: they are given rows that nobody reads
    """

    rows: np.ndarray
    readers: np.ndarray
    outside: tuple


@lru_cache(maxsize=64)
def rows_read(frame, shape, taps, N):
    walk, size = walk_of(frame, shape), prod(shape)
    D, P = walk.places.shape
    rows, readers = np.empty((D, P * N, len(taps)), np.intp), np.empty((D, P * N, len(taps)), np.intp)
    outside = []
    for d, places in enumerate(walk.places):
        for t, tap in enumerate(taps):
            found = np.stack(np.unravel_index(places, shape)) + np.array(tap)[:, None]
            out = ((found < 0) | (found >= np.array(shape)[:, None])).any(axis=0)
            read = np.empty(P, np.intp)
            read[~out] = np.ravel_multi_index(found[:, ~out], shape)
            read[out] = np.setdiff1d(places, read[~out])
            rows[d, :, t] = (read[:, None] + size * np.arange(N)).reshape(-1)
            readers[d, rows[d, :, t], t] = np.arange(P * N)
            if out.any():
                outside.append((d, t, np.flatnonzero(np.repeat(out, N))))
    return RowsRead(rows, readers, tuple(outside))
