"""The visit: draw each value given all earlier ones, in the one order.

One pixel of the whole batch at a time, or the pixels of a front, which do not read one another (`order.fronts`); colours in
their order, through the cached `step` of the model. The random numbers are drawn on the host, one for each value of each
image, so a seed gives the same images on every device, and the first images of a larger batch are those of a smaller one. A
model of two scales is visited twice: the small image, then the large one given it.
"""

from multiprocessing import parent_process

import numpy as np

from minipixel.backend import array_module, to_numpy
from minipixel.models.labeller import require_generative
from minipixel.models.scales import MultiScale, small_size
from minipixel.order import fronts
from minipixel.workers import each, processes

# The most images that are visited together: a step then has products large enough for a core, and the cores share the rest.
TOGETHER = 64
COLDEST = 1e-3          # at this temperature the likeliest level is as good as certain, and float32 still divides by it


def sample(model, n=16, rng=0, temperature=1.0, height=None, width=None, progress=False):
    """Draw n images x ~ p(x): integers (n, H, W, C).

    temperature: the log-probabilities are divided by it; below 1, likelier images than the model's own.
    height, width: the model's own if None. rng: an int or a Generator. progress: a bar on standard error.
    """
    height, width = model.height if height is None else height, model.width if width is None else width
    for what, value in (("the number of samples", n), ("height", height), ("width", width)):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{what} expects a whole number of at least 1, got {value!r}")
    known = np.zeros((n, height, width, model.colours), bool)
    x = np.zeros(known.shape, np.uint8)
    if not isinstance(model, MultiScale):
        return complete(model, x, known, rng, temperature, progress)
    # Two streams of numbers, so that those for the large images do not depend on how many small ones there were.
    small_rng, large_rng = np.random.default_rng(rng).spawn(2)
    small = sample(model.small, n, small_rng, temperature, *small_size(height, width), progress)
    return fill(model.large, x, known, large_rng, temperature, progress, small)


def complete(model, x, known, rng=0, temperature=1.0, progress=False):
    """Draw the values of x where `known` is False from p(value | all earlier values); the known ones stay.

    x (n, H, W, C) integers, known (n, H, W, C) or (H, W, C) bool. A known value after an unknown one does not
    influence it: the model looks back only. ValueError for a model of two scales: the small image is not known.
    """
    if isinstance(model, MultiScale):
        raise ValueError(f"{model.name} cannot complete an image: the small image, which it draws first, is not known")
    return fill(model, x, known, rng, temperature, progress)


def fill(model, x, known, rng, temperature, progress, *given):
    """`complete` for a model whose `start` takes, for each image, what is given besides."""
    if not COLDEST <= temperature < np.inf:
        raise ValueError(f"temperature expects a number of at least {COLDEST}, got {temperature!r}")
    require_generative(model)
    x = model.checked(x)
    known = np.asarray(known, bool)
    if known.shape not in (x.shape, x.shape[1:]):
        raise ValueError(f"complete expects known of shape {x.shape} or {x.shape[1:]}, got {known.shape}")
    known = np.broadcast_to(known, x.shape)
    u = np.random.default_rng(rng).random(x.shape)
    cut = [slice(k, k + TOGETHER) for k in range(0, len(x), TOGETHER)]
    shards = [[named(part, len(x)), *(array[part] for array in (x, known, u, *given))] for part in cut]
    with processes(model, most=len(cut)):
        return np.concatenate(list(each(model, visit, shards, temperature, progress)))


def visit(model, shard, temperature, progress):
    """The visit itself, for one shard: its name, x, known, u (n, H, W, C) and what is given, on the host  ->  the completed
    integers."""
    name, x, known, u, *given = shard
    xp = model.xp
    all_known, any_known = known.all(axis=0), known.any(axis=0)
    x, known, u = xp.asarray(x), xp.asarray(known), xp.asarray(u.astype(model.dtype))
    drawn = xp.zeros(x.shape, np.uint8)
    canvas = xp.zeros(x.shape, model.dtype)
    state, scaled = model.start(canvas, *given), model.scale(xp.arange(model.levels))
    last = x.shape[-1] - 1
    for i, j, c in progress_bar(fronts(*x.shape[1:], model.net.lag), name, progress):
        # The last colour's call is never left out: only then does the state hold all earlier colours of this pixel.
        if c == last or not all_known[i, j, c].all():
            log_p = model.step(canvas[:, i, j], state, i, j, c)
        level = x[:, i, j, c]
        if not all_known[i, j, c].all():
            level = draw(log_p, u[:, i, j, c], temperature)
            if any_known[i, j, c].any():
                level = xp.where(known[:, i, j, c], x[:, i, j, c], level)
        drawn[:, i, j, c] = level
        canvas[:, i, j, c] = scaled[level]
    return to_numpy(drawn)


def draw(log_p, u, temperature):
    """The level at which the cumulated probability passes u: log_p (..., K), u (...) in [0, 1) -> (...)"""
    xp = array_module(log_p)
    p = xp.exp(log_p if temperature == 1 else (log_p - log_p.max(axis=-1, keepdims=True)) / temperature)
    cumulated = xp.add.accumulate(p, axis=-1)       # as cumsum, which takes twice the time for so few
    # u < 1 times the total may round up to the total itself: the last level is not counted past.
    return (cumulated[..., :-1] <= (u * cumulated[..., -1])[..., None]).sum(axis=-1, dtype=np.uint8)


def named(part, n):
    """What is visited: some of n images."""
    return "sampling" if n <= TOGETHER else f"sampling images {part.start + 1:,} to {min(part.stop, n):,} of {n:,}"


def progress_bar(places, name, shown):
    """A bar over the places of a visit; of visits in several processes the first one's stands for all."""
    if not shown or parent_process() is not None:
        return places
    from tqdm import tqdm
    return tqdm(places, unit="step", desc=name, leave=False)
