"""The skew of the Diagonal BiLSTM, number by number."""

import numpy as np

from minipixel.plots.canvas import save

DIAGONAL_COLOURS = "#c6dbef", "#fdd0a2", "#c7e9c0", "#dadaeb", "#fcc5c0", "#d9d9d9", "#fff2ae", "#b3e2cd"


def diagonals(image, skewed, path):
    """An image (H, W) whose pixels are numbered from 1, and its skewed map (H, T), 0 where there is no pixel.

    The colour of a number is its diagonal in the image. In both, arrows lead to one pixel from the two that it reads in a
    Diagonal BiLSTM, from the left and from above: wherever a skew has put them.
    """
    from matplotlib.figure import Figure

    H, W = image.shape
    clock = np.indices(image.shape).sum(axis=0)
    pixel, before = (H // 2, W // 2), [(H // 2, W // 2 - 1), (H // 2 - 1, W // 2)]
    figure = Figure(figsize=(0.45 * (W + skewed.shape[1]) + 1.2, 0.45 * max(H, len(skewed)) + 0.9), layout="constrained")
    widths, arrow = [W, skewed.shape[1]], {"arrowstyle": "->", "linewidth": 1.4, "shrinkA": 8, "shrinkB": 8}
    for axes, values, name in zip(figure.subplots(1, 2, width_ratios=widths), (image, skewed), ("image", "skewed")):
        for (i, j), value in np.ndenumerate(values):
            tick = clock[image == value]
            face = DIAGONAL_COLOURS[tick[0] % len(DIAGONAL_COLOURS)] if len(tick) else "white"
            axes.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], facecolor=face, edgecolor="#bbbbbb", linewidth=0.5)
            axes.text(j + 0.5, i + 0.5, value, ha="center", va="center", fontsize=8, color="black" if len(tick) else "#bbbbbb")
        place = {int(value): np.array((j, i)) + 0.5 for (i, j), value in np.ndenumerate(values)}
        for source in before:
            if min(source) >= 0 and {int(image[source]), int(image[pixel])} <= set(place):
                axes.annotate("", place[image[pixel]], place[image[source]], arrowprops=arrow)
        axes.set(xlim=(0, values.shape[1]), ylim=(len(values), 0), aspect="equal", xticks=[], yticks=[])
        axes.set_title(f"{name}, {values.shape[0]} x {values.shape[1]}", fontsize=9)
        axes.spines[:].set_visible(False)
    save(figure, path)
