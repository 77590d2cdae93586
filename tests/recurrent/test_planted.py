"""Mistakes that are easily made here are caught: by the gradient check, or by what truncation means."""

import numpy as np
import pytest
from subjects_recurrent import hard_run

from minipixel import gradcheck
from minipixel.recurrent import back_propagation, bptt, epochwise_bptt, fp_bptt, hybrid, objective, rtrl, truncated_bptt
from minipixel.recurrent import forward_propagation as forward

advance, sweep = forward.advance, back_propagation.sweep


def everything_heard(moment):
    return moment._replace(free=np.ones_like(moment.free))


def advance_without_z(W, p, moment):
    return advance(W, p, moment._replace(z=np.zeros_like(moment.z)))


def advance_with_the_slope_of_a_moment_ago(W, p, moment):
    y = moment.z[-len(W):]
    return advance(W, p, moment._replace(y=y))


def advance_transposed(W, p, moment):
    m = W.shape[1] - len(W)
    return advance(np.concatenate([W[:, :m], W[:, m:].T], axis=1), p, moment)


def sweep_of_the_newest_error_only(W, moments, errors):
    return sweep(W, moments, errors[:1])


def sweep_through_all_weights(W, moments, errors):
    return sweep(W, [everything_heard(moment) for moment in moments], errors)


def carried_nowhere(W, p, block):
    return np.zeros_like(p)


PLANTED = {
    "z forgotten": (rtrl, forward, "advance", advance_without_z, False),
    "slope of the wrong time": (rtrl, forward, "advance", advance_with_the_slope_of_a_moment_ago, False),
    "weights transposed": (rtrl, forward, "advance", advance_transposed, False),
    "forced targets left in the sum": (rtrl, forward, "advance", lambda W, p, moment: advance(W, p, everything_heard(moment)),
                                       True),
    "earlier errors forgotten": (epochwise_bptt, back_propagation, "sweep", sweep_of_the_newest_error_only, False),
    "forced targets sent an error": (epochwise_bptt, back_propagation, "sweep", sweep_through_all_weights, True),
    "the past forgotten": (lambda *given: fp_bptt(*given[:4], 3, *given[4:]), hybrid, "advance", carried_nowhere, False),
}


def check(algorithm, forcing):
    W, *given = hard_run(10)
    given.append(forcing)
    return gradcheck.check(lambda W: (objective(W, *given), W), lambda cache: {"W": algorithm(cache, *given)}, {"W": W})


@pytest.mark.parametrize("name", PLANTED)
def test_the_gradient_check_sees(name, monkeypatch):
    algorithm, module, function, wrong, forcing = PLANTED[name]
    assert check(algorithm, forcing).ok
    monkeypatch.setattr(module, function, wrong)
    result = check(algorithm, forcing)
    assert not result.ok and result.errors["W"] > 1e-4


def depth_read(algorithm, W, x, d, y0):
    """How many time steps back from T an algorithm reads inputs by its sweeps, when there is a target at T only."""
    m, T = x.shape[1], len(x)
    d[:-1], d[-1] = np.nan, 0.5
    only = [np.zeros_like(x) for _ in range(T)]
    for back in range(T):
        only[back][T - 1 - back] = 1
    return sum(bool(algorithm(W, x, d, y0)[:, :m].any()) for x in only)


@pytest.mark.parametrize("h", [1, 2, 5])
def test_a_depth_that_is_off_by_one_shows(h):
    for algorithm in (lambda *given: truncated_bptt(*given, h), lambda *given: bptt(*given, h, 1)):
        assert depth_read(algorithm, *hard_run(11)) == h
    assert depth_read(lambda *given: bptt(*given, h, h), *hard_run(11, T=2 * h)) == h
