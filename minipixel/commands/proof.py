"""`minipixel audit` and `minipixel check`."""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from minipixel import plots
from minipixel.audit import causality, joint_normalisation, normalisation
from minipixel.backend import to_numpy
from minipixel.commands.pictures import picture_path
from minipixel.commands.result import Result, table
from minipixel.commands.settings import split_settings
from minipixel.data import check_integer
from minipixel.models import LABELLERS, MODELS, build
from minipixel.models.labeller import require_generative
from minipixel.models.saved import load
from minipixel.models.scales import MultiScale, small_size

TINY = 4096             # images that the sum over all images may have
LARGE = 4096            # values of an image to audit: each is set to every level, and all predictions are looked at


def audit(arguments):
    """Causality of a run, of a model with fresh weights, or of anybody's function; and the sum over all tiny images."""
    out = picture_path(arguments.out) if arguments.out else None
    target, shape, levels = audited(arguments)
    if isinstance(target, MultiScale):
        return audit_scales(arguments, target, shape, levels, out)
    found = causality(target, shape, levels, rng=arguments.seed, progress=True)
    text, values, ok = [str(found)], {"target": arguments.target, "causality": found.record()}, found.ok
    tiny = tiny_shape(shape, levels)
    if tiny:
        total = normalisation(target, tiny, levels)
        ok = ok and total.ok
        text.append(str(total))
        values["normalisation"] = sum_record(total, tiny)
    else:
        text.append(f"no sum over all images: even one pixel of {shape[2]} colours has {levels}^{shape[2]} values")
    if out:
        plots.dependencies(found, out)
        text.append(f"the dependency map is in {out}")
    return Result({**values, "ok": ok}, "\n\n".join(text), 0 if ok else 1)


def sum_record(total, shape):
    return {"ok": total.ok, "total": total.total, total.things: total.count, "shape": list(shape)}


def audit_scales(arguments, model, shape, levels, out):
    """Both networks of a model of two scales, the large one with a random small image fixed; and the sum over all pairs."""
    def small_shape(shape):
        return (*small_size(*shape[:2]), shape[2])

    s = np.random.default_rng(arguments.seed).integers(0, levels, (1, *small_shape(shape)))
    found = {"small": causality(model.small, small_shape(shape), levels, rng=arguments.seed, progress=True),
             "large": causality(model.given(s), shape, levels, rng=arguments.seed, progress=True)}
    text = [f"the small network\n{found['small']}", f"the large network, the small image fixed\n{found['large']}"]
    values = {"target": arguments.target, "causality": {name: one.record() for name, one in found.items()}}
    ok = all(one.ok for one in found.values())
    tiny = tiny_shape(shape, levels, lambda tiny: math.prod(tiny) + math.prod(small_shape(tiny)))
    if tiny:
        total = joint_normalisation(model.small, model.given, small_shape(tiny), tiny, levels)
        ok = ok and total.ok
        text.append(str(total))
        values["normalisation"] = sum_record(total, tiny)
    else:
        text.append(f"no sum over all pairs: even two pixels of {shape[2]} colours have {levels}^{2 * shape[2]} values")
    if out:
        plots.dependencies(found["large"], out)
        text.append(f"the dependency map of the large network is in {out}")
    return Result({**values, "ok": ok}, "\n\n".join(text), 0 if ok else 1)


