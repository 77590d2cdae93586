"""Densities on disk: one .npz of arrays, without pickle."""

import numpy as np

from minipixel.densities.field import Field
from minipixel.densities.gsm import GSM
from minipixel.densities.mcgsm import MCGSM
from minipixel.densities.multiscale import Multiscale
from minipixel.densities.patch import Patch
from minipixel.densities.whitening import Whitened
from minipixel.files import read_arrays, write_arrays

KINDS = {kind.__name__: kind for kind in (Field, GSM, MCGSM, Multiscale, Patch, Whitened)}


def save(density, path):
    """Write a density with everything that `load` needs; the file is whole or not there."""
    write_arrays(path, {"kind": np.array(type(density).__name__), **density.arrays()})


def load(path):
    """The density of a file, on the host; ValueError when the file is not one of ours."""
    arrays = read_arrays(path)
    kind = str(arrays.pop("kind", None))
    if kind not in KINDS:
        raise ValueError(f"{path} is no density of minipixel: expected its kind to be {', '.join(KINDS)}, got {kind}")
    try:
        return KINDS[kind].from_arrays(arrays)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} does not hold what a {kind} needs: {error}") from None
