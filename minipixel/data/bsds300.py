"""BSDS300: the 300 photographs of the Berkeley segmentation data set, 481x321 or 321x481, in the official two folders.

As a set for training, non-overlapping squares of --size of each photograph. As whole photographs, for the rate of a density,
in two groups of one shape each (`photographs`): none is turned, since up and down differ in a photograph.

Our validation photographs are the last twenty training ones by name. The publisher gives no checksum. Ours is of the
photographs, however they are packed: two independent copies of the set have it.

Source: D. Martin, C. Fowlkes, D. Tal and J. Malik, A Database of Human Segmented Natural Images and its Application to
Evaluating Segmentation Algorithms and Measuring Ecological Statistics, ICCV 2001.
"""

import io
import re
import tarfile
import zlib

import numpy as np

from . import folder
from .dataset import About, Dataset, check_integer
from .patches import tiles
from .source import File, fetch, has_digest, place

ABOUT = About("bsds300", "32x32, or --size", "3", 256, "squares of 180 / 20 / 100 photographs",
              "Berkeley segmentation data set, 300 JPEG photographs (Martin, Fowlkes, Tal and Malik)",
              "non-commercial research and education")
SIZE = 32
FOLDERS = {"train": 200, "test": 100}       # the official numbers of photographs
SHAPES = {"landscape": (321, 481, 3), "portrait": (481, 321, 3)}
HELD_OUT = 20


def load(size=None):
    """Squares of size x size (32) side by side from the upper left corner of each photograph; what is left over is cut off.

    groups: the photographs.
    """
    size = SIZE if size is None else size
    check_integer("size", size, 1, 321)
    pictures, official = _pictures()
    cut = {name: [tiles(picture[None], size) for picture in part] for name, part in _split(pictures).items()}
    splits = {name: np.concatenate(part) for name, part in cut.items()}
    groups = {name: np.repeat(np.arange(len(part)), [len(squares) for squares in part]) for name, part in cut.items()}
    return Dataset("bsds300", **splits, groups=groups, levels=ABOUT.levels, official=official,
                   source=f"squares of {size}x{size} of BSDS300's photographs")


def photographs(split):
    """{"landscape": uint8 (n, 321, 481, 3), "portrait": uint8 (m, 481, 321, 3)} of "train", "validation" or "test"."""
    parts = _split(_pictures()[0])
    if split not in parts:
        raise ValueError(f"split expects {', '.join(parts)}, got {split!r}")
    found = {name: [picture for picture in parts[split] if picture.shape == shape] for name, shape in SHAPES.items()}
    if strange := {picture.shape for picture in parts[split]} - set(SHAPES.values()):
        raise ValueError(f"photographs of bsds300 are expected to be 481x321 or 321x481, got {sorted(strange)[0]}")
    return {name: np.stack(part) if part else np.zeros((0, *SHAPES[name]), np.uint8) for name, part in found.items()}


def _split(pictures):
    train = list(pictures["train"].values())
    return {"train": train[:-HELD_OUT], "validation": train[-HELD_OUT:], "test": list(pictures["test"].values())}


def _pictures():
    """{"train": {name: picture}, "test": ..} by name, and whether they are the official ones."""
    here = place("bsds300")
    if here is None or (here / ARCHIVE.name).is_file():
        found = _members((here / ARCHIVE.name).read_bytes() if here else fetch("bsds300", ARCHIVE))
    else:
        found = {part: {path.name: path.read_bytes() for path in sorted((here / part).glob("*.jpg"))} for part in FOLDERS}
    for part, files in found.items():
        least = 1 if part == "test" else HELD_OUT + 1
        if len(files) < least:
            raise ValueError(f"bsds300 has {len(files)} photographs in {part}/, at least {least} expected "
                             f"(officially {FOLDERS[part]}): put the .jpg files of BSDS300 there")
    pictures = {part: {name: folder.read(io.BytesIO(content), name=name) for name, content in files.items()}
                for part, files in found.items()}
    return pictures, has_digest(_listed(found), ARCHIVE.digest)


def _members(archive):
    """{"train": {name: bytes}, "test": ..} of the packed photographs, by name"""
    found = {part: {} for part in FOLDERS}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in sorted(tar.getmembers(), key=lambda member: member.name):
                if match := re.search(r"images/(train|test)/([^/]+\.jpg)$", member.name):
                    found[match[1]][match[2]] = tar.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{ARCHIVE.name} is no sound archive ({error}): copy or download it again") from None
    return found


def _listed(found):
    """What the checksum is of: name, zero byte and content of each photograph, sorted by name."""
    return b"".join(f"BSDS300/images/{part}/{name}".encode() + b"\0" + content
                    for part in sorted(found) for name, content in sorted(found[part].items()))


ARCHIVE = File("BSDS300-images.tgz", "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/BSDS300-images.tgz",
               "sha256:44584b06a9d2f22028d345f087f99d2428a5b6c410e8bede069770a60a8a24ef",
               of=lambda archive: _listed(_members(archive)))
