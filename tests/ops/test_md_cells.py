"""The multi-dimensional cells beyond the laws: clipped deltas, and a memory that grows or does not."""

import numpy as np
import pytest
from md_subjects import PAIRS

from minipixel.layers import MDLSTM
from minipixel.ops import md_cells


@pytest.mark.parametrize("stable", [False, True])
def test_clipped_deltas(stable):
    """No delta is beyond the limit; small ones are exact; the weights of the peepholes get what the clipped ones give."""
    case = PAIRS["mdlstm-stable-2" if stable else "mdlstm-2"].case()
    exact = case.backward(case.dy(), case.forward(**case.inputs)[1])
    limit = np.median(np.abs(exact["a"]))
    clipped = case.backward(case.dy(), case.forward(**{**case.inputs, "limit": limit})[1])
    assert np.abs(clipped["a"]).max() == limit and np.abs(exact["a"]).max() > 2 * limit
    assert not np.allclose(clipped["peepholes"], exact["peepholes"])
    wide = case.backward(case.dy(), case.forward(**{**case.inputs, "limit": 1e3})[1])
    for name, value in exact.items():
        np.testing.assert_array_equal(wide[name], value)


def test_the_peephole_of_omega_is_due_its_clipped_delta():
    """w_po: sum of da_omega s, with da_omega clipped first, as what flows back to s as well."""
    case = PAIRS["mdlstm-2"].case()
    _, (gates, c_prev, s, *rest) = case.forward(**{**case.inputs, "limit": 0.1})
    found = case.backward(case.dy(), (gates, c_prev, s, *rest))
    np.testing.assert_allclose(found["peepholes"][:, -1], (found["a"][:, -s.shape[1]:] * s).sum(axis=(2, 3)), rtol=1e-12)


def largest_memory(stable, side, dimensions=2):
    """The largest |s| on a map of so many cells a side, all gates open as wide as training may open them."""
    layer = MDLSTM(1, 1, dimensions, rng=np.random.default_rng(0), dtype=np.float64, stable=stable)
    for name, value in layer.params.items():
        value[...] = 3 if name == "b" else 0
    states, forward = [], layer.cell.forward

    def watched(*arguments, out):
        (h, s), cache = forward(*arguments, out=out)
        states.append(np.abs(s).max())
        return (h, s), cache

    layer.cell = layer.cell._replace(forward=watched)
    layer.forward(np.ones((1, *[side] * dimensions, 1)))
    return max(states)


def test_a_plain_memory_grows_with_the_number_of_paths_and_a_stable_one_does_not():
    """All forget gates at 0.95: 1.9 to the power of the way in two dimensions; 100 times more memory in five cells more."""
    assert largest_memory(False, 10) > 100 * largest_memory(False, 5) > 1e3
    assert largest_memory(True, 5) <= 1 and largest_memory(True, 10) <= 1


def test_in_one_dimension_a_memory_is_an_ordinary_one():
    """One forget gate below one: the memory is bounded by the sum of its powers."""
    assert largest_memory(False, 200, dimensions=1) < 1 / (1 - md_cells.squash(np.full((1, 1), 3.0), 1)[0, 0])


@pytest.mark.parametrize("stable", [False, True])
def test_gates_far_out_of_range_stay_finite(stable):
    case = PAIRS["mdlstm-stable-2" if stable else "mdlstm-2"].case(np.float32)
    case.inputs["a"] *= np.float32(1e4)
    y, cache = case.forward(**case.inputs)
    assert np.isfinite(y).all()
    assert all(np.isfinite(value).all() for value in case.backward(case.dy(), cache).values())
