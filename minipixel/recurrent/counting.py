"""Multiply-adds and numbers in memory, counted while an algorithm runs.

    meter = Meter()
    rtrl(*meter.watch(W, x, d, y0))
    meter.operations, meter.peak

The algorithms know nothing of it. The arrays that go in are of a type of their own, `Counted`, and so is everything that is
computed from them; each product of two such arrays reports to their meter, and so does each new array when it is made and
when it is let go.

A multiply-add is one entry of an elementwise product, or one term of a matrix product; plain sums and the tanh are free. Of
memory the meter counts what an algorithm has made itself. Arrays of the shape of W are left out, as in the paper's table:
every algorithm needs a gradient, and a place to add it up.
"""

import weakref

import numpy as np


class Meter:
    """operations: multiply-adds so far; held: numbers in memory now; peak: the most there were at once."""

    def __init__(self):
        self.operations = self.held = self.peak = 0

    def watch(self, W, *arrays):
        """The arrays as Counted ones. They themselves do not count as held: they were there before."""
        self._gradient = W.shape
        return [self._counted(array) for array in (W, *arrays)]

    def multiplied(self, ufunc, inputs, result):
        if ufunc is np.matmul:
            self.operations += np.size(result) * inputs[0].shape[-1]
        elif ufunc is np.multiply:
            self.operations += np.size(result)

    def made(self, result):
        """The result of a computation as a Counted array, held from now on until nobody refers to it or to a view of it."""
        if not isinstance(result, np.ndarray):
            return result
        if result.base is None and result.shape != self._gradient:
            self.held += result.size
            self.peak = max(self.peak, self.held)
            weakref.finalize(result, self._let_go, result.size)
        return self._counted(result)

    def _let_go(self, size):
        self.held -= size

    def _counted(self, array):
        counted = array.view(Counted)
        counted.meter = self
        return counted


class Counted(np.ndarray):
    """An array that reports to a meter what is computed with it."""

    def __array_finalize__(self, source):
        self.meter = getattr(source, "meter", None)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        inputs = [plain(value) for value in inputs]
        if out:
            options["out"] = tuple(plain(value) for value in out)
        result = getattr(ufunc, method)(*inputs, **options)
        self.meter.multiplied(ufunc, inputs, result)
        return out[0] if out else self.meter.made(result)

    def __array_function__(self, function, types, arguments, options):
        arguments = [[plain(one) for one in value] if isinstance(value, list) else plain(value) for value in arguments]
        return self.meter.made(function(*arguments, **options))


def plain(value):
    """The same memory as an ordinary array; anything else as it is."""
    return value.view(np.ndarray) if isinstance(value, Counted) else value
