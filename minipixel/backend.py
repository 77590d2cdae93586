"""NumPy or CuPy: which module an array belongs to, and the one door to the device and back.

An operation finds its array library from its own argument (`xp = array_module(x)`); there is no global switch.
CuPy is imported only when a CuPy array or the device "gpu" is met: a machine without a GPU never loads it.
"""

import sys

import numpy as np


def array_module(x):
    """The module, `numpy` or `cupy`, whose functions work on `x`."""
    if isinstance(x, np.ndarray) or type(x).__module__.partition(".")[0] != "cupy":
        return np
    return sys.modules["cupy"]


def device_module(device):
    """The array module of a device named "cpu" or "gpu"; ValueError when the device is unknown or not there."""
    if device == "cpu":
        return np
    if device != "gpu":
        raise ValueError(f"device expects 'cpu' or 'gpu', got {device!r}")
    try:
        import cupy
    except ImportError:
        raise ValueError("device 'gpu' needs CuPy: pip install 'minipixel[gpu]' (or 'minipixel[gpu-cuda12]')") from None
    if not cupy.cuda.is_available():
        raise ValueError("device 'gpu' asked for, but CuPy finds no CUDA device on this machine")
    return cupy


def moved(x, xp):
    """The array x as one of the module `xp`: itself, or a copy on the other side."""
    return to_numpy(x) if xp is np else xp.asarray(x)


def to_numpy(x):
    """The one door from the device to the host: a NumPy array with the values of `x`."""
    xp = array_module(x)
    return np.asarray(x) if xp is np else xp.asnumpy(x)
