"""Data that are broken, gone or of the wrong kind, and functions that cannot be audited.

What can be wrong with the files of a set is in tests/data; here some of it comes through the command line.
"""

import gzip

import numpy as np
import pytest
from small_run import configure, pictures, unfinish

from minipixel.models.saved import build_from, read_config

TRAIN_ON = ["train", "pixelcnn", "--data"]


def test_pictures_that_are_none(here, refused):
    pictures(here / "pets")
    (here / "pets" / "3.png").write_text("a text")
    refused([*TRAIN_ON, "pets"], "3.png", "no readable PNG or JPEG picture")


def test_a_folder_without_pictures(here, refused):
    (here / "pets").mkdir()
    refused([*TRAIN_ON, "pets"], "'pets' has 0 PNG or JPEG pictures")


def test_a_picture_for_a_folder(here, refused):
    pictures(here / "pets")
    refused([*TRAIN_ON, "pets/0.png"], "is a file")


@pytest.mark.parametrize("size", [0, -1, 5000])
def test_a_size_that_no_picture_can_have(size, here, refused):
    pictures(here / "pets")
    refused([*TRAIN_ON, "pets", "--size", size], "size expects a whole number from 1 to 1024", f"got {size}")


def test_fewer_maps_than_colours(here, refused):
    pictures(here / "pets")
    refused([*TRAIN_ON, "pets", "--set", "h=2"], "at least one unit for each of the 3 colours, got 2")


@pytest.mark.parametrize("words", ["eval run", "complete run"])
def test_data_that_do_not_fit_a_run(words, run, here, refused):
    """256 levels can be made of no fewer."""
    configure(run, {"levels": 256})
    np.savez(run / "average.npz", **build_from(read_config(run), run).saved)
    refused([*words.split(), "--data", "digits"], "expects images of at least 256 levels, got digits with 17")


@pytest.mark.parametrize("words", ["eval run", "complete run", "train --resume run"])
def test_data_that_are_gone(words, run, here, refused):
    unfinish(run)
    configure(run, {"data": str(here / "pets")})
    refused(words.split(), "the data of this run", "unknown data", "pets", "has the folder moved?")


@pytest.mark.parametrize("words", ["eval run", "complete run", "train --resume run"])
def test_data_that_have_changed(words, run, here, refused):
    unfinish(run)
    configure(run, {"data": str(here / pictures(here / "pets", colour="L"))})
    refused(words.split(), "the data of this run have changed", "(8, 8, 1, 17)", "(6, 6, 1, 256)")


@pytest.mark.parametrize("words", ["eval run", "complete run", "train --resume run"])
def test_other_images_of_the_same_size(words, run, here, refused):
    """Pictures that came later might be in any split: the run would be trained on what it is tested on."""
    unfinish(run)
    configure(run, {"digest": "0" * 16})
    refused(words.split(), "the data of this run have changed: other images in digits")


