"""Density models, their head and their layers as subjects of the laws (see tests/subjects.py)."""

import numpy as np
import oracle
import oracle_density
import oracle_recurrent
import oracle_spatial
from subjects import H, Layer, Model, Pair, W

from minipixel import build
from minipixel.layers import Beside, Fixed, MaskedConv
from minipixel.layers.density_head import MCGSMHead


def stirred(live, rng):
    """Parameters and fixed arrays away from a start, where every one of them matters; a scale W keeps its sign."""
    for name, value in live.items():
        if name.endswith("W"):
            value[...] = np.tril(rng.standard_normal(value.shape)) / 3
            value[...] += np.diag(2 - np.diag(value))
        elif not name.endswith(("K", "K_is", "K_ss")):
            value[...] += rng.standard_normal(value.shape) / 3
    return live


# ---- the head, as a pair: params are arguments as well


def head(dtype, M, means, F=3):
    return MCGSMHead(F, M, 2, 3, 4, rng=0, dtype=dtype, means=means)


def head_pair(M, means=False):
    def arguments(normal, rng, n):
        dtype = normal(1).dtype
        params = stirred(head(dtype, M, means).params, np.random.default_rng(1))
        return {"maps": normal(n, H, W, 3 + M), "v": normal(n, H, W, M), **params}

    def forward(maps, v, **params):
        one = head(maps.dtype, M, means)
        stirred(one.fixed, np.random.default_rng(2))
        for name, value in params.items():
            one.params[name] = value
        nats, cache = one.forward(maps, v)
        return nats, (one, cache)

    def backward(dnats, cache):
        one, cache = cache
        return one.backward(dnats, cache)

    def formula(ops, maps, v, **params):
        scale = np.tril(stirred(head(np.float64, M, means).fixed, np.random.default_rng(2))["W"])
        if M > 1:
            free = np.ones((M, M))
            free[0, 0] = 0
            params["L"] = params["L"] * ops.constant(free) + ops.constant(1 - free)
        y = (v - maps[..., -M:]) @ ops.constant(scale).T
        log_p = ops.mcgsm(maps[..., :-M].reshape(-1, 3), y.reshape(-1, M), **params)
        return -(log_p + np.log(np.linalg.det(scale))).reshape(len(v), -1).sum(1)

    return Pair(forward, backward, arguments, formula, images=dict.fromkeys(("maps", "v", "output"), 0))


PAIRS = {"mcgsm-head": head_pair(1), "mcgsm-head-means": head_pair(1, True), "mcgsm-head-rgb": head_pair(3)}

# ---- layers


def fixed_conv(dtype):
    return MaskedConv(2, 5, 3, "A", 1, rng=np.random.default_rng(8), dtype=dtype)


def beside(rng, dtype, cls=Beside):
    return cls(2, MaskedConv(3, 4, 3, "B", 1, rng=rng, dtype=dtype))


def beside_equation(ops, params, x):
    net = {name.removeprefix("net."): value for name, value in params.items()}
    return ops.concat([oracle.masked_conv(ops, net, x[..., :-2], "B", 3, 1), x[..., -2:]], -1)


def fixed_equation(ops, params, x):
    weights = {name: ops.constant(value) for name, value in fixed_conv(np.float64).params.items()}
    return oracle.masked_conv(ops, weights, x, "A", 3, 1)


LAYERS = {"fixed": Layer(lambda rng, dtype: Fixed(fixed_conv(dtype)), 2, fixed_equation, (("A", 3),))}
# Its two ways are apart: not a subject of the law of structure, which asks for one.
APART = {"beside": Layer(beside, 5, beside_equation)}

# ---- models


class Density(Model):
    """A density model by name; `network(ops, params, v)` is its maps by loops."""

    def __init__(self, name, colours, levels, maps, kernels, **options):
        self.name, self.colours, self.levels, self.maps = name, colours, levels, maps
        self.options, self.kernels, self.column = options, kernels, 0

    def model(self, dtype=np.float64, seed=0, threads=None):
        model = build(self.name, height=H, width=W, colours=self.colours, levels=self.levels, dtype=dtype, rng=seed,
                      threads=threads, **self.options)
        stirred(model.saved, np.random.default_rng(1))
        return model

    def equation(self, ops, values):
        values = dict(values)
        x, fixed = values.pop("x"), self.model().net.fixed
        params = {name: value for name, value in (values | fixed).items()}
        maps = self.maps(inside("network.", params), 2 * x / (self.levels - 1) - 1)
        return oracle_density.log_probs(maps, x, self.levels, **inside("head.", params))


def whitened(params, v):
    return oracle.masked_conv(oracle.LOOPS, params, v, "A", 3, 1)


def ride(params, v):
    """The whitened neighbourhood, Spatial LSTMs on it, and the prediction beside them."""
    maps, M, layers = whitened(inside("whitening.", params), v), v.shape[-1], inside("body.net.", params)
    x = maps[..., :-M]
    for l in range(2):
        x = oracle_spatial.spatial_lstm(oracle.LOOPS, inside(f"{l}.", layers), x, 1, "B", 1)
    return np.concatenate([x, maps[..., -M:]], axis=-1)


def row_lstm(params, v):
    """Table 1 with the masks of one colour, however many there are."""
    return oracle_recurrent.NETWORKS["row-lstm"](oracle.LOOPS, params, v, 1, layers=1, context="paper")


def inside(prefix, params):
    """Those whose names begin with prefix, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}


SMALL = {"components": 2, "scales": 2, "features": 3}
ROWS, ROW = (("A", 7), ("rows", 3), ("B", 1)), {"head": "mcgsm", "layers": 1, "h": 3, "out": 3, **SMALL}
RIDE, SPATIAL = [("quadrant", 1)] * 2, {"head": "mcgsm", "layers": 2, "h": 3, "size": 3, **SMALL}
MODELS = {
    "mcgsm": Density("mcgsm", 1, 3, whitened, (("A", 3),), size=3, **SMALL),
    "mcgsm-binary": Density("mcgsm", 1, 2, whitened, (("A", 3),), size=3, **SMALL),
    "mcgsm-rgb": Density("mcgsm", 3, 2, whitened, (("A", 3),), size=3, **SMALL),
    "row-lstm-mcgsm": Density("row-lstm", 1, 3, row_lstm, ROWS, **ROW),
    "row-lstm-mcgsm-rgb": Density("row-lstm", 3, 2, row_lstm, ROWS, **ROW),
    "ride": Density("spatial-lstm", 1, 3, ride, (("A", 3), *RIDE), **SPATIAL),
    "ride-rgb-extended": Density("spatial-lstm", 3, 2, ride, (("A", 3), *RIDE), **SPATIAL, extended=True),
}
