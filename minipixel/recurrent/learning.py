"""Two small tasks learned online by RTRL: every time step changes the weights, and nothing of the past is kept."""

from typing import NamedTuple

import numpy as np

from minipixel.recurrent.examples import delayed_xor, oscillation
from minipixel.recurrent.forward_propagation import online
from minipixel.recurrent.network import run

FRESH = 2000  # time steps of a test
LEAD = 20     # those in which it is shown where in the sequence it is


class Learned(NamedTuple):
    """stretch: time steps; curve: part of wrong answers in each stretch; before, after: of a fresh run at fixed weights."""

    stretch: int
    curve: list
    before: float
    after: float


def learn_xor(rng, n=6, T=6000, stretch=200, rate=3.0):
    """The XOR of bits that are gone (`examples.delayed_xor`), learned from one stream and tested on another."""
    return learn(delayed_xor(n, T, rng), delayed_xor(n, FRESH, rng + 1000), stretch, rate, False, rng)


def learn_oscillation(rng, teacher_forcing, n=3, T=4000, stretch=100, rate=1.0):
    """0 0 1 1 0 0 1 1 ... from nothing (`examples.oscillation`). Tested without forcing: the network runs by itself.

    A network that follows its own wrong outputs meets only its own wrong sequence. Forced, it learns in the right one.
    """
    return learn(oscillation(n, T), oscillation(n, FRESH), stretch, rate, teacher_forcing, rng)


def learn(task, test, stretch, rate, teacher_forcing, rng):
    x, d, y0 = task
    n, m = len(y0), x.shape[1]
    first = 0.5 * np.random.default_rng(rng).standard_normal((n, m + n))
    weights, moments = zip(*online(first, x, d, y0, rate, teacher_forcing))
    e = np.where(np.isnan(d[1:, 0]), np.nan, [moment.e[0] for moment in moments])
    curve = [wrong(part) for part in e.reshape(-1, stretch)]
    return Learned(stretch, curve, wrong_of_run(first, *test), wrong_of_run(weights[-1], *test))


def wrong_of_run(W, x, d, y0):
    """The part of wrong answers of a run at fixed weights that is left to itself after LEAD forced time steps."""
    given = np.where(np.arange(len(d))[:, None] < LEAD, d, np.nan)
    y = np.array([moment.y[0] for moment in run(W, x, given, y0, teacher_forcing=True)])
    return wrong((d[1:, 0] - y)[LEAD:])


def wrong(e):
    """The part of answers on the wrong side of 1/2; NaN are not judged."""
    judged = e[~np.isnan(e)]
    return float(np.mean(np.abs(judged) >= 0.5))
