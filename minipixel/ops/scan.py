"""The scan: a recurrence over all ticks of a walk, as a pair. Rows, diagonals and n dimensions are walks, not loops of their own.

Cells are packed by clock: the cells of a tick lie side by side, no padding cell is computed, and the skewed map of the paper
is only a permutation of them (order.walk). A tick is one product for all its cells, images and directions.
"""

from minipixel.backend import array_module


def scan_forward(a, K_ss, h0, c0, walk, frame, cell):
    """h_t, c_t = cell(a_t + sum_r K_r^T h_(read r of t), c_(reads of t))  over all cells t, tick by tick

    a (D, F, P, N): what the input gives to each of the P cells, in the order of the walk; K_ss (D, R, h, F): a matrix for
    each read; h0, c0 (D, h): the learned initial state; cell: a pair of ops.cells  ->  h (D, h, P, N)
    """
    xp = array_module(a)
    D, R, units, F = K_ss.shape
    P, N = a.shape[2:]
    K_T = xp.ascontiguousarray(K_ss.reshape(D, R * units, F).transpose(0, 2, 1))
    S = xp.zeros((D, R * units, P, N), a.dtype)      # what each cell reads: h of every read, one below the other
    C = xp.zeros((D, len(frame.remembers) * units, P, N), a.dtype)
    y = xp.empty((D, P, N, units), a.dtype).transpose(0, 3, 1, 2)
    memory = [frame.reads.index(read) for read in frame.remembers]
    kept = []
    for t, tick in enumerate(walk.ticks):
        s, c_read = S[:, :, tick], C[:, :, tick]
        for r in range(R):
            put(s, r, units, walk.starts[t][r], h0)
        for q, r in enumerate(memory):
            put(c_read, q, units, walk.starts[t][r], c0)
        if t:
            for r, (into, out) in enumerate(walk.links[t]):
                hand(s, r, units, into, out, h)
            for q, r in enumerate(memory):
                hand(c_read, q, units, *walk.links[t][r], c)
        m = tick.stop - tick.start
        total = xp.matmul(K_T, s.reshape(D, R * units, m * N)).reshape(D, F, m, N)
        total += a[:, :, tick]
        (h, c), cell_cache = cell[0](total, c_read)
        y[:, :, tick] = h
        kept.append(cell_cache)
    cache = S, kept, K_ss, walk, frame, cell, memory
    return y, cache


def scan_backward(dy, cache):
    S, kept, K_ss, walk, frame, cell, memory = cache
    xp = array_module(S)
    D, R, units, F = K_ss.shape
    P, N = S.shape[2:]
    K = xp.ascontiguousarray(K_ss.reshape(D, R * units, F))
    da = xp.empty((D, F, P, N), S.dtype)
    dh0, dc0 = xp.zeros((D, units), S.dtype), xp.zeros((D, units), S.dtype)
    dh_next = dc_next = None
    for t in reversed(range(len(walk.ticks))):
        tick = walk.ticks[t]
        m = tick.stop - tick.start
        dh = dy[:, :, tick] if dh_next is None else dh_next
        if dh_next is not None:
            dh += dy[:, :, tick]
        dc = xp.zeros(dh.shape, S.dtype) if dc_next is None else dc_next
        grads = cell[1]((dh, dc), kept[t])
        da[:, :, tick] = grads["a"]
        ds = xp.matmul(K, grads["a"].reshape(D, F, m * N)).reshape(D, R * units, m, N)
        for r in range(R):
            collect(dh0, ds, r, units, walk.starts[t][r])
        for q, r in enumerate(memory):
            collect(dc0, grads["c_1"], q, units, walk.starts[t][r])
        if t:
            before = walk.ticks[t - 1]
            shape = D, units, before.stop - before.start, N
            dh_next, dc_next = xp.zeros(shape, S.dtype), xp.zeros(shape, S.dtype)
            for r, (into, out) in enumerate(walk.links[t]):
                give_back(dh_next, ds, r, units, into, out)
            for q, r in enumerate(memory):
                give_back(dc_next, grads["c_1"], q, units, *walk.links[t][r])
    flat = da.reshape(D, F, P * N)
    dK = xp.matmul(S.reshape(D, R * units, P * N), flat.transpose(0, 2, 1))
    return {"a": da, "K_ss": dK.reshape(K_ss.shape), "h0": dh0, "c0": dc0}


def put(s, r, units, cells, state):
    if cells is not None:
        s[:, r * units:(r + 1) * units, cells] = state[:, :, None, None]

def hand(s, r, units, into, out, h):
    if into is not None:
        s[:, r * units:(r + 1) * units, into] = h[:, :, out]

def collect(total, ds, r, units, cells):
    if cells is not None:
        total += ds[:, r * units:(r + 1) * units, cells].sum(axis=(2, 3))

def give_back(dh, ds, r, units, into, out):
    if into is not None:
        dh[:, :, out] += ds[:, r * units:(r + 1) * units, into]
