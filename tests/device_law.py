"""The device law: the same code gives NumPy's numbers on a device. Its cases, for the stand-in and for a real GPU.

A case is a function of a Place and a dtype that computes there and returns {what: array}. The list is made from what is
registered, so a new model joins by itself, and a new pair or layer that is left out is an error (`left_out`).
"""

import inspect
import pkgutil
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module

import md_subjects
import numpy as np
from density_subjects import stirred
from subjects import predictions

import minipixel.layers
import minipixel.ops
from minipixel.backend import device_module, to_numpy
from minipixel.data.dataset import Dataset
from minipixel.layers import (
    Beside,
    Conditional,
    Conv,
    DiagonalBiLSTM,
    Enlarge,
    Fixed,
    FullContext,
    Layer,
    MaskedConv,
    ReLU,
    Residual,
    RowLSTM,
    Sequential,
    Skips,
    SpatialLSTM,
)
from minipixel.models import CHOICES, MODELS, build, options_of
from minipixel.models.density import Density
from minipixel.models.pixelcnn import output_stage
from minipixel.models.saved import put
from minipixel.ops.cells import LSTM
from minipixel.ops.spatial_cells import SPATIAL_LSTM
from minipixel.order import DIAGONALS, QUADRANT, walk
from minipixel.sampling import complete, sample
from minipixel.training.loop import Trainer
from minipixel.training.optimisers import OPTIMISERS, clip_norm
from minipixel.training.run import Run

TAPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0))
N, H, W = 2, 3, 5


@dataclass(frozen=True)
class Place:
    """Where a case computes. `hot` surrounds what must not read the device, `calls` what may do so by to_numpy only."""

    device: str
    hot: object = nullcontext
    calls: object = nullcontext

    def up(self, x):
        return device_module(self.device).asarray(x)


HOST = Place("cpu")


def host(arrays):
    return {name: to_numpy(value) for name, value in arrays.items()}


def differences(found, expected):
    """{what: largest difference over the largest entry}, and an AssertionError where names, dtypes or shapes differ."""
    assert list(found) == list(expected)
    for name, value in found.items():
        assert (value.dtype, value.shape) == (expected[name].dtype, expected[name].shape), name
    return {name: float(np.max(np.abs(found[name].astype(float) - expected[name]), initial=0)
                        / max(1e-8, np.max(np.abs(expected[name]), initial=0))) for name in found}


# ---- pairs: name -> the forward's arguments for a dtype, float arrays drawn from rng


def pair_arguments(rng, dtype):
    def normal(*shape):
        return rng.standard_normal(shape).astype(dtype)
    diagonals = walk(DIAGONALS, (H, W))
    return {
        "relu": (normal(N, H, W, 4),),
        "conv": (normal(N, H, W, 4), normal(len(TAPS), 4, 6), normal(6), TAPS),
        "enlarge": (normal(N, H, W, 4), normal(2, 2, 4, 6), normal(6)),
        "bernoulli": (normal(N, H, W, 3), rng.integers(0, 2, (N, H, W, 3))),
        "softmax": (normal(N, H, W, 3 * 5), rng.integers(0, 5, (N, H, W, 3))),
        "lstm": (normal(2, 4 * 3, W, N), normal(2, 3, W, N)),
        "scan": (normal(2, 3, H * W, N, 4), normal(2, 3, 4, 4 * 3), normal(2, 4 * 3), normal(2, 2, 3, 4 * 3), normal(2, 3),
                 normal(2, 3), None, diagonals, LSTM),
        "pack": (normal(N, H, W, 4), diagonals, TAPS),
        "map": (normal(2, 6, H * W, N), diagonals, (0, 1)),
        "spatial_lstm": (normal(2, 5 * 3, W, N), normal(2, 2 * 3, W, N), normal(2, 2 * 3, 5 * 3)),
        "recurrence": (normal(N, H, W, 4), normal(1, 3, 4, 5 * 3), normal(1, 5 * 3), normal(1, 2, 3, 5 * 3), QUADRANT,
                       TAPS[2:], SPATIAL_LSTM, None, None, normal(1, 2 * 3, 5 * 3)),
        "mcgsm": (normal(7, 4), normal(7, 2), normal(5, 3), normal(5, 3) / 2, normal(5, 6), normal(6, 4) / 2, normal(5, 2, 4),
                  np.eye(2, dtype=dtype) + normal(5, 2, 2) / 3, normal(5, 2), normal(5, 4)),
    } | md_subjects.device_pairs(normal)


def pairs():
    """{name: (forward, backward)} of every pair in minipixel.ops."""
    found = {}
    for module in pkgutil.iter_modules(minipixel.ops.__path__, "minipixel.ops."):
        functions = dict(inspect.getmembers(import_module(module.name), inspect.isfunction))
        found |= {name.removesuffix("_forward"): (function, functions[name.replace("_forward", "_backward")])
                  for name, function in functions.items() if name.endswith("_forward")}
    return found


