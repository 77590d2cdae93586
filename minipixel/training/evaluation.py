"""Likelihoods that can be believed: on a held-out split, in nats and bits, with a standard error, beside two baselines."""

import numpy as np

from minipixel.densities.neighbourhood import framed
from minipixel.error_bars import difference, error_bar
from minipixel.models.density import Density
from minipixel.models.labeller import require_generative
from minipixel.units import bits_per_dim, density_bits, uniform_nats
from minipixel.workers import processes

# Images evaluated between two steps of the progress bar.
CHUNK = 256


def evaluate(model, *example, progress=False, levels=False, **options):
    """Nats of every image of a split: (N,) float64. example: the images, and their labels for a model that labels.

    levels: of a density, the nats of the levels themselves, which compare with those of a model of levels.
    """
    nll = model.level_nll if levels else model.nll
    return np.concatenate([nll(*chunk, **options) for chunk in chunks(example, progress)])


def chunks(example, progress):
    """The example in pieces of CHUNK images, with a progress bar."""
    from tqdm import tqdm
    for k in tqdm(range(0, len(example[0]), CHUNK), desc="evaluating", unit="chunk", disable=not progress, leave=False):
        yield [part[k:k + CHUNK] for part in example]


def independent_nats(train, x, levels):
    """Nats under independent values: each with its own histogram over `train`, half a count added to every level.

    train, x (N, H, W, C) integers  ->  (N,) float64
    """
    counts = np.stack([(train == level).sum(axis=0) for level in range(levels)], axis=-1) + 0.5
    log_p = np.log(counts / counts.sum(axis=-1, keepdims=True))
    places = np.arange(log_p[..., 0].size)
    return np.stack([-log_p.reshape(-1, levels)[places, image.reshape(-1)].sum() for image in x])


def figure(nats, shape, groups=None):
    """Mean and standard error of nats per image, and the same in bits per dimension. One image alone has no error: None.

    groups: which images belong together (`Dataset.groups`), so that errors are over groups.
    """
    bar = error_bar(nats, groups)
    found = {"nats": bar["mean"], "nats_error": bar["error"], "bits_per_dim": bits_per_dim(bar["mean"], shape),
             "bits_per_dim_error": None if bar["error"] is None else bits_per_dim(bar["error"], shape), "images": len(nats)}
    return found if groups is None else found | {"groups": len(np.unique(groups))}


def paired(model, other, x, frame=None, ensemble=False, progress=False, groups=None):
    """How many nats `other` needs more than `model` for the same images: mean, standard error, 95 % interval (normal).

    Of two densities inside a frame, the wider of their own unless one is given; of a density and a model of levels, by the
    density's levels. {"nats", "nats_error", "nats_from", "nats_to", the same in bits per dimension, "images", "frame",
    "upper_bounds": which of both, (model, other), are such}.
    ensemble: of `model`. groups: as in `figure`. ValueError when the two read different images, or one labels pixels.
    """
    for one in (model, other):
        require_generative(one)
    densities = [isinstance(one, Density) for one in (model, other)]
    if not densities[0] and ensemble or not all(densities) and frame is not None:
        raise ValueError(f"a frame and an ensemble are of densities, got {model.name} against {other.name}")
    if (model.levels, model.colours) != (other.levels, other.colours):
        raise ValueError(f"models of the same images can be compared, got {model.levels} levels and {model.colours} colours "
                         f"against {other.levels} and {other.colours}")
    if len(x if groups is None else np.unique(groups)) < 2:
        raise ValueError("an interval over images expects at least 2 of them that do not belong together, got 1")
    if all(densities) and frame is None:
        frame = max(model.reach, other.reach)
    options, mixed = {} if frame is None else {"frame": frame}, any(densities) and not all(densities)
    needed = []
    for one, further in ((other, {}), (model, {"ensemble": True} if ensemble else {})):
        with processes(one):
            needed.append(evaluate(one, x, progress=progress, levels=mixed and isinstance(one, Density), **options, **further))
    height, width, colours = x.shape[1:]
    inside = height - 2 * (frame or 0), width - 2 * (frame or 0), colours
    found, gain = figure(needed[0] - needed[1], inside, groups), difference(*needed, groups)
    for end in ("from", "to"):
        found |= {f"nats_{end}": gain[end], f"bits_per_dim_{end}": bits_per_dim(gain[end], inside)}
    bounds = [one.bound and not (mixed and isinstance(one, Density)) for one in (model, other)]
    return found | {"frame": frame, "upper_bounds": bounds}


def density_figure(model, x, nats, frame=None, ensemble=False, progress=False, groups=None):
    """A density's figure, and its likelihood rate over pixels inside a frame: log2 of the density a value on the scale [0, 1].

    Without a frame the model's own, which is left away (rate None) where it leaves no pixel; then the nats may serve again.
    ValueError for a frame that leaves none.
    """
    height, width, colours = x.shape[1:]
    if frame is not None:
        framed(height, width, frame)
    found, frame = figure(nats, x.shape[1:], groups), model.reach if frame is None else frame
    inside = max(0, height - 2 * frame), max(0, width - 2 * frame), colours
    if 0 in inside:
        return found | {"rate": None, "rate_error": None, "frame": frame}
    if frame:
        nats = evaluate(model, x, progress=progress, frame=frame, ensemble=ensemble)
    nats = figure(nats, inside, groups)
    return found | {"rate": density_bits(nats["nats"], inside, model.levels), "rate_error": nats["bits_per_dim_error"],
                    "frame": frame}


def level_title(model):
    """The row of a table for a density's levels."""
    return f"{model.name} (levels)"


def compare(model, data, split="test", progress=False, frame=None, ensemble=False):
    """The table that ends a training: the uniform model, independent pixels and this model on one split; a density twice,
    first as such (the upper bound) and then by the levels alone.

    frame, ensemble: of a density, see `density_figure` and `Density.nll`; ValueError for another model that is given them.
    """
    x, groups = getattr(data, split), data.groups and data.groups[split]
    shape = x.shape[1:]
    is_density = isinstance(model, Density)
    if not is_density and (frame is not None or ensemble):
        raise ValueError(f"a frame and an ensemble are of densities, got {model.name}")
    if frame is not None:
        framed(*shape[:2], frame)       # said before the work
    with processes(model):
        if is_density:
            nats, of_levels = (evaluate(model, x, progress=progress, levels=only, ensemble=ensemble) for only in (False, True))
            own = {model.title: density_figure(model, x, nats, frame, ensemble, progress, groups),
                   level_title(model): figure(of_levels, shape, groups)}
        else:
            own = {model.title: figure(evaluate(model, x, progress=progress), shape, groups)}
    return {"uniform": figure(np.full(len(x), uniform_nats(shape, data.levels)), shape, groups),
            "independent pixels": figure(independent_nats(data.train, x, data.levels), shape, groups),
            **own}
