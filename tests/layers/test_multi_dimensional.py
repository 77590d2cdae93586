"""MDRNN and MDLSTM beyond the laws: the papers' reverse loops, one dimension, what is seen, biases, doors."""

import numpy as np
import oracle_md
import pytest
from kept import numbers_kept
from laws import close, close_all
from md_subjects import LAYERS

from minipixel.layers import MDLSTM, MDRNN, InBlocks
from minipixel.layers.blocks import apart, together
from minipixel.order import corners, walk

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(("kind", "loop"), [("mdrnn", oracle_md.mdrnn_backward), ("mdlstm", oracle_md.mdlstm_backward)])
def test_the_gradients_are_those_of_the_papers_reverse_loop(kind, loop, dimensions):
    case = LAYERS[f"{kind}-{dimensions}"].case()
    _, cache = case.forward(**case.inputs)
    close_all(case.backward(case.dy(), cache), loop(case.params, case.inputs["x"], case.dy()))


@pytest.mark.parametrize("kind", ["mdrnn", "mdlstm", "mdlstm-stable"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1), (7, 3)])
def test_maps_of_any_size(kind, shape):
    subject = LAYERS[f"{kind}-2"]
    case = subject.case(shape=shape)
    y, _ = case.forward(**case.inputs)
    close(y, subject.equation(None, {**case.inputs, **case.params}))


@pytest.mark.parametrize("kind", ["mdrnn", "mdlstm", "mdlstm-stable"])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_kept_a_pixel_is_what_the_caches_hold(kind, dimensions):
    case = LAYERS[f"{kind}-{dimensions}"].case(n=2)
    x = case.inputs["x"]
    _, cache = case.forward(x)
    parameters = sum(value.size for value in case.params.values())
    assert numbers_kept(cache) - parameters == case.owner.kept() * x[..., 0].size


def test_the_stable_cell_begins_by_remembering():
    """Its input gate begins below one half, as the mean over all memories would else fade at once."""
    b = MDLSTM(3, 2, 2, stable=True, rng=np.random.default_rng(0), dtype=np.float64).params["b"]
    assert b.shape == (4, 10) and (b[:, :2] == -1).all() and (b[:, 2:] == 0).all()


def test_one_dimension_is_the_bidirectional_rnn():
    """h_t = tanh(W x_t + U h_(t-1) + b) from the left, the same with its own weights from the right, side by side."""
    layer = MDRNN(3, 4, 1, rng=np.random.default_rng(0), dtype=np.float64)
    layer.params["b"] = RNG.standard_normal((2, 4))
    x = RNG.standard_normal((2, 6, 3))
    y, _ = layer.forward(x)
    for direction, order in enumerate([range(6), range(5, -1, -1)]):
        W, U, b = layer.params["K_is"][direction, 0], layer.params["K_ss"][direction, 0], layer.params["b"][direction]
        h = np.zeros((2, 4))
        for t in order:
            h = np.tanh(x[:, t] @ W + h @ U + b)
            close(y[:, t, 4 * direction:4 * direction + 4], h)


@pytest.mark.parametrize("kind", ["mdrnn", "mdlstm", "mdlstm-stable"])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_every_cell_sees_the_whole_map_each_direction_its_own_corner(kind, dimensions):
    case = LAYERS[f"{kind}-{dimensions}"].case(n=1)
    x, shape = case.inputs["x"], case.inputs["x"].shape[1:-1]
    before, _ = case.forward(x)
    for changed in np.ndindex(*shape):
        other = x.copy()
        other[(0, *changed)] += 1
        moved = (case.forward(other)[0] != before)[0].reshape(*shape, 2 ** dimensions, -1).any(axis=-1)
        for number, read in enumerate(case.owner.frame.directions):
            expected = [all((c - d) * sign >= 0 for c, d, sign in zip(cell, changed, read)) for cell in np.ndindex(*shape)]
            assert moved[..., number].ravel().tolist() == expected
        assert moved.any(axis=-1).all()


def test_these_layers_say_that_they_are_not_causal():
    for dimensions in (1, 2, 3):
        for layer in (MDRNN(2, 3, dimensions, rng=RNG, dtype=np.float32), MDLSTM(2, 3, dimensions, rng=RNG, dtype=np.float32)):
            assert not layer.frame.is_causal() and not hasattr(layer, "step")


@pytest.mark.parametrize(("shape", "ticks"), [((6,), 6), ((3, 5), 7), ((2, 3, 4), 7)])
def test_all_cells_of_an_equal_sum_of_coordinates_are_one_tick(shape, ticks):
    found = walk(corners(len(shape)), shape)
    assert len(found.ticks) == ticks and found.places.shape == (2 ** len(shape), np.prod(shape))
    for tick in found.ticks:
        assert len({sum(np.unravel_index(place, shape)) for place in found.places[0, tick]}) == 1


def test_forget_gates_that_add_up_to_one_at_first():
    for dimensions in (2, 3, 4):
        layer = MDLSTM(1, 2, dimensions, rng=RNG, dtype=np.float64)
        b = layer.params["b"].reshape(2 ** dimensions, dimensions + 3, 2)
        np.testing.assert_allclose((1 / (1 + np.exp(-b[:, 1:dimensions + 1]))).sum(axis=1), 1, rtol=1e-12)


def test_clipping_is_off_unless_it_is_asked_for():
    x = 30 * RNG.standard_normal((1, 4, 4, 2))
    exact, clipped, wide = (MDLSTM(2, 3, rng=np.random.default_rng(1), dtype=np.float64, clip=clip)
                            for clip in (None, 0.01, 1e9))
    found = [layer.backward(np.ones((1, 4, 4, 12)), layer.forward(x)[1])[1] for layer in (exact, clipped, wide)]
    close_all(found[2], found[0], 0)
    assert np.abs(found[1]["b"]).max() < np.abs(found[0]["b"]).max()


@pytest.mark.parametrize(("dimensions", "expected"), [(1, "(N, X, 3)"), (3, "(N, X1, X2, X3, 3)")])
def test_a_wrong_number_of_dimensions_is_refused(dimensions, expected):
    layer = MDLSTM(3, 2, dimensions, rng=RNG, dtype=np.float64)
    with pytest.raises(ValueError) as error:
        layer.forward(np.zeros((2, 4, 5, 3)))
    assert expected in str(error.value) and "(2, 4, 5, 3)" in str(error.value)


@pytest.mark.parametrize(("words", "message"), [((0, 3, 2), "C of at least 1"), ((2, 0, 2), "h of at least 1"),
                                                ((2, 3, 0), "dimensions of at least 1")])
def test_sizes_below_one_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        MDRNN(*words, rng=RNG, dtype=np.float64)


def test_blocks_are_put_together_and_taken_apart():
    x = np.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3)
    blocks = together(x, 2)
    assert blocks.shape == (2, 2, 3, 12)
    assert blocks[1, 1, 2].tolist() == [*x[1, 2, 4], *x[1, 2, 5], *x[1, 3, 4], *x[1, 3, 5]]
    np.testing.assert_array_equal(apart(blocks, 2), x)


def test_a_map_that_is_not_in_whole_blocks_is_refused():
    layer = InBlocks(2, MDRNN(4, 3, rng=RNG, dtype=np.float64))
    with pytest.raises(ValueError, match=r"whole blocks of 2 x 2, got \(1, 5, 4, 1\)"):
        layer.forward(np.zeros((1, 5, 4, 1)))
