"""Run folders: there at once or not at all, numbered, and whole whatever happens to a writer."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from small_run import arrays, same

from minipixel import build
from minipixel.files import read_json, replacing, write_json
from minipixel.training.optimisers import OPTIMISERS
from minipixel.training.run import COLUMNS, Run

CONFIG = {"model": "pixelcnn", "options": {"layers": 1, "h": 3, "out": 4}, "height": 4, "width": 5, "colours": 1, "levels": 3,
          "data": "/some/where/pets", "seed": 0, "recipe": {"epochs": 1}}
PROGRESS = {"step": 7, "seconds": 1.5, "nats": 0.1, "nats_steps": 3}
ROWS = [dict(zip(COLUMNS, (3, 1.0, 0.5, 2e-3, 70.1, 71.25))), dict(zip(COLUMNS, (6, 2.0, 1.0, 1e-3, 60.1, 1 / 3)))]


def state(rng, kind="adam"):
    """A model, an average and an optimiser, all with numbers of their own."""
    model, averaged = (build("pixelcnn", **{key: CONFIG[key] for key in ("height", "width", "colours", "levels")}, rng=rng,
                             **CONFIG["options"]) for _ in range(2))
    optimiser = OPTIMISERS[kind](model.params)
    for value in (*averaged.params.values(), *optimiser.slots.values()):
        value += rng.standard_normal(value.shape).astype(value.dtype)
    return SimpleNamespace(model=model, average=averaged.params, optimiser=optimiser)


def save(run, state):
    run.save(state.model, state.average, state.optimiser, PROGRESS, ROWS)


@pytest.fixture
def run(tmp_path):
    return Run.create(CONFIG, tmp_path / "run")


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_state_comes_back_to_the_bit(kind, run):
    saved, other = state(np.random.default_rng(1), kind), state(np.random.default_rng(2), kind)
    save(run, saved)
    progress = dict.fromkeys(PROGRESS, 0)
    assert run.restore(other.model, other.average, other.optimiser, progress) == ROWS
    same(saved.model.params, other.model.params)
    same(saved.average, other.average)
    same(saved.optimiser.slots, other.optimiser.slots)
    assert progress == PROGRESS


def test_a_new_run_has_nothing_to_restore(run):
    fresh = state(np.random.default_rng(1))
    before = {name: value.copy() for name, value in fresh.model.params.items()}
    progress = dict.fromkeys(PROGRESS, 0)
    assert run.restore(fresh.model, fresh.average, fresh.optimiser, progress) == []
    same(fresh.model.params, before)
    assert not any(progress.values()) and not run.finished


def test_the_files_made_of_a_state(run):
    saved = state(np.random.default_rng(1))
    save(run, saved)
    same(arrays(run.folder / "weights.npz"), saved.model.params)
    same(arrays(run.folder / "average.npz"), saved.average)
    lines = (run.folder / "log.csv").read_text().splitlines()
    assert lines == [",".join(COLUMNS), "3,1,0.5,0.002,70.1,71.25", "6,2,1,0.001,60.1,0.3333333333"]


def test_a_broken_state_is_refused_before_anything_is_copied(run):
    save(run, state(np.random.default_rng(1)))
    content = arrays(run.folder / "state.npz")
    content["progress/step"] = np.array(np.nan)
    np.savez(run.folder / "state.npz", **content)
    other = state(np.random.default_rng(2))
    before = {name: value.copy() for name, value in other.model.params.items()}
    with pytest.raises(ValueError, match="state.npz holds NaN or inf in progress/step"):
        run.restore(other.model, other.average, other.optimiser, dict(PROGRESS))
    same(other.model.params, before)


def test_folders_are_numbered_from_the_first_that_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [Run.create(CONFIG).folder.name for _ in range(3)]
    assert names == ["pixelcnn-pets-1", "pixelcnn-pets-2", "pixelcnn-pets-3"]
    assert sorted(os.listdir("runs")) == names
    assert read_json("runs/pixelcnn-pets-2/config.json") == CONFIG


def test_a_folder_that_exists_is_never_taken(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(ValueError, match="mine exists: give another --out, or go on with it by --resume"):
        Run.create(CONFIG, tmp_path / "mine")
    assert os.listdir(tmp_path) == ["mine"] and os.listdir(tmp_path / "mine") == []


def test_a_config_that_cannot_be_written_leaves_no_folder(tmp_path):
    with pytest.raises(TypeError):
        Run.create(CONFIG | {"data": object()}, tmp_path / "run")
    assert os.listdir(tmp_path) == []


def test_a_recipe_of_a_config(run, tmp_path):
    assert (run.recipe.epochs, run.recipe.batch, run.recipe.optimiser) == (1, 16, "adam")


# Files that are whole or not there


@pytest.mark.parametrize("before", [None, "old"])
def test_a_writer_that_fails_leaves_what_was_there(before, tmp_path):
    path = tmp_path / "x.txt"
    if before:
        path.write_text(before)
    with pytest.raises(KeyError), replacing(path) as beside:
        beside.write_text("half")
        raise KeyError
    assert [file.read_text() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_a_file_appears_at_its_place_only_when_it_is_whole(tmp_path):
    with replacing(tmp_path / "x.txt") as beside:
        beside.write_text("whole")
        assert not (tmp_path / "x.txt").exists() and beside.suffix == ".txt"
    assert os.listdir(tmp_path) == ["x.txt"] and (tmp_path / "x.txt").read_text() == "whole"


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"^cannot write .*gone/x\.json: No such file or directory$"):
        write_json(tmp_path / "gone" / "x.json", 3)


def test_leftovers_of_killed_writers_go_with_the_results(run):
    for name in (".state.123.npz", ".log.99.csv"):
        (run.folder / name).write_bytes(b"half")
    save(run, state(np.random.default_rng(1)))
    run.write_results({"test": {}})
    assert run.finished and run.results() == {"test": {}}
    assert sorted(os.listdir(run.folder)) == ["average.npz", "config.json", "log.csv", "results.json", "state.npz",
                                              "weights.npz"]
    assert json.loads((run.folder / "config.json").read_text()) == CONFIG
