"""The cells of the recurrences: what one cell makes of its pre-activations and of the memories it reads.

    (h, c), cache = cell_forward(a, c_prev)              the cells of one tick of a scan, or a single pixel
    grads         = cell_backward((dh, dc), cache)       {"a": da, "c_prev": dc_prev}; dc is None where nobody reads c

All arrays are (D, units, ..): directions, units, and what does not meet, in a scan one axis of columns, the cells of a tick in
all images. Gates lie one after the other along the units, so that each is one block of memory and a tick is a few calls on long
arrays. In a scan the cells write their results where they are wanted: the forward to out = (h, c), with the gates in the place
of a, and the backward dc_prev to `out`.
"""

from functools import partial
from typing import NamedTuple

from minipixel.backend import array_module


def lstm_forward(a, c_prev, out=None):
    """o, f, i = sigmoid(a_o, a_f, a_i), g = tanh(a_g);   c = f c_prev + i g;   h = o tanh(c)        PixelRNN, equation 3

    a (D, 4h, ..) in the paper's order o, f, i, g, c_prev (D, h, ..): the memory read  ->  (h, c), each (D, h, ..)
    """
    xp = array_module(a)
    h, c = out or (None, None)
    gates = squash(a if out else a.copy(), sigmoids=3 * a.shape[1] // 4)
    o, f, i, g = split(gates, 4)
    c = xp.multiply(f, c_prev, out=c)
    c += i * g
    tanh_c = xp.tanh(c)
    h = xp.multiply(o, tanh_c, out=h)
    cache = gates, c_prev, tanh_c
    return (h, c), cache


def lstm_backward(dh_dc, cache, out=None):
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
    others = da[:, dc.shape[1]:]
    times_each(others, dc, out=others)
    da_f *= c_prev
    da_i *= g
    da_g *= i
    return {"a": da, "c_prev": array_module(dc).multiply(dc, f, out=out)}


def split(gates, count):
    """Views of `count` gates that lie one after the other along the units."""
    h = gates.shape[1] // count
    return [gates[:, k * h:(k + 1) * h] for k in range(count)]


def times_each(gates, factor, out):
    """out = each of the gates, which lie one after the other along the units, times the same factor (D, h, ..)."""
    shape = len(gates), -1, *factor.shape[1:]
    array_module(gates).multiply(gates.reshape(shape), factor[:, None], out=out.reshape(shape))
    return out


def squash(a, sigmoids):
    """In place: the first `sigmoids` units through sigmoid(a) = (1 + tanh(a / 2)) / 2, the others through tanh."""
    s = a[:, :sigmoids]
    s *= 0.5
    array_module(a).tanh(a, out=a)
    s += 1
    s *= 0.5
    return a


def squashed_slope(gates, sigmoids):
    """The derivative of `squash` in its values: s (1 - s) for a sigmoid, 1 - g^2 for a tanh."""
    xp, slope = array_module(gates), gates * gates
    s, g = slope[:, :sigmoids], slope[:, sigmoids:]
    xp.subtract(gates[:, :sigmoids], s, out=s)
    xp.subtract(1, g, out=g)
    return slope


# The same for one unit of one cell; the forward puts the gates in the place of a.
LSTM_CUDA = """
__device__ void cell_forward(real *a, const real *c_prev, real &h, real &c)
{
    const real o = a[0] = sigmoid(a[0]), f = a[1] = sigmoid(a[1]), i = a[2] = sigmoid(a[2]), g = a[3] = tanh(a[3]);
    c = f * c_prev[0] + i * g;
    h = o * tanh(c);
}

__device__ void cell_backward(real dh, real dc, const real *gates, const real *c_prev, real c, real *da, real *dc_prev)
{
    const real o = gates[0], f = gates[1], i = gates[2], g = gates[3], tanh_c = tanh(c);
    dc += dh * o * (1 - tanh_c * tanh_c);
    da[0] = dh * tanh_c * o * (1 - o);
    da[1] = dc * c_prev[0] * f * (1 - f);
    da[2] = dc * g * i * (1 - i);
    da[3] = dc * i * (1 - g * g);
    dc_prev[0] = dc * f;
}
"""


def placed(forward, backward):
    """The pair for a scan, of one that makes arrays of its own: they are copied to where they are wanted."""
    return partial(forward_to, forward), partial(backward_to, backward)


def forward_to(forward, a, c_prev, *peepholes, out=None):
    """(h, c), cache of `forward`; h and c also in out = (h, c)"""
    (h, c), cache = forward(a, c_prev, *peepholes)
    if out:
        out[0][...], out[1][...] = h, c
    return (h, c), cache


def backward_to(backward, dh_dc, cache, out=None):
    """The gradients of `backward`; that of c_prev also in `out`"""
    grads = backward(dh_dc, cache)
    if out is not None:
        out[...] = grads["c_prev"]
    return grads


class Cell(NamedTuple):
    """A cell as the scan takes it.

    gates: how many pre-activations it has for each unit of h; keeps: how many maps of h units its cache has beside the gates
    and the memories read; cuda: the cell without peepholes for ops/scan_gpu.py, None where it has no such form
    """

    forward: object
    backward: object
    gates: int
    keeps: int = 1
    cuda: str | None = None


LSTM = Cell(lstm_forward, lstm_backward, 4, cuda=LSTM_CUDA)
