"""Stacked Spatial LSTMs (Theis and Bethge 2015, section 2), ending in a softmax or, as in the paper (RIDE), in a density.

head=softmax
    Spatial LSTM over a window, mask A                C -> h, the causal part of `size` x `size` pixels: 12 of 5 x 5
    layers - 1 x Spatial LSTM, mask B                 h -> h, each pixel from its own states below
    1x1 conv, mask B                                  -> logits: a sigmoid for 2 levels, else a K-way softmax a colour

head=mcgsm (RIDE)
    causal part of `size` x `size` pixels, whitened   C -> D C inputs without correlation; a linear prediction goes past
    layers x Spatial LSTM                             D C -> h -> h
    MCGSM with shared features                        -> a mixture of components x scales Gaussians around the prediction

The paper's networks have 1 to 3 layers of 64 or 128 units, and 32 components, 4 scales and 32 features on top. RIDE is trained
in stages (training/stages.py).
"""

from minipixel.layers import Beside, MaskedConv, Sequential, SpatialLSTM
from minipixel.layers.compose import Composite
from minipixel.layers.density_head import MCGSMHead
from minipixel.models.mcgsm import neighbourhood


def spatial_lstm(colours, units, *, rng, dtype, layers=2, h=32, size=5, extended=False, head="softmax", components=32,
                 scales=4, features=32):
    """Stacked Spatial LSTMs, with head=mcgsm RIDE (Theis and Bethge 2015).

    layers: recurrences; h: units of their state; size: pixels of a side of the window that the first one reads, an odd number;
    extended: memories are read by all gates, too; head: "softmax" over the levels (a sigmoid for two), or "mcgsm", a
    density, with so many components, scales and features.
    """
    if layers < 1:
        raise ValueError(f"spatial-lstm expects layers of at least 1, got {layers}: the first one is what has mask A")
    if head == "mcgsm":
        whitening = neighbourhood(colours, size, rng, dtype)
        widths = [whitening.layer.F - colours, *[h] * layers]
        # One group of colours: the whitened neighbourhood has nothing of the pixel itself.
        body = Sequential.of([SpatialLSTM(C, h, 1, 1, "B", extended, rng=rng, dtype=dtype) for C in widths[:-1]])
        network = Sequential(whitening=whitening, body=Beside(colours, body))
        return Composite({"network": network,
                          "head": MCGSMHead(h, colours, components, scales, features, rng=rng, dtype=dtype)})

    def lstm(C, size, mask):
        return SpatialLSTM(C, h, colours, size, mask, extended, rng=rng, dtype=dtype)

    body = Sequential.of([lstm(colours, size, "A"), *[lstm(h, 1, "B") for _ in range(layers - 1)]])
    return Sequential(body=body, logits=MaskedConv(h, units, 1, "B", colours, rng=rng, dtype=dtype, gain=1.0))
