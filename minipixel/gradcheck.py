"""Is a backward right, and if not, where and in what way? A hand-written gradient against finite differences.

    check        a pair: y, cache = forward(..) and backward(dy, cache) -> {argument: gradient}
    check_layer  a layer: its input and every parameter, entry by entry
    check_model  a whole model: every parameter array, along random directions
    Result       the answer: true or false, and a report to read

A derivative is measured at three steps h as (f(v + h) - f(v - h)) / 2h, in float64, for a random upstream gradient (with
dy = 1 a softmax backward that returns zeros would pass). The error of an array is

    max |backward - numeric| / max(1e-8, max |numeric|),    the best of the three steps.

Large steps suffer from curvature, small ones from rounding; a right backward agrees to 8 to 11 digits. At a corner (a
ReLU that changes sign within the step) there is no derivative to agree with: the point is then drawn again, and the
result says so. The numbers are made in `differences`, the words in `diagnosis`, the suspicions in `hypotheses`.
"""

import inspect
from functools import partial
from types import FunctionType, ModuleType

import numpy as np

from minipixel import diagnosis
from minipixel.backend import array_module, to_numpy
from minipixel.differences import Comparison, Point, arrays_in, is_float_array, is_loss, parts, slopes_and_corner, sweep

REDRAWS = 10
DIRECTIONS = 3
ROUNDED = 1e-5      # of a model's loss: smaller slopes are known to fewer digits than are asked


def check(forward, backward, inputs, rng=0, tolerance=1e-7, axes=None):
    """Compare backward(dy, cache) with finite differences of forward(**inputs), for every entry of every float array.

    inputs: the forward's arguments by name. Float arrays are differentiated (as float64 copies); taps, labels, sizes
    are passed on as they are. forward returns (y, cache), y an array or a tuple of arrays; a scalar y is a loss, and
    its backward is called as backward(cache). backward returns a dict {name of a differentiated argument: gradient}.

    Choose small arrays (some hundred entries in all) whose sizes are all different, N=2, H=3, W=4, C=5, ...: with
    equal sizes a transposed or wrongly summed gradient has the right shape, and a sum over an axis of size 1 can be
    forgotten without a trace.

    axes: {array: the names of its axes}, of dy too, for the report; those of images x (N, H, W, C) and of kernels K (taps,
    C, F) are known.

    Returns a Result. Mistakes of the pair are reported there; an exception raised inside the pair is passed on.
    """
    try:
        inspect.signature(forward).bind(**inputs)
    except TypeError as mismatch:
        raise ValueError(f"check expects inputs named like the arguments of forward: {mismatch}") from None
    point = Point(lambda given: forward(**given), backward, inputs, {})
    rng = np.random.default_rng(rng)
    return _judge(point, lambda settled: _entries(point, settled, rng, tolerance), rng, tolerance, "entries", axes)


def check_layer(layer, x, *further, rng=0, tolerance=1e-7):
    """Compare layer.backward with finite differences: the input x, further float inputs, every array of layer.params.

    layer.forward(x, *further) -> y, cache and layer.backward(dy, cache) -> dx, grads. Gradients of further inputs are
    looked for in grads under the argument's name. Sizes as in `check`. The layer is left exactly as it was.
    """
    layer = _float64_twin(layer)
    names = list(inspect.signature(layer.forward).parameters)[:1 + len(further)]

    def named(returned):
        if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], dict)):
            return None
        return {names[0]: returned[0], **returned[1]} if is_float_array(x) else returned[1]

    point = Point(lambda given: layer.forward(*given.values()), layer.backward,
                  dict(zip(names, (x, *further), strict=True)), layer.params, "a pair dx, {name: gradient}", named)
    rng = np.random.default_rng(rng)
    return _judge(point, lambda settled: _entries(point, settled, rng, tolerance), rng, tolerance, "entries")


