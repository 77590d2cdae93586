"""Models on disk: a run folder, or one that ships with the package."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from minipixel.backend import array_module
from minipixel.files import read_arrays, read_json
from minipixel.models import build, unknown

SHIPPED = Path(__file__).parents[1] / "weights"
CONFIG = {"model": str, "options": dict, "height": int, "width": int, "colours": int, "levels": int, "data": str,
          "seed": int, "recipe": dict}


def load(run, dtype="float32", device="cpu", threads=None):
    """The trained model of a run folder, or of a name that ships ("pixelcnn-mnist"), with its averaged weights."""
    folder = find(run)
    model = build_from(read_config(folder), folder, dtype=dtype, device=device, threads=threads)
    weights = folder / "average.npz"
    if not weights.exists():
        raise ValueError(f"{folder} has no average.npz yet: its training has not reached a checkpoint")
    put(model.saved, read_arrays(weights), weights)
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


def unfinished(folder):
    """[a sentence] about a run whose training has not come to its end, [] about one that is finished."""
    if (folder / "results.json").exists():
        return []
    step = ""
    with suppress(OSError, ValueError, KeyError, TypeError):       # a broken state is told where it is needed
        step = f": its weights are of step {int(read_arrays(folder / 'state.npz')['progress/step'])}"
    return [f"the training of {folder} is not finished{step}"]


def read_config(folder):
    """The config of a run; ValueError when something is missing in it or of the wrong kind."""
    path = folder / "config.json"
    config = read_json(path)
    missing = [key for key in CONFIG if key not in config] if isinstance(config, dict) else list(CONFIG)
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}: not a config of minipixel")
    for key, kind in CONFIG.items():
        if not isinstance(config[key], kind):
            raise ValueError(f"{path} expects {key} of type {kind.__name__}, got {config[key]!r}")
    if not isinstance(config.get("start", ""), str):
        raise ValueError(f"{path} expects start of type str, got {config['start']!r}")
    return config


def build_from(config, folder, **where):
    """A fresh model as the config of a run describes it; `folder` is for the errors."""
    sizes = {key: config[key] for key in ("height", "width", "colours", "levels")}
    try:
        return build(config["model"], **sizes, rng=config["seed"], **where, **config["options"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{error} (building the model of {folder})") from None


def take(model, run):
    """Start from another run: what its averaged model has of the same network is copied. Returns the names that were.

    A run of the same model gives everything. One of a density with fewer layers gives the arrays of its network, by name
    and shape; the head, which then reads other maps, is left alone.
    """
    folder = find(run)
    arrays, live = read_arrays(folder / "average.npz"), model.saved
    same = {name: value for name, value in arrays.items() if name in live and live[name].shape == value.shape}
    if set(arrays) != set(live) or len(same) < len(live):
        same = {name: value for name, value in same.items() if name.startswith("network.") or name == "head.W"}
    missing = sorted(name for name in arrays if name.startswith("network.") and name not in same)
    if not same or missing:
        raise ValueError(f"{model.name} cannot start from {folder}: its network is no part of this one"
                         + (f" ({missing[0]})" if missing else ""))
    put({name: live[name] for name in same}, same, folder / "average.npz")
    return set(same)


def put(live, arrays, source):
    """Copy arrays into the live ones; ValueError, with nothing copied, unless names and shapes are theirs and all is finite."""
    if list(arrays) != list(live):
        strange = sorted(set(arrays) ^ set(live))
        raise ValueError(f"{source} does not fit its config: names differ ({', '.join(strange[:3]) or 'their order'} ...)")
    for name, value in arrays.items():
        if value.shape != live[name].shape or value.dtype.kind != "f":
            raise ValueError(f"{source} does not fit its config: {name} expects {live[name].dtype} of shape "
                             f"{live[name].shape}, got {value.dtype} of shape {value.shape}")
        if not np.isfinite(value).all():
            raise ValueError(f"{source} holds NaN or inf in {name}")
    for name, value in arrays.items():
        live[name][...] = array_module(live[name]).asarray(value)
