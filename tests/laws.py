"""The laws of the house: what every pair, layer, head and network keeps. A law takes one subject and asserts.

The laws of whole models are in tests/model_laws.py, the subjects in tests/subjects.py, and the table of who must keep
what in tests/test_laws.py.
"""

import pickle
from math import isqrt

import numpy as np
import oracle
import oracle_recurrent
import oracle_spatial
import pytest
from reach import reach
from subjects import BIASES, H, Layer, Model, N, W

from minipixel.order import fronts, raster


def close(found, expected, tolerance=1e-12, what=""):
    """Equal to `tolerance` of the largest entry; shapes must agree."""
    assert found.shape == expected.shape, f"{what}: shapes {found.shape} and {expected.shape}"
    size = max(1e-8, np.max(np.abs(expected), initial=0))
    error = np.max(np.abs(found.astype(np.float64) - expected), initial=0) / size
    assert error <= tolerance, f"{what}: differs by {error:.1e} of the largest entry"


def close_all(found, expected, tolerance=1e-12):
    assert list(found) == list(expected)
    for name, value in found.items():
        close(value, expected[name], tolerance, name)


def gradient(subject):
    """The backward is the derivative of the forward, by central differences."""
    result = subject.check()
    assert result.ok, str(result)


def equation(subject):
    """The forward is the paper's equation, written as nested loops."""
    case = subject.case()
    y, _ = case.forward(**case.inputs)
    close(y, subject.equation(oracle.LOOPS, {**case.inputs, **case.params}))


def torch(subject):
    """Outputs and gradients are those of PyTorch's autograd for the same equation."""
    pytest.importorskip("torch", reason="PyTorch is not installed (the bench extra)")
    import torch as library
    import torch_twin
    case = subject.case()
    y, cache = case.forward(**case.inputs)
    dy = case.dy()
    values = {**case.inputs, **case.params}
    leaves = {name: library.tensor(value, requires_grad=True) for name, value in values.items()
              if isinstance(value, np.ndarray) and value.dtype.kind == "f"}
    twin = subject.equation(torch_twin, {**values, **leaves})
    close(y, twin.detach().numpy())
    if isinstance(subject, Model):
        torch_twin.nats(twin, case.inputs["x"]).mean().backward()
    else:
        twin.backward(library.tensor(dy))
    close_all(case.backward(dy, cache), {name: leaf.grad.numpy() for name, leaf in leaves.items()})


def alone(subject):
    """The images of a batch do not touch each other: not in the outputs, not in the gradient of the input."""
    case = subject.case(n=3)
    y, cache = case.forward(**case.inputs)
    dy = case.dy()
    together = case.backward(dy, cache)
    for n in range(3):
        def one(name, value, n=n):
            return value.take([n], case.images[name]) if name in case.images else value

        y_n, cache = case.forward(**{name: one(name, value) for name, value in case.inputs.items()})
        close(y_n, one("output", y), what=f"image {n} alone")
        apart = case.backward(one("output", dy), cache)
        for name in set(case.images) & set(together):
            close(apart[name], one(name, together[name]), what=f"d{name} of image {n} alone")


def pure(subject):
    """Calls leave no trace: in inputs, parameters, caches, dy or the layer; interleaved calls are those of each alone."""
    case = subject.case()
    other = {name: np.flip(value, case.images[name]).copy() if name in case.images else value
             for name, value in case.inputs.items()}
    dy, other_dy = case.dy(), case.dy(seed=10)
    before = pickle.dumps((case.owner, case.inputs, other, case.params, dy, other_dy))

    def run(inputs, dy):
        y, cache = case.forward(**inputs)
        return {"output": y.copy(), **case.backward(dy, cache)}

    expected, other_expected = run(case.inputs, dy), run(other, other_dy)
    y, cache = case.forward(**case.inputs)
    kept = pickle.dumps(cache)
    other_y, other_cache = case.forward(**other)
    for found, wanted in ((dict(output=y, **case.backward(dy, cache)), expected),
                          (dict(output=other_y, **case.backward(other_dy, other_cache)), other_expected),
                          (dict(output=y, **case.backward(dy, cache)), expected)):
        assert list(found) == list(wanted)
        for name in found:
            np.testing.assert_array_equal(found[name], wanted[name], err_msg=f"{name} depends on other calls")
    assert pickle.dumps(cache) == kept, "the backward changed its cache"
    assert pickle.dumps((case.owner, case.inputs, other, case.params, dy, other_dy)) == before, "a call left a trace"


