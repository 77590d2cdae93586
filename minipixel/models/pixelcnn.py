"""PixelCNN (van den Oord et al. 2016, Table 1).

    7x7 conv, mask A                                  C -> 2h
    layers x residual block                           2h -> h -> h -> 2h:  ReLU, 1x1 B, ReLU, 3x3 B, ReLU, 1x1 B
    ReLU, 1x1 conv, mask B      (twice)               -> out maps (1024 for CIFAR-10, 32 for MNIST)
    ReLU, 1x1 conv, mask B                            -> logits: a sigmoid for 2 levels, else a K-way softmax a colour

Residual and skip connections can be switched, as in the paper's ablation (Table 2).
"""

from minipixel.layers import MaskedConv, ReLU, Residual, Sequential, Skips


def pixelcnn(colours, units, *, rng, dtype, layers=7, h=32, out=32, residual=True, skip=False):
    """PixelCNN (van den Oord et al. 2016, Table 1).

    layers: residual blocks; h: maps inside a block (2h between blocks); out: maps of the 1x1 output layers."""
    def conv(C, F, k, mask="B", gain=2.0):
        return MaskedConv(C, F, k, mask, colours, rng=rng, dtype=dtype, gain=gain)

    # The sum of `layers` residual branches keeps the scale of one.
    branch_gain = 2.0 / max(1, layers) if residual else 2.0
    block = Residual if residual else Sequential
    blocks = [block(relu_1=ReLU(), reduce=conv(2 * h, h, 1),
                    relu_2=ReLU(), conv=conv(h, h, 3),
                    relu_3=ReLU(), expand=conv(h, 2 * h, 1, gain=branch_gain)) for _ in range(layers)]
    body = Sequential.of(blocks)
    if skip:
        body = Skips(blocks, [conv(2 * h, 2 * h, 1, gain=2.0 / max(1, layers)) for _ in blocks])
    return Sequential(input=conv(colours, 2 * h, 7, "A", gain=1.0), body=body, output=output_stage(conv, 2 * h, out, units))


def output_stage(conv, C, out, units):
    """2 x (ReLU, 1x1 B), then ReLU and the 1x1 B to the logits."""
    return Sequential(relu_1=ReLU(), conv_1=conv(C, out, 1), relu_2=ReLU(), conv_2=conv(out, out, 1),
                      relu_3=ReLU(), logits=conv(out, units, 1, gain=1.0))
