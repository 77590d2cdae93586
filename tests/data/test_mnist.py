import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minipixel import data
from minipixel.data.mnist import parse_idx


def idx(array):
    big_endian = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return b"\0\0\x08" + bytes([array.ndim]) + big_endian + array.tobytes()


@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=6)))
def test_a_round_trip(array):
    assert np.array_equal(parse_idx(idx(array), "x", array.ndim), array)


@settings(max_examples=50)
@given(st.integers(0, 16 + 2 * 3 * 4 - 1))
def test_a_file_cut_anywhere_is_refused(length):
    with pytest.raises(ValueError, match="^cut (is truncated|is no idx file)"):
        parse_idx(idx(np.zeros((2, 3, 4), np.uint8))[:length], "cut", 3)


def test_the_splits(write, make):
    files = make.mnist_files(make.rng, train=12, test=3)
    write("mnist", files)
    dataset = data.load("mnist")
    images = parse_idx(files["train-images-idx3-ubyte"], "", 3)[..., None]
    labels = parse_idx(files["train-labels-idx1-ubyte"], "", 1)
    assert np.array_equal(dataset.train, images[:10]) and np.array_equal(dataset.validation, images[10:])
    assert np.array_equal(dataset.labels["train"], labels[:10])
    assert np.array_equal(dataset.labels["validation"], labels[10:])
    assert len(dataset.test) == len(dataset.labels["test"]) == 3 and dataset.levels == 256
    assert "10 / 2 / 3 images; not the official files" in dataset.note


def test_two_levels_are_called_a_threshold(write, make):
    write("mnist", make.mnist_files(make.rng))
    two = data.load("mnist", levels=2)
    assert np.array_equal(two.test, data.load("mnist").test // 128)
    assert "quantised to 2 levels by value*2//256" in two.note and "not the fixed binarization" in two.note
