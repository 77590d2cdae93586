"""What is measured: each benchmark yields rows (dicts), whose two sides were found equal before they were timed."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from minipixel import build, sample
from minipixel.layers import MaskedConv
from minipixel.models.base import SHARD_PIXELS
from minipixel.order import raster
from minipixel.threads import run_shards

from .timing import LEAST, compared, peak_growth, take_turns
from .torch_side import FORMS, Conv, Network, taps_grads

# The largest difference of two arrays, in norms. float64 says whether both are the same network. In float32 a ReLU whose
# input is zero up to rounding is open on one side and shut on the other, and a gradient then differs by a pixel's share.
EQUAL = {"float64": 1e-11, "float32": 5e-3}
OURS = "minipixel"
BASIC = ("pixelcnn-basic", {"layers": 7, "h": 64, "out": 32})
BLOCKS = ("pixelcnn", {"layers": 7, "h": 32, "out": 32})
TINY = {"layers": 2, "h": 4, "out": 4}


@dataclass(frozen=True)
class Settings:
    """tiny: the smallest shapes, for a test that everything runs; its figures mean nothing."""

    repeats: int = 11
    threads: int = 2
    compiled: bool = True
    tiny: bool = False

    @property
    def forms(self):
        return FORMS if self.compiled else FORMS[:2]

    @property
    def least(self):
        return 0 if self.tiny else LEAST


def conv(settings):
    """A masked convolution alone, forward and backward (dx, dK, db)."""
    N, size, maps = (2, 8, 4) if settings.tiny else (16, 28, 64)
    for C, k, mask in ((maps, 3, "B"), (1, 7, "A")):
        rng = np.random.default_rng(0)
        layer = MaskedConv(C, maps, k, mask, 1, rng=rng, dtype=np.float32)
        x, dy = (rng.standard_normal((N, size, size, units)).astype(np.float32) for units in (C, maps))
        n = max(1, SHARD_PIXELS // size**2)
        shards = [slice(start, start + n) for start in range(0, N, n)]
        sides = {OURS: partial(sharded_pass, layer, x, dy, shards, settings.threads)}
        sides |= {form: conv_pass(layer, x, dy, form) for form in settings.forms}
        ours = sides[OURS]()
        difference = max(require_equal(ours, sides[form](), form) for form in settings.forms)
        yield row(f"{k}x{k} mask {mask}, {C} -> {maps} maps, {size}x{size}, batch {N}", sides, settings, difference,
                  {"parameters": sum(p.size for p in layer.params.values()),
                   "multiply_adds_per_pixel": layer.connections()})


def sharded_pass(layer, x, dy, shards, threads):
    """{what: array} of a layer's forward and backward, in shards over threads as a model does it."""
    def one(shard):
        y, cache = layer.forward(x[shard])
        return y, *layer.backward(dy[shard], cache)
    ys, dxs, grads = zip(*run_shards(one, shards, threads), strict=True)
    return {"y": np.concatenate(ys), "x": np.concatenate(dxs)} | {k: sum(g[k] for g in grads) for k in grads[0]}


def conv_pass(layer, x, dy, form):
    """The same by autograd."""
    module = Conv(layer, form == "usual")
    layout = torch.contiguous_format if form == "usual" else torch.channels_last
    module = module.to(memory_format=layout)
    x, dy = (torch.from_numpy(a.transpose(0, 3, 1, 2)).contiguous(memory_format=layout) for a in (x, dy))
    x.requires_grad_()
    run = torch.compile(module, dynamic=False) if form == "compiled" else module

    def both():
        module.zero_grad(set_to_none=True)
        x.grad = None
        y = run(x)
        y.backward(dy)
        return {"y": y.detach().permute(0, 2, 3, 1).numpy(), "x": x.grad.permute(0, 2, 3, 1).numpy()} | taps_grads(module)
    return both


def training(settings):
    """Forward and backward of the mean nats, without optimiser."""
    cases = [(*BASIC, 28, 1, 2), (*BLOCKS, 28, 1, 2), (*BLOCKS, 32, 3, 256)]
    if settings.tiny:
        cases = [(name, TINY, 8, colours, min(levels, 5)) for name, _, _, colours, levels in cases]
    batch = 2 if settings.tiny else 16
    for name, options, size, colours, levels in cases:
        model = fresh(name, options, size, settings.threads, colours, levels)
        x = images(batch, size, colours, levels)
        equal_in_float64(model, x[:2])
        sides, difference = {OURS: partial(model.loss_and_grads, x)}, 0
        for form in settings.forms:
            network = Network(model, form)
            sides[form] = torch_step(network, x)
            difference = max(difference, equal_steps(model, network, x, form))
        yield row(f"{title(name, options)}, {size}x{size}x{colours}, {levels} levels, batch {batch}", sides, settings,
                  difference, model.cost())


def fresh(name, options, size, threads, colours=1, levels=2):
    return build(name, height=size, width=size, colours=colours, levels=levels, threads=threads, **options)


def images(batch, size, colours=1, levels=2):
    return np.random.default_rng(1).integers(0, levels, (batch, size, size, colours)).astype(np.uint8)


def torch_step(network, x):
    return partial(network.loss_and_grads, network.images(x))


def equal_steps(model, network, x, form):
    """The largest difference of predictions and gradients in the float32 that is timed; AssertionError above EQUAL."""
    theirs = {"loss": np.array(network.loss_and_grads(network.images(x)).item())}
    theirs |= {"predict": network.log_probs(network.images(x)).numpy()} | network.grads()
    loss, grads = model.loss_and_grads(x)
    return require_equal({"loss": np.array(loss), "predict": model.predict(x)} | grads, theirs, form, EQUAL[model.dtype.name])


