"""Every algorithm is the paper's equations: as nested loops, and, for the truncated ones, by what truncation means."""

import loops
import numpy as np
import pytest
from subjects_recurrent import ALGORITHMS, hard_run, relative

from minipixel.recurrent import bptt, objective, run, truncated_bptt
from minipixel.recurrent.network import f

FORCING = pytest.mark.parametrize("forcing", [False, True], ids=["free", "forced"])


@FORCING
def test_the_network(forcing):
    given = hard_run(5)
    expected, moments = loops.Run(*given, forcing), list(run(*given, forcing))
    for name, wanted in (("z", expected.z), ("free", expected.free), ("y", expected.y[1:]), ("e", expected.e[1:])):
        assert relative([getattr(moment, name) for moment in moments], wanted) <= 1e-12, name
    assert objective(*given, forcing) == pytest.approx(-sum(e * e / 2 for row in expected.e[1:] for e in row), rel=1e-12)


def test_the_logistic_does_not_overflow():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(f(np.array([-1e4, 0, 1e4])), [0, 0.5, 1])


@FORCING
@pytest.mark.parametrize("name", ALGORITHMS)
def test_nested_loops(name, forcing):
    algorithm, depths, looped = ALGORITHMS[name]
    given = hard_run(6)
    found, expected = algorithm(*given, **depths, teacher_forcing=forcing), looped(*given, forcing, **depths)
    assert relative(found, expected) <= 1e-12


def frozen_gradient(W, x, d, y0, forcing, h, h_prime, step=1e-5):
    """BPTT(h; h') by definition: the errors since the last sweep, as a function of the weights of the last h steps alone."""
    def errors_of(moved, newest, done):
        oldest = max(0, newest - h)
        y = [*run(W, x[:oldest], d[:oldest + 1], y0, forcing)][-1].y if oldest else y0
        rest = slice(oldest, newest), slice(oldest, newest + 1)
        moments = list(run(moved, x[rest[0]], d[rest[1]], y, forcing))
        return sum(-0.5 * moment.e @ moment.e for moment in moments[done - oldest:])

    dW, done = np.zeros_like(W), 0
    for newest in range(1, len(x) + 1):
        if newest % h_prime == 0 or newest == len(x):
            for place in np.ndindex(W.shape):
                for sign in (1, -1):
                    moved = W.copy()
                    moved[place] += sign * step
                    dW[place] += sign * errors_of(moved, newest, done) / (2 * step)
            done = newest
    return dW


@FORCING
@pytest.mark.parametrize(("h", "h_prime"), [(1, 1), (2, 1), (4, 1), (3, 3), (4, 2), (5, 3)])
def test_truncation_freezes_the_earlier_weights(h, h_prime, forcing):
    given = hard_run(7, n=3, m=2)
    expected = frozen_gradient(*given, forcing, h, h_prime)
    assert relative(bptt(*given, h, h_prime, forcing), expected) <= 1e-7
    if h_prime == 1:
        assert relative(truncated_bptt(*given, h, forcing), expected) <= 1e-7
    assert relative(bptt(*given, h + 1, h_prime, forcing), expected) > 1e-5


@FORCING
def test_a_period_of_one_is_truncation(forcing):
    given = hard_run(8)
    for h in range(1, 9):
        assert relative(bptt(*given, h, 1, forcing), truncated_bptt(*given, h, forcing)) <= 1e-12


@FORCING
def test_a_period_of_h_cuts_the_run_into_chunks(forcing):
    W, x, d, y0 = given = hard_run(9, T=9)
    dW, y = 0, y0
    for start in range(0, len(x), 3):
        chunk = W, x[start:start + 3], d[start:start + 4], y
        dW = dW + ALGORITHMS["epochwise"][0](*chunk, forcing)
        y = list(run(*chunk, forcing))[-1].y
    assert relative(bptt(*given, 3, 3, forcing), dW) <= 1e-12
