"""The pixel that is missed, and one more column that sees it."""

import numpy as np

from minipixel.course.answers import judged_forward
from minipixel.layers import DiagonalBiLSTM


def right_missed(i, j, width, reach):
    """The last pixel of the row above, unless the first convolution reaches so far; none above row 0."""
    return [(i - 1, width - 1)] if i > 0 and j + reach < width - 1 else []


def judge_missed(missed):
    for width, reach, i, j in ((w, r, i, j) for w in (1, 3, 6, 9) for r in (1, 2, 3) for i in (0, 1, 4) for j in range(w)):
        call, right = f"missed({i}, {j}, {width}, {reach})", right_missed(i, j, width, reach)
        answer = missed(i, j, width, reach)
        if not (isinstance(answer, (list, tuple, set)) and all(isinstance(pixel, tuple) for pixel in answer)):
            return f"{call} is {answer!r}, expected a list of (row, column), [] where nothing is missed"
        if sorted(answer) != right:
            return f"{call} is {list(answer)}, expected {right}: {reason(answer, right, i, j, width, reach)}"
    return ""


def reason(answer, right, i, j, width, reach):
    if i == 0:
        return "above row 0 there is no pixel to be missed"
    if not right:
        return f"the first convolution reads up to column {j} + {reach} of the row above, and so sees the last pixel itself"
    if not answer:
        return f"the first convolution reads the row above only up to column {j} + {reach}, and nobody else sees its last pixel"
    if any(pixel[0] == i for pixel in answer):
        return "of its own row the prediction sees all that is earlier; what is later is not missed"
    return "the scan from the right has read all of the row above but the place where it began: think of its first cell"


def judge_full_context_forward(full_context_forward):
    """With a Diagonal BiLSTM as the network: on an image that is not square, with an initial state that is not zero."""
    rng = np.random.default_rng(0)
    net = DiagonalBiLSTM(3, 5, 1, rng=rng, dtype="float64")
    for value in net.params.values():
        value[...] = rng.standard_normal(value.shape)
    x = rng.standard_normal((2, 3, 4, 3))
    right = net.forward(widened(x, (0, 0), (0, 1)))[0][:, :, :-1]
    return judged_forward(full_context_forward, {"x": x, "net": net}, right, forward_mistakes(x, net))


def widened(x, rows, columns, **how):
    return np.pad(x, ((0, 0), rows, columns, (0, 0)), **how)


def forward_mistakes(x, net):
    """(words, y as if that mistake had been made)."""
    def through(wide):
        return net.forward(wide)[0]

    added = widened(x, (0, 0), (0, 1))
    yield "the column has not gone away again: y has the width of x", through(added)
    yield "the column on the right was added, but then the one on the left was cut away", through(added)[:, :, 1:]
    yield "no column was added: this is what net says of x alone", through(x)
    left = "the column stands on the left: the pixel that is missed is on the right, and beyond it stands the new column"
    yield left, through(widened(x, (0, 0), (1, 0)))[:, :, 1:]
    yield f"{left}; and the wrong one was cut away", through(widened(x, (0, 0), (1, 0)))[:, :, :-1]
    yield "columns were added on both sides: one on the right is enough", through(widened(x, (0, 0), (1, 1)))[:, :, 1:-1]
    yield "a row was added above: it is a column on the right that is needed", through(widened(x, (1, 0), (0, 0)))[:, 1:]
    yield "the column repeats the last one: its pixels must be known beforehand, zeros", \
        through(widened(x, (0, 0), (0, 1), mode="edge"))[:, :, :-1]
    yield "the column holds ones: zeros are asked for", through(widened(x, (0, 0), (0, 1), constant_values=1))[:, :, :-1]
