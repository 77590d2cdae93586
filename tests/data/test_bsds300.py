"""BSDS300 from small synthetic photographs in its folders, and from an archive like the publisher's."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from minipixel import data
from minipixel.data import bsds300


def photograph(height, width, seed):
    picture = io.BytesIO()
    level = np.full((height, width, 3), 40 + seed, np.uint8)
    Image.fromarray(level).save(picture, "JPEG", quality=95)
    return picture.getvalue()


def files(train=24, test=3, shape=(40, 50)):
    """{folder/name: content}: every third one upright."""
    return {f"{part}/{k:03}.jpg": photograph(*(shape if k % 3 else shape[::-1]), 2 * k)
            for part, n in (("train", train), ("test", test)) for k in range(n)}


def archive(members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, picture in members.items():
            info = tarfile.TarInfo(f"BSDS300/images/{name}")
            info.size = len(picture)
            tar.addfile(info, io.BytesIO(picture))
    return content.getvalue()


@pytest.fixture
def folders(root):
    for part in ("train", "test"):
        (root / "bsds300" / part).mkdir(parents=True)

    def write(members):
        for name, content in members.items():
            (root / "bsds300" / name).write_bytes(content)

    return write


def check(dataset):
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [4 * 4, 20 * 4, 3 * 4]
    assert dataset.shape == (20, 20, 3) and dataset.levels == 256
    assert np.abs(dataset.train[:, 0, 0, 0].reshape(4, 4) - [[40], [42], [44], [46]]).max() <= 1
    assert np.abs(dataset.validation[0].astype(int) - 48).max() <= 1
    assert dataset.official is False and dataset.note.endswith("not the official files")


def test_folders(folders):
    folders(files())
    check(data.load("bsds300", size=20))


def test_grey(folders):
    """Luma: 0.299 R + 0.587 G + 0.114 B, of squares and splits that are those in colour."""
    folders(files())
    colour, grey = data.load("bsds300", size=20), data.load("bsds300", size=20, grey=True)
    assert grey.shape == (20, 20, 1) and grey.official is False and "in grey" in grey.note and "in grey" not in colour.note
    for split in ("train", "validation", "test"):
        luma = getattr(colour, split) @ np.array([0.299, 0.587, 0.114])
        assert np.abs(getattr(grey, split)[..., 0] - luma).max() <= 0.5


def test_an_archive(root):
    (root / "bsds300").mkdir()
    (root / "bsds300" / "BSDS300-images.tgz").write_bytes(archive(files()))
    check(data.load("bsds300", size=20))


@pytest.fixture
def official(monkeypatch):
    """Makes the checksum that of these files; without it, the set's own."""
    def pin(members):
        listed = b"".join(f"BSDS300/images/{name}".encode() + b"\0" + members[name] for name in sorted(members))
        digest = f"sha256:{hashlib.sha256(listed).hexdigest()}"
        monkeypatch.setattr(bsds300, "ARCHIVE", bsds300.ARCHIVE._replace(digest=digest))
    return pin


@pytest.fixture
def download(monkeypatch, cache):
    """The publisher's site has an archive of these files."""
    def serve(members):
        monkeypatch.delenv("MINIPIXEL_DATA", raising=False)

        def retrieve(url, known_hash, fname, path, progressbar):
            path.mkdir(parents=True, exist_ok=True)
            (path / fname).write_bytes(archive(members))

        monkeypatch.setattr("pooch.retrieve", retrieve)
    return serve


def test_a_download_with_the_checksum_is_official_however_it_is_packed(download, official):
    """In another order than that of the names."""
    official(files())
    download(dict(reversed(files().items())))
    dataset = data.load("bsds300", size=20)
    assert dataset.official and not dataset.note.endswith("not the official files")


@pytest.mark.parametrize("change", [
    lambda members: members | {"train/003.jpg": members["train/004.jpg"]},
    lambda members: members | {"test/extra.jpg": members["test/000.jpg"]},
    lambda members: {name: content for name, content in members.items() if name != "train/000.jpg"},
    lambda members: {name.replace("002", "2"): content for name, content in members.items()},
], ids=["another photograph", "one more", "one less", "another name"])
def test_a_download_with_another_checksum_is_not_kept(download, official, cache, change):
    official(files())
    download(change(files()))
    with pytest.raises(ValueError, match="wrong checksum"):
        data.load("bsds300", size=20)
    assert not list(cache.rglob("*.tgz"))


def test_files_of_ones_own_with_the_checksum_are_the_official_ones(folders, official):
    official(files())
    folders(files())
    dataset = data.load("bsds300", size=20)
    assert dataset.official and data.load("bsds300", size=20, grey=True).official


def test_whole_photographs(folders, monkeypatch):
    monkeypatch.setattr(bsds300, "SHAPES", {"landscape": (40, 50, 3), "portrait": (50, 40, 3)})
    folders(files())
    whole = bsds300.photographs("test")
    assert whole["landscape"].shape == (2, 40, 50, 3) and whole["portrait"].shape == (1, 50, 40, 3)
    assert [len(bsds300.photographs(split)["portrait"]) for split in ("train", "validation")] == [2, 6]


def test_too_few_photographs(folders):
    folders(files(train=20))
    with pytest.raises(ValueError, match=r"bsds300 has 20 photographs in train/, at least 21 expected \(officially 200\)"):
        data.load("bsds300")


def test_photographs_of_other_sizes_are_not_stacked(folders):
    folders(files())
    with pytest.raises(ValueError, match=r"expected to be 481x321 or 321x481, got \(40, 50, 3\)"):
        bsds300.photographs("test")
    with pytest.raises(ValueError, match="split expects train, validation, test, got 'all'"):
        bsds300.photographs("all")


def test_a_broken_photograph_is_named(folders):
    folders(files() | {"train/005.jpg": b"no picture"})
    with pytest.raises(ValueError, match="'005.jpg' is no readable PNG or JPEG picture"):
        data.load("bsds300")


@pytest.mark.parametrize("content", [b"no archive", archive(files())[:-400]])
def test_a_broken_archive_is_refused(root, content):
    (root / "bsds300").mkdir()
    (root / "bsds300" / "BSDS300-images.tgz").write_bytes(content)
    with pytest.raises(ValueError, match="BSDS300-images.tgz is no sound archive"):
        data.load("bsds300")


def test_a_size_that_does_not_fit(folders):
    folders(files())
    with pytest.raises(ValueError, match="tiles of 64x64 do not fit into images of 50x40"):
        data.load("bsds300", size=64)
    with pytest.raises(ValueError, match="size expects a whole number from 1 to 321"):
        data.load("bsds300", size=322)
