"""How a model is trained: the settings, and the learning rate over the training."""

import math
from dataclasses import dataclass, fields

import numpy as np

from minipixel.models import unknown
from minipixel.training.optimisers import OPTIMISERS


@dataclass(frozen=True)
class Recipe:
    """Settings of a training, each checked; `epochs` or `minutes` (of training time over all resumes) says when it ends."""

    epochs: int | None = None
    minutes: float | None = None
    batch: int = 16
    optimiser: str = "adam"
    rate: float = 2e-3
    decay: str = "cosine"       # "cosine": flat for 30 % of the training, then a half cosine to zero; "none": flat
    clip: float = 0.0           # largest common norm of the gradients; 0: no clipping
    average: float = 0.9995     # decay of the averaged weights (Polyak); 0: the last weights
    samples: int = 100_000      # of a density: pixels that its mixture is fitted to by L-BFGS
    edges: bool = True          # is it trained on pixels whose neighbourhood a border cuts as well?
    stages: int = 0             # patches that grow and rates that fall (training/stages.py), so many of them; 0: neither
    refit: int = 100            # iterations of L-BFGS on the mixture after each stage

    def __post_init__(self):
        require((self.epochs is None) != (self.minutes is None), "training expects either epochs or minutes")
        require(self.epochs is None or (whole(self.epochs) and self.epochs >= 1),
                f"epochs expects a whole number of at least 1, got {self.epochs!r}")
        require(self.minutes is None or positive(self.minutes), f"minutes expects a number above 0, got {self.minutes!r}")
        require(whole(self.batch) and 1 <= self.batch <= 10**6,
                f"batch expects a whole number of at least 1 and at most 1000000, got {self.batch!r}")
        require(self.optimiser in (*OPTIMISERS, "lbfgs"), unknown("optimiser", self.optimiser, [*OPTIMISERS, "lbfgs"]))
        require(self.decay in ("cosine", "none"), unknown("decay", self.decay, ("cosine", "none")))
        require(positive(self.rate), f"rate expects a number above 0, got {self.rate!r}")
        require(self.clip == 0 or positive(self.clip), f"clip expects a number of at least 0, got {self.clip!r}")
        require(number(self.average) and 0 <= self.average < 1,
                f"average expects a number from 0 to below 1, got {self.average!r}")

        require(whole(self.samples) and self.samples >= 1,
                f"samples expects a whole number of at least 1, got {self.samples!r}")
        for name in ("stages", "refit"):
            value = getattr(self, name)
            require(whole(value) and value >= 0, f"{name} expects a whole number of at least 0, got {value!r}")
        require(isinstance(self.edges, bool), f"edges expects true or false, got {self.edges!r}")

    def rate_at(self, progress):
        """The learning rate when `progress` of the training (0..1) is done."""
        if self.decay == "none":
            return self.rate
        falling = min(1.0, max(0.0, (progress - 0.3) / 0.7))
        return self.rate * 0.5 * (1 + math.cos(math.pi * falling))

    def average_at(self, step):
        """The decay of the average at a step: short at the start, so that the first weights are soon forgotten."""
        return min(self.average, step / (step + 10))


# Of densities, which are trained in another way than most models, by their name and head.
DEFAULTS = {("mcgsm", None): {"optimiser": "lbfgs"}, ("spatial-lstm", "mcgsm"): {"stages": 8, "batch": 50, "rate": 1e-2}}
SETTINGS = tuple(field.name for field in fields(Recipe) if field.name not in ("epochs", "minutes"))


def number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)


def positive(value):
    return number(value) and value > 0


def whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def require(holds, sentence):
    if not holds:
        raise ValueError(sentence)