def dtype(subject):
    """float32 in, float32 out, and float64 in, float64 out; labels of any integer type; both give the same numbers."""
    found = {}
    for kind in (np.float32, np.float64):
        case = subject.case(kind)
        for labels in (np.uint8, np.int64):
            inputs = {name: value.astype(labels) if getattr(value, "dtype", None) == np.int64 else value
                      for name, value in case.inputs.items()}
            y, cache = case.forward(**inputs)
            grads = case.backward(case.dy(), cache)
            is_nats = y.ndim == 1  # likelihoods are summed in float64 for every type
            arrays = grads if is_nats else {"output": y, **grads}
            assert {value.dtype for value in arrays.values()} == {np.dtype(kind)}, {k: v.dtype for k, v in arrays.items()}
            found.setdefault(kind, []).append({"output": y, **grads})
    narrow, wide = found[np.float32], found[np.float64]
    close_all(narrow[0], narrow[1], 0)
    close_all(wide[0], wide[1], 0)
    close_all(narrow[0], wide[0], 1e-4)


def layout(subject):
    """Arrays that lie otherwise in memory (transposed, strided) give the same numbers."""
    def otherwise(value):
        if not isinstance(value, np.ndarray):
            return value
        return np.repeat(np.ascontiguousarray(value.T), 2, axis=0)[::2].T

    case = subject.case()
    y, cache = case.forward(**case.inputs)
    dy = case.dy()
    strange_y, strange_cache = case.forward(**{name: otherwise(value) for name, value in case.inputs.items()})
    close(strange_y, y)
    close_all(case.backward(otherwise(dy), strange_cache), case.backward(dy, cache))


def colour_of(units, colours):
    return ["RGB".index(oracle.colour(u, units, colours)) for u in range(units)]


def units_read(subject):
    """(unit, its colour, what is on its way) of every unit that is read. A free one is like one of the first colour at the
    same pixel: all may read it."""
    ruled = subject.C - subject.free
    yield from ((c, colour, subject.kernels) for c, colour in enumerate(colour_of(ruled, subject.colours)))
    yield from ((c, 0, subject.free_kernels) for c in range(ruled, subject.C))


def structure(subject, height=3, width=5, places=None):
    """Exactly the outputs to which the paper's masks leave a way can be reached from a place of the input, no other.

    All weights positive, biases and initial states zero: an image of zeros gives zeros, and an impulse comes out, however
    weakly, exactly where a way leads. A weight that is forbidden must stay without effect although its stored value is
    positive as well. The gates of a recurrence are open, for its tanh cannot tell numbers below rounding from zero.
    """
    layer = subject.layer()
    for name, value in layer.params.items():
        recurrent = name.removesuffix("b") + "K_ss" in layer.params
        value[...] = 0 if name.endswith(BIASES) else 1 if name.endswith(("K_is", "K_ss")) else 1 / value[..., 0].size
        if name.endswith("b") and recurrent:
            g = layer.params[name.removesuffix("b") + "K_ss"].shape[2]  # the last gate is the one that lets values in
            value[:, :-g] = 5
    places = places or [(i, j) for i in range(height) for j in range(width)]
    for c, colour, kernels in units_read(subject):
        x = np.zeros((len(places), height, width, subject.C))
        for n, (i, j) in enumerate(places):
            x[n, i, j, c] = 1
        y, _ = layer.forward(x)
        ways = reach(height, width, subject.colours, kernels, [(*place, colour) for place in places], subject.column)
        for (i, j), found, expected in zip(places, y != 0, ways[..., colour_of(y.shape[-1], subject.colours)]):
            leaks, unseen = np.argwhere(found & ~expected), np.argwhere(~found & expected)
            assert not len(leaks), f"input {i, j, c} leaks to (row, column, unit) {leaks[:4].tolist()}"
            assert not len(unseen), f"input {i, j, c} is not seen at (row, column, unit) {unseen[:4].tolist()}"


