import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipixel.data.dataset import Dataset, check_integer


def dataset(levels=256, official=True):
    images = (np.arange(levels) % 256).astype(np.uint8).reshape(levels, 1, 1, 1)
    return Dataset("ramp", images, images[:2].copy(), images[:1].copy(), levels, "all values once", official=official)


@given(levels=st.integers(2, 256), fewer=st.integers(2, 256))
def test_quantising_keeps_the_order_and_uses_every_level_evenly(levels, fewer):
    fewer = min(levels, fewer)
    level = dataset(levels).quantised(fewer).train.ravel()
    assert [int(v) for v in level] == [value * fewer // levels for value in range(levels)]
    sizes = np.bincount(level, minlength=fewer)
    assert len(sizes) == fewer and sizes.min() >= 1 and sizes.max() - sizes.min() <= 1


def test_the_own_number_of_levels_changes_nothing():
    assert dataset().quantised(256).note == dataset().note


def test_the_note_says_what_a_result_rests_on():
    assert dataset().note == "ramp: all values once; 1x1x1, 256 levels; 256 / 2 / 1 images"
    assert dataset(official=False).note.endswith("; not the official files")
    assert "official" not in dataset(official=None).note
    assert "quantised to 16 levels by value*16//256" in dataset().quantised(16).note
    assert "not the fixed binarization" in dataset().quantised(2).note


def test_grey_becomes_three_colours_and_colours_become_grey():
    grey = dataset()
    colour = grey.in_colour()
    assert colour.shape == (1, 1, 3) and "grey as three colours" in colour.note
    np.testing.assert_array_equal(colour.train, grey.train.repeat(3, axis=3))
    np.testing.assert_array_equal(colour.in_grey().test, grey.test)
    assert colour.in_colour() is colour and grey.in_grey() is grey


def test_all_splits_together():
    """Images, and what belongs to each of them, in the order of the splits; groups of two splits stay apart."""
    parts = {"train": np.array([0, 0, 1]), "validation": np.array([0, 1]), "test": np.array([0])}
    images = {split: np.full((len(part), 1, 1, 1), k, np.uint8) for k, (split, part) in enumerate(parts.items())}
    targets = {split: image[..., 0] for split, image in images.items()}
    whole = Dataset("three", **images, levels=3, source="", labels=parts, targets=targets, classes=3, groups=parts).together()
    for split in parts:
        assert whole.examples(split)[0].ravel().tolist() == whole.examples(split)[1].ravel().tolist() == [0, 0, 0, 1, 1, 2]
        assert whole.labels[split].tolist() == [0, 0, 1, 0, 1, 0] and whole.groups[split].tolist() == [0, 0, 1, 2, 3, 4]
    assert dataset().together().groups is None and len(dataset().together().test) == 259


def test_the_splits_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        dataset().test[0] = 1


def test_a_split_without_images_is_refused():
    images = np.zeros((2, 1, 1, 1), np.uint8)
    with pytest.raises(ValueError, match="no image left for its validation split"):
        Dataset("two", images, images[:0], images, 2, "two images")


@pytest.mark.parametrize("value", [1, 257, -3, 2.0, "16", None, np.float32(3)])
def test_only_whole_numbers_in_range_pass(value):
    with pytest.raises(ValueError, match="levels expects a whole number from 2 to 256"):
        check_integer("levels", value, 2, 256)
    check_integer("levels", np.int64(256), 2, 256)


def test_a_note_tells_of_the_groups_that_were_judged():
    """Two squares of one photograph are one group; every split counts its own."""
    images = {split: np.zeros((4, 2, 2, 1), np.uint8) for split in ("train", "validation", "test")}
    groups = {"train": np.array([0, 0, 1, 2]), "validation": np.array([0, 0, 0, 0]), "test": np.array([0, 0, 1, 1])}
    data = Dataset("squares", **images, levels=2, source="photographs", groups=groups)
    assert "over 2 groups of test images" in data.note and "over 3 groups of train images" in data.described("train")
    assert "over 6 groups of all images" in data.described("all")
    assert len(np.unique(data.together().groups["test"])) == 6
