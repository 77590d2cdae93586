"""The models that ship: they work at once, obey the laws as trained, and are as good as their results say."""

import os

import numpy as np
import pytest

import minipixel
from minipixel.models.saved import find, read_config, shipped
from minipixel.order import raster
from minipixel.training.run import Run

DATA = os.environ.get("MINIPIXEL_DATA")


def test_there_is_one():
    assert "pixelcnn-mnist" in shipped()


@pytest.mark.parametrize("name", shipped())
def test_pixel_by_pixel_equals_all_at_once(name):
    """On a trained model, at every pixel, to 1e-5 of the log-probability: along samples of its own."""
    model = minipixel.load(name)
    x = minipixel.sample(model, n=4, rng=1)
    whole = model.predict(x)
    canvas = np.zeros(x.shape, model.dtype)
    state = model.start(canvas)
    for i, j, c in raster(*x.shape[1:]):
        step = model.step(canvas[:, i, j], state, i, j, c)
        error = np.abs(step - whole[:, i, j, c]) / np.maximum(1, np.abs(whole[:, i, j, c]))
        assert error.max() <= 1e-5, (i, j, c)
        canvas[:, i, j, c] = model.scale(x[:, i, j, c])


@pytest.mark.parametrize("name", shipped())
def test_it_is_causal_and_normalised(name):
    model = minipixel.load(name, dtype="float64")
    assert minipixel.audit.causality(model, shape=(6, 7, model.colours), levels=model.levels).ok
    assert minipixel.audit.normalisation(model, shape=(3, 3, 1), levels=2).ok


@pytest.mark.skipif(not DATA, reason="needs the real images: set MINIPIXEL_DATA")
@pytest.mark.parametrize("name", shipped())
def test_it_is_as_good_as_its_results_say(name):
    """A random choice of the test images, for the file is sorted by class."""
    images = minipixel.data.load(read_config(find(name))["data"]).test
    chosen = np.random.default_rng(0).permutation(len(images))[:400]
    nats = minipixel.load(name).nll(images[chosen])
    claimed = Run(name).results()["test"][read_config(find(name))["model"]]
    assert abs(nats.mean() - claimed["nats"]) < 4 * nats.std() / np.sqrt(len(nats))
    assert claimed["images"] == len(images)
