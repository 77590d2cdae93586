"""The models of two scales: x of the full size, and s, every second pixel of it."""

import math
from types import SimpleNamespace

import numpy as np

from minipixel.backend import to_numpy
from minipixel.layers.compose import Composite, prefixed
from minipixel.layers.tail import tail_pass
from minipixel.models.base import Model
from minipixel.workers import each


def small_size(height, width):
    """The size of the small image: a last row or column without a partner counts as well."""
    return -(-height // 2), -(-width // 2)


def subsampled(x):
    """small(x): every second pixel of every second row, from the first. x (N, H, W, C) -> (N, h, w, C)"""
    return x[:, ::2, ::2]


class MultiScale(Model):
    """p(s, x) = p(s) p(x | s), s a small image and x a large one; p(x) = sum_s p(s, x)        PixelRNN, section 3.6

    small                 the Model of s
    given(s)              the model of x with the small image fixed: `predict` and `nll`, as audits ask for them
    nll(x)                an upper bound on -log p(x): -log p(small(x)) - log p(x | small(x)), nats per image
    loss_and_grads(x)     the mean of the bound, and its gradient

    The sum over s is out of reach, and with it p(x_i | x_<i): `predict` refuses.
    """

    bound = True

    def __init__(self, name, options, net, **sizes):
        super().__init__(name, options, net, **sizes)
        height, width = small_size(sizes["height"], sizes["width"])
        parts = net.children
        self.small = Model(f"the small network of {name}", options, parts["small"],
                           **{**sizes, "height": height, "width": width})
        self.large = Large(f"the large network of {name}", options, Composite({"up": parts["up"], "large": parts["large"]}),
                           **sizes)

    def to(self, device):
        self.small.to(device)
        self.large.to(device)
        self.net.join()
        return self

    def given(self, s):
        """p(x | s) for one small image s (1, h, w, C), or for one s for each x."""
        return Given(self.large, self.small.checked(s))

    def uniform_bits(self, height, width):
        """The small image counts as well."""
        return super().uniform_bits(height, width) * (1 + math.prod(small_size(height, width)) / (height * width))

    def predict(self, x):
        raise ValueError(f"{self.name} knows no p(x_i | x_<i), only p(s) and p(x | s): ask model.small or model.given(s)")

    def shard_nats(self, example):
        x, = example
        s = subsampled(x)
        return self.small.shard_nats((s,)) + self.large.shard_nats((x, s))

    def shard_nats_and_grads(self, example, N):
        x, = example
        s = subsampled(x)
        small_nats, small_grads = self.small.shard_nats_and_grads((s,), N)
        nats, grads = self.large.shard_nats_and_grads((x, s), N)
        return small_nats + nats, prefixed("small", small_grads) | grads

    def first_not_finite(self, x):
        s = subsampled(self.checked(x))
        found = self.small.first_not_finite(s)
        return self.large.first_not_finite(x, s) if found is None else f"small.{found}".rstrip(".")

    def start(self, canvas):
        raise ValueError(f"{self.name} is drawn in two: the small image, then the large one given it")

    def cost(self):
        """The small network and the one that enlarges run on a quarter of the pixels."""
        small, large = self.small.cost(), self.large.cost()
        return {name: small[name] + large[name] if name == "parameters" else small[name] // 4 + large[name] for name in small}


class Large(Model):
    """p(x | s) = prod_i p(x_i | x_<i, s): a Model whose calls take a small image s for each x.

    The network reads [x | m], m = up(s) cut to the size of x: an odd size has no partner for its last row or column.
    """

    def nll(self, x, s):
        """-log p(x | s) of each pair in nats: (N,) float64"""
        return np.concatenate(list(each(self, Large.shard_nats, self.pairs(x, s))))

    def predict(self, x, s):
        """log p(x_ijc = k | earlier values of x, s) for every k: (N, H, W, C, K), on the host"""
        return np.concatenate(list(each(self, Large.shard_predict, self.pairs(x, s))))

    def pairs(self, x, s):
        """The batch in shards (x, s)."""
        x, s = self.checked(x), self.checked(s)
        expected = (len(x), *small_size(*x.shape[1:3]), self.colours)
        if s.shape != expected:
            raise ValueError(f"{self.name} expects small images {expected} for images {x.shape}, got {s.shape}")
        shards = self.shards(x)
        ends = np.cumsum([len(shard) for shard in shards])
        return list(zip(shards, np.split(s, ends[:-1])))

    def enlarge_forward(self, x, s):
        """[x | m] for x, s on the model's device"""
        m, cache = self.net.children["up"].forward(self.scale(s))
        return self.xp.concatenate([self.scale(x), m[:, :x.shape[1], :x.shape[2]]], axis=-1), (m.shape, cache)

    def enlarge_backward(self, dxm, cache):
        """The gradients of `up`. What was cut off of m has none."""
        shape, cache = cache
        dm = self.xp.zeros(shape, dxm.dtype)
        dm[:, :dxm.shape[1], :dxm.shape[2]] = dxm[..., self.colours:]
        return self.net.children["up"].backward(dm, cache)[1]

    def logits(self, x, s):
        return self.net.children["large"].forward(self.enlarge_forward(x, s)[0])[0]

    def shard_nats(self, pair):
        x, s = map(self.xp.asarray, pair)
        return to_numpy(self.head.forward(self.logits(x, s), x)[0])

    def shard_predict(self, pair):
        x, s = map(self.xp.asarray, pair)
        return to_numpy(self.head.log_probs(self.logits(x, s)))

    def shard_nats_and_grads(self, pair, N):
        x, s = map(self.xp.asarray, pair)
        trunk, tail = self.net.children["large"].split()
        xm, up_cache = self.enlarge_forward(x, s)
        z, cache = trunk.forward(xm)
        nats, dz, tail_grads = tail_pass(tail, self.head, z, x, 1 / N)
        dxm, grads = trunk.backward(dz, cache)
        up_grads = self.enlarge_backward(dxm, up_cache)
        return nats, prefixed("up", up_grads) | prefixed("large", grads | tail_grads)

    def first_not_finite(self, x, s):
        up, net = self.net.children["up"], self.net.children["large"]
        x, s = self.scale(self.xp.asarray(x)), self.scale(self.xp.asarray(s))
        with np.errstate(all="ignore"):
            found = up.first_not_finite(s)
            if found is not None:
                return f"up.{found}".rstrip(".")
            m = up.forward(s)[0]
            found = net.first_not_finite(self.xp.concatenate([x, m[:, :x.shape[1], :x.shape[2]]], axis=-1))
        return None if found is None else f"large.{found}".rstrip(".")

    def start(self, canvas, s):
        """State for `step`: [x | m] as the network reads it, m made once; x is brought up to date at each step."""
        n, height, width, _ = canvas.shape
        m, _ = self.net.children["up"].forward(self.scale(self.xp.asarray(s)))
        wide = self.xp.concatenate([canvas, m[:, :height, :width]], axis=-1)
        inside = self.net.children["large"].start(n, height, width, wide)
        return SimpleNamespace(canvas=canvas, wide=wide, inside=inside)

    def step(self, canvas_ij, state, i, j, c):
        """log p of every level of colour c at pixel (i, j), given s and what the canvas holds so far: (n, K)"""
        rows = slice(max(0, i - 1), i + 1)  # the last colour of a pixel is drawn after its last step
        state.wide[:, rows, :, :self.colours] = state.canvas[:, rows]
        return self.head.log_probs(self.net.children["large"].step(state.wide[:, i, j], state.inside, i, j))[:, c]

    def cost(self):
        """Enlarging runs on the small image: a quarter of the pixels."""
        up, net = self.net.children["up"], self.net.children["large"]
        return {"parameters": sum(value.size for value in self.params.values()),
                "multiply_adds_per_pixel": up.connections() // 4 + net.connections(),
                "kept_per_pixel": up.kept() // 4 + net.split()[0].kept()}


class Given:
    """p(x | s) with the small image fixed, as the audits ask: integer images in, log-probabilities out."""

    def __init__(self, large, s):
        self.large, self.s = large, s

    def for_each(self, x):
        return np.repeat(self.s, len(x), axis=0) if len(self.s) == 1 else self.s

    def predict(self, x):
        """log p(x_ijc = k | earlier values of x, s): (N, H, W, C, K)"""
        return self.large.predict(x, self.for_each(x))

    def nll(self, x):
        """-log p(x | s) in nats: (N,)"""
        return self.large.nll(x, self.for_each(x))
