"""A model: a causal network from images to logits, and a head that makes nats of them."""

import math

import numpy as np

from minipixel.backend import array_module, device_module, to_numpy
from minipixel.layers.heads import head_for
from minipixel.layers.tail import tail_pass
from minipixel.workers import each


class Model:
    """p(x) = prod_i p(x_i | x_<i) over images x (N, H, W, C) of integers 0..levels-1.

    params                flat, ordered {name: live array}: changed in place, the next call sees it
    nll(x)                nats per image (N,), summed in float64
    loss_and_grads(x)     mean nats per image, and {name: gradient} for exactly the names of params
    predict(x)            log-probabilities (N, H, W, C, K) of every level at every value

    Images of any height and width are taken; `height` and `width` are the sampler's defaults. A batch is cut into shards
    that depend on its shape alone and run on `threads` threads (None: all cores), so results do not depend on them.
    """

    parts = 1       # of an example: the images
    bound = False   # is nll an upper bound on what the levels cost, and so not the nats of what `predict` says?

    def __init__(self, name, options, net, *, height, width, colours, levels, dtype, threads=None):
        self.name, self.options, self.net = name, options, net
        self.height, self.width, self.colours, self.levels = height, width, colours, levels
        self.dtype, self.threads = np.dtype(dtype), threads
        self.head = head_for(colours, levels)
        self.workers = None

    @property
    def params(self):
        return self.net.params

    @property
    def saved(self):
        """The params, and after them what is not trained: {name: live array}, all that a file of weights holds."""
        return {**self.net.params, **self.net.fixed}

    def initialise(self, x, rng=0, taken=(), **options):
        """What a model takes from training images before it is trained, but for names that have been taken from elsewhere.

        Here nothing.
        """

    def drawn(self, example, seed):
        """What a training step is given: the example, and what has to be drawn for it from seed (here nothing)."""
        return example

    @property
    def title(self):
        """The model in a table of figures."""
        return f"{self.name} (upper bound)" if self.bound else self.name

    def uniform_bits(self, height, width):
        """What the uniform model needs in images of this size, in bits per dimension, counted as `nll` counts."""
        return math.log2(self.levels)

    def to(self, device):
        """Move the model to "cpu" or "gpu". Returns the model."""
        self.net.to(device_module(device))
        return self

    @property
    def xp(self):
        """The array module of the device that the parameters are on."""
        return array_module(next(iter(self.net.params.values())))

    def scale(self, x):
        """What the network reads: levels 0..K-1 as numbers from -1 to 1."""
        return x.astype(self.dtype) * self.dtype.type(2 / (self.levels - 1)) - self.dtype.type(1)

    def nll(self, x):
        """-log p(x) of each image in nats: (N,) float64"""
        return self.nats(self.checked(x))

    def predict(self, x):
        """log p(x_ijc = k | earlier values of x) for every k: (N, H, W, C, K), on the host"""
        return np.concatenate(list(each(self, type(self).shard_predict, self.shards(self.checked(x)))))

    def shard_predict(self, x):
        logits, _ = self.net.forward(self.scale(self.xp.asarray(x)))
        return to_numpy(self.head.log_probs(logits))

    def loss_and_grads(self, x):
        """Mean nats per image (a float), and its gradient by parameter name"""
        return self.mean_nats_and_grads(self.checked(x))

    # An example is what the network reads and, last, what the head judges it by: here the images are both.

    def nats(self, *example):
        """Nats of each image of a checked example"""
        return np.concatenate(list(each(self, type(self).shard_nats, self.cut(example))))

    def shard_nats(self, example):
        example = [self.xp.asarray(part) for part in example]
        logits, _ = self.net.forward(self.scale(example[0]))
        return to_numpy(self.head.forward(logits, example[-1])[0])

    def mean_nats_and_grads(self, *example, further=()):
        """Mean nats of a checked example, and its gradient by parameter name; further: what the shards are told besides"""
        N = len(example[0])
        total, sums = 0.0, None
        for nats, grads in each(self, type(self).shard_nats_and_grads, self.cut(example), N, *further):
            total = total + nats
            if sums is None:
                sums = grads
            else:
                for name, grad in grads.items():
                    sums[name] += grad
        return float(to_numpy(total)) / N, sums

    def shard_nats_and_grads(self, example, N):
        """Sum of the nats of a shard, and the gradient of their share in the mean over N images"""
        example = [self.xp.asarray(part) for part in example]
        trunk, tail = self.net.split()
        z, cache = trunk.forward(self.scale(example[0]))
        nats, dz, tail_grads = tail_pass(tail, self.head, z, example[-1], 1 / N)
        _, grads = trunk.backward(dz, cache)
        return nats, {**grads, **tail_grads}

    def first_not_finite(self, x):
        """The name of the first layer whose output for the images x is NaN or inf; None when there is none."""
        with np.errstate(all="ignore"):
            return self.net.first_not_finite(self.scale(self.xp.asarray(self.checked(x))))

    def start(self, canvas):
        """State for `step` on a canvas (n, H, W, C) of scaled values, whose owner writes each drawn value into it."""
        n, height, width, _ = canvas.shape
        return self.net.start(n, height, width, canvas)

    def step(self, canvas_ij, state, i, j, c):
        """log p of every level of colour c at pixel (i, j), given what the canvas holds so far: (n, K)

        With lists i, j, the pixels of a front (`order.fronts`, of the network's lag): (n, A, K).
        """
        return self.head.log_probs(self.net.step(canvas_ij, state, i, j))[..., c, :]

    def shards(self, x):
        """The batch in pieces of about equal size: of as many pixels as suit the network, an even number for two cores;
        on a GPU one."""
        if self.xp is not np:
            return [x]
        n = max(1, self.net.shard // (x.shape[1] * x.shape[2]))
        return np.array_split(x, min(len(x), 2 * -(-len(x) // (2 * n))))

    def cut(self, example):
        """An example in shards."""
        return list(zip(*map(self.shards, example)))

    def checked(self, x):
        """The images as a host array of integers; ValueError when they are not images of this model."""
        x = to_numpy(x) if array_module(x) is not np else np.asarray(x)
        if x.ndim == 4 and len(x) == 0:
            raise ValueError(f"{self.name} expects at least one image, got none")
        if x.ndim != 4 or x.shape[-1] != self.colours or 0 in x.shape:
            raise ValueError(f"{self.name} expects images (N, H, W, {self.colours}), got {x.shape}: is the colour axis last?")
        if x.dtype.kind not in "iu":
            raise ValueError(f"{self.name} expects integer levels 0..{self.levels - 1}, got {x.dtype}")
        if x.min() < 0 or x.max() >= self.levels:
            raise ValueError(f"{self.name} expects levels 0..{self.levels - 1}, got values from {x.min()} to {x.max()}")
        return x

    def cost(self):
        """Stored parameters, multiply-adds a pixel (forward), and numbers a pixel that training keeps (of the tail none)."""
        return {"parameters": sum(value.size for value in self.params.values()),
                "multiply_adds_per_pixel": self.net.connections(),
                "kept_per_pixel": self.net.split()[0].kept()}
