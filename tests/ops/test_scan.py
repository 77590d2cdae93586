"""The scan's own concerns: what its cache keeps, states that are not there, odd shapes. Its laws: test_laws.py."""

import numpy as np
import pytest
from kept import numbers_kept
from pixelrnn_subjects import scan_pair

from minipixel.ops import scan
from minipixel.ops.cells import LSTM
from minipixel.ops.scan import scan_backward, scan_forward
from minipixel.order import DIAGONALS, ROWS, walk


def arguments(frame, height, width, h=3, N=2, initial=True, C=2):
    rng = np.random.default_rng(0)
    D, R = len(frame.directions), len(frame.reads)
    h0, c0 = (rng.standard_normal((D, h)) if initial else None for _ in range(2))
    return {"X": rng.standard_normal((D, 2, height * width, N, C)), "K_is": rng.standard_normal((D, 2, C, 4 * h)),
            "b": rng.standard_normal((D, 4 * h)), "K_ss": rng.standard_normal((D, R, h, 4 * h)), "h0": h0, "c0": c0,
            "peepholes": None, "walk": walk(frame, (height, width)), "cell": LSTM}


def run(given):
    h, cache = scan_forward(**given)
    return {"output": h, **scan_backward(np.random.default_rng(1).standard_normal(h.shape), cache)}


@pytest.mark.parametrize("frame", [ROWS, DIAGONALS])
def test_no_initial_state_is_one_of_zeros(frame):
    given = arguments(frame, 3, 4, initial=False)
    zeros = run(given | {name: np.zeros((len(frame.directions), 3)) for name in ("h0", "c0")})
    found = run(given)
    assert list(found) == ["output", "X", "K_is", "b", "K_ss"]
    for name, value in found.items():
        np.testing.assert_array_equal(value, zeros[name])


@pytest.mark.parametrize(("kind", "height", "width"), [("rows", 1, 1), ("diagonals", 1, 1), ("diagonals", 2, 3),
                                                       ("rows", 2, 4)])
def test_shapes_with_few_cells(kind, height, width):
    pair = scan_pair(kind, height, width, 2)
    assert pair.check()


@pytest.mark.parametrize("frame", [ROWS, DIAGONALS])
def test_memory_is_linear_in_the_pixels(frame):
    """What a scan keeps for each cell, image and direction: what it read, R h and h, 2 C and a one; 4 h gates, h of tanh(c)."""
    D, R, h, N = len(frame.directions), len(frame.reads), 3, 2
    for height, width in ((4, 5), (8, 5), (8, 10), (16, 10)):
        given = arguments(frame, height, width, h, N)
        _, cache = scan_forward(**given)
        parameters = sum(given[name].size for name in ("K_is", "b", "K_ss", "h0", "c0"))
        assert numbers_kept(cache) - parameters == D * (R * h + h + 2 * 2 + 1 + 4 * h + h) * height * width * N


def test_the_upstream_gradient_may_lie_anyhow_in_memory():
    given = arguments(DIAGONALS, 3, 4)
    h, cache = scan_forward(**given)
    dy = np.random.default_rng(1).standard_normal(h.shape)
    plain, strange = scan_backward(dy, cache), scan_backward(np.asfortranarray(dy), cache)
    for name in plain:
        np.testing.assert_allclose(strange[name], plain[name], rtol=1e-12)


@pytest.mark.parametrize("blocks", [2, 3, 12])
def test_blocks_of_columns_change_nothing_but_the_rounding(monkeypatch, blocks):
    """They are for products larger than those of the laws, on machines with kernels for small matrices."""
    given = arguments(DIAGONALS, 3, 4)
    monkeypatch.setattr(scan, "column_blocks", lambda *sizes: 1)
    whole = run(given)
    monkeypatch.setattr(scan, "column_blocks", lambda *sizes: blocks)
    for name, value in run(given).items():
        np.testing.assert_allclose(value, whole[name], rtol=1e-12, atol=1e-12, err_msg=name)
