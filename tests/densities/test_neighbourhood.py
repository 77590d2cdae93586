"""Neighbourhoods: their number, their order, and their values by plain loops."""

import numpy as np
import pytest

from minipixel.densities.neighbourhood import causal, gather, inside, surrounding
from minipixel.order import key


@pytest.mark.parametrize(("size", "count"), [(3, 4), (5, 12), (7, 24), (9, 40)])
def test_how_many_inputs_the_papers_sizes_give(size, count):
    assert len(causal(size)) == count == size**2 // 2
    assert len(surrounding(size)) == size**2


def test_all_that_is_read_comes_before():
    assert all(key(*tap, 0) < key(0, 0, 0) for tap in causal(9))
    assert (0, 0) in surrounding(3) and (0, 0) not in causal(3)


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("whole", [True, False])
def test_the_same_by_a_loop(colours, whole):
    images, taps = np.random.default_rng(0).normal(size=(2, 6, 7, colours)), causal(5)
    rows, columns = (slice(0, 6), slice(0, 7)) if whole else inside(6, 7, taps)
    found = gather(images, taps, rows, columns)
    for n in range(2):
        for i in range(rows.start, rows.stop):
            for j in range(columns.start, columns.stop):
                expected = []
                for di in (-2, -1, 0):
                    for dj in range(-2, 3):
                        if (di, dj) >= (0, 0):
                            continue
                        here = 0 <= i + di < 6 and 0 <= j + dj < 7
                        assert here or whole
                        expected += list(images[n, i + di, j + dj]) if here else [0] * colours
                np.testing.assert_array_equal(found[n, i - rows.start, j - columns.start], expected)


def test_inside_is_as_large_as_it_can_be():
    assert inside(8, 9, causal(5)) == (slice(2, 8), slice(2, 7))
    assert inside(8, 9, surrounding(3)) == (slice(1, 7), slice(1, 8))
    assert inside(3, 5, causal(5)) == (slice(2, 3), slice(2, 3))


def test_an_image_without_an_inside_is_refused():
    with pytest.raises(ValueError, match="4x4 has no pixel whose neighbours all lie inside: at least 3x5 expected"):
        inside(4, 4, causal(5))


def test_no_taps_read_nothing():
    assert gather(np.ones((1, 2, 3, 1)), (), slice(0, 2), slice(0, 3)).shape == (1, 2, 3, 0)
