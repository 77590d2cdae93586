"""`minipixel sample`, `complete`, `audit`, `check`, `models` and `data`."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_run import strict_json

from minipixel import plots
from minipixel.commands.result import table

CHAPTERS = Path(__file__).parents[2] / "chapters"


def test_sample(run, here, minipixel):
    values = strict_json(minipixel("sample", "run", "-n", "4", "--seed", "3", "--json").out)
    assert values == {"run": "run", "n": 4, "seed": 3, "temperature": 1.0, "out": "samples.png"}
    first = (here / "samples.png").read_bytes()
    assert minipixel("sample", "run", "-n", "4", "--seed", "3", "--out", "again.png", "--threads", "1").code == 0
    assert (here / "again.png").read_bytes() == first
    minipixel("sample", "run", "-n", "4", "--seed", "4", "--temperature", "0.5", "--out", "other.png")
    assert (here / "other.png").read_bytes() != first


def test_samples_of_another_size(run, here, minipixel):
    assert minipixel("sample", "run", "-n", "1", "--size", "5").code == 0
    small = Image.open(here / "samples.png").height
    assert minipixel("sample", "run", "-n", "1").code == 0
    assert small < Image.open(here / "samples.png").height
    end = minipixel("sample", "run", "--size", "0")
    assert end.code == 2 and "height expects a whole number of at least 1, got 0" in end.err


def test_complete(run, here, minipixel):
    end = minipixel("complete", "run", "--data", "digits", "--keep", "0.25", "-n", "3", "--out", "three.png", "--json")
    assert end.code == 0 and strict_json(end.out) == {"run": "run", "n": 3, "keep": 0.25, "seed": 0, "temperature": 1.0,
                                                      "out": "three.png"}
    Image.open(here / "three.png").verify()


def test_complete_keeps_what_it_is_told_and_draws_by_its_seed(run, minipixel, monkeypatch):
    """The mask of what is given: the upper rows of 8, rounded up; what is drawn depends on the seed, what is kept does not."""
    drawn = []
    monkeypatch.setattr(plots, "completions", lambda images, given, done, *_: drawn.append((images, given, done)))
    for keep, seed in (("0.3", "1"), ("0.3", "1"), ("0.3", "2")):
        assert minipixel("complete", "run", "-n", "2", "--keep", keep, "--seed", seed).code == 0
    for images, given, done in drawn:
        assert not given.mask[:, :3].any() and given.mask[:, 3:].all()
        np.testing.assert_array_equal(done[:, :3], images[:, :3])
    assert np.array_equal(drawn[0][2], drawn[1][2]) and not np.array_equal(drawn[0][2], drawn[2][2])


def test_complete_says_when_there_are_no_more_images(run, here, minipixel):
    end = minipixel("complete", "run", "--data", "digits", "-n", "1000", "--keep", "0.9", "--json")
    assert strict_json(end.out)["n"] == 250
    assert "250 test images of digits (it has no more, 1000 were asked for)" in minipixel(
        "complete", "run", "--data", "digits", "-n", "1000", "--keep", "1").out


@pytest.mark.parametrize("keep", [0, 1])
def test_complete_all_or_nothing(keep, run, minipixel):
    assert minipixel("complete", "run", "-n", "1", "--keep", keep).code == 0


@pytest.mark.parametrize("target", ["run", "pixelcnn", "pixelcnn-basic"])
def test_audit_clears_our_models(target, run, here, minipixel):
    end = minipixel("audit", target, "--shape", "3x3x1", "--out", "map.png", "--json")
    values = strict_json(end.out)
    assert end.code == 0 and values["ok"] and values["normalisation"]["ok"] and values["causality"]["leaks"] == 0
    assert "auditing" in end.err
    Image.open(here / "map.png").verify()


LEAK = """
import numpy as np
print("a line that the module prints")
def leaks(x):
    print("a line that the function prints")
    p = 0.3 + 0.4 * x
    return np.log(np.stack([1 - p, p], -1))
def sound(x):
    return np.full((*x.shape, 2), np.log(0.5))
