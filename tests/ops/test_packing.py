"""Between maps and packed cells: each cell has its place, nothing is lost but what is moved out. Its laws: test_laws.py."""

import numpy as np
import pytest

from minipixel.ops.packing import map_backward, map_forward, pack_forward, rows_read
from minipixel.order import DIAGONALS, ROWS, Frame, walk

SHAPES = [(1, 1), (1, 5), (4, 1), (3, 4), (5, 2)]


def numbered(shape, N=2):
    """Maps whose every value is its own number: (N, *shape, 1)."""
    return np.arange(N * np.prod(shape), dtype=float).reshape(N, *shape, 1)


def packed(x, cells):
    """Each cell's own pixel, for each direction: (D, 1, P, N)."""
    return pack_forward(x, cells, ((0,) * (x.ndim - 2),))[0][..., 0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("frame", [ROWS, DIAGONALS])
def test_the_map_is_the_way_back(frame, shape):
    cells, x = walk(frame, shape), numbered(shape)
    apart, _ = map_forward(packed(x, cells), cells, None)
    for d in range(len(frame.directions)):
        np.testing.assert_array_equal(apart[..., d:d + 1], x)


def test_a_tick_is_a_diagonal_and_the_second_direction_is_mirrored():
    a = packed(numbered((2, 3), N=1), walk(DIAGONALS, (2, 3)))
    assert a.shape == (2, 1, 6, 1)
    assert a[0].ravel().tolist() == [0, 1, 3, 2, 4, 5]      # 0 | 1 3 | 2 4 | 5
    assert a[1].ravel().tolist() == [2, 1, 5, 0, 4, 3]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_mirrored_map_is_moved_down_by_one_row(shape):
    cells, x = walk(DIAGONALS, shape), numbered(shape) + 1
    y, cache = map_forward(packed(x, cells), cells, (0, 1))
    right = np.zeros(x.shape)
    right[:, 1:] = x[:, :-1]
    np.testing.assert_array_equal(y, x + right)
    dy = np.random.default_rng(0).standard_normal(y.shape)
    dh, _ = map_forward(map_backward(dy, cache)["h"], cells, None)
    np.testing.assert_array_equal(dh[..., :1], dy)
    np.testing.assert_array_equal(dh[:, :-1, :, 1:], dy[:, 1:])
    assert not dh[:, -1, :, 1:].any(), "what was moved out of the map has a gradient"


def test_no_row_is_read_twice_by_one_tap():
    """The way back is then a reading too, where an addition at repeated places would be undefined on a GPU."""
    taps, cells = ((0, 0), (0, -1), (-1, 2), (2, 0), (-9, 9)), walk(DIAGONALS, (3, 4))
    read = rows_read(DIAGONALS, (3, 4), taps, 2, np)
    outside = set(zip(*np.unravel_index(read.outside, read.rows.shape)))
    for d, t in np.ndindex(2, len(taps)):
        rows, readers = read.rows[d, t], read.readers[d, t]
        assert sorted(read.unread[d][t]) == sorted(rows[k] for k in range(24) if (d, t, k) in outside)
        assert (readers[rows] == np.arange(24)).all() and (rows[readers] == np.arange(24)).all()
        for k, row in enumerate(rows):
            place, image = cells.places[d, k // 2], k % 2
            i, j = place // 4 + taps[t][0], place % 4 + taps[t][1]
            inside = 0 <= i < 3 and 0 <= j < 4
            assert inside == ((d, t, k) not in outside) and (row == 12 * image + 4 * i + j or not inside)


def test_beyond_the_map_are_zeros():
    cells, x = walk(ROWS, (2, 3)), numbered((2, 3), N=1) + 1
    for tap, expected in (((0, -1), [0, 1, 2, 0, 4, 5]), ((1, 1), [5, 6, 0, 0, 0, 0]), ((-2, 0), [0] * 6)):
        X, _ = pack_forward(x, cells, (tap,))
        assert X.ravel().tolist() == expected


def test_three_dimensions():
    """Nothing here counts axes: a video is packed and unpacked as an image is."""
    ahead = ((-1, 0, 0),)
    frame, x = Frame((1, 1, 1), ahead, ahead, directions=((1, 1, 1), (-1, 1, -1)), shifts=None), numbered((2, 3, 4))
    cells = walk(frame, (2, 3, 4))
    y, _ = map_forward(packed(x, cells), cells, None)
    np.testing.assert_array_equal(y, np.concatenate([x, x], axis=-1))
