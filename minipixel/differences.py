"""Finite differences: a forward and its backward at one point, moved about and put back.

`gradcheck` asks the questions, `diagnosis` explains the answers; here the numbers are made. Differences are taken of
the outputs first and contracted with the upstream gradient dy after that: what a move does not touch adds no rounding.
"""

import math

import numpy as np

from minipixel.backend import array_module, to_numpy

STEPS = (1e-4, 2e-5, 3e-6)
CLOSE = 1e-6


def dict_or_none(returned):
    """A pair's backward returns its gradients by name already."""
    return returned if isinstance(returned, dict) else None


class Point:
    """A forward and its backward at one point: runs them, moves the point's arrays in place, and puts them back.

    call(arguments) -> y, cache. `values` are the arrays that may be moved: the float arguments (own copies) and params.
    named: from what backward returns to {name: gradient}, None if it has not the form that `form` says in words.
    """

    def __init__(self, call, backward, arguments, params, form="a dict {argument: gradient}", named=dict_or_none):
        self.call, self.backward, self.params, self.form, self.named = call, backward, params, form, named
        self.arguments = {name: array_module(given).array(given, dtype=np.float64) if is_float_array(given) else given
                          for name, given in arguments.items()}
        self.values = {name: given for name, given in self.arguments.items() if is_float_array(given)} | dict(params)
        if not self.values:
            raise ValueError("a gradient check expects at least one float array to differentiate, got none")
        for name, value in self.values.items():
            if not np.isfinite(to_numpy(value)).all():
                raise ValueError(f"a gradient check expects finite numbers, got NaN or inf in {name}")
        self._start = {name: value.copy() for name, value in self.values.items()}

    def outputs(self):
        """The outputs at the point, as a list of host arrays."""
        return parts(self.call(self.arguments)[0])

    def gradients(self, dy, instead=None):
        """{name: gradient} of backward for dy; with instead = (name, array): had it seen that array for its own."""
        y, cache = self.call(self.arguments)
        if instead is None:
            return self.named(self.backward(*self.upstream(y, dy), cache))
        # backward may read the live array, a view of it, or an equal copy in the cache
        live = self.values[instead[0]]
        old, new = live.copy(), array_module(live).asarray(instead[1])
        touched = [live] + [a for a in arrays_in(cache) if a.shape == old.shape and (a == old).all()]
        try:
            for a in touched:
                a[...] = new
            return self.named(self.backward(*self.upstream(y, dy), cache))
        finally:
            for a in touched:
                a[...] = old

    def upstream(self, y, dy):
        """The arguments of backward before the cache: copies of dy in the form of y, or none for a scalar loss."""
        if is_loss(y):
            return ()
        several = isinstance(y, (tuple, list))
        own = [array_module(out).array(given) for out, given in zip(y if several else [y], dy, strict=True)]
        return (tuple(own) if several else own[0],)

    def one_image(self):
        """The same pair at the first image only: every argument as long as the first one is cut."""
        images = next(len(given) for given in self.arguments.values() if is_array(given))
        cut = {name: given[:1] if is_array(given) and given.shape[:1] == (images,) else given
               for name, given in self.arguments.items()}
        return Point(self.call, self.backward, cut, self.params, self.form, self.named)

    def redraw(self, rng):
        """Move every value to a new place nearby (about a tenth of its size), which keeps signs and domains mostly."""
        for name, value in self.values.items():
            old = to_numpy(self._start[name])
            reach = np.maximum(np.abs(old), 0.1 * (np.abs(old).max(initial=0) or 1.0))
            value[...] = array_module(value).asarray(old + 0.1 * reach * rng.standard_normal(old.shape))

    def restore(self):
        """Every value exactly as it was given."""
        for name, value in self.values.items():
            value[...] = self._start[name]


def is_array(given):
    """Is this an array of NumPy or CuPy?"""
    return isinstance(given, array_module(given).ndarray)


def is_float_array(given):
    """Is this an array that a check differentiates?"""
    return is_array(given) and given.dtype.kind == "f"


def is_loss(y):
    """A scalar output is a loss: its backward has no upstream gradient."""
    return not isinstance(y, (tuple, list)) and np.ndim(y) == 0


def parts(y):
    """The outputs as a list of host arrays, copied since an output may be a view of what is moved."""
    return [np.array(to_numpy(part)) for part in (y if isinstance(y, (tuple, list)) else [y])]


def arrays_in(cache):
    """Every array in nested tuples, lists and dicts."""
    if is_array(cache):
        yield cache
    elif isinstance(cache, (tuple, list, dict)):
        for item in cache.values() if isinstance(cache, dict) else cache:
            yield from arrays_in(item)


