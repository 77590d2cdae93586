"""The Spatial LSTM: one scan by diagonals from the top left corner, with two memories."""

import numpy as np

from minipixel.layers.base import Params
from minipixel.layers.recurrence import Recurrence
from minipixel.ops.spatial_cells import SPATIAL_LSTM
from minipixel.order import QUADRANT, live_taps


class SpatialLSTM(Recurrence):
    """h, c = cell(b + K_is x_<ij + K_ss,1^T h_left + K_ss,2^T h_up, c_left, c_up)        Theis and Bethge 2015, section 2

    x_<ij: what mask A leaves of a `size` x `size` window, 12 pixels of 5 x 5, which the first layer reads of the image; the
    layers above it read their own pixel (size 1, mask B). States and memories outside of the image are zero. The cell is in
    ops/spatial_cells.py; extended: the memories are read by all gates.

    It sees of its own row what is on the left, and of every row above all columns up to (size - 1) / 2 to the right of its
    own. What is farther right no depth brings in.

    params: as of any recurrence, without an initial state; extended: also peepholes (1, 2h, 5h), normal with variance 1 / 2h.
    Biases are zero: two forget gates at one half hand a memory on as it is. The paper draws all weights from
    U(-0.08, 0.08), for 64 and 128 units; variances of 1 / inputs suit every size.
    """

    frame, cell, biases = QUADRANT, SPATIAL_LSTM, (0, 0, 0, 0, 0)

    def __init__(self, C, h, colours, size=1, mask="B", extended=False, *, rng, dtype):
        if size < 1 or size % 2 == 0:
            raise ValueError(f"SpatialLSTM expects a window of odd size, got {size}")
        self.taps, self.mask = live_taps(size, size, mask, colours), mask
        if not self.taps:
            raise ValueError(f"SpatialLSTM has no input: a {size}x{size} window with mask {mask} reads nothing in one colour")
        super().__init__(C, h, colours, rng=rng, dtype=dtype)
        if extended:
            peepholes = rng.standard_normal((1, 2 * h, self.params["b"].size)) / np.sqrt(2 * h)
            self.params = Params(**self.params, peepholes=peepholes.astype(dtype))