def pair_case(name):
    def run(place, dtype):
        rng = np.random.default_rng(1)
        arguments = [place.up(a) if isinstance(a, np.ndarray) else a for a in pair_arguments(rng, dtype)[name]]
        forward, backward = pairs()[name]
        with place.hot():
            y, cache = forward(*arguments)
            outputs = y if isinstance(y, tuple) else (y,)
            dy = tuple(place.up(rng.standard_normal(out.shape).astype(out.dtype)) for out in outputs)
            grads = backward(dy if isinstance(y, tuple) else dy[0], cache)
        return host({**{f"output {k}": out for k, out in enumerate(outputs)}, **grads})
    return run


# ---- layers: name -> a layer of 6 maps in and out


def make_layers(rng, dtype):
    def conv(k=3, mask="B"):
        return drawn(masked(6, 6, k, mask))

    def masked(C, F, k, mask="B", gain=2.0):
        return MaskedConv(C, F, k, mask, 3, rng=rng, dtype=dtype, gain=gain)

    def conditional():
        lstm = drawn(DiagonalBiLSTM(6, 6, 3, rng=rng, dtype=dtype, free=3))
        bias = MaskedConv(3, 6, 1, "B", 1, rng=rng, dtype=dtype)
        return Conditional(3, 3, masked(3, 6, 3, "A"), bias, [Sequential(lstm=lstm)], output_stage(masked, 6, 4, 6))

    def recurrence(cls):
        return drawn(cls(6, 6, 3, rng=rng, dtype=dtype))

    def drawn(layer):
        for name in sorted({"b", "h0", "c0"} & set(layer.params)):      # the draws do not follow the hash seed
            layer.params[name] = rng.standard_normal(layer.params[name].shape).astype(dtype)
        return layer
    whole = {"rng": rng, "dtype": dtype}
    return {
        "Conv": drawn(Conv(6, 6, 3, **whole)), "Enlarge": drawn(Enlarge(6, 6, **whole)), "Conditional": conditional(),
        "Fixed": Fixed(conv(3, "A")), "Beside": Beside(2, drawn(masked(4, 4, 3))),
        "MaskedConv": conv(), "MaskedConv A": conv(5, "A"), "MaskedConv 1x1": conv(1), "ReLU": ReLU(),
        "Sequential": Sequential(first=conv(), relu=ReLU(), last=conv(1)),
        "Residual": Residual(relu=ReLU(), conv=conv()),
        "Skips": Skips([conv(), conv()], [conv(1), conv(1)]),
        "SpatialLSTM": drawn(SpatialLSTM(6, 6, 3, 5, "A", **whole)),
        "SpatialLSTM extended": drawn(SpatialLSTM(6, 6, 3, extended=True, **whole)),
        "RowLSTM": recurrence(RowLSTM), "DiagonalBiLSTM": recurrence(DiagonalBiLSTM),
        "FullContext": FullContext(6, Sequential(conv=conv(3, "A"), lstm=recurrence(DiagonalBiLSTM))),
    }


def layer_case(name):
    def run(place, dtype):
        rng = np.random.default_rng(2)
        layer = make_layers(rng, dtype)[name].to(device_module(place.device))
        x = place.up(rng.standard_normal((N, H, W, 6)).astype(dtype))
        dy = place.up(rng.standard_normal((N, 2 * H, 2 * W, 6)).astype(dtype))
        steps = {}
        with place.hot():
            y, cache = layer.forward(x)
            dx, grads = layer.backward(dy[:, :y.shape[1], :y.shape[2]], cache)
            if hasattr(layer, "step"):
                state = layer.start(N, H, W)
                steps = {f"y[{i}, {j}]": layer.step(x[:, i, j], state, i, j) for i in range(H) for j in range(W)}
        return host({"y": y, "dx": dx, **grads, **steps})
    return run


def map_layer_case(name):
    """The layers of n dimensions, which are no visit of a raster: each has an input of its own."""
    def run(place, dtype):
        layer, x = md_subjects.device_layers(dtype)[name]
        layer.to(device_module(place.device))
        x = place.up(x)
        layer.backward(*layer.forward(x))       # places in the map are brought there once
        with place.hot():
            y, cache = layer.forward(x)
            dx, grads = layer.backward(y, cache)
        return host({"y": y, "dx": dx, **grads})
    return run


def left_out():
    """Pairs and layers that are in the library and not in the lists above."""
    rng = np.random.default_rng(0)
    layers = {name for name, value in vars(minipixel.layers).items()
              if inspect.isclass(value) and issubclass(value, Layer) and value is not Layer}
    here = {*pair_arguments(rng, np.float64), *make_layers(rng, np.float64), *md_subjects.device_layers(np.float64)}
    return (set(pairs()) | layers) - here


# ---- models, a training step and the sampler


def images(colours, levels, n=3):
    return np.random.default_rng(4).integers(0, levels, (n, 4, 5, colours)).astype(np.uint8)


def make_model(place, dtype, name, colours=1, levels=3, **options):
    small = {"layers": 2, "h": 6, "out": 6, "small_layers": 1, "maps": 3, "components": 2, "scales": 2, "features": 3}
    options = {key: value for key, value in small.items() if key in options_of(name)} | options
    model = build(name, height=4, width=5, colours=colours, levels=levels, rng=5, dtype=dtype, device=place.device,
                  **options)
    if isinstance(model, Density):  # whose components are nearly the same at the start: differences of equal numbers
        away = stirred({name: value.copy() for name, value in host(model.saved).items()}, np.random.default_rng(1))
        put(model.saved, away, "stirred")
    return model


