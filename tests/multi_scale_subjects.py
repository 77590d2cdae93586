"""Multi-scale PixelRNN's pairs and layers as subjects of the laws (see tests/subjects.py).

The laws of the model itself, which is two, are in tests/models/test_multi_scale.py.
"""

import oracle_recurrent as oracle
from subjects import H, Layer, Pair, W

from minipixel.layers import Conditional, Conv, DiagonalBiLSTM, Enlarge, MaskedConv, ReLU, RowLSTM, Sequential
from minipixel.models.pixelcnn import output_stage
from minipixel.ops.enlarge import enlarge_backward, enlarge_forward

EVERYWHERE = tuple((di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1))


def enlarge_pair(C, F, backward=enlarge_backward):
    def arguments(normal, rng, n):
        return {"x": normal(n, H, W, C), "K": normal(2, 2, C, F), "b": normal(F)}
    return Pair(enlarge_forward, backward, arguments, lambda ops, x, K, b: ops.enlarge(x, K, b))


PAIRS = {"enlarge": enlarge_pair(5, 3), "enlarge-thin": enlarge_pair(1, 2)}

# ---- layers that know no order: they have no `step`, and no law of causality

WHOLE = {
    "conv-whole": Layer(lambda rng, dtype: Conv(3, 5, 3, rng=rng, dtype=dtype), 3,
                        lambda ops, params, x: ops.conv(x, params["K"], params["b"], EVERYWHERE)),
    "enlarge": Layer(lambda rng, dtype: Enlarge(3, 5, rng=rng, dtype=dtype), 3,
                     lambda ops, params, x: ops.enlarge(x, params["K"], params["b"])),
    "upsampling": Layer(lambda rng, dtype: upsampling(rng, dtype), 3, oracle.upsampling),
}


def upsampling(rng, dtype):
    return Sequential(conv_1=Conv(3, 4, 3, rng=rng, dtype=dtype), relu_1=ReLU(), conv_2=Conv(4, 4, 3, rng=rng, dtype=dtype),
                      relu_2=ReLU(), enlarge=Enlarge(4, 2, rng=rng, dtype=dtype))


# ---- causal layers that read maps besides

RECURRENCES = {DiagonalBiLSTM: (oracle.diagonal_bilstm, ("diagonals", 1)), RowLSTM: (oracle.row_lstm, ("rows", 3))}
# A 1 x 1 convolution without a mask takes the last maps into the map of states: nothing is read beside, as it is of x.
FREE = {DiagonalBiLSTM: ("diagonals", 1), RowLSTM: ("rows", 1)}


def biased(cls, colours=1, C=3, h=2, free=2):
    formula, kernel = RECURRENCES[cls]
    return Layer(lambda rng, dtype: cls(C, h, colours, rng=rng, dtype=dtype, free=free), C + free,
                 lambda ops, params, x: formula(ops, params, x, colours, free=free), (kernel,), None, colours,
                 free=free, free_kernels=(FREE[cls],))


def conditional(lstm, colours=1, h=2, out=3, maps=2, layers=2, cls=Conditional):
    formula, kernel = RECURRENCES[lstm]

    def make(rng, dtype):
        def conv(C, F, k, mask="B", gain=2.0):
            return MaskedConv(C, F, k, mask, colours, rng=rng, dtype=dtype, gain=gain)
        bias = MaskedConv(maps, 2 * h, 1, "B", 1, rng=rng, dtype=dtype)
        blocks = [Sequential(lstm=lstm(2 * h, h, colours, rng=rng, dtype=dtype, free=maps), expand=conv(h, 2 * h, 1))
                  for _ in range(layers)]
        return cls(colours, maps, conv(colours, 2 * h, 7, "A"), bias, blocks, output_stage(conv, 2 * h, out, colours))

    body = [kernel] * layers + [("B", 1)]
    return Layer(make, colours + maps,
                 lambda ops, params, x: oracle.conditional(formula, ops, params, x, colours, maps, layers),
                 (("A", 7), *body), "input.K", colours, free=maps, free_kernels=(("B", 1), *body))


LAYERS = {
    "diagonal-bilstm-biased": biased(DiagonalBiLSTM),
    "diagonal-bilstm-biased-rgb": biased(DiagonalBiLSTM, 3, C=5, h=3),
    "row-lstm-biased": biased(RowLSTM),
    "row-lstm-biased-rgb": biased(RowLSTM, 3, C=5, h=4, free=1),
    "conditional": conditional(DiagonalBiLSTM, maps=1),
    "conditional-rgb": conditional(DiagonalBiLSTM, 3, h=3, maps=1, layers=1),
    "conditional-row": conditional(RowLSTM, maps=1, layers=1),
    "conditional-shallow": conditional(DiagonalBiLSTM, 3, h=3, layers=0),
}
