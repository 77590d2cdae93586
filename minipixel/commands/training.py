"""`minipixel train` and `minipixel eval`."""

import os
import sys
from contextlib import suppress
from dataclasses import asdict, replace

import numpy as np

import minipixel
from minipixel import plots
from minipixel.commands.judged import kind_of
from minipixel.commands.result import Result, amount, duration
from minipixel.commands.settings import split_settings
from minipixel.data import SETS, SIZED
from minipixel.data import load as load_data
from minipixel.memory import machine_memory
from minipixel.models import LABELLERS, build, options_of
from minipixel.models.saved import find, load, read_config, take, unfinished
from minipixel.threads import cores
from minipixel.training.fit import Fit, require_fit
from minipixel.training.loop import Trainer
from minipixel.training.recipe import DEFAULTS, Recipe
from minipixel.training.run import Run
from minipixel.training.stages import Staged, require_stages

EPOCHS, STEPS = 10, 1000    # the default length of a training: so many epochs, more where they are fewer steps than this
ITERATIONS = 500            # of L-BFGS


def train(arguments):
    """A new run, or the rest of an old one; then the table, the curve and the samples in its folder."""
    run, data = resumed(arguments) if arguments.resume else started(arguments)
    if not run.finished:
        device = arguments.device or run.config.get("device", "cpu")
        trainer = trainer_of(run.recipe)(run, data, device, arguments.threads)
        announce(trainer, data)
        try:
            with progress_bar(trainer.done) as bar:
                trainer.fit(lambda trainer: advance(bar, trainer))
        except ValueError:
            if not arguments.resume:
                run.remove_unsaved()
            raise
        try:
            finish(trainer)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped after the training, whose weights are saved: its results are made by "
                                    f"minipixel train --resume {run.folder}") from None
    results = run.results()
    try:
        return Result({"run": str(run.folder), **results}, summary(run, results))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{run.folder / 'results.json'} has no results that make sense: remove it, and "
                         f"minipixel train --resume {run.folder} makes it again") from None


def summary(run, results):
    kind = kind_of(results["model"])
    made = [name for name in ("curve.png", kind.picture) if (run.folder / name).exists()]
    alarms = [f"ALARM: {alarm}" for alarm in results["alarms"]]
    return "\n".join([kind.table(results["test"]), "", results["data"],
                      f"{results['parameters']:,} parameters, trained for {duration(results['seconds'])}: "
                      f"{', '.join(made)}{' and ' if made else ''}the weights are in {run.folder}", *alarms])


def resumed(arguments):
    names = ("model", "data", "epochs", "minutes", "levels", "size", "grey", "seed", "out", "start")
    given = ["MODEL" if name == "model" else f"--{name}" for name in names if getattr(arguments, name) is not None]
    if given or arguments.set:
        raise ValueError(f"train --resume RUN knows the rest from its config: got {', '.join(given) or '--set'} as well")
    run = Run(arguments.resume)
    return run, None if run.finished else data_of(run.config)


