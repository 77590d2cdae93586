import subprocess
import sys

import pytest

from minipixel import data


def test_the_table_names_what_load_knows():
    rows = data.table()
    assert [row["name"] for row in rows] == [
        "digits", "binarized-mnist", "mnist", "mnist-segmentation", "mnist-segmentation-warped", "cifar10", "bsds300",
        "dead-leaves", "dead-leaves-colour", "FOLDER"]
    assert all(set(row) == {"name", "size", "colours", "levels", "images", "source", "licence"} for row in rows)
    assert all(value for row in rows for value in row.values())


def test_the_table_agrees_with_the_digits():
    row, dataset = data.table()[0], data.load("digits")
    counts = " / ".join(f"{len(part):,}" for part in (dataset.train, dataset.validation, dataset.test))
    assert row["images"] == counts and row["levels"] == dataset.levels and row["size"] == "8x8"


@pytest.mark.parametrize("wrong, right", [("minst", "mnist"), ("Digits", "digits"), ("cifar", "cifar10"),
                                          ("binarised-mnist", "binarized-mnist")])
def test_an_unknown_name_gets_the_nearest(wrong, right):
    with pytest.raises(ValueError, match=f"unknown data '{wrong}'.*did you mean .*{right}"):
        data.load(wrong)


def test_a_path_may_be_given_as_text(tmp_path):
    with pytest.raises(ValueError, match="has 0 PNG or JPEG pictures"):
        data.load(str(tmp_path))


def test_the_digits_need_none_of_the_slow_imports():
    code = ("import sys; from minipixel import data; data.load('digits');"
            "print([name for name in ('PIL', 'pooch', 'tqdm', 'scipy', 'matplotlib') if name in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
