"""Layers: parameters plus pairs. Each does three things: forward and backward for whole images, step for one pixel."""

from minipixel.layers.base import Layer, Params
from minipixel.layers.blocks import InBlocks
from minipixel.layers.compose import Residual, Sequential, Skips
from minipixel.layers.conditional import Conditional
from minipixel.layers.fixed import Beside, Fixed
from minipixel.layers.full_context import FullContext
from minipixel.layers.masked_conv import MaskedConv
from minipixel.layers.multi_dimensional import MDLSTM, MDRNN
from minipixel.layers.recurrence import DiagonalBiLSTM, RowLSTM
from minipixel.layers.relu import ReLU
from minipixel.layers.spatial_lstm import SpatialLSTM
from minipixel.layers.whole import Conv, Enlarge

__all__ = ["MDLSTM", "MDRNN", "Beside", "Conditional", "Conv", "DiagonalBiLSTM", "Enlarge", "Fixed", "FullContext",
           "InBlocks", "Layer", "MaskedConv", "Params", "ReLU", "Residual", "RowLSTM", "Sequential", "Skips", "SpatialLSTM"]
