"""Multi-dimensional recurrences as the papers' algorithms: a loop over all cells in lexicographic order, and for the gradients
the reverse loop, for each of the 2^n directions. For NumPy and, forward, for PyTorch.

Source: Graves, Fernandez and Schmidhuber 2007, Algorithms 1 and 2 and section 3; Graves and Schmidhuber 2009. The loops know
no clock, no packing and no frame. The order of the 2^n directions and of the gates is the library's.
"""

from itertools import product

import numpy as np


def library(x):
    """exp, tanh and the joining of arrays for NumPy or PyTorch."""
    if isinstance(x, np.ndarray):
        return np
    import torch
    return torch


def sigmoid(a):
    return 1 / (1 + library(a).exp(-a))


def before(cell, d):
    """The neighbour x_d - 1, or None outside."""
    return None if cell[d] == 0 else (*cell[:d], cell[d] - 1, *cell[d + 1:])


def mirrored(cell, signs, shape):
    """Where a cell of a direction stands in the map."""
    return tuple(c if sign > 0 else size - 1 - c for c, sign, size in zip(cell, signs, shape))


def mdrnn_cell(a, s_before, w):
    return library(a).tanh(a), a[:0]


def mdlstm_cell(a, s_before, w, stable=False):
    """a (N, (n + 3) h): iota, phi_1 .. phi_n, g, omega; s_before: n states or None; w (n + 2, h) peepholes  ->  h, s"""
    n = len(s_before)
    a_iota, *a_phi, a_g, a_omega = a.reshape(len(a), n + 3, -1).swapaxes(0, 1)
    s_before = [0 * a_g if s is None else s for s in s_before]
    iota = sigmoid(a_iota + sum(w[0] * s for s in s_before))
    phi = [sigmoid(a_phi[d] + w[1 + d] * s_before[d]) for d in range(n)]
    handed_on = sum(phi[d] * s_before[d] for d in range(n))
    if stable:
        s = iota * library(a).tanh(a_g) + (1 - iota) * handed_on / sum(phi)
    else:
        s = iota * library(a).tanh(a_g) + handed_on
    return sigmoid(a_omega + w[n + 1] * s) * library(a).tanh(s), s


def layer(params, x, cell=mdlstm_cell):
    """y (N, *shape, 2^n h): the forward pass of Algorithm 1, from every corner."""
    shape, n = x.shape[1:-1], x.ndim - 2
    outputs = []
    for number, signs in enumerate(product((1, -1), repeat=n)):
        K_is, K_ss, b = (params[name][number] for name in ("K_is", "K_ss", "b"))
        w = params["peepholes"][number] if "peepholes" in params else None
        h, s = {}, {}
        for place in product(*map(range, shape)):
            a = b + x[(slice(None), *mirrored(place, signs, shape))] @ K_is[0]
            for d in range(n):
                if place[d] > 0:
                    a = a + h[before(place, d)] @ K_ss[d]
            h[place], s[place] = cell(a, [s.get(before(place, d)) for d in range(n)], w)
        outputs.append(library(x).stack([h[mirrored(place, signs, shape)] for place in product(*map(range, shape))], 1))
    return library(x).concatenate(outputs, -1).reshape(*x.shape[:-1], -1)


def mdrnn_backward(params, x, dy):
    """Algorithm 2: e_j = what the output is due + sum_d of the deltas at x_d + 1;  delta = (1 - h^2) e."""
    shape, n, units = x.shape[1:-1], x.ndim - 2, params["b"].shape[1]
    y = layer(params, x, mdrnn_cell)
    grads = {"x": np.zeros(x.shape), **{name: np.zeros(value.shape) for name, value in params.items()}}
    for number, signs in enumerate(product((1, -1), repeat=n)):
        mine, delta = slice(number * units, (number + 1) * units), {}
        for place in reversed(list(product(*map(range, shape)))):
            there = (slice(None), *mirrored(place, signs, shape))
            e = dy[(*there, mine)].copy()
            for d in range(n):
                if place[d] < shape[d] - 1:
                    e += delta[(*place[:d], place[d] + 1, *place[d + 1:])] @ params["K_ss"][number, d].T
            delta[place] = (1 - y[(*there, mine)] ** 2) * e
            grads["x"][there] += delta[place] @ params["K_is"][number, 0].T
            grads["K_is"][number, 0] += x[there].T @ delta[place]
            grads["b"][number] += delta[place].sum(axis=0)
            for d in range(n):
                if place[d] > 0:
                    read = (slice(None), *mirrored(before(place, d), signs, shape))
                    grads["K_ss"][number, d] += y[(*read, mine)].T @ delta[place]
    return grads