def slopes_and_corner(point, move, dy, steps=STEPS):
    """Along one line through the point: the central difference of <dy, y> at each step, and how sharp a corner is.

    For a smooth y the bend (y(h) - 2 y(0) + y(-h)) / h is proportional to h. What is left at the smallest step after
    taking away the bend that larger steps foretell is the jump of the derivative at a corner inside that step.
    """
    def at(t):
        move(t)
        return point.outputs()

    centre = at(0.0)
    slopes, bends = [], []
    for h in steps:
        up, down = at(h), at(-h)
        slopes.append(sum(float((d * (u - v)).sum()) for d, u, v in zip(dy, up, down, strict=True)) / (2 * h))
        bends.append([(u - 2 * c + v) / h for u, c, v in zip(up, centre, down, strict=True)])
    move(0.0)
    # the sum over outputs is of absolute values: corners of opposite sign do not hide each other
    corner = max(sum(float(np.abs(d * (small - steps[-1] / h * large)).sum())
                     for d, small, large in zip(dy, bends[-1], bend, strict=True))
                 for h, bend in zip(steps, bends, strict=True))
    return slopes, corner


def sweep(point, name, dy, steps=STEPS):
    """Every entry of one array: slopes (steps, *shape) and corners (*shape)."""
    value = point.values[name]
    slopes, corners = np.zeros((len(steps), *value.shape)), np.zeros(value.shape)
    for place in np.ndindex(value.shape):
        old = value[place].copy()

        def move(t, place=place, old=old):
            value[place] = old + t

        slopes[(slice(None), *place)], corners[place] = slopes_and_corner(point, move, dy, steps)
    return slopes, corners


class Comparison:
    """One array: what backward says, what finite differences say, the error, and the wrong entries."""

    def __init__(self, name, backward, slopes, corners, tolerance, smallest=0.0):
        """smallest: what errors are parts of where no slope is larger"""
        self.name, self.backward, self.tolerance = name, np.array(backward), tolerance
        prefix, dot, last = name.rpartition(".")
        self.label = f"{prefix}{dot}d{last}"
        self.fits = self.backward.shape == slopes.shape[1:]
        inside = np.isfinite(slopes.reshape(len(slopes), -1)).all(axis=1)       # steps that stay in forward's domain
        if not self.fits or not np.isfinite(self.backward).all():
            best, self.error = -1, np.inf
            self.wrong = ~np.isfinite(self.backward) if self.fits else np.ones(slopes.shape[1:], bool)
            self.cornered = np.zeros_like(self.wrong)
        elif not inside.any():
            best, self.error, self.wrong = -1, np.inf, ~np.isfinite(slopes[-1])
            self.cornered = np.zeros_like(self.wrong)
        else:
            inner = tuple(range(1, slopes.ndim))
            slopes = slopes[inside]
            gaps = np.abs(self.backward - slopes)
            smallest = max(1e-8, smallest)
            scales = np.maximum(smallest, np.abs(slopes).max(axis=inner, initial=0, keepdims=True))
            errors = (gaps / scales).max(axis=inner, initial=0)
            best = int(errors.argmin())
            self.error = float(errors[best])
            self.wrong = gaps[best] / scales[best] > tolerance
            # a backward takes one side's derivative: it is at most the jump away from the mean of both
            self.cornered = self.wrong & (gaps.min(axis=0) <= np.nan_to_num(corners))
        self.numeric = slopes[best]
        self.scale = max(1e-8, smallest, np.abs(self.numeric).max(initial=0))
        self.ok = self.error <= tolerance

    def same(self, a, b):
        """Are two arrays equal as far as a finite difference can tell?"""
        return a.shape == b.shape and bool((np.abs(a - b) <= CLOSE * self.scale).all())

    def report(self, places):
        """The error, in words as well, and where the wrong entries are."""
        line = f"{self.label}: error {self.error:.1e}, {digits(self.error)}"
        if self.ok or not self.fits:
            return line
        line += f"\n    {self.wrong.sum()} of {self.wrong.size} {places} wrong"
        if places != "entries":
            return line
        gap = np.where(np.isfinite(self.backward), np.abs(self.backward - self.numeric), np.inf)
        worst = np.unravel_index(np.argmax(gap), gap.shape)
        spot = ", ".join(map(str, worst))
        within = "" if self.wrong.all() else f", all of them within {self.label}[{box(self.wrong)}]"
        return (f"{line}{within}\n    worst at [{spot}]: backward says {self.backward[worst]:.6g}, "
                f"finite differences say {self.numeric[worst]:.6g}")


def digits(error):
    """An error as a phrase: how many leading digits agree."""
    if error == 0:
        return "agrees exactly"
    agree = math.floor(-math.log10(error)) if np.isfinite(error) else 0
    return f"agrees to {agree} digit{'s' * (agree != 1)}" if agree > 0 else "not one digit agrees"


def box(mask):
    """The smallest index range that holds all true entries, as Python writes it."""
    ranges = []
    for axis, size in enumerate(mask.shape):
        hit = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        first, end = hit[0], hit[-1] + 1
        ranges.append(":" if end - first == size else str(first) if end - first == 1 else f"{first}:{end}")
    return ", ".join(ranges)
