"""PixelRNN (van den Oord et al. 2016, Table 1): the Row LSTM and the Diagonal BiLSTM in one architecture.

    7x7 conv, mask A                                  C -> 2h
    layers x residual block (Figure 5)                2h -> h by the recurrence, h -> 2h by a 1x1 conv, mask B, plus the input
    ReLU, 1x1 conv, mask B      (twice)               -> out maps (1024 for CIFAR-10, 32 for MNIST)
    ReLU, 1x1 conv, mask B                            -> logits: a sigmoid for 2 levels, else a K-way softmax a colour

With head=mcgsm, the paper's comparison of a softmax with a density (section 5.3), the output stage gives `out` features of the
pixel and a prediction of its colours, and an MCGSM reads them. A pixel's colours are one vector then, so no unit may read
any of its own pixel: all masks are those of one colour.

The paper's sizes: MNIST Diagonal BiLSTM 7 layers, h 16, and 1 layer, h 32; CIFAR-10 12 layers, h 128.
"""

from functools import partial

from minipixel.layers import DiagonalBiLSTM, FullContext, MaskedConv, Residual, RowLSTM, Sequential, Skips
from minipixel.layers.compose import Composite
from minipixel.layers.density_head import MCGSMHead
from minipixel.models.pixelcnn import output_stage


def row_lstm(colours, units, *, rng, dtype, layers=7, h=16, out=32, k=3, residual=True, skip=False, context="paper",
             head="softmax", components=32, scales=4, features=32):
    """PixelRNN with Row LSTM layers (van den Oord et al. 2016, Table 1).

    layers: recurrences; h: units of their state (2h maps between them); out: maps of the 1x1 output layers; k: their
    input-to-state kernel is 1 x k, odd, at least 3; context: "paper", or "full" for one more column (which a triangle of
    context does not need); head: "softmax" over the levels (a sigmoid for two), or "mcgsm", a density, with so many
    components, scales and features.
    """
    lstm = partial(RowLSTM, k=k)
    if head == "softmax":
        return pixelrnn(lstm, colours, units, rng, dtype, layers, h, out, residual, skip, context)
    network = pixelrnn(lstm, colours, out + colours, rng, dtype, layers, h, out, residual, skip, context, groups=1)
    mixture = MCGSMHead(out, colours, components, scales, features, rng=rng, dtype=dtype, means=True)
    return Composite({"network": network, "head": mixture})


def diagonal_bilstm(colours, units, *, rng, dtype, layers=7, h=16, out=32, residual=True, skip=False, context="full"):
    """PixelRNN with Diagonal BiLSTM layers (van den Oord et al. 2016, Table 1).

    layers: recurrences; h: units of their state (2h maps between them); out: maps of the 1x1 output layers;
    context: "paper" to the letter, which misses the last pixel of the row above, or "full", which sees it.
    """
    return pixelrnn(DiagonalBiLSTM, colours, units, rng, dtype, layers, h, out, residual, skip, context)


def pixelrnn(recurrence, colours, units, rng, dtype, layers, h, out, residual, skip, context, groups=None):
    """groups: of the masks, a group for each colour if None"""
    groups = groups or colours

    def conv(C, F, k, mask="B", gain=2.0):
        return MaskedConv(C, F, k, mask, groups, rng=rng, dtype=dtype, gain=gain)

    block = Residual if residual else Sequential
    blocks = [block(lstm=recurrence(2 * h, h, groups, rng=rng, dtype=dtype), expand=conv(h, 2 * h, 1, gain=1.0))
              for _ in range(layers)]
    body = Sequential.of(blocks)
    if skip:
        body = Skips(blocks, [conv(2 * h, 2 * h, 1, gain=1.0 / max(1, layers)) for _ in blocks])
    net = Sequential(input=conv(colours, 2 * h, 7, "A", gain=1.0), body=body, output=output_stage(conv, 2 * h, out, units))
    return FullContext(colours, net) if context == "full" else net
