"""Curves: of learning, and any others."""

import math

import numpy as np

from minipixel.plots.canvas import LINES, save


def learning_curve(rows, path, baselines=None):
    """Nats per image on the training and the validation images against epochs, with baselines as dashed lines.

    rows: mappings of numbers with "epoch", "train_nats" and "validation_nats", as in log.csv; NaN is left out.
    baselines: {name: nats per image}.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.add_subplot()
    for part, colour in (("train", "#999999"), ("validation", LINES[0])):
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
    save(figure, path)


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
    save(figure, path)
