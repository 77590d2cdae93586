"""What every set of images is once it is loaded: three splits of integers, and a line that says what they are."""

import hashlib
import operator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .patches import grey

SPLITS = ("train", "validation", "test")


class About(NamedTuple):
    """A row of the table of data: what a set is before anything of it is read."""

    name: str
    size: str
    colours: str
    levels: int
    images: str
    source: str
    licence: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three splits that never mix, as read-only arrays.

    train, validation, test   uint8 (N, H, W, C), values 0..levels-1
    labels                    {"train": (N,), "validation": (N,), "test": (N,)}, or None where a set has none
    targets                   {split: uint8 (N, H, W), values 0..classes-1}, a label for each pixel, or None
    official                  are the files the publisher's, by checksum? None where there is no publisher
    source                    where the images come from and what was done to them
    groups                    {split: (N,)}: images of one number belong together, as squares of one photograph, and standard
                              errors are over groups; None where each image stands for itself
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    levels: int
    source: str
    labels: dict | None = None
    official: bool | None = None
    targets: dict | None = None
    classes: int | None = None
    groups: dict | None = None

    def __post_init__(self):
        for split in SPLITS:
            images = getattr(self, split)
            if not len(images):
                raise ValueError(f"data {self.name!r} has no image left for its {split} split: more images are needed")
            images.setflags(write=False)

    def examples(self, split):
        """What a model is given of a split: the images, and the labels of their pixels where there are any."""
        images = getattr(self, split)
        return (images,) if self.targets is None else (images, self.targets[split])

    @property
    def shape(self):
        """(H, W, C) of every image."""
        return self.train.shape[1:]

    @property
    def note(self):
        """One line for results: source, binarization, number of images, and whether the files are the official ones."""
        return self.described("test")

    def described(self, split):
        """The `note` of a figure on a split, or on "all"."""
        height, width, colours = self.shape
        counts = " / ".join(f"{len(getattr(self, split)):,}" for split in SPLITS)
        warning = "; not the official files" if self.official is False else ""
        groups = sum(len(np.unique(self.groups[one])) for one in SPLITS if split in (one, "all")) if self.groups else 0
        together = f"; errors are over {groups} groups of {split} images" if groups else ""
        return (f"{self.name}: {self.source}; {height}x{width}x{colours}, {self.levels} levels; {counts} images{together}"
                f"{warning}")

    def digest(self):
        """A word for the images (and labels of pixels) of the three splits: the same word, the same data."""
        found = hashlib.sha256()
        for split in SPLITS:
            for part in self.examples(split):
                found.update(repr((split, part.shape)).encode())
                found.update(np.ascontiguousarray(part))
        return found.hexdigest()[:16]

    def in_grey(self):
        """The same images with the luma of each pixel as its one colour."""
        if self.shape[2] == 1:
            return self
        return replace(self, source=f"{self.source}, in grey", **{split: grey(getattr(self, split)) for split in SPLITS})

    def in_colour(self):
        """The same images with the grey of each pixel as its three colours."""
        if self.shape[2] == 3:
            return self
        return replace(self, source=f"{self.source}, grey as three colours",
                       **{split: np.repeat(getattr(self, split), 3, axis=3) for split in SPLITS})

    def together(self):
        """The same images, all of them in each split: for data of which a model has seen nothing."""
        def joined(parts):
            return dict.fromkeys(SPLITS, np.concatenate([parts[split] for split in SPLITS]))

        groups = self.groups
        if groups:      # their numbers begin anew in each split
            firsts = np.cumsum([0, *(1 + groups[split].max() for split in SPLITS)])
            groups = joined({split: groups[split] + first for split, first in zip(SPLITS, firsts)})
        images = joined({split: getattr(self, split) for split in SPLITS})
        return replace(self, **images, groups=groups, labels=self.labels and joined(self.labels),
                       targets=self.targets and joined(self.targets))

    def quantised(self, levels):
        """The same images with fewer levels: level = value * levels // own levels."""
        if levels == self.levels:
            return self
        level = (np.arange(self.levels) * levels // self.levels).astype(np.uint8)
        done = f"quantised to {levels} levels by value*{levels}//{self.levels}"
        if levels == 2:
            done += ", a threshold and not the fixed binarization"
        return replace(self, levels=levels, source=f"{self.source}, {done}",
                       **{split: level[getattr(self, split)] for split in SPLITS})


def check_integer(what, value, low, high, why=""):
    """ValueError unless `value` is a whole number from low to high."""
    try:
        whole = operator.index(value)
    except TypeError:
        whole = None
    if whole is None or not low <= whole <= high:
        raise ValueError(f"{what} expects a whole number from {low} to {high}{why}, got {value!r}")
