"""The experiments on gradients of recurrent networks: truncation, complexity, learning while running."""

import numpy as np

from minipixel.plots.canvas import LINES, save


def truncation(points, path):
    """The error of truncated gradients against their depth, and against what a time step costs.

    points: {algorithm: [(h, relative error, multiply-adds a time step), ...]}; an error of rounding alone is left out.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, (by_depth, by_cost) = two_panels()
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
    save(figure, path)


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
                        label=f"{fit.row.name}: {fit.slope:z.2f} (table {fit.expected:.3g})")
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
    save(figure, path)


def online_learning(tasks, path):
    """The part of wrong answers while a task is learned, a panel for each task, a line for each seed.

    tasks: {title: {learner: [objects with `.stretch` (time steps) and `.curve` (a value for each stretch)]}}.
    """
    figure, panels = two_panels()
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
    save(figure, path)


def two_panels():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes in panels:
        axes.grid(alpha=0.25)
    return figure, panels
