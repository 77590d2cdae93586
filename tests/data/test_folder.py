import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from minipixel import data
from minipixel.data import folder

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)


@settings(max_examples=50)
@given(st.lists(NAMES, min_size=3, max_size=60, unique=True))
def test_the_splits_cover_the_names_and_do_not_meet(names):
    chosen = folder.split(names)
    assert sorted(name for part in chosen.values() for name in part) == sorted(names)
    assert all(chosen.values())
    assert folder.split(names[::-1]) == chosen


def test_the_split_never_changes():
    names = [f"picture {number}.png" for number in range(1000)] + ["été.jpg"]
    chosen = folder.split(names)
    assert [len(part) for part in chosen.values()] == [794, 110, 97]
    text = ";".join(f"{part}:{','.join(chosen[part])}" for part in chosen)
    pinned = hashlib.sha256(text.encode()).hexdigest()
    assert pinned == "1b4b72c5bd207e8eb99b6954e56253e712eb34d8ecbae6254944af9e4299a55f"


def test_more_pictures_move_none_of_the_old_ones():
    names = [f"{number}.jpg" for number in range(200)]
    few, many = folder.split(names[:100]), folder.split(names)
    assert all(set(few[part]) <= set(many[part]) for part in few)


def test_an_accent_is_the_same_name_in_both_ways_of_writing_it():
    assert folder.hash_of("\u00e9.png") == folder.hash_of("e\u0301.png")


@pytest.fixture
def pictures(tmp_path):
    """pictures(arrays) writes them as PNGs and gives the folder."""
    def write(arrays, suffix="png"):
        place = tmp_path / "pets"
        place.mkdir()
        for number, array in enumerate(arrays):
            Image.fromarray(array).save(place / f"{number:02}.{suffix}")
        return place

    return write


def test_colour_pictures_come_back_as_they_are(pictures):
    arrays = np.random.default_rng(0).integers(0, 256, (12, 5, 7, 3), dtype=np.uint8)
    dataset = data.load(pictures(arrays))
    assert dataset.shape == (5, 7, 3) and dataset.levels == 256 and dataset.name == "pets"
    assert dataset.labels is None and dataset.official is None
    chosen = folder.split([f"{number:02}.png" for number in range(12)])
    for part, names in chosen.items():
        assert np.array_equal(getattr(dataset, part), arrays[[int(name[:2]) for name in names]])


def test_grey_pictures_have_one_colour_however_they_are_stored(pictures):
    grey = np.random.default_rng(0).integers(0, 256, (4, 5, 7), dtype=np.uint8)
    place = pictures([grey[0], grey[1], np.repeat(grey[2][..., None], 3, axis=2)])
    Image.fromarray(grey[3].astype(np.uint16) * 256 + 200).save(place / "16-bit.png")
    dataset = data.load(place)
    assert dataset.shape == (5, 7, 1)
    found = {image.tobytes() for part in ("train", "validation", "test") for image in getattr(dataset, part)}
    assert found == {image.tobytes() for image in grey}


def test_one_coloured_picture_makes_the_folder_coloured(pictures):
    place = pictures(np.zeros((5, 4, 4), np.uint8))
    Image.new("RGB", (4, 4), "red").save(place / "red.png")
    assert data.load(place).shape == (4, 4, 3)


def test_size_takes_the_centre_square(pictures):
    wide = np.zeros((6, 30, 50, 3), np.uint8)
    wide[:, :, 10:40] = [200, 100, 50]
    dataset = data.load(pictures(wide), size=8)
    assert dataset.shape == (8, 8, 3) and (dataset.train == [200, 100, 50]).all()
    assert "centre squares resized to 8x8" in dataset.note


def test_a_size_that_the_pictures_have_changes_nothing(pictures):
    place = pictures(np.random.default_rng(0).integers(0, 256, (9, 6, 6, 3), dtype=np.uint8))
    assert np.array_equal(data.load(place, size=6).train, data.load(place).train)


def test_a_camera_that_lay_on_its_side_is_respected(tmp_path):
    upright = np.zeros((4, 6, 3), np.uint8)
    upright[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise to see it upright"
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(folder.read(tmp_path / "turned.png"), upright)


def test_a_picture_of_too_many_pixels_is_not_called_broken(tmp_path, monkeypatch):
    Image.new("L", (64, 64)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match="million pixels, too many to be read: make it smaller"):
        folder.read(tmp_path / "large.png", size=8)


def test_transparency_lies_on_white(tmp_path):
    Image.new("RGBA", (2, 2), (10, 20, 30, 0)).save(tmp_path / "clear.png")
    assert (folder.read(tmp_path / "clear.png") == 255).all()


def test_jpegs_and_capital_suffixes_and_other_files(pictures):
    place = pictures(np.full((3, 8, 8, 3), 128, np.uint8), suffix="JPG")
    Image.new("RGB", (8, 8)).save(place / "a.jpeg")
    (place / "notes.txt").write_text("not a picture")
    (place / "._00.JPG").write_text("what a file manager leaves behind")
    (place / "a.webp").write_text("a picture of another format")
    (place / "more").mkdir()
    dataset = data.load(place, levels=4)
    assert "a folder of pictures, 1 files of other formats left out, 1 subfolders not searched, quantised" in dataset.note
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 4
    assert dataset.levels == 4 and dataset.train.max() == 2
