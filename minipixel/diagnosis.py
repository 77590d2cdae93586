"""What is wrong with a gradient, in words.

`contract` complains about names and kinds before any number is compared. `explain_all` asks the list in `hypotheses`,
the most specific first, and believes the first that answers.
"""

import inspect
import math

import numpy as np

from minipixel import hypotheses
from minipixel.backend import to_numpy
from minipixel.differences import is_array, sweep

# The axes that arrays of these names have everywhere here, by the number of axes; y has those of x.
AXES = {("x", 4): ("image", "row", "column", "channel"), ("K", 3): ("tap", "input channel", "output unit")}


class Context:
    """What a hypothesis may look at beyond the numbers: the upstream gradient, and the point, to run the pair again; and how
    axes are called."""

    def __init__(self, point, dy, axes=None):
        self.point, self.dy, self.axes = point, dy, axes or {}
        self.reruns, self.upstream = point.backward is not None, upstream_name(point.backward)
        shape = next((given.shape for given in point.arguments.values() if is_array(given)), ())
        self.images = shape[0] if shape else 1
        self.one = "image" if len(shape) == 4 else "sample"
        first = self.axes.get(next(iter(point.arguments), ""), AXES["x", 4])
        pixels = math.prod(n for n, axis in zip(shape, first) if axis in ("row", "column")) if len(shape) == 4 else 1
        self.sizes = {f"the number of {self.one}s": self.images, "the number of pixels": pixels,
                      "images times pixels": self.images * pixels, "the number of outputs": sum(d.size for d in dy)}

    def axis(self, name, ndim, axis):
        """What an axis of an array is called: as the caller says, as AXES does, or "axis 1"."""
        last = name.rpartition(".")[2]
        if name.partition("[")[0] == self.upstream:
            name = "dy" + name[len(self.upstream):]
            last = "x" if np.ndim(self.point.values.get("x")) == ndim else last
        names = self.axes.get(name, AXES.get((last, ndim)))
        return names[axis] if names else f"axis {axis}"

    def backward(self, name, dy, instead=None):
        """What backward says about one array, run again with other ingredients."""
        return np.array(to_numpy(self.point.gradients(dy, instead)[name]))

    def slope(self, name, dy):
        """What finite differences say about one array for another dy."""
        return sweep(self.point, name, dy, steps=(1e-5,))[0][0]

    def others(self, one):
        """(name, host copy) of every other array of the point."""
        return [(name, np.array(to_numpy(value))) for name, value in self.point.values.items() if name != one.name]

    def ingredients(self, one):
        """(label, array, run): what a gradient is made of, and how to get it from a changed array."""
        for k, d in enumerate(self.dy if self.dy[0].ndim else []):
            label = self.upstream if len(self.dy) == 1 else f"{self.upstream}[{k}]"
            yield label, d, lambda new, k=k: self.backward(one.name, [*self.dy[:k], new, *self.dy[k + 1:]])
        for name, value in self.others(one):
            yield name, value, lambda new, name=name: self.backward(one.name, self.dy, (name, new))


def upstream_name(backward):
    """What a backward calls the gradient that comes to it: dy, if it has no names."""
    try:
        return next(iter(inspect.signature(backward).parameters), "dy")
    except (TypeError, ValueError):
        return "dy"


def explain_all(found, context):
    """A sentence for every wrong array, the most specific first; arrays with the same sentence share it."""
    arrays = {}
    for one in found:
        if not one.ok:
            arrays.setdefault(explain(one, context), []).append(one.label)
    return [f"{', '.join(names)}: {sentence}." for (_, sentence), names in sorted(arrays.items())]


def explain(one, context):
    """The first hypothesis that holds: its rank in the list, and its sentence."""
    tests = hypotheses.MISFIT if not one.fits else hypotheses.ENTRIES if context.reruns else hypotheses.DIRECTIONS
    with np.errstate(all="ignore"):
        return next((rank, sentence) for rank, test in enumerate(tests) if (sentence := test(one, context)))


def kind(thing):
    """A few words on what something is."""
    if isinstance(thing, tuple):
        return f"a tuple of {len(thing)}"
    return f"an array of shape {thing.shape}" if is_array(thing) else type(thing).__name__


def flaws(out):
    """What disqualifies an output of the forward from being differenced."""
    if out.dtype != np.float64:
        return [f"is {out.dtype} although every float argument is float64"]
    return [] if np.isfinite(out).all() else [f"has NaN or inf in {(~np.isfinite(out)).sum()} of {out.size} entries"]


def is_gradient(grads, name):
    """Did backward return an array of numbers under this name?"""
    given = grads.get(name) if isinstance(grads, dict) else None
    return is_array(given) and given.dtype.kind in "fiu" or isinstance(given, (float, int, np.floating))


def contract(grads, values):
    """Complaints about names and types: a gradient in float64 for every differentiated array, and for nothing else."""
    if not isinstance(grads, dict):
        return [f"the gradients must come as a dict {{name: gradient}}, got {kind(grads)}."]
    missing, extra = [n for n in values if n not in grads], [n for n in grads if n not in values]
    complaints = []
    if missing or extra:
        complaints = [f"backward must name its gradients like the forward's arrays: expected {list(values)}, got "
                      f"{list(grads)}" + f"; missing {missing}" * bool(missing)
                      + f"; not asked for {extra}" * bool(extra) + "."]
    complaints += [f"the gradient of {name} must be an array of real numbers, got {kind(grads[name])}"
                   + (f" and type {grads[name].dtype}." if is_array(grads[name]) else ".")
                   for name in values if name in grads and not is_gradient(grads, name)]
    types = {name: to_numpy(grads[name]).dtype for name in values if is_gradient(grads, name)}
    return complaints + [f"the gradient of {name} comes in {dtype} although everything given is float64."
                         for name, dtype in types.items() if dtype != np.float64]