def started(arguments):
    for name, word in (("model", "MODEL"), ("data", "--data")):
        if not getattr(arguments, name):
            raise ValueError(f"train expects MODEL and --data DATA, or --resume RUN: got no {word}")
    options, settings = split_settings(arguments.model, arguments.set)
    data = load_data(arguments.data, levels=arguments.levels, size=arguments.size, grey=bool(arguments.grey))
    unsaid = arguments.epochs is None and arguments.minutes is None
    defaults = DEFAULTS.get((arguments.model, options.get("head")), {})
    recipe = Recipe(epochs=EPOCHS if unsaid else arguments.epochs, minutes=arguments.minutes, **defaults | settings)
    require_read(settings, trainer_of(recipe))
    if unsaid:
        steps = max(EPOCHS, round(STEPS * recipe.batch / len(data.train)))
        recipe = replace(recipe, epochs=ITERATIONS if recipe.optimiser == "lbfgs" else 1 if recipe.stages else steps)
    height, width, colours = data.shape
    sizes = {"height": height, "width": width, "colours": colours, "levels": data.levels}
    seed = arguments.seed or 0
    require_fitting(arguments.model, options.get("classes", options_of(arguments.model).get("classes")), data)
    device = arguments.device or "cpu"
    model = build(arguments.model, **sizes, rng=seed, device=device, threads=arguments.threads, **options)
    if recipe.optimiser == "lbfgs":
        require_fit(model, recipe)
    elif recipe.stages:
        require_stages(model, recipe)
    if arguments.start:
        take(model, arguments.start)
    name = arguments.data if arguments.data in SETS else os.path.abspath(arguments.data)
    config = {"minipixel": minipixel.__version__, "model": model.name, "options": model.options, **sizes,
              "data": name, "quantised": arguments.levels, "size": arguments.size, "grey": bool(arguments.grey),
              "digest": data.digest(), "seed": seed, "device": device, "recipe": asdict(recipe)}
    if arguments.start:
        config["start"] = os.path.abspath(arguments.start) if os.path.exists(arguments.start) else arguments.start
    return Run.create(config, arguments.out), data


def data_of(config):
    """The data that a run was trained on; ValueError when they are gone, or no longer what they were."""
    try:
        data = load_data(config["data"], config.get("quantised"), config.get("size"), config.get("grey", False))
    except (ValueError, OSError) as error:
        raise ValueError(f"the data of this run: {error}") from None
    was = tuple(config[key] for key in ("height", "width", "colours", "levels"))
    if (*data.shape, data.levels) != was:
        raise ValueError(f"the data of this run have changed: expected height, width, colours, levels {was} in "
                         f"{config['data']}, got {(*data.shape, data.levels)}")
    if config.get("digest", digest := data.digest()) != digest:
        raise ValueError(f"the data of this run have changed: other images in {config['data']}, or other splits "
                         "(eval --data judges the run on them as they are)")
    require_fitting(config["model"], config["options"].get("classes"), data)
    return data


def data_for(model, config, name, size=None):
    """The data called `name`, in images of `size`, for a model that was trained on others; None: the run's own.

    What the model does not know is taken from them: colours for a model of grey, and levels that it has not. For a model of
    colours grey is repeated.
    """
    if name is None and size is None:
        return data_of(config)
    name = name or config["data"]
    if size is None and (name in SIZED or name not in SETS):
        size = config.get("size")
    data = load_data(name, size=size)
    data = data.in_grey() if model.colours == 1 else data.in_colour()
    if data.levels < model.levels:
        raise ValueError(f"the model expects images of at least {model.levels} levels, got {data.name} with {data.levels}")
    data = data.quantised(model.levels)
    require_fitting(model.name, model.options.get("classes"), data)
    return data


def require_fitting(name, classes, data):
    """ValueError when a labeller gets data without labels of its classes. The images alone serve a generative model."""
    if name in LABELLERS and data.classes != classes:
        has = f"{data.classes} classes" if data.classes else "no labels of pixels"
        raise ValueError(f"{name} expects data with {classes} classes of pixels, got {data.name} with {has} "
                         "(minipixel data tells which sets have them)")


def require_unseen(run, name, data):
    """ValueError unless every image of the data called `name` may be judged, none of them one that the run was trained on."""
    config = read_config(find(run))
    if config["model"] in LABELLERS:
        raise ValueError(f"eval --split all is of models that draw images, got {config['model']}")
    own = name is None or config["data"] in (name, os.path.abspath(name))
    if not own:
        try:
            trained = {image.tobytes() for image in data_of(config).train}
        except (ValueError, OSError) as error:
            if config["data"] not in SETS:
                raise ValueError(f"eval --split all has to compare with what {run} was trained on, and cannot: "
                                 f"{error}") from None
            trained = set()     # a public set that is not on this machine
        own = any(image.tobytes() in trained for image in as_trained(run, name, data).together().test)
    if own:
        raise ValueError(f"eval --split all is for other data than the run's own: {run} was trained on some of these images")
    if config.get("start"):
        require_unseen(config["start"], name, data)


