"""What all figures share: levels as colours, images tiled into one, a figure whose pixels are squares, and its file."""

import math
from pathlib import Path

import numpy as np

from minipixel.files import replacing

TITLE = 2.4     # inches that a title needs
LINES = "#3b6fb6", "#c0392b", "#2e8b57", "#8e5ea2", "#d98c1f", "#555555"


def pixels(images, levels):
    """Levels to what a screen shows: (N, H, W, 1 or 3) integers 0..levels-1 -> (N, H, W, 3) from 0 (black) to 1."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or len(images) == 0:
        raise ValueError(f"plots expects images (N, H, W, 1 or 3), got {images.shape}")
    return np.repeat(images / (levels - 1), 3 // images.shape[3], axis=3)


def tiled(images, columns):
    """One picture of all images, `columns` in a row, with a grey line of one pixel between them."""
    count, height, width, _ = images.shape
    rows = math.ceil(count / columns)
    canvas = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 0.6)
    for number, image in enumerate(images):
        i, j = number // columns * (height + 1), number % columns * (width + 1)
        canvas[i:i + height, j:j + width] = image
    return canvas


def figure_of(width, height):
    """A figure whose axes show width x height pixels as squares of whole screen pixels, about 1,200 across at most."""
    from matplotlib.figure import Figure

    scale = max(1, min(12, 1200 // max(width, height)))
    inches = np.array([width, height]) * scale / 100
    size = max(inches[0] + 0.2, TITLE), inches[1] + 0.5
    figure = Figure(figsize=size, dpi=100)
    axes = figure.add_axes(((1 - inches[0] / size[0]) / 2, 0.1 / size[1], inches[0] / size[0], inches[1] / size[1]))
    return figure, axes


def save(figure, path):
    """Draw to a file beside `path`, then rename."""
    with replacing(Path(path)) as beside:
        figure.savefig(beside)
