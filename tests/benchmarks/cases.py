"""What is measured: each benchmark yields rows (dicts), whose two sides were found equal before they were timed."""

from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from minipixel import sample
from minipixel.backend import device_module, to_numpy
from minipixel.layers import DiagonalBiLSTM, RowLSTM, SpatialLSTM
from minipixel.order import raster
from minipixel.workers import processes

from .layer_pass import LayerPass
from .subjects import (
    BASIC,
    BLOCKS,
    DENSITY_FORMS,
    DIAGONAL,
    FORMS,
    OURS,
    RECURRENT_FORMS,
    TINY,
    conv_layer,
    fresh,
    growing,
    images,
    neighbourhoods,
    recurrent_layer,
)
from .timing import LEAST, compared, peak_growth, seconds_of, take_turns

# The largest difference of two arrays, in norms. float64 says whether both are the same network. In float32 a ReLU whose
# input is zero up to rounding is open on one side and shut on the other, and a gradient then differs by a pixel's share.
EQUAL = {"float64": 1e-11, "float32": 5e-3}


@dataclass(frozen=True)
class Settings:
    """tiny: the smallest shapes, for a test that everything runs; its figures mean nothing. device: of both sides.

    batch: images of a row, where its benchmark does not ask for a batch of its own (None: its own).
    """

    repeats: int = 11
    threads: int = 2
    compiled: bool = True
    same_malloc: bool = False
    tiny: bool = False
    device: str = "cpu"
    batch: int | None = None

    def forms(self, forms=FORMS):
        return forms if self.compiled else forms[:2]

    @property
    def least(self):
        return 0 if self.tiny else LEAST

    def finish(self):
        """Returns when the device has done what it was told."""
        if self.device == "gpu":
            device_module("gpu").cuda.get_current_stream().synchronize()


def conv(settings, pytorch):
    """A masked convolution alone, forward and backward (dx, dK, db)."""
    N, size, maps = (2, 8, 4) if settings.tiny else (settings.batch or 16, 28, 64)
    for C, k, mask in ((maps, 3, "B"), (1, 7, "A")):
        subject = C, maps, k, mask, N, size
        yield layer_row(f"{k}x{k} mask {mask}, {C} -> {maps} maps, {size}x{size}, batch {N}", settings, pytorch,
                        settings.forms(), "conv", conv_layer(*subject), subject)


def recurrent(settings, pytorch):
    """A recurrence alone, forward and backward (dx and all parameters), on larger images as well."""
    yield from recurrences((DiagonalBiLSTM, RowLSTM), settings, pytorch)


def spatial_lstm(settings, pytorch):
    """The same of a Spatial LSTM that reads the image."""
    yield from recurrences((SpatialLSTM,), settings, pytorch)


def recurrences(classes, settings, pytorch):
    shapes = ((4, 2, 6),) if settings.tiny else ((32, settings.batch or 64, 28), (16, settings.batch or 16, 28))
    for subject in product(classes, shapes):
        subject = subject[0], *subject[1]
        cls, h, N, size = subject
        yield layer_row(f"{cls.__name__} h {h}, {size}x{size}, batch {N}", settings, pytorch,
                        settings.forms(RECURRENT_FORMS), "recurrent", recurrent_layer(*subject), subject)


def layer_row(name, settings, pytorch, forms, kind, given, subject):
    """A layer's pass over a batch, in shards as a model has them."""
    layer, ours = given[0], LayerPass(*given, settings.threads, settings.device)
    arrays = {what: array for what, array in ours.arrays().items() if what not in ("h0", "c0")}  # PyTorch starts from zeros
    difference = make_equal(pytorch, forms, arrays, kind, subject)
    cost = {"parameters": sum(p.size for p in layer.params.values()), "multiply_adds_per_pixel": layer.connections()}
    with processes(ours):
        return row(name, clocks(ours, pytorch, forms, settings), settings, difference, cost)