def as_trained(run, name, data):
    """The data called `name` in images of the size that the run was trained on; as they are where that cannot be."""
    folder = find(run)
    with suppress(ValueError, OSError):
        return data_for(load(folder), read_config(folder), name)
    return data


def require_read(settings, trainer):
    """ValueError when a setting would change nothing."""
    if ignored := [name for name in settings if name not in trainer.settings]:
        raise ValueError(f"a training {trainer.way} does not read {', '.join(ignored)}; its settings are "
                         f"{', '.join(trainer.settings)}")


def trainer_of(recipe):
    return Fit if recipe.optimiser == "lbfgs" else Staged if recipe.stages else Trainer


def announce(trainer, data):
    """What is about to be trained, and what it costs, before it costs anything."""
    cost, memory, there = trainer.model.cost(), trainer.memory(), machine_memory()
    print(f"{trainer.model.name} on {data.note}\n{cost['parameters']:,} parameters, "
          f"{amount(cost['multiply_adds_per_pixel'])} multiply-adds a pixel, at most about {amount(memory)}B of "
          f"memory; run folder {trainer.run.folder}", file=sys.stderr)
    if trainer.model.xp is np and memory > there:
        print(f"this machine has {amount(there)}B of memory: smaller images (--size) and a smaller --set batch need less",
              file=sys.stderr)


def progress_bar(done):
    from tqdm import tqdm
    return tqdm(total=1.0, initial=done, desc="training",
                bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}")


def advance(bar, trainer):
    bar.set_postfix_str(", ".join(f"{part} {trainer.rows[-1][f'{part}_nats']:.2f}" for part in ("train", "validation"))
                        if trainer.rows else "", refresh=False)
    bar.update(min(1.0, trainer.done) - bar.n)


def finish(trainer):
    """The test split, the pictures, and last the results: a run with results.json is finished."""
    run, model, data = trainer.run, trainer.averaged, trainer.data
    kind = kind_of(model.name)
    found = kind.judge(model, data)
    plots.learning_curve(trainer.rows, run.folder / "curve.png", found.baselines)
    kind.draw(model, data, trainer.seed, run.folder / kind.picture)
    run.write_results({
        "model": model.name, "options": model.options, "data": data.note, "test": found.figures, "alarms": found.alarms,
        "parameters": model.cost()["parameters"], "seconds": trainer.progress["seconds"],
        "steps": int(trainer.progress["step"]), "epochs": trainer.epochs,
        "threads": model.threads or cores()})


def evaluate(arguments):
    """What a run's averaged weights reach on a split, beside baselines, and whether it can be believed."""
    folder = find(arguments.run)
    model = load(folder, device=arguments.device, threads=arguments.threads)
    data = data_for(model, read_config(folder), arguments.data, arguments.size)
    note, split, judged = data.described(arguments.split), arguments.split, f"{arguments.split} split"
    if split == "all":
        for run in filter(None, (arguments.run, arguments.against)):
            require_unseen(run, arguments.data, data)
        data, split, judged = data.together(), "test", "every image (independent pixels are fitted to the same)"
    kind, of_densities = kind_of(model.name), {"frame": arguments.frame, "ensemble": arguments.ensemble}
    if arguments.against:
        other = load(find(arguments.against), device=arguments.device, threads=arguments.threads)
        gain = kind.paired(model, other, data, split, **of_densities)
    found = kind.judge(model, data, split, **of_densities)
    seen = unfinished(folder)
    whose = ["of the ensemble: this run's mean density over the 8 mirrored and transposed images"] * arguments.ensemble
    text = "\n\n".join([kind.table(found.figures), f"{judged} of {note}", *whose, *seen, found.text])
    values = {"run": str(arguments.run), "split": arguments.split, "data": note, "finished": not seen,
              "ensemble": arguments.ensemble, "figures": found.figures, **found.values}
    if arguments.against:
        values["against"] = {"run": str(arguments.against), **gain}
        text += f"\n\nagainst {arguments.against}: {kind.told(gain)}"
    return Result(values, text)
