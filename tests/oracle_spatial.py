"""The Spatial LSTM cell by cell, in the paper's words; for any set of operations, like tests/oracle_recurrent.py.

A kernel lies in memory as the library keeps it: K_is (1, places, C, 5h), K_ss (1, 2, h, 5h) for the states on the left and
above, peepholes (1, 2h, 5h) for the memories there; gates in the order o, i, f^c, f^r, g.

Source: Theis and Bethge 2015, arXiv 1506.03478, section 2.
"""

import numpy as np
from oracle import live, mask, masked_conv
from oracle_recurrent import as_map

GATES = ("o", "i", "f_c", "f_r", "g")


def cell(ops, a, c_left, c_up):
    """c_ij = g i + c_(i, j-1) f^c + c_(i-1, j) f^r,  h_ij = tanh(c_ij o): a (.., 5h), c (.., h) -> h, c"""
    h = c_left.shape[-1]
    given = {name: a[..., k * h:(k + 1) * h] for k, name in enumerate(GATES)}
    g, o, i, f_r, f_c = ops.tanh(given["g"]), *(ops.sigmoid(given[name]) for name in ("o", "i", "f_r", "f_c"))
    c = g * i + c_left * f_c + c_up * f_r
    return ops.tanh(c * o), c


def window_mask(kind, size, C, h, colours):
    """The mask of the window (places, C, 5h): each of the five gates has its own R, G, B."""
    M = mask(kind, size, C, h, colours)
    one_gate = np.stack([M[di + size // 2, dj + size // 2] for di, dj in live(kind, size, colours)])
    return np.concatenate([one_gate] * 5, axis=-1)


def spatial_lstm(ops, params, x, colours, kind="A", size=5, name=""):
    """y (N, H, W, h): h of every pixel, in the raster's order; outside of the image h and c are zero."""
    K_is, K_ss, b = (params[name + one][0] for one in ("K_is", "K_ss", "b"))
    (N, H, W, C), h = x.shape, K_ss.shape[1]
    a = ops.conv(x, K_is * ops.constant(window_mask(kind, size, C, h, colours)), b, live(kind, size, colours))
    zero, hs, cs = ops.constant(np.zeros((N, h))), {}, {}
    for i in range(H):
        for j in range(W):
            left, up = (i, j - 1), (i - 1, j)
            c_left, c_up = cs.get(left, zero), cs.get(up, zero)
            total = a[:, i, j] + hs.get(left, zero) @ K_ss[0] + hs.get(up, zero) @ K_ss[1]
            if name + "peepholes" in params:
                P = params[name + "peepholes"][0]
                total = total + c_left @ P[:h] + c_up @ P[h:]
            hs[i, j], cs[i, j] = cell(ops, total, c_left, c_up)
    return as_map(ops, hs, H, W)


def network(ops, params, x, colours, layers, size=5, extended=False):
    """The first layer reads the window, the others their own pixel; a 1 x 1 product to the logits."""
    assert extended == ("body.0.peepholes" in params)
    x = spatial_lstm(ops, params, x, colours, "A", size, "body.0.")
    for l in range(1, layers):
        x = spatial_lstm(ops, params, x, colours, "B", 1, f"body.{l}.")
    return masked_conv(ops, params, x, "B", 1, colours, "logits.")


NETWORKS = {"spatial-lstm": network}
