"""Multi-scale PixelRNN (van den Oord et al. 2016, section 3.6): a small image first, then the large one given the small.

    small    s = every second pixel of x, by a PixelRNN of its own                 p(s)
    up       3x3, ReLU, 3x3, ReLU (unmasked), 2x2 with stride 2, transposed       C -> maps (the paper's c), H x W
    large    a PixelRNN, biased by these maps in its input layer and in the
             input-to-state of each recurrence, by unmasked 1x1 products          p(x | s)

Pixels of the large image see all of the small one, and so, through it, a sketch of what is still to come: samples hang
together better, at about the same likelihood (the paper's finding on ImageNet 64x64). The paper gives no sizes for this
model; those of the blocks are Table 1's, the small network has the `h` and `out` of the large one.

What is reported is a bound. The model draws s, then x given s, so p(x) = sum over all s of p(s) p(x | s), too many to add
up. One term of the sum is known, that of the small image which x itself has:

    -log p(x)  <=  -log p(small(x)) - log p(x | small(x))

Training makes the right side small, and `nll`, `train` and `eval` give it under the name "upper bound". There is no
p(x_i | x_<i) to be asked for, and an image cannot be completed: what is known of x says too little of s.
"""

from minipixel.layers import Conditional, Conv, DiagonalBiLSTM, Enlarge, FullContext, MaskedConv, ReLU, RowLSTM, Sequential
from minipixel.layers.compose import Composite
from minipixel.models.pixelcnn import output_stage
from minipixel.models.pixelrnn import pixelrnn


def multi_scale(colours, units, *, rng, dtype, layers=7, h=16, out=32, small_layers=7, maps=16,
                recurrence="diagonal"):
    """Multi-scale PixelRNN (van den Oord et al. 2016, section 3.6): a small image, then the large one given it.

    layers, small_layers: recurrences of the large and of the small network; h: units of their state (2h maps between
    them); out: maps of the 1x1 output layers; maps: of the small image, enlarged, that bias the large network;
    recurrence: "diagonal" (the Diagonal BiLSTM, with full context) or "row" (the Row LSTM).
    """
    def conv(C, F, k, mask="B", gain=2.0):
        return MaskedConv(C, F, k, mask, colours, rng=rng, dtype=dtype, gain=gain)

    lstm, context = (DiagonalBiLSTM, "full") if recurrence == "diagonal" else (RowLSTM, "paper")
    small = pixelrnn(lstm, colours, units, rng, dtype, small_layers, h, out, residual=True, skip=False, context=context)
    up = Sequential(conv_1=Conv(colours, maps, 3, rng=rng, dtype=dtype, gain=1.0), relu_1=ReLU(),
                    conv_2=Conv(maps, maps, 3, rng=rng, dtype=dtype), relu_2=ReLU(),
                    enlarge=Enlarge(maps, maps, rng=rng, dtype=dtype))
    blocks = [Sequential(lstm=lstm(2 * h, h, colours, rng=rng, dtype=dtype, free=maps),
                         expand=conv(h, 2 * h, 1, gain=1.0)) for _ in range(layers)]
    # One group of colours: nothing is forbidden within a pixel. A 1x1 product without a mask.
    bias = MaskedConv(maps, 2 * h, 1, "B", 1, rng=rng, dtype=dtype, gain=1.0)
    large = Conditional(colours, maps, conv(colours, 2 * h, 7, "A", gain=1.0), bias, blocks,
                        output_stage(conv, 2 * h, out, units))
    if context == "full":
        large = FullContext(colours + maps, large)
    return Composite({"small": small, "up": up, "large": large})
