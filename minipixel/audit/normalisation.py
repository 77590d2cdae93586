"""Do the probabilities of all images sum to one? Every image of a tiny shape is enumerated.

A model whose predictions read their own or later values may have perfect conditionals: its probabilities do not sum
to one all the same.
"""

import math
from dataclasses import dataclass

import numpy as np

from minipixel.audit.asking import asker
from minipixel.order import raster

MOST = 2**20
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}


@dataclass(frozen=True)
class Normalisation:
    """The result of `audit.normalisation`.

    total: sum over all `count` images of exp(-nats), nats added up from predict; total_nll: the same from the model's
    own `nll`, and difference the largest distance, in nats, between the two (None for a function without `nll`).
    """
    total: float
    count: int
    total_nll: float | None
    difference: float | None
    tolerance: float
    dtype: str
    things: str = "images"

    @property
    def ok(self):
        """The total within `tolerance` of one, and so every nll (relative above one nat) of predict's."""
        return abs(self.total - 1) <= self.tolerance and (self.difference or 0) <= self.tolerance

    def __str__(self):
        verdict = "sum to one" if self.ok else "do NOT sum to one, or predict and nll disagree"
        limits = f"{self.dtype}, within {self.tolerance:.0e}"
        lines = [f"the probabilities of all {self.count:,} {self.things} {verdict} ({limits})",
                 f"predict   sum = 1 {self.total - 1:+.2e}"]
        if self.total_nll is not None:
            lines.append(f"nll       sum = 1 {self.total_nll - 1:+.2e}, at most {self.difference:.1e} from predict")
        return "\n".join(lines)


def normalisation(model, shape, levels):
    """sum_x p(x) over all K^(H W C) images x, where log p(x) is the sum of predict(x) at the levels of x itself.

    `model` is a function as in `audit.causality`, or a model with `predict` and, if it likes, `nll` (nats per image),
    which is then summed as well, but for a model whose attribute `bound` says that it is another quantity. Returns a
    `Normalisation`. ValueError for more than 2^20 images.
    """
    shape = tuple(int(n) for n in shape)
    ask = asker(model, shape, levels)
    count = levels ** math.prod(shape)
    if count > MOST:
        raise ValueError(f"normalisation expects at most {MOST:,} images to enumerate, "
                         f"got {levels}^{math.prod(shape)}: choose a smaller shape or fewer levels")
    nats, nll = [], []
    for start in range(0, count, 2048):
        images = _images(np.arange(start, min(start + 2048, count)), shape, levels)
        logp = ask(images)
        nats.append(_nats(logp, images))
        if hasattr(model, "nll") and not getattr(model, "bound", False):
            nll.append(np.asarray(model.nll(images), dtype=np.float64))
            if nll[-1].shape != (len(images),):
                raise ValueError(f"normalisation expects nll to return nats for each image, ({len(images)},), "
                                 f"got shape {nll[-1].shape}")
    nats, dtype = np.concatenate(nats), logp.dtype.name
    total_nll = difference = None
    if nll:
        nll = np.concatenate(nll)
        total_nll = math.fsum(np.exp(-nll))
        with np.errstate(invalid="ignore"):     # images without any probability are alike where both say so
            difference = float(np.where(nll == nats, 0, np.abs(nll - nats) / np.maximum(1, nats)).max())
    return Normalisation(math.fsum(np.exp(-nats)), count, total_nll, difference, TOLERANCE[dtype], dtype)


def joint_normalisation(small, given, small_shape, shape, levels):
    """sum_s p(s) sum_x p(x | s) over all pairs of a small image s and a large one x.

    small: as the model of `normalisation`; given(s), for s (1, h, w, C): the same, of p(x | s). Returns a `Normalisation`
    whose `difference` is the largest of the parts'. ValueError for more than 2^20 images of either kind.
    """
    first = normalisation(small, small_shape, levels)
    every = _images(np.arange(first.count), tuple(int(n) for n in small_shape), levels)
    p = np.exp(-_nats(asker(small, small_shape, levels)(every), every))
    parts = [normalisation(given(s[None]), shape, levels) for s in every]
    total_nll = difference = None
    if all(one.total_nll is not None for one in (first, *parts)):
        total_nll = math.fsum(p * [one.total_nll for one in parts])
        difference = max(one.difference for one in (first, *parts))
    total, count = math.fsum(p * [one.total for one in parts]), sum(one.count for one in parts)
    return Normalisation(total, count, total_nll, difference, first.tolerance, first.dtype, "pairs")


def _nats(logp, images):
    """-sum of the log-probabilities (N, P, K) at the levels of the images themselves: (N,) float64"""
    rows, columns, colours = np.array(raster(*images.shape[1:])).T
    own = np.take_along_axis(logp, images[:, rows, columns, colours, None], axis=-1)
    return -own.sum(axis=(1, 2), dtype=np.float64)


def _images(numbers, shape, levels):
    """The images whose values are the digits of `numbers` written in base `levels`."""
    digits = numbers[:, None] // levels ** np.arange(math.prod(shape)) % levels
    return digits.reshape(-1, *shape)
