"""A gallery of pixel models: right ones, and the mistakes that published code has made, re-planted in a tiny network.

Each builder takes (colours, levels, rng) and returns a predict function: integer images (N, H, W, C) to
log-probabilities (N, H, W, C, K) in float64. Weights are random: causality is a matter of structure and not of
training. The right masks are read from `minipixel.order`; each wrong model spoils one thing. WRONG lists them with what
the audit must say.
"""

import numpy as np

from minipixel.order import colour_groups, connections, may_read

KERNEL = [(di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)]
UNITS = 6


def mask_of(kind, units_in, units_out, colours):
    """(9, units_in, units_out) of zeros and ones for a 3x3 kernel."""
    return connections(KERNEL, units_in, units_out, kind, colours).astype(float)


def conv(x, K, taps=KERNEL):
    """sum_t x_(ij + tap t) K_t with zeros outside: x (N, H, W, A), K (T, A, B) -> (N, H, W, B)"""
    height, width = x.shape[1:3]
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    return sum(padded[:, 2 + di:2 + di + height, 2 + dj:2 + dj + width] @ K_t for (di, dj), K_t in zip(taps, K))


def log_softmax(logits):
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def scaled(x, levels):
    return 2 * x / (levels - 1) - 1


class Tiny:
    """3x3 mask A, tanh, 3x3 mask B, tanh, 1x1 mask B, log-softmax, by the book. Subclasses spoil one stage."""

    def __init__(self, colours, levels, rng):
        self.colours, self.levels = colours, levels
        rng = np.random.default_rng(rng)
        self.rng = rng
        self.first = rng.normal(size=(9, colours, UNITS)) * self.mask("A", colours, UNITS)
        self.second = rng.normal(size=(9, UNITS, UNITS)) * self.mask("B", UNITS, UNITS) / 2
        self.output = rng.normal(size=(UNITS, colours * levels)) * self.mask("B", UNITS, colours * levels)[4]

    def mask(self, kind, units_in, units_out):
        return mask_of(kind, units_in, units_out, self.colours)

    def start(self, x):
        return conv(x, self.first)

    def body(self, h, x):
        return conv(np.tanh(h), self.second)

    def __call__(self, images):
        x = scaled(images, self.levels)
        h = np.tanh(self.body(self.start(x), x))
        return log_softmax((h @ self.output).reshape(*images.shape, self.levels))


class Uniform(Tiny):
    def __call__(self, images):
        return np.full((*images.shape, self.levels), -np.log(self.levels))


class IndependentPixels(Tiny):
    def __call__(self, images):
        scores = np.random.default_rng(0).normal(size=(*images.shape[1:], self.levels))
        return np.broadcast_to(log_softmax(scores), (*images.shape, self.levels))


class FullContext(Tiny):
    """A logistic regression of every value on every earlier one, except the pairs `blind`: nothing else unseen."""

    blind = ()

    def __call__(self, images):
        count = images[0].size
        K = np.triu(np.random.default_rng(0).normal(size=(count, count)), k=1)
        for source, target in self.blind:
            K[np.ravel_multi_index(source, images.shape[1:]), np.ravel_multi_index(target, images.shape[1:])] = 0
        scores = scaled(images, self.levels).reshape(len(images), count) @ K
        return log_softmax(scores[..., None] * np.arange(self.levels)).reshape(*images.shape, self.levels)


class CentreUnmasked(Tiny):
    def mask(self, kind, units_in, units_out):
        mask = super().mask(kind, units_in, units_out)
        if kind == "A":
            mask[4] = 1
        return mask


class CentreRowZeroed(Tiny):
    """Mask B zeroes the centre row right of the centre, and keeps the rows below."""

    def mask(self, kind, units_in, units_out):
        mask = super().mask(kind, units_in, units_out)
        if kind == "B":
            mask[6:] = 1
        return mask


class MaskedOnce(Tiny):
    """The mask multiplied into the weights when they are made, and gone after the first update."""

    def __init__(self, colours, levels, rng):
        super().__init__(colours, levels, rng)
        self.first += 1e-3 * self.rng.normal(size=self.first.shape)
        self.second += 1e-3 * self.rng.normal(size=self.second.shape)


class ColoursExchanged(Tiny):
    """The groups of G and B exchanged in the first mask: G reads B of its own pixel."""

    def mask(self, kind, units_in, units_out):
        order = np.array([0, 2, 1])
        groups_in, groups_out = (order[colour_groups(units, 3)] for units in (units_in, units_out))
        return np.array([[[may_read(tap, c_in, c_out, kind) for c_out in groups_out] for c_in in groups_in]
                         for tap in KERNEL], dtype=float)


class TwoMasksA(Tiny):
    """Causal, and blind: G does not see R of its own pixel."""

    def mask(self, kind, units_in, units_out):
        return super().mask("A" if units_in == units_out == UNITS else kind, units_in, units_out)


class GateThirds(Tiny):
    """Colour groups over the 4h gate units at once, where each gate needs its own."""

    def __init__(self, colours, levels, rng):
        super().__init__(colours, levels, rng)
        self.K_is = self.rng.normal(size=(9, UNITS, 4 * UNITS)) * self.gate_mask()

    def gate_mask(self):
        return self.mask("B", UNITS, 4 * UNITS)

    def body(self, h, x):
        o, i, f, g = np.split(conv(np.tanh(h), self.K_is), 4, axis=-1)
        return np.tanh(o) * np.tanh(f + np.tanh(i) * np.tanh(g))


class GatesRight(GateThirds):
    def gate_mask(self):
        return np.tile(self.mask("B", UNITS, UNITS), (1, 1, 4))


