"""A field: an image of real numbers, pixel by pixel in the one order, perhaps beside another image that is known."""

import math

import numpy as np

from minipixel.densities.doors import check_pair, check_real_images, check_size
from minipixel.densities.mcgsm import MCGSM
from minipixel.densities.neighbourhood import causal, gather, gather_some, inside, surrounding
from minipixel.densities.whitening import Whitened, below
from minipixel.order import raster

GATHERED = 1 << 24      # numbers of neighbourhoods held at a time (128 MiB)


class Field:
    """log p(y | context) = sum_ij log p(y_ij | causal neighbours of y_ij, neighbours of context_ij all around)

    y (N, H, W, M), context (N, H, W, C) or None: float64. size: of the causal window; around: of the window in the
    context, 0 where there is none; options: of the MCGSM, which is fitted to whitened pixels.
    """

    def __init__(self, outputs, size, contexts=0, around=0, **options):
        check_size("size", size, 3, odd=True)
        if contexts:
            check_size("around", around, 1, odd=True)
        self.size, self.around, self.contexts = size, around, contexts
        self.taps, self.context_taps = causal(size), surrounding(around) if contexts else ()
        inputs = len(self.taps) * outputs + len(self.context_taps) * contexts
        self.conditional = Whitened(MCGSM(inputs, outputs, **options))

    def samples(self, y, context=None, whole=False):
        """x (n, D) and y (n, M) of the pixels inside, or of all."""
        _, H, W, M = y.shape
        taps = self.taps + self.context_taps
        rows, columns = (slice(0, H), slice(0, W)) if whole else inside(H, W, taps)
        x = gather(y, self.taps, rows, columns)
        if self.contexts:
            x = np.concatenate([x, gather(context, self.context_taps, rows, columns)], axis=3)
        return x.reshape(-1, x.shape[3]), y[:, rows, columns].reshape(-1, M)

    def fit(self, y, context=None, validation=None, *, samples=100_000, rng=0, **options):
        """Fit the conditional to pixels inside, `samples` of them drawn at random; validation: another (y, context).

        options: those of `fitting.lbfgs`. Returns its history.
        """
        check_size("samples", samples)
        check_pair("Field", "y, context", validation)
        for pair in ((y, context), validation):
            if pair is not None:
                self.check(*pair)
        rng = np.random.default_rng(rng)
        drawn = [self.some(*pair, samples, rng) for pair in ((y, context), validation) if pair is not None]
        return self.conditional.fit(*drawn[0], *drawn[1:], rng=rng, **options)

    def some(self, y, context, samples, rng):
        """At most `samples` of the pixels inside: x (n, D), y (n, M)."""
        rows, columns = inside(*y.shape[1:3], self.taps + self.context_taps)
        shape = len(y), rows.stop - rows.start, columns.stop - columns.start
        if math.prod(shape) <= samples:
            return self.samples(y, context)
        # Chosen before anything is gathered: the neighbourhoods of all pixels may not fit into memory.
        n, i, j = np.unravel_index(rng.choice(math.prod(shape), samples, replace=False), shape)
        place = n, i + rows.start, j + columns.start
        x = [gather_some(y, self.taps, *place)]
        if self.contexts:
            x.append(gather_some(context, self.context_taps, *place))
        return np.concatenate(x, axis=1), y[place]

    def log_p(self, y, context=None, whole=True):
        """log p of each image, with zeros outside (`whole`), or of its pixels inside: (N,)"""
        self.check(y, context)
        n = max(1, GATHERED // (y[0, ..., 0].size * self.conditional.inputs))
        parts = [self.conditional.log_p(*self.samples(y[k:k + n], context if context is None else context[k:k + n], whole))
                 for k in range(0, len(y), n)]
        return np.concatenate(parts).reshape(len(y), -1).sum(axis=1)

    def check(self, y, context):
        """ValueError unless images and what lies beside them are this field's."""
        check_real_images("Field", "y", y, self.conditional.outputs)
        self.check_context(context, y.shape[:3])

    def check_context(self, context, shape):
        if not self.contexts and context is not None:
            raise ValueError("Field was made without contexts, got one")
        if self.contexts:
            check_real_images("Field", "context", context, self.contexts)
            if context.shape[:3] != shape:
                raise ValueError(f"Field expects a context of {shape} places as its images have, got {context.shape[:3]}")

    def pixels_inside(self, height, width):
        """How many pixels of an image lie inside."""
        rows, columns = inside(height, width, self.taps + self.context_taps)
        return (rows.stop - rows.start) * (columns.stop - columns.start)

    def sample(self, n, height, width, rng, context=None, limits=(-np.inf, np.inf)):
        """n images, one pixel after the other: (n, height, width, M). rng: a Generator, or a seed

        limits: each pixel is cut to them as soon as it is drawn, so that none that comes after reads what no image holds.
        """
        for what, size in (("the number of samples", n), ("height", height), ("width", width)):
            check_size(what, size)
        self.check_context(context, (n, height, width))
        rng = np.random.default_rng(rng)
        canvas = np.zeros((n, height, width, self.conditional.outputs))
        reach = self.size // 2
        padded = np.pad(canvas, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        known = np.zeros((n, height, width, 0))
        if self.contexts:
            known = gather(context, self.context_taps, slice(0, height), slice(0, width))
        for i, j, _ in raster(height, width, 1):
            before = [padded[:, i + reach + di, j + reach + dj] for di, dj in self.taps]
            x = np.concatenate([*before, known[:, i, j]], axis=1)
            canvas[:, i, j] = padded[:, i + reach, j + reach] = np.clip(self.conditional.sample(x, rng), *limits)
        return canvas

    def arrays(self):
        sizes = {"size": np.array(self.size), "contexts": np.array(self.contexts), "around": np.array(self.around)}
        return sizes | {f"conditional.{name}": value for name, value in self.conditional.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays):
        conditional = Whitened.from_arrays(below("conditional", arrays))
        field = cls(conditional.outputs, *(int(arrays[name]) for name in ("size", "contexts", "around")))
        field.conditional = conditional
        return field
