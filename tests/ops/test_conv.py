"""The convolution's own concerns: strips, the two ways to the gradients, memory. Its laws: test_laws.py."""

import numpy as np
import oracle
import pytest

from minipixel.ops import conv
from minipixel.order import live_taps

TAPS = live_taps(3, 3, "B", 1)
FAR = live_taps(7, 7, "A", 1)


def arguments(taps, C, F, N=3, H=5, W=4):
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, H, W, C)), rng.standard_normal((len(taps), C, F)), rng.standard_normal(F), taps


def run(taps, C, F, **sizes):
    y, cache = conv.conv_forward(*arguments(taps, C, F, **sizes))
    dy = np.random.default_rng(1).standard_normal(y.shape)
    return {"y": y, **conv.conv_backward(dy, cache)}


@pytest.mark.parametrize("strip", [1, 40, 200, 900])
@pytest.mark.parametrize(("taps", "C", "F"), [(TAPS, 3, 2), (TAPS, 1, 5), (FAR, 1, 2), (((0, 0),), 3, 4)])
def test_the_cut_into_strips_changes_nothing(monkeypatch, strip, taps, C, F):
    whole = run(taps, C, F)
    monkeypatch.setattr(conv, "STRIP", strip)
    for name, value in run(taps, C, F).items():
        np.testing.assert_allclose(value, whole[name], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("strip", [1, 7, 50, 333, 1 << 18])
def test_strips_cover_every_row_once_and_fit(strip):
    numbers = 6
    for N, H, W in ((1, 1, 1), (3, 5, 4), (7, 2, 9)):
        x, seen = np.zeros((N, H, W, 2)), np.zeros((N, H), int)
        for images, rows in conv.strips(x, numbers, strip):
            seen[images, rows] += 1
            size = seen[images, rows].size
            assert size == 1 or size * W * numbers <= strip
        assert (seen == 1).all()


@pytest.mark.parametrize("taps", [TAPS, FAR, ((0, 0),)])
def test_both_ways_to_the_gradients_agree(taps):
    x, K, b, _ = arguments(taps, 2, 3)
    dy = np.random.default_rng(1).standard_normal((*x.shape[:3], 3))
    for thin, wide in zip(conv.thin_gradients(dy, x, K, taps), conv.wide_gradients(dy, x, K, taps), strict=True):
        np.testing.assert_allclose(thin, wide, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("H", "W"), [(1, 1), (1, 6), (6, 1), (2, 3)])
def test_images_smaller_than_the_kernel(H, W):
    given = arguments(FAR, 2, 3, H=H, W=W)
    np.testing.assert_allclose(conv.conv_forward(*given)[0], oracle.conv(*given), rtol=1e-12, atol=1e-12)


def test_pixels_read_of_a_window():
    """Of two windows of 3 x 2 pixels the last two rows: what is outside reads pixel 0 and is told."""
    read, outside = conv.pixels_read(((-2, 0), (-1, 1), (0, 0)), (2, 3, 2), 1, 3, np)
    np.testing.assert_array_equal(read, [[0, 1, 2], [0, 0, 3], [0, 3, 4], [1, 0, 5],
                                         [0, 7, 8], [0, 0, 9], [6, 9, 10], [7, 0, 11]])
    np.testing.assert_array_equal(outside, [0, 3, 4, 10, 12, 15, 16, 22])


def test_the_cache_holds_the_arguments_and_nothing_more():
    """What a forward keeps decides the memory of training: the neighbourhoods are gathered again."""
    given = arguments(FAR, 2, 3)
    _, cache = conv.conv_forward(*given)
    assert all(kept is argument for kept, argument in zip(cache, (given[0], given[1], given[3]), strict=True))
