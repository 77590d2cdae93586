"""Small files in the official formats, written by the tests themselves."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest


def amat(images):
    return b"".join(b" ".join(b"%d" % value for value in image.ravel()) + b"\n" for image in images)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def batch(images, labels):
    return b"".join(bytes([label]) + image.transpose(2, 0, 1).tobytes()
                    for image, label in zip(images, labels, strict=True))


def amat_files(rng):
    return {f"binarized_mnist_{part}.amat": amat(rng.integers(0, 2, (n, 28, 28)))
            for part, n in [("train", 6), ("valid", 3), ("test", 2)]}


def mnist_files(rng, train=12, test=3):
    files = {}
    for part, n in [("train", train), ("t10k", test)]:
        files[f"{part}-images-idx3-ubyte"] = idx(rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        files[f"{part}-labels-idx1-ubyte"] = idx(rng.integers(0, 10, n, dtype=np.uint8))
    return files


def cifar_files(rng, batches=(10, 10), test=4):
    sizes = {f"data_batch_{number}.bin": n for number, n in enumerate(batches, 1)} | {"test_batch.bin": test}
    return {name: batch(rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, n))
            for name, n in sizes.items()}


@pytest.fixture
def make():
    return SimpleNamespace(amat=amat, idx=idx, batch=batch, amat_files=amat_files, mnist_files=mnist_files,
                           cifar_files=cifar_files, rng=np.random.default_rng(0))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache instead of the user's own."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "minipixel"


@pytest.fixture
def root(tmp_path, monkeypatch, cache):
    """An empty folder as MINIPIXEL_DATA; a download from here fails the test."""
    def no_download(url, **_):
        raise AssertionError(f"this test downloads {url}")

    monkeypatch.setattr("pooch.retrieve", no_download)
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setenv("MINIPIXEL_DATA", str(folder))
    return folder


@pytest.fixture
def write(root):
    """write("mnist", files) puts {name: content} into that folder of MINIPIXEL_DATA."""
    def write(folder, files):
        (root / folder).mkdir(exist_ok=True)
        for name, content in files.items():
            (root / folder / name).write_bytes(content)

    return write
