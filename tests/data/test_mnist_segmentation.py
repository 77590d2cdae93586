"""Labels of MNIST's pixels, and the warped test images."""

import numpy as np
import pytest

from minipixel import data
from minipixel.data.mnist_segmentation import pixel_labels
from minipixel.data.mnist_segmentation_warped import warped


def test_background_is_grey_below_128_and_ink_has_the_label_of_its_image():
    images = np.array([0, 127, 128, 255], np.uint8).reshape(2, 1, 2, 1)
    assert pixel_labels(images, np.array([7, 0])).tolist() == [[[10, 10]], [[0, 0]]]


def test_the_splits_are_those_of_mnist(write, make):
    write("mnist", make.mnist_files(make.rng, train=12, test=3))
    plain, found = data.load("mnist"), data.load("mnist-segmentation")
    for split, count in (("train", 10), ("validation", 2), ("test", 3)):
        images, targets = found.examples(split)
        np.testing.assert_array_equal(images, getattr(plain, split))
        assert targets.shape == (count, 28, 28) and targets.dtype == np.uint8
        ink = images[..., 0] >= 128
        assert (targets[~ink] == 10).all()
        np.testing.assert_array_equal(targets[ink], np.broadcast_to(plain.labels[split][:, None, None], ink.shape)[ink])
    assert found.classes == 11 and plain.examples("test") == (plain.test,) and "grey below 128" in found.note


def test_fewer_levels_keep_the_labels(write, make):
    write("mnist", make.mnist_files(make.rng))
    four, all_levels = data.load("mnist-segmentation", levels=4), data.load("mnist-segmentation")
    assert four.test.max() == 3
    np.testing.assert_array_equal(four.targets["test"], all_levels.targets["test"])


def test_warped_has_a_clean_training_set_and_one_fixed_test_set(write, make):
    write("mnist", make.mnist_files(make.rng))
    clean, one, again = (data.load(name) for name in ("mnist-segmentation", *["mnist-segmentation-warped"] * 2))
    np.testing.assert_array_equal(one.train, clean.train)
    np.testing.assert_array_equal(one.validation, clean.validation)
    np.testing.assert_array_equal(one.test, again.test)
    assert (one.test != clean.test).mean() > 0.5
    assert ((one.test[..., 0] >= 128) == (one.targets["test"] < 10)).all()
    assert "alpha 34, sigma 4, seed 2007" in one.note


def test_a_warp_of_no_size_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    np.testing.assert_array_equal(warped(images, np.random.default_rng(1), alpha=0), images)


def test_a_warp_moves_smoothly_and_by_pixels():
    """A ramp from left to right shows the displacement itself: about 1.4 pixels, nearly the same for neighbours."""
    ramp = np.broadcast_to((4 * np.arange(28, dtype=np.uint8))[:, None] * np.uint8(1), (28, 28)).T[None, ..., None]
    found = warped(np.repeat(ramp, 50, 0), np.random.default_rng(0))[:, 6:-6, 6:-6, 0].astype(float)
    moved = (found - ramp[:, 6:-6, 6:-6, 0]) / 4
    assert 1 < moved.std() < 1.8 and np.abs(moved).max() < 8
    assert np.abs(np.diff(moved, axis=1)).mean() < 0.35


def test_a_known_displacement_is_bilinear(monkeypatch):
    """Every pixel looks a quarter of a pixel down and three quarters of one to the right; outside is black."""
    monkeypatch.setattr("scipy.ndimage.gaussian_filter", lambda fields, *_, **__: np.broadcast_to(
        np.array([0.25, 0.75]).reshape(2, 1, 1, 1), fields.shape))
    images = np.zeros((1, 3, 3, 1), np.uint8)
    images[0, 1, 1] = 160
    found = warped(images, np.random.default_rng(0), alpha=1)[0, ..., 0]
    assert found.tolist() == [[30, 10, 0], [90, 30, 0], [0, 0, 0]]


@pytest.mark.parametrize("name", ["mnist-segmentation", "mnist-segmentation-warped"])
def test_the_table_has_them(name):
    assert any(row["name"] == name and row["levels"] == 256 for row in data.table())
