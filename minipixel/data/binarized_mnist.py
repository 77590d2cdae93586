"""Binarized MNIST: 28x28 zeros and ones, drawn once from MNIST's grey values and fixed since.

Figures in nats on "binarized MNIST" compare only on this one binarization, so nothing here is ever binarised again.
The test file is sorted by class: evaluate on the whole of it, never on its beginning.

Source: H. Larochelle and I. Murray, The Neural Autoregressive Distribution Estimator, AISTATS 2011; binarised after
R. Salakhutdinov and I. Murray, On the Quantitative Analysis of Deep Belief Networks, ICML 2008.
"""

import re

import numpy as np

from .dataset import SPLITS, About, Dataset
from .source import File, contents

ABOUT = About("binarized-mnist", "28x28", "1", 2, "50,000 / 10,000 / 10,000",
              "MNIST in the fixed binarization of Larochelle and Murray, .amat", "not stated (MNIST: CC BY-SA 3.0)")
URL = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/"
FILES = [File(name, URL + name, f"sha256:{digest}") for name, digest in [
    ("binarized_mnist_train.amat", "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d"),
    ("binarized_mnist_valid.amat", "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2"),
    ("binarized_mnist_test.amat", "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c")]]
PIXELS = 28 * 28


def load():
    """The publisher's own three files as the three splits."""
    found, official = contents("binarized-mnist", FILES)
    splits = {split: parse_amat(found[file.name], file.name) for split, file in zip(SPLITS, FILES, strict=True)}
    return Dataset("binarized-mnist", **splits, levels=2, official=official,
                   source="the fixed binarization of Larochelle and Murray")


def parse_amat(content, name):
    """Lines of 784 zeros and ones with a space between  ->  uint8 (N, 28, 28, 1). `name` is for the errors."""
    content = content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    characters = np.frombuffer(content, np.uint8)
    if len(characters) % (2 * PIXELS) == 0:
        lines = characters.reshape(-1, 2 * PIXELS)  # a value and its space or newline, 784 times
        values, spaces, ends = lines[:, ::2] - ord("0"), lines[:, 1:-1:2], lines[:, -1]
        if (values <= 1).all() and (spaces == ord(" ")).all() and (ends == ord("\n")).all():
            return values.reshape(-1, 28, 28, 1)
    raise ValueError(f"{name}, {_first_bad_line(content)}: copy or download it again")


def _first_bad_line(content):
    right = re.compile(b"[01]( [01]){%d}" % (PIXELS - 1))
    number, line = next((n, line) for n, line in enumerate(content.split(b"\n"), 1) if not right.fullmatch(line))
    values = line.decode("latin-1").split()
    got = f"{len(values)} values"
    if len(values) == PIXELS:
        got = next((f"{value[:20]!r}" for value in values if value not in ("0", "1")), "other separators")
    return f"line {number}: expected {PIXELS} zeros and ones with a space between, got {got}"
