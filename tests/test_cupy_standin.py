"""The stand-in for CuPy is tested with planted violations: each is refused, and right code gets NumPy's numbers."""

import sys

import numpy as np
import pytest
from cupy_standin import HiddenCopy, forbid_copies, launches, standin
from cupy_standin_array import NAMES

from minipixel.backend import array_module, device_module, to_numpy


@pytest.fixture
def cupy():
    with standin() as module:
        yield module


HOST = np.arange(6.0).reshape(2, 3)

# What CuPy itself refuses, or gets silently wrong: each line is refused with the error named. x is the device's HOST.
REFUSED = {
    "NumPy array in a ufunc": (TypeError, lambda cp, x: cp.add(x, HOST)),
    "NumPy array in an operator": (TypeError, lambda cp, x: x * HOST),
    "NumPy array in an operator, first": (TypeError, lambda cp, x: HOST - x),
    "NumPy array written to": (TypeError, lambda cp, x: HOST.__iadd__(x)),
    "NumPy array in place": (TypeError, lambda cp, x: x.__iadd__(HOST)),
    "NumPy array in matmul": (TypeError, lambda cp, x: cp.matmul(x, HOST.T)),
    "NumPy array in @": (TypeError, lambda cp, x: x @ HOST.T),
    "NumPy array in where": (TypeError, lambda cp, x: cp.where(x > 1, x, HOST)),
    "NumPy array in concatenate": (TypeError, lambda cp, x: cp.concatenate([x, HOST])),
    "NumPy array in zeros_like": (TypeError, lambda cp, x: cp.zeros_like(HOST)),
    "NumPy array by keyword": (TypeError, lambda cp, x: cp.take(x, indices=np.array([0]), axis=0)),
    "NumPy array assigned": (TypeError, lambda cp, x: x.__setitem__(0, HOST[0])),
    "NumPy array as index": (TypeError, lambda cp, x: x[np.array([0])]),
    "NumPy array as index of an assignment": (TypeError, lambda cp, x: x.__setitem__(np.array([0]), 1.0)),
    "NumPy array as out": (TypeError, lambda cp, x: cp.exp(x, out=HOST.copy())),
    "NumPy function": (TypeError, lambda cp, x: np.sum(x)),
    "NumPy function of several": (TypeError, lambda cp, x: np.concatenate([x, x])),
    "NumPy ufunc": (TypeError, lambda cp, x: np.add(x, x)),
    "np.asarray": (TypeError, lambda cp, x: np.asarray(x)),
    "np.array of a list": (TypeError, lambda cp, x: np.array([x, x])),
    "list in a ufunc": (TypeError, lambda cp, x: cp.add(x, [1.0, 2.0, 3.0])),
    "list in an operator": (TypeError, lambda cp, x: x + [1.0, 2.0, 3.0]),
    "list in a reduction": (TypeError, lambda cp, x: cp.sum([1.0, 2.0])),
    "list in add.reduce": (TypeError, lambda cp, x: cp.add.reduce([1.0, 2.0])),
    "list assigned": (TypeError, lambda cp, x: x.__setitem__(0, [1.0, 2.0, 3.0])),
    "ufunc where=": (TypeError, lambda cp, x: cp.log(x, where=x > 0)),
    "reduction where=": (TypeError, lambda cp, x: cp.sum(x, where=x > 0)),
    "reduction initial=": (TypeError, lambda cp, x: x.max(initial=0.0)),
    "clip(min=)": (TypeError, lambda cp, x: cp.clip(x, min=0, max=1)),
    "sort(stable=)": (TypeError, lambda cp, x: cp.sort(x, stable=True)),
    "take(mode=)": (TypeError, lambda cp, x: cp.take(x, cp.asarray([7]), axis=0, mode="clip")),
    "asarray(device=)": (TypeError, lambda cp, x: cp.asarray(x, device="cpu")),
    "einsum(out=)": (TypeError, lambda cp, x: cp.einsum("ij,ij->i", x, x, out=cp.zeros(2))),
    "a keyword nobody has": (TypeError, lambda cp, x: cp.mean(x, axes=0)),
    "a keyword NumPy has not": (TypeError, lambda cp, x: x.argmax(dtype=np.int32)),
    "max.reduce": (NotImplementedError, lambda cp, x: cp.maximum.reduce(x)),
    "multiply.at": (NotImplementedError, lambda cp, x: cp.multiply.at(x, cp.asarray([0]), 2.0)),
    "writeable windows": (NotImplementedError,
                          lambda cp, x: cp.lib.stride_tricks.sliding_window_view(x, 2, axis=0, writeable=True)),
    "writing to a view that repeats": (ValueError, lambda cp, x: cp.broadcast_to(x, (4, 2, 3)).__iadd__(1)),
    "index out of range": (IndexError, lambda cp, x: x[cp.asarray([0, 2])]),
    "take out of range": (IndexError, lambda cp, x: cp.take(x, cp.asarray([2]), axis=0)),
    "take_along_axis out of range": (IndexError, lambda cp, x: cp.take_along_axis(x, cp.asarray([[3], [0]]), axis=1)),
    "assignment out of range": (IndexError, lambda cp, x: x.__setitem__(cp.asarray([2]), 0.0)),
    "repeated indices": (IndexError, lambda cp, x: x.__setitem__(cp.asarray([1, 1]), 0.0)),
    "repeated indices, in two arrays": (IndexError,
                                        lambda cp, x: x.__setitem__((cp.asarray([1, -1]), cp.asarray([0, 0])), 0.0)),
    "repeated indices along an axis": (IndexError,
                                       lambda cp, x: cp.put_along_axis(x, cp.asarray([[1, 1], [0, 1]]), 0.0, 1)),
    "two masks": (IndexError, lambda cp, x: x[cp.asarray([True, False]), cp.asarray([True, False, True])]),
    "an array as a slice's end": (TypeError, lambda cp, x: x[:cp.asarray(1)]),
    "an array in range": (TypeError, lambda cp, x: range(cp.asarray(1))),
    "matmul out of another dtype": (ValueError, lambda cp, x: cp.matmul(x, x.T, out=cp.zeros((2, 2), np.float32))),
    "matmul out not contiguous": (ValueError, lambda cp, x: cp.matmul(x, x.T, out=cp.zeros((2, 4))[:, ::2])),
    "dot out not contiguous": (ValueError, lambda cp, x: x.dot(x.T, cp.zeros((2, 4))[:, ::2])),
    "long double": (ValueError, lambda cp, x: cp.asarray(np.zeros(2, np.longdouble))),
    "objects": (ValueError, lambda cp, x: cp.asarray(np.array([None]))),
    "a hash": (TypeError, lambda cp, x: {x}),
    "a method CuPy has not": (AttributeError, lambda cp, x: x.setflags(write=False)),
    "a method NumPy has not": (AttributeError, lambda cp, x: x.scatter_add(0, 1.0)),
}

