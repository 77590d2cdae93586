"""A causal kernel pixel by pixel, or front by front: what `step` keeps of the inputs of a layer."""

from minipixel.backend import array_module
from minipixel.order import FRONT


class CausalWindow:
    """y_ij = b + sum_t x_(ij + tap t) K_t, as the pixels come in.

    It keeps the rows that taps can reach, units before images, with zero pixels before and after each: what a pixel reads of a
    row is then one window, an array (places * C, n) that no product has to copy. Windows begin at every pixel of all rows one
    after the other, so those of a front are every so many of them: a slice.

    K (T, C, F), b (F,), taps in the order of their keys; canvas (n, H, W, C): the inputs themselves, where their owner writes
    the values when they are known
    """

    def __init__(self, K, b, taps, n, height, width, canvas=None):
        xp = array_module(K)
        T, C, F = K.shape
        self.b, self.canvas, self.at = xp.zeros((F, n), K.dtype) + b[:, None], canvas, None
        K = xp.ascontiguousarray(K.transpose(2, 0, 1))                              # (F, T, C)
        self.pointwise = taps == ((0, 0),)
        if self.pointwise:
            self.K = K[:, 0]
            return
        self.up, r = max(-di for di, _ in taps), max(abs(dj) for _, dj in taps)
        self.pitch, self.first = width + 2 * r, 0       # from row to row; the image's row after the `up` that are kept above
        self.rows = xp.zeros((self.up + min(height, 2 * FRONT), self.pitch, C, n), K.dtype)
        self.pixels = self.windows(0, r, 1)
        self.parts = []
        for di in sorted({di for di, _ in taps}):
            row = [t for t, tap in enumerate(taps) if tap[0] == di]
            self.parts.append((xp.ascontiguousarray(K[:, row]).reshape(F, -1), self.windows(di, r + taps[row[0]][1], len(row))))

    def windows(self, di, dj, length):
        """A view (places, length * C, n) of what stands from (di, dj) on, seen from each place that a row begins with."""
        skip, (rows, pitch, C, n) = (self.up + di) * self.pitch + dj, self.rows.shape
        numbers = self.rows.reshape(rows * pitch * C, n)
        as_strided, stride = array_module(numbers).lib.stride_tricks.as_strided, numbers.strides
        shape = (rows * pitch - skip - length + 1, length * C, n)
        return as_strided(numbers[skip * C:], shape, (stride[0] * C, *stride))

    def step(self, x_ij, i, j):
        """y_ij (n, F) once x_ij (n, C) is known; for a front (n, A, F) and (n, A, C). Of several calls the last counts."""
        x_ij = units_first(x_ij)
        if self.pointwise:
            y_ij = self.K.dot(x_ij) if x_ij.ndim == 2 else self.K @ x_ij    # dot takes a third of a microsecond less
        else:
            if self.at != (i, j):
                self.move(i, j)
            self.pixels[self.place] = x_ij
            y_ij = sum([K @ read[self.place] for K, read in self.parts[1:]], self.parts[0][0] @ self.parts[0][1][self.place])
        y_ij += self.b
        return images_first(y_ij)

    def move(self, i, j):
        """From the pixels before, whose last colour is drawn after their last step, to those of this step."""
        if self.canvas is not None and self.at is not None:
            before_i, before_j = self.at
            self.pixels[self.place] = units_first(self.canvas[:, before_i, before_j])
        self.at = i, j
        front = isinstance(i, list)
        top, bottom = (i[0], i[-1]) if front else (i, i)
        gone = top - self.first
        if bottom - self.first >= len(self.rows) - self.up:
            self.rows[:-gone] = self.rows[gone:].copy()
            self.first, gone = top, 0
        if not front:
            self.place = gone * self.pitch + j
            return
        start, step = gone * self.pitch + j[0], self.pitch + (j[1] - j[0] if len(j) > 1 else 0)
        self.place = slice(start, start + (len(i) - 1) * step + 1, step)


def units_first(x_ij):
    """(n, C) -> (C, n), and of a front (n, A, C) -> (A, C, n)"""
    return x_ij.T if x_ij.ndim == 2 else x_ij.transpose(1, 2, 0)


def images_first(y_ij):
    """The inverse"""
    return y_ij.T if y_ij.ndim == 2 else y_ij.transpose(2, 0, 1)
