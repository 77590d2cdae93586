"""The memory of this machine, and weights that shall not fill it."""

import math
import os

import numpy as np

BYTES = 32      # of a weight in training: itself, its gradient, two moments, its average, and what it was drawn from


def machine_memory():
    """Bytes of memory in this machine; infinity where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf


class Drawn(np.random.Generator):
    """The same numbers as of another Generator; ValueError before more normal ones are drawn than this machine could train."""

    def __init__(self, rng):
        super().__init__(rng.bit_generator)
        self.most, self.count = machine_memory() / BYTES, 0

    def standard_normal(self, size):
        self.count += math.prod(size)
        if self.count > self.most:
            raise ValueError(f"a model of more than {self.most:,.0f} weights does not fit into this machine's memory: "
                             "smaller sizes (h) or fewer layers")
        return super().standard_normal(size)
