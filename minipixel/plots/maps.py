"""What the predictions of a model read, as maps."""

import math

import numpy as np

from minipixel.order import raster
from minipixel.plots.canvas import save

EARLIER, LATER = "#3b6fb6", "#c0392b"
DECADES = 3     # of the shades in a map
COLOUR_NAMES = "RGB"


def dependencies(result, path, pixels=None):
    """What the predictions at some pixels read, from the result of `audit.causality`.

    A panel for each chosen pixel (default: a corner, the middle, the right edge) and colour of it. Every value of the
    image is a cell (colours side by side within a pixel), darker the more it moves the prediction (log scale): blue
    where it is earlier, red where it may not be read, hatched where it is earlier and was not seen. The frame is
    the predicted value.
    """
    from matplotlib.figure import Figure

    height, width, colours = result.shape
    pixels = pixels or list(dict.fromkeys([(0, width // 2), (height // 2, width // 2), (height - 1, width - 1)]))
    across, down = (len(pixels), 1) if colours == 1 else (colours, len(pixels))
    figure = Figure(figsize=(max(5.2, 2.9 * across), 1.1 + (0.5 + 2.2 * height / width) * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, (pixel, colour) in zip(panels, [(p, c) for p in pixels for c in range(colours)]):
        panel(axes, result, (*pixel, colour))
    legend(figure, result)
    save(figure, path)


def panel(axes, result, target):
    """The map of one predicted value: cells (i, j * C + colour)."""
    from matplotlib.patches import Rectangle

    height, width, colours = result.shape
    places = raster(*result.shape)
    index = places.index(target)
    shade = shades(result)
    for number, (i, j, c) in enumerate(places):
        change = result.influence[number, index]
        seen, earlier = change > result.threshold, number < index
        face = (EARLIER if earlier else LATER, shade(change)) if seen else "white"
        hatch = "////" if earlier and not seen else None
        axes.add_patch(Rectangle((j + c / colours, i), 1 / colours, 1, facecolor=face, hatch=hatch,
                                 edgecolor="#bbbbbb", linewidth=0.3))
    for line in range(width + 1):
        axes.axvline(line, color="#666666", linewidth=0.5)
    for line in range(height + 1):
        axes.axhline(line, color="#666666", linewidth=0.5)
    i, j, c = target
    frame = Rectangle((j + c / colours, i), 1 / colours, 1, fill=False, edgecolor="black", linewidth=2, zorder=5)
    axes.add_patch(frame)
    name = f", {COLOUR_NAMES[c] if colours == 3 else c}" if colours > 1 else ""
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.set_title(f"prediction at ({i}, {j}{name})", fontsize=9)
    step = max(1, math.ceil(max(height, width) / 10))
    axes.set_xticks(np.arange(0, width, step) + 0.5, range(0, width, step), fontsize=7)
    axes.set_yticks(np.arange(0, height, step) + 0.5, range(0, height, step), fontsize=7)
    axes.set_xlabel("column", fontsize=8)
    axes.set_ylabel("row", fontsize=8)
    axes.tick_params(length=0)


def shades(result):
    """Change -> opacity: log scale over the DECADES below the largest finite change; what is smaller is pale."""
    largest = np.max(result.influence[np.isfinite(result.influence)], initial=result.threshold)
    return lambda change: 0.3 + 0.7 * float(np.clip(1 + np.log10(change / largest) / DECADES, 0, 1))


def legend(figure, result):
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=EARLIER, label="earlier, read"),
               Patch(facecolor="white", edgecolor="#bbbbbb", hatch="////", label="earlier, not seen"),
               Patch(facecolor=LATER, label="own or later, read: a leak"),
               Patch(facecolor="white", edgecolor="black", linewidth=2, label="the predicted value")]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    strips = "; each pixel split into R G B" if result.shape[2] == 3 else ""
    largest = result.influence.max()
    verdict = "causal" if result.ok else "NOT causal"
    figure.suptitle(f"{verdict}: what moves a prediction by more than {result.threshold:.0e}; darkest {largest:.2g}, "
                    f"palest {10.0**-DECADES:.0e} of it or less{strips}", fontsize=9, wrap=True)
