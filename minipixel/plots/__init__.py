"""Every figure that the program, the chapters and the demonstrations draw.

Figures are made as objects and drawn by Agg: no pyplot, no global state, no window. Files appear by rename, in the
format of their suffix. A pixel of an image is a square of whole screen pixels, never smoothed.
"""

from minipixel.plots.canvas import pixels, tiled
from minipixel.plots.gradients import complexity, online_learning, truncation
from minipixel.plots.images import HIDDEN, beside, class_colours, completions, features, labelled, samples_grid
from minipixel.plots.lines import curves, learning_curve
from minipixel.plots.maps import dependencies
from minipixel.plots.skew import diagonals

__all__ = ["HIDDEN", "beside", "class_colours", "completions", "complexity", "curves", "dependencies", "diagonals",
           "features", "labelled", "learning_curve", "online_learning", "pixels", "samples_grid", "tiled", "truncation"]