def check_model(model, x, *further, rng=0, tolerance=1e-6):
    """Compare model.loss_and_grads(x) with central differences of the mean of model.nll(x), along random directions.

    further: what both take besides the images, as the labels of a labeller or the noise of a density.

    For each parameter array, gradient . direction along a few normal directions. An entrywise check of a model would
    take hours; a wrong entry shows in a direction all the same, but not its place: for that there is `check_layer`.
    x (N, H, W, C) integers. A slope below a hundred thousandth of the loss is judged as if it were as large: that is what
    rounding leaves of it. Choose a small model and few small images: more ReLUs make more corners to draw again.
    The model is left exactly as it was.
    """
    model, rng = _float64_twin(model), np.random.default_rng(rng)
    point = Point(lambda given: (model.nll(given["x"], *further), None), None, {"x": x}, model.params)

    def trial(settled):
        loss, grads = model.loss_and_grads(x, *further)
        complaints = diagnosis.contract(grads, point.values)
        mean = float(point.outputs()[0].mean())
        if not abs(float(loss) - mean) <= 1e-9 * max(1, abs(mean)):
            complaints.append(f"loss_and_grads gives the loss {float(loss):.12g}, but the mean of nll is {mean:.12g}.")
        dy = [np.full(len(x), 1 / len(x))]
        found = [_directions(point, name, to_numpy(grads[name]), dy, rng, tolerance, ROUNDED * abs(mean))
                 for name in point.values if diagnosis.is_gradient(grads, name) and name not in settled]
        return complaints, dy, found

    return _judge(point, trial, rng, tolerance, "random directions")


class Result:
    """What a check found. bool(result) and .ok: is everything right; print(result): a report to read.

    .errors: {name: error}, inf where there is nothing to compare; .diagnosis: sentences on what is wrong, as far as it
    can be told; .redraws: how often the point was drawn again because of corners; .arrays: the Comparisons, by array.
    """

    def __init__(self, names, arrays, sentences, tolerance, redraws, places):
        self.arrays, self.diagnosis, self.tolerance, self.redraws = arrays, sentences, tolerance, redraws
        self.errors = dict.fromkeys(names, np.inf) | {one.name: one.error for one in arrays}
        self.ok = not sentences and all(error <= tolerance for error in self.errors.values())
        self._places = places

    def __bool__(self):
        return self.ok

    def __str__(self):
        lines = [f"gradient check: {'right' if self.ok else 'WRONG'} (tolerance {self.tolerance:.0e})"]
        lines += [f"  {one.report(self._places)}" for one in self.arrays]
        if self.redraws:
            times = f"{self.redraws} time{'s' * (self.redraws > 1)}"
            lines.append(f"  the point was drawn again {times}, to stay away from corners (a ReLU near zero)")
        return "\n".join(lines + [f"- {sentence}" for sentence in self.diagnosis])

    __repr__ = __str__


def _judge(point, trial, rng, tolerance, places, axes=None):
    """The Result of a trial, repeated at a new point as long as corners disturb arrays that are not settled (right)."""
    settled = {}
    try:
        for redraws in range(REDRAWS + 1):
            if redraws:
                point.redraw(rng)
            complaints, dy, found = trial(settled)
            settled |= {one.name: one for one in found if one.ok}
            if not any(one.cornered.any() for one in found):
                break
        sentences = complaints + diagnosis.explain_all(found, diagnosis.Context(point, dy, axes))
    finally:
        point.restore()
    last = settled | {one.name: one for one in found}
    arrays = [last[name] for name in point.values if name in last]
    return Result(list(point.values), arrays, sentences, tolerance, redraws, places)


def _entries(point, settled, rng, tolerance):
    """One trial of a pair or layer: is the contract kept, and is every entry of every array right?"""
    complaints, y, cache = _forward_kept(point)
    if complaints:
        return complaints, [], []
    dy = [np.ones(())] if is_loss(y) else [rng.standard_normal(out.shape) for out in parts(y)]
    complaints, grads = _backward_kept(point, y, dy, cache)
    found = [Comparison(name, to_numpy(grads[name]), *sweep(point, name, dy), tolerance)
             for name in point.values if diagnosis.is_gradient(grads, name) and name not in settled]
    return complaints, dy, found


def _forward_kept(point):
    """Run forward twice and watch it: complaints, y, cache."""
    before = _copies(point.values)
    returned = point.call(point.arguments)
    if not (isinstance(returned, tuple) and len(returned) == 2):
        return [f"forward must return a pair y, cache, got {diagnosis.kind(returned)}."], None, None
    y, cache = returned
    if changed := _changed(point.values, before):
        _put_back(point.values, before)
        return [f"forward changed {changed}: it may write only into arrays that it made."], y, cache
    first, again = parts(y), point.outputs()
    complaints = [f"output {k} of forward {flaw}." for k, out in enumerate(first) for flaw in diagnosis.flaws(out)]
    if not complaints and not all(map(np.array_equal, first, again)):
        complaints = ["forward gives other numbers when called again: what it draws must be an argument."]
    return complaints, y, cache


