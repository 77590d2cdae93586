"""Does a prediction depend on anything it may not know? Found by changing values, never by trusting derivatives.

A derivative misses what opens only under some values, and what stands behind a step or a comparison. So every value of
several images is set to every level, one at a time, and the predictions of all places are compared with those before.
Further, everything from a place on is replaced at once (two later values may open a leak together), images are
predicted alone and in company, and one by one. The order itself is read from `minipixel.order`.
"""

from itertools import product

import numpy as np

from minipixel.audit.asking import asker
from minipixel.audit.findings import ALL_LEVELS, ANOTHER, LATER, OWN, TOGETHER, Causality, Leak, Unseen
from minipixel.order import raster

FLOOR = {"float32": 3e-5, "float64": 1e-12}     # the least threshold: a deep sum in another order may differ by this
NOISE_FACTOR, CAP = 8, 32                       # threshold = 8 x the measured noise, within 1 and 32 times the floor


def causality(predict, shape, levels, rng=0, progress=False):
    """Which values of an image, p(x) = prod p(x_i | x_<i), does each prediction really read?

    predict: integer images (N, H, W, C), values 0..levels-1, to log-probabilities (N, H, W, C, K) in float32 or float64
    (or a model with such a `predict`); shape (H, W, C). Small shapes say as much as large ones: every place is visited.
    Up to 20 levels the cost is B H W C (K + 1) images for B base images, 9 or K + 3 of them if that is more. With more
    levels the base images share them, and the cost is H W C (K + 36): every level of every value is tried, but in one of
    the base images only, so that a leak which opens for one level of two values at once may stay hidden.

    progress: a bar on standard error, of the base images.

    Returns a `Causality`: `.ok` (no leak), `.leaks` and `.unseen` (see findings.py), `.influence` (P, P) with the
    largest change of the prediction at each place (second axis) when each place (first axis) was changed, both in
    raster order; `print(result)` says it all. A change of a log-probability from a to b is
    |a - b| / max(1, min(|a|, |b|)); it counts above `.threshold`, which is 8 times the measured rounding noise within
    fixed bounds for each dtype.

    Raises ValueError when predict returns no log-probabilities or differs from call to call.
    """
    shape, rng = tuple(int(n) for n in shape), np.random.default_rng(rng)
    probe = Probe(asker(predict, shape, levels), shape, levels, rng, progress)
    size = max(2, min(256, 2**15 // (shape[0] * shape[1]), 2**22 // (np.prod(shape) * levels)))
    dtype, noise, threshold = probe.noise(size)

    company = probe.company()
    influence, together, beside = probe.sweep(size)
    company = np.maximum(company, beside)
    if company.max() > threshold:       # images touch each other: only one by one can the rest be told apart
        influence, together, _ = probe.sweep(1)
    influence = np.maximum(influence, probe.one_by_one())

    leaks, unseen = _judge(influence, together, company, threshold, raster(*shape))
    return Causality(shape, levels, leaks, unseen, influence, threshold, noise, dtype, len(probe.bases), probe.asked)


def _judge(influence, together, company, threshold, places):
    """The leaks, largest first, and the earlier places that were not seen, nearest first."""
    source, target = np.nonzero(influence > threshold)
    leaks = [Leak(places[s], places[t], float(influence[s, t]), OWN if s == t else LATER)
             for s, t in zip(source, target) if s >= t]
    if not leaks:                       # joint changes add something only where single ones found nothing
        source, target = np.nonzero(together > threshold)
        leaks = [Leak(places[s], places[t], float(together[s, t]), TOGETHER) for s, t in zip(source, target)]
    leaks += [Leak(None, places[t], float(company[t]), ANOTHER) for t in np.flatnonzero(company > threshold)]
    source, target = np.nonzero(np.triu(influence <= threshold, k=1))
    unseen = [Unseen(places[s], places[t], float(influence[s, t])) for s, t in zip(source, target)]
    return sorted(leaks, key=lambda leak: -leak.change), unseen


def _change(a, b):
    """The largest change over the levels: (..., K), (..., K) -> (...); infinite from or to a zero probability."""
    with np.errstate(invalid="ignore"):
        change = np.abs(a - b) / np.maximum(1, np.minimum(np.abs(a), np.abs(b)))
    return np.where(a == b, 0, change).max(axis=-1)


class Probe:
    """The questions put to one function: base images, their changes, and how the answers moved."""

    def __init__(self, ask, shape, levels, rng, progress):
        self._ask, self.asked, self.progress = ask, 0, progress
        self.shape, self.levels, self.rng = shape, levels, rng
        self.places = np.array(raster(*shape))
        self.bases = base_images(shape, levels, rng)
        self.alone = np.concatenate([self.ask(base[None]) for base in self.bases])

    def ask(self, images):
        self.asked += len(images)
        return self._ask(images)

    def noise(self, size):
        """dtype, rounding noise (copies of one image must agree, wherever they stand in a batch), and the threshold."""
        dtype = self.alone.dtype.name
        for base, alone in zip(self.bases, self.alone):
            again = _change(self.ask(base[None]), alone).max()
            if again > CAP * FLOOR[dtype]:
                raise ValueError(f"predict differs by {again:.2g} between two calls with the same image: "
                                 "is dropout on, or a random generator inside?")
        copies = [_change(self.ask(np.repeat(base[None], n, axis=0)), alone).max()
                  for base, alone in zip(self.bases, self.alone) for n in {2, len(self.bases), size}]
        noise = float(max(again, *copies))
        return dtype, noise, float(np.clip(NOISE_FACTOR * noise, FLOOR[dtype], CAP * FLOOR[dtype]))

    def company(self):
        """(P,) the largest change of an image's predictions when others stand beside it: batches of two and of all."""
        largest = np.zeros(len(self.places))
        for size in (2, len(self.bases)):
            for first in range(len(self.bases)):
                batch = (first + np.arange(size)) % len(self.bases)
                largest = np.maximum(largest, _change(self.ask(self.bases[batch]), self.alone[batch]).max(axis=0))
        return largest

    def sweep(self, size):
        """Every change of every base image, in batches of `size`.

        Returns three largest changes: influence (P, P) of single values, together (P, P) of all values from a place on
        upon the predictions up to that place, and beside (P,) of the base image itself, first in every batch.
        """
        from tqdm import trange
        count = len(self.places)
        influence, together, beside = np.zeros((count, count)), np.zeros((count, count)), np.zeros(count)
        for number in trange(len(self.bases), desc="auditing", unit="base image", disable=not self.progress, leave=False):
            base, alone = self.bases[number], self.alone[number]
            sources, values = self.single_changes(base, self.tried_levels(number))
            for part in self._parts(len(sources), size):
                images = self.changed(base, sources[part], values[part])
                reference, change = self._compare(base, alone, images, size)
                np.maximum.at(influence, sources[part], change)
                beside = np.maximum(beside, _change(reference, alone))
            neighbours = self.bases[number - 1], self.bases[(number + 1) % len(self.bases)]
            for other, part in product(neighbours, self._parts(count, size)):
                cuts = np.arange(count)[part]
                reference, change = self._compare(base, alone, self.spliced(base, other, cuts), size)
                forbidden = cuts[:, None] >= np.arange(count)
                together[part] = np.maximum(together[part], np.where(forbidden, change, 0))
                beside = np.maximum(beside, _change(reference, alone))
        return influence, together, beside

    def _parts(self, count, size):
        """Slices of at most size - 1 (the base image comes first in a batch), or of one."""
        step = max(1, size - 1)
        return [slice(start, start + step) for start in range(0, count, step)]

    def _compare(self, base, alone, images, size):
        """The base's predictions in the batch of `images` (of one: `alone`), and the changes (n, P) from them."""
        if size == 1:
            return alone, _change(self.ask(images), alone)
        answers = self.ask(np.concatenate([base[None], images]))
        return answers[0], _change(answers[1:], answers[0])

    def one_by_one(self):
        """(P, P) as `influence`, from calls with a single image: one random change of each place of the last base."""
        base, sources = self.bases[-1], np.arange(len(self.places))
        shift = self.rng.integers(1, self.levels, size=len(sources))
        images = self.changed(base, sources, (base[tuple(self.places.T)] + shift) % self.levels)
        return np.concatenate([_change(self.ask(image[None]), self.alone[-1]) for image in images])

    def tried_levels(self, number):
        """All levels; of more than ALL_LEVELS the ends and this base image's share: together the bases try all."""
        if self.levels <= ALL_LEVELS:
            return np.arange(self.levels)
        return np.union1d(np.arange(number % len(self.bases), self.levels, len(self.bases)), [0, self.levels - 1])

    def single_changes(self, base, levels):
        """Which place (M,) to set to which value (M,): each place to each of `levels` but its own."""
        sources, values = np.repeat(np.arange(len(self.places)), len(levels)), np.tile(levels, len(self.places))
        other = values != base[tuple(self.places[sources].T)]
        return sources[other], values[other]

    def changed(self, base, sources, values):
        """Images (M, H, W, C) that differ from `base` in one value each."""
        images = np.repeat(base[None], len(sources), axis=0)
        images[(np.arange(len(sources)), *self.places[sources].T)] = values
        return images

    def spliced(self, base, other, cuts):
        """Images (M, H, W, C): `base` before the place of index `cut`, `other` from it on."""
        index = np.empty(self.shape, dtype=int)
        index[tuple(self.places.T)] = np.arange(len(self.places))
        return np.where(index < cuts.reshape(-1, 1, 1, 1), base, other)


def base_images(shape, levels, rng):
    """The images to be changed (B, H, W, C): all dark, all bright, a smooth ramp, and random ones.

    The random ones are stratified: up to ALL_LEVELS levels each place takes every level in one of them at least.
    """
    top, count = levels - 1, max(6, levels if levels <= ALL_LEVELS else 0)
    ramp = np.rint(np.indices(shape).sum(axis=0) * top / max(1, sum(shape) - 3)).astype(np.int64)
    strata = (np.arange(count).reshape(-1, 1, 1, 1) + rng.random((count, *shape))) * levels / count
    random = rng.permuted(np.minimum(strata.astype(np.int64), top), axis=0)
    return np.concatenate([np.zeros((1, *shape), np.int64), np.full((1, *shape), top), ramp[None], random])