# The host reads the device: fine at a door, refused where copies are forbidden.
COPIES = {
    "float": lambda cp, x: float(x[0, 0]),
    "int": lambda cp, x: int(x[0, 0]),
    "bool": lambda cp, x: bool(x[0, 0]),
    "if": lambda cp, x: 1 if x.sum() > 0 else 0,
    "max of Python": lambda cp, x: max(x[0, 0], x[0, 1]),
    "item": lambda cp, x: x[0, 0].item(),
    "tolist": lambda cp, x: x.tolist(),
    "get": lambda cp, x: x.get(),
    "str": lambda cp, x: f"{x}",
    "repr": lambda cp, x: f"{x!r}",
    "mask": lambda cp, x: x[x > 1],
    "mask and slice": lambda cp, x: x[:, cp.asarray([True, False, True])],
    "array assigned by a mask": lambda cp, x: x.__setitem__(cp.asarray([True, False]), x[:1]),
    "nonzero": lambda cp, x: x.nonzero(),
    "where of one": lambda cp, x: cp.where(x > 1),
    "unique": lambda cp, x: cp.unique(x),
    "windows": lambda cp, x: cp.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_planted_violation_is_refused(cupy, name):
    error, violate = REFUSED[name]
    x = cupy.asarray(HOST)
    with pytest.raises(error):
        violate(cupy, x)


@pytest.mark.parametrize("name", COPIES)
def test_a_hidden_copy_is_refused_only_where_copies_are_forbidden(cupy, name):
    x = cupy.asarray(HOST)
    COPIES[name](cupy, x)
    for but_door in (False, True):
        with forbid_copies(but_door), pytest.raises(HiddenCopy):
            COPIES[name](cupy, x)
    COPIES[name](cupy, x)


def test_the_door_may_be_left_open(cupy):
    x = cupy.asarray(HOST)
    with forbid_copies(but_door=True):
        np.testing.assert_array_equal(to_numpy(x), HOST)
    with forbid_copies(), pytest.raises(HiddenCopy):
        to_numpy(x)
    with standin(no_copies=True) as inner, pytest.raises(HiddenCopy):
        inner.asnumpy(inner.zeros(2))


def test_names_that_cupy_has_not_are_not_there(cupy):
    assert {"vecdot", "matvec", "unstack", "block", "insert", "errstate"} <= set(NAMES["absent"])
    for name in (*NAMES["absent"], "logsumexp", "no_such_thing"):
        assert not hasattr(cupy, name), name
    for name in ("itemset", "tostring", "partition_by", "ctypes", "setfield"):
        assert not hasattr(cupy.zeros(2), name), name


def test_names_that_both_have_are_there(cupy):
    for name in [*NAMES["functions"], *NAMES["ufuncs"], *NAMES["numpys"]]:
        if hasattr(np, name):
            assert hasattr(cupy, name), name
    assert cupy.float32 is np.float32 and cupy.newaxis is None
    assert all(hasattr(cupy.zeros((2, 2)), name) for name in NAMES["methods"] if hasattr(np.ndarray, name))


def test_an_array_has_no_name_that_cupys_has_not(cupy):
    assert {name for name in dir(cupy.ndarray) if not name.startswith("_")} <= {*NAMES["methods"], *NAMES["attributes"]}


def test_it_is_installed_and_removed():
    def installed():
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "cupy"}

    before = installed()
    with standin() as cupy:
        assert device_module("gpu") is cupy and array_module(cupy.zeros(1)) is cupy
        from cupy.lib.stride_tricks import as_strided
        assert as_strided(cupy.arange(4), (3, 2), (8, 8)).shape == (3, 2)
    assert installed() == before


