"""The subjects of the laws that have several dimensions, or see the whole map: cells, layers and the labeller's network."""

from functools import partial

import numpy as np
import oracle_md
from subjects import Case, H, Layer, N, Pair, W

from minipixel import build
from minipixel.layers import MDLSTM, MDRNN, InBlocks, MaskedConv
from minipixel.ops import md_cells

D, CELLS, UNITS = 2, 3, 4


class CellPair(Pair):
    """The pair of a cell, put to the laws with h and s side by side along the units; images are counted by the last axis."""

    def case(self, dtype=np.float64, seed=0, n=N):
        rng = np.random.default_rng(seed)
        inputs = self.arguments(lambda *shape: rng.standard_normal(shape).astype(dtype), rng, n)

        def forward(**inputs):
            (h, s), cache = self.forward(**inputs)
            return np.concatenate([h, s], axis=1), cache

        def backward(dy, cache):
            units = inputs["a"].shape[1] if "peepholes" not in inputs else UNITS
            return self.backward((dy[:, :units], dy[:, units:]), cache)

        case = Case(forward, backward, inputs)
        case.images = dict.fromkeys(("a", "c_prev", "output"), 3)
        return case


def mdlstm_arguments(dimensions, limit=None):
    def arguments(normal, rng, n):
        return {"a": normal(D, (dimensions + 3) * UNITS, CELLS, n), "c_prev": normal(D, dimensions * UNITS, CELLS, n),
                "peepholes": normal(D, dimensions + 2, UNITS), "limit": limit}
    return arguments


def mdlstm_formula(stable):
    """The oracle's cell, with images and cells as its rows."""
    def formula(ops, a, c_prev, peepholes, limit):
        dimensions, (directions, _, cells, n) = peepholes.shape[1] - 2, a.shape
        outputs = []
        for d in range(directions):
            rows, states = (v[d].reshape(v.shape[1], -1).swapaxes(0, 1) for v in (a, c_prev))
            s_before = list(states.reshape(len(states), dimensions, UNITS).swapaxes(0, 1))
            found = oracle_md.mdlstm_cell(rows, s_before, peepholes[d], stable)
            outputs.append(oracle_md.library(a).concatenate(found, 1).swapaxes(0, 1).reshape(-1, cells, n))
        return oracle_md.library(a).stack(outputs)
    return formula


def mdrnn_arguments(normal, rng, n):
    return {"a": normal(D, UNITS, CELLS, n), "c_prev": normal(D, 0, CELLS, n)}


def mdlstm_pair(dimensions, stable):
    name = "mdlstm_stable" if stable else "mdlstm"
    return CellPair(*(getattr(md_cells, f"{name}_{way}") for way in ("forward", "backward")), mdlstm_arguments(dimensions),
                    mdlstm_formula(stable))


PAIRS = {
    "mdrnn": CellPair(md_cells.mdrnn_forward, md_cells.mdrnn_backward, mdrnn_arguments,
                      lambda ops, a, c_prev: oracle_md.library(a).concatenate([oracle_md.library(a).tanh(a), c_prev], 1)),
    **{f"mdlstm{'-stable' * stable}-{n}": mdlstm_pair(n, stable) for n in (1, 2, 3) for stable in (False, True)},
}


class MapLayer(Layer):
    """A layer on maps of any number of dimensions; all of its parameters are drawn, for peepholes begin at zero."""

    def __init__(self, make, C, shape, formula):
        super().__init__(make, C, formula)
        self.shape = shape

    def layer(self, dtype=np.float64, seed=0):
        layer = super().layer(dtype, seed)
        rng = np.random.default_rng(seed + 2)
        for value in layer.params.values():
            value += 0.3 * rng.standard_normal(value.shape).astype(value.dtype)
        return layer

    def case(self, dtype=np.float64, seed=0, n=N, shape=None):
        case = super().case(dtype, seed, n)
        x = np.random.default_rng(seed + 1).standard_normal((n, *(shape or self.shape), self.C))
        case.inputs["x"] = x.astype(dtype)
        return case


# For each number of dimensions a map, units read and units of a direction: differences ask for every entry of all parameters.
SHAPES = {1: ((5,), 3, 4), 2: ((H, W), 3, 2), 3: ((2, 3, 2), 2, 1)}
KINDS = {"mdrnn": (MDRNN, {}, oracle_md.mdrnn_cell), "mdlstm": (MDLSTM, {}, oracle_md.mdlstm_cell),
         "mdlstm-stable": (MDLSTM, {"stable": True}, partial(oracle_md.mdlstm_cell, stable=True))}


def md_layer(kind, dimensions):
    cls, options, cell = KINDS[kind]
    shape, C, h = SHAPES[dimensions]
    return MapLayer(lambda rng, dtype: cls(C, h, dimensions, rng=rng, dtype=dtype, **options), C, shape,
                    lambda ops, params, x: oracle_md.layer(params, x, cell))


def in_blocks(rng, dtype):
    return InBlocks(2, MaskedConv(12, 20, 1, "B", 1, rng=rng, dtype=dtype))


def in_blocks_equation(ops, params, x):
    """y of pixel (a, b) of a block: the block's pixels, row by row, times the part of the kernel for that pixel."""
    rows = []
    for i in range(0, x.shape[1], 2):
        blocks = [oracle_md.library(x).concatenate([x[:, i + a, j + b] for a in (0, 1) for b in (0, 1)], 1) @ params["K"][0]
                  + params["b"] for j in range(0, x.shape[2], 2)]
        rows += [oracle_md.library(x).stack([y[:, 5 * (2 * a + b):][:, :5] for y in blocks for b in (0, 1)], 1) for a in (0, 1)]
    return oracle_md.library(x).stack(rows, 1)


LAYERS = {f"{kind}-{n}": md_layer(kind, n) for kind in KINDS for n in SHAPES}
LAYERS["in-blocks"] = MapLayer(in_blocks, 3, (4, 6), in_blocks_equation)


# ---- for the device law


def device_pairs(normal):
    """{name: the forward's arguments}"""
    return {"mdrnn": (normal(D, UNITS, CELLS, N), normal(D, 0, CELLS, N)),
            **{name: tuple(mdlstm_arguments(2)(normal, None, N).values()) for name in ("mdlstm", "mdlstm_stable")}}


def device_layers(dtype):
    """{name: (layer, x)}"""
    chosen = {"MDRNN": "mdrnn-2", "MDLSTM": "mdlstm-2", "MDLSTM stable": "mdlstm-stable-2", "MDLSTM 3": "mdlstm-3",
              "InBlocks": "in-blocks"}
    return {name: (LAYERS[key].layer(dtype), LAYERS[key].case(dtype).inputs["x"]) for name, key in chosen.items()}


def labeller(device="cpu", dtype=np.float64, seed=5, **options):
    """A small labeller of 4 x 6 pixels, 5 levels and 4 classes."""
    options = {"layers": 1, "h": 3, "classes": 4, "colours": 1, **options}
    return build("mdlstm", height=4, width=6, levels=5, rng=seed, dtype=dtype, device=device, **options)


def labelled(n=3, height=4, width=6, levels=5, classes=4, seed=4, colours=1):
    """Images and labels."""
    rng = np.random.default_rng(seed)
    return (rng.integers(0, levels, (n, height, width, colours)).astype(np.uint8),
            rng.integers(0, classes, (n, height, width)).astype(np.uint8))
