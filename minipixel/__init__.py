"""minipixel: autoregressive image modelling from scratch, every backward pass written by hand and checked.

    model = minipixel.build("pixelcnn", height=28, width=28, colours=1, levels=2, rng=0, layers=7, h=32)
    model.nll(x), model.loss_and_grads(x), model.predict(x)
    minipixel.load("pixelcnn-mnist")                    # a trained model: a run folder, or one that ships
    minipixel.sample(model, n=16, rng=0)
    minipixel.audit.causality(model.predict, shape=(8, 8, 1), levels=2)
    minipixel.densities.MCGSM(inputs=12)                # a density of vectors, to be fitted

The floors, lowest first: backend, order, ops, densities, layers, models, training and sampling, cli; beside them gradcheck,
audit, plots and data. See docs/architecture.md.
"""

from minipixel import audit, data, densities, gradcheck
from minipixel.models import build
from minipixel.models.saved import load
from minipixel.sampling import complete, sample

__version__ = "0.1.0"
__all__ = ["audit", "build", "complete", "data", "densities", "gradcheck", "load", "sample"]
