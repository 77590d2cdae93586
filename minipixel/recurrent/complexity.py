"""The complexity table of Williams and Zipser, and the exponents that are fitted to counts of running algorithms.

An exponent is the slope of a straight line through (log size, log count). A count is of multiply-adds, averaged over the
time steps of a run, or of the numbers in memory at the run's peak (see `counting`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minipixel.recurrent.back_propagation import bptt, epochwise_bptt, real_time_bptt, truncated_bptt
from minipixel.recurrent.counting import Meter
from minipixel.recurrent.examples import random_run
from minipixel.recurrent.forward_propagation import rtrl
from minipixel.recurrent.hybrid import fp_bptt


@dataclass(frozen=True)
class Row:
    """A row of the paper's table for a fully connected network (as reported): what an algorithm needs, up to a factor."""

    algorithm: Callable
    name: str
    space: str
    time: str  # a time step, on average


EPOCHWISE = Row(epochwise_bptt, "epochwise BPTT", "(n + m) T", "n (n + m)")
REAL_TIME = Row(real_time_bptt, "BPTT(inf)", "(n + m) T", "n (n + m) T")
TRUNCATED = Row(truncated_bptt, "BPTT(h)", "(n + m) h", "n (n + m) h")
PERIODIC = Row(bptt, "BPTT(h; h')", "(n + m) h", "n (n + m) h / h'")
RTRL = Row(rtrl, "RTRL", "n^2 (n + m)", "n^3 (n + m)")
HYBRID = Row(fp_bptt, "FP/BPTT(h)", "n^2 (n + m) + (n + m) h", "n^2 (n + m) + n^3 (n + m) / h")
TABLE = (EPOCHWISE, REAL_TIME, TRUNCATED, PERIODIC, RTRL, HYBRID)


@dataclass(frozen=True)
class Experiment:
    """One size grows. sizes: a dict(n=, T=, h=, ..) for each run; m = n. time, space: the table's exponents; of a sum of two
    terms that both count, the slope of that sum over the sizes."""

    row: Row
    grows: str
    sizes: list
    time: float
    space: float


@dataclass(frozen=True)
class Fit:
    """The exponent of one count in one experiment, beside the table's."""

    row: Row
    what: str  # time or space
    grows: str
    sizes: list
    counts: list
    expected: float

    @property
    def slope(self):
        return exponent(self.sizes, self.counts)

    @property
    def difference(self):
        """Relative to the table's exponent; where that is 0, the slope itself."""
        return (self.slope - self.expected) / (abs(self.expected) or 1)


def experiments(widths=(16, 24, 32, 48, 64), lengths=(32, 64, 128, 256), depths=(32, 64, 128), periods=(1, 2, 4, 8)):
    """What is fitted: every size that stands in a row of the table, and the run's length where it should not matter.

    Where a size does not grow it is such that the terms the table leaves out (the forward step, the first h time steps, in
    which a sweep is shorter) stay small: sweeps are long, or every run is a fixed number of times longer than they are.
    In h the time of FP/BPTT(h) is n^2 (n + m) (1 + n / h), of which the one is not small: the slope of that sum is expected.
    """
    n, wide, long = widths[0], widths[-1], [4 * T for T in lengths]
    both_terms = exponent(periods, [1 + wide / h for h in periods])

    def sized(grows, values, **others):
        return [others | {grows: value} for value in values]

    def deep(**others):
        return [{"n": n, "T": 4 * h, "h": h, **others} for h in depths]

    return [
        Experiment(EPOCHWISE, "n", sized("n", widths, T=lengths[0]), 2, 1),
        Experiment(EPOCHWISE, "T", sized("T", lengths, n=n), 0, 1),
        Experiment(REAL_TIME, "n", sized("n", widths, T=lengths[0]), 2, 1),
        Experiment(REAL_TIME, "T", sized("T", lengths, n=n), 1, 1),
        Experiment(TRUNCATED, "n", sized("n", widths, T=2 * depths[0], h=depths[0] // 2), 2, 1),
        Experiment(TRUNCATED, "h", deep(), 1, 1),
        Experiment(TRUNCATED, "T", sized("T", long, n=n, h=depths[0] // 2), 0, 0),
        Experiment(PERIODIC, "n", sized("n", widths, T=4 * depths[0], h=depths[0], h_prime=depths[0] // 2), 2, 1),
        Experiment(PERIODIC, "h", deep(h_prime=2), 1, 1),
        Experiment(PERIODIC, "T", sized("T", long, n=n, h=depths[0] // 2, h_prime=depths[0] // 4), 0, 0),
        Experiment(PERIODIC, "h_prime", sized("h_prime", periods, n=n, T=4 * depths[-1], h=depths[-1]), -1, 0),
        Experiment(RTRL, "n", sized("n", widths, T=4), 4, 3),
        Experiment(RTRL, "T", sized("T", lengths, n=n), 0, 0),
        Experiment(HYBRID, "n", [{"n": n, "T": 2 * n, "h": n} for n in widths], 3, 3),
        Experiment(HYBRID, "h", sized("h", periods, n=wide, T=2 * periods[-1]), both_terms, 0),
        Experiment(HYBRID, "T", sized("T", lengths, n=n, h=n), 0, 0),
    ]


def exponent(sizes, counts):
    """The slope of the straight line through (log size, log count)"""
    return float(np.polyfit(np.log(sizes), np.log(counts), 1)[0])


def fits(experiment):
    """The Fits of time and of space in one experiment."""
    counts = [count(experiment.row.algorithm, **sizes) for sizes in experiment.sizes]
    grown = [sizes[experiment.grows] for sizes in experiment.sizes]
    return [Fit(experiment.row, what, experiment.grows, grown, list(values), expected) for what, values, expected in
            zip(("time", "space"), zip(*counts), (experiment.time, experiment.space))]


def count(algorithm, n, T, **depths):
    """(multiply-adds a time step, numbers in memory at the peak) of a run with m = n inputs."""
    meter = Meter()
    algorithm(*meter.watch(*random_run(n, n, T, rng=0)), **depths)
    return meter.operations / T, meter.peak
