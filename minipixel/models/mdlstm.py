"""Pixel labels by multi-dimensional recurrences (Graves, Fernandez and Schmidhuber 2007).

    blocks of `block` x `block` pixels            C -> block^2 C
    layers x MDLSTM, from all 2^2 corners         -> 4h, the four directions side by side
    1x1 linear, the one output layer              -> `classes` logits for each pixel of the block, a softmax each

The paper's network has one hidden layer for each direction, `layers=1`, and reads single pixels, `block=1`. Blocks are of the
2009 paper (Graves and Schmidhuber), which reads 3x4 pixels at a time: a quarter of the cells at `block=2`. With a second layer
a cell knows what the four directions have seen together.
"""

from minipixel.layers import MDLSTM, MDRNN, InBlocks, MaskedConv, Sequential


def mdlstm(colours, *, rng, dtype, layers=2, h=16, block=2, classes=11, cell="mdlstm", clip_deltas=False):
    """Pixel labels by multi-directional MDLSTM or MDRNN layers (Graves et al. 2007).

    layers: recurrences; h: units of a direction; block: pixels of a side of the blocks that a cell reads; classes: labels;
    cell: "mdlstm", "mdlstm-stable" (its memory cannot grow) or "mdrnn"; clip_deltas: of an MDLSTM to [-1, 1], of
    the mean over the batch (RNNLIB: of each image).
    """
    def recurrence(C):
        if cell == "mdrnn":
            if clip_deltas:
                raise ValueError("option clip_deltas is for the cells mdlstm and mdlstm-stable, got it for mdrnn")
            return MDRNN(C, h, rng=rng, dtype=dtype)
        return MDLSTM(C, h, stable=cell == "mdlstm-stable", clip=1.0 if clip_deltas else None, rng=rng, dtype=dtype)

    widths = [block * block * colours, *[4 * h] * layers]
    # One colour is given to the 1x1 layer, so that its mask forbids nothing: labels may depend on all colours.
    logits = MaskedConv(widths[-1], block * block * classes, 1, "B", 1, rng=rng, dtype=dtype, gain=1.0)
    return InBlocks(block, Sequential(body=Sequential.of([recurrence(C) for C in widths[:-1]]), logits=logits))
