"""MNIST: 28x28 handwritten digits in 256 grey levels.

The grey values, not a binarization: fewer levels come from quantising, and figures on them compare with nothing
measured on binarized MNIST.

Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-Based Learning Applied to Document Recognition, 1998.
"""

import math
import struct

import numpy as np

from .dataset import About, Dataset
from .source import File, contents

ABOUT = About("mnist", "28x28", "1", 256, "50,000 / 10,000 / 10,000", "MNIST, idx files (LeCun, Cortes and Burges)",
              "CC BY-SA 3.0")
URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FILES = [File(name, f"{URL}{name}.gz", f"md5:{digest}") for name, digest in [
    ("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"),
    ("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"),
    ("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"),
    ("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637")]]


def load():
    """MNIST with the last sixth of the training images (10,000 of the official 60,000) for validation."""
    found, official = contents("mnist", FILES)
    parsed = [parse_idx(found[file.name], file.name, 3 if "images" in file.name else 1) for file in FILES]
    train, train_labels, test, test_labels = parsed
    _check(train, train_labels, *(file.name for file in FILES[:2]))
    _check(test, test_labels, *(file.name for file in FILES[2:]))
    cut = len(train) - len(train) // 6
    return Dataset("mnist", train[:cut, ..., None], train[cut:, ..., None], test[..., None], ABOUT.levels, "MNIST",
                   {"train": train_labels[:cut], "validation": train_labels[cut:], "test": test_labels}, official)


def parse_idx(content, name, dimensions):
    """An idx file of unsigned bytes  ->  uint8 array with that many dimensions. `name` is for the errors.

    The bytes 0, 0, 8 (unsigned bytes) and the number of dimensions; each dimension as a big-endian 32-bit number;
    the values, the last dimension running fastest.
    """
    header = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]):
        raise ValueError(f"{name} is no idx file of bytes with {dimensions} dimensions: "
                         f"expected it to begin with {bytes([0, 0, 8, dimensions]).hex()}, got {content[:4].hex()}")
    if len(content) < header:
        raise ValueError(f"{name} is truncated: expected a header of {header} bytes, got {len(content)} bytes in all")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    if len(content) - header != math.prod(shape):
        kind = "truncated" if len(content) - header < math.prod(shape) else "too long"
        raise ValueError(f"{name} is {kind}: its header promises {math.prod(shape):,} values {shape}, "
                         f"got {len(content) - header:,}: copy or download it again")
    return np.frombuffer(content[header:], np.uint8).reshape(shape)


def _check(images, labels, images_name, labels_name):
    if images.shape[1:] != (28, 28):
        raise ValueError(f"{images_name}: expected images of 28x28, got {'x'.join(map(str, images.shape[1:]))}")
    if len(images) != len(labels):
        raise ValueError(f"{labels_name}: expected a label for each of the {len(images):,} images, got {len(labels):,}")
    if (labels > 9).any():
        raise ValueError(f"{labels_name}: expected labels 0..9, got {labels.max()}")