"""


@pytest.mark.parametrize("function, code", [("leaks", 1), ("sound", 0)])
def test_audit_of_a_function(function, code, here, minipixel):
    """Exit code 1 for one that leaks; what it prints does not disturb the answer."""
    (here / "mine.py").write_text(LEAK)
    words = ["audit", f"mine.py:{function}", "--shape", "2x3x1", "--levels", "2"]
    end = minipixel(*words, "--json")
    assert end.code == code and strict_json(end.out)["ok"] == (code == 0) and "the module prints" in end.err
    assert ("NOT causal" in minipixel(*words).out) == (code == 1)


def test_an_audited_file_may_import_its_neighbours(here, minipixel):
    (here / "code").mkdir()
    (here / "code" / "mine.py").write_text("from neighbour import sound as predict")
    (here / "code" / "neighbour.py").write_text(LEAK)
    assert minipixel("audit", "code/mine.py:predict", "--shape", "2x3x1", "--levels", "2").code == 0


def test_audit_of_a_model_with_options(minipixel):
    """The paper's context does not see one pixel, (0, 2) from (1, 0) among others; the full context sees all."""
    words = ["audit", "diagonal-bilstm", "--shape", "4x9x1", "--json", "--set", "layers=1", "h=4"]
    paper, full = (strict_json(minipixel(*words, f"context={context}").out)["causality"] for context in ("paper", "full"))
    assert paper["ok"] and full["ok"] and full["unseen"] == 0 < paper["unseen"]


@pytest.mark.parametrize("words, says", [
    (["run", "--set", "h=4"], "--set is for a MODEL with fresh weights, got run"),
    (["pixelcnn", "--set", "rate=1"], "expects options of pixelcnn, got the training's rate"),
    (["pixelcnn", "--set", "hh=1"], "unknown setting 'hh'")])
def test_audit_with_options_that_make_no_sense(words, says, run, minipixel):
    end = minipixel("audit", *words)
    assert end.code == 2 and says in end.err


def test_check(here, minipixel):
    """The chapter as it is given to a student: every exercise is still open, and that is not a mistake of the program."""
    chapter = next(path for path in sorted(CHAPTERS.glob("*.ipynb")))
    end = minipixel("check", chapter, "--json")
    assert end.code == 1 and isinstance(strict_json(end.out), dict)
    assert minipixel("check", chapter).out


def test_check_of_several_files(here, minipixel):
    """A folder of hand-ins: each one's verdicts, and a table; what is no chapter is told and hides nobody."""
    source = next(path for path in sorted((CHAPTERS / "source").glob("*.py"))).read_text(encoding="utf-8")
    Path("handed-in").mkdir()
    Path("handed-in/ada.py").write_text(source, encoding="utf-8")
    Path("handed-in/bob.py").write_text(source.replace("key(", "wrong_key("), encoding="utf-8")
    Path("handed-in/list.py").write_text("names = []\n", encoding="utf-8")
    Path("handed-in/notes.txt").write_text("nothing", encoding="utf-8")
    end = minipixel("check", "handed-in")
    rows = [line.split("  ")[0] for line in end.out.splitlines() if line.startswith("handed-in/") and "  " in line]
    assert end.code == 1 and rows == ["handed-in/ada.py", "handed-in/bob.py", "handed-in/list.py"], end.out
    assert "ada.py   4 of 4  1 right, 2 right, 3 right, 4 right" in end.out and "is no chapter of the course" in end.out
    values = strict_json(minipixel("check", "handed-in/ada.py", "handed-in/list.py", "--json").out)
    assert [file["ok"] for file in values["files"]] == [True, False] and not values["ok"]
    assert "is no chapter" in values["files"][1]["mistake"]
    Path("empty").mkdir()
    end = minipixel("check", "empty")
    assert end.code == 2 and "in the folder empty, found none" in end.err


def test_models_and_data(minipixel, here):
    values = strict_json(minipixel("models", "--json").out)
    assert values["models"]["pixelcnn"] == {"layers": 7, "h": 32, "out": 32, "residual": True, "skip": False}
    names = [row["name"] for row in strict_json(minipixel("data", "--json").out)["data"]]
    assert names == ["digits", "binarized-mnist", "mnist", "mnist-segmentation", "mnist-segmentation-warped", "cifar10",
                     "bsds300", "dead-leaves", "dead-leaves-colour", "FOLDER"]
    assert "pixelcnn-basic" in minipixel("models").out and "cifar10" in minipixel("data").out
    assert not list(here.iterdir())


def test_a_table_is_wrapped_to_the_page_but_for_names():
    rows = [{"name": "a-name-that-is-rather-long", "what": "one two three " * 5, "n": 3}]
    plain, page = table(rows, ("name", "what", "n")).splitlines(), table(rows, ("name", "what", "n"), 60).splitlines()
    assert len(plain) == 3 and len(page) > 3 and max(map(len, page)) <= 60
    assert page[2].startswith("a-name-that-is-rather-long  one two") and page[2].endswith("3")
    words = " ".join(line[28:].rstrip("3 ") for line in page[2:]).split()
    assert words == ("one two three " * 5).split()