SIZES = [(1, 1), (2, 5), (3, 3), (5, 2), (H, W)]


WIDE = 5, 11        # where fronts have several pixels


def visits(height, width, colours, lag):
    """The ways to go through an image: pixel by pixel, and for a finite lag front by front."""
    return [raster(height, width, colours), *([fronts(height, width, colours, lag)] if lag < width else [])]


def step(subject):
    """Pixel by pixel equals all at once, in images smaller than a kernel too; so does front by front, where a layer takes that.

    Of several calls at a place the last counts.
    """
    for height, width in [*SIZES, WIDE]:
        case = subject.case(height=height, width=width)
        layer, x = case.owner, case.inputs["x"]
        y, _ = layer.forward(x)
        for places in visits(height, width, 1, layer.lag):
            state = layer.start(len(x), height, width)
            for i, j, _ in places:
                layer.step(100 - x[:, i, j], state, i, j)
                close(layer.step(x[:, i, j].copy(), state, i, j), y[:, i, j], what=f"{i, j} of {height} x {width}")


def message(subject):
    """A wrong shape is refused with the shape that was expected and the one that came."""
    if isinstance(subject, Model):
        model, expected = subject.model(), f"(N, H, W, {subject.colours})"
        calls, whole = (model.nll, model.predict, model.loss_and_grads), np.ones((N, H, W, subject.colours + 1), int)
    else:
        calls, expected = (subject.layer().forward,), f"(N, H, W, {subject.C})"
        whole = np.ones((N, H, W, subject.C + 1))
    for call in calls:
        for x in (whole, whole[0], whole[..., 0]):
            with pytest.raises(ValueError) as error:
                call(x)
            assert expected in str(error.value) and str(x.shape) in str(error.value)


def closed_weights(subject, params):
    """{name: boolean array} of the kernel entries that the paper's masks close."""
    found = {}
    for name, K in params.items():
        if name.endswith("K") and not name.endswith("bias.K"):  # the 1 x 1 products of maps have no mask
            k = isqrt(2 * len(K) - 1) | 1
            kind = "A" if name == subject.first_a else "B"
            M = oracle.mask(kind, k, *K.shape[1:], subject.colours)
            found[name] = np.stack([M[di + k // 2, dj + k // 2] for di, dj in oracle.live(kind, k, subject.colours)]) == 0
        if name.endswith("K_is"):
            _, T, C, units = K.shape
            if units == 5 * params[name.removesuffix("K_is") + "K_ss"].shape[2]:  # a Spatial LSTM
                kind, size = ("A", isqrt(2 * T - 1) | 1) if name == subject.first_a else ("B", 1)
                M = oracle_spatial.window_mask(kind, size, C, units // 5, subject.colours)
                found[name] = np.broadcast_to(M == 0, K.shape)
                continue
            M = oracle_recurrent.gate_mask(2 * T - 1, C - subject.free, units // 4, subject.colours)
            free = np.zeros((T, subject.free, units))
            free[-1] = 1
            found[name] = np.broadcast_to(np.concatenate([M, free], 1) == 0, K.shape)
    assert any(closed.any() for closed in found.values()), "nothing is forbidden here: not a subject of this law"
    return found


def forbidden(subject):
    """A forbidden weight has gradient zero, and what is stored there has no effect: on outputs, gradients or steps."""
    case = subject.case()
    dy = case.dy()

    def run():
        y, cache = case.forward(**case.inputs)
        return {"output": y, **case.backward(dy, cache)}

    before, closed = run(), closed_weights(subject, case.params)
    for name, where in closed.items():
        assert not before[name][where].any(), f"the gradient of {name} is not zero where it is forbidden"
        case.params[name][where] = 1e3
    after = run()
    for name in before:
        np.testing.assert_array_equal(after[name], before[name], err_msg=f"{name}: forbidden weights have an effect")
    if isinstance(subject, Layer):
        x, layer = case.inputs["x"], case.owner
        state = layer.start(len(x), *x.shape[1:3])
        found = [layer.step(x[:, i, j], state, i, j) for i in range(x.shape[1]) for j in range(x.shape[2])]
        close(np.stack(found, 1).reshape(before["output"].shape), before["output"])