def mcgsm(settings, pytorch):
    """The mean log-density of neighbourhoods under an MCGSM, and the gradients of its parameters."""
    n, sizes = (50, (4, 3, 2, 5)) if settings.tiny else (100_000, (24, 32, 4, 32))
    for dtype in ("float32", "float64"):
        subject = n, *sizes, dtype, settings.threads
        density, x, y = neighbourhoods(*subject)
        density.to(settings.device)
        x, y = density.xp.asarray(x), density.xp.asarray(y)
        loss, grads = density.loss_and_grads(x, y)
        arrays = {"loss": np.array(loss), **on_host(grads)}
        difference = make_equal(pytorch, settings.forms(DENSITY_FORMS), arrays, "mcgsm", subject, tolerance=EQUAL[dtype])
        D, J, S, F = sizes
        cost = {"parameters": sum(p.size for p in grads.values()), "multiply_adds_per_pixel": F * D + J * F + J * D}
        yield row(f"{n:,} neighbourhoods of {D}, {J} components, {S} scales, {F} features, {dtype}",
                  clocks(partial(density.loss_and_grads, x, y), pytorch, settings.forms(DENSITY_FORMS), settings), settings,
                  difference, cost)


def training(settings, pytorch):
    """Forward and backward of the mean nats, without optimiser."""
    cases = [(*BASIC, 28, 1, 2), (*BLOCKS, 28, 1, 2), (*BLOCKS, 32, 3, 256)]
    if settings.tiny:
        cases = [(name, TINY, 8, colours, min(levels, 5)) for name, _, _, colours, levels in cases]
    batch = 2 if settings.tiny else settings.batch or 16
    for name, options, size, colours, levels in cases:
        subject = name, options, size, settings.threads, colours, levels
        model, x = fresh(*subject).to(settings.device), images(batch, size, colours, levels)
        equal_in_float64(pytorch, subject, x[:2], settings.device)
        difference = make_equal(pytorch, settings.forms(), step_arrays(model, x), "step", subject, x)
        with processes(model):
            yield row(f"{title(name, options)}, {size}x{size}x{colours}, {levels} levels, batch {batch}",
                      clocks(partial(model.loss_and_grads, x), pytorch, settings.forms(), settings), settings, difference,
                      model.cost())


def step_arrays(model, x):
    """{what: array} of a training step, and what is predicted."""
    loss, grads = model.loss_and_grads(x)
    return {"loss": np.array(loss), "predict": model.predict(x)} | on_host(grads)


def on_host(grads):
    return {name: to_numpy(grad) for name, grad in grads.items()}


def equal_in_float64(pytorch, subject, x, device):
    """The same network in float64, where rounding hides nothing."""
    subject = *subject, "float64"
    make_equal(pytorch, FORMS[:2], step_arrays(fresh(*subject).to(device), x), "step", subject, x, tolerance=EQUAL["float64"])


def sampling(settings, pytorch):
    """All values of a batch of images: the cached visit against one full forward a pixel.

    Of the full forwards a stated number is timed and multiplied by the pixels: all of them cost the same.
    """
    n, size, forwards = (2, 6, 2) if settings.tiny else (settings.batch or 16, 28, 8)
    for name, options in (BLOCKS, BASIC, DIAGONAL):
        options = TINY if settings.tiny else options
        subject = name, options, size, settings.threads
        model = fresh(*subject).to(settings.device)
        drawn = sample(model, n)
        log_p = stepped(model, drawn)
        require_equal({"log p": log_p}, {"log p": model.predict(drawn)}, "the full forward")
        forms = () if name == DIAGONAL[0] else settings.forms()
        difference = make_equal(pytorch, forms, {"log p": log_p}, "forwards", subject, drawn, forwards)
        yield row(f"{title(name, options)}, {n} images {size}x{size}",
                  clocks(partial(sample, model, n), pytorch, forms, settings), settings, difference,
                  model.cost(), times={form: size**2 / forwards for form in forms},
                  note=f"PyTorch: {forwards} full forwards timed, times {size**2}/{forwards}; the cache is the larger part "
                       "of the ratio, and PyTorch could have one too")


