"""BSDS300's photographs in grey, as the papers on densities measure them."""

from dataclasses import replace

from . import bsds300
from .dataset import SPLITS
from .patches import grey

ABOUT = bsds300.ABOUT._replace(name="bsds300-grey", colours="1", source="bsds300, in grey (luma, rounded to whole levels)")


def load(size=None):
    """The squares of bsds300.load(size), each pixel's luma rounded. With size 321, one square of each photograph."""
    colour = bsds300.load(size)
    splits = {split: grey(getattr(colour, split)) for split in SPLITS}
    return replace(colour, name=ABOUT.name, source=f"{colour.source}, in grey", **splits)
