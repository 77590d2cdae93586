"""What a forward keeps for its backward, counted."""

import numpy as np


def numbers_kept(cache):
    """How many floating-point numbers the arrays of a cache hold; views are counted as what they are views of, and once."""
    found = {}

    def collect(thing):
        if isinstance(thing, np.ndarray) and thing.dtype.kind == "f":
            base = thing if thing.base is None else thing.base
            found[id(base)] = base.size
        elif isinstance(thing, (list, tuple)):
            for item in thing:
                collect(item)

    collect(cache)
    return sum(found.values())
