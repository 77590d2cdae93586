"""The one order, against the paper's words (tests/oracle.py) and against itself; the frames of the recurrences."""

from dataclasses import replace
from math import inf

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipixel.order import (
    DIAGONALS,
    FRONT,
    ROWS,
    Frame,
    beside_of,
    colour_groups,
    compact,
    connections,
    fronts,
    lag_of,
    live_taps,
    may_read,
    raster,
    walk,
)

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


@pytest.mark.parametrize(("k", "mask", "lag"), [(7, "A", 4), (5, "A", 3), (3, "B", 2), (1, "B", 0)])
def test_all_that_a_kernel_reads_is_in_an_earlier_front(k, mask, lag):
    """Every place stands in one front, in which columns fall by one lag a row; a smaller lag would read what is to come."""
    taps = live_taps(k, k, mask, 1)
    assert lag_of(taps) == lag
    places = fronts(30, 13, 2, lag)
    assert sorted((i, j, c) for rows, columns, c in places for i, j in zip(rows, columns)) == raster(30, 13, 2)
    for small in range(2, lag + 1):
        front = {(i, j): n for n, (rows, columns, _) in enumerate(fronts(30, 13, 1, small)) for i, j in zip(rows, columns)}
        late = [front[i + di, j + dj] >= front[i, j] for i, j in front for di, dj in taps
                if (i + di, j + dj) in front and (di, dj) != (0, 0)]
        assert any(late) == (small < lag)


def test_a_front_has_a_few_pixels_and_a_narrow_image_none():
    assert max(len(i) for i, _, _ in fronts(100, 200, 1, 2)) == FRONT
    assert fronts(5, 4, 3, 4) == fronts(5, 4, 3, inf) == raster(5, 4, 3)


# ---- frames and walks


def test_the_frames_of_the_paper_are_causal():
    assert ROWS.is_causal() and DIAGONALS.is_causal()


@pytest.mark.parametrize("wrong", [
    replace(DIAGONALS, shifts=(0, 0)), replace(DIAGONALS, shifts=(0, 1), directions=((1, 1), (-1, 1))),
    replace(DIAGONALS, reads=((0, -1), (1, -2))), replace(DIAGONALS, shifts=None), replace(DIAGONALS, directions=((1, -1),)),
    replace(ROWS, reads=((-1, 0), (0, 1))), replace(ROWS, directions=((-1, 1),)),
    replace(ROWS, directions=((-1, 1),), shifts=(1,))],
    ids=["shift-missing", "bottom-up", "row-below", "side-by-side", "mirrored-alone", "right", "upwards", "upwards-shifted"])
def test_frames_that_see_the_future_are_not(wrong):
    assert not wrong.is_causal()


def test_a_walk_by_rows_and_by_diagonals():
    by_rows, by_diagonals = walk(ROWS, (2, 3)), walk(DIAGONALS, (2, 3))
    assert [by_rows.places[0, tick].tolist() for tick in by_rows.ticks] == [[0, 1, 2], [3, 4, 5]]
    left, right = ([one[tick].tolist() for tick in by_diagonals.ticks] for one in by_diagonals.places)
    assert left == [[0], [1, 3], [2, 4], [5]] and right == [[2], [1, 5], [0, 4], [3]]


def cells_of(part, tick):
    """The cells of a slice, of an array of places, or of None, within a tick."""
    return [] if part is None else np.arange(tick.stop - tick.start)[part].tolist()


FRAMES = st.sampled_from([
    ROWS, DIAGONALS, replace(DIAGONALS, edge=0), replace(ROWS, edge=None, reads=((-1, 2), (-1, 0), (-1, -3))),
    Frame(normal=(1, 2), reads=((-1, 0), (1, -1)), remembers=((1, -1),), edge=1, directions=((1, 1), (-1, 1)), shifts=None)])


@given(FRAMES, st.integers(1, 7), st.integers(1, 7))
def test_a_walk_meets_every_cell_once_and_each_link_is_one_tick_and_one_read(frame, height, width):
    found = walk(frame, (height, width))
    assert all(sorted(places) == list(range(height * width)) for places in found.places.tolist())
    assert found.ticks[0].start == 0 and found.ticks[-1].stop == height * width
    assert all(before.stop == tick.start for before, tick in zip(found.ticks, found.ticks[1:]))
    assert [frame.reads[r] for r in found.memory] == list(frame.remembers)
    cells = np.stack(np.unravel_index(found.places[0], (height, width)), axis=1)  # the first direction is not mirrored
    clocks = [cells[tick] @ np.array(frame.normal) for tick in found.ticks]
    assert all(len(set(clock)) == 1 for clock in clocks), "cells of several clock values in one tick"
    for t, tick in enumerate(found.ticks):
        for r, read in enumerate(frame.reads):
            into, out = (cells_of(part, other) for part, other in zip(found.links[t][r], (tick, found.ticks[max(0, t - 1)])))
            starts = cells_of(found.starts[t][r], tick)
            before = cells[found.ticks[t - 1]]
            assert [(cells[tick][k] + read).tolist() for k in into] == [before[k].tolist() for k in out]
            for k, cell in enumerate(cells[tick]):
                place = cell + read
                inside = ((place >= 0) & (place < (height, width))).all()
                assert (k in into) == inside and not (inside and t == 0)
                other = None if frame.edge is None else 1 - frame.edge
                on_edge = other is not None and place[frame.edge] < 0 and 0 <= place[other] < (height, width)[other]
                assert (k in starts) == on_edge


@given(FRAMES, st.integers(1, 5), st.integers(1, 5), st.integers(-2, 2))
def test_cells_beside_one_another_are_of_one_tick_and_the_offset_apart(frame, height, width, times):
    offset = (times * frame.normal[1], -times * frame.normal[0])
    for places, [(into, out)] in zip(ticks_of(frame, height, width), beside_of(frame, (height, width), (offset,)), strict=True):
        cells = [divmod(int(place), width) for place in places]
        apart = [(a, b) for a, one in enumerate(cells) for b, other in enumerate(cells)
                 if other == (one[0] + offset[0], one[1] + offset[1])]
        numbers = np.arange(len(cells))
        assert apart == ([] if into is None else list(zip(numbers[into], numbers[out], strict=True)))


def ticks_of(frame, height, width):
    found = walk(frame, (height, width))
    return [found.places[0, tick] for tick in found.ticks]


@given(st.integers(1, 6), st.integers(1, 6))
def test_the_second_direction_walks_over_the_mirrored_image(height, width):
    left, right = walk(DIAGONALS, (height, width)).places
    assert (right == left // width * width + width - 1 - left % width).all()


def test_places_side_by_side_are_a_slice():
    assert compact(np.array([3, 4, 5])) == slice(3, 6) and compact(np.array([], int)) is None
    assert compact(np.array([3, 5])).tolist() == [3, 5]
