"""The stand-in's array, and how a call is checked on its way to NumPy: see cupy_standin.py, whose rules these are."""

import functools
import json
import operator
import threading
import types
from operator import attrgetter
from pathlib import Path

import numpy as np

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text())
DTYPES = "?bhilqBHILQefdFD"

UPLOADS = {"array", "asarray", "asanyarray"}
TAKE_ANYTHING = {"isscalar", "iscomplexobj", "isrealobj", "min_scalar_type", "ndim", "shape", "size"}
# A function whose first parameter is called so expects a device array there, not what could be made one.
ARRAY_FIRST = {"a", "a1", "ar", "arr", "array", "ary", "A", "condition", "dst", "f", "m", "prototype", "v", "x", "z"}
EXPECT_ARRAY = {name for name, parameters in NAMES["functions"].items() if parameters.partition(",")[0] in ARRAY_FIRST}
EXPECT_ARRAY -= UPLOADS | TAKE_ANYTHING
FLAGS = ("c_contiguous", "f_contiguous", "owndata")
GIVE_ARRAYS = {"allclose", "array_equal", "array_equiv", "count_nonzero"}  # where NumPy gives a Python bool or int

# The host must read the device here: the size of the result depends on the data, or an argument is checked, or the
# result belongs to the host.
READ_THE_DEVICE = {
    "argwhere", "array2string", "array_repr", "array_str", "average", "bincount", "compress", "delete", "extract",
    "flatnonzero", "histogram", "histogram2d", "histogramdd", "isin", "nonzero", "percentile", "quantile",
    "ravel_multi_index", "save", "savetxt", "savez", "savez_compressed", "setdiff1d", "setxor1d", "trim_zeros",
    "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "unravel_index",
    "lib.stride_tricks.sliding_window_view",  # it uploads the window's shape and reads it back: as_strided does not
    "item", "tolist", "tobytes", "tofile", "dump", "dumps",
}


class HiddenCopy(RuntimeError):
    """The host read the device where that was forbidden."""


class Meter:
    """What the host does to the device: kernels launched, reads, and whether it may read.

    may_read: "anywhere", "asnumpy" (by that door only) or "nowhere"
    """

    launches, reads, may_read, _lock = 0, 0, "anywhere", threading.Lock()

    def launch(self):
        with self._lock:  # the shards of a batch may run in threads
            self.launches += 1

    def read(self, what, door=False):
        if self.may_read == "nowhere" or (self.may_read == "asnumpy" and not door):
            raise HiddenCopy(f"{what} makes the host wait for the device and read it, here where that is forbidden")
        with self._lock:
            self.reads += 1


meter = Meter()


@functools.cache
def binder(parameters):
    """A function that takes what `parameters`, text from our own table, says: Python itself then checks a call."""
    return eval(f"lambda {parameters}: None")


def call(name, function, parameters, /, *args, **kwargs):
    """Run NumPy's `function` on device arrays as CuPy's `name`, whose `parameters` are known, would run."""
    try:
        binder(parameters)(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"cupy.{name}({parameters}): {str(error).removeprefix('<lambda>() ')}") from None
    if name in EXPECT_ARRAY and args and not isinstance(args[0], ndarray):
        raise TypeError(f"cupy.{name} expects a CuPy array first, got {type(args[0])}")
    if name in READ_THE_DEVICE or (name == "where" and len(args) == 1):
        meter.read(f"cupy.{name}")
    if name.endswith("sliding_window_view") and kwargs.get("writeable"):
        raise NotImplementedError("cupy.lib.stride_tricks.sliding_window_view: writeable views are not supported")
    if name in ("matmul", "dot"):
        check_out(name, args, kwargs.get("out", args[2] if len(args) > 2 else None))
    result = function(*to_host(args, name), **{key: to_host(value, name) for key, value in kwargs.items()})
    if name in GIVE_ARRAYS:
        result = np.asarray(result)
    written = kwargs.get("out") is not None
    if result is None or written:
        meter.launch()
    return to_device(result, tuple(arrays_in((args, tuple(kwargs.values())))), written)


def arrays_in(values):
    """All device arrays in nested tuples and lists."""
    for value in values:
        if isinstance(value, ndarray):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from arrays_in(value)


def to_host(value, name):
    """What stands behind an argument, for NumPy to compute with; a NumPy array, however deep, is refused."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray) and name not in UPLOADS:
        raise TypeError(f"cupy.{name} got a NumPy array of shape {value.shape}: upload it first with asarray")
    if isinstance(value, (tuple, list)):
        return (tuple if isinstance(value, tuple) else list)(to_host(item, name) for item in value)
    return value


def to_device(result, sources, written=False):
    """NumPy's result as CuPy gives it: arrays, also of no dimension; a new one counts as a launch, a view does not."""
    if isinstance(result, (tuple, list)):
        return (tuple if isinstance(result, tuple) else list)(to_device(item, sources, written) for item in result)
    if not isinstance(result, (np.ndarray, np.generic)):
        return result
    for source in sources:
        if source._host is result:
            return source
    array = ndarray(np.asarray(result))
    if not written and not any(np.may_share_memory(array._host, source._host) for source in sources):
        meter.launch()
    return array


