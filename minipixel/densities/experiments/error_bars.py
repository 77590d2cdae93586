"""Means with their errors."""

import numpy as np


def error_bar(values):
    """Mean and standard error of independent values: one for each image, or for each sample."""
    return {"mean": float(np.mean(values)), "error": float(np.std(values, ddof=1) / np.sqrt(len(values)))}


def difference(ours, other):
    """ours - other of the same images, with the ends of its 95 % interval (normal)."""
    bar = error_bar(np.subtract(ours, other))
    return bar | {"from": bar["mean"] - 1.96 * bar["error"], "to": bar["mean"] + 1.96 * bar["error"]}
