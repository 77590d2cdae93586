"""The cells of the recurrences: what one cell makes of its pre-activations and of the memories it reads.

    (h, c), cache = cell_forward(a, c_prev)              the cells of one tick of a scan, or a single pixel
    grads         = cell_backward((dh, dc), cache)       {"a": da, "c_prev": dc_prev}; dc is None where nobody reads c

All arrays are (D, units, cells, N): directions, units, cells of one tick, images. Gates lie one after the other along the
units, so that each is one block of memory and a tick is a few calls on long arrays.
"""

from typing import NamedTuple

from minipixel.backend import array_module


def lstm_forward(a, c_prev):
    """o, f, i = sigmoid(a_o, a_f, a_i), g = tanh(a_g);   c = f c_prev + i g;   h = o tanh(c)        PixelRNN, equation 3

    a (D, 4h, ..) in the paper's order o, f, i, g, c_prev (D, h, ..): the memory read  ->  (h, c), each (D, h, ..)
    """
    xp = array_module(a)
    gates = squashed(a, sigmoids=3 * a.shape[1] // 4)
    o, f, i, g = split(gates, 4)
    c = f * c_prev
    c += i * g
    tanh_c = xp.tanh(c)
    cache = gates, c_prev, tanh_c
    return (o * tanh_c, c), cache


def lstm_backward(dh_dc, cache):
    """do = dh tanh(c);   dc += dh o (1 - tanh(c)^2);   df = dc c_prev, di = dc g, dg = dc i;   dc_prev = dc f

    The memory has two ways on: into h, and into the next memory. Then through the gates: da = s (1 - s) ds for a sigmoid s,
    (1 - g^2) dg for the tanh.
    """
    dh, dc = dh_dc
    gates, c_prev, tanh_c = cache
    o, f, i, g = split(gates, 4)
    da = squashed_slope(gates, sigmoids=3 * gates.shape[1] // 4)
    da_o, da_f, da_i, da_g = split(da, 4)
    da_o *= dh * tanh_c
    through_h = dh * o * (1 - tanh_c * tanh_c)
    dc = through_h if dc is None else dc + through_h
    da_f *= dc * c_prev
    da_i *= dc * g
    da_g *= dc * i
    return {"a": da, "c_prev": dc * f}


def split(gates, count):
    """Views of `count` gates that lie one after the other along the units."""
    h = gates.shape[1] // count
    return [gates[:, k * h:(k + 1) * h] for k in range(count)]


def squashed(a, sigmoids):
    """The first `sigmoids` units through sigmoid(a) = (1 + tanh(a / 2)) / 2, the others through tanh: one tanh for all."""
    xp = array_module(a)
    gates = a.copy()
    s = gates[:, :sigmoids]
    s *= 0.5
    xp.tanh(gates, out=gates)
    s += 1
    s *= 0.5
    return gates


def squashed_slope(gates, sigmoids):
    """The derivative of `squashed` in its own values: s (1 - s) for a sigmoid, 1 - g^2 for a tanh."""
    slope = gates * gates
    array_module(gates).subtract(gates[:, :sigmoids], slope[:, :sigmoids], out=slope[:, :sigmoids])
    g = slope[:, sigmoids:]
    array_module(gates).subtract(1, g, out=g)
    return slope


class Cell(NamedTuple):
    """A cell as the scan takes it; gates: how many pre-activations it has for each unit of h; keeps: how many maps of h units
    its cache has beside the gates and the memories read."""

    forward: object
    backward: object
    gates: int
    keeps: int = 1


LSTM = Cell(lstm_forward, lstm_backward, 4)