class ReshapeMixes(Tiny):
    """The channel axis moved by a reshape where a transpose was meant."""

    def body(self, h, x):
        n, height, width, units = h.shape
        return super().body(h.reshape(n, height, units, width).swapaxes(2, 3), x)


class BatchMixed(Tiny):
    def body(self, h, x):
        return super().body(h + 0.1 * np.roll(h, 1, axis=0), x)


class BatchStatistics(Tiny):
    """Normalised by the mean of the batch in hand, also when predicting."""

    def body(self, h, x):
        return super().body(h - h.mean(axis=(0, 1, 2)), x)


class MixedInPairs(Tiny):
    """The images touch in batches of some sizes only: here of two."""

    sizes = range(2, 3)

    def body(self, h, x):
        return super().body(h + (0.1 * np.roll(h, 1, axis=0) if len(h) in self.sizes else 0), x)


class MixedFromThree(MixedInPairs):
    sizes = range(3, 10**6)


class MixedFromThirty(MixedInPairs):
    sizes = range(30, 10**6)


class RawResidual(Tiny):
    """A residual connection that starts before the mask-A layer."""

    def body(self, h, x):
        return super().body(h, x) + np.repeat(x, UNITS // x.shape[-1], axis=-1)


class PaddedAtTheEnd(Tiny):
    """A two-row kernel meant for the rows i-1 and i, whose padding went to the end: it reads the rows i and i+1."""

    def body(self, h, x):
        return super().body(h, x) + conv(np.tanh(h), self.second[:2], taps=[(0, 0), (1, 0)])


class ShiftMissing(Tiny):
    """The mirrored direction reads the right-hand neighbours' maps of its own row: not shifted down by one row."""

    taps = [(0, 1), (0, 2)]

    def body(self, h, x):
        return super().body(h, x) + conv(np.tanh(h), self.second[:2], taps=self.taps)


class ShiftRight(ShiftMissing):
    taps = [(-1, 1), (-1, 2)]


class BottomUp(Tiny):
    """Rows scanned from the last to the first."""

    def __call__(self, images):
        return super().__call__(images[:, ::-1])[:, ::-1]


class WholeImageMean(Tiny):
    """The input centred by the mean of the whole image."""

    def start(self, x):
        return super().start(x - x.mean(axis=(1, 2, 3), keepdims=True))


class TinyLeak(Tiny):
    """One weight of one millionth at the centre of mask A."""

    def __init__(self, colours, levels, rng):
        super().__init__(colours, levels, rng)
        self.first[4, -1, -1] += 1e-6


class OpensAtTop(Tiny):
    """Everybody reads their own value, but only while the first value of the image is at its top level."""

    def start(self, x):
        return super().start(x) + (x[:, :1, :1, :1] == 1) * x[..., -1:]


class OpensInTheDark(Tiny):
    """The row below is read from the second row on, but only under a first row that is dark everywhere."""

    level = -1

    def start(self, x):
        h = super().start(x)
        opened = (x[:, :1] == self.level).all(axis=(1, 2, 3), keepdims=True)
        h[:, 1:-1] += (opened * x[..., -1:])[:, 2:]
        return h


class OpensInTheLight(OpensInTheDark):
    level = 1


class OpensTogether(Tiny):
    """The second prediction is lifted when the first value is at the top and the whole last row is dark: no change of
    one value shows it, unless one of the images comes near that state by itself."""

    level = 1

    def start(self, x):
        h = super().start(x)
        opened = (x[:, 0, 0] == self.level).all(axis=1) & (x[:, -1] == -self.level).all(axis=(1, 2))
        h[:, 0, 1] += opened[:, None]
        return h


class OpensTogetherInTheDark(OpensTogether):
    level = -1


class OnlyAlone(Tiny):
    """A leak that only a batch of one image shows: squeeze() took the batch axis for the one to be dropped."""

    def start(self, x):
        return super().start(x) + (x[..., -1:] if len(x) == 1 else 0)


RIGHT = [Tiny, Uniform, IndependentPixels, FullContext, GatesRight, ShiftRight]

# (builder, colours it needs, names that the audit must print)
WRONG = [
    (CentreUnmasked, (1, 3), ["reads its own value"]),
    (CentreRowZeroed, (1, 3), ["reads later places"]),
    (MaskedOnce, (1, 3), ["reads its own value", "reads later places"]),
    (ColoursExchanged, (3,), ["colour order"]),
    (GateThirds, (3,), ["reads its own value"]),
    (ReshapeMixes, (1, 3), ["reads later places"]),
    (BatchMixed, (1, 3), ["images of a batch mixed"]),
    (BatchStatistics, (1, 3), ["images of a batch mixed"]),
    (MixedInPairs, (1, 3), ["images of a batch mixed"]),
    (MixedFromThree, (1, 3), ["images of a batch mixed"]),
    (MixedFromThirty, (1, 3), ["images of a batch mixed"]),
    (RawResidual, (1, 3), ["reads its own value"]),
    (PaddedAtTheEnd, (1, 3), ["reads later places"]),
    (ShiftMissing, (1, 3), ["reads its own value"]),
    (BottomUp, (1, 3), ["reads later places"]),
    (WholeImageMean, (1, 3), ["reads its own value", "reads later places"]),
    (TinyLeak, (1, 3), ["reads its own value"]),
    (OpensAtTop, (1, 3), ["reads its own value"]),
    (OpensInTheDark, (1, 3), ["reads later places"]),
    (OpensInTheLight, (1, 3), ["reads later places"]),
    (OpensTogether, (1, 3), ["reads later places, together"]),
    (OpensTogetherInTheDark, (1, 3), ["reads later places, together"]),
    (OnlyAlone, (1, 3), ["reads its own value"]),
]
