"""Broken checkpoints, configs and results: one line that names the file, exit code 2, nothing written."""

import os
import pickle

import numpy as np
import pytest
from PIL import Image
from small_run import configure, unfinish


def edit(path, change):
    """Change the {name: array} of an .npz file."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **change(arrays))


def first(path):
    """A weight's name in average.npz or in state.npz."""
    return "weights/input.K" if path.name == "state.npz" else "input.K"


def replaced(path, value):
    """Put value(array) in the place of one array."""
    edit(path, lambda arrays: arrays | {first(path): value(arrays[first(path)])})


def half(path):
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def hole(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3:len(content) // 3 + 64] = bytes(64)
    path.write_bytes(content)


def array_alone(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


class Bomb:
    """What a pickle may do to whoever opens it."""

    def __reduce__(self):
        return os.mkdir, ("opened",)


DAMAGE = {
    "empty": (lambda path: path.write_bytes(b""), "is broken"),
    "truncated": (half, "is broken"),
    "a hole": (hole, "is broken"),
    "text": (lambda path: path.write_text("weights"), "is broken"),
    "a pickle": (lambda path: path.write_bytes(pickle.dumps(Bomb())), "is broken"),
    "one array": (array_alone, "is broken"),
    "a picture": (lambda path: Image.new("L", (4, 4)).save(path, "PNG"), "is broken"),
    "objects": (lambda path: replaced(path, lambda _: np.array([Bomb()])), "is broken"),
    "a name less": (lambda path: edit(path, lambda a: {k: v for k, v in a.items() if k != first(path)}), "names differ"),
    "a name more": (lambda path: edit(path, lambda a: a | {"weights/more": np.zeros(1)}), "names differ"),
    "another order": (lambda path: edit(path, lambda a: dict(reversed(a.items()))), "their order"),
    "another shape": (lambda path: replaced(path, lambda K: K[1:]), "got float32 of shape"),
    "transposed": (lambda path: replaced(path, lambda K: K.T), "got float32 of shape"),
    "a number for an array": (lambda path: replaced(path, lambda _: np.float32(0)), "got float32 of shape ()"),
    "integers": (lambda path: replaced(path, lambda K: K.astype(int)), "got int"),
    "words": (lambda path: replaced(path, lambda K: K.astype("U8")), "got <U8"),
    "NaN": (lambda path: replaced(path, lambda K: K * np.nan), "holds NaN or inf"),
    "inf": (lambda path: replaced(path, lambda K: K + np.inf), "holds NaN or inf"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("words, file", [(["eval", "run"], "average.npz"), (["train", "--resume", "run"], "state.npz")],
                         ids=["eval", "resume"])
def test_a_broken_checkpoint(words, file, damage, run, refused):
    unfinish(run)
    change, says = DAMAGE[damage]
    change(run / file)
    refused(words, file, says)


@pytest.mark.parametrize("command", ["sample", "complete", "audit"])
def test_other_commands_refuse_a_broken_checkpoint(command, run, refused):
    half(run / "average.npz")
    refused([command, "run"], "average.npz is broken")


STATES = {
    "no rows": (lambda a: {k: v for k, v in a.items() if k != "rows"}, "rows expects shape"),
    "narrow rows": (lambda a: a | {"rows": a["rows"][:, :3]}, "rows expects shape"),
    "no step": (lambda a: {k: v for k, v in a.items() if k != "progress/step"}, "progress/step"),
    "step NaN": (lambda a: a | {"progress/step": np.array(np.nan)}, "NaN or inf in progress/step"),
    "two steps": (lambda a: a | {"progress/step": np.zeros(2)}, "progress/step expects"),
    "another optimiser": (lambda a: {k.replace("square", "velocity"): v for k, v in a.items()}, "slots/"),
    "slots of another shape": (lambda a: {k: v.T if k == "slots/mean/input.K" else v for k, v in a.items()}, "slots/"),
    "only weights": (lambda a: {k: v for k, v in a.items() if k.startswith("weights")}, "is not a state"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_that_is_not_of_this_run(case, run, refused):
    unfinish(run)
    change, says = STATES[case]
    edit(run / "state.npz", change)
    refused(["train", "--resume", "run"], "state.npz", says)


@pytest.mark.parametrize("command", ["eval", "sample", "complete", "audit"])
def test_a_run_without_weights(command, run, refused):
    (run / "average.npz").unlink()
    refused([command, "run"], "has no average.npz yet")


# Configs and results


TEXTS = {"empty": b"", "broken": b'{"model": ', "words": b"pixelcnn", "not UTF-8": b"\xff\xfe\x00", "a list": b"[1, 2]",
         "null": b"null", "very deep": b"[" * 100_000, "an empty object": b"{}"}


@pytest.mark.parametrize("words", [["eval", "run"], ["train", "--resume", "run"]], ids=["eval", "resume"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_config_that_is_none(words, text, run, refused):
    (run / "config.json").write_bytes(TEXTS[text])
    refused(words, "config.json")


@pytest.mark.parametrize("key", ["model", "options", "height", "colours", "levels", "data", "seed", "recipe"])
def test_a_config_that_lacks_a_key(key, run, refused):
    configure(run, {key: None})
    refused(["eval", "run"], "config.json lacks", key)


CONFIGS = {
    "unknown model": ({"model": "pixelcn"}, "unknown model 'pixelcn'"),
    "a number for a model": ({"model": 3}, "expects model of type str"),
    "unknown option": ({"options": {"lyers": 1}}, "unknown option of pixelcnn 'lyers'"),
    "option of a wrong kind": ({"options": {"h": "four"}}, "option h expects"),
    "option that is a size": ({"options": {"height": 8}}, "height"),
    "options in a list": ({"options": [1]}, "expects options of type dict"),
    "other options": ({"options": {"layers": 2, "h": 4, "out": 4}}, "names differ"),
    "height in words": ({"height": "8"}, "expects height of type int"),
    "no height": ({"height": 0}, "height expects"),
    "one level": ({"levels": 1}, "levels expects"),
    "too many levels": ({"levels": 300}, "levels expects"),
    "other levels": ({"levels": 5}, "got float32 of shape"),
    "too many colours": ({"colours": 99}, "99 colours"),
    "seed in words": ({"seed": "zero"}, "expects seed of type int"),
    "negative seed": ({"seed": -1}, "building the model of run"),
    "recipe in a list": ({"recipe": [1]}, "expects recipe of type dict"),
    "start that is a number": ({"start": 5}, "expects start of type str"),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_a_config_with_a_wrong_value(case, run, refused):
    changes, says = CONFIGS[case]
    configure(run, changes)
    refused(["sample", "run"], says)


RECIPES = {
    "unknown setting": {"epochs": 1, "speed": 3}, "neither epochs nor minutes": {}, "both": {"epochs": 1, "minutes": 1},
    "batch of zero": {"epochs": 1, "batch": 0}, "batch in words": {"epochs": 1, "batch": "16"},
    "batch without end": {"epochs": 1, "batch": 10**400},
    "optimiser in a list": {"epochs": 1, "optimiser": []}, "unknown optimiser": {"epochs": 1, "optimiser": "adm"},
}


@pytest.mark.parametrize("case", RECIPES)
def test_a_recipe_with_a_wrong_value(case, run, refused):
    unfinish(run)
    configure(run, {"recipe": RECIPES[case]})
    refused(["train", "--resume", "run"], "config.json has no recipe that makes sense")


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"test": 3}', '{"test": {"uniform": {}}}'])
def test_broken_results(text, run, refused):
    (run / "results.json").write_text(text)
    refused(["train", "--resume", "run"], "results.json")
