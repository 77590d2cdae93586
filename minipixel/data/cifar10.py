"""CIFAR-10: 32x32 photographs in three colours of 256 levels.

Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009 (the "binary version").
"""

import io
import tarfile
import zlib

import numpy as np

from .dataset import About, Dataset
from .source import File, contents, place, read

ABOUT = About("cifar10", "32x32", "3", 256, "45,000 / 5,000 / 10,000", "CIFAR-10, binary version (Krizhevsky)",
              "not stated; the report is to be cited")
ARCHIVE = File("cifar-10-binary.tar.gz", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
               "md5:c32a1d4ab5d03f1284b67883e8d87530")  # the archive as it is: the publisher gives no other checksum
BATCHES = [f"data_batch_{number}.bin" for number in range(1, 6)]
TEST = "test_batch.bin"


def load():
    """CIFAR-10 with the last tenth of the training images (5,000 of the official 50,000) for validation.

    MINIPIXEL_DATA may have the archive in cifar10/, or its batches, all or the first few, in cifar10/ or cifar10-mini/.
    Only the archive can be proven official.
    """
    here = place("cifar10", "cifar10-mini")
    if here is None or (here / ARCHIVE.name).is_file():
        found, official = contents("cifar10", [ARCHIVE])
        batches, source = _members(found[ARCHIVE.name]), "CIFAR-10"
    else:
        batches, official = _loose(here), False
        source = f"CIFAR-10's format, batches in {here.name}/ (only {ARCHIVE.name} can be verified)"
    parsed = {name: parse_batch(content, name) for name, content in batches.items()}
    test, test_labels = parsed.pop(TEST)
    train, labels = (np.concatenate(arrays) for arrays in zip(*parsed.values(), strict=True))
    cut = len(train) - len(train) // 10
    return Dataset("cifar10", train[:cut], train[cut:], test, ABOUT.levels, source,
                   {"train": labels[:cut], "validation": labels[cut:], "test": test_labels}, official)


def parse_batch(content, name):
    """Records of a label and 1,024 reds, greens and blues  ->  uint8 (N, 32, 32, 3) and labels (N,)."""
    if not content or len(content) % 3073:
        raise ValueError(f"{name} is truncated or no CIFAR-10 batch: expected records of 3,073 bytes, "
                         f"got {len(content):,} bytes: copy or download it again")
    records = np.frombuffer(content, np.uint8).reshape(-1, 3073)
    labels = records[:, 0].copy()
    if (labels > 9).any():
        record = int(np.argmax(labels > 9))
        raise ValueError(f"{name}, record {record + 1}: expected a label 0..9, got {labels[record]}")
    return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels


def _members(archive):
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            return {name: tar.extractfile(f"cifar-10-batches-bin/{name}").read() for name in [*BATCHES, TEST]}
    except (tarfile.TarError, OSError, EOFError, KeyError, zlib.error) as error:
        raise ValueError(f"{ARCHIVE.name} is no sound CIFAR-10 archive ({error}): copy or download it again") from None


def _loose(folder):
    there = [name for name in BATCHES if (folder / name).is_file() or (folder / f"{name}.gz").is_file()]
    first = BATCHES[:max(1, len(there))]  # a gap or nothing at all: read() names the missing one
    return {name: read(folder / name) for name in [*first, TEST]}
