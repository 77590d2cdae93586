"""A causal kernel pixel by pixel: what `step` keeps of the inputs of a layer."""

from minipixel.backend import array_module
from minipixel.ops.conv import gather, pad


class CausalWindow:
    """y_ij = b + sum_t x_(ij + tap t) K_t, as the pixels come in: the map of inputs so far, and the kernel in two parts,
    the taps above, which are read once a row, and those of the current row.

    K (T, C, F), b (F,), taps in the order of their keys; canvas: the map of inputs itself, where its owner writes the values
    """

    def __init__(self, K, b, taps, n, height, width, canvas=None):
        T, self.C, self.F = K.shape
        self.b, self.i, self.inputs = b, -1, None
        if taps == ((0, 0),):
            self.K = K[0]
            return
        self.inputs = array_module(K).zeros((n, height, width, self.C), K.dtype) if canvas is None else canvas
        self.above = [tap for tap in taps if tap[0] < 0]
        reach = [dj for di, dj in taps if di == 0]
        # A row as one line of numbers: what a pixel reads of it is a window that needs no copy, narrower at the left end.
        windows = [slice(max(0, j + reach[0]) * self.C, (j + reach[-1] + 1) * self.C) for j in range(width)]
        self.lines = self.inputs.reshape(n, height, width * self.C)
        self.K_above = K[:len(self.above)].reshape(-1, self.F)
        K_row = K[len(self.above):].reshape(-1, self.F)
        self.here = [(window, K_row[len(K_row) - window.stop + window.start:]) for window in windows]

    def step(self, x_ij, i, j):
        """y_ij (n, F) once x_ij (n, C) is known; of several calls at a pixel the last counts."""
        if self.inputs is None:
            y_ij = x_ij @ self.K
            y_ij += self.b
            return y_ij
        self.inputs[:, i, j] = x_ij
        if self.i != i:
            self.i, self.from_above = i, self.read_above(i)
        window, K = self.here[j]
        y_ij = self.lines[:, i, window] @ K
        y_ij += self.from_above[j]
        return y_ij

    def read_above(self, i):
        """What the rows above give to each pixel of row i, with the bias: (W, n, F)."""
        xp, taps = array_module(self.b), self.above
        if not taps:
            return xp.broadcast_to(self.b, (self.inputs.shape[2], 1, self.F))
        rows = self.inputs[:, max(0, i + taps[0][0]):i + 1]
        n, height, W, C = rows.shape
        P = xp.empty((n, 1, W, len(taps) * C), rows.dtype)
        gather(pad(rows, taps), taps, slice(height - 1, height), P)
        y = P.reshape(n * W, -1) @ self.K_above
        y += self.b
        return xp.ascontiguousarray(y.reshape(n, W, self.F).transpose(1, 0, 2))
