"""Convolution over live taps: a pair of pure functions.

A kernel is kept as its live taps only: K (T, C, F) with offsets `taps`, ((di, dj), ...). The sum over taps and channels is one
matrix product of the gathered neighbourhoods P (T * C numbers a pixel) with K. P is as large as T images, so it is
built for a strip of rows at a time that stays in a core's cache, and it is gathered again in the backward, not kept:
memory stays linear in the pixels and the cost of a pixel does not grow with the image.
"""

from functools import lru_cache

import numpy as np

from minipixel.backend import array_module
from minipixel.ops.products import sum_of_outer

# Numbers of a strip's P (1 MiB of float32): measured; smaller strips spend their time between calls, larger ones in memory.
STRIP = 1 << 18


def conv_forward(x, K, b, taps):
    """y_ij = b + sum_t x_(ij + tap t) K_t, with zeros outside the image        PixelRNN, section 3.4

    x (N, H, W, C), K (T, C, F), b (F,), taps: T offsets (di, dj)  ->  y (N, H, W, F)
    """
    xp = array_module(x)
    T, C, F = K.shape
    y = xp.empty((*x.shape[:3], F), x.dtype)
    for strip, P in neighbourhoods(x, taps, F):
        multiply(P, K.reshape(T * C, F), y[strip])
        y[strip] += b
    cache = x, K, taps
    return y, cache


def conv_backward(dy, cache):
    """dK_t = sum_ij x_(ij + tap t)^T dy_ij,   db = sum_ij dy_ij,   dx_ij = sum_t dy_(ij - tap t) K_t^T"""
    x, K, taps = cache
    T, C, F = K.shape
    ones = array_module(x).ones(dy.size // F, x.dtype)  # a product with ones adds up three times faster than sum does
    gradients = thin_gradients if T > 1 and 4 * C <= F else wide_gradients
    dx, dK = gradients(dy, x, K, taps)
    return {"x": dx, "K": dK, "b": ones @ dy.reshape(-1, F)}


def multiply(P, K, out):
    """out = P K: P (n, rows, W, C), K (C, F). A GPU has one product for all rows, a CPU one that stays in cache for each."""
    if isinstance(P, np.ndarray):
        np.matmul(P, K, out=out)
    else:
        array_module(P).matmul(P.reshape(-1, len(K)), K, out=out.reshape(-1, K.shape[1]))


def wide_gradients(dy, x, K, taps):
    """dx and dK from one gathering, of what each pixel's value went to: Q_ij = [dy_(ij - tap T) .. dy_(ij - tap 1)].

    dx_ij = Q_ij K^T, a convolution with every tap mirrored, and dK^T = sum_ij x_ij^T Q_ij.
    """
    xp = array_module(x)
    T, C, F = K.shape
    dx, dK_T = xp.empty(x.shape, x.dtype), xp.zeros((C, T * F), x.dtype)
    mirrored = tuple((-di, -dj) for di, dj in taps[::-1])
    K_T = xp.ascontiguousarray(K[::-1].transpose(0, 2, 1)).reshape(T * F, C)
    for strip, Q in neighbourhoods(dy, mirrored, C):
        multiply(Q, K_T, dx[strip])
        dK_T += sum_of_outer(x[strip].reshape(-1, C), Q.reshape(-1, T * F))
    return dx, xp.ascontiguousarray(dK_T.reshape(C, T, F).transpose(1, 0, 2)[::-1])


def thin_gradients(dy, x, K, taps):
    """The same for few input channels, where neighbourhoods of dy would be many times larger than P, those of x.

    dK = sum_ij P_ij^T dy_ij;  dP_ij = dy_ij K^T, and each tap's part of it goes back to the pixel that it was read from.
    """
    xp = array_module(x)
    N, H, W, C = x.shape
    T, _, F = K.shape
    r = reach(taps)
    dK = xp.zeros((T * C, F), x.dtype)
    dx_padded = xp.zeros((C, N, H + 2 * r, W + 2 * r), x.dtype)     # pixels lie side by side: long additions for few channels
    for (images, rows), P in neighbourhoods(x, taps, F):
        dy_strip = dy[images, rows].reshape(-1, F)
        dK += sum_of_outer(P.reshape(-1, T * C), dy_strip)
        dP = (K.reshape(T * C, F) @ dy_strip.T).reshape(T, C, *P.shape[:3])
        for (di, dj), given in zip(taps, dP):
            dx_padded[:, images, rows.start + r + di:rows.stop + r + di, r + dj:r + dj + W] += given
    return dx_padded[:, :, r:r + H, r:r + W].transpose(1, 2, 3, 0), dK.reshape(K.shape)


def neighbourhoods(x, taps, F):
    """Strip by strip, (images, rows) and P_ij = [x_(ij + tap 1) .. x_(ij + tap T)] there: (n, rows, W, T * C).

    A strip has at most STRIP numbers of P and of a result with F units.
    """
    xp, r, (_, H, W, C) = array_module(x), reach(taps), x.shape
    for images, rows in strips(x, max(len(taps) * C, F), STRIP):
        if r == 0:
            yield (images, rows), x[images, rows]
            continue
        top = max(0, rows.start - r)
        window = x[images, top:min(H, rows.stop + r)]       # whole images, or rows of one: pixels side by side
        pixels, outside = pixels_read(taps, window.shape[:3], rows.start - top, rows.stop - top, xp)
        P = xp.take(window.reshape(-1, C), pixels, axis=0)
        P.reshape(-1, C)[outside] = 0
        yield (images, rows), P.reshape(len(window), rows.stop - rows.start, W, -1)


@lru_cache(maxsize=32)
def pixels_read(taps, window, first, last, xp):
    """Which pixel of a window (n, H, W) each pixel of its rows from `first` to before `last` reads by each tap; on the device.

    (n * rows * W, T), and the places in it, counted through, of those outside of the window, which is then outside of the
    image: they are given pixel 0.
    """
    n, H, W = window
    image, i, j = np.indices((n, last - first, W)).reshape(3, -1, 1)
    di, dj = np.array(taps).T
    i, j = i + first + di, j + dj
    out = (i < 0) | (i >= H) | (j < 0) | (j >= W)
    found = np.where(out, 0, (image * H + i) * W + j)
    index = np.intp if xp is np else np.int32       # they stay on the device
    return xp.asarray(found, index), xp.asarray(np.flatnonzero(out), index)


def reach(taps):
    """How far the farthest tap is from its pixel, in rows or columns."""
    return max(abs(d) for tap in taps for d in tap)


def strips(x, numbers, most):
    """(images, rows) slices in which `numbers` a pixel are `most` at most: some whole images, or rows of one; on a GPU, all."""
    N, H, W, _ = x.shape
    if not isinstance(x, np.ndarray):
        return [(slice(0, N), slice(0, H))]
    images = max(1, most // (H * W * numbers))
    rows = min(H, max(1, most // (W * numbers)))
    return [(slice(n, min(n + images, N)), slice(top, min(top + rows, H)))
            for n in range(0, N, images) for top in range(0, H, rows)]
