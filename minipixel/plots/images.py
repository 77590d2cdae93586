"""Pictures of images: grids of samples, groups side by side, features, completions, labels."""

import math

import numpy as np

from minipixel.plots.canvas import figure_of, pixels, save, tiled

HIDDEN = 0.25, 0.45, 0.75
LABELLED_ACROSS = 5     # images of a row of labelled ones


def samples_grid(images, levels, path):
    """The images (N, H, W, 1 or 3), integers 0..levels-1, in a grid that is as square as can be."""
    images = pixels(images, levels)
    columns = math.ceil(math.sqrt(len(images)))
    canvas = tiled(images, columns)
    figure, axes = figure_of(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    height, width = images.shape[1:3]
    figure.suptitle(f"{len(images)} of {height} x {width}, {levels} levels", fontsize=9)
    save(figure, path)


def beside(groups, levels, path):
    """Images {title: (N, H, W, 1 or 3) integers 0..levels-1}, each group in a square grid, side by side."""
    from matplotlib.figure import Figure

    canvases = [tiled(pixels(images, levels), math.ceil(math.sqrt(len(images)))) for images in groups.values()]
    figure = Figure(figsize=(4.2 * len(groups), 4.5), dpi=150, layout="constrained")
    for axes, title, canvas in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups, canvases):
        axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
        axes.set_title(title, fontsize=9)
        axes.set_axis_off()
    save(figure, path)


def features(filters, title, path):
    """Filters (n, H, W) in a grid: blue below zero, red above, each on a scale of its own; NaN where nothing is read."""
    shown = filters / np.nanmax(np.abs(filters), axis=(1, 2), keepdims=True)
    strength = np.nan_to_num(np.abs(shown))[..., None]
    colour = np.where(shown[..., None] < 0, np.array([0.23, 0.44, 0.71]), np.array([0.75, 0.22, 0.17]))
    tiles = np.where(np.isnan(shown)[..., None], 0.85, 1 - strength * (1 - colour))
    canvas = tiled(tiles, math.ceil(math.sqrt(len(tiles) * 2)))
    figure, axes = figure_of(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    figure.suptitle(title, fontsize=9)
    save(figure, path)


def completions(originals, occluded, completed, levels, path):
    """A row for each image: the original, what the model was given (hidden values masked out), what it made of it.

    originals (N, H, W, C) integers; occluded the same as a masked array, in which hidden values are masked: they are
    drawn in a blue that no grey picture has; completed (N, H, W, C), or (N, D, H, W, C) with D completions of each.
    """
    completed = np.asarray(completed)
    if completed.ndim == 4:
        completed = completed[:, None]
    rows = [np.stack([original, given, *drawn]) for original, given, drawn in
            zip(pixels(originals, levels), with_holes(occluded, levels), map(lambda d: pixels(d, levels), completed))]
    canvas = tiled(np.concatenate(rows), len(rows[0]))
    figure, axes = figure_of(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    step = originals.shape[2] + 1
    names = ["original", "given", *["completed"] * completed.shape[1]]
    axes.set_xticks([(step - 1) / 2 + k * step for k in range(len(names))], names, fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    save(figure, path)


def with_holes(occluded, levels):
    """The given values on screen, hidden ones in blue."""
    shown = pixels(np.ma.getdata(occluded), levels)
    return np.where(np.ma.getmaskarray(occluded), HIDDEN, shown)


def labelled(images, targets, labels, levels, path):
    """For each image three pictures side by side: the image, its true labels (targets), and the labels it was given.

    images (N, H, W, 1 or 3) integers 0..levels-1; targets, labels (N, H, W) integers 0..10, of which 10, drawn black, is
    the background.
    """
    from matplotlib.patches import Patch

    background = 10
    triples = [tile for image, target, label in zip(pixels(images, levels), targets, labels)
               for tile in (image, class_colours(target, background), class_colours(label, background))]
    canvas = tiled(np.stack(triples), 3 * LABELLED_ACROSS)
    figure, axes = figure_of(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    colours = class_colours(np.arange(background), background)
    figure.legend(handles=[Patch(color=colour, label=str(digit)) for digit, colour in enumerate(colours)], ncols=background,
                  loc="upper center", fontsize=8, frameon=False, handlelength=1, columnspacing=1, borderpad=0,
                  borderaxespad=0.2, title="each image, its true labels and those it was given", title_fontsize=8)
    save(figure, path)


def class_colours(labels, background):
    """Classes to colours (.., 3): of the map "tab10", background black."""
    from matplotlib import colormaps

    table = np.array([*colormaps["tab10"](np.arange(background) % 10)[:, :3], (0, 0, 0)])
    return table[labels]
