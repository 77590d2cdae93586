"""Models on disk: a run folder, or one that ships with the package."""

from pathlib import Path

import numpy as np

from minipixel.files import read_json, replacing
from minipixel.models import build, unknown

SHIPPED = Path(__file__).parents[1] / "weights"


def load(run, dtype="float32", device="cpu", threads=None):
    """The trained model of a run folder, or of a name that ships ("pixelcnn-mnist"), with its averaged weights."""
    folder = find(run)
    model = build_from(read_config(folder), dtype=dtype, device=device, threads=threads)
    weights = folder / "average.npz"
    if not weights.exists():
        raise ValueError(f"{folder} has no average.npz yet: its training has not reached a checkpoint")
    put(model, read_arrays(weights), weights)
    return model


def find(run):
    """The folder of a run: a path, or the name of a model that ships."""
    folder = Path(run)
    if (SHIPPED / str(run)).is_dir() and not folder.exists():
        return SHIPPED / str(run)
    if not folder.exists():
        raise ValueError(unknown("run", run, shipped()) + " (or give the path of a run folder)")
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} is not a run folder: it has no config.json")
    return folder


def shipped():
    """The names of the models that ship."""
    return sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir()) if SHIPPED.is_dir() else []


def read_config(folder):
    """The config of a run; ValueError when what a model needs is missing."""
    config = read_json(folder / "config.json")
    missing = [key for key in ("model", "options", "height", "width", "colours", "levels", "data") if key not in config]
    if missing:
        raise ValueError(f"{folder / 'config.json'} lacks {', '.join(missing)}: not a config of minipixel")
    return config


def build_from(config, **where):
    """A fresh model as the config of a run describes it."""
    sizes = {key: config[key] for key in ("height", "width", "colours", "levels")}
    return build(config["model"], **sizes, rng=config.get("seed", 0), **where, **config["options"])


def read_arrays(path):
    """{name: array} of an .npz file, never with pickle; ValueError when it is broken."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each have their own words for a broken file
        raise ValueError(f"{path} is broken or not an .npz file of arrays: {error}".splitlines()[0]) from None


def write_arrays(path, arrays):
    with replacing(path) as beside:
        np.savez(beside, **arrays)


def put(model, arrays, source):
    """Copy arrays into the live parameters; ValueError unless names and shapes are exactly theirs."""
    if list(arrays) != list(model.params):
        strange = sorted(set(arrays) ^ set(model.params))
        raise ValueError(f"{source} does not fit {model.name}: parameters differ ({', '.join(strange[:3]) or 'their order'} ...)")
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{source} holds NaN or inf in {name}")
        try:
            model.params[name] = model.xp.asarray(value)
        except ValueError as error:
            raise ValueError(f"{source} does not fit {model.name}: {error}") from None
