"""From maps to cells packed by clock, and back: the pairs on either side of a scan.

The skew of the paper (each row moved right by one more than the row above) makes columns of diagonals. Here the cells
of a diagonal are put side by side instead, by a permutation: the padding cells of the skewed map do not exist.
"""

from math import prod

import numpy as np

from minipixel.backend import array_module


def input_to_state_forward(x, K_is, b, walk, taps):
    """a_p = b + sum_t K_is,t^T x_(p + tap t)  for every cell p, all at once, zeros outside the map        PixelRNN, section 3.1

    x (N, H, W, C) (or any number of axes between N and C), K_is (D, T, C, F), b (D, F); taps: T offsets; walk: its D
    directions and P cells  ->  a (D, F, P, N)
    """
    xp = array_module(x)
    D, T, C, F = K_is.shape
    N, P = len(x), walk.places.shape[1]
    X = xp.empty((D, P * N, T * C), x.dtype)
    flat = xp.ascontiguousarray(x).reshape(N * P, C)
    for d, t, rows, outside in sources(x, walk, taps):
        X[d, :, t * C:(t + 1) * C] = flat[rows]
        if outside is not None:
            X[d, outside, t * C:(t + 1) * C] = 0
    K = K_is.reshape(D, T * C, F)
    a = xp.matmul(K.transpose(0, 2, 1), X.transpose(0, 2, 1))
    a += b[:, :, None]
    cache = X, K_is, walk, taps, x.shape
    return a.reshape(D, F, P, N), cache


def input_to_state_backward(da, cache):
    """dK_is,t = sum_p x_(p + tap t) da_p^T,   db = sum_p da_p,   dx_(p + tap t) += K_is,t da_p"""
    X, K_is, walk, taps, shape = cache
    xp = array_module(X)
    D, T, C, F = K_is.shape
    da = xp.ascontiguousarray(da).reshape(D, F, -1)
    dK = xp.matmul(X.transpose(0, 2, 1), da.transpose(0, 2, 1))
    dX = xp.matmul(da.transpose(0, 2, 1), K_is.reshape(D, T * C, F).transpose(0, 2, 1))
    dx = xp.zeros((da.shape[2], C), X.dtype)
    for d, t, rows, outside in sources(xp.empty(shape, X.dtype), walk, taps):
        dX_t = dX[d, :, t * C:(t + 1) * C]
        if outside is not None:
            dX_t[outside] = 0
        dx[rows] += dX_t
    return {"x": dx.reshape(shape), "K_is": dK.reshape(K_is.shape), "b": da @ xp.ones(da.shape[2], da.dtype)}


def sources(x, walk, taps):
    """For each direction d and tap t: (d, t, rows, outside): the row of x as (N * P, C) that each cell and image reads.

    Cells come first, images second, as a tick wants them. outside: the rows whose tap leads out of the map; None if none.
    """
    xp = array_module(x)
    N, shape = len(x), x.shape[1:-1]
    first = np.arange(N) * prod(shape)
    for d, places in enumerate(walk.places):
        for t, tap in enumerate(taps):
            outside = None
            if any(tap):
                read = np.stack(np.unravel_index(places, shape)) + np.array(tap)[:, None]
                out = ((read < 0) | (read >= np.array(shape)[:, None])).any(axis=0)
                outside = xp.asarray(np.flatnonzero(np.repeat(out, N)))
                # A cell that reads outside is given a row of its own, so that no row is read twice by one tap.
                places_t = places.copy()
                inside = np.ravel_multi_index(read[:, ~out], shape)
                places_t[~out] = inside
                places_t[out] = np.setdiff1d(places, inside)
            else:
                places_t = places
            yield d, t, xp.asarray((places_t[:, None] + first).reshape(-1)), outside


def map_forward(h, walk, shape, shifts):
    """y = sum_d of h_d at its places, moved down by shift d        PixelRNN, section 3.2: the right map is shifted and added

    h (D, h, P, N), shape: (H, W) or any  ->  y (N, *shape, h); with shifts None side by side: (N, *shape, D * h)
    """
    xp = array_module(h)
    D, units, P, N = h.shape
    cells = xp.ascontiguousarray(h.transpose(0, 2, 3, 1)).reshape(D, P * N, units)
    maps = xp.empty((N * P, units), h.dtype)
    y = xp.zeros((N, *shape, units if shifts else D * units), h.dtype)
    like = xp.empty((N, *shape, 1), h.dtype)
    for d, _, rows, _ in sources(like, walk, ((0,) * len(shape),)):
        maps[rows] = cells[d]
        moved = maps.reshape(N, *shape, units)
        if shifts:
            y[:, shifts[d]:] += moved[:, :shape[0] - shifts[d]]
        else:
            y[..., d * units:(d + 1) * units] = moved
    cache = walk, shape, shifts, h.shape
    return y, cache


def map_backward(dy, cache):
    """Each direction takes its gradient from where its output went; what was moved out of the map has none."""
    walk, shape, shifts, (D, units, P, N) = cache
    xp = array_module(dy)
    dh = xp.empty((D, P * N, units), dy.dtype)
    for d, _, rows, _ in sources(dy, walk, ((0,) * len(shape),)):
        dmaps = dy if shifts else dy[..., d * units:(d + 1) * units]
        if shifts and shifts[d]:
            dmaps = xp.zeros(dy.shape, dy.dtype)
            dmaps[:, :shape[0] - shifts[d]] = dy[:, shifts[d]:]
        dh[d] = xp.ascontiguousarray(dmaps).reshape(N * P, units)[rows]
    return {"h": dh.reshape(D, P, N, units).transpose(0, 3, 1, 2)}
