"""What the models of the paper see, exactly and at full size; and what published code lets its pixels see of the future."""

import model_laws
import numpy as np
import pytest
from reach import by_diagonals, convolved, unseen, unseen_share
from subjects import Model

SEVEN, THREE, ROWS, DIAGONALS, QUADRANT = ("A", 7), ("B", 3), ("rows", 3), ("diagonals", 1), ("quadrant", 1)


@pytest.mark.parametrize(("size", "layers", "percent"), [
    (28, [ROWS] * 1, 34.9), (28, [ROWS] * 7, 25.6), (32, [ROWS] * 12, 23.2), (32, [THREE] * 15, 43.8)],
    ids=["row-lstm-1", "row-lstm-7", "row-lstm-12", "pixelcnn-15"])
def test_the_share_of_the_past_that_is_unseen(size, layers, percent):
    """Of all pairs (earlier pixel, later pixel), those between which there is no way. 7 x 7 mask A, then the layers."""
    assert round(100 * unseen_share(size, size, [SEVEN, *layers]), 1) == percent


def pairs(missing, width):
    """A boolean array (pixels, pixels) as {((i, j) earlier, (i, j) later)}."""
    return {(divmod(source, width), divmod(target, width)) for source, target in np.argwhere(missing).tolist()}


@pytest.mark.parametrize("depth", [1, 7])
@pytest.mark.parametrize(("height", "width"), [(28, 28), (5, 9), (4, 3)])
def test_the_diagonal_bilstm_misses_the_last_pixel_of_the_row_above_and_nothing_else(height, width, depth):
    """As long as its column is too far for mask A to have read it: j < W - 4."""
    missing = {((i - 1, width - 1), (i, j)) for i in range(1, height) for j in range(width - 4)}
    assert pairs(unseen(height, width, [SEVEN, *[DIAGONALS] * depth]), width) == missing


@pytest.mark.parametrize("depth", [1, 7])
def test_with_one_more_column_it_misses_nothing(depth):
    assert not unseen(28, 28, [SEVEN, *[DIAGONALS] * depth], column=1).any()


def no_shift(right):
    return right


def last_row_zeroed(right):
    """What much copied code does in the place of the shift."""
    kept = right.copy()
    kept[:, -1] = False
    return kept


@pytest.mark.parametrize(("wrong", "themselves", "later"), [
    ({}, 0, 0),
    ({"lower": no_shift}, 42, None),
    ({"lower": last_row_zeroed}, 36, None),
    ({"reads": ((0, -1), (1, -2))}, 45, None),
    ({"reads": ((0, -1), (1, -2)), "lower": last_row_zeroed}, 42, 469)],
    ids=["right", "no-shift", "last-row-zeroed", "kernel-over-the-row-below", "both"])
def test_known_mistakes_leak(wrong, themselves, later):
    """7 x 7 mask A and one layer on 7 x 7 images: how many pixels see themselves, and how many pairs see the future.

    The kernel meant for rows i - 1 and i of the skewed column before, padded at the end, reads rows i and i + 1: there
    the pixel (i + 1, j - 2) stands.
    """
    image = np.eye(49, dtype=bool).reshape(49, 7, 7, 1)
    taps = [(di, dj) for di in range(-3, 1) for dj in range(-3, 4) if (di, dj) < (0, 0)]
    seen = by_diagonals(convolved(image, "A", taps), **wrong).reshape(49, 49)
    assert seen.diagonal().sum() == themselves
    assert later is None or np.tril(seen, -1).sum() == later


@pytest.mark.parametrize("model", [
    Model("row-lstm", 1, 2, h=3, out=3, layers=2, context="paper"),
    Model("diagonal-bilstm", 1, 2, h=3, out=3, layers=2, context="paper"),
    Model("diagonal-bilstm", 1, 2, h=3, out=3, layers=1, context="full")], ids=["row-lstm", "diagonal-paper", "diagonal-full"])
def test_the_models_see_exactly_that(model):
    """By perturbation, in both directions, where mask A does not reach across the image."""
    assert unseen(9, 9, model.kernels).any()
    model_laws.causal(model, 9, 9)


@pytest.mark.parametrize("context", ["paper", "full"])
def test_in_colour_too(context):
    model_laws.causal(Model("diagonal-bilstm", 3, 2, h=3, out=3, layers=1, context=context), 2, 6)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("window", [3, 5, 9])
def test_a_spatial_lstm_sees_the_rows_above_as_far_right_as_its_window(window, depth):
    """Its own row up to the pixel on the left; of every row above all columns up to j + (window - 1) / 2; at any depth."""
    r = window // 2
    missing = {((p, q), (i, j)) for i, j in np.ndindex(9, 12) for p in range(i) for q in range(j + r + 1, 12)}
    assert pairs(unseen(9, 12, [("A", window), *[QUADRANT] * depth]), 12) == missing


def test_the_share_of_the_past_that_a_spatial_lstm_does_not_see():
    """28 x 28, the paper's windows of 12, 24 and 40 inputs."""
    shares = {size: round(100 * unseen_share(28, 28, [("A", size), QUADRANT]), 1) for size in (5, 7, 9)}
    assert shares == {5: 40.0, 7: 36.9, 9: 34.0}


@pytest.mark.parametrize("model", [Model("spatial-lstm", 1, 2, h=3, layers=1), Model("spatial-lstm", 1, 2, h=3, size=3),
                                   Model("spatial-lstm", 1, 2, h=3, size=3, extended=True)], ids=["one", "two", "extended"])
def test_the_spatial_lstm_sees_exactly_that(model):
    """By perturbation, in both directions."""
    assert unseen(6, 7, model.kernels).any()
    model_laws.causal(model, 6, 7)
