"""What an experiment has finished, in its folder: a run that was ended goes on with the first part that is not there."""

from pathlib import Path

from minipixel.densities.saved import load, save
from minipixel.files import read_json, remove_leftovers, write_json


class Kept:
    """The parts of one experiment with one set of settings; ValueError where the folder holds other settings.

    settings.json   what the parts were made with
    NAME.json       facts: the result of a part
    NAME.npz        a fitted density, beside its facts
    """

    def __init__(self, folder, experiment, settings):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        path, here = self.folder / "settings.json", {"experiment": experiment, **settings}
        there = read_json(path) if path.exists() else here
        if there != here:
            raise ValueError(f"{path} expects {there}, got {here}: choose another --out for other settings")
        write_json(path, here)

    def facts(self, name, make):
        """The JSON value of a part, made now if it is not there."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            write_json(path, make())
        return read_json(path)

    def density(self, name, fit):
        """(density, facts) of a part; fit() gives both. The facts are written last: with them the part is finished."""
        path = self.folder / f"{name}.npz"

        def make():
            density, facts = fit()
            save(density, path)
            return facts
        facts = self.facts(name, make)
        return load(path), facts
