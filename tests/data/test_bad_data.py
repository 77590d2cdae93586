"""What people give by mistake: each is refused with one line that names what is wrong."""

import gzip

import numpy as np
import pytest
from PIL import Image

from minipixel import data
from minipixel.data.cifar10 import ARCHIVE

BINARY, GREY, COLOUR = "binarized-mnist", "mnist", "cifar10"
AMAT_TRAIN, AMAT_TEST = "binarized_mnist_train.amat", "binarized_mnist_test.amat"
TRAIN, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
BATCH, TEST_BATCH = "data_batch_1.bin", "test_batch.bin"


def refuses(error, fragments, *args, **options):
    with pytest.raises(error) as caught:
        data.load(*args, **options)
    message = str(caught.value)
    assert "\n" not in message and len(message) > 20
    for fragment in fragments:
        assert fragment in message, message


# Names and numbers


@pytest.mark.parametrize("name", ["", "minst", "MNIST", "imagenet", "no/such", "/nowhere", "digits ", "a\nb", "a\0b"])
def test_an_unknown_name(name):
    refuses(ValueError, ["unknown data", repr(name), "digits, binarized-mnist, mnist, "], name)


@pytest.mark.parametrize("name, levels", [("digits", 1), ("digits", 0), ("digits", -2), ("digits", 18), ("digits", 256),
                                          ("digits", 2.5), ("digits", "4"), ("binarized-mnist", 3), ("mnist", 257),
                                          ("mnist", float("nan")), ("cifar10", 1), ("cifar10", 65536)])
def test_levels_that_do_not_fit(name, levels, root):
    refuses(ValueError, ["levels expects a whole number from 2 to", repr(name), f"got {levels!r}"], name, levels=levels)


@pytest.mark.parametrize("name", ["digits", "binarized-mnist", "mnist", "cifar10"])
def test_a_size_for_a_set_that_has_its_own(name, root):
    refuses(ValueError, ["size is for folders of pictures", name, "got size 16"], name, size=16)


@pytest.mark.parametrize("size", [0, -1, 1025, 10**9, 2.0, "32"])
def test_a_size_that_no_picture_can_have(size, tmp_path):
    refuses(ValueError, ["size expects a whole number from 1 to 1024", f"got {size!r}"], tmp_path, size=size)


def test_pictures_too_large_to_be_taken_as_they_are(tmp_path):
    for number in range(3):
        Image.new("RGB", (4, 1025)).save(tmp_path / f"{number}.png")
    refuses(ValueError, ["is 4x1025", "up to 1024 pixels a side", "--size 32"], tmp_path)
    assert data.load(tmp_path, size=4).shape == (4, 4, 1)


# Where files come from


