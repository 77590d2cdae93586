"""The scan: a recurrence over all ticks of a walk, as a pair. Rows, diagonals and n dimensions are walks, not three loops.

Cells are packed by clock (order.walk): a tick has a column for each of its cells in each image, and is one product for all its
columns and directions, and one call of the cell's pair. What a cell reads stands in slots, one below another: the input first,
and a one for the bias; then h of each read, then c of those remembered. A tick has few numbers and many calls, so both states
of a read are moved by one, and what the input gives is part of the tick's product: a map of it for all ticks would leave the
cache before its tick comes.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minipixel.backend import array_module
from minipixel.ops import scan_gpu
from minipixel.ops.products import column_blocks, product_to
from minipixel.order import beside_of
from minipixel.order import walk as walk_of


def scan_forward(X, K_is, b, K_ss, h0, c0, peepholes, walk, cell, beside=()):
    """h_p, c_p = cell(b + sum_t K_is,t^T X_t,p + sum_r K_ss,r^T h_(read r of p), c_(remembered reads of p))   tick by tick

    X (D, T, P, N, C): what the cells p read of the input by T taps, packed by clock; K_is (D, T, C, F): a matrix for each tap,
    b (D, F), F = gates * h; K_ss (D, R, h, F): a matrix for each read; h0, c0 (D, h): the learned initial state, peepholes: the
    cell's own weights, None where there are none; cell: a pair of ops.cells  ->  h (D, h, P, N)

    beside: offsets at which cells read the input of others of their tick too: what these read by the last tap of X. For them
    are the first matrices of K_is, (D, beside + T, C, F).
    """
    xp = array_module(X)
    if not beside and scan_gpu.takes(xp, cell, peepholes):
        return scan_gpu.forward(X, K_is, b, K_ss, h0, c0, walk, cell)
    D, R, units, F = K_ss.shape
    P, N, C = X.shape[2:]
    I = K_is.shape[1] * C
    K = xp.concatenate([K_is.reshape(D, I, F), b[:, None], K_ss.reshape(D, R * units, F)], axis=1)
    J, K_T = K.shape[1], xp.ascontiguousarray(K.transpose(0, 2, 1))
    X = X.reshape(D, -1, P * N, C).swapaxes(2, 3)
    # In memory a column's units lie side by side, as the map wants them.
    y = xp.empty((D, P * N, units), K.dtype).swapaxes(1, 2)
    initial = xp.stack([xp.zeros((D, units), K.dtype) if given is None else given for given in (h0, c0)], axis=1)
    weights = () if peepholes is None else (peepholes,)
    M, caches, state = len(walk.memory), [], None
    for columns, wires in wires_of(walk.frame, walk.shape, beside, N, xp):
        m = columns.stop - columns.start
        S_t = xp.zeros((D, J + M * units, m), K.dtype)
        x_t = S_t[:, :I].reshape(D, -1, C, m)
        x_t[:, len(beside):] = X[..., columns]
        for t, into, out in wires.beside:
            x_t[:, t, :, into] = x_t[:, -1, :, out]
        S_t[:, I] = 1
        hand_on(S_t[:, I + 1:].reshape(D, R + M, units, m), state, initial, wires)
        a = xp.matmul(K_T, S_t[:, :J])
        state = xp.empty((2, D, units, m), K.dtype)
        _, cache = cell.forward(a, S_t[:, J:], *weights, out=(state[0], state[1, :, :units if M else 0]))
        y[:, :, columns] = state[0]
        caches.append((S_t, cache))
    cache = caches, K, K_is.shape, K_ss.shape, h0, c0, peepholes, beside, walk, cell
    return y.reshape(D, units, P, N), cache


def scan_backward(dy, cache):
    """Tick by tick back: dh_p = dy_p + what its readers give back; through the cell to da_p; ds_p = K da_p to all that p read.

    With s_p what stands in the slots of p that are multiplied, dK = sum_p s_p da_p^T. The initial state is given back what its
    readers owe.
    """
    if isinstance(cache, scan_gpu.Kept):
        return scan_gpu.backward(dy, cache)
    caches, K, (D, T, C, F), (_, R, units, _), h0, c0, peepholes, beside, walk, cell = cache
    xp, dtype, I, J = array_module(dy), K.dtype, T * C, K.shape[1]
    P, N = dy.shape[2:]
    ticks = wires_of(walk.frame, walk.shape, beside, N, xp)
    blocks = column_blocks(J, F, max(columns.stop - columns.start for columns, _ in ticks), xp)
    dX, dK = xp.empty((D, T - len(beside), P, N, C), dtype), xp.zeros((D, blocks, J, F // blocks), dtype)
    dX_T, dy = dX.reshape(D, -1, P * N, C).swapaxes(2, 3), dy.reshape(D, units, P * N)
    dinitial = xp.zeros((D, 2, units), dtype)
    dpeepholes = None if peepholes is None else xp.zeros(peepholes.shape, dtype)
    dh, dc = dy[:, :, ticks[-1][0]], None
    for t in reversed(range(len(ticks))):
        (columns, wires), (before, _) = ticks[t], ticks[max(0, t - 1)]
        S_t, cache = caches[t]
        dS_t = xp.empty(S_t.shape, dtype)
        found = cell.backward((dh, dc), cache, out=dS_t[:, J:])
        da = found["a"]
        dK += xp.matmul(S_t[:, None, :J], da.reshape(D, blocks, F // blocks, -1).swapaxes(2, 3))
        if peepholes is not None:
            dpeepholes += found["peepholes"]
        product_to(dS_t[:, :J], K, da)
        dx_t = dS_t[:, :I].reshape(D, T, C, -1)
        for tap, into, out in wires.beside:
            dx_t[:, -1, :, out] += dx_t[:, tap, :, into]
        dX_T[..., columns] = dx_t[:, len(beside):]
        dstate = xp.zeros((2, D, units, before.stop - before.start), dtype)
        dstate[0] = dy[:, :, before]
        give_back(dS_t[:, I + 1:].reshape(D, -1, units, S_t.shape[2]), dstate, dinitial, wires)
        dh, dc = dstate
    dK = dK.transpose(0, 2, 1, 3).reshape(K.shape)
    grads = {"X": dX, "K_is": dK[:, :I].reshape(D, T, C, F), "b": dK[:, I], "K_ss": dK[:, I + 1:].reshape(D, R, units, F)}
    further = ("h0", h0, dinitial[:, 0]), ("c0", c0, dinitial[:, 1]), ("peepholes", peepholes, dpeepholes)
    return grads | {name: grad for name, given, grad in further if given is not None}


def hand_on(S_t, state, initial, wires):
    """Write into the slots of a tick's cells the states that they read there: of the last tick, or the initial one.

    S_t (D, slots, h, columns); state (2, D, h, columns of the last tick): h and c; initial (D, 2, h)
    """
    for slots, into, kinds, out in wires.links:
        S_t[:, slots, :, into] = state[kinds, :, :, out].swapaxes(0, 1)
    for slots, into, kinds in wires.starts:
        S_t[:, slots, :, into] = initial[:, kinds, :, None]


def give_back(dS_t, dstate, dinitial, wires):
    """The way back of `hand_on`: the gradient of each slot to the cell, or to the initial state, that was read there."""
    for slots, into, kinds, out in wires.links:
        dstate[kinds, :, :, out] += dS_t[:, slots, :, into].swapaxes(0, 1)
    for slots, into, kinds in wires.starts:
        dinitial[:, kinds] += dS_t[:, slots, :, into].sum(axis=3)


class Wires(NamedTuple):
    """What the cells of a tick read: into which slots, of which of its columns (`into`), which kinds of state (h, or h and c).

    links    (slots, into, kinds, out) for each read that finds cells, `out`, in the tick before
    starts   (slots, into, kinds) for each read that finds the initial state
    beside   (tap, into, out) for each offset at which cells of the tick, `out`, are found by others of it
    """

    links: tuple
    starts: tuple
    beside: tuple


@lru_cache(maxsize=64)
def wires_of(frame, shape, beside, N, xp):
    """For each tick its columns, those of its cells in all N images, among all; and its wires, on the device."""
    walk, R = walk_of(frame, shape), len(frame.reads)
    plugs = []      # for each read its slots, that of h and, if it is remembered, that of c; and as many kinds
    for r in range(R):
        slots = [r, R + walk.memory.index(r)] if r in walk.memory else [r]
        plugs.append((slice(r, slots[-1] + 1, max(1, slots[-1] - r)), slice(0, len(slots))))

    def columns(cells):
        if isinstance(cells, slice):
            return slice(cells.start * N, cells.stop * N)
        return xp.asarray((N * cells[:, None] + np.arange(N)).reshape(-1))

    wires = [Wires(tuple((slots, columns(into), kinds, columns(out))
                        for (slots, kinds), (into, out) in zip(plugs, links) if into is not None),
                  tuple((slots, columns(start), kinds)
                        for (slots, kinds), start in zip(plugs, starts) if start is not None),
                  tuple((tap, columns(into), columns(out)) for tap, (into, out) in enumerate(found) if into is not None))
            for links, starts, found in zip(walk.links, walk.starts, beside_of(frame, shape, beside))]
    return [(columns(tick), one) for tick, one in zip(walk.ticks, wires)]
