"""What the public doors of the densities refuse, and how they say it."""

import operator

import numpy as np


def check_size(what, value, lowest=1, odd=False):
    """ValueError unless `value` is a whole number of at least `lowest`, and odd where it must be."""
    try:
        whole = operator.index(value)
    except TypeError:
        whole = None
    if whole is None or isinstance(value, bool) or whole < lowest or (odd and whole % 2 == 0):
        raise ValueError(f"{what} expects {'an odd' if odd else 'a'} whole number of at least {lowest}, got {value!r}")


def check_pair(owner, names, pair):
    """ValueError unless the validation data are None or a pair of these names."""
    if pair is not None and (not isinstance(pair, (tuple, list)) or len(pair) != 2):
        got = f"{len(pair)} of them" if isinstance(pair, (tuple, list)) else type(pair).__name__
        raise ValueError(f"{owner} expects validation data ({names}), got {got}")


def check_matrix(owner, what, values, columns):
    """ValueError unless `values` are float (n, columns)."""
    if getattr(values, "ndim", 0) != 2 or values.shape[1] != columns:
        raise ValueError(f"{owner} expects {what} of shape (n, {columns}), got {getattr(values, 'shape', type(values))}")
    if values.dtype.kind != "f":
        raise ValueError(f"{owner} expects {what} of floats, got {values.dtype}")


def check_real_images(owner, what, values, channels):
    """ValueError unless `values` are float images (N, H, W, channels)."""
    if getattr(values, "ndim", 0) != 4 or values.shape[3] != channels or 0 in values.shape:
        raise ValueError(f"{owner} expects {what} (N, H, W, {channels}), got {getattr(values, 'shape', type(values))}: "
                         "is the channel axis last?")
    if values.dtype.kind != "f":
        raise ValueError(f"{owner} expects {what} of floats, got {values.dtype}")


def check_finite(owner, **arrays):
    """ValueError unless the host arrays have samples, and neither NaN nor inf among them."""
    for what, values in arrays.items():
        if not len(values) or not np.isfinite(values).all():
            raise ValueError(f"{owner} expects samples {what} of finite numbers, got "
                             f"{'none' if not len(values) else 'NaN or inf'}")


def check_images(owner, images, colours, levels):
    """The images as a host array; ValueError unless they are integers 0..levels-1 of shape (N, H, W, colours)."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != colours or 0 in images.shape:
        raise ValueError(f"{owner} expects images (N, H, W, {colours}), got {images.shape}: is the colour axis last?")
    if images.dtype.kind not in "iu":
        raise ValueError(f"{owner} expects integer levels 0..{levels - 1}, got {images.dtype}")
    if images.min() < 0 or images.max() >= levels:
        raise ValueError(f"{owner} expects levels 0..{levels - 1}, got values from {images.min()} to {images.max()}")
    return images
