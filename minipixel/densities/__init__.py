"""Densities: what models real numbers, not levels. Integers become real by noise in [0, 1) that is added to them.

mcgsm.py            p(y | x) as a mixture of conditional Gaussian scale mixtures, with its parameters and its start
experts.py          the start of its experts, by expectation maximisation
gsm.py              p(y) as a mixture of Gaussian scale mixtures, fitted by EM
whitening.py        inputs and outputs whitened, the outputs given the inputs; with the density it gives
fitting.py          L-BFGS in units of curvature, stopped early on validation data
neighbourhood.py    what a pixel reads: causal and surrounding neighbours
field.py            p(image) = prod p(pixel | neighbours), also given another image
dequantised.py      integers made real by noise
multiscale.py       images of integers from coarse to fine
patch.py            small squares, a conditional for each place
saved.py            save and load, as .npz
experiments/        what `python -m minipixel.densities` shows
"""

from minipixel.densities.field import Field
from minipixel.densities.gsm import GSM
from minipixel.densities.mcgsm import MCGSM
from minipixel.densities.multiscale import Multiscale
from minipixel.densities.patch import Patch
from minipixel.densities.saved import load, save
from minipixel.densities.whitening import ConditionalWhitening, Whitened

__all__ = ["ConditionalWhitening", "Field", "GSM", "MCGSM", "Multiscale", "Patch", "Whitened", "load", "save"]
