"""The gallery of tests/wrong.py, continued: our own recurrences, right and with the mistakes that let them see the future.

Each builder takes (colours, levels, rng) and returns a predict function. Mistakes that leave a model causal (a sigmoid on
g, a bias counted twice) are no business of the audit: the laws refuse them (tests/planted_recurrences.py).
"""

from importlib import import_module
from unittest import mock

import numpy as np
import planted_recurrences as planted
import planted_spatial

import minipixel

LAYERS = {"row-lstm": ("pixelrnn", "RowLSTM"), "diagonal-bilstm": ("pixelrnn", "DiagonalBiLSTM"),
          "spatial-lstm": ("spatial_lstm", "SpatialLSTM")}      # where a model finds the layer that it is named after


def builder(name, cls=None, **options):
    """A model of few units, its recurrence made by `cls` if one is given."""
    def build(colours, levels, rng):
        file, layer = LAYERS[name]
        module = import_module(f"minipixel.models.{file}")
        with mock.patch.object(module, layer, cls or getattr(module, layer)):
            model = minipixel.build(name, height=3, width=4, colours=colours, levels=levels, rng=rng, dtype="float64",
                                    h=4, **options)
        noise = np.random.default_rng(rng)
        for value in model.params.values():  # as after training: what was masked at the start only is no longer
            value += 0.3 * noise.standard_normal(value.shape)
        return model.predict
    build.__name__ = cls.__name__ if cls else "-".join([name, *map(str, options.values())])
    return build


def pixelrnn(name, cls=None, context="paper"):
    return builder(name, cls, context=context, layers=1, out=6)


RIGHT = [*[pixelrnn(name, context=context) for name in ("row-lstm", "diagonal-bilstm") for context in ("paper", "full")],
         builder("spatial-lstm"), builder("spatial-lstm", extended=True, size=3)]

# (builder, colours it needs, names that the audit must print)
WRONG = [
    (pixelrnn("diagonal-bilstm", planted.ShiftMissing), (1, 3), ["reads its own value"]),
    (pixelrnn("diagonal-bilstm", planted.ShiftMissing, "full"), (1, 3), ["reads its own value"]),
    (pixelrnn("diagonal-bilstm", planted.LastRowZeroed), (1, 3), ["reads its own value"]),
    (pixelrnn("diagonal-bilstm", planted.ReadsTheRowBelow), (1, 3), ["reads its own value", "reads later places"]),
    (pixelrnn("diagonal-bilstm", planted.ThirdsOfAllGates), (3,), ["reads its own value"]),
    (pixelrnn("diagonal-bilstm", planted.MaskedAtTheStart), (3,), ["reads its own value"]),
    (pixelrnn("diagonal-bilstm", planted.MixesImages), (1,), ["images of a batch mixed"]),
    (builder("spatial-lstm", planted_spatial.TwoMasksB, layers=1), (1, 3), ["reads its own value"]),
    (builder("spatial-lstm", planted_spatial.ThirdsOfAllGates, layers=1), (3,), ["reads its own value"]),
]