def audited(arguments):
    """What to audit: (function or model, shape, levels). Ours are audited in float64, where rounding hides nothing."""
    name, shape = arguments.target, read_shape(arguments.shape)
    fresh = name in MODELS | LABELLERS and not Path(name).exists()
    if arguments.set and not fresh:
        raise ValueError(f"audit --set is for a MODEL with fresh weights, got {name}")
    if name.endswith(".py"):
        raise ValueError(f"audit expects FILE.py:FUNCTION, got {name} and no function")
    if ".py:" in name:
        if shape is None or arguments.levels is None:
            raise ValueError("audit FILE.py:FUNCTION expects --shape HxWxC and --levels K")
        check_integer("--levels", arguments.levels, 2, 1 << 16)
        return function_from(name), shape, arguments.levels
    if fresh:
        shape, levels = shape or (8, 8, 1), 2 if arguments.levels is None else arguments.levels
        height, width, colours = shape
        sizes = {"height": height, "width": width, "colours": colours, "levels": levels}
        options, settings = split_settings(name, arguments.set)
        if settings:
            raise ValueError(f"audit --set expects options of {name}, got the training's {', '.join(settings)}")
        model = build(name, **sizes, rng=arguments.seed, dtype="float64", **options)
        require_generative(model)
        return model, shape, levels
    model = load(name, dtype="float64")
    require_generative(model)
    side = 8 if model.levels <= 20 else 5
    shape = shape or (min(side, model.height), min(side, model.width), model.colours)
    if shape[2] != model.colours or arguments.levels not in (None, model.levels):
        given = [f"--{word} {value}" for word in ("shape", "levels") if (value := getattr(arguments, word)) is not None]
        raise ValueError(f"{name} has {model.colours} colours and {model.levels} levels, got {' '.join(given)}")
    return model, shape, model.levels


def read_shape(word):
    """"8x8x3" -> (8, 8, 3)"""
    if word is None:
        return None
    parts = word.lower().split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ValueError(f"--shape expects HEIGHTxWIDTHxCOLOURS such as 8x8x3, got {word!r}")
    shape = tuple(map(int, parts))
    if math.prod(shape) > LARGE:
        raise ValueError(f"--shape expects at most {LARGE:,} values (small images say as much as large ones), got {word!r}")
    return shape


def function_from(word):
    """FILE.py:FUNCTION -> the function, whose own errors become one line that names it."""
    file, _, name = word.rpartition(":")
    if not Path(file).is_file():
        raise ValueError(f"audit finds no file {file!r}")
    spec = importlib.util.spec_from_file_location("audited", file)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(file).resolve().parent))     # where `python FILE.py` finds the file's neighbours, also later
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{file} does not run: {type(error).__name__}: {error}") from None
    function = getattr(module, name, None)
    if not callable(function):
        raise ValueError(f"{file} has no function {name!r}")

    def guarded(images):
        try:
            return to_numpy(function(images))
        except (Exception, SystemExit) as error:
            raise ValueError(f"{word} fails on images {images.shape}: {type(error).__name__}: {error}") from None
    return guarded


def tiny_shape(shape, levels, values=math.prod):
    """The largest of some tiny shapes whose images, of so many values, can all be enumerated; None when there is none."""
    shapes = [(h, w, shape[2]) for h, w in ((3, 3), (2, 3), (2, 2), (2, 1), (1, 1))]
    return next((shape for shape in shapes if levels ** values(shape) <= TINY), None)


def check(arguments):
    """The verdict on each exercise of a chapter, with a diagnosis where an answer is wrong; of several files, then a table."""
    from minipixel import course
    paths = [path for word in arguments.files for path in hand_ins(Path(word))]
    if len(paths) == 1:
        report = course.check(paths[0])
        return Result(report.values, str(report), 0 if report.ok else 1)
    text, files, rows = [], [], []
    for path in tqdm(paths, unit="file", file=sys.stderr):
        try:
            report = course.check(path)
        except ValueError as mistake:       # one file that cannot be read does not hide the others
            files.append({"file": str(path), "chapter": None, "ok": False, "mistake": str(mistake)})
            text.append(f"{path}\n{mistake}")
            rows.append({"file": path, "right": "-", "exercises": str(mistake)})
        else:
            files.append(report.values)
            text.append(f"{path}\n{report}")
            right = sum(verdict.word == course.RIGHT for verdict in report.verdicts)
            rows.append({"file": path, "right": f"{right} of {len(report.verdicts)}",
                         "exercises": ", ".join(f"{verdict.number} {verdict.word}" for verdict in report.verdicts)})
    ok = all(file["ok"] for file in files)
    return Result({"ok": ok, "files": files}, "\n\n".join([*text, table(rows, ("file", "right", "exercises"))]), 0 if ok else 1)


def hand_ins(path):
    """The path itself; of a folder, the notebooks and scripts in it, by name. ValueError where there are none."""
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.iterdir() if one.suffix in (".ipynb", ".py") and not one.name.startswith("."))
    if not found:
        raise ValueError(f"check expects notebooks .ipynb or scripts .py in the folder {path}, found none")
    return found