def _backward_kept(point, y, dy, cache):
    """Run backward once and watch it: complaints, and what it returned."""
    form = "backward(cache), for y is a scalar loss" if is_loss(y) else "backward(dy, cache)"
    upstream = point.upstream(y, dy)
    try:
        inspect.signature(point.backward).bind(*upstream, cache)
    except TypeError as mismatch:
        return [f"backward is called as {form}, which it does not accept: {mismatch}."], None
    values, kept = _copies(point.values), [a.copy() for a in arrays_in(cache)]
    returned = point.backward(*upstream, cache)
    grads = point.named(returned)
    if grads is None:
        return [f"backward must return {point.form}, got {diagnosis.kind(returned)}."], None
    complaints = diagnosis.contract(grads, point.values)
    if not all(map(np.array_equal, map(to_numpy, arrays_in(upstream)), dy)):
        name = diagnosis.upstream_name(point.backward)
        complaints.append(f"backward changed {name}, which is the caller's: write new = {name} * .., never {name} *= ..")
    left = list(arrays_in(cache))
    if changed := _changed(point.values, values):
        _put_back(point.values, values)
        complaints.append(f"backward changed {changed}: it may write only into arrays that it made.")
    elif len(left) != len(kept) or not all(map(_same, left, kept)):
        complaints.append("backward changed its cache, so that it would be wrong when called again: it may write only "
                          "into arrays that it made.")
    return complaints, grads


def _directions(point, name, gradient, dy, rng, tolerance, smallest):
    """One parameter array of a model: its gradient along a few random directions against the slopes there."""
    value = point.values[name]
    if gradient.shape != value.shape:
        nothing = np.zeros(value.shape)
        return Comparison(name, gradient, nothing[None], nothing, tolerance)
    old, lines = value.copy(), []
    for direction in rng.standard_normal((DIRECTIONS, *value.shape)):
        uploaded = array_module(value).asarray(direction)

        def move(t, uploaded=uploaded):
            value[...] = old + t * uploaded

        lines.append(((gradient * direction).sum(), *slopes_and_corner(point, move, dy)))
    value[...] = old
    projected, slopes, corners = (np.array(column) for column in zip(*lines, strict=True))
    return Comparison(name, projected.astype(gradient.dtype), slopes.T, corners, tolerance, smallest)


def _float64_twin(owner):
    """The layer or model itself if its arrays are float64, else a copy of it in which they are."""
    narrow = [value for value in owner.params.values() if value.dtype != np.float64]
    wide = {id(value): value.astype(np.float64) for value in narrow}
    return _rebuilt(owner, wide | {id(value.dtype): np.dtype(np.float64) for value in narrow}) if narrow else owner


def _rebuilt(thing, twins):
    """A copy of nested objects and containers; whatever has a twin already (by id) is replaced by it everywhere."""
    if id(thing) in twins:
        return twins[id(thing)]
    if isinstance(thing, (list, tuple)):
        items = [_rebuilt(item, twins) for item in thing]
        return type(thing)(*items) if hasattr(thing, "_fields") else type(thing)(items)
    if isinstance(thing, partial):
        return partial(_rebuilt(thing.func, twins), *_rebuilt(thing.args, twins), **_rebuilt(thing.keywords, twins))
    if isinstance(thing, (type, ModuleType, FunctionType)):
        return thing
    if not isinstance(thing, dict) and not hasattr(thing, "__dict__"):
        return thing
    twin = twins[id(thing)] = type(thing).__new__(type(thing))
    if isinstance(thing, dict):
        dict.update(twin, {key: _rebuilt(item, twins) for key, item in thing.items()})
    if hasattr(thing, "__dict__"):
        vars(twin).update({key: _rebuilt(item, twins) for key, item in vars(thing).items()})
    return twin


def _copies(values):
    return {name: value.copy() for name, value in values.items()}


def _put_back(values, before):
    for name, value in values.items():
        value[...] = before[name]


def _changed(values, before):
    """The names of the arrays that are no longer what they were, as words."""
    return " and ".join(name for name, value in values.items() if not _same(value, before[name]))


def _same(a, b):
    return np.array_equal(to_numpy(a), to_numpy(b), equal_nan=a.dtype.kind in "fc")
