"""Every figure that the program, the chapters and the demonstrations draw.

Figures are made as objects and drawn by Agg: no pyplot, no global state, no window. Files appear by rename, in the
format of their suffix. A pixel of an image is a square of whole screen pixels, never smoothed.
"""

import math
from pathlib import Path

import numpy as np

from minipixel.files import replacing
from minipixel.order import raster

EARLIER, LATER = "#3b6fb6", "#c0392b"
HIDDEN = 0.25, 0.45, 0.75
DECADES = 3     # of the shades in a dependency map
COLOUR_NAMES = "RGB"
LABELLED_ACROSS = 5     # images of a row of labelled ones
DIAGONAL_COLOURS = "#c6dbef", "#fdd0a2", "#c7e9c0", "#dadaeb", "#fcc5c0", "#d9d9d9", "#fff2ae", "#b3e2cd"
LINES = "#3b6fb6", "#c0392b", "#2e8b57", "#8e5ea2", "#d98c1f", "#555555"


def samples_grid(images, levels, path):
    """The images (N, H, W, 1 or 3), integers 0..levels-1, in a grid that is as square as can be."""
    images = pixels(images, levels)
    columns = math.ceil(math.sqrt(len(images)))
    canvas = tiled(images, columns)
    figure, axes = _figure(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    height, width = images.shape[1:3]
    figure.suptitle(f"{len(images)} of {height} x {width}, {levels} levels", fontsize=9)
    _save(figure, path)


def beside(groups, levels, path):
    """Images {title: (N, H, W, 1 or 3) integers 0..levels-1}, each group in a square grid, side by side."""
    from matplotlib.figure import Figure

    canvases = [tiled(pixels(images, levels), math.ceil(math.sqrt(len(images)))) for images in groups.values()]
    figure = Figure(figsize=(4.2 * len(groups), 4.5), dpi=150, layout="constrained")
    for axes, title, canvas in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups, canvases):
        axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
        axes.set_title(title, fontsize=9)
        axes.set_axis_off()
    _save(figure, path)


