"""How far the exact algorithms differ from one another and from finite differences, and the truncated ones from the exact."""

import numpy as np

from minipixel import gradcheck
from minipixel.recurrent.back_propagation import bptt, epochwise_bptt, real_time_bptt, truncated_bptt
from minipixel.recurrent.complexity import count
from minipixel.recurrent.examples import random_run
from minipixel.recurrent.forward_propagation import rtrl
from minipixel.recurrent.hybrid import fp_bptt
from minipixel.recurrent.network import objective

EXACT = {
    "epochwise BPTT": epochwise_bptt,
    "BPTT(inf)": real_time_bptt,
    "BPTT(T)": lambda *given: truncated_bptt(*given[:4], len(given[1]), *given[4:]),
    "BPTT(T; T)": lambda *given: bptt(*given[:4], len(given[1]), len(given[1]), *given[4:]),
    "RTRL": rtrl,
    "FP/BPTT(1)": lambda *given: fp_bptt(*given[:4], 1, *given[4:]),
    "FP/BPTT(5)": lambda *given: fp_bptt(*given[:4], 5, *given[4:]),
}
GAIN = 8.0  # of the weights where memory matters: with small ones a logistic network forgets within two or three time steps


def relative(found, expected):
    """The largest difference over the largest entry."""
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


def table(teacher_forcing, rng, n=5, m=3, T=17):
    """{algorithm: (difference from epochwise BPTT, from central differences of J)} on a run that lacks two of five targets."""
    W, *given = random_run(n, m, T, rng, gain=GAIN / 2, missing=0.4)
    given.append(teacher_forcing)
    expected = epochwise_bptt(W, *given)
    check = gradcheck.check(lambda W: (objective(W, *given), None), lambda cache: {"W": expected}, {"W": W})
    numeric = check.arrays[0].numeric
    found = {name: algorithm(W, *given) for name, algorithm in EXACT.items()}
    return {name: (relative(dW, expected), relative(dW, numeric)) for name, dW in found.items()}


def truncation(depths, n=8, T=64, networks=25):
    """{algorithm: [(h, error, multiply-adds a time step)]} of the truncated algorithms, h' = h / 2 and h' = h.

    The error is |dW_h - dW| / |dW| (Euclidean), the median over random networks with a target at every unit and time.
    """
    runs = [random_run(n, n, T, seed, gain=GAIN) for seed in range(networks)]
    exact = [epochwise_bptt(*one) for one in runs]

    def point(algorithm, h, **depth):
        errors = [np.linalg.norm(algorithm(*one, h=h, **depth) - dW) / np.linalg.norm(dW) for one, dW in zip(runs, exact)]
        return h, float(np.median(errors)), count(algorithm, n, T, h=h, **depth)[0]

    return {
        "BPTT(h)": [point(truncated_bptt, h) for h in depths],
        "BPTT(h; h/2)": [point(bptt, h, h_prime=h // 2) for h in depths if h > 1],
        "BPTT(h; h)": [point(bptt, h, h_prime=h) for h in depths],
    }
