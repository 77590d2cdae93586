"""Errors of a labeller on a held-out split: of pixels, and of images by the vote of their foreground.

The last class is the background. An image's label is the digit that most pixels of its foreground are given (Graves et al.
2007); the foreground is where the true label is no background, which the grey values alone decide.
"""

import numpy as np

from minipixel.error_bars import error_bar
from minipixel.training.evaluation import chunks
from minipixel.workers import processes

# Graves, Fernandez and Schmidhuber 2007, in per cent: (pixel error, image error). Their warp had settings unknown to us.
PAPER = {"mnist-segmentation": (0.5, 1.1), "mnist-segmentation-warped": (3.8, 6.8)}


def label(model, x, targets, progress=False):
    """What the model says of a split: nats (N,), and the likeliest label of each pixel (N, H, W)."""
    found = []
    for x_k, targets_k in chunks((x, targets), progress):
        log_p = model.predict(x_k)
        true = np.take_along_axis(log_p, targets_k[..., None].astype(int), axis=-1)
        found.append((-true.sum(axis=(1, 2, 3), dtype=np.float64), log_p.argmax(axis=-1).astype(np.uint8)))
    return tuple(np.concatenate(parts) for parts in zip(*found))


def votes(labels, foreground, background):
    """The digit that most pixels of each image's foreground are given: (N,); the lowest of several, 0 where there is none."""
    counts = [((labels == digit) & foreground).sum(axis=(1, 2)) for digit in range(background)]
    return np.argmax(counts, axis=0)


def figure(labels, targets, digits, background, nats=None):
    """Pixel error and image error (parts of one), each with the standard error of its mean over images."""
    pixels = (labels != targets).mean(axis=(1, 2))
    images = votes(labels, targets != background, background) != digits
    pixel, image = error_bar(pixels), error_bar(images)
    return {"pixel_error": pixel["mean"], "pixel_error_error": pixel["error"],
            "image_error": image["mean"], "image_error_error": image["error"],
            "nats": None if nats is None else float(nats.mean()), "images": len(labels)}


def commonest(data):
    """The digit that most foreground pixels of the training images belong to."""
    return int(np.bincount(data.targets["train"].reshape(-1), minlength=data.classes)[:-1].argmax())


def compare(model, data, split="test", progress=False):
    """The table that ends a training: one digit for all ink, what the paper reports on the test split, and this model."""
    x, targets = data.examples(split)
    digits, background = data.labels[split], data.classes - 1
    with processes(model):
        nats, labels = label(model, x, targets, progress)
    one = np.where(targets == background, background, commonest(data))
    found = {f"all ink is a {commonest(data)}": figure(one, targets, digits, background)}
    if data.name in PAPER and split == "test":
        pixel, image = PAPER[data.name]
        found["MDRNN, Graves et al. 2007"] = {"pixel_error": pixel / 100, "image_error": image / 100}
    return found | {model.name: figure(labels, targets, digits, background, nats)}
