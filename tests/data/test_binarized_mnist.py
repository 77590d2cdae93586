import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minipixel import data
from minipixel.data.binarized_mnist import parse_amat

BITS = arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(28), st.just(28)), elements=st.integers(0, 1))


@settings(max_examples=25)
@given(images=BITS, newline=st.sampled_from([b"\n", b"\r\n"]), end=st.sampled_from([b"", b"\n", b"\n\n"]))
def test_a_round_trip(images, newline, end):
    lines = [b" ".join(b"%d" % value for value in image.ravel()) for image in images]
    assert np.array_equal(parse_amat(newline.join(lines) + end, "x.amat")[..., 0], images)


@settings(max_examples=60)
@given(place=st.integers(0, 2 * 2 * 784 - 2), character=st.sampled_from([b"2", b"x", b"-", b".", b"\t", b"\n", b"\0"]))
def test_one_wrong_character_is_found_in_its_line(place, character):
    content = (b" ".join([b"0", b"1"] * 392) + b"\n") * 2
    wrong = content[:place] + character + content[place + 1:]
    if wrong == content:
        return
    with pytest.raises(ValueError, match=f"x.amat, line {1 + (place > 1567)}: expected 784 zeros and ones"):
        parse_amat(wrong, "x.amat")


@pytest.mark.parametrize("pack", [False, True])
def test_other_files_than_the_official_ones_are_read_and_called_so(write, make, pack):
    files = make.amat_files(make.rng)
    packed = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}
    write("binarized-mnist", packed if pack else files)
    dataset = data.load("binarized-mnist")
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [6, 3, 2]
    assert dataset.levels == 2 and dataset.labels is None and dataset.official is False
    assert "fixed binarization" in dataset.note and "6 / 3 / 2 images; not the official files" in dataset.note
    assert np.array_equal(dataset.test, parse_amat(files["binarized_mnist_test.amat"], "test"))
