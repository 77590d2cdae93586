"""Images of integers, through one door.

    data = load("digits")                 # one of the sets of table(), or the path of a folder of pictures
    data.train, data.validation, data.test                     # uint8 (N, H, W, C), values 0..data.levels-1
    data.note                                                  # the line that belongs to every result

dataset.py            what a loaded set is, and quantising
source.py             where files come from: MINIPIXEL_DATA, the user's cache, a download; checksums
digits.py             8x8, 17 levels, in the package
binarized_mnist.py    28x28, 2 levels, the fixed binarization
mnist.py              28x28, 256 levels
mnist_segmentation.py and mnist_segmentation_warped.py: a label for each pixel of MNIST
cifar10.py            32x32 RGB, 256 levels
bsds300.py            photographs, whole or in squares of any size
dead_leaves.py        discs that occlude each other, drawn here, of any size; dead_leaves_colour.py
folder.py             your own pictures
patches.py            squares cut out of images
"""

import difflib
import os
from pathlib import Path

from . import (
    binarized_mnist,
    bsds300,
    cifar10,
    dead_leaves,
    dead_leaves_colour,
    digits,
    folder,
    mnist,
    mnist_segmentation,
    mnist_segmentation_warped,
)
from .dataset import Dataset, check_integer

__all__ = ["Dataset", "load", "table"]

MODULES = (digits, binarized_mnist, mnist, mnist_segmentation, mnist_segmentation_warped, cifar10, bsds300, dead_leaves,
           dead_leaves_colour)
SETS = {module.ABOUT.name: module for module in MODULES}
SIZED = ("bsds300", "dead-leaves", "dead-leaves-colour")      # sets that have images of any size


def load(name, levels=None, size=None, grey=False):
    """The set called `name`, or the pictures of the folder `name`, as a Dataset.

    levels: fewer levels than the set has of its own, by level = value * levels // own levels; None keeps its own.
    size: pictures of a folder are cropped to the square in their centre and resized to size x size; of bsds300 and dead-leaves,
    grey or in colour, it is the size of the images that are cut out or drawn.
    grey: images in colour as their luma, rounded to whole levels (before they are quantised).
    A name of table() comes before a folder of the same name (write ./mnist for the folder).
    Errors: ValueError for unknown names, wrong numbers and broken files; OSError for missing files and lost downloads.
    """
    name = os.fspath(name)
    about = SETS[name].ABOUT if name in SETS else folder.ABOUT
    if levels is not None:
        check_integer("levels", levels, 2, about.levels, f" (the levels that {name!r} has)")
    if name in SETS:
        if size is not None and name not in SIZED:
            raise ValueError(f"size is for folders of pictures and for {', '.join(SIZED)}: {name!r} has images of "
                             f"{about.size}, got size {size!r}")
        dataset = SETS[name].load(size) if name in SIZED else SETS[name].load()
    else:
        dataset = folder.load(_existing_folder(name), size)
    if grey:
        dataset = dataset.in_grey()
    return dataset if levels is None else dataset.quantised(levels)


def table():
    """What there is, for people: a list of dicts (name, size, colours, levels, images, source, licence)."""
    return [module.ABOUT._asdict() for module in (*SETS.values(), folder)]


def _existing_folder(name):
    path = Path(name)
    if name and path.is_dir():
        return path
    if name and path.exists():
        raise ValueError(f"data {name!r} is a file: expected the folder of pictures that it lies in")
    near = difflib.get_close_matches(name.lower(), SETS, n=2, cutoff=0.5)
    hint = f" (did you mean {' or '.join(near)}?)" if near else " (has the folder moved?)" if os.sep in name else ""
    raise ValueError(f"unknown data {name!r}{hint}: expected {', '.join(SETS)} or an existing folder of pictures")
