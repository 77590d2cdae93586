"""A strict stand-in for CuPy, without a GPU: the instrument of the device law.

    with standin() as cupy:              # `import cupy` now gives the stand-in; what was there comes back afterwards
        x = cupy.asarray(image)          # upload: one of the two doors
        with forbid_copies():            # nothing in here may read the device from the host
            y, cache = layer.forward(x)
        cupy.asnumpy(y)                  # download: the other door
        launches(), reads()              # kernels, and downloads, so far

It computes with NumPy, so right code gives NumPy's numbers, and it refuses what the real CuPy refuses. Names and
parameters come from cupy_names.json, read off the real package (read_cupy_names.py). It is stricter than CuPy where
CuPy is silent and wrong, or silent and slow:

- a NumPy array is refused everywhere but in `array` and `asarray`, as an index too; and a NumPy function on a device
  array is refused (CuPy would answer np.exp(x) itself, but code that says xp.exp runs on both). NumPy scalars are fine;
- an index array out of range raises (CuPy wraps it around); so do repeated indices in an assignment (any may win);
- `matmul(out=)` and `dot(out=)` want a contiguous `out` of the result's dtype (CuPy makes a hidden copy of others);
- views that show one place many times (broadcast_to, sliding_window_view) are read-only (CuPy lets one write);
- what `empty` gives holds NaN (CuPy's holds what was there before);
- a kernel takes contiguous arrays, of one kind of float, and NumPy's scalars (CuPy hands on any array's pointer, and a Python
  int as 8 bytes).

What it plays is what CuPy and NumPy both have: the library's code must run on both. A RawKernel, of which NumPy has none, is
run by cuda_on_cpu.py; where there is no compiler the test is skipped. Launches are counted one for each array made or written
in place: a lower bound, since some functions of CuPy launch several kernels.
"""

import contextlib
import functools
import sys
import types
from operator import attrgetter

import numpy as np
import pytest
from cuda_on_cpu import COMPILER, CpuKernel
from cupy_standin_array import (
    NAMES,
    UPLOADS,
    HiddenCopy,
    call,
    check_operand,
    check_repeats,
    index,
    meter,
    ndarray,
    to_host,
)

__all__ = ["HiddenCopy", "forbid_copies", "launches", "reads", "standin"]

MODULES = ("cupy", "cupy.cuda", "cupy.lib", "cupy.lib.stride_tricks", "cupy.linalg")


@contextlib.contextmanager
def standin(no_copies=False):
    """Install the stand-in as `cupy`, count from zero, and put back what was there; `no_copies` as in forbid_copies."""
    modules = {name: _Module(name) for name in MODULES}
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "cupy"}
    for name in before:
        del sys.modules[name]
    sys.modules.update(modules)
    meter.launches = meter.reads = 0
    try:
        with forbid_copies() if no_copies else contextlib.nullcontext():
            yield modules["cupy"]
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(before)


@contextlib.contextmanager
def forbid_copies(but_door=False):
    """Raise HiddenCopy whenever the host reads the device; `but_door` lets `asnumpy`, the visible way, pass."""
    before, meter.may_read = meter.may_read, "asnumpy" if but_door else "nowhere"
    try:
        yield
    finally:
        meter.may_read = before


def launches():
    """How many kernels were launched since `standin` began."""
    return meter.launches


def reads():
    """How often the host has read the device since `standin` began, by whatever way: each time it waits."""
    return meter.reads


class _Module(types.ModuleType):
    """A module that has the real one's names, as far as NumPy can play them."""

    def __getattr__(self, name):
        full = f"{self.__name__}.{name}".removeprefix("cupy.")
        if f"cupy.{full}" in sys.modules and not name.startswith("_"):
            return sys.modules[f"cupy.{full}"]
        if full in OWN:
            return OWN[full]
        if full in NAMES["numpys"]:
            return getattr(np, full)
        if full in NAMES["ufuncs"]:
            return ufunc(full)
        if full in NAMES["functions"]:
            return functools.partial(call, full, _numpys(full), NAMES["functions"][full])
        raise AttributeError(f"module 'cupy' {NAMES['version']} has no {full!r} (or its stand-in cannot play it)")


def _numpys(name):
    try:
        return attrgetter(name)(np)
    except AttributeError:
        raise AttributeError(f"cupy.{name} is not in NumPy: the same code could not run there") from None