def test_the_device_shares_no_memory_with_the_host(cupy):
    host = HOST.copy()
    x = cupy.asarray(host)
    host[:] = -1
    down = cupy.asnumpy(x)
    down[:] = -2
    np.testing.assert_array_equal(cupy.asnumpy(x), HOST)


def test_results_are_arrays_also_of_no_dimension(cupy):
    x = cupy.asarray(HOST)
    for value in (x.sum(), cupy.max(x), x[0, 0], x[0].dot(x[0]), cupy.exp(1.0), cupy.allclose(x, x),
                  cupy.count_nonzero(x)):
        assert isinstance(value, cupy.ndarray) and value.shape == ()
    x[0, 0][...] = 7  # one entry is a view, as in CuPy
    assert float(x[0, 0]) == 7


def test_numpy_scalars_are_operands(cupy):
    x = cupy.asarray(HOST.astype(np.float32))
    for y in (np.float32(2) * x, x * np.float32(2), cupy.multiply(x, np.float32(2)), 2 * x):
        assert isinstance(y, cupy.ndarray) and y.dtype == np.float32
        np.testing.assert_array_equal(to_numpy(y), 2 * HOST)
    assert (np.float64(2) * x).dtype == np.float64


def test_launches_are_counted(cupy):
    def spent(action):
        before = launches()
        action()
        return launches() - before

    x = cupy.asarray(HOST)
    assert spent(lambda: x.reshape(3, 2).T[None, :, 1:]) == 0, "views are free"
    assert spent(lambda: x.T.reshape(6)) == 1, "this one copies"
    assert spent(lambda: cupy.exp(x) * 2 + x) == 3
    assert spent(lambda: cupy.exp(x, out=x)) == 1 and spent(lambda: cupy.exp(x, x)) == 1
    assert spent(lambda: x.__imul__(2)) == 1 and spent(lambda: x.fill(0)) == 1
    assert spent(lambda: x.__setitem__(0, 1.0)) == 1
    assert spent(lambda: cupy.add.at(x, cupy.asarray([0, 0]), 1.0)) == 2, "the upload, and the sum"
    with standin():
        assert launches() == 0


def convolution(xp, x, K):
    """A 3-tap convolution along the columns, by slices, then relu and a softmax: float32 in, float32 out."""
    N, H, W, C = x.shape
    padded = xp.zeros((N, H, W + 2, C), x.dtype)
    padded[:, :, 1:-1] = x
    y = xp.empty((N, H, W, K.shape[2]), x.dtype)
    xp.matmul(xp.concatenate([padded[:, :, t:t + W] for t in range(3)], axis=-1), K.reshape(3 * C, -1), out=y)
    y = xp.maximum(y, 0)
    e = xp.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def picked(xp, p, levels):
    """The probability of the true level, by take_along_axis and by a flat index, and a mean over them."""
    along = xp.take_along_axis(p, levels[..., None], axis=-1)[..., 0]
    flat = p.reshape(-1)[xp.arange(levels.size) * p.shape[-1] + levels.reshape(-1)].reshape(levels.shape)
    return xp.log(along).sum(axis=(1, 2), dtype=xp.float64) - xp.log(flat).mean()


def recurrence(xp, x, K_is, K_ss):
    """An LSTM along the columns, gates o, f, i, g in one product a step."""
    N, H, W, C = x.shape
    h = K_ss.shape[0]
    state, c = xp.zeros((N, H, h), x.dtype), xp.zeros((N, H, h), x.dtype)
    outputs = xp.zeros((W, N, H, h), x.dtype)
    for t in range(W):
        gates = x[:, :, t] @ K_is + state @ K_ss
        o, f, i = (0.5 * xp.tanh(0.5 * gates[..., k * h:(k + 1) * h]) + 0.5 for k in range(3))
        c = f * c + i * xp.tanh(gates[..., 3 * h:])
        state = o * xp.tanh(c)
        outputs[t] = state
    return xp.moveaxis(outputs, 0, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_right_code_gives_numpys_numbers_without_a_copy(cupy, dtype):
    rng = np.random.default_rng(3)
    x, K = rng.standard_normal((2, 3, 5, 4)).astype(dtype), rng.standard_normal((3, 4, 6)).astype(dtype)
    K_is, K_ss = rng.standard_normal((4, 8)).astype(dtype), rng.standard_normal((2, 8)).astype(dtype)
    levels = rng.integers(0, 6, (2, 3, 5))
    for function, arguments in ((convolution, (x, K)), (picked, (convolution(np, x, K), levels)),
                                (recurrence, (x, K_is, K_ss))):
        device = [cupy.asarray(a) for a in arguments]
        with forbid_copies():
            y = function(cupy, *device)
        expected = function(np, *arguments)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(to_numpy(y), expected)