def check_out(name, args, out):
    """CuPy writes a product straight into `out` only where that is contiguous and of the product's dtype."""
    for operand in args:
        check_operand(name, operand)
    if isinstance(out, ndarray):
        dtype = np.result_type(*to_host(args[:2], name))
        if not out.flags.c_contiguous or out.dtype != dtype:
            raise ValueError(f"cupy.{name} expects out to be contiguous and {dtype}, else CuPy makes a hidden copy: "
                             f"got {out.dtype} of shape {out.shape} and strides {out.strides}")


def check_operand(name, operand):
    if not isinstance(operand, (ndarray, np.generic, bool, int, float, complex)):
        raise TypeError(f"cupy.{name}: unsupported type {type(operand)}: expects CuPy arrays and scalars")


def index(key):
    """An index as NumPy takes it, and what stands in it: "places" alone, "mask" or "array"."""
    parts = key if isinstance(key, tuple) else (key,)
    arrays = tuple(arrays_in(parts))
    masks = [array for array in arrays if array.dtype == bool]
    if masks and len(arrays) > 1:
        raise IndexError("CuPy takes a boolean array as the only array of an index")
    lists = any(isinstance(part, list) for part in parts)
    kind = "mask" if masks else "array" if arrays or lists else "places"
    return to_host(parts, "ndarray[index]"), kind


def check_repeats(places):
    if np.unique(places).size < places.size:
        raise IndexError("cupy: an assignment with repeated indices: which value wins is undefined")


class ndarray:
    """A device array: a NumPy array nobody else sees."""

    __module__ = "cupy"  # what backend.array_module looks at
    __slots__ = ("_host",)
    __hash__ = None
    __array_ufunc__ = None  # NumPy's ufuncs refuse it, NumPy's scalars leave their operators to it

    def __init__(self, host):
        if host.dtype.char not in DTYPES:
            raise ValueError(f"cupy: unsupported dtype {host.dtype}")
        self._host = host

    def __array__(self, dtype=None, copy=None):
        raise TypeError("cupy: implicit conversion to a NumPy array is not allowed: use backend.to_numpy")

    def __array_function__(self, function, types, args, kwargs):
        raise TypeError(f"numpy.{function.__name__} on a CuPy array: call the array's module, xp.{function.__name__}")

    def __getattr__(self, name):
        if name not in NAMES["methods"] or not hasattr(np.ndarray, name):
            raise AttributeError(f"'cupy.ndarray' has no {name!r}, or NumPy's has not")
        return functools.partial(call, name, getattr(np.ndarray, name), f"self, {NAMES['methods'][name]}", self)

    def __getitem__(self, key):
        key, kind = index(key)
        if kind == "mask":
            meter.read("an index by a boolean mask")
        item = np.asarray(self._host[key])
        if kind != "array" and item.ndim == 0:
            return ndarray(self._host[(*key, ...)])  # one entry is a view as well
        if kind == "places":
            return ndarray(item)
        meter.launch()
        return ndarray(item.copy())

    def __setitem__(self, key, value):
        check_operand("ndarray[index] = value", value)
        key, kind = index(key)
        if kind == "mask" and isinstance(value, ndarray) and value.ndim:
            meter.read("an assignment of an array by a boolean mask")
        if kind == "array":
            check_repeats(np.arange(self.size).reshape(self.shape)[key])
        self._host[key] = to_host(value, "ndarray[index] = value")
        meter.launch()

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def get(self):
        meter.read(".get()")
        return self._host.copy()

    @property
    def flags(self):
        """CuPy's flags are these three only."""
        return types.SimpleNamespace(**{name: getattr(self._host.flags, name) for name in FLAGS})


def _read(name):
    def read(self, *args):
        meter.read(f"{name}()")
        return getattr(self._host, name)(*args)
    return read


def _operator(name, swapped=False):
    function = getattr(operator, f"__{name}__")

    def apply(self, other):
        check_operand(name, other)
        return call(name, function, "x1, x2", *((other, self) if swapped else (self, other)))
    return apply


def _in_place(name):
    function = getattr(operator, f"__i{name}__")

    def apply(self, other):
        check_operand(f"i{name}", other)
        function(self._host, to_host(other, f"i{name}"))
        meter.launch()
        return self
    return apply


def _unary(name):
    function = getattr(operator, f"__{name}__")
    return lambda self: call(name, function, "x", self)


def _property(name, view=False):
    read = attrgetter(name)
    return property((lambda self: ndarray(read(self._host))) if view else (lambda self: read(self._host)))


ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift")
for _name in (*ARITHMETIC, "matmul", "eq", "ne", "lt", "le", "gt", "ge"):
    setattr(ndarray, f"__{_name}__", _operator(_name))
for _name in (*ARITHMETIC, "matmul"):
    setattr(ndarray, f"__r{_name}__", _operator(_name, swapped=True))
for _name in ARITHMETIC:
    setattr(ndarray, f"__i{_name}__", _in_place(_name))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(ndarray, f"__{_name}__", _unary(_name))
for _name in ("bool", "int", "float", "complex", "repr", "str", "format"):
    setattr(ndarray, f"__{_name}__", _read(f"__{_name}__"))
for _name in ("shape", "dtype", "ndim", "size", "strides", "nbytes", "itemsize"):
    setattr(ndarray, _name, _property(_name))
for _name in ("T", "mT", "real", "imag"):
    setattr(ndarray, _name, _property(_name, view=True))
