"""What comes in: shapes and depths that are refused, dtypes, devices; inputs that are left alone."""

import numpy as np
import pytest
from cupy_standin import forbid_copies, standin
from subjects_recurrent import ALGORITHMS, hard_run, relative

from minipixel.recurrent import bptt, fp_bptt, objective, online, truncated_bptt

W, X, D, Y0 = hard_run(17)  # 4 units, 3 inputs, 7 time steps
WRONG = {
    "W of one axis": ((W[0], X, D, Y0), "(n, m + n)", "(7,)"),
    "W transposed": ((W.T, X, D, Y0), "(n, m + n)", "(7, 4)"),
    "x of too few inputs": ((W, X[:, :2], D, Y0), "x of shape (7, 3)", "(7, 2)"),
    "d of one time too few": ((W, X, D[1:], Y0), "d of shape (8, 4)", "(7, 4)"),
    "d of other units": ((W, X, D[:, :3], Y0), "d of shape (8, 4)", "(8, 3)"),
    "y0 of other units": ((W, X, D, Y0[:3]), "y0 of shape (4,)", "(3,)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_shapes_are_refused_with_both(name):
    given, expected, came = WRONG[name]
    calls = [lambda *given, a=algorithm, k=depths: a(*given, **k) for algorithm, depths, _ in ALGORITHMS.values()]
    for call in (*calls, objective, lambda *given: list(online(*given, 0.1))):
        with pytest.raises(ValueError) as error:
            call(*given)
        assert expected in str(error.value) and str(error.value).endswith(f"got {came}")


@pytest.mark.parametrize("call", [lambda: truncated_bptt(W, X, D, Y0, 0), lambda: bptt(W, X, D, Y0, 0, 1),
                                  lambda: fp_bptt(W, X, D, Y0, 0)])
def test_a_depth_below_one_is_refused(call):
    with pytest.raises(ValueError, match="expects h, the depth of a sweep, a whole number of at least 1, got 0"):
        call()


@pytest.mark.parametrize("h", [2.0, 2.5, "3", True])
def test_a_depth_that_is_no_whole_number_is_refused(h):
    for call in (truncated_bptt, fp_bptt, lambda *given: bptt(*given, 1)):
        with pytest.raises(ValueError, match=f"a whole number of at least 1, got {h!r}"):
            call(W, X, D, Y0, h)
    with pytest.raises(ValueError, match=f"h' from 1 to h = 3, a whole number, got {h!r}"):
        bptt(W, X, D, Y0, 3, h)


@pytest.mark.parametrize("given, says", [((W.tolist(), X, D, Y0), "W to be an array of floats, got list"),
                                         ((W, X, D, Y0.astype(int)), "y0 to be an array of floats, got int64")])
def test_what_is_no_array_of_floats_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        objective(*given)


@pytest.mark.parametrize("h_prime", [0, 4])
def test_a_period_beyond_the_depth_is_refused(h_prime):
    with pytest.raises(ValueError, match=f"expects h' from 1 to h = 3, a whole number, got {h_prime}"):
        bptt(W, X, D, Y0, 3, h_prime)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_float32_stays_float32(name):
    algorithm, depths, _ = ALGORITHMS[name]
    dW = algorithm(*(array.astype(np.float32) for array in (W, X, D, Y0)), **depths, teacher_forcing=True)
    assert dW.dtype == np.float32
    assert relative(dW, algorithm(W, X, D, Y0, **depths, teacher_forcing=True)) < 1e-5


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_device_gives_numpys_numbers(name):
    algorithm, depths, _ = ALGORITHMS[name]
    expected = algorithm(W, X, D, Y0, **depths, teacher_forcing=True)
    with standin() as cupy:
        given = [cupy.asarray(array) for array in (W, X, D, Y0)]
        with forbid_copies():
            dW = algorithm(*given, **depths, teacher_forcing=True)
        assert relative(cupy.asnumpy(dW), expected) <= 1e-12
