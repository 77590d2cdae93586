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


# Standard errors to either side of a mean that hold 95 %, for 2, 3, .. 30 independent values: Student's t, 0.975.
FEW = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110,
       2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045)


def difference(ours, other, groups=None):
    """ours - other of the same images, with the ends of its 95 % interval: normal, of at most 30 images or groups Student's."""
    bar = error_bar(np.subtract(ours, other), groups)
    count = len(ours) if groups is None else len(np.unique(groups))
    reach = bar["error"] * (FEW[count - 2] if count - 2 < len(FEW) else 1.96)
    return bar | {"from": bar["mean"] - reach, "to": bar["mean"] + reach}
