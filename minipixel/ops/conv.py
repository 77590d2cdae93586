"""Convolution over live taps: a pair of pure functions.

A kernel is kept as its live taps only: K (T, C, F) with offsets `taps`, ((di, dj), ...). The sum over taps and channels is one
matrix product of the gathered neighbourhoods P (T * C numbers a pixel) with K. P is as large as T images, so it is
built for a strip of rows at a time that stays in a core's cache, and it is gathered again in the backward, not kept:
memory stays linear in the pixels and the cost of a pixel does not grow with the image.
"""

import numpy as np

from minipixel.backend import array_module

# Numbers of a strip's P: 1 MiB of float32, half of a usual second-level cache.
STRIP = 1 << 18


def conv_forward(x, K, b, taps):
    """y_ij = b + sum_t x_(ij + tap t) K_t, with zeros outside the image        PixelRNN, section 3.4

    x (N, H, W, C), K (T, C, F), b (F,), taps: T offsets (di, dj)  ->  y (N, H, W, F)
    """
    xp = array_module(x)
    N, H, W, C = x.shape
    T, _, F = K.shape
    y = xp.empty((N, H, W, F), x.dtype)
    padded = pad(x, taps)
    for top, bottom in strips(x, T * C):
        xp.matmul(gather(padded, taps, top, bottom, W), K.reshape(T * C, F), out=y[:, top:bottom])
    y += b
    cache = x, K, taps
    return y, cache


def conv_backward(dy, cache):
    """dK_t = sum_ij x_(ij + tap t)^T dy_ij,   db = sum_ij dy_ij,   dx_ij = sum_t dy_(ij - tap t) K_t^T"""
    x, K, taps = cache
    xp = array_module(x)
    N, H, W, C = x.shape
    T, _, F = K.shape
    dK = xp.zeros((T * C, F), x.dtype)
    padded = pad(x, taps)
    for top, bottom in strips(x, T * C):
        P = gather(padded, taps, top, bottom, W)
        dK += P.reshape(-1, T * C).T @ dy[:, top:bottom].reshape(-1, F)
    ones = xp.ones(N * H * W, x.dtype)  # a product with ones adds up three times faster than sum does
    input_gradient = thin_input_gradient if 4 * C <= F else wide_input_gradient
    return {"x": input_gradient(dy, x, K, taps), "K": dK.reshape(K.shape), "b": ones @ dy.reshape(-1, F)}


def wide_input_gradient(dy, x, K, taps):
    """dx as a convolution of dy, with every tap mirrored and every K_t transposed."""
    xp = array_module(x)
    W, (T, C, F) = x.shape[2], K.shape
    dx = xp.empty_like(x)
    mirrored = tuple((-di, -dj) for di, dj in taps[::-1])
    K_T = xp.ascontiguousarray(K[::-1].transpose(0, 2, 1)).reshape(T * F, C)
    dy_padded = pad(dy, mirrored)
    for top, bottom in strips(x, T * F):
        xp.matmul(gather(dy_padded, mirrored, top, bottom, W), K_T, out=dx[:, top:bottom])
    return dx


def thin_input_gradient(dy, x, K, taps):
    """The same dx for few input channels, where neighbourhoods of dy would be many times larger than those of x.

    dP_ij = dy_ij K^T, and each tap's part of it goes back to the pixel that it was read from.
    """
    xp = array_module(x)
    N, H, W, C = x.shape
    T, _, F = K.shape
    r = reach(taps)
    dx_padded = xp.zeros((N, H + 2 * r, W + 2 * r, C), x.dtype)
    for top, bottom in strips(x, T * C):
        dP = xp.matmul(dy[:, top:bottom], K.reshape(T * C, F).T)
        for t, (di, dj) in enumerate(taps):
            dx_padded[:, top + r + di:bottom + r + di, r + dj:r + dj + W] += dP[..., t * C:(t + 1) * C]
    return dx_padded[:, r:r + H, r:r + W]


def reach(taps):
    return max(max(abs(di), abs(dj)) for di, dj in taps)


def pad(x, taps):
    """x with as many zeros on every side as the farthest tap reaches."""
    r = reach(taps)
    if r == 0:
        return x
    N, H, W, C = x.shape
    padded = array_module(x).zeros((N, H + 2 * r, W + 2 * r, C), x.dtype)
    padded[:, r:r + H, r:r + W] = x
    return padded


def gather(padded, taps, top, bottom, W):
    """P_ij = [x_(ij + tap 1) .. x_(ij + tap T)] for the rows top..bottom-1: (N, rows, W, T * C)."""
    xp = array_module(padded)
    N, _, wide, C = padded.shape
    r = (wide - W) // 2
    if r == 0:
        return padded[:, top:bottom]
    P = xp.empty((N, bottom - top, W, len(taps) * C), padded.dtype)
    for di, dj, first, count in runs(taps):
        rows = padded[:, top + r + di:bottom + r + di, r + dj:]
        # Neighbours in a row lie side by side in memory: one window of count * C numbers a pixel.
        windows = xp.lib.stride_tricks.as_strided(rows, (N, bottom - top, W, count * C), padded.strides)
        P[..., first * C:(first + count) * C] = windows
    return P


def runs(taps):
    """Taps side by side in a row, as (di, first dj, first tap, how many)."""
    starts = [t for t, (di, dj) in enumerate(taps) if t == 0 or taps[t - 1] != (di, dj - 1)]
    return [(*taps[t], t, end - t) for t, end in zip(starts, [*starts[1:], len(taps)])]


def strips(x, numbers):
    """(top, bottom) of the strips of rows in which `numbers` a pixel stay in cache; on a GPU, the whole image."""
    N, H, W, _ = x.shape
    rows = max(1, STRIP // (N * W * numbers)) if isinstance(x, np.ndarray) else H
    return [(top, min(top + rows, H)) for top in range(0, H, rows)]
