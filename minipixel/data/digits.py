"""The digits in the package: 1,797 handwritten digits of 8x8 pixels with 17 levels, 0..16.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998),
https://doi.org/10.24432/C50P49, CC BY 4.0. The same people wrote for all three splits.
"""

import gzip
import io
from importlib import resources

import numpy as np

from .dataset import About, Dataset

ABOUT = About("digits", "8x8", "1", 17, "1,297 / 250 / 250",
              "UCI optical recognition of handwritten digits (Alpaydin and Kaynak), in the package", "CC BY 4.0")


def load():
    """The digits with the one fixed split, stratified by label, 1,297 / 250 / 250."""
    table = np.loadtxt(io.BytesIO(gzip.decompress(resources.files(__package__).joinpath("digits.csv.gz").read_bytes())),
                       delimiter=",", dtype=np.uint8)
    images, labels = table[:, :64].reshape(-1, 8, 8, 1), table[:, 64].astype(np.int64)
    chosen = split(labels)
    return Dataset("digits", **{name: images[where] for name, where in chosen.items()}, levels=ABOUT.levels,
                   source="UCI optical recognition of handwritten digits",
                   labels={name: labels[where] for name, where in chosen.items()}, official=True)


def split(labels, held_out=500):
    """{split: indices}: `held_out` images evenly spaced in the order of the labels, for validation and test in turn.

    Even spacing among n sorted labels takes n_label * held_out / n of each label, to within one, without any chance.
    """
    by_label = np.argsort(labels, kind="stable")
    ticket = np.arange(len(labels) + 1) * held_out // len(labels)
    drawn, number = np.diff(ticket) > 0, ticket[:-1]
    chosen = {"train": ~drawn, "validation": drawn & (number % 2 == 0), "test": drawn & (number % 2 == 1)}
    return {name: np.sort(by_label[mask]) for name, mask in chosen.items()}
