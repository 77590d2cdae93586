"""Means with their errors."""

import numpy as np


def error_bar(values, groups=None):
    """Mean and standard error of values, one for each image or sample: {"mean", "error"}; of one alone the error is None.

    groups: a number for each value; those of one group belong together, as squares of one photograph do. Only the groups
    are independent, and with r_g the sum over group g of value - mean, the error is sqrt(G / (G - 1) sum_g r_g^2) / n.
    """
    values = np.asarray(values, np.float64)
    mean = values.mean()
    left = values - mean if groups is None else np.bincount(np.unique(groups, return_inverse=True)[1], values - mean)
    error = np.sqrt(len(left) / (len(left) - 1) * (left**2).sum()) / len(values) if len(left) > 1 else None
    return {"mean": float(mean), "error": None if error is None else float(error)}


def difference(ours, other, groups=None):
    """ours - other of the same images, with the ends of its 95 % interval (normal)."""
    bar = error_bar(np.subtract(ours, other), groups)
    return bar | {"from": bar["mean"] - 1.96 * bar["error"], "to": bar["mean"] + 1.96 * bar["error"]}
