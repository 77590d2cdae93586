"""The door between the audit and somebody else's function: what goes in, and what is checked of what comes out.

Predictions become (N, P, K): the P places of an image in the order of `order.raster`; "earlier" is a smaller index.
"""

import numpy as np

from minipixel.backend import to_numpy
from minipixel.order import raster

SUM_TOLERANCE = {"float32": 1e-3, "float64": 1e-8}      # of log sum_k p_k: 256 rounded exponentials, added up


def asker(model, shape, levels):
    """A function from integer images (N, H, W, C) to checked log-probabilities (N, P, K) of `model`.

    `model` is a function, or has one named `predict`: integer images to log-probabilities (N, H, W, C, K).
    ValueError, in one line, when shape or levels make no sense or when an answer is no set of log-probabilities.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"audit expects a shape (height, width, colours), got {tuple(shape)}")
    if levels < 2:
        raise ValueError(f"audit expects 2 levels or more, got {levels}")
    predict = getattr(model, "predict", model)
    if not callable(predict):
        raise ValueError(f"audit expects a function or a model with predict, got {type(model).__name__}")
    rows, columns, colours = np.array(raster(*shape)).T

    def ask(images):
        logp = to_numpy(predict(images.copy()))
        _check(logp, (*images.shape, levels))
        return logp[:, rows, columns, colours]

    return ask


def _check(logp, expected):
    """ValueError unless `logp` is a float array of the expected shape whose levels sum to one everywhere."""
    if logp.shape != expected:
        raise ValueError(f"predict expects to return log-probabilities {expected} for images {expected[:-1]}, "
                         f"got {logp.shape}: is the axis of the levels last?")
    if logp.dtype.name not in SUM_TOLERANCE:
        raise ValueError(f"predict expects to return float32 or float64, got {logp.dtype}")
    if np.isnan(logp).any():
        raise ValueError(f"predict returned NaN at (image, row, column, colour, level) {_first(np.isnan(logp))}")
    with np.errstate(divide="ignore", over="ignore"):   # -inf is a probability of zero; raw scores may overflow
        sums = np.exp(logp).sum(axis=-1)
        wrong = ~(np.abs(np.log(sums)) <= SUM_TOLERANCE[logp.dtype.name])
    if wrong.any():
        total, why = sums[_first(wrong)], "is a log-softmax missing?"
        told = f"{total:.6g}"
        if abs(total - 1) <= SUM_TOLERANCE["float32"]:
            told, why = f"1 {total - 1:+.1e}", "were they computed in float32? return float32, or compute in float64"
        raise ValueError(f"predict returned values whose exponentials sum to {told} and not to 1 "
                         f"at (image, row, column, colour) {_first(wrong)}: {why}")


def _first(where):
    return tuple(int(i) for i in np.argwhere(where)[0])