def stepped(model, x):
    """log p (N, H, W, C, K) along given images, by `step`."""
    canvas = model.xp.zeros(x.shape, model.dtype)
    state, found = model.start(canvas), np.empty((*x.shape, model.levels), model.dtype)
    for i, j, c in raster(*x.shape[1:]):
        found[:, i, j, c] = to_numpy(model.step(canvas[:, i, j], state, i, j, c))
        canvas[:, i, j, c] = model.xp.asarray(model.scale(x[:, i, j, c]))
    return found


def growth(settings, pytorch):
    """Time and memory of a training step as images and batches grow; PyTorch eager, for each shape would compile anew."""
    shapes = [(28, 1), (28, 4), (28, 16), (28, 64), (64, 16), (128, 4), (256, 4)]
    if settings.tiny:
        shapes = [(8, 2)]
    for size, batch in shapes:
        subject, x = growing(BLOCKS, size, batch, settings.threads)
        model = fresh(*subject).to(settings.device)
        difference = make_equal(pytorch, FORMS[:2], step_arrays(model, x), "step", subject, x)
        with processes(model):
            found = row(f"{title(*BLOCKS)}, {size}x{size}, batch {batch}",
                        clocks(partial(model.loss_and_grads, x), pytorch, FORMS[:2], settings), settings, difference,
                        model.cost(), repeats=min(settings.repeats, 5))
        yield with_growth(found, BLOCKS, size, batch, settings)


def recurrent_growth(settings, pytorch):
    """The same of a Diagonal BiLSTM, without PyTorch: cost of a pixel, and memory, as images grow."""
    shapes = [(8, 2)] if settings.tiny else [(28, 16), (64, 16), (128, 16), (128, 4)]
    for size, batch in shapes:
        subject, x = growing(DIAGONAL, size, batch, settings.threads)
        model = fresh(*subject).to(settings.device)
        with processes(model):
            found = row(f"{title(*DIAGONAL)}, {size}x{size}, batch {batch}",
                        clocks(partial(model.loss_and_grads, x), pytorch, (), settings), settings, 0, model.cost(),
                        repeats=min(settings.repeats, 5))
        yield with_growth(found, DIAGONAL, size, batch, settings)


def with_growth(found, network, size, batch, settings):
    for name, side in found["sides"].items():
        side["seconds_per_pixel"] = side["seconds"] / (batch * size**2)
        measured = settings.device == "cpu"
        side["peak_bytes"] = peak_growth(name, network[0], size, batch, settings.threads) if measured else None
    return found | {"size": size, "batch": batch}


def title(name, options):
    return f"{name} {' '.join(f'{key}={value}' for key, value in options.items())}"


def make_equal(pytorch, forms, ours, kind, *arguments, tolerance=EQUAL["float32"]):
    """Make the sides of PyTorch in a fresh process. The largest difference of their arrays from ours."""
    pytorch.restart()
    return max((require_equal(ours, pytorch.make(form, kind, *arguments), form, tolerance) for form in forms), default=0)


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


def clocks(ours, pytorch, forms, settings):
    """{side: calls -> seconds}: ours here, PyTorch's in its process."""
    return {OURS: partial(seconds_of, ours, finish=settings.finish)} | {form: partial(pytorch.seconds, form) for form in forms}


def row(name, sides, settings, difference, cost, times=None, note="", repeats=None):
    """Time the sides (their clocks) in turns; `times` multiplies what a side's seconds stand for."""
    seconds = take_turns(sides, repeats or settings.repeats, settings.least)
    for form, factor in (times or {}).items():
        seconds[form] = [factor * s for s in seconds[form]]
    found = compared(seconds)
    strongest = min((form for form in found if form != OURS), key=lambda form: found[form]["ratio"], default=None)
    return {"case": name, "sides": found, "strongest": strongest, "largest_difference": difference, "note": note, **cost}


BENCHMARKS = {"conv": conv, "recurrent": recurrent, "spatial-lstm": spatial_lstm, "mcgsm": mcgsm, "training": training,
              "sampling": sampling, "growth": growth, "recurrent-growth": recurrent_growth}
