"""MNIST with a label for each pixel: the class of the digit where there is ink, background elsewhere.

Background is grey below 128; class 10 stands for it. The task is that of A. Graves, S. Fernandez and J. Schmidhuber,
Multi-dimensional recurrent neural networks, ICANN 2007, section 4.2. The label of an image is the class that most pixels
of its foreground are given.
"""

import numpy as np

from . import mnist
from .dataset import SPLITS, Dataset

ABOUT = mnist.ABOUT._replace(name="mnist-segmentation", source="MNIST, each pixel labelled: its digit, or background")
INK = 128
BACKGROUND = 10


def load():
    """MNIST's images and its split, with targets."""
    return labelled(mnist.load(), ABOUT.name, "MNIST, pixels labelled by digit or background (grey below 128)")


def labelled(images, name, source):
    """The Dataset `images` with a label for each pixel."""
    targets = {split: pixel_labels(getattr(images, split), images.labels[split]) for split in SPLITS}
    return Dataset(name, images.train, images.validation, images.test, images.levels, source, images.labels, images.official,
                   targets, BACKGROUND + 1)


def pixel_labels(images, labels):
    """images (N, H, W, 1) of grey values 0..255, labels (N,) of digits  ->  uint8 (N, H, W)"""
    return np.where(images[..., 0] >= INK, labels[:, None, None], BACKGROUND).astype(np.uint8)
