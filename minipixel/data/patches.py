"""Patches of images, and the form in which densities of patches are compared in the literature.

Images and patches are uint8 (N, H, W, C).
"""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])      # ITU-R BT.601


def grey(images):
    """Colour images as their luma, 0.299 R + 0.587 G + 0.114 B, rounded to whole levels: uint8 (N, H, W, 1)"""
    return np.rint(images @ LUMA).astype(np.uint8)[..., None]


def tiles(images, size):
    """All size x size squares side by side from the upper left corner; the rest at the right and below is cut off."""
    N, H, W, C = images.shape
    if size > min(H, W):
        raise ValueError(f"tiles of {size}x{size} do not fit into images of {H}x{W}")
    rows, columns = H // size, W // size
    cut = images[:, :rows * size, :columns * size].reshape(N, rows, size, columns, size, C)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(-1, size, size, C)


def patches(images, size, n, rng):
    """n squares from images and places drawn at random, all equally likely; rng: a Generator, or a seed"""
    N, H, W, _ = images.shape
    if size > min(H, W):
        raise ValueError(f"patches of {size}x{size} do not fit into images of {H}x{W}")
    rng = np.random.default_rng(rng)
    image, row, column = (rng.integers(0, end, n) for end in (N, H - size + 1, W - size + 1))
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    return windows[image, row, column].transpose(0, 2, 3, 1)


def without_mean(squares, rng):
    """The protocol of BSDS300's 63 dimensions, for grey 8x8 patches (n, 8, 8, 1): (n, 63) float64

    Uniform noise in [0, 1) is added, the sum divided by 256, each patch's mean taken off, the last pixel left out: it follows
    from the others, for all sum to zero.

    Source: Uria, Murray and Larochelle 2013, RNADE; Theis and Bethge 2015.
    """
    return mean_and_rest(squares, rng)[1]


def mean_and_rest(squares, rng):
    """The same for any size, with what was taken off: means (n, 1) and the others (n, D - 1), of D pixels a patch

    A pixel is mean + other, the last one mean - sum of all others: a linear map with determinant +-D. So the density of the
    patch itself is that of (mean, others) divided by D.
    """
    if squares.ndim != 4 or squares.shape[3] != 1:
        raise ValueError(f"without_mean expects grey patches (n, H, W, 1), got {squares.shape}")
    flat = squares.reshape(len(squares), -1)
    v = (flat + np.random.default_rng(rng).random(flat.shape)) / 256
    mean = v.mean(axis=1, keepdims=True)
    return mean, (v - mean)[:, :-1]
