"""The exact algorithms give one gradient: one another's, finite differences', and PyTorch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subjects_recurrent import exact, hard_run, relative

from minipixel import gradcheck
from minipixel.recurrent import epochwise_bptt, objective, rtrl

FORCING = pytest.mark.parametrize("forcing", [False, True], ids=["free", "forced"])


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 5), m=st.integers(0, 4), T=st.integers(1, 9), forcing=st.booleans(), seed=st.integers(0, 10_000))
def test_they_agree(n, m, T, forcing, seed):
    run = hard_run(seed, n, m, T)
    expected = epochwise_bptt(*run, forcing)
    for name, algorithm in exact(T).items():
        assert relative(algorithm(*run, forcing), expected) <= 1e-12, name


@FORCING
@pytest.mark.parametrize("name", exact(7))
def test_finite_differences(name, forcing):
    W, *run = hard_run(1)
    result = gradcheck.check(lambda W: (objective(W, *run, forcing), W),
                             lambda cache: {"W": exact(7)[name](cache, *run, forcing)}, {"W": W})
    assert result.ok and result.errors["W"] < 1e-7, str(result)


@FORCING
def test_autograd(forcing):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (the bench extra)")
    W, x, d, y0 = run = hard_run(2)
    weights, y, J = torch.tensor(W, requires_grad=True), torch.tensor(y0), 0
    for t in range(len(x)):
        forced = torch.tensor(~np.isnan(d[t]) & forcing)
        read = torch.where(forced, torch.tensor(np.nan_to_num(d[t])), y)
        y = torch.sigmoid(weights @ torch.cat([torch.tensor(x[t]), read]))
        judged = torch.tensor(~np.isnan(d[t + 1]))
        J = J - 0.5 * ((torch.tensor(d[t + 1]) - y)[judged] ** 2).sum()
    J.backward()
    assert objective(*run, forcing) == pytest.approx(J.item(), rel=1e-12)
    assert relative(epochwise_bptt(*run, forcing), weights.grad.numpy()) <= 1e-12
    assert relative(rtrl(*run, forcing), weights.grad.numpy()) <= 1e-12


def test_ascending_makes_the_objective_larger():
    W, *run = hard_run(3)
    assert objective(W + 1e-3 * epochwise_bptt(W, *run), *run) > objective(W, *run)


def test_no_step_and_no_target_are_no_gradient():
    W, x, d, y0 = hard_run(4)
    for x_, d_ in ((x[:0], d[:1]), (x, np.full_like(d, np.nan))):
        for name, algorithm in exact(3).items():
            assert not algorithm(W, x_, d_, y0, True).any(), name