def _upload(name, obj, /, *args, **kwargs):
    """cupy.array, cupy.asarray: the door to the device. What comes from the host is copied, as memory is not shared."""
    own = {key: value for key, value in kwargs.items() if key != "blocking"}
    array = call(name, getattr(np, name), NAMES["functions"][name], obj, *args, **own)
    if isinstance(obj, np.ndarray) and np.may_share_memory(array._host, obj):
        return ndarray(array._host.copy())
    return array


def _download(a):
    """cupy.asnumpy: the door back."""
    if not isinstance(a, ndarray):
        return np.asarray(a)
    meter.read("cupy.asnumpy", door=True)
    return a._host.copy()


def _put_along_axis(arr, indices, values, axis):
    check_operand("put_along_axis", values)
    check_repeats(np.take_along_axis(np.arange(arr.size).reshape(arr.shape), indices._host, axis))
    return call("put_along_axis", np.put_along_axis, "arr, indices, values, axis", arr, indices, values, axis)


class ufunc:
    """One of CuPy's ufuncs: all operands are device arrays or scalars."""

    def __init__(self, name):
        self._name, self._function, self._parameters = name, _numpys(name), NAMES["ufuncs"][name]

    def __call__(self, *args, **kwargs):
        for operand in args:
            check_operand(self._name, operand)
        inputs = self._parameters.partition(" /")[0].count(",")
        if len(args) > inputs:  # an output by position is an output: call looks for it by name
            args, kwargs = args[:inputs], {"out": args[inputs], **kwargs}
        return call(self._name, self._function, self._parameters, *args, **kwargs)

    def reduce(self, array, *args, **kwargs):
        return self._along("reduce", "a, axis=..., dtype=..., out=..., keepdims=...", array, *args, **kwargs)

    def accumulate(self, array, *args, **kwargs):
        return self._along("accumulate", "a, axis=..., dtype=..., out=...", array, *args, **kwargs)

    def _along(self, method, parameters, *args, **kwargs):
        if self._name not in NAMES["reduce"]:
            raise NotImplementedError(f"cupy.{self._name}.{method}: CuPy has it for {NAMES['reduce']} only")
        check_operand(f"{self._name}.{method}", args[0])
        return call(f"{self._name}.{method}", getattr(self._function, method), parameters, *args, **kwargs)

    def at(self, a, indices, b):
        if self._name not in NAMES["at"]:
            raise NotImplementedError(f"cupy.{self._name}.at: CuPy has it for {NAMES['at']} only")
        check_operand(f"{self._name}.at", b)
        self._function.at(a._host, index(indices)[0], to_host(b, self._name))
        meter.launch()


def _empty(name, *args, **kwargs):
    array = call(name, getattr(np, name), NAMES["functions"][name], *args, **kwargs)
    if array.dtype.kind == "f":
        array._host.fill(np.nan)
    return array


class RawKernel:
    """A kernel of one's own: its CUDA text, run on the CPU."""

    def __init__(self, code, name):
        if COMPILER is None:
            pytest.skip("no C++ compiler (g++) to run the text of a CUDA kernel")
        self._name, self._kernel = name, CpuKernel(code, name)

    def __call__(self, grid, block, args):
        floats = {arg.dtype.name for arg in args if isinstance(arg, ndarray) and arg.dtype.kind == "f"}
        if len(floats) > 1:
            kinds = " and ".join(sorted(floats))
            raise TypeError(f"cupy.RawKernel {self._name} expects arrays of one kind of float, got {kinds}")
        for arg in args:
            if isinstance(arg, ndarray):
                if not arg._host.flags.c_contiguous:
                    raise ValueError(f"cupy.RawKernel {self._name} expects contiguous arrays: it is handed a bare pointer")
            elif not isinstance(arg, np.generic):
                raise TypeError(f"cupy.RawKernel {self._name} expects CuPy arrays and NumPy scalars, got {type(arg)}")
        self._kernel(grid, block, [to_host(arg, self._name) if isinstance(arg, ndarray) else arg for arg in args])
        meter.launch()


OWN = {
    "ndarray": ndarray, "RawKernel": RawKernel, "cuda.is_available": lambda: True, "asnumpy": _download,
    "put_along_axis": _put_along_axis, **{name: functools.partial(_empty, name) for name in ("empty", "empty_like")},
    **{name: functools.partial(_upload, name) for name in UPLOADS},
}
