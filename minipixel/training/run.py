"""A run folder: what a training leaves on disk, whole after a kill at any moment.

    config.json     the model, its options, the data, the recipe, the seed
    state.npz       everything that a resumed training starts from, in one file: what is saved together stays together
    weights.npz     exactly model.saved             average.npz     the averaged weights, which `load` and `eval` use
    log.csv         a row for each report           results.json    the table on the test split: the run is finished
    curve.png, samples.png
"""

import csv
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from minipixel.backend import to_numpy
from minipixel.files import read_arrays, read_json, remove_leftovers, replacing, write_arrays, write_json
from minipixel.models.saved import find, put, read_config
from minipixel.training.recipe import Recipe

COLUMNS = ("step", "epoch", "seconds", "rate", "train_nats", "validation_nats")


class Run:
    """The folder and its files; `Run.create` for a new one, `Run(folder)` for one that is there."""

    def __init__(self, folder):
        self.folder = find(folder)
        self.config = read_config(self.folder)

    @classmethod
    def create(cls, config, out=None):
        """A new folder with its config inside, there at once or not at all.

        out: the folder; runs/<model>-<data>-<number> if None.
        """
        if out is not None and Path(out).exists():
            raise ValueError(f"run folder {out} exists: give another --out, or go on with it by --resume {out}")
        stem = Path("runs") / f"{config['model']}-{Path(config['data']).name}"
        parent = Path(out).parent if out is not None else stem.parent
        parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-run-", dir=parent))
        try:
            beside.chmod(0o755)
            write_json(beside / "config.json", config)
            return cls(rename_free(beside, Path(out)) if out is not None else first_free(beside, stem))
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def remove_unsaved(self):
        """Of a run that could not begin and has saved nothing to go on with: its config, and the folder if that is all."""
        if not (self.folder / "state.npz").exists():
            (self.folder / "config.json").unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir()

    @property
    def finished(self):
        return (self.folder / "results.json").exists()

    @property
    def recipe(self):
        try:
            return Recipe(**self.config["recipe"])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.folder / 'config.json'} has no recipe that makes sense: {error}") from None

    def save(self, model, average, optimiser, progress, rows):
        """The state first, in one file; then the files made of it. average: what the averaged model has to save."""
        weights = {name: to_numpy(value) for name, value in model.saved.items()}
        average = {name: to_numpy(value) for name, value in average.items()}
        state = {f"weights/{name}": value for name, value in weights.items()}
        state |= {f"average/{name}": value for name, value in average.items()}
        state |= {f"slots/{name}": to_numpy(value) for name, value in optimiser.slots.items()}
        state |= {f"progress/{name}": np.asarray(value, np.float64) for name, value in progress.items()}
        state["rows"] = np.array([[row[column] for column in COLUMNS] for row in rows], np.float64).reshape(-1, len(COLUMNS))
        write_arrays(self.folder / "state.npz", state)
        write_arrays(self.folder / "weights.npz", weights)
        write_arrays(self.folder / "average.npz", average)
        self.write_log(rows)

    def restore(self, model, average, optimiser, progress):
        """Put the saved state into its places; the rows of the log so far. Without a state, nothing changes.

        average: what the averaged model has to save. ValueError when the file is broken or not a state of this run.
        """
        path = self.folder / "state.npz"
        if not path.exists():
            return []
        state = read_arrays(path)
        rows = state.pop("rows", np.zeros(0))
        if rows.ndim != 2 or rows.shape[1] != len(COLUMNS) or rows.dtype.kind != "f":
            raise ValueError(f"{path} is not a state of minipixel: rows expects shape (reports, {len(COLUMNS)}), "
                             f"got {rows.shape}")
        numbers = {name: np.zeros(()) for name in progress}
        parts = {"weights": model.saved, "average": average, "slots": optimiser.slots, "progress": numbers}
        put({f"{part}/{name}": value for part, live in parts.items() for name, value in live.items()}, state, path)
        progress.update({name: value.item() for name, value in numbers.items()})
        return [dict(zip(COLUMNS, row)) for row in rows.tolist()]

    def results(self):
        return read_json(self.folder / "results.json")

    def write_results(self, results):
        """The last file of a run."""
        remove_leftovers(self.folder)
        write_json(self.folder / "results.json", results)

    def write_log(self, rows):
        with replacing(self.folder / "log.csv") as beside, open(beside, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for row in rows:
                writer.writerow({column: f"{row[column]:.10g}" for column in COLUMNS})


def rename_free(beside, folder):
    os.rename(beside, folder)
    return folder


def first_free(beside, stem):
    """Rename to the first number that is free: another training may take one at the same moment."""
    number = 1
    while True:
        try:
            return rename_free(beside, stem.with_name(f"{stem.name}-{number}"))
        except OSError:
            if not stem.with_name(f"{stem.name}-{number}").exists():
                raise
            number += 1
