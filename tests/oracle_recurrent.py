"""PixelRNN's recurrences in the steps of the paper: cell by cell, gates o, f, i, g, the skewed map with its padding.

Like tests/oracle.py they are written for any set of operations, and read nothing of `minipixel.order`. A kernel
lies in memory as the library keeps it: K_is (directions, places, C, 4h), K_ss (directions, places, h, 4h), the places being
those of `live` and, state-to-state, the ones named below.

Source: PixelRNN (van den Oord et al. 2016), equation 3, sections 3.1, 3.2, 3.3, 3.4, Table 1.
"""

import numpy as np
from oracle import live, mask, masked_conv


def lstm(ops, a, c):
    """c = f c + i g,  h = o tanh(c); sigmoid for o, f, i, tanh for g: a (.., 4h), c (.., h) -> h, c        equation 3"""
    h = c.shape[-1]
    o, f, i = (ops.sigmoid(a[..., gate * h:(gate + 1) * h]) for gate in range(3))
    c = f * c + i * ops.tanh(a[..., 3 * h:])
    return o * ops.tanh(c), c


def by_rows(ops, a, K_ss, h0, c0):
    """From the top row down: a (N, H, W, 4h) -> h (N, H, W, h)        section 3.1

    K_ss: the 3 x 1 kernel over the row above, from left to right. Above row 0 stand h0, c0; beyond the sides zeros.
    """
    N, H, W = a.shape[:3]
    zero = ops.constant(np.zeros((N, len(h0))))
    h, c = ({(-1, j): zero + initial for j in range(W)} for initial in (h0, c0))
    for i in range(H):
        for j in range(W):
            total = a[:, i, j]
            for k in range(3):
                if 0 <= j + k - 1 < W:
                    total = total + h[i - 1, j + k - 1] @ K_ss[k]
            h[i, j], c[i, j] = lstm(ops, total, c[i - 1, j])
    return as_map(ops, h, H, W)


def by_diagonals(ops, a, K_ss, h0, c0):
    """Skewed: row i is moved right by i, so that a diagonal becomes a column; column after column; moved back.    section 3.2

    a (N, H, W, 4h) -> h (N, H, W, h). K_ss: the 2 x 1 kernel over the column before, its places the same row (the pixel on
    the left) and the row above (the pixel above); over the first row lies a row of zeros. The padding before a row's first
    pixel holds h0, c0 and is not computed.
    """
    N, H, W = a.shape[:3]
    zero = ops.constant(np.zeros((N, len(h0))))
    h, c = {}, {}
    for column in range(-1, H + W - 1):
        for row in range(H):
            j = column - row
            if j < 0:
                h[row, column], c[row, column] = zero + h0, zero + c0
            elif j < W:
                above = h[row - 1, column - 1] if row > 0 else zero
                total = a[:, row, j] + h[row, column - 1] @ K_ss[0] + above @ K_ss[1]
                h[row, column], c[row, column] = lstm(ops, total, c[row, column - 1])
    return as_map(ops, {(row, column - row): state for (row, column), state in h.items()}, H, W)


def as_map(ops, cells, H, W):
    return ops.stack([ops.stack([cells[i, j] for j in range(W)], 1) for i in range(H)], 1)


