"""The model of two scales on the command line: its figure is called an upper bound wherever it stands."""

import json

import pytest
from PIL import Image
from small_run import strict_json

WORDS = ["train", "multi-scale", "--data", "digits", "--epochs", "1",
         "--set", "layers=1", "small_layers=1", "h=3", "out=4", "maps=2", "batch=128"]
TITLE = "multi-scale (upper bound)"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from minipixel.cli import main
    folder = tmp_path_factory.mktemp("runs") / "scales"
    assert main([*WORDS, "--out", str(folder)]) == 0
    return folder


def test_the_figure_is_called_a_bound(trained, minipixel):
    results = json.loads((trained / "results.json").read_text())
    assert list(results["test"]) == ["uniform", "independent pixels", TITLE]
    end = minipixel("eval", trained)
    assert end.code == 0 and TITLE in end.out and f"{TITLE}: the figure below is of a bound\nfigure" in end.out
    assert strict_json(minipixel("eval", trained, "--json").out)["figures"] == results["test"]
    assert TITLE in minipixel("train", "--resume", trained).out


def test_its_pictures(trained, minipixel, here):
    assert minipixel("sample", trained, "-n", "3", "--temperature", "0.5", "--out", "three.png").code == 0
    for picture in (here / "three.png", trained / "samples.png", trained / "curve.png"):
        Image.open(picture).verify()


def test_it_completes_nothing(trained, refused):
    refused(["complete", trained], "multi-scale cannot complete an image", "small image")


@pytest.mark.parametrize(("target", "pairs"), [("run", 17 ** 2), ("multi-scale", 2 ** 8)])
def test_audit(target, pairs, trained, minipixel, here):
    target = trained if target == "run" else target
    end = minipixel("audit", target, "--shape", "3x3x1", "--out", "map.png", "--json")
    values = strict_json(end.out)
    assert end.code == 0 and values["ok"] and values["normalisation"]["ok"]
    assert all(values["causality"][part]["leaks"] == 0 for part in ("small", "large"))
    assert values["normalisation"]["pairs"] == pairs
    Image.open(here / "map.png").verify()


def test_audit_in_words(minipixel, here):
    text = minipixel("audit", "multi-scale", "--shape", "2x2x1").out
    assert "the small network\n" in text and "the small image fixed" in text and "pairs" in text
    assert "no sum over all pairs" in minipixel("audit", "multi-scale", "--shape", "2x2x3", "--levels", "5").out


def test_its_options_are_checked(minipixel, here):
    assert "did you mean diagonal or row" in minipixel(*WORDS, "recurrence=both").err
    assert "small_layers expects a whole number 0..4096" in minipixel(*WORDS, "small_layers=-1").err


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    from minipixel.cli import main
    folder = tmp_path_factory.mktemp("runs") / "plain"
    assert main(["train", "pixelcnn", "--data", "digits", "--epochs", "1", "--set", "layers=1", "h=3", "out=4", "batch=128",
                 "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("which, bounds, words", [
    (("trained", "plain"), [True, False], "of this run an upper bound"),
    (("plain", "trained"), [False, True], "of the other an upper bound"), (("plain", "plain"), [False, False], "images")])
def test_a_comparison_says_which_side_is_a_bound(which, bounds, words, trained, plain, minipixel):
    """And the better one of two is so from both sides."""
    run, other = ({"trained": trained, "plain": plain}[name] for name in which)
    gain = strict_json(minipixel("eval", run, "--against", other, "--json").out)["against"]
    assert gain["upper_bounds"] == bounds
    line = minipixel("eval", run, "--against", other).out.strip().splitlines()[-1]
    word = "worse" if gain["nats"] < 0 else "better"
    assert f"{word} by {abs(gain['nats']):.2f} (" in line and "-" not in line.partition("by ")[2].partition(";")[0]
    assert line.endswith(words)
