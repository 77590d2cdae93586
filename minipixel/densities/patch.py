"""Patches as vectors: each value given all earlier ones, by a conditional of its own.

The protocol of BSDS300's 63 dimensions (`minipixel.data.patches.without_mean`): small squares, where a value's place in the
square matters and nothing lies outside.
"""

import numpy as np

from minipixel.densities.doors import check_matrix, check_size
from minipixel.densities.mcgsm import MCGSM
from minipixel.densities.whitening import Whitened, below


class Patch:
    """log p(v) = sum_i log p(v_i | v_1 .. v_i-1),   v (n, D) float64, its values in raster order

    options: of the MCGSMs, one for each value, fitted to whitened values.
    """

    def __init__(self, dimensions, **options):
        check_size("dimensions", dimensions)
        self.conditionals = [Whitened(MCGSM(i, 1, **options)) for i in range(dimensions)]

    def fit(self, v, validation=None, *, rng=0, **options):
        """Fit each conditional to v, with other patches to stop at; options: of `fitting.lbfgs`. Returns the histories."""
        rng, D = np.random.default_rng(rng), len(self.conditionals)
        check_matrix("Patch", "v", v, D)
        if validation is not None:
            check_matrix("Patch", "validation", validation, D)
        parts = [[None if w is None else (w[:, :i], w[:, i:i + 1]) for w in (v, validation)] for i in range(D)]
        return [conditional.fit(*pair, held_out, rng=rng, **options)
                for conditional, (pair, held_out) in zip(self.conditionals, parts, strict=True)]

    def log_p(self, v):
        """log p of each patch: (n,)"""
        check_matrix("Patch", "v", v, len(self.conditionals))
        return sum(conditional.log_p(v[:, :i], v[:, i:i + 1]) for i, conditional in enumerate(self.conditionals))

    def sample(self, n, rng):
        """n patches, one value after the other: (n, D). rng: a Generator, or a seed"""
        check_size("the number of samples", n, 0)
        rng, v = np.random.default_rng(rng), np.zeros((n, len(self.conditionals)))
        for i, conditional in enumerate(self.conditionals):
            v[:, i:i + 1] = conditional.sample(v[:, :i], rng)
        return v

    def arrays(self):
        return {f"{i}.{name}": value for i, conditional in enumerate(self.conditionals)
                for name, value in conditional.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays):
        model = cls(len({name.partition(".")[0] for name in arrays}))
        model.conditionals = [Whitened.from_arrays(below(str(i), arrays)) for i in range(len(model.conditionals))]
        return model
