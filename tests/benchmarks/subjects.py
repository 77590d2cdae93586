"""What both processes make for themselves, alike: networks with the same weights, images, a layer with its input."""

import numpy as np

from minipixel import build
from minipixel.densities.mcgsm import MCGSM
from minipixel.layers import MaskedConv, SpatialLSTM

OURS = "minipixel"
FORMS = ("usual", "channels_last", "compiled")
BASIC = ("pixelcnn-basic", {"layers": 7, "h": 64, "out": 32})
BLOCKS = ("pixelcnn", {"layers": 7, "h": 32, "out": 32})
DIAGONAL = ("diagonal-bilstm", {"layers": 7, "h": 16, "out": 32})
RECURRENT_FORMS = ("usual", "packed", "compiled")
DENSITY_FORMS = ("usual", "pieces", "compiled")
TINY = {"layers": 2, "h": 4, "out": 4}


def fresh(name, options, size, threads, colours=1, levels=2, dtype="float32"):
    return build(name, height=size, width=size, colours=colours, levels=levels, dtype=dtype, threads=threads, **options)


def images(batch, size, colours=1, levels=2):
    return np.random.default_rng(1).integers(0, levels, (batch, size, size, colours)).astype(np.uint8)


def growing(network, size, batch, threads):
    """The network and the images of a row of `growth`."""
    return (*network, size, threads), images(batch, size)


def conv_layer(C, maps, k, mask, batch, size):
    """A layer, its input x, and dy for its backward."""
    rng = np.random.default_rng(0)
    layer = MaskedConv(C, maps, k, mask, 1, rng=rng, dtype=np.float32)
    return layer, *(rng.standard_normal((batch, size, size, units)).astype(np.float32) for units in (C, maps))


def recurrent_layer(cls, h, batch, size):
    """A recurrence from 2h maps (a Spatial LSTM from the image, by a 5 x 5 window), its input x, and dy.

    The initial state is zero: see torch_recurrent.py.
    """
    rng = np.random.default_rng(0)
    C = 1 if cls is SpatialLSTM else 2 * h
    window = {"size": 5, "mask": "A"} if cls is SpatialLSTM else {}
    layer = cls(C, h, 1, **window, rng=rng, dtype=np.float32)
    return layer, *(rng.standard_normal((batch, size, size, units)).astype(np.float32) for units in (C, h))


def neighbourhoods(n, inputs, components, scales, features, dtype, threads):
    """An MCGSM with drawn parameters, and n samples x, y."""
    rng = np.random.default_rng(0)
    density = MCGSM(inputs, 1, components, scales, features, dtype=dtype, threads=threads)
    for value in density.params.values():
        value[...] = rng.standard_normal(value.shape) / 3
    return density, *(rng.standard_normal((n, size)).astype(dtype) for size in (inputs, 1))
