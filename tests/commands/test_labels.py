"""The command line on labelled data: train, eval, and what a labeller is not."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from small_run import strict_json

from minipixel.commands.judged import Labels
from minipixel.data import mnist, mnist_segmentation, mnist_segmentation_warped
from minipixel.data.dataset import Dataset

TRAIN = ["train", "mdlstm", "--data", "mnist-segmentation", "--epochs", "1", "--set", "h=1", "layers=1", "block=7", "batch=4"]


@pytest.fixture(autouse=True)
def small_mnist(monkeypatch):
    """A handful of "digits": bright bars whose number of columns is their class."""
    digits = np.arange(24) % 10
    images = np.zeros((24, 28, 28, 1), np.uint8)
    for image, digit in zip(images, digits):
        image[4:24, 4:6 + 2 * digit] = 200
    parts = {"train": slice(0, 12), "validation": slice(12, 18), "test": slice(18, 24)}
    small = Dataset("mnist", *[images[part] for part in parts.values()], 256, "bars", {k: digits[p] for k, p in parts.items()})
    monkeypatch.setattr(mnist, "load", lambda: small)


def test_a_labelled_run_from_training_to_eval(minipixel, here):
    end = minipixel(*TRAIN, "--out", "run")
    assert end.code == 0 and "image error %" in end.out and "MDRNN, Graves et al. 2007" in end.out and "labels.png" in end.out
    assert sorted(path.name for path in (here / "run").iterdir()) == [
        "average.npz", "config.json", "curve.png", "labels.png", "log.csv", "results.json", "state.npz", "weights.npz"]
    assert Image.open(here / "run" / "labels.png").size[0] > 400
    results = json.loads((here / "run" / "results.json").read_text())
    assert results["test"]["mdlstm"]["images"] == 6 and results["alarms"] == []
    assert minipixel("train", "--resume", "run").out == end.out

    for name, *paper in (("mnist-segmentation", "1.10", "0.50"), ("mnist-segmentation-warped", "6.80", "3.80")):
        end = minipixel("eval", "run", "--data", name)
        row = next(line for line in end.out.splitlines() if "Graves" in line)
        assert re.findall(r"\d\.\d\d", row) == paper, row       # images, then pixels, as the table has them
        assert end.code == 0 and "test split of" in end.out and "nats per image" in end.out
    values = strict_json(minipixel("eval", "run", "--split", "validation", "--json").out)
    assert values["figures"]["mdlstm"]["images"] == 6 and len(values["figures"]) == 2    # the paper's row is of the test split


def test_what_a_labeller_is_not(minipixel, refused, here):
    assert minipixel(*TRAIN, "--out", "run").code == 0
    for words in (["sample", "run"], ["complete", "run"], ["audit", "run"]):
        refused(words, "mdlstm labels pixels", "no generative model")
    refused(["audit", "mdlstm"], "mdlstm labels pixels", "no generative model")
    refused(["eval", "run", "--data", "mnist-segmentation-warped", "--split", "all"], "of models that draw images, got mdlstm")
    refused(["eval", "run", "--data", "digits"], "256 levels")
    refused(["eval", "run", "--against", "run"], "models that draw images, got mdlstm")
    refused(["eval", "run", "--data", "mnist"], "11 classes of pixels", "no labels of pixels")


def test_data_without_labels_and_wrong_numbers_of_classes_are_refused(refused):
    refused(["train", "mdlstm", "--data", "digits"], "11 classes of pixels", "digits with no labels of pixels")
    refused([*TRAIN, "classes=7"], "7 classes", "mnist-segmentation with 11 classes")
    refused([*TRAIN, "block=5"], "whole blocks of 5", "28 x 28")


def test_a_generative_model_may_learn_the_labelled_images(minipixel, here):
    end = minipixel("train", "pixelcnn", "--data", "mnist-segmentation", "--levels", "2", "--epochs", "1", "--set", "h=1",
                    "layers=0", "out=1")
    assert end.code == 0 and "nats/image" in end.out


def test_the_table_of_models_and_that_of_data_have_them(minipixel):
    models, sets = minipixel("models").out, minipixel("data").out
    assert "mdlstm" in models and "Graves et al. 2007" in models
    assert mnist_segmentation.ABOUT.name in sets and mnist_segmentation_warped.ABOUT.name in sets


def test_a_figure_without_errors_is_printed_without():
    text = Labels.table({"paper": {"image_error": 0.011, "pixel_error": 0.005},
                         "mdlstm": {"image_error": 0.02, "image_error_error": 0.0014, "pixel_error": 0.01,
                                    "pixel_error_error": None}})
    assert "1.10" in text and "2.00 +- 0.14" in text and text.splitlines()[-1].endswith("1.00")
