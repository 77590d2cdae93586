"""Stacked Spatial LSTMs (Theis and Bethge 2015, section 2), ending in a softmax.

    Spatial LSTM over a window, mask A                C -> h, the causal part of `size` x `size` pixels: 12 of 5 x 5
    layers - 1 x Spatial LSTM, mask B                 h -> h, each pixel from its own states below
    1x1 conv, mask B                                  -> logits: a sigmoid for 2 levels, else a K-way softmax a colour

The paper's networks have 1 to 3 layers of 64 or 128 units, and a density on top (RIDE) in the place of the softmax.
"""

from minipixel.layers import MaskedConv, Sequential, SpatialLSTM


def spatial_lstm(colours, units, *, rng, dtype, layers=2, h=32, size=5, extended=False, head="softmax"):
    """Stacked Spatial LSTMs (Theis and Bethge 2015).

    layers: recurrences; h: units of their state; size: pixels of a side of the window that the first one reads, an odd number;
    extended: memories are read by all gates, too; head: "softmax" over the levels (a sigmoid for two).
    """
    if layers < 1:
        raise ValueError(f"spatial-lstm expects layers of at least 1, got {layers}: the first one is what has mask A")

    def lstm(C, size, mask):
        return SpatialLSTM(C, h, colours, size, mask, extended, rng=rng, dtype=dtype)

    body = Sequential.of([lstm(colours, size, "A"), *[lstm(h, 1, "B") for _ in range(layers - 1)]])
    return Sequential(body=body, logits=MaskedConv(h, units, 1, "B", colours, rng=rng, dtype=dtype, gain=1.0))
