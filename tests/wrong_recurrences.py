"""The gallery of tests/wrong.py, continued: the library's own PixelRNN, right and with the mistakes that let it see the future.

Each builder takes (colours, levels, rng) and returns a predict function. Mistakes that leave a model causal (a sigmoid on
g, a bias counted twice) are no business of the audit: the laws refuse them (tests/planted_recurrences.py).
"""

from unittest import mock

import numpy as np
import planted_recurrences as planted

import minipixel
from minipixel.models import pixelrnn


def builder(name, cls=None, context="paper"):
    """A model of one layer and few units, its Diagonal BiLSTM made by `cls` if one is given."""
    def build(colours, levels, rng):
        with mock.patch.object(pixelrnn, "DiagonalBiLSTM", cls or pixelrnn.DiagonalBiLSTM):
            model = minipixel.build(name, height=3, width=4, colours=colours, levels=levels, rng=rng, dtype="float64",
                                    layers=1, h=4, out=6, context=context)
        noise = np.random.default_rng(rng)
        for value in model.params.values():  # as after training: what was masked at the start only is no longer
            value += 0.3 * noise.standard_normal(value.shape)
        return model.predict
    build.__name__ = cls.__name__ if cls else f"{name}-{context}"
    return build


RIGHT = [builder(name, context=context) for name in ("row-lstm", "diagonal-bilstm") for context in ("paper", "full")]

# (builder, colours it needs, names that the audit must print)
WRONG = [
    (builder("diagonal-bilstm", planted.ShiftMissing), (1, 3), ["reads its own value"]),
    (builder("diagonal-bilstm", planted.ShiftMissing, "full"), (1, 3), ["reads its own value"]),
    (builder("diagonal-bilstm", planted.LastRowZeroed), (1, 3), ["reads its own value"]),
    (builder("diagonal-bilstm", planted.ReadsTheRowBelow), (1, 3), ["reads its own value", "reads later places"]),
    (builder("diagonal-bilstm", planted.ThirdsOfAllGates), (3,), ["reads its own value"]),
    (builder("diagonal-bilstm", planted.MaskedAtTheStart), (3,), ["reads its own value"]),
    (builder("diagonal-bilstm", planted.MixesImages), (1,), ["images of a batch mixed"]),
]