def gate_mask(k, C, h, colours):
    """Mask B of the input-to-state kernel, 1 row and k columns (places, C, 4h): each of the four gates has its own R, G, B."""
    M = mask("B", k, C, h, colours)
    one_gate = np.stack([M[k // 2, dj + k // 2] for di, dj in live("B", k, colours) if di == 0])
    return np.concatenate([one_gate] * 4, axis=-1)


def input_to_state(ops, params, x, d, k, colours, name="", free=0):
    """The convolution K^is of direction d over the whole map: 1 row and k columns, masked.

    The last `free` inputs are those of a 1 x 1 convolution without a mask, whose output is added        section 3.6
    """
    K, b, h = params[name + "K_is"][d], params[name + "b"][d], params[name + "h0"].shape[-1]
    taps, C = [(di, dj) for di, dj in live("B", k, colours) if di == 0], x.shape[-1] - free
    a = ops.conv(x[..., :C], K[:, :C] * ops.constant(gate_mask(k, C, h, colours)), b, taps)
    return a + ops.conv(x[..., C:], K[-1:, C:], 0 * b, [(0, 0)]) if free else a


def row_lstm(ops, params, x, colours, name="", free=0, k=3):
    K_ss, h0, c0 = (params[name + one][0] for one in ("K_ss", "h0", "c0"))
    return by_rows(ops, input_to_state(ops, params, x, 0, k, colours, name, free), K_ss, h0, c0)


def mirrored(x):
    return x[:, :, list(range(x.shape[2]))[::-1]]


def moved_down(ops, y):
    """Row i - 1 stands in row i; a row of zeros comes in at the top, the last row goes."""
    rows = [y[:, i] for i in range(y.shape[1] - 1)]
    return ops.stack([ops.constant(np.zeros(y[:, 0].shape)), *rows], 1)


def diagonal_bilstm(ops, params, x, colours, name="", free=0):
    """Left to right, and the mirrored map likewise; the right output map is then moved down by one row and added."""
    left, right = (input_to_state(ops, params, x, d, 1, colours, name, free) for d in range(2))
    K_ss, h0, c0 = (params[name + one] for one in ("K_ss", "h0", "c0"))
    left = by_diagonals(ops, left, K_ss[0], h0[0], c0[0])
    right = mirrored(by_diagonals(ops, mirrored(right), K_ss[1], h0[1], c0[1]))
    return left + moved_down(ops, right)


def with_a_column(ops, x):
    """One more column of zeros on the right, where the last pixel of a row has been read."""
    N, H, W, C = x.shape
    return ops.concat([x, ops.constant(np.zeros((N, H, 1, C)))], 2)


def pixelrnn(recurrence, ops, params, x, colours, layers, context, residual=True, skip=False):
    """Table 1: 7 x 7 mask A, blocks 2h -(recurrence)-> h -(1x1)-> 2h with the input added (Figure 5), the output stage."""
    x = with_a_column(ops, x) if context == "full" else x
    x, skips = masked_conv(ops, params, x, "A", 7, colours, "input."), 0
    for l in range(layers):
        name = f"body.{l}.block." if skip else f"body.{l}."
        y = recurrence(ops, params, x, colours, f"{name}lstm.")
        y = masked_conv(ops, params, y, "B", 1, colours, f"{name}expand.")
        x = x + y if residual else y
        if skip:
            skips = skips + masked_conv(ops, params, x, "B", 1, colours, f"body.{l}.skip.")
    y = skips if skip else x
    for name in ("conv_1", "conv_2", "logits"):
        y = masked_conv(ops, params, ops.relu(y), "B", 1, colours, f"output.{name}.")
    return y[:, :, :-1] if context == "full" else y


def upsampling(ops, params, s, name=""):
    """3 x 3, ReLU, 3 x 3, ReLU without masks, then 2 x 2 of stride 2, transposed        section 3.6"""
    everywhere = [(di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)]
    for conv in ("conv_1", "conv_2"):
        s = ops.relu(ops.conv(s, params[f"{name}{conv}.K"], params[f"{name}{conv}.b"], everywhere))
    return ops.enlarge(s, params[f"{name}enlarge.K"], params[f"{name}enlarge.b"])


def conditional(recurrence, ops, params, xs, colours, maps, layers, name=""):
    """The architecture of `pixelrnn` on [x | s]; each layer biased by a 1 x 1 convolution of s        section 3.6"""
    C = xs.shape[-1] - maps
    x, s = xs[..., :C], xs[..., C:]
    y = masked_conv(ops, params, x, "A", 7, colours, f"{name}input.")
    y = y + ops.conv(s, params[f"{name}bias.K"], params[f"{name}bias.b"], [(0, 0)])
    for l in range(layers):
        z = recurrence(ops, params, ops.concat([y, s], 3), colours, f"{name}body.{l}.lstm.", maps)
        y = y + masked_conv(ops, params, z, "B", 1, colours, f"{name}body.{l}.expand.")
    for conv in ("conv_1", "conv_2", "logits"):
        y = masked_conv(ops, params, ops.relu(y), "B", 1, colours, f"{name}output.{conv}.")
    return y


NETWORKS = {"row-lstm": lambda *given, **options: pixelrnn(row_lstm, *given, **options),
            "diagonal-bilstm": lambda *given, **options: pixelrnn(diagonal_bilstm, *given, **options)}


# ---- the pairs: cells packed by clock


def clock_order(kind, H, W):
    """The pixels of a map in the order in which they are computed: row by row, or diagonal by diagonal, each from the top."""
    return sorted(np.ndindex(H, W), key=lambda cell: (cell[0] if kind == "rows" else sum(cell), cell))


def packed(ops, maps, kind):
    """A map (N, H, W, F) of each direction, its own way round -> (directions, F, pixels in clock order, N)"""
    order = clock_order(kind, *maps[0].shape[1:3])
    return ops.stack([ops.stack([one[:, i, j].T for i, j in order], 1) for one in maps], 0)


def unpacked(ops, cells, kind, H, W):
    """The way back: (directions, F, pixels, N) -> a map (N, H, W, F) of each direction."""
    place = {cell: p for p, cell in enumerate(clock_order(kind, H, W))}
    return [as_map(ops, {cell: one[:, p].T for cell, p in place.items()}, H, W) for one in cells]