@pytest.mark.parametrize("name", [BINARY, GREY, COLOUR])
def test_minipixel_data_names_nothing(name, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIPIXEL_DATA", str(tmp_path / "gone"))
    refuses(FileNotFoundError, ["MINIPIXEL_DATA names", "gone", "is no folder"], name)


def test_minipixel_data_names_a_file(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINIPIXEL_DATA", str(tmp_path / "file"))
    refuses(FileNotFoundError, ["MINIPIXEL_DATA names", "is no folder"], "mnist")


@pytest.mark.parametrize("name, missing", [(BINARY, AMAT_TRAIN), (GREY, TRAIN), (COLOUR, BATCH)])
def test_an_empty_folder_of_a_set(name, missing, root):
    (root / name).mkdir()
    refuses(FileNotFoundError, [missing, "is missing"], name)


# Files of every format: (set, file, what becomes of the sound content, what the message says)

FILES = {
    "amat empty": (BINARY, AMAT_TEST, lambda x: b"", ["is empty"]),
    "amat newlines": (BINARY, AMAT_TEST, lambda x: b"\n\n", ["line 1", "784", "got 0 values"]),
    "amat truncated": (BINARY, AMAT_TRAIN, lambda x: x[:-100], ["line 6", "784", "got 734 values"]),
    "amat short line": (BINARY, AMAT_TRAIN, lambda x: x[2:], ["line 1", "got 783 values"]),
    "amat long line": (BINARY, AMAT_TRAIN, lambda x: b"0 " + x, ["line 1", "got 785 values"]),
    "amat blank line": (BINARY, AMAT_TRAIN, lambda x: x[:1568] + b"\n" + x[1568:], ["line 2"]),
    "amat two lines in one": (BINARY, AMAT_TRAIN, lambda x: x.replace(b"\n", b" ", 1), ["line 1", "got 1568 values"]),
    "amat a two": (BINARY, AMAT_TEST, lambda x: x[:1568] + b"2" + x[1569:], ["line 2", "got '2'"]),
    "amat grey values": (BINARY, AMAT_TEST, lambda x: x.replace(b"1", b"0.5"), ["line 1", "got '0.5'"]),
    "amat commas": (BINARY, AMAT_TEST, lambda x: x.replace(b" ", b","), ["line 1", "with a space between"]),
    "amat tabs": (BINARY, AMAT_TEST, lambda x: x.replace(b" ", b"\t"), ["line 1", "other separators"]),
    "amat a label": (BINARY, AMAT_TEST, lambda x: x.replace(b"\n", b" 7\n"), ["line 1", "got 785 values"]),
    "amat zeros": (BINARY, AMAT_TEST, lambda x: bytes(1568 * 2), ["line 1"]),
    "amat a web page": (BINARY, AMAT_TEST, lambda x: b"<html>404</html>\n" * 98, ["line 1", "zeros and ones"]),
    "idx empty": (GREY, TRAIN, lambda x: b"", ["is empty"]),
    "idx three bytes": (GREY, TRAIN, lambda x: x[:3], ["no idx file", "00000803", "got 000008"]),
    "idx header cut": (GREY, TRAIN, lambda x: x[:9], ["truncated", "16 bytes", "got 9"]),
    "idx header only": (GREY, TRAIN, lambda x: x[:16], ["truncated", "promises 9,408", "got 0"]),
    "idx truncated": (GREY, TEST, lambda x: x[:-1], ["truncated", "promises 2,352", "got 2,351"]),
    "idx too long": (GREY, TEST, lambda x: x + b"\0", ["too long", "got 2,353"]),
    "idx wrong magic": (GREY, TEST, lambda x: b"\x89PNG" + x[4:], ["no idx file", "got 89504e47"]),
    "idx floats": (GREY, TEST, lambda x: b"\0\0\x0d\x03" + x[4:], ["no idx file", "00000803"]),
    "idx labels for images": (GREY, TRAIN, lambda x: b"\0\0\x08\x01\0\0\0\x01\x05", ["no idx file", "3 dimensions"]),
    "idx images for labels": (GREY, TEST_LABELS, lambda x: b"\0\0\x08\x03" + bytes(12), ["no idx file", "1 dim"]),
    "idx other sizes": (GREY, TEST, lambda x: x[:8] + b"\0\0\0\x0e\0\0\0\x38" + x[16:], ["28x28", "got 14x56"]),
    "idx no labels": (GREY, TEST_LABELS, lambda x: x[:4] + bytes(4), ["each of the 3 images", "got 0"]),
    "idx a label less": (GREY, TRAIN_LABELS, lambda x: x[:7] + b"\x0b" + x[8:-1], ["each of the 12 images", "got 11"]),
    "idx label eleven": (GREY, TEST_LABELS, lambda x: x[:-1] + b"\x0b", ["expected labels 0..9", "got 11"]),
    "idx too large": (GREY, TEST, lambda x: x[:4] + b"\xff" * 12, ["truncated", "promises"]),
    "batch empty": (COLOUR, TEST_BATCH, lambda x: b"", ["is empty"]),
    "batch truncated": (COLOUR, "data_batch_2.bin", lambda x: x[:-1], ["data_batch_2.bin", "3,073", "got 30,729"]),
    "batch of CIFAR-100": (COLOUR, TEST_BATCH, lambda x: bytes(3074), ["truncated or no CIFAR-10 batch"]),
    "batch label ten": (COLOUR, TEST_BATCH, lambda x: x[:3073] + b"\x0a" + x[3074:], ["record 2", "got 10"]),
    "archive of nothing": (COLOUR, ARCHIVE.name, lambda x: b"not an archive", ["no sound CIFAR-10 archive"]),
}


def sound_files(make, name):
    kinds = {BINARY: make.amat_files, GREY: make.mnist_files, COLOUR: make.cifar_files}
    return kinds[name](make.rng)


@pytest.mark.parametrize("case", FILES)
def test_a_broken_file(case, write, make):
    name, file, damage, fragments = FILES[case]
    files = sound_files(make, name)
    write(name, files | {file: damage(files.get(file))})
    refuses(ValueError, [file, *fragments], name)


@pytest.mark.parametrize("name, file", [(BINARY, AMAT_TEST), (GREY, TRAIN), (COLOUR, TEST_BATCH)])
@pytest.mark.parametrize("damage, says", [
    (lambda packed: packed[:-12], "is truncated"), (lambda packed: packed[:5], "is truncated"),
    (lambda packed: b"plain text", "not a sound gzip file"), (lambda packed: packed + b"tail", "not a sound gzip file"),
    (lambda packed: packed[:20] + bytes(20) + packed[40:], "not a sound gzip file"), (lambda packed: b"", "is empty")])
def test_a_broken_gzip_file(name, file, damage, says, write, make):
    files = sound_files(make, name)
    write(name, files | {f"{file}.gz": damage(gzip.compress(files.pop(file)))})
    refuses(ValueError, [file, says], name)


@pytest.mark.parametrize("name, file", [(BINARY, AMAT_TEST), (GREY, TEST), (COLOUR, TEST_BATCH), (COLOUR, BATCH)])
def test_a_missing_file(name, file, write, make):
    files = sound_files(make, name)
    del files[file]
    write(name, files)
    refuses(FileNotFoundError, [file, "is missing"], name)


def test_files_without_any_image(write, make):
    write("mnist", make.mnist_files(make.rng, test=0))
    refuses(ValueError, ["mnist", "no image left for its test split"], "mnist")


def test_too_few_images_for_a_validation_split(write, make):
    write("mnist", make.mnist_files(make.rng, train=5))
    refuses(ValueError, ["mnist", "no image left for its validation split"], "mnist")


# Folders of pictures


@pytest.fixture
def place(tmp_path):
    """A folder of four sound pictures of 6x4."""
    folder = tmp_path / "pets"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((4, 6, 3), 60 * number, np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_folder_without_enough_pictures(count, place):
    for number in range(count, 4):
        (place / f"{number}.png").unlink()
    (place / "notes.txt").write_text("")
    refuses(ValueError, ["pets", f"has {count} PNG or JPEG pictures", "at least 3 expected"], place)


def test_a_folder_of_folders(place):
    refuses(ValueError, ["has 0 PNG or JPEG pictures", "subfolders are not searched"], place.parent)


def test_a_file_for_a_folder(place):
    refuses(ValueError, ["0.png", "is a file", "expected the folder"], place / "0.png")


@pytest.mark.parametrize("content", [b"", b"hello", b"GIF89a" + bytes(50), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_a_file_that_is_no_picture(name, content, place):
    (place / name).write_bytes(content)
    refuses(ValueError, [name, "is no readable PNG or JPEG picture"], place)


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_truncated_picture(kind, place):
    Image.effect_noise((60, 40), 50).convert("RGB").save(place / f"cut.{kind}")
    content = (place / f"cut.{kind}").read_bytes()
    (place / f"cut.{kind}").write_bytes(content[:len(content) // 2])
    refuses(ValueError, [f"cut.{kind}", "is no readable PNG or JPEG picture"], place)


def test_a_folder_called_like_a_picture(place):
    (place / "album.png").mkdir()
    refuses(ValueError, ["album.png", "is no readable PNG or JPEG picture"], place)


def test_pictures_of_different_sizes(place):
    Image.new("RGB", (4, 6)).save(place / "tall.png")
    refuses(ValueError, ["pets", "different sizes", "6x4", "'tall.png' is 4x6", "--size 32"], place)
    assert data.load(place, size=3).shape == (3, 3, 1)
