"""The one order, against the paper's words (tests/oracle.py) and against itself."""

import oracle
import pytest

from minipixel.order import colour_groups, connections, live_taps, may_read, raster

HERE, LEFT, RIGHT, ABOVE_RIGHT, BELOW = (0, 0), (0, -1), (0, 1), (-1, 1), (1, 0)


@pytest.mark.parametrize("mask", ["A", "B"])
def test_places_before_are_read_in_every_colour_and_later_ones_in_none(mask):
    for c_in in range(3):
        for c_out in range(3):
            assert may_read(LEFT, c_in, c_out, mask) and may_read(ABOVE_RIGHT, c_in, c_out, mask)
            assert not may_read(RIGHT, c_in, c_out, mask) and not may_read(BELOW, c_in, c_out, mask)


@pytest.mark.parametrize("mask", ["A", "B"])
def test_g_sees_r_and_b_sees_r_and_g(mask):
    own = mask == "B"
    expected = [[own, True, True], [False, own, True], [False, False, own]]
    assert [[may_read(HERE, c_in, c_out, mask) for c_out in range(3)] for c_in in range(3)] == expected


def test_other_masks_are_refused():
    with pytest.raises(ValueError, match="'A' or 'B', got 'C'"):
        may_read(HERE, 0, 0, "C")


def test_groups_are_contiguous_and_of_nearly_equal_sizes():
    assert colour_groups(7, 3).tolist() == [0, 0, 0, 1, 1, 2, 2]
    for colours in (1, 2, 3):
        for units in range(colours, 40):
            groups = colour_groups(units, colours).tolist()
            sizes = [groups.count(c) for c in range(colours)]
            assert groups == sorted(groups) and max(sizes) - min(sizes) <= 1
            assert groups == ["RGB".index(oracle.colour(u, units, colours)) for u in range(units)]


def test_fewer_units_than_colours_are_refused():
    with pytest.raises(ValueError, match="at least one unit for each of the 3 colours, got 2 units"):
        colour_groups(2, 3)


def test_live_taps_of_a_3x3_kernel():
    above, left, here = [(-1, -1), (-1, 0), (-1, 1)], [(0, -1)], [(0, 0)]
    assert list(live_taps(3, 3, "A", 1)) == above + left
    assert list(live_taps(3, 3, "B", 1)) == above + left + here
    assert list(live_taps(3, 3, "A", 3)) == above + left + here
    assert live_taps(1, 1, "A", 1) == ()


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("mask", ["A", "B"])
@pytest.mark.parametrize("k", [1, 3, 7])
def test_masks_are_the_papers(k, mask, colours):
    taps = live_taps(k, k, mask, colours)
    assert list(taps) == oracle.live(mask, k, colours)
    if taps:
        M = oracle.mask(mask, k, 5, 7, colours)
        for tap, allowed in zip(taps, connections(taps, 5, 7, mask, colours), strict=True):
            assert (allowed == M[tap[0] + k // 2, tap[1] + k // 2]).all()


def test_the_visit_is_the_order():
    """A place may read exactly the places that were visited before it."""
    places = raster(2, 3, 3)
    assert places[:4] == [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 0)] and len(set(places)) == 18
    for n, (i, j, c) in enumerate(places):
        assert {p for p in places if may_read((p[0] - i, p[1] - j), p[2], c, "A")} == set(places[:n])
