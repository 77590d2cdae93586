"""`minipixel sample` and `minipixel complete`."""

import math
from pathlib import Path

import numpy as np

from minipixel import plots
from minipixel.commands.result import Result
from minipixel.commands.training import data_for
from minipixel.models.labeller import require_generative
from minipixel.models.saved import find, load, read_config, unfinished
from minipixel.sampling import complete as complete_images
from minipixel.sampling import sample as sample_images


def sample(arguments):
    """Draw n images from a run and save them as one picture."""
    out = picture_path(arguments.out)
    folder = find(arguments.run)
    model = load(folder, device=arguments.device, threads=arguments.threads)
    images = sample_images(model, arguments.n, rng=arguments.seed, temperature=arguments.temperature, height=arguments.size,
                           width=arguments.size, progress=True)
    plots.samples_grid(images, model.levels, out)
    return Result({"run": arguments.run, "n": len(images), "seed": arguments.seed, "temperature": arguments.temperature,
                   "out": str(out)}, "\n".join([f"{len(images)} samples of {arguments.run} are in {out}", *unfinished(folder)]))


def complete(arguments):
    """Hide the lower part of n test images, complete it, and show original, given and completed side by side."""
    out = picture_path(arguments.out)
    if not 0 <= arguments.keep <= 1:
        raise ValueError(f"--keep expects a part from 0 to 1, got {arguments.keep}")
    if arguments.n < 1:
        raise ValueError(f"-n expects at least 1 image, got {arguments.n}")
    folder = find(arguments.run)
    model = load(folder, device=arguments.device, threads=arguments.threads)
    require_generative(model)
    data = data_for(model, read_config(folder), arguments.data, arguments.size)
    rng = np.random.default_rng(arguments.seed)
    images = data.test[np.sort(rng.permutation(len(data.test))[:arguments.n])]
    known = np.zeros(images.shape, bool)
    known[:, :math.ceil(arguments.keep * images.shape[1])] = True
    done = complete_images(model, images, known, rng, arguments.temperature, progress=True)
    plots.completions(images, np.ma.masked_array(images, ~known), done, model.levels, out)
    few = f" (it has no more, {arguments.n} were asked for)" if len(images) < arguments.n else ""
    return Result({"run": arguments.run, "n": len(images), "keep": arguments.keep, "seed": arguments.seed,
                   "temperature": arguments.temperature, "out": str(out)},
                  "\n".join([f"{len(images)} test images of {data.name}{few}, occluded and completed, are in {out}",
                             *unfinished(folder)]))


def picture_path(name):
    """A path that a picture can be written to, checked before the work and not after it."""
    path = Path(name)
    if path.suffix.lower() != ".png":
        raise ValueError(f"--out expects a file name that ends in .png, got {name!r}")
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(f"--out expects a file in a folder that exists, got {name!r}")
    return path
