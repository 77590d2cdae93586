"""A scan that can be made with every usual mistake on purpose; with none of them it is right.

It computes whole columns and chooses afterwards, which is easier to spoil than the chapter's own.
"""

import numpy as np


def padded(state, mode="constant"):
    """A state (N, h, H) with one row more above and below."""
    return np.pad(state, ((0, 0), (0, 0), (1, 1)), mode)


def shifted(state):
    """What stands above each row; zeros above row 0."""
    above = np.zeros_like(state)
    above[:, :, 1:] = state[:, :, :-1]
    return above


def live(t, H, W):
    """The rows that have a pixel in column t."""
    return slice(max(0, t - W + 1), min(H, t + 1))


def run(a, K_ss, h0, c0, cell, *, above=None, top=None, waits="hc", first=slice(None), memory=lambda c: c, stuck=False,
        in_place=False):
    """y, cache of a scan over a (N, 4h, H, T).

    above: from h to what stands above each row; top: what row 0 reads above; waits: the states that a row keeps before it
    begins; first: the rows that begin with the initial state; memory: from c to the memory read; stuck: h is not handed on;
    in_place: rows are written one after the other, so that a row reads the new state of the one above
    """
    N, _, H, T = a.shape
    above = above or shifted
    W, begun = T - H + 1, np.arange(H)
    h, c = np.zeros((2, N, len(h0), H))
    h[:, :, first], c[:, :, first] = h0[:, None], c0[:, None]
    start, y, columns = h, np.zeros((N, len(h0), H, T)), []
    for t in range(T):
        h_left = start if stuck else h
        h_above = above(h)
        if top is not None:
            h_above = h_above.copy()
            h_above[:, :, 0] = top
        total = a[..., t] + K_ss[0].T @ h_left + K_ss[1].T @ h_above
        rows = live(t, H, W)
        (h_new, c_new), own = cell.forward(total, memory(c))
        for i in range(1, H) if in_place else ():
            now = (h_new if rows.start < i <= rows.stop else h)[:, :, i - 1]
            total_i = a[:, :, i, t] + (K_ss[0].T @ h_left)[:, :, i] + now @ K_ss[1]
            (h_new[:, :, i], c_new[:, :, i]), _ = cell.forward(total_i, memory(c)[:, :, i])
        columns.append((h_left[:, :, rows], h_above[:, :, rows], tuple(part[:, :, rows] for part in own)))
        h = np.where((begun > t) & ("h" in waits), h, h_new)
        c = np.where((begun > t) & ("c" in waits), c, c_new)
        y[..., t] = h
    cache = columns, K_ss, cell
    return y, cache


def back(dy, cache, *, K_ss=None, out=True, right=True, below="add", to=-1, memory=True, summed=True, initial="all",
         backwards=True):
    """The gradients of `run`.

    out: does dy count in every column; right, below: how h's two readers give back (below "add", "over", "rows": overwritten,
    in the whole state or in the rows of the column, "first": overwritten by what comes from the right, "around": row 0 to the
    last one; right "kept": added to what was given before); to: the row that is given back what was read above; memory: True,
    False, "kept", or "above", where the row above is given it as well; summed: over columns; initial: the rows that give back
    h0 and c0; backwards: the last column first
    """
    columns, own_K, cell = cache
    K_ss = own_K if K_ss is None else K_ss
    N, h, H, T = dy.shape
    da, dK = np.zeros((N, K_ss.shape[2], H, T)), np.zeros_like(K_ss)
    dh, dc = np.zeros((2, N, h, H))
    for t in reversed(range(T)) if backwards else range(T):
        rows = live(t, H, T - H + 1)
        h_left, h_above, cell_cache = columns[t]
        given = dy[:, :, rows, t] if out or t == T - 1 else 0
        grads = cell.backward((given + dh[:, :, rows], dc[:, :, rows]), cell_cache)
        da[:, :, rows, t] = grads["a"]
        one = np.stack([np.einsum("nhi,nfi->hf", read, grads["a"]) for read in (h_left, h_above)])
        dK = dK + one if summed else one
        if below == "first":
            give_above(dh, K_ss[1] @ grads["a"], rows, to, "add")
        dh[:, :, rows] = (dh[:, :, rows] if right == "kept" else 0) + (K_ss[0] @ grads["a"] if right else 0)
        dc[:, :, rows] = (dc[:, :, rows] if memory == "kept" else 0) + (grads["c_prev"] if memory else 0)
        if below == "around":
            dh[:, :, np.arange(H)[rows] - 1] += K_ss[1] @ grads["a"]
        elif below not in (None, "first"):
            give_above(dh, K_ss[1] @ grads["a"], rows, to, below)
        if memory == "above":
            give_above(dc, grads["c_prev"], rows, -1, "add")
    rows = {"all": slice(None), "row 0": slice(0, 1), "last": slice(-1, None)}[initial]
    return {"a": da, "K_ss": dK, "h0": dh[:, :, rows].sum(axis=(0, 2)), "c0": dc[:, :, rows].sum(axis=(0, 2))}


def give_above(dstate, given, rows, to, how):
    """Give to row i + `to` what row i, one of `rows`, read there."""
    N, h, H = dstate.shape
    wide = np.zeros((N, h, H + 2))
    wide[:, :, 1 + to + rows.start:1 + to + rows.stop] = given
    wide, touched = wide[:, :, 1:-1], slice(max(0, rows.start + to), max(0, min(H, rows.stop + to)))
    if how == "add":
        dstate += wide
    elif how == "over":
        dstate[:, :, :H - 1] = wide[:, :, :H - 1]
    else:
        dstate[:, :, touched] = wide[:, :, touched]