def features(filters, title, path):
    """Filters (n, H, W) in a grid: blue below zero, red above, each on a scale of its own; NaN where nothing is read."""
    shown = filters / np.nanmax(np.abs(filters), axis=(1, 2), keepdims=True)
    strength = np.nan_to_num(np.abs(shown))[..., None]
    colour = np.where(shown[..., None] < 0, np.array([0.23, 0.44, 0.71]), np.array([0.75, 0.22, 0.17]))
    tiles = np.where(np.isnan(shown)[..., None], 0.85, 1 - strength * (1 - colour))
    canvas = tiled(tiles, math.ceil(math.sqrt(len(tiles) * 2)))
    figure, axes = _figure(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    figure.suptitle(title, fontsize=9)
    _save(figure, path)


def completions(originals, occluded, completed, levels, path):
    """A row for each image: the original, what the model was given (hidden values masked out), what it made of it.

    originals (N, H, W, C) integers; occluded the same as a masked array, in which hidden values are masked: they are
    drawn in a blue that no grey picture has; completed (N, H, W, C), or (N, D, H, W, C) with D completions of each.
    """
    completed = np.asarray(completed)
    if completed.ndim == 4:
        completed = completed[:, None]
    rows = [np.stack([original, given, *drawn]) for original, given, drawn in
            zip(pixels(originals, levels), _with_holes(occluded, levels), map(lambda d: pixels(d, levels), completed))]
    canvas = tiled(np.concatenate(rows), len(rows[0]))
    figure, axes = _figure(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    step = originals.shape[2] + 1
    names = ["original", "given", *["completed"] * completed.shape[1]]
    axes.set_xticks([(step - 1) / 2 + k * step for k in range(len(names))], names, fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    _save(figure, path)


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
    figure, axes = _figure(canvas.shape[1], canvas.shape[0])
    axes.imshow(canvas, interpolation="nearest", vmin=0, vmax=1)
    axes.set_axis_off()
    colours = class_colours(np.arange(background), background)
    figure.legend(handles=[Patch(color=colour, label=str(digit)) for digit, colour in enumerate(colours)], ncols=background,
                  loc="upper center", fontsize=8, frameon=False, handlelength=1, columnspacing=1, borderpad=0,
                  borderaxespad=0.2, title="each image, its true labels and those it was given", title_fontsize=8)
    _save(figure, path)


def class_colours(labels, background):
    """Classes to colours (.., 3): of the map "tab10", background black."""
    from matplotlib import colormaps

    table = np.array([*colormaps["tab10"](np.arange(background) % 10)[:, :3], (0, 0, 0)])
    return table[labels]


def learning_curve(rows, path, baselines=None):
    """Nats per image on the training and the validation images against epochs, with baselines as dashed lines.

    rows: mappings of numbers with "epoch", "train_nats" and "validation_nats", as in log.csv; NaN is left out.
    baselines: {name: nats per image}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.add_subplot()
    for part, colour in (("train", "#999999"), ("validation", EARLIER)):
        points = [(row["epoch"], row[f"{part}_nats"]) for row in rows if math.isfinite(row[f"{part}_nats"])]
        if points:
            label = f"{part}, {points[-1][1]:.2f} at the end"
            axes.plot(*zip(*points), color=colour, label=label, marker="o", markersize=2.5, linewidth=1.4)
    low, high = axes.get_ylim()
    for (name, nats), style in zip((baselines or {}).items(), ("--", ":", "-.") * 4):
        # A baseline far above would press the curve flat: it is named and not drawn.
        near = nats <= high + 2 * (high - low)
        axes.axhline(nats if near else math.nan, color="black", linewidth=0.9, linestyle=style if near else "",
                     label=f"{name}, {nats:.2f}{'' if near else ' (far above)'}")
    axes.set(xlabel="epochs of training", ylabel="nats per image (lower is better)", title="learning curve")
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def curves(lines, path, *, across, up, title="", log=False, marked=False):
    """One line for each of {name: (abscissas, ordinates)}; across, up: what the axes are.

    log: the vertical axis is logarithmic, and what is zero is left out; marked: points have marks, and their abscissas ticks.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.add_subplot()
    for (name, (x, y)), colour in zip(lines.items(), LINES):
        y = np.where(np.asarray(y) > 0, y, np.nan) if log else y
        axes.plot(x, y, color=colour, label=name, linewidth=1.4, marker="o" if marked else None, markersize=4)
        if marked:
            axes.set_xticks(x)
    axes.set(xlabel=across, ylabel=up, title=title, yscale="log" if log else "linear")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


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
        _dependency_panel(axes, result, (*pixel, colour))
    _dependency_legend(figure, result)
    _save(figure, path)


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
    _save(figure, path)


def _dependency_panel(axes, result, target):
    """The map of one predicted value: cells (i, j * C + colour)."""
    from matplotlib.patches import Rectangle

    height, width, colours = result.shape
    places = raster(*result.shape)
    index = places.index(target)
    shade = _shades(result)
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


def _shades(result):
    """Change -> opacity: log scale over the DECADES below the largest finite change; what is smaller is pale."""
    largest = np.max(result.influence[np.isfinite(result.influence)], initial=result.threshold)
    return lambda change: 0.3 + 0.7 * float(np.clip(1 + np.log10(change / largest) / DECADES, 0, 1))


def _dependency_legend(figure, result):
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


def _with_holes(occluded, levels):
    """The given values on screen, hidden ones in blue."""
    shown = pixels(np.ma.getdata(occluded), levels)
    return np.where(np.ma.getmaskarray(occluded), HIDDEN, shown)


def _figure(width, height):
    """A figure whose axes show width x height pixels as squares of whole screen pixels, about 1,200 across at most."""
    from matplotlib.figure import Figure

    scale = max(1, min(12, 1200 // max(width, height)))
    inches = np.array([width, height]) * scale / 100
    figure = Figure(figsize=(inches[0] + 0.2, inches[1] + 0.5), dpi=100)
    size = figure.get_size_inches()
    axes = figure.add_axes((0.1 / size[0], 0.1 / size[1], inches[0] / size[0], inches[1] / size[1]))
    return figure, axes


def truncation(points, path):
    """The error of truncated gradients against their depth, and against what a time step costs.

    points: {algorithm: [(h, relative error, multiply-adds a time step), ...]}; an error of rounding alone is left out.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, (by_depth, by_cost) = _two_panels()
    for (name, rows), colour, marker in zip(points.items(), LINES, "os^"):
        h, error, cost = np.array([row for row in rows if row[1] > 1e-14]).T
        for axes, across in ((by_depth, h), (by_cost, cost)):
            axes.loglog(across, error, color=colour, marker=marker, markersize=4, linewidth=1.4, label=name)
    by_depth.set_xscale("log", base=2)
    by_depth.xaxis.set_major_formatter("{x:g}")
    by_cost.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    by_cost.xaxis.set_major_formatter("{x:,g}")
    by_cost.xaxis.set_minor_formatter(NullFormatter())
    by_depth.set(xlabel="depth of a sweep, h time steps", ylabel="relative error of the gradient", title="error against depth")
    by_cost.set(xlabel="multiply-adds a time step", title="error against cost")
    by_depth.legend(frameon=False, fontsize=8)
    _save(figure, path)


def complexity(fits, path):
    """Counts of running algorithms against one size on log axes: points, and a line with the exponent of the table.

    fits: objects with `.row.name`, `.what` ("time" or "space"), `.grows`, `.sizes`, `.counts`, `.slope`, `.expected`.
    """
    from matplotlib.figure import Figure

    across = {"n": "units n", "h": "depth of a sweep h", "T": "length of a run T"}
    upward = {"time": "multiply-adds a time step", "space": "numbers in memory"}
    names = list(dict.fromkeys(fit.row.name for fit in fits))
    figure = Figure(figsize=(11, 7.4), layout="constrained")
    panels = figure.subplots(2, 3)
    for axes, (what, grows) in zip(panels.ravel(), [(what, grows) for what in upward for grows in across]):
        for fit in (fit for fit in fits if (fit.what, fit.grows) == (what, grows)):
            place = names.index(fit.row.name)
            level = np.mean(np.log(fit.counts)) - fit.expected * np.mean(np.log(fit.sizes))
            axes.loglog(fit.sizes, np.exp(level) * np.array(fit.sizes, float) ** fit.expected, color=LINES[place], linewidth=1)
            axes.loglog(fit.sizes, fit.counts, "osD^v*"[place], color=LINES[place], markersize=5,
                        label=f"{fit.row.name}: {fit.slope:z.2f} (table {fit.expected})")
        ticks = sorted({size for fit in fits if fit.grows == grows for size in fit.sizes})
        axes.set_xticks(ticks, ticks)
        axes.set_xticks([], minor=True)
        axes.set(xlabel=across[grows], ylabel=upward[what], title=f"{what} against {grows}")
        low, high = axes.get_ylim()
        room = 0.03 + 0.06 * len(axes.get_legend_handles_labels()[1])  # the part of the height that the legend takes
        axes.set_ylim(low, high * (high / low) ** (room / (1 - room)))
        axes.tick_params(which="both", labelsize=8)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    _save(figure, path)


def online_learning(tasks, path):
    """The part of wrong answers while a task is learned, a panel for each task, a line for each seed.

    tasks: {title: {learner: [objects with `.stretch` (time steps) and `.curve` (a value for each stretch)]}}.
    """
    figure, panels = _two_panels()
    for axes, (title, learners) in zip(panels, tasks.items()):
        for (name, runs), colour in zip(learners.items(), LINES):
            for number, one in enumerate(runs):
                steps = one.stretch / 1000 * np.arange(1, len(one.curve) + 1)
                label = None if number else f"{name}, {len(runs)} seeds"
                axes.plot(steps, one.curve, color=colour, linewidth=1.2, alpha=0.8, label=label)
        axes.axhline(0.5, color="black", linewidth=0.9, linestyle="--", label="a coin")
        axes.set(xlabel="thousand time steps", title=title, ylim=(-0.03, 1.03))
        axes.legend(frameon=False, fontsize=8)
    panels[0].set_ylabel("part of the answers that are wrong")
    _save(figure, path)


def _two_panels():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes in panels:
        axes.grid(alpha=0.25)
    return figure, panels


def _save(figure, path):
    """Draw to a file beside `path`, then rename."""
    with replacing(Path(path)) as beside:
        figure.savefig(beside)
