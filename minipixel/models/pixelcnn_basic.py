"""A plain PixelCNN: one 7x7 layer, a stack of 3x3 layers, 1x1 layers; no residual connections.

    7x7 conv, mask A                                  C -> h
    layers x (ReLU, 3x3 conv, mask B), ReLU           h -> h
    2 x (1x1 conv, mask B, ReLU)                      -> out maps
    1x1 conv, mask B                                  -> logits

It is the network of the summary that this project started from (docs/reading-notes.md), whose text gives its 3x3 layers 3 maps
and no ReLU around them. `summary=True` is that text to the letter: a stack of linear layers is one linear layer, and it shows.
"""

from minipixel.layers import MaskedConv, ReLU, Sequential


def pixelcnn_basic(colours, units, *, rng, dtype, layers=7, h=64, out=32, summary=False):
    """A plain PixelCNN, without residual connections.

    layers: 3x3 layers; h: their maps; out: maps of the 1x1 output layers; summary: 3 maps, no ReLU around them."""
    def conv(C, F, k, mask="B", gain=2.0):
        return MaskedConv(C, F, k, mask, colours, rng=rng, dtype=dtype, gain=gain)

    widths = [h] + [3 if summary else h] * layers
    stack = []
    for C, F in zip(widths, widths[1:]):
        stack += [conv(C, F, 3, gain=1.0)] if summary else [ReLU(), conv(C, F, 3)]
    if not summary:
        stack += [ReLU()]
    output = Sequential(conv_1=conv(widths[-1], out, 1), relu_1=ReLU(), conv_2=conv(out, out, 1), relu_2=ReLU(),
                        logits=conv(out, units, 1, gain=1.0))
    return Sequential(input=conv(colours, h, 7, "A", gain=1.0), body=Sequential.of(stack), output=output)
