"""The head of a density: a mixture of conditional Gaussian scale mixtures (MCGSM), with parameters of its own."""

import numpy as np

from minipixel.backend import array_module, moved
from minipixel.densities.mcgsm import MCGSM
from minipixel.layers.base import Layer, Params
from minipixel.ops.mcgsm import mcgsm_backward, mcgsm_forward, mcgsm_masses, pieces

MASSES = 1 << 17        # edges whose distribution functions are asked for at once: they stay in a core's cache


class MCGSMHead(Layer):
    """log p(v_ij | earlier) = log p_MCGSM(y^ | x) + log |det W|,    y^ = W (v_ij - prediction)        Theis and Bethge 2015

    It reads maps [x | prediction] (N, H, W, F + M), F features and M predicted colours of each pixel, and real images v
    (N, H, W, M); a pixel's colours are one vector. The factorised MCGSM of ops/mcgsm.py has the features as its inputs.

    params: those of `densities.MCGSM`: eta, alpha, beta, b, a; L in colour, u with `means`.   fixed: W (M, M), lower
    triangular with a diagonal above zero: the scale of what the prediction leaves, from data.
    """

    lag = 0     # it reads its own pixel's maps

    def __init__(self, F, M, components, scales, features, *, rng, dtype, means=False):
        self.density = MCGSM(F, M, components, scales, features, means=means, rng=rng, dtype=dtype)
        self.F, self.M, self.units = F, M, F + M
        self.params = Params(self.density.params)
        self.fixed = Params(W=np.eye(M, dtype=dtype))

    def to(self, xp):
        self.density.to("cpu" if xp is np else "gpu")
        self.params = Params(self.density.params)
        self.fixed = Params(W=moved(self.fixed["W"], xp))
        return self

    def pixels(self, maps, v):
        """x (n, F) and y^ (n, M) of all pixels"""
        if maps.shape[-1] != self.units or v.shape != (*maps.shape[:-1], self.M):
            raise ValueError(f"MCGSMHead expects maps (N, H, W, {self.units}) and images (N, H, W, {self.M}) of the same size, "
                             f"got {maps.shape} and {v.shape}: is the channel axis last?")
        r = (v - maps[..., self.F:]).reshape(-1, self.M)
        return maps[..., :self.F].reshape(-1, self.F), r @ array_module(r).tril(self.fixed["W"]).T

    def log_det(self):
        """log |det W|, on the device"""
        xp = array_module(self.fixed["W"])
        return xp.log(xp.abs(xp.diagonal(self.fixed["W"]))).sum()

    def forward(self, maps, v):
        """nats_n = -sum_ij log p(v_ij | earlier): (N,) float64"""
        xp, (x, y) = array_module(maps), self.pixels(maps, v)
        log_p, caches, density = xp.empty(len(x), x.dtype), [], self.density.effective()
        for part in pieces(len(x), self.params["eta"]):
            log_p[part], cache = mcgsm_forward(x[part], y[part], **density)
            caches.append(cache)
        nats = -(log_p + self.log_det()).reshape(len(maps), -1).sum(axis=1, dtype=xp.float64)
        return nats, (maps.shape, caches)

    def backward(self, dnats, cache):
        """{"maps": .., "v": .., and the gradient of each of params by name}"""
        shape, caches = cache
        xp, W = array_module(dnats), self.fixed["W"]
        found = {"maps": xp.empty((int(np.prod(shape[:-1])), self.units), W.dtype)}
        dlog_p = xp.repeat(-dnats.astype(W.dtype), len(found["maps"]) // len(dnats))
        found |= {name: xp.zeros_like(value) for name, value in self.params.items()}
        for part, cache in zip(pieces(len(dlog_p), self.params["eta"]), caches, strict=True):
            grads = mcgsm_backward(dlog_p[part], cache)
            found["maps"][part, :self.F] = grads["x"]
            xp.negative(grads["y"] @ xp.tril(W), out=found["maps"][part, self.F:])
            for name in self.params:
                found[name] += grads[name]
        if "L" in found:
            found["L"] *= self.density.free
        maps = found.pop("maps").reshape(shape)
        return {"maps": maps, "v": -maps[..., self.F:], **found}

    def log_masses(self, maps, v, edges):
        """log p(v_c in bin k | v_1 .. v_c-1, maps) of every colour c and bin: (..., M, K); see `log_mass`"""
        return array_module(maps).stack([self.log_mass(maps, v, edges, c) for c in range(self.M)], axis=-2)

    def log_mass(self, maps, v, edges, c):
        """log p(v_c in bin k | v_1 .. v_c-1, maps) of every bin between rising edges, for one colour c: (..., K)

        maps (..., F + M), v (..., M), of which v_c and later colours are never read; edges (K + 1,), or (..., K + 1) where each
        pixel has bins of its own. The exact masses: with infinite ends the
        sum over k is one. A mass below the smallest number counts as that number, so that every logarithm is finite.
        """
        xp, W, density = array_module(maps), array_module(maps).tril(self.fixed["W"]), self.density.effective()
        x, y = self.pixels(maps, v)
        left = (v - maps[..., self.F:]).reshape(-1, self.M)
        prediction = maps[..., self.F + c].reshape(-1, 1)
        ends_of = edges.reshape(-1, edges.shape[-1])
        masses = xp.empty((len(x), ends_of.shape[1] - 1), x.dtype)
        step = max(1, MASSES // ends_of.shape[1]) if xp is np else len(x)
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            own = ends_of[part] if len(ends_of) > 1 else ends_of
            ends = (own - prediction[part]) * W[c, c] + (left[part, :c] @ W[c, :c])[:, None]
            masses[part] = mcgsm_masses(x[part], y[part, :c], ends, **density)
        return xp.log(masses + xp.finfo(x.dtype).tiny).reshape(*v.shape[:-1], -1)

    def connections(self):
        """Products with features, predictors and weights, and each component's scales."""
        p = self.params
        return sum(value.size for name, value in p.items() if name != "eta")

    def kept(self):
        """Responsibilities of prior and posterior, and what leads to them."""
        (J, S), features = self.params["eta"].shape, len(self.params["b"])
        return 2 * J * S + J * (2 + 2 * self.M) + 2 * features + self.F + self.units
