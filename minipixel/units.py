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
