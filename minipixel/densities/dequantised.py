"""Images of integers under a density: noise makes them real, and nats are told on the scale of the levels."""

import math
import zlib

import numpy as np

from minipixel.densities.doors import check_images, check_size
from minipixel.units import density_bits


class Dequantised:
    """Integers 0..levels-1 of shape (N, H, W, colours) as real images v = (level + noise) / levels - mean.

    The noise is `noise_of` the images and of `rng` (a seed, or a Generator that draws one). What a density costs is told on
    the scale of the levels, nats of level + noise in [0, levels): an upper bound on the nats of the levels themselves.
    A density of v brings log_v(v), log p of each whole image, and inside_v(v), log p of a pixel far from the border.
    """

    def __init__(self, colours, levels):
        check_size("colours", colours)
        check_size("levels", levels, 2)
        self.colours, self.levels, self.mean = colours, levels, np.full(colours, 0.5)

    def values(self, images, rng):
        """v of images: (N, H, W, C) float64"""
        images = check_images(type(self).__name__, images, self.colours, self.levels)
        seed = rng.integers(2**32) if isinstance(rng, np.random.Generator) else rng
        return (images + noise_of(images, seed)) / self.levels - self.mean

    def images(self, v):
        """The integers that v came from."""
        return np.clip(np.floor((v + self.mean) * self.levels), 0, self.levels - 1).astype(np.int64)

    @property
    def limits(self):
        """The ends of v, for each colour. A drawn pixel is cut to them at once: predictors may not be stable outside."""
        return -self.mean, 1 - self.mean

    def centre(self, images):
        """Take the mean of images, for each colour, as the zero of v: the border outside an image is then of mean grey."""
        images = check_images(type(self).__name__, images, self.colours, self.levels)
        self.mean = (images.mean(axis=(0, 1, 2)) + 0.5) / self.levels

    def nll(self, images, rng=0):
        """-log p(level + noise) of each whole image in nats: (N,) float64"""
        v = self.values(images, rng)
        return v[0].size * math.log(self.levels) - self.log_v(v)

    def rate(self, images, rng=0):
        """log2 of the density on [0, 1], a value, of pixels far from the border: the papers' bit/px, larger is better"""
        nats = self.colours * math.log(self.levels) - self.inside_v(self.values(images, rng))
        return density_bits(nats, (self.colours,), self.levels)

    def arrays(self):
        return {"colours": np.array(self.colours), "levels": np.array(self.levels), "mean": self.mean}


def noise_of(images, seed=0):
    """Uniform in [0, 1), for each value of the images: of `seed` (a number or several) and the image alone, so that what a
    density says of an image does not depend on its place in a batch. float64"""
    noise = np.empty(images.shape)
    for image, its_noise in zip(images, noise):
        name = zlib.crc32(image.astype(np.uint8).tobytes())
        its_noise[...] = np.random.default_rng([*numbers(seed), name]).random(image.shape)
    return noise


def numbers(seed):
    """A seed, a number or several, as a tuple; of a generator its next number."""
    if isinstance(seed, np.random.Generator):
        return (int(seed.integers(2**63)),)
    return tuple(np.atleast_1d(seed).tolist())
