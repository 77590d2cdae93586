"""BSDS300's photographs in grey: whole, in squares, in patches, and as real values."""

import numpy as np

from minipixel.data import bsds300
from minipixel.data.patches import grey, patches, tiles


def photographs(split):
    """In groups of one shape: a list of uint8 (n, H, W, 1). ValueError for fewer than two: errors are over photographs."""
    groups = [grey(group) for group in bsds300.photographs(split).values() if len(group)]
    found = sum(map(len, groups))
    if found < 2:
        raise ValueError(f"an experiment expects at least 2 photographs in the {split} split of bsds300, got {found}")
    return groups


def squares(split, size=160):
    """Squares side by side, six of 160x160 of each photograph whichever way it lies: uint8 (n, size, size, 1)"""
    return np.concatenate([tiles(group, size) for group in photographs(split)])


def patches_by_image(split, size, samples, rng):
    """At least `samples` patches, as many from each photograph, at random places: uint8 (photographs, each, size, size, 1)"""
    rng, groups = np.random.default_rng(rng), photographs(split)
    each = -(-samples // sum(map(len, groups)))
    return np.stack([patches(image[None], size, each, rng) for group in groups for image in group])


def values(images, rng):
    """(level + noise) / 256 - 1/2: mean grey, which lies outside an image, is zero"""
    return (images + np.random.default_rng(rng).random(images.shape)) / 256 - 0.5
