"""What a pixel reads: the causal neighbours of its own image, by the one order, and the surrounding ones of another.

Two ways at the border. Inside: only pixels all of whose neighbours lie in the image, for the likelihood rate of an image
without end. Whole: every pixel, with zeros for what lies outside; this gives a density of the whole image that
integrates to one, and a start for generation.
"""

import numpy as np

from minipixel.densities.doors import check_size
from minipixel.order import live_taps


def causal(size):
    """The taps of a size x size window that come before its centre: 12, 24, 40 for size 5, 7, 9.

    Of the pixel itself nothing is read, in colour neither: its colours are one output vector.
    """
    return live_taps(size, size, "A", 1)


def surrounding(size):
    """All taps of a size x size window, row by row."""
    reach = range(-(size // 2), size // 2 + 1)
    return tuple((di, dj) for di in reach for dj in reach)


def inside(height, width, taps):
    """(rows, columns) slices of the pixels all of whose taps lie in the image; ValueError where there are none."""
    rows, columns = zip(*taps, (0, 0))
    found = slice(-min(rows), height - max(rows)), slice(-min(columns), width - max(columns))
    if any(part.start >= part.stop for part in found):
        raise ValueError(f"an image of {height}x{width} has no pixel whose neighbours all lie inside: "
                         f"at least {max(rows) - min(rows) + 1}x{max(columns) - min(columns) + 1} expected")
    return found


def framed(height, width, frame):
    """(rows, columns) slices of the pixels inside a frame of so many pixels; ValueError where there are none."""
    check_size("frame", frame, 0)
    if 2 * frame >= min(height, width):
        raise ValueError(f"an image of {height}x{width} has no pixel inside a frame of {frame}")
    return slice(frame, height - frame), slice(frame, width - frame)


def gather(images, taps, rows, columns):
    """[v_(ij + tap 1) .. v_(ij + tap T)] for the pixels of two slices, zeros outside the image

    images (N, H, W, C)  ->  (N, rows, columns, T * C)
    """
    reach = max((abs(d) for tap in taps for d in tap), default=0)
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    found = np.empty((len(images), rows.stop - rows.start, columns.stop - columns.start, len(taps), images.shape[3]))
    for t, (di, dj) in enumerate(taps):
        found[..., t, :] = padded[:, reach + di + rows.start:reach + di + rows.stop,
                                  reach + dj + columns.start:reach + dj + columns.stop]
    return found.reshape(*found.shape[:3], -1)


def gather_some(images, taps, n, i, j):
    """The same for chosen pixels (n, i, j) inside, each an array of indices: (chosen, T * C)"""
    return np.concatenate([images[n, i + di, j + dj] for di, dj in taps], axis=1)
