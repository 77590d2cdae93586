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


def pack_forward(x, walk, taps):
    """X_t,p = x_(p + tap t)  for every tap t and cell p: what input-to-state reads, zeros outside the map

    x (N, H, W, C) (or any number of axes between N and C); walk: its D directions and P cells; taps: T offsets
    ->  X (D, T, P, N, C)
    """
    xp = array_module(x)
    N, C, (D, P) = len(x), x.shape[-1], walk.places.shape
    read = rows_read(walk.frame, walk.shape, taps, N, xp)
    X = xp.take(x.reshape(N * P, C), read.rows, axis=0)
    X.reshape(-1, C)[read.outside] = 0
    cache = read, x.shape
    return X.reshape(D, len(taps), P, N, C), cache


def pack_backward(dX, cache):
    """dx_(p + tap t) += dX_t,p: each row of the map takes what its readers give back, if there are any."""
    read, shape = cache
    xp, dx = array_module(dX), None
    for d, t in np.ndindex(dX.shape[:2]):
        given = xp.take(dX[d, t].reshape(-1, shape[-1]), read.readers[d, t], axis=0)
        given[read.unread[d][t]] = 0
        dx = given if dx is None else xp.add(dx, given, out=dx)
    return {"x": dx.reshape(shape)}


def map_forward(h, walk, shifts):
    """y = sum_d of h_d at its places, moved down by shift d        PixelRNN, section 3.2: the right map is shifted and added

    h (D, h, P, N)  ->  y (N, *walk.shape, h); with shifts None side by side: (N, *walk.shape, D * h)
    """
    xp = array_module(h)
    D, units, P, N = h.shape
    shape = walk.shape
    read = rows_read(walk.frame, shape, ((0,) * len(shape),), N, xp)
    cells = h.transpose(0, 2, 3, 1).reshape(D, P * N, units)
    maps = [xp.take(one, readers, axis=0).reshape(N, *shape, units) for one, readers in zip(cells, read.readers[:, 0])]
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
        dh.append(xp.take(dmap.reshape(N * P, units), read.rows[d], axis=0))
    dh = xp.concatenate(dh) if D > 1 else dh[0]
    return {"h": dh.reshape(D, P, N, units).transpose(0, 3, 1, 2)}


def moved_down(y, shift):
    """y (N, H, ..) with so many rows of zeros above, its last ones left out; y itself if there are none."""
    if not shift:
        return y
    moved = array_module(y).zeros(y.shape, y.dtype)
    moved[:, shift:] = y[:, :-shift]
    return moved


class RowsRead(NamedTuple):
    """Which row of a map x (N * P, C) each cell of each image reads, by direction and tap; on the device.

    rows      (D, T, P * N): cells first, images second, as a tick wants them; no row is read twice by one tap
    readers   (D, T, N * P): the way back, which of the cells reads a row
    outside   which of `rows`, counted through, lead out of the map: they are given rows that nobody reads
    unread    those rows, for each direction and tap
    """

    rows: np.ndarray
    readers: np.ndarray
    outside: np.ndarray
    unread: list


@lru_cache(maxsize=32)
def rows_read(frame, shape, taps, N, xp):
    walk, size = walk_of(frame, shape), prod(shape)
    D, P = walk.places.shape
    rows, readers = (np.empty((D, len(taps), P * N), np.intp) for _ in range(2))
    outside = np.empty(rows.shape, bool)
    for d, places in enumerate(walk.places):
        for t, tap in enumerate(taps):
            found = np.stack(np.unravel_index(places, shape)) + np.array(tap)[:, None]
            out = ((found < 0) | (found >= np.array(shape)[:, None])).any(axis=0)
            read = np.empty(P, np.intp)
            read[~out] = np.ravel_multi_index(found[:, ~out], shape)
            read[out] = np.setdiff1d(places, read[~out])
            rows[d, t] = (read[:, None] + size * np.arange(N)).reshape(-1)
            readers[d, t, rows[d, t]] = np.arange(P * N)
            outside[d, t] = np.repeat(out, N)

    def on_device(table):       # they stay there
        return xp.asarray(table, np.intp if xp is np else np.int32)
    unread = [[on_device(rows[d, t, outside[d, t]]) for t in range(len(taps))] for d in range(D)]
    return RowsRead(on_device(rows), on_device(readers), on_device(np.flatnonzero(outside)), unread)