def model_case(name, colours, levels, **options):
    def run(place, dtype):
        model, x = make_model(place, dtype, name, colours, levels, **options), images(colours, levels)
        with place.calls():
            loss, grads = model.loss_and_grads(x)
            return host({"nll": model.nll(x), "predict": predictions(model, x), "loss": np.asarray(loss), **grads})
    return run


def labeller_case(cell):
    def run(place, dtype):
        model = md_subjects.labeller(place.device, dtype, layers=2, cell=cell, clip_deltas=cell == "mdlstm")
        x, labels = md_subjects.labelled()
        with place.calls():
            loss, grads = model.loss_and_grads(x, labels)
            return host({"nll": model.nll(x, labels), "predict": model.predict(x), "loss": np.asarray(loss), **grads})
    return run


def step_case(optimiser, name):
    """Three steps with clipping: the weights, the optimiser's slots, the losses."""
    def run(place, dtype):
        model, x = make_model(place, dtype, name), images(1, 3)
        memory, losses = OPTIMISERS[optimiser](model.params), []
        for step in (1, 2, 3):
            with place.calls():
                loss, grads = model.loss_and_grads(x)
            with place.hot():
                clip_norm(grads, 1.0)
                memory.update(model.params, grads, 1e-2, step)
            losses.append(loss)
        return host({**model.params, **memory.slots, "losses": np.array(losses)})
    return run


def sampler_case(name, colours, levels):
    def run(place, dtype):
        model, x = make_model(place, dtype, name, colours, levels), images(colours, levels)
        known = np.arange(4)[:, None, None] < 2 + 0 * x[0]
        with place.calls():
            drawn = {"sample": sample(model, n=3, rng=6), "cold": sample(model, n=2, rng=6, temperature=0.5)}
            if not hasattr(model, "given"):
                drawn["complete"] = complete(model, x, known, rng=6)
            return drawn
    return run


def cases():
    """{name: (case, dtypes)}. Adam and RMSProp divide by the gradient's size, so rounding decides entries near zero."""
    both, double = (np.float32, np.float64), (np.float64,)
    rng = np.random.default_rng(0)
    found = {f"pair {name}": (pair_case(name), both) for name in pair_arguments(rng, np.float64)}
    found |= {f"layer {name}": (layer_case(name), both) for name in make_layers(rng, np.float64)}
    found |= {f"layer {name}": (map_layer_case(name), both) for name in md_subjects.device_layers(np.float64)}
    found |= {f"labeller {cell}": (labeller_case(cell), both) for cell in CHOICES["cell"]}
    for name in MODELS:
        switches = {option: not value for option, value in options_of(name).items() if isinstance(value, bool)}
        switches |= {option: word for option, value in options_of(name).items() if option in CHOICES
                     for word in CHOICES[option] if word != value}
        for colours, levels in ((1, 2), (1, 3), (3, 4)):
            found[f"model {name} {colours}x{levels}"] = model_case(name, colours, levels), both
        for option, value in switches.items():
            found[f"model {name} {option}={value}"] = model_case(name, 1, 3, **{option: value}), both
        for colours, levels in ((1, 2), (3, 4)):
            found[f"sampler {name} {colours}x{levels}"] = sampler_case(name, colours, levels), both
    found |= {f"step {name}": (step_case(name, "pixelcnn"), both if name == "sgd" else double) for name in OPTIMISERS}
    found |= {f"step sgd of {name}": (step_case("sgd", name), both) for name in MODELS if name != "pixelcnn"}
    return found


CASES = [(name, case, dtype) for name, (case, dtypes) in cases().items() for dtype in dtypes]
IDS = [f"{name} {dtype.__name__}" for name, _, dtype in CASES]


def trained(place, folder, model="pixelcnn", **options):
    """Two epochs by the real loop in a run folder, as `minipixel train` runs them: the Trainer, done."""
    x = images(1, 3, n=8)
    data = Dataset("noise", x, x[:2], x[2:4], 3, "drawn")
    recipe = {"epochs": 2, "batch": 4, "optimiser": "sgd", "rate": 1e-2, "clip": 1.0}
    sizes = {"height": 4, "width": 5, "colours": 1, "levels": 3}
    options = {"layers": 1, "h": 4, "out": 4, **options}
    run = Run.create({"model": model, "options": options, **sizes, "data": "noise", "seed": 7, "recipe": recipe},
                     folder)
    trainer = Trainer(run, data, device=place.device)
    with place.calls():
        trainer.fit(lambda trainer: None)
    return trainer


def weights(folder):
    """What a training has saved: {file/name: array}."""
    files = {file: np.load(folder / file, allow_pickle=False) for file in ("weights.npz", "average.npz")}
    return {f"{file}/{name}": value for file, arrays in files.items() for name, value in arrays.items()}
