import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minipixel import data
from minipixel.data import cifar10
from minipixel.data.cifar10 import parse_batch


@settings(max_examples=20)
@given(planes=arrays(np.uint8, st.tuples(st.integers(1, 3), st.just(3), st.just(32), st.just(32)),
                     elements=st.integers(0, 255)), label=st.integers(0, 9))
def test_a_round_trip(planes, label):
    content = b"".join(bytes([label]) + plane.tobytes() for plane in planes)
    images, labels = parse_batch(content, "x")
    assert images.shape == (len(planes), 32, 32, 3) and (labels == label).all()
    for colour in range(3):
        assert np.array_equal(images[..., colour], planes[:, colour])


@pytest.mark.parametrize("folder", ["cifar10", "cifar10-mini"])
@pytest.mark.parametrize("pack", [False, True])
def test_loose_batches(write, make, folder, pack):
    files = make.cifar_files(make.rng, batches=(15, 12), test=4)
    write(folder, {f"{name}.gz": gzip.compress(content) for name, content in files.items()} if pack else files)
    dataset = data.load("cifar10")
    images, labels = (np.concatenate(both) for both in zip(
        parse_batch(files["data_batch_1.bin"], ""), parse_batch(files["data_batch_2.bin"], ""), strict=True))
    assert np.array_equal(dataset.train, images[:25]) and np.array_equal(dataset.validation, images[25:])
    assert np.array_equal(dataset.labels["validation"], labels[25:]) and len(dataset.test) == 4
    assert dataset.official is False and folder in dataset.note and "25 / 2 / 4 images" in dataset.note


def archive(files):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return target.getvalue()


def test_the_archive_comes_before_loose_batches(write, make):
    files = make.cifar_files(make.rng, batches=(4, 4, 4, 4, 4), test=2)
    write("cifar10", make.cifar_files(make.rng) | {cifar10.ARCHIVE.name: archive(files)})
    dataset = data.load("cifar10")
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [18, 2, 2]
    assert np.array_equal(dataset.test, parse_batch(files["test_batch.bin"], "")[0])
    assert dataset.official is False


def test_the_archive_with_the_pinned_checksum_is_official(write, make, monkeypatch):
    content = archive(make.cifar_files(make.rng, batches=(4, 4, 4, 4, 4)))
    digest = f"md5:{hashlib.md5(content).hexdigest()}"
    monkeypatch.setattr(cifar10, "ARCHIVE", cifar10.ARCHIVE._replace(digest=digest))
    write("cifar10", {cifar10.ARCHIVE.name: content})
    assert data.load("cifar10").official and "not the official" not in data.load("cifar10").note


def test_an_archive_without_a_batch_is_refused(write, make):
    write("cifar10", {cifar10.ARCHIVE.name: archive(make.cifar_files(make.rng))})
    with pytest.raises(ValueError, match="no sound CIFAR-10 archive .*data_batch_3.bin"):
        data.load("cifar10")