def mdlstm_backward(params, x, dy):
    """The MDLSTM's reverse loop (Graves and Schmidhuber 2009): from the cell's own formula, not by the library's stages."""
    shape, n, units = x.shape[1:-1], x.ndim - 2, params["peepholes"].shape[2]
    grads = {"x": np.zeros(x.shape), **{name: np.zeros(value.shape) for name, value in params.items()}}
    for number, signs in enumerate(product((1, -1), repeat=n)):
        K_is, K_ss, w = (params[name][number] for name in ("K_is", "K_ss", "peepholes"))
        kept = forward_kept(params, x, number, signs)
        delta, e_s = {}, {}
        for place in reversed(list(product(*map(range, shape)))):
            there = (slice(None), *mirrored(place, signs, shape))
            iota, phi, g, omega, s, s_before, h_before = kept[place]
            after = {d: (*place[:d], place[d] + 1, *place[d + 1:]) for d in range(n) if place[d] < shape[d] - 1}
            e_h = dy[(*there, slice(number * units, (number + 1) * units))].copy()
            for d, reader in after.items():
                e_h += np.concatenate(delta[reader], axis=1) @ K_ss[d].T
            d_omega = omega * (1 - omega) * np.tanh(s) * e_h
            e = omega * (1 - np.tanh(s) ** 2) * e_h + w[n + 1] * d_omega
            for d, reader in after.items():
                e += kept[reader][1][d] * e_s[reader] + w[0] * delta[reader][0] + w[1 + d] * delta[reader][1 + d]
            e_s[place] = e
            delta[place] = [iota * (1 - iota) * g * e, *[phi[d] * (1 - phi[d]) * s_before[d] * e for d in range(n)],
                            iota * (1 - g ** 2) * e, d_omega]
            all_deltas = np.concatenate(delta[place], axis=1)
            grads["x"][there] += all_deltas @ K_is[0].T
            grads["K_is"][number, 0] += x[there].T @ all_deltas
            grads["b"][number] += all_deltas.sum(axis=0)
            for d in range(n):
                grads["K_ss"][number, d] += h_before[d].T @ all_deltas
                grads["peepholes"][number, 0] += (s_before[d] * delta[place][0]).sum(axis=0)
                grads["peepholes"][number, 1 + d] += (s_before[d] * delta[place][1 + d]).sum(axis=0)
            grads["peepholes"][number, n + 1] += (s * d_omega).sum(axis=0)
    return grads


def forward_kept(params, x, number, signs):
    """Everything that the reverse loop needs of each cell of one direction: gates, state, states and outputs read."""
    shape, n = x.shape[1:-1], x.ndim - 2
    w, zero = params["peepholes"][number], np.zeros((len(x), params["peepholes"].shape[2]))
    kept, h, s = {}, {}, {}
    for place in product(*map(range, shape)):
        h_before = [h.get(before(place, d), zero) for d in range(n)]
        s_before = [s.get(before(place, d), zero) for d in range(n)]
        a = params["b"][number] + x[(slice(None), *mirrored(place, signs, shape))] @ params["K_is"][number, 0]
        a = a + sum(h_before[d] @ params["K_ss"][number, d] for d in range(n))
        a_iota, *a_phi, a_g, a_omega = np.split(a, n + 3, axis=1)
        iota, g = sigmoid(a_iota + w[0] * sum(s_before)), np.tanh(a_g)
        phi = [sigmoid(a_phi[d] + w[1 + d] * s_before[d]) for d in range(n)]
        s[place] = iota * g + sum(phi[d] * s_before[d] for d in range(n))
        omega = sigmoid(a_omega + w[n + 1] * s[place])
        h[place] = omega * np.tanh(s[place])
        kept[place] = iota, phi, g, omega, s[place], s_before, h_before
    return kept
