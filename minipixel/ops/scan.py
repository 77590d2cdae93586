"""The scan: a recurrence over all ticks of a walk, as a pair. Rows, diagonals and n dimensions are walks, not three loops.

Cells are packed by clock (order.walk): a tick is one product for all its cells, images and directions, and one call of the
cell's pair. What a cell reads stands in a slot for each read, one below the other, and is put there when it is computed.
"""

import numpy as np

from minipixel.backend import array_module
from minipixel.ops import scan_gpu


def scan_forward(a, K_ss, h0, c0, peepholes, walk, cell):
    """h_p, c_p = cell(a_p + sum_r K_ss,r^T h_(read r of p), c_(remembered reads of p))  for all cells p, tick by tick

    a (D, F, P, N): what the input gives, packed by clock; K_ss (D, R, h, F): a matrix for each read, F = gates * h;
    h0, c0 (D, h): the learned initial state, peepholes: the cell's own weights, None where there are none;
    cell: a pair of ops.cells  ->  h (D, h, P, N)
    """
    xp = array_module(a)
    if xp is not np and cell.cuda and peepholes is None:
        return scan_gpu.forward(a, K_ss, h0, c0, walk, cell)
    D, R, units, F = K_ss.shape
    P, N = a.shape[2:]
    K_T = xp.ascontiguousarray(K_ss.reshape(D, R * units, F).transpose(0, 2, 1))
    S, C = (xp.zeros((D, slots * units, P, N), a.dtype) for slots in (R, len(walk.memory)))
    # In memory the images' units lie side by side, as the map wants them.
    y = xp.empty((D, P, N, units), a.dtype).transpose(0, 3, 1, 2)
    caches, h, c = [], None, None
    for tick, links, starts in zip(walk.ticks, walk.links, walk.starts):
        h_read, c_read = S[:, :, tick], C[:, :, tick]
        hand_on(h_read, h, h0, range(R), links, starts)
        hand_on(c_read, c, c0, walk.memory, links, starts)
        total = xp.matmul(K_T, h_read.reshape(D, R * units, -1)).reshape(D, F, -1, N)
        total += a[:, :, tick]
        (h, c), cache = cell.forward(total, c_read, *([] if peepholes is None else [peepholes]))
        y[:, :, tick] = h
        caches.append(cache)
    cache = S, caches, K_ss, h0, c0, peepholes, walk, cell
    return y, cache


def scan_backward(dy, cache):
    """Tick by tick back: dh_p = dy_p + what its readers give back; through the cell to da_p; ds_p = K_ss da_p to what p read.

    dK_ss,r = sum_p h_(read r of p) da_p^T in one product at the end. The initial state is given back what its readers owe.
    """
    if isinstance(cache, scan_gpu.Kept):
        return scan_gpu.backward(dy, cache)
    S, caches, K_ss, h0, c0, peepholes, walk, cell = cache
    xp = array_module(S)
    D, R, units, F = K_ss.shape
    N = S.shape[3]
    K = xp.ascontiguousarray(K_ss).reshape(D, R * units, F)
    da = xp.empty((D, F, *S.shape[2:]), S.dtype)
    grads = {name: xp.zeros(value.shape, S.dtype)
             for name, value in (("h0", h0), ("c0", c0), ("peepholes", peepholes)) if value is not None}
    dh, dc = dy[:, :, walk.ticks[-1]], None
    for t in reversed(range(len(walk.ticks))):
        tick, before = walk.ticks[t], walk.ticks[max(0, t - 1)]
        found = cell.backward((dh, dc), caches[t])
        da[:, :, tick] = found["a"]
        if peepholes is not None:
            grads["peepholes"] += found["peepholes"]
        ds = xp.matmul(K, found["a"].reshape(D, F, -1)).reshape(D, R * units, -1, N)
        dh = dy[:, :, before].copy()
        dc = xp.zeros(dh.shape, S.dtype)
        give_back(ds, dh, grads.get("h0"), range(R), walk.links[t], walk.starts[t])
        give_back(found["c_prev"], dc, grads.get("c0"), walk.memory, walk.links[t], walk.starts[t])
    dK = xp.matmul(S.reshape(D, R * units, -1), da.reshape(D, F, -1).transpose(0, 2, 1))
    return {"a": da, "K_ss": dK.reshape(K_ss.shape), **grads}


def hand_on(slots, state, initial, reads, links, starts):
    """Write into each slot of a tick's cells the state (h or c) that they read there: the last tick's, or the initial one."""
    for slot, r in zip(parts(slots, len(reads)), reads):
        into, out = links[r]
        if into is not None:
            into, out = on_device(into, slots), on_device(out, slots)
            slot[:, :, into] = state[:, :, out]
        if starts[r] is not None and initial is not None:
            slot[:, :, starts[r]] = initial[:, :, None, None]


def give_back(dslots, dstate, dinitial, reads, links, starts):
    """The way back of `hand_on`: each slot's gradient to the cell, or to the initial state, that was read there."""
    for dslot, r in zip(parts(dslots, len(reads)), reads):
        into, out = links[r]
        if into is not None:
            into, out = on_device(into, dslots), on_device(out, dslots)
            dstate[:, :, out] += dslot[:, :, into]
        if starts[r] is not None and dinitial is not None:
            dinitial += dslot[:, :, starts[r]].sum(axis=(2, 3))


def on_device(places, like):
    """Places (slices, or from three dimensions on indices) as what may index the device of `like`."""
    return places if isinstance(places, slice) else array_module(like).asarray(places)


def parts(stacked, count):
    """Views of `count` equal parts that lie one after the other along the units."""
    units = stacked.shape[1] // max(1, count)
    return [stacked[:, k * units:(k + 1) * units] for k in range(count)]
