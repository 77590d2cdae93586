"""The one order: which value of an image comes before which.

Every model here factorises p(x) = prod p(x_i | x_<i). "Earlier" is the lexicographic order of the keys
(row, column, colour), and this file is the only place that says so. Masked convolutions, the sampler and the audit
read their rules from here.

Source: PixelRNN (van den Oord et al. 2016), section 2 and section 3.4 (masks A and B).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

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


FRONT = 8       # pixels of a front at most: enough for the calls of a step to cost little, and few rows to keep


def fronts(height, width, colours, lag):
    """The places of an image, earliest first, many pixels at a time: (i, j, colour) with lists i, j of the pixels of a front,
    (i, j), (i + 1, j - lag), (i + 2, j - 2 lag), ...

    For networks in which no pixel reads one that is `lag` or more columns further right for each row further up. With others (a
    lag of the width or more) the visit is the raster's, with numbers i, j.
    """
    lag = max(lag, -(-width // FRONT))
    if lag >= width:
        return raster(height, width, colours)
    clocks = range(width + lag * (height - 1))
    rows = [[i for i in range(height) if 0 <= clock - lag * i < width] for clock in clocks]
    return [(i, [clock - lag * row for row in i], c) for clock, i in zip(clocks, rows) for c in range(colours)]


def lag_of(taps):
    """The smallest lag of fronts for which all that these taps read above is drawn before."""
    return max([dj // -di + 1 for di, dj in taps if di < 0], default=0)


# ---- frames: how a recurrence walks over the cells of an image


@dataclass(frozen=True)
class Frame:
    """A walk over cells: all cells of one clock value are computed at once, from states of one tick earlier.

    normal       the clock of a cell is normal . cell: (1, 0) by rows, (1, 1) by diagonals
    reads        the relative cells whose output h a cell reads, each one tick earlier
    remembers    those of them whose memory c it reads as well
    edge         the axis before whose first cell the learned initial state stands; None: zeros all around
    directions   the axes' signs of each direction that is run; a mirrored direction walks over the mirrored image
    shifts       the rows by which the output of each direction is moved down; None: the outputs stay apart, side by side
    """

    normal: tuple
    reads: tuple
    remembers: tuple
    edge: int | None = None
    directions: tuple = ((1, 1),)
    shifts: tuple | None = (0,)

    def is_causal(self):
        """Does every way from input to output obey the order? What counts is the whole way: mirrored reads, then the shift.

        A way is a sum of reads, moved up by the shift. Without a shift each read has to be earlier by itself; with one,
        the ways may lead to the right, as long as none leads to a row below.
        """
        if self.shifts is None:
            return False
        for signs, shift in zip(self.directions, self.shifts):
            reads = [tuple(sign * d for sign, d in zip(signs, read)) for read in self.reads]
            ways = [(di - shift, dj) if shift and di == 0 else (di, dj) for di, dj in reads]
            if not all(may_read(way, 0, 0, "A") for way in ways):
                return False
        return True


ROWS = Frame(normal=(1, 0), reads=((-1, -1), (-1, 0), (-1, 1)), remembers=((-1, 0),), edge=0)
DIAGONALS = Frame(normal=(1, 1), reads=((0, -1), (-1, 0)), remembers=((0, -1),), edge=1,
                  directions=((1, 1), (1, -1)), shifts=(0, 1))
QUADRANT = Frame(normal=(1, 1), reads=((0, -1), (-1, 0)), remembers=((0, -1), (-1, 0)))


def corners(dimensions, memory=True):
    """The frame of a multi-dimensional RNN: a direction from each corner, one cell back along each axis read (Graves 2007).

    memory: are the memories of these cells read too (MDLSTM), or their outputs alone (MDRNN)? With all corners together a
    cell sees the whole map: such a network labels pixels, and is not causal.
    """
    reads = tuple(tuple(-int(d == axis) for d in range(dimensions)) for axis in range(dimensions))
    directions = tuple(product((1, -1), repeat=dimensions))
    return Frame((1,) * dimensions, reads, reads if memory else (), directions=directions, shifts=None)


class Walk(NamedTuple):
    """A `frame` on images of one `shape`: P cells in the order of their clocks, those of one tick side by side.

    places    (D, P): the place in the raster of each cell, for each direction
    ticks     slices of the cells of each tick
    links     for each tick and each read, (into, out): cells `into` of the tick read cells `out` of the tick before;
              counted within their ticks
    starts    for each tick and each read, the cells of the tick that read the learned initial state; counted likewise
    memory    the reads, by number, that are remembered
    """

    frame: Frame
    shape: tuple
    places: np.ndarray
    ticks: tuple
    links: tuple
    starts: tuple
    memory: tuple


@lru_cache(maxsize=64)
def walk(frame, shape):
    """The Walk of `frame` over images of `shape` (H, W), or of any number of dimensions."""
    grid = np.indices(shape).reshape(len(shape), -1)
    clock = np.array(frame.normal) @ grid
    order = np.argsort(clock, kind="stable")
    cells, bounds = grid[:, order], np.flatnonzero(np.diff(clock[order], prepend=-1, append=clock.max() + 1))
    ticks = tuple(slice(int(low), int(high)) for low, high in zip(bounds, bounds[1:]))
    position = np.empty(len(order), int)  # of each raster place within its tick
    for tick in ticks:
        position[order[tick]] = np.arange(tick.stop - tick.start)
    links, starts = [], []
    for tick in ticks:
        seen = [read_by(frame, shape, cells[:, tick], np.array(read)[:, None]) for read in frame.reads]
        links.append(tuple((compact(into), compact(position[np.ravel_multi_index(places, shape)])) for into, places, _ in seen))
        starts.append(tuple(compact(start) for _, _, start in seen))
    places = [np.ravel_multi_index([c if sign > 0 else size - 1 - c for c, sign, size in zip(cells, signs, shape)], shape)
              for signs in frame.directions]
    memory = tuple(map(frame.reads.index, frame.remembers))
    return Walk(frame, shape, np.stack(places), ticks, tuple(links), tuple(starts), memory)


def beside_of(frame, shape, offsets):
    """For each tick and each of `offsets` within a tick, (into, out): cells `into` find cells `out` there, as in Walk.links."""
    found = []
    walked = walk(frame, shape)
    for places in (walked.places[0, tick] for tick in walked.ticks):
        cells = np.stack(np.unravel_index(places, shape))
        seen = [read_by(frame, shape, cells, np.array(offset)[:, None]) for offset in offsets]
        found.append([(compact(into), compact(np.searchsorted(places, np.ravel_multi_index(others, shape))))
                      for into, others, _ in seen])
    return found


def read_by(frame, shape, cells, read):
    """Which of `cells` (axes, n) find a cell at `read`; the cells found; and which find the learned initial state there."""
    found = cells + read
    inside = (found >= 0) & (found < np.array(shape)[:, None])
    into = np.flatnonzero(inside.all(axis=0))
    before = np.zeros(cells.shape[1], bool)
    if frame.edge is not None:
        others = np.delete(inside, frame.edge, axis=0).all(axis=0)
        before = others & (found[frame.edge] < 0)
    return into, found[:, into], np.flatnonzero(before)


def compact(places):
    """A slice where the places are neighbours, for that is faster; else the places. None if there is none."""
    if not len(places):
        return None
    if len(places) == places[-1] - places[0] + 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
