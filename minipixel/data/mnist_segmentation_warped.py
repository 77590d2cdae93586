"""The labelled MNIST whose test images are warped: train on clean digits, then see how a network bears distortion.

Elastic distortion: every pixel looks elsewhere, by a field of random displacements that a Gaussian has smoothed. The form and
the two numbers are of P. Simard, D. Steinkraus and J. Platt, Best practices for convolutional neural networks applied to visual
document analysis, ICDAR 2003. Graves et al. 2007 warp their test set likewise; their settings are not known to us, so figures
on warped digits compare with theirs in kind and not in size.
"""

from dataclasses import replace

import numpy as np

from . import mnist, mnist_segmentation

ABOUT = mnist_segmentation.ABOUT._replace(
    name="mnist-segmentation-warped", source="mnist-segmentation, its test images elastically distorted")
ALPHA, SIGMA = 34.0, 4.0        # pixels: displacement before smoothing, and width of the Gaussian
SEED = 2007


def load():
    """Training and validation images as they are, test images warped, and then labelled by what is grey in them."""
    images = mnist.load()
    images = replace(images, test=warped(images.test, np.random.default_rng(SEED)))
    return mnist_segmentation.labelled(
        images, ABOUT.name, "MNIST, pixels labelled by digit or background (grey below 128), test images warped (elastic "
                            f"distortion, alpha {ALPHA:g}, sigma {SIGMA:g}, seed {SEED})")


def warped(images, rng, alpha=ALPHA, sigma=SIGMA):
    """images (N, H, W, 1) uint8, each pixel taken from place + alpha * smoothed(uniform(-1, 1)), bilinearly, zeros outside."""
    from scipy.ndimage import gaussian_filter  # when it is needed: a browser's Python may have none

    N, H, W, _ = images.shape
    places = np.indices((H, W), np.float32)[:, None]
    fields = rng.uniform(-1, 1, (2, N, H, W)).astype(np.float32)
    row, column = places + alpha * gaussian_filter(fields, (0, 0, sigma, sigma), mode="constant")
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    down, right = row - top, column - left
    grey = sum(weight * looked_up(images, top + i, left + j) for i, j, weight in
               ((0, 0, (1 - down) * (1 - right)), (0, 1, (1 - down) * right), (1, 0, down * (1 - right)), (1, 1, down * right)))
    return np.round(grey).astype(np.uint8)[..., None]


def looked_up(images, row, column):
    """The grey values at a row and column for every pixel (N, H, W); zero outside the image."""
    N, H, W, _ = images.shape
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W)
    found = images[np.arange(N)[:, None, None], row.clip(0, H - 1), column.clip(0, W - 1), 0]
    return np.where(inside, found, 0)
