"""Runs to try the algorithms on: random ones, and two small tasks that need a memory."""

import numpy as np


def random_run(n, m, T, rng, gain=1.0, missing=0.0):
    """W, x, d, y0 of a network of n units and m inputs over T time steps, in float64.

    Weights are normal with standard deviation gain / sqrt(n + m). A part `missing` of the targets is left out (NaN).
    """
    rng = np.random.default_rng(rng)
    W = gain / np.sqrt(n + m) * rng.standard_normal((n, m + n))
    x, d, y0 = rng.standard_normal((T, m)), rng.random((T + 1, n)), rng.random(n)
    d[rng.random(d.shape) < missing] = np.nan
    return W, x, d, y0


def delayed_xor(n, T, rng):
    """x, d, y0: a stream of random bits, of which unit 0 is to give the XOR of the last two, two time steps later.

    d_0(t) = b(t-2) xor b(t-3), where x(t) = [1, b(t)]. The network needs a memory: at the time of the answer both bits are
    gone, and XOR of one bit with an unknown one is a coin. Two time steps are what two layers of units take.
    """
    bits = np.random.default_rng(rng).integers(0, 2, T)
    x, d = np.stack([np.ones(T), bits], axis=1), np.full((T + 1, n), np.nan)
    d[3:, 0] = bits[1:-1] ^ bits[:-2]
    return x, d, np.full(n, 0.5)


def oscillation(n, T):
    """x, d, y0: nothing comes in but the bias, and unit 0 is to give 0 0 1 1 0 0 1 1 ... all by itself."""
    d = np.full((T + 1, n), np.nan)
    d[:, 0] = np.arange(T + 1) // 2 % 2
    return np.ones((T, 1)), d, np.full(n, 0.5)
