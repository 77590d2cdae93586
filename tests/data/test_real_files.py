"""The real files, where MINIPIXEL_DATA has them."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from minipixel import data
from minipixel.data import bsds300
from minipixel.data.patches import grey, patches, without_mean


def needs(folder):
    here = os.environ.get("MINIPIXEL_DATA")
    return pytest.mark.skipif(not here or not Path(here, folder).is_dir(), reason=f"MINIPIXEL_DATA has no {folder}/")


def digest(images):
    return hashlib.sha256(images.tobytes()).hexdigest()


def counts(dataset):
    return [len(dataset.train), len(dataset.validation), len(dataset.test)]


@needs("binarized-mnist")
def test_binarized_mnist_and_its_independent_pixels():
    dataset = data.load("binarized-mnist")
    assert dataset.official and counts(dataset) == [50000, 10000, 10000] and dataset.shape == (28, 28, 1)
    assert dataset.train.max() == 1
    p = (dataset.train.sum(axis=0) + 0.5) / (len(dataset.train) + 1)
    nats = -(dataset.test * np.log(p) + (1 - dataset.test) * np.log(1 - p)).sum(axis=(1, 2, 3))
    assert abs(nats.mean() - 205.79) < 0.02                                # the figure known for these files
    blocks = nats.reshape(10, 1000).mean(axis=1)
    assert blocks.max() - blocks.min() > 50                                # sorted by class


@needs("mnist")
def test_mnist():
    dataset = data.load("mnist")
    assert dataset.official and counts(dataset) == [50000, 10000, 10000] and dataset.shape == (28, 28, 1)
    assert digest(dataset.train) == "c80ceb24eedca80f31cfca280b8fb911cbb41b9990f998bebd40e26b1ab6d0f8"
    assert digest(dataset.validation) == "2b079632b0defaf508a5ebf8c4ac1e18ce15c8b337da087e9c3e1c84c618d244"
    assert list(dataset.labels["train"][:5]) == [5, 0, 4, 1, 9] and list(dataset.labels["test"][:3]) == [7, 2, 1]


@needs("cifar10-mini")
def test_the_small_cifar10(monkeypatch, tmp_path):
    (tmp_path / "cifar10-mini").symlink_to(Path(os.environ["MINIPIXEL_DATA"], "cifar10-mini").resolve())
    monkeypatch.setenv("MINIPIXEL_DATA", str(tmp_path))
    dataset = data.load("cifar10")
    assert dataset.official is False and counts(dataset) == [4500, 500, 1000] and dataset.shape == (32, 32, 3)
    down = np.abs(np.diff(dataset.test.astype(int), axis=1)).mean()
    assert down < 20                                                        # neighbours are alike: the planes lie right
    assert "4,500 / 500 / 1,000 images; not the official files" in dataset.note


@needs("bsds300/test")
def test_photographs():
    dataset = data.load(Path(os.environ["MINIPIXEL_DATA"], "bsds300", "test"), size=16)
    assert dataset.shape == (16, 16, 3) and counts(dataset) == [87, 8, 5]
    again = data.load(Path(os.environ["MINIPIXEL_DATA"], "bsds300", "test"), size=16)
    assert np.array_equal(dataset.test, again.test)


@needs("bsds300/train")
def test_bsds300():
    dataset = data.load("bsds300")
    assert dataset.official and counts(dataset) == [27_000, 3_000, 15_000] and dataset.shape == (32, 32, 3)
    assert counts(data.load("bsds300", size=321, grey=True)) == [180, 20, 100]
    whole = bsds300.photographs("test")
    assert whole["landscape"].shape[1:] == (321, 481, 3) and sum(map(len, whole.values())) == 100
    vectors = without_mean(patches(grey(whole["landscape"]), 8, 1000, 0), 0)
    assert vectors.shape == (1000, 63) and 0.05 < vectors.std() < 0.2
