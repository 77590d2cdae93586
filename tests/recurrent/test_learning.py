"""Online RTRL learns what needs a memory; the step that it takes is the gradient's."""

import numpy as np
import pytest
from subjects_recurrent import hard_run, relative

from minipixel.recurrent import online, rtrl
from minipixel.recurrent.examples import delayed_xor, oscillation
from minipixel.recurrent.learning import learn_oscillation, learn_xor, wrong


@pytest.mark.parametrize("rng", [0, 1])
def test_xor_of_bits_that_are_gone(rng):
    learned = learn_xor(rng)
    assert learned.before > 0.4 and learned.after == 0
    assert min(learned.curve[:3]) > 0.3 and learned.curve[-1] == 0


def test_an_oscillation_is_learned_by_teacher_forcing():
    forced, free = learn_oscillation(0, True, T=2000), learn_oscillation(0, False, T=2000)
    assert (forced.before, forced.after) == (0.5, 0) and free.after > 0.3


@pytest.mark.parametrize("forcing", [False, True], ids=["free", "forced"])
def test_slow_changes_add_up_to_the_gradient(forcing):
    W, *given = hard_run(15)
    rate = 1e-7
    *_, (after, _) = online(W, *given, rate, forcing)
    assert relative((after - W) / rate, rtrl(W, *given, forcing)) < 1e-5


def test_the_first_weights_are_left_alone():
    W, *given = hard_run(16)
    before = W.copy()
    *_, (after, _) = online(W, *given, 1.0)
    np.testing.assert_array_equal(W, before)
    assert not np.array_equal(after, before)


def test_the_tasks_are_what_they_say():
    x, d, _ = delayed_xor(4, 50, 0)
    b = x[:, 1].astype(int)
    assert [d[t, 0] for t in range(3, 51)] == [b[t - 2] ^ b[t - 3] for t in range(3, 51)]
    assert np.isnan(d[:3]).all() and np.isnan(d[:, 1:]).all() and set(b) == {0, 1}
    x, d, _ = oscillation(3, 8)
    assert d[:, 0].tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0] and (x == 1).all()


def test_wrong_answers():
    assert wrong(np.array([0.4, -0.6, np.nan, 0.5, 0.1])) == 0.5
