import gzip
import hashlib
from importlib import resources

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minipixel import data
from minipixel.data import digits

CSV = gzip.decompress(resources.files("minipixel.data").joinpath("digits.csv.gz").read_bytes())
TABLE = np.array([line.split(",") for line in CSV.decode().split()], dtype=int)
IMAGES, LABELS = TABLE[:, :64].reshape(-1, 8, 8, 1), TABLE[:, 64]


def test_the_embedded_file_is_the_published_one():
    assert hashlib.sha256(CSV).hexdigest() == "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"


def test_the_set():
    dataset = data.load("digits")
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [1297, 250, 250]
    assert dataset.shape == (8, 8, 1) and dataset.levels == 17 and dataset.train.dtype == np.uint8
    assert dataset.train.min() == 0 and dataset.train.max() == 16
    assert dataset.official and "1,297 / 250 / 250 images" in dataset.note


def test_the_split_never_changes():
    dataset = data.load("digits")
    images = dataset.train.tobytes() + dataset.validation.tobytes() + dataset.test.tobytes()
    assert hashlib.sha256(images).hexdigest() == "0c3bd4eda2562c00e92c1016033876eb195ff9712a62aa826039c05a872601e0"


def test_the_splits_cover_the_file_and_do_not_meet():
    chosen = digits.split(LABELS)
    assert sorted(np.concatenate(list(chosen.values()))) == list(range(1797))
    dataset = data.load("digits")
    for name, where in chosen.items():
        assert np.array_equal(getattr(dataset, name), IMAGES[where])
        assert np.array_equal(dataset.labels[name], LABELS[where])


@given(st.lists(st.integers(0, 9), min_size=20, max_size=300), st.integers(2, 20))
def test_the_rule_is_stratified_for_any_labels(labels, held_out):
    labels = np.array(labels)
    chosen = digits.split(labels, held_out)
    assert sorted(np.concatenate(list(chosen.values()))) == list(range(len(labels)))
    assert len(chosen["validation"]) - len(chosen["test"]) in (0, 1)
    assert len(chosen["validation"]) + len(chosen["test"]) == held_out
    drawn = np.concatenate([chosen["validation"], chosen["test"]])
    for label in range(10):
        assert abs((labels[drawn] == label).sum() - (labels == label).sum() * held_out / len(labels)) < 1


def test_fewer_levels():
    whole, four = data.load("digits"), data.load("digits", levels=4)
    assert np.array_equal(four.test, whole.test.astype(int) * 4 // 17) and four.levels == 4
