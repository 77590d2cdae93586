"""Nats and bits: the one place that converts a likelihood from one unit to the other.

An image has D = H W G values (its dimensions). Models give nats per image; papers quote nats per image on binary
digits and bits per dimension elsewhere.
"""

import math


def bits_per_dim(nats, shape):
    """nats / (D ln 2)        PixelRNN, section 5.1; nats per image, shape (H, W, G)  ->  bits per dimension"""
    return nats / (math.prod(shape) * math.log(2))


def nats_per_image(bits, shape):
    """bits D ln 2: the inverse of `bits_per_dim`."""
    return bits * math.prod(shape) * math.log(2)


def uniform_nats(shape, levels):
    """D ln K: what an image costs when every level of every value is equally likely (log2 K bits per dimension)."""
    return math.prod(shape) * math.log(levels)


def density_bits(nats, shape, levels):
    """log2 K - nats / (D ln 2): log2 of a density a value, on the scale where the levels fill [0, 1]; larger is better

    nats: -log of the density of an image's values between 0 and K (levels plus noise in [0, 1)), shape (H, W, G). The
    "bit/px" of the papers on densities (grey, so a value is a pixel). A uniform density has 0, and -bits_per_dim of a
    model of the levels themselves compares with it after adding log2 K.
    """
    return math.log2(levels) - bits_per_dim(nats, shape)
