"""The algorithms with their arguments, and runs that are hard on them: n and m differ, targets are missing."""

import loops
import numpy as np

from minipixel.recurrent import bptt, epochwise_bptt, fp_bptt, real_time_bptt, rtrl, truncated_bptt
from minipixel.recurrent.examples import random_run

# name -> algorithm, its depths, the same as nested loops
ALGORITHMS = {
    "epochwise": (epochwise_bptt, {}, loops.epochwise),
    "real time": (real_time_bptt, {}, loops.real_time),
    "h=3": (truncated_bptt, {"h": 3}, loops.real_time),
    "h=1": (truncated_bptt, {"h": 1}, loops.real_time),
    "h=5 h'=2": (bptt, {"h": 5, "h_prime": 2}, loops.periodic),
    "h=4 h'=4": (bptt, {"h": 4, "h_prime": 4}, loops.periodic),
    "rtrl": (rtrl, {}, loops.rtrl),
    "hybrid h=3": (fp_bptt, {"h": 3}, loops.hybrid),
    "hybrid h=1": (fp_bptt, {"h": 1}, loops.hybrid),
}


def exact(T):
    """{name: function of (W, x, d, y0, teacher_forcing)} of what must give the gradient of a run of T time steps."""
    found = {"epochwise": epochwise_bptt, "real time": real_time_bptt, "rtrl": rtrl}
    for h in (T, T + 3):
        found[f"h={h}"] = lambda *given, h=h: truncated_bptt(*given[:4], h, *given[4:])
        found[f"h=h'={h}"] = lambda *given, h=h: bptt(*given[:4], h, h, *given[4:])
    for h in (1, 2, 3, T, T + 1):
        found[f"hybrid {h}"] = lambda *given, h=h: fp_bptt(*given[:4], h, *given[4:])
    return found


def hard_run(seed=0, n=4, m=3, T=7):
    return random_run(n, m, T, seed, gain=4.0, missing=0.4)


def relative(found, expected):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape
    return np.max(np.abs(found - expected)) / max(1e-8, np.max(np.abs(expected)))