def equal_in_float64(model, x):
    """The same network with the same weights in float64, where rounding hides nothing."""
    exact = build(model.name, height=model.height, width=model.width, colours=model.colours, levels=model.levels,
                  dtype="float64", threads=model.threads, **model.options)
    for name, value in model.params.items():
        exact.params[name] = value
    for form in FORMS[:2]:
        equal_steps(exact, Network(exact, form), x, form)


def sampling(settings):
    """All values of a batch of images: the cached visit against one full forward a pixel.

    Of the full forwards a stated number is timed and multiplied by the pixels: all of them cost the same.
    """
    n, size, forwards = (2, 6, 2) if settings.tiny else (16, 28, 8)
    for name, options in (BLOCKS, BASIC):
        options = TINY if settings.tiny else options
        model = fresh(name, options, size, settings.threads)
        sides, difference = {OURS: partial(sample, model, n)}, 0
        drawn = sample(model, n)
        for form in settings.forms:
            network = Network(model, form)
            difference = max(difference, require_equal({"log p": stepped(model, drawn)},
                                                       {"log p": network.log_probs(network.images(drawn)).numpy()}, form))
            sides[form] = full_forwards(network, drawn, forwards)
        yield row(f"{title(name, options)}, {n} images {size}x{size}", sides, settings, difference, model.cost(),
                  times={form: size**2 / forwards for form in settings.forms},
                  note=f"PyTorch: {forwards} full forwards timed, times {size**2}/{forwards}; the cache is the larger part "
                       "of the ratio, and PyTorch could have one too")


def stepped(model, x):
    """log p (N, H, W, C, K) along given images, by `step`."""
    canvas = np.zeros(x.shape, model.dtype)
    state, found = model.start(canvas), np.empty((*x.shape, model.levels), model.dtype)
    for i, j, c in raster(*x.shape[1:]):
        found[:, i, j, c] = model.step(canvas[:, i, j], state, i, j)[:, c]
        canvas[:, i, j, c] = model.scale(x[:, i, j, c])
    return found


def full_forwards(network, x, forwards):
    """So many steps of a sampler without cache: predict the whole batch of images, draw one pixel."""
    x = network.images(x)

    def some():
        for pixel in range(forwards):
            log_p = network.log_probs(x)[:, 0, pixel % x.shape[3], 0]
            torch.multinomial(log_p.exp(), 1)
    return some


def growth(settings):
    """Time and memory of a training step as images and batches grow; PyTorch eager, for each shape would compile anew."""
    shapes = [(28, 1), (28, 4), (28, 16), (28, 64), (64, 16), (128, 4), (256, 4)]
    if settings.tiny:
        shapes = [(8, 2)]
    for size, batch in shapes:
        model, x = growth_model(size, settings.threads), images(batch, size)
        sides, difference = {OURS: partial(model.loss_and_grads, x)}, 0
        for form in FORMS[:2]:
            network = Network(model, form)
            sides[form] = torch_step(network, x)
            difference = max(difference, equal_steps(model, network, x, form))
        found = row(f"{title(*BLOCKS)}, {size}x{size}, batch {batch}", sides, settings, difference, model.cost(),
                    repeats=min(settings.repeats, 5))
        for name, side in found["sides"].items():
            side["seconds_per_pixel"] = side["seconds"] / x.size
            side["peak_bytes"] = peak_growth(name, size, batch, settings.threads)
        yield found | {"size": size, "batch": batch}


def growth_model(size, threads):
    return fresh(*BLOCKS, size, threads)


def growth_step(side, size, batch, threads):
    """A training step of one side, for the measurement of its memory."""
    torch.set_num_threads(threads)
    model, x = growth_model(size, threads), images(batch, size)
    return partial(model.loss_and_grads, x) if side == OURS else torch_step(Network(model, side), x)


def title(name, options):
    return f"{name} {' '.join(f'{key}={value}' for key, value in options.items())}"


def require_equal(ours, theirs, form, tolerance=EQUAL["float32"]):
    """The largest |ours - theirs| / |ours| (norms), array by array; AssertionError when names or numbers differ."""
    assert set(ours) == set(theirs), f"{form}: {sorted(set(ours) ^ set(theirs))} on one side only"
    largest = 0
    for name, value in ours.items():
        assert value.shape == theirs[name].shape, f"{form}: {name} is {value.shape} here, {theirs[name].shape} in PyTorch"
        difference = float(np.linalg.norm(value - theirs[name]) / np.linalg.norm(value))
        assert difference <= tolerance, f"{form}: {name} differs from PyTorch's by {difference:.1e}"
        largest = max(largest, difference)
    return largest


def row(name, sides, settings, difference, cost, times=None, note="", repeats=None):
    """Time the sides in turns; `times` multiplies what a side's seconds stand for."""
    seconds = take_turns(sides, repeats or settings.repeats, settings.least)
    for form, factor in (times or {}).items():
        seconds[form] = [factor * s for s in seconds[form]]
    found = compared(seconds)
    strongest = min((form for form in found if form != OURS), key=lambda form: found[form]["ratio"])
    return {"case": name, "sides": found, "strongest": strongest, "largest_difference": difference, "note": note, **cost}


BENCHMARKS = {"conv": conv, "training": training, "sampling": sampling, "growth": growth}
