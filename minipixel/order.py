"""The one order: which value of an image comes before which.

Every model here factorises p(x) = prod p(x_i | x_<i). "Earlier" is the lexicographic order of the keys
(row, column, colour), and this file is the only place that says so. Masked convolutions, the sampler and the audit
read their rules from here.

Source: PixelRNN (van den Oord et al. 2016), section 2 and section 3.4 (masks A and B).
"""

import numpy as np


def key(row, column, colour):
    """The position of a value in the order; a smaller key is an earlier value."""
    return (row, column, colour)


def may_read(offset, colour_in, colour_out, mask):
    """May a unit of `colour_out` read a unit of `colour_in` at the relative place `offset` = (di, dj)?

    Mask "A" asks for a smaller key, mask "B" for a smaller or equal one. Mask A belongs to the connection from the
    image itself, mask B to all later ones, whose units of colour c already stand for the values before and at c.
    """
    source, target = key(*offset, colour_in), key(0, 0, colour_out)
    if mask == "A":
        return source < target
    if mask == "B":
        return source <= target
    raise ValueError(f"mask expects 'A' or 'B', got {mask!r}")


def colour_groups(units, colours):
    """The colour of each of `units` units: u * G // F, contiguous groups whose sizes differ by one at most.

    Returns an integer array (units,). Fewer units than colours is an error: a colour would have no unit at all.
    """
    if units < colours:
        raise ValueError(f"colour_groups expects at least one unit for each of the {colours} colours, got {units} units")
    return np.arange(units) * colours // units


def live_taps(height, width, mask, colours):
    """The offsets (di, dj) of a height x width kernel that some pair of colours may read, in the order of their keys."""
    rows = range(-(height // 2), height // 2 + 1)
    columns = range(-(width // 2), width // 2 + 1)
    pairs = [(c_in, c_out) for c_in in range(colours) for c_out in range(colours)]
    return tuple((di, dj) for di in rows for dj in columns
                 if any(may_read((di, dj), c_in, c_out, mask) for c_in, c_out in pairs))


def connections(taps, units_in, units_out, mask, colours):
    """Which weights of a kernel are allowed: a boolean array (T, units_in, units_out)."""
    allowed = np.array([[[may_read(tap, c_in, c_out, mask) for c_out in range(colours)] for c_in in range(colours)]
                        for tap in taps], dtype=bool).reshape(len(taps), colours, colours)
    return allowed[:, colour_groups(units_in, colours)][:, :, colour_groups(units_out, colours)]


def raster(height, width, colours):
    """All places (i, j, colour) of an image, earliest first: the visit of the sampler and of the audit."""
    places = ((i, j, c) for i in range(height) for j in range(width) for c in range(colours))
    return sorted(places, key=lambda place: key(*place))