LINE = b" ".join([b"0"] * 784) + b"\n"
IDX = b"\0\0\x08\x03" + (5).to_bytes(4) + (28).to_bytes(4) * 2 + bytes(5 * 784)
DOWNLOADS = {
    "binarized-mnist": {f"binarized_mnist_{part}.amat": LINE * 3 for part in ("train", "valid", "test")},
    "mnist": {f"{part}-{kind}-ubyte": IDX for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")},
    "cifar10": {name: bytes(3073) for name in ("data_batch_1.bin", "test_batch.bin")},
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_truncated_download(name, packed, here, refused, monkeypatch):
    (here / name).mkdir()
    for file, content in DOWNLOADS[name].items():
        (here / name / file).write_bytes(content)
    cut, content = next(iter(DOWNLOADS[name].items()))
    (here / name / cut).unlink()
    path = here / name / (f"{cut}.gz" if packed else cut)
    path.write_bytes(gzip.compress(content)[:-9] if packed else content[:-9])
    monkeypatch.setenv("MINIPIXEL_DATA", str(here))
    refused([*TRAIN_ON, name], cut, "download it again")


@pytest.mark.parametrize("name", DOWNLOADS)
def test_no_network(name, here, refused, tmp_path, monkeypatch):
    monkeypatch.delenv("MINIPIXEL_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache")
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://127.0.0.1:9")
    refused([*TRAIN_ON, name], "cannot download", "connect to the network", "MINIPIXEL_DATA")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_minipixel_data_names_nothing(here, refused, monkeypatch):
    monkeypatch.setenv("MINIPIXEL_DATA", str(here / "gone"))
    refused([*TRAIN_ON, "mnist"], "MINIPIXEL_DATA names", "is no folder")


# Functions to audit


FUNCTIONS = {
    "syntax": ("def predict(x:", "does not run: SyntaxError"),
    "import": ("import no_such_module", "does not run: ModuleNotFoundError"),
    "exit": ("raise SystemExit(0)", "does not run: SystemExit"),
    "missing": ("def other(x): pass", "has no function 'predict'"),
    "no function": ("predict = 3", "has no function 'predict'"),
    "raises": ("def predict(x): return x.no_such_name", "fails on images", "AttributeError"),
    "lines": ("def predict(x): raise ValueError('one\\ntwo')", "one two"),
    "exits": ("def predict(x): raise SystemExit(0)", "fails on images", "SystemExit"),
    "not an array": ("class Odd:\n def __array__(self, *_, **__): raise RuntimeError('needs a graph')\n"
                     "def predict(x): return Odd()", "fails on images", "RuntimeError: needs a graph"),
    "rounded": ("def predict(x): return (full(x) + 1e-6)", "sum to 1 +1.0e-06 and not to 1", "computed in float32?"),
    "nothing": ("def predict(x): pass", "log-probabilities", "got ()"),
    "shape": ("def predict(x): return np.zeros(x.shape) + logp", "log-probabilities", "axis of the levels last"),
    "channels first": ("def predict(x): return np.moveaxis(full(x), -1, 1)", "is the axis of the levels last"),
    "probabilities": ("def predict(x): return np.exp(full(x))", "is a log-softmax missing"),
    "scores": ("def predict(x): return full(x) + 1", "is a log-softmax missing"),
    "NaN": ("def predict(x): return full(x) * np.nan", "returned NaN"),
    "integers": ("def predict(x): return full(x).astype(int)", "expects to return float32 or float64"),
    "random": ("def predict(x):\n p = np.random.rand(*x.shape, 1) / 2 + .2\n return np.log(np.concatenate([p, 1 - p], -1))",
               "differs by", "between two calls"),
}
HEAD = "import numpy as np\nlogp = np.log(.5)\ndef full(x): return np.full((*x.shape, 2), logp)\n"


@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_function_that_cannot_be_audited(case, here, refused):
    code, *says = FUNCTIONS[case]
    (here / "mine.py").write_text(HEAD + code)
    refused(["audit", "mine.py:predict", "--shape", "3x3x1", "--levels", "2"], *says)


@pytest.mark.parametrize("words, says", [
    ("gone.py:predict --shape 3x3x1 --levels 2", "no file 'gone.py'"), ("mine.py --shape 3x3x1 --levels 2", "mine.py"),
    ("mine.py: --shape 3x3x1 --levels 2", "has no function ''"), ("mine.py:full --levels 2", "expects --shape"),
    ("mine.py:full --shape 3x3x1", "--levels K"), ("mine.py:full --shape 3x3x1 --levels 1", "from 2 to 65536, got 1"),
    (f"mine.py:full --shape 3x3x1 --levels {10**20}", "whole number from 2 to 65536")])
def test_an_audit_of_a_function_lacks_something(words, says, here, refused):
    (here / "mine.py").write_text(HEAD)
    refused(["audit", *words.split()], says)


# Exercises to check


NOTEBOOKS = {
    "empty.ipynb": b"", "text.ipynb": b"# %% a script", "list.ipynb": b"[]", "null.ipynb": b"null", "object.ipynb": b"{}",
    "cells.ipynb": b'{"cells": 3}', "cell.ipynb": b'{"cells": [3]}', "source.ipynb": b'{"cells": [{"cell_type": "code"}]}',
    "deep.ipynb": b"[" * 100_000, "bytes.ipynb": b"\xff\xfe", "bytes.py": b"\xff\xfe", "empty.py": b"",
    "another.py": b"x = 3\n", "notebook.txt": b"{}", "picture.png": b"\x89PNG",
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_file_without_exercises(name, here, refused):
    (here / name).write_bytes(NOTEBOOKS[name])
    refused(["check", name], name)


def test_a_folder_of_exercises(here, refused):
    (here / "mine.ipynb").mkdir()
    refused(["check", "mine.ipynb"], "mine.ipynb")
