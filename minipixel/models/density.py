"""Densities as models: images of real numbers, the levels plus noise, by a network and an MCGSM that reads its maps."""

import math

import numpy as np

from minipixel.backend import to_numpy
from minipixel.densities.dequantised import noise_of, numbers
from minipixel.densities.doors import check_size
from minipixel.densities.fitting import lbfgs
from minipixel.densities.mcgsm import MCGSM
from minipixel.densities.neighbourhood import framed, gather
from minipixel.densities.whitening import ConditionalWhitening
from minipixel.layers import Fixed
from minipixel.layers.compose import prefixed
from minipixel.models.base import Model
from minipixel.units import density_bits
from minipixel.workers import each

SAMPLES = 100_000       # pixels from which a density starts
PIXELRNN = 7            # the window of its first layer, which is no option there
# The eight symmetries of the square: (transposed first, axes that are then mirrored).
ORIENTATIONS = [(transposed, axes) for transposed in (False, True) for axes in ((), (1,), (2,), (1, 2))]


class Density(Model):
    """p(v) = prod_ij p(v_ij | earlier pixels), v_ij the colours of a pixel together, by an MCGSM that reads a network's maps

    v is an image x of levels made real: level k stands for its bin, from k to k + 1, as a number around scale(k), and noise
    that is uniform in the bin is added. The noise depends on a seed and the image alone, not on its place in a batch.

    nll(x)            -log of the density of x + noise on the scale 0..levels, nats per image: on average at least the nats
                      of the levels themselves. With `frame`, of the pixels that are so far from every border
    rate(x, frame)    the same as bits: log2 of the density a value where the levels fill [0, 1], of each image; larger: better
    level_nll(x)      nats per image of the levels themselves, the sum of what `predict` says of them
    predict(x)        log-probabilities of the levels, when all earlier ones are known as integers: exact masses of the bins
                      under the mixture, the outermost ones reaching to infinity, with the known values at the middle of their
                      bins. In colour p(R) p(G | R) p(B | G, R): the mixture's own conditionals. They sum to one
    start, step       likewise: the canvas holds middles of bins

    Both are true of the model and not of each other: the product of `predict` is a distribution of levels, the bins' masses
    given context without noise; `nll` judges the density itself.
    """

    bound = True

    def __init__(self, name, options, net, **sizes):
        super().__init__(name, options, net, **sizes)
        self.network, self.head = net.children["network"], net.children["head"]

    @property
    def whitening(self):
        """The layer that whitens neighbourhoods; None in a network that has none."""
        return self.network if isinstance(self.network, Fixed) else getattr(self.network, "children", {}).get("whitening")

    @property
    def reach(self):
        """The widest frame of pixels whose neighbourhood, the window of the first layer, is cut by a border."""
        return self.options.get("size", PIXELRNN) // 2

    # ---- from levels to real numbers

    @property
    def bin(self):
        """How wide a bin is, as the network reads it."""
        return 2 / (self.levels - 1)

    def noise(self, x, seed=0):
        """Uniform in [0, 1), for each value of the images x: `noise_of`."""
        return noise_of(x, seed).astype(self.dtype)

    def real(self, x, noise):
        """v of levels and noise, on the model's device"""
        return self.scale(self.xp.asarray(x)) + (self.xp.asarray(noise) - self.dtype.type(0.5)) * self.dtype.type(self.bin)

    def edges(self):
        """Where the bins end, outermost at infinity: (K + 1,)"""
        inner = (np.arange(1, self.levels) - 0.5) * self.bin - 1
        return self.xp.asarray(np.concatenate([[-np.inf], inner, [np.inf]]), self.dtype)

    def example(self, x, noise):
        x = self.checked(x)
        noise = self.noise(x) if noise is None else np.asarray(noise, self.dtype)
        if noise.shape != x.shape:
            raise ValueError(f"{self.name} expects noise of the images' shape {x.shape}, got {noise.shape}")
        if not np.isfinite(noise).all():
            raise ValueError(f"{self.name} expects noise of finite numbers, got NaN or inf")
        return x, noise

    def drawn(self, example, seed):
        x, = example
        return x, self.noise(x, seed)

    # ---- likelihoods

    def nll(self, x, noise=None, frame=0, ensemble=False):
        """-log p(x + noise) of each image in nats, on the scale 0..levels: (N,) float64

        noise: in [0, 1), of the images' shape; that of seed 0 if None. frame: pixels left out along each border. ensemble:
        p is the mean over the eight mirrored and transposed images (Theis and Bethge 2015: one for each direction of reading).
        """
        x, noise = self.example(x, noise)
        framed(*x.shape[1:3], frame)
        if ensemble:
            return mean_of_turned(lambda *example: self.nll(*example, frame), x, noise)
        return np.concatenate(list(each(self, Density.shard_nats, self.cut((x, noise)), frame)))

    def level_nll(self, x, ensemble=False):
        """-log p(x) of each image's levels in nats, by exact masses of their bins: (N,) float64

        What `predict` says of the levels that are there, and what samples are drawn from: it compares with the nats of every
        other model of levels. ensemble: as in `nll`.
        """
        x = self.checked(x)
        if ensemble:
            return mean_of_turned(self.level_nll, x)
        return np.concatenate(list(each(self, Density.shard_level_nats, self.shards(x))))

    def rate(self, x, frame=None, ensemble=False):
        """log2 of the density a value on the scale [0, 1], of each image's pixels inside a frame (`reach` if None): (N,)"""
        x, frame = self.checked(x), self.reach if frame is None else frame
        rows, columns = framed(*x.shape[1:3], frame)
        pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
        return density_bits(self.nll(x, frame=frame, ensemble=ensemble), (pixels, self.colours), self.levels)

    def loss_and_grads(self, x, noise=None, frame=0):
        """Mean nats per image (a float), and its gradient by parameter name"""
        x, noise = self.example(x, noise)
        framed(*x.shape[1:3], frame)
        return self.mean_nats_and_grads(x, noise, further=(frame,))

    def shard_nats(self, example, frame=0):
        v = self.real(*example)
        maps, _ = self.network.forward(v)
        rows, columns = framed(*v.shape[1:3], frame)
        v = v[:, rows, columns]
        return to_numpy(self.head.forward(maps[:, rows, columns], v)[0]) + self.of_levels(v)

    def of_levels(self, v):
        """What nats of v become on the scale 0..levels: more by so much"""
        return -v[0].size * math.log(self.bin)

    def shard_nats_and_grads(self, example, N, frame=0):
        v = self.real(*example)
        maps, cache = self.network.forward(v)
        rows, columns = framed(*v.shape[1:3], frame)
        v = v[:, rows, columns]
        nats, head_cache = self.head.forward(maps[:, rows, columns], v)
        grads = self.head.backward(self.xp.full(len(v), 1 / N), head_cache)
        dmaps = self.xp.zeros(maps.shape, maps.dtype)
        dmaps[:, rows, columns] = grads.pop("maps")
        del grads["v"]
        _, inner = self.network.backward(dmaps, cache)
        total = nats.sum() + len(v) * self.of_levels(v)
        return total, prefixed("network", inner) | prefixed("head", grads)

    # ---- levels

    def shard_level_nats(self, x):
        x = self.xp.asarray(x).astype(int)
        middles, edges = self.scale(x), self.edges()
        maps, _ = self.network.forward(middles)
        own = self.xp.stack([edges[x], edges[x + 1]], axis=-1)
        log_p = [self.head.log_mass(maps, middles, own[..., c, :], c) for c in range(self.colours)]
        return -to_numpy(self.xp.stack(log_p).sum(axis=(0, 2, 3, 4), dtype=self.xp.float64))

    def shard_predict(self, x):
        middles = self.scale(self.xp.asarray(x))
        maps, _ = self.network.forward(middles)
        return to_numpy(self.head.log_masses(maps, middles, self.edges()))

    def start(self, canvas):
        n, height, width, _ = canvas.shape
        return self.network.start(n, height, width, canvas)

    def step(self, canvas_ij, state, i, j, c):
        return self.head.log_mass(self.network.step(canvas_ij, state, i, j), canvas_ij, self.edges(), c)

    def first_not_finite(self, x):
        with np.errstate(all="ignore"):
            found = self.network.first_not_finite(self.scale(self.xp.asarray(self.checked(x))))
        return None if found is None else f"network.{found}".rstrip(".")

    # ---- what comes from data

    def initialise(self, x, rng=0, taken=(), samples=SAMPLES, frame=0):
        """Whiten by images and start the head from them: from `samples` pixels, none of them inside the frame.

        taken: names of `saved` that are there already; a whitening among them is left.
        """
        if any(name.startswith("network.whitening") for name in taken):
            pass
        elif self.whitening is not None:
            self.require_neighbours(*self.checked(x).shape[1:3])
            neighbours, y = self.pixels(x, samples, rng, frame, raw=True)
            self.whiten(ConditionalWhitening.of(neighbours, y))
        else:
            _, y = self.pixels(x, samples, rng, frame)
            scale = np.linalg.solve(to_numpy(self.head.fixed["W"]).astype(float), y.T).T
            self.head.fixed["W"] = self.xp.asarray(ConditionalWhitening.of(np.zeros((len(y), 0)), scale).W)
        self.head.density.initialise(*self.pixels(x, samples, rng, frame), np.random.default_rng([*numbers(rng), 1]))

    def require_neighbours(self, height, width):
        """ValueError where a neighbour that is whitened lies outside every image of this size."""
        if self.whitening is not None and self.reach >= min(height, width):
            raise ValueError(f"{self.name} reads {self.reach} pixels up and to both sides and expects images of more, got "
                             f"{height}x{width}: is the option size too large?")

    def whiten(self, by):
        """Make the whitening layer's maps [x^ | m_y + B x^], and the head's scale W."""
        K = np.concatenate([by.P, by.P @ by.B.T], axis=1)
        b = np.concatenate([np.zeros(len(by.P)), by.m_y]) - by.m_x @ K
        fixed = self.whitening.fixed
        fixed["K"], fixed["b"] = self.xp.asarray(K.reshape(fixed["K"].shape)), self.xp.asarray(b)
        self.head.fixed["W"] = self.xp.asarray(by.W)

    def pixels(self, x, samples, seed, frame=0, raw=False):
        """What the head is fitted to at `samples` random pixels: its inputs (n, F) and y^ (n, M), float64 on the host

        raw: the values of the neighbourhood (n, D) and of the pixel (n, M) instead.
        """
        check_size("samples", samples)
        x, rng = self.checked(x), np.random.default_rng([*numbers(seed), 0])
        rows, columns = framed(*x.shape[1:3], frame)
        count = (rows.stop - rows.start) * (columns.stop - columns.start)
        x = x[np.sort(rng.permutation(len(x))[:samples])]
        some = min(count, -(-samples // len(x)))
        places = np.stack([rng.choice(count, some, replace=False) for _ in x])
        shards = self.cut((x, self.noise(x, [*numbers(seed), 2])))
        ends = np.cumsum([len(x_k) for x_k, _ in shards])[:-1]
        shards = [(*shard, chosen) for shard, chosen in zip(shards, np.split(places, ends))]
        found = [np.concatenate(part)[:samples] for part in zip(*each(self, Density.shard_pixels, shards, frame, raw))]
        if not all(np.isfinite(part).all() for part in found):
            raise ValueError(f"the states of {self.name} grew out of all bounds in images of {x.shape[1]}x{x.shape[2]}, as "
                             "memories with two forget gates can: train on smaller ones (--size)")
        return tuple(found)

    def shard_pixels(self, shard, frame, raw):
        x, noise, places = shard
        v = self.real(x, noise)
        rows, columns = framed(*v.shape[1:3], frame)
        if raw:
            v = to_numpy(v)
            found = gather(v, self.whitening.layer.taps, rows, columns), v[:, rows, columns]
        else:
            maps, _ = self.network.forward(v)
            shape = (len(v), rows.stop - rows.start, columns.stop - columns.start, -1)
            found = [to_numpy(part).reshape(shape) for part in self.head.pixels(maps[:, rows, columns], v[:, rows, columns])]
        return tuple(np.concatenate([image.reshape(-1, image.shape[-1])[chosen] for image, chosen in zip(part, places)])
                     .astype(np.float64) for part in found)

    def refit(self, x, y, validation=None, **options):
        """L-BFGS on the head, in float64, for pixels as `pixels` gives them; options and history: those of `fitting.lbfgs`"""
        arrays = self.head.density.arrays()
        twin = MCGSM.from_arrays({name: value.astype(np.float64) for name, value in arrays.items()})
        twin.threads = self.threads
        history = lbfgs(twin.to("cpu" if self.xp is np else "gpu"), x, y, validation, **options)
        self.head.density.put(twin.arrays())
        return history

    def image_nats(self, nats, pixels):
        """Nats of an image of so many pixels, on the scale 0..levels, when a pixel's y^ costs `nats`."""
        return pixels * (nats - float(to_numpy(self.head.log_det())) - self.colours * math.log(self.bin))

    def filters(self):
        """The mixture's features as the window's pixels see them, b P: (features C, rows, size), those of a feature's colours
        one after the other; NaN where nothing is read. None where the head does not read a window itself."""
        if self.whitening is not self.network:
            return None
        K, taps = to_numpy(self.whitening.fixed["K"]), self.whitening.layer.taps
        b = to_numpy(self.head.params["b"]) @ K.reshape(-1, K.shape[-1])[:, :self.head.F].T
        found = np.full((len(b), self.colours, self.reach + 1, 2 * self.reach + 1), np.nan)
        for t, (di, dj) in enumerate(taps):
            found[:, :, self.reach + di, self.reach + dj] = b[:, t * self.colours:(t + 1) * self.colours]
        return found.reshape(-1, *found.shape[2:])

    def cost(self):
        return {"parameters": sum(value.size for value in self.params.values()),
                "multiply_adds_per_pixel": self.net.connections(), "kept_per_pixel": self.net.kept()}


def mean_of_turned(nll, *example):
    """-log of the mean of p over the example's turned images: (N,)"""
    log_p = -np.stack([nll(*(turned(part, *how) for part in example)) for how in ORIENTATIONS])
    top = log_p.max(axis=0)
    return -(top + np.log(np.exp(log_p - top).mean(axis=0)))


def turned(images, transposed, mirrored):
    """Images (N, H, W, C), transposed or not, and then mirrored along some of the axes."""
    return np.flip(images.transpose(0, 2, 1, 3) if transposed else images, mirrored)
