"""NumPy or CuPy: the CPU's side of the door (the device's side: test_device.py)."""

import sys

import numpy as np
import pytest

from minipixel.backend import array_module, device_module, to_numpy


def test_everything_that_is_not_cupys_is_numpys():
    assert all(array_module(x) is np for x in (np.ones(3), np.float32(1), [1, 2], 3))


def test_to_numpy_of_a_host_array_is_that_array():
    x = np.ones(3)
    assert to_numpy(x) is x
    assert to_numpy(2.5).shape == ()


def test_devices():
    assert device_module("cpu") is np
    with pytest.raises(ValueError, match="device expects 'cpu' or 'gpu', got 'tpu'"):
        device_module("tpu")


def test_gpu_without_cupy_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ValueError, match=r"minipixel\[gpu\]"):
        device_module("gpu")
