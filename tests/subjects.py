"""The subjects of the laws: a pair, a layer or a model, with its equation, in the one form that each law takes (Case).

The lists of subjects, and who must keep which law, are in tests/test_laws.py.
"""

from dataclasses import dataclass, field

import numpy as np
import oracle
import oracle_recurrent
import oracle_spatial

from minipixel import build, gradcheck
from minipixel.models import options_of

N, H, W = 2, 3, 4
BIASES = ("b", "h0", "c0")      # how the names of biases and initial states end
NETWORKS = oracle.NETWORKS | oracle_recurrent.NETWORKS | oracle_spatial.NETWORKS
# What a model has between its 7 x 7 layer and its 1 x 1 layers, as tests/reach.py tells it; the convolutional ones: 3 x 3.
BODIES = {"row-lstm": ("rows", 3), "diagonal-bilstm": ("diagonals", 1)}


@dataclass
class Case:
    """forward(**inputs) -> y, cache; backward(dy, cache) -> {name: gradient}; params: what else is differentiated;
    images: the axis that counts images (or samples), by the name of the argument, and of the "output"."""

    forward: object
    backward: object
    inputs: dict
    params: dict = field(default_factory=dict)
    owner: object = None
    images: dict = field(default_factory=lambda: dict.fromkeys(("x", "y", "logits", "output"), 0))

    def dy(self, seed=9):
        y, _ = self.forward(**self.inputs)
        return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


def draw_biases(params, rng):
    """A bias or initial state left at zero would hide what is done to it; a high one keeps most ReLUs of small layers open."""
    for name, value in params.items():
        if name.endswith(BIASES):
            value[...] = 1 + rng.standard_normal(value.shape) / 2


class Pair:
    """A pair; arguments(normal, rng, n) -> {name: value}; equation(ops, **arguments) -> y; images: as in Case.

    A pair of several outputs is put to the laws with these side by side along axis 1.
    """

    def __init__(self, forward, backward, arguments, equation, images=None):
        self.forward, self.backward, self.arguments, self.formula = forward, backward, arguments, equation
        self.images = images

    def case(self, dtype=np.float64, seed=0, n=N):
        rng = np.random.default_rng(seed)
        inputs = self.arguments(lambda *shape: rng.standard_normal(shape).astype(dtype), rng, n)
        further = {} if self.images is None else {"images": self.images}
        pair = self.forward, self.backward
        if isinstance(self.forward(**inputs)[0], tuple):
            pair = side_by_side(*pair)
        return Case(*pair, inputs, **further)

    def check(self):
        return gradcheck.check(self.forward, self.backward, self.case().inputs, tolerance=1e-7)

    def equation(self, ops, values):
        return self.formula(ops, **values)


def side_by_side(forward, backward):
    """The pair with its outputs as one array."""
    def joined_forward(**inputs):
        parts, cache = forward(**inputs)
        return np.concatenate(parts, axis=1), (cache, np.cumsum([part.shape[1] for part in parts])[:-1])

    def joined_backward(dy, cache):
        return backward(tuple(np.split(dy, cache[1], axis=1)), cache[0])

    return joined_forward, joined_backward


class Layer:
    """A layer; make(rng, dtype) builds it, C units read, formula(ops, params, x) its equation, kernels what is on its
    longest path (as tests/reach.py tells it), first_a the name of a kernel that has mask A, column 1 where it runs on one
    more column; free: how many of the units read are those which no mask rules, and free_kernels what is on their path."""

    def __init__(self, make, C, formula, kernels=(), first_a=None, colours=1, column=0, free=0, free_kernels=()):
        self.make, self.C, self.formula, self.kernels, self.first_a, self.colours = make, C, formula, kernels, first_a, colours
        self.column, self.free, self.free_kernels = column, free, free_kernels

    def layer(self, dtype=np.float64, seed=0):
        rng = np.random.default_rng(seed)
        layer = self.make(rng, np.dtype(dtype))
        draw_biases(layer.params, rng)
        return layer

    def case(self, dtype=np.float64, seed=0, n=N, height=H, width=W):
        layer = self.layer(dtype, seed)

        def backward(dy, cache):
            dx, grads = layer.backward(dy, cache)
            return {"x": dx, **grads}

        x = np.random.default_rng(seed + 1).standard_normal((n, height, width, self.C)).astype(dtype)
        return Case(layer.forward, backward, {"x": x}, layer.params, layer)

    def check(self):
        case = self.case()
        return gradcheck.check_layer(case.owner, case.inputs["x"], tolerance=1e-7)

    def equation(self, ops, values):
        params = dict(values)
        return self.formula(ops, params, params.pop("x"))


def predictions(model, x):
    """model.predict, or of a model of two scales that of the large image given its own small one."""
    if hasattr(model, "given"):
        return model.given(x[:, ::2, ::2]).predict(x)
    return model.predict(x)


class Model:
    """A model by name. Its pair: forward gives the log-probabilities; backward ignores dy and gives the gradients of the
    mean nats."""

    def __init__(self, name, colours, levels, **options):
        self.name, self.colours, self.levels = name, colours, levels
        small = {"h": 5, "out": 7, "layers": 2}
        self.options = {key: value for key, value in small.items() if key in options_of(name)} | options
        layers, size = self.options["layers"], self.options.get("size", 5)
        if name == "spatial-lstm":
            self.first_a, self.kernels = "body.0.K_is", (("A", size), *[("quadrant", 1)] * layers, ("B", 1))
        else:
            self.first_a, self.kernels = "input.K", (("A", 7), *[BODIES.get(name, ("B", 3))] * layers, ("B", 1))
        self.column, self.free = int(options.get("context") == "full"), 0

    def model(self, dtype=np.float64, seed=0, threads=None, **options):
        model = build(self.name, height=H, width=W, colours=self.colours, levels=self.levels, dtype=dtype, rng=seed,
                      threads=threads, **{**self.options, **options})
        draw_biases(model.params, np.random.default_rng(0))
        return model

    def images(self, n=N, height=H, width=W, seed=1):
        return np.random.default_rng(seed).integers(0, self.levels, (n, height, width, self.colours))

    def network(self):
        """The network inside, as a layer that the laws of layers judge as well."""
        formula = NETWORKS[self.name]
        options = {name: value for name, value in self.options.items() if name not in ("h", "out")}
        return Layer(lambda rng, dtype: self.model(dtype, rng).net, self.colours,
                     lambda ops, params, x: formula(ops, params, x, self.colours, **options),
                     self.kernels, self.first_a, self.colours, self.column)

    def case(self, dtype=np.float64, seed=0, n=N):
        model = self.model(dtype, seed)
        return Case(lambda x: (model.predict(x), x), lambda dy, x: model.loss_and_grads(x)[1], {"x": self.images(n)},
                    model.params, model.net)

    def check(self):
        of_density = self.name == "mcgsm" or self.options.get("head") == "mcgsm"
        return gradcheck.check_model(self.model(), self.images(3), tolerance=1e-7 if of_density else 1e-6)

    def equation(self, ops, values):
        params = dict(values)
        options = {name: value for name, value in self.options.items() if name not in ("h", "out")}
        return oracle.log_probs(ops, NETWORKS[self.name], params, params.pop("x"), self.levels, **options)

    def tiny(self):
        """All images of a size that has some hundred of them: binary ones of 3 x 3, grey ones of 2 x 2, colours of 2 x 1."""
        height, width = (2, 1) if self.colours == 3 else (3, 3) if self.levels == 2 else (2, 2)
        count = height * width * self.colours
        return np.indices([self.levels] * count).reshape(count, -1).T.reshape(-1, height, width, self.colours)
