"""The scan on a GPU: one launch for all ticks, where array calls would take some forty for each tick.

Images and directions do not meet, and a cell reads states of the tick before alone. So a block of threads has one image and
one direction, walks over the ticks, and waits for its own threads after each. `ops/scan.py` says what is computed, and its
array calls are what this is tested against; the cell is its own CUDA text (`Cell.cuda`, beside its array form).

All arrays are (D, rows, N, units) here, the units side by side, a row for each of the P cells. The states h and c have two
more: row P is the zero that stands outside the image, row P + 1 the initial state. A table of sources then tells what each cell
reads, wherever that is. What cells give back to those they read, ds and dc_prev, has a row P of zeros.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minipixel.backend import array_module
from minipixel.order import walk as walk_of

THREADS = 512       # of a block at most: measured
PARTS = 256         # of a product at most: a few for each of a GPU's processors
REAL = {"float32": "float", "float64": "double"}

HEAD = """
#define AT(array, rows, p, units) ((array) + (((size_t)d * (rows) + (p)) * N + n) * (units))
#define EACH(k, count) (int k = threadIdx.x; k < (count); k += blockDim.x)

__device__ real sigmoid(real a) { return (1 + tanh(a / 2)) / 2; }
"""

KERNELS = """
// h, c = cell(a_p + sum_r K_ss,r^T h_(source r of p), c_(remembered sources of p)), tick by tick; the gates take a's place.
extern "C" __global__ void scan_forward(int N, int P, int ticks, const int *first, const int *source, const real *K_ss,
                                        const real *h0, const real *c0, real *gates, real *h, real *c)
{
    const int n = blockIdx.x, d = blockIdx.y;
    K_ss += (size_t)d * READS * UNITS * GATES * UNITS;
    for EACH(u, UNITS) {
        AT(h, P + 2, P, UNITS)[u] = AT(c, P + 2, P, UNITS)[u] = 0;
        AT(h, P + 2, P + 1, UNITS)[u] = h0[d * UNITS + u];
        AT(c, P + 2, P + 1, UNITS)[u] = c0[d * UNITS + u];
    }
    __syncthreads();
    for (int t = 0; t < ticks; t++) {
        for EACH(k, (first[t + 1] - first[t]) * UNITS) {
            const int p = first[t] + k / UNITS, u = k % UNITS;
            real a[GATES], c_prev[MEMORIES];
            for (int g = 0; g < GATES; g++)
                a[g] = AT(gates, P, p, GATES * UNITS)[g * UNITS + u];
            for (int r = 0; r < READS; r++) {
                const real *h_read = AT(h, P + 2, source[p * READS + r], UNITS);
                const real *K = K_ss + (size_t)r * UNITS * GATES * UNITS + u;
                for (int v = 0; v < UNITS; v++)
                    for (int g = 0; g < GATES; g++)
                        a[g] += h_read[v] * K[(v * GATES + g) * UNITS];
            }
            for (int m = 0; m < MEMORIES; m++)
                c_prev[m] = AT(c, P + 2, source[p * READS + memory[m]], UNITS)[u];
            cell_forward(a, c_prev, AT(h, P + 2, p, UNITS)[u], AT(c, P + 2, p, UNITS)[u]);
            for (int g = 0; g < GATES; g++)
                AT(gates, P, p, GATES * UNITS)[g * UNITS + u] = a[g];
        }
        __syncthreads();
    }
}

// Back: a cell's dh is dy and what its readers give back, ds; its da goes on to ds = K_ss da for what it read, and to dc_prev.
// A cell without a reader r reads row P there, which is zero.
extern "C" __global__ void scan_backward(int N, int P, int ticks, const int *first, const int *source, const int *reader,
                                         const real *K_ss_T, const real *gates, const real *c, const real *dy, real *da,
                                         real *ds, real *dc_prev)
{
    const int n = blockIdx.x, d = blockIdx.y;
    K_ss_T += (size_t)d * READS * UNITS * GATES * UNITS;
    for EACH(k, READS * UNITS)
        AT(ds, P + 1, P, READS * UNITS)[k] = 0;
    for EACH(k, MEMORIES * UNITS)
        AT(dc_prev, P + 1, P, MEMORIES * UNITS)[k] = 0;
    __syncthreads();
    for (int t = ticks - 1; t >= 0; t--) {
        const int cells = first[t + 1] - first[t];
        for EACH(k, cells * UNITS) {
            const int p = first[t] + k / UNITS, u = k % UNITS;
            real dh = AT(dy, P, p, UNITS)[u], dc = 0, a[GATES], da_p[GATES], c_read[MEMORIES], dc_read[MEMORIES];
            for (int r = 0; r < READS; r++)
                dh += AT(ds, P + 1, reader[p * READS + r], READS * UNITS)[r * UNITS + u];
            for (int m = 0; m < MEMORIES; m++) {
                dc += AT(dc_prev, P + 1, reader[p * READS + memory[m]], MEMORIES * UNITS)[m * UNITS + u];
                c_read[m] = AT(c, P + 2, source[p * READS + memory[m]], UNITS)[u];
            }
            for (int g = 0; g < GATES; g++)
                a[g] = AT(gates, P, p, GATES * UNITS)[g * UNITS + u];
            cell_backward(dh, dc, a, c_read, AT(c, P + 2, p, UNITS)[u], da_p, dc_read);
            for (int g = 0; g < GATES; g++)
                AT(da, P, p, GATES * UNITS)[g * UNITS + u] = da_p[g];
            for (int m = 0; m < MEMORIES; m++)
                AT(dc_prev, P + 1, p, MEMORIES * UNITS)[m * UNITS + u] = dc_read[m];
        }
        __syncthreads();
        for EACH(k, cells * READS * UNITS) {
            const int p = first[t] + k / (READS * UNITS), v = k % (READS * UNITS);
            const real *da_p = AT(da, P, p, GATES * UNITS);
            real sum = 0;
            for (int f = 0; f < GATES * UNITS; f++)
                sum += da_p[f] * K_ss_T[f * READS * UNITS + v];
            AT(ds, P + 1, p, READS * UNITS)[v] = sum;
        }
        __syncthreads();
    }
}
"""


class Kept(NamedTuple):
    """What the forward leaves to the backward."""

    X: object
    K_is: object
    gates: object
    h: object
    c: object
    K_ss: object
    h0: object
    c0: object
    walk: object
    cell: object


def takes(xp, cell, peepholes):
    """Is it a scan for these kernels: on a GPU, of a cell with a CUDA text, without peepholes?"""
    return xp is not np and cell.cuda and peepholes is None


def forward(X, K_is, b, K_ss, h0, c0, walk, cell):
    """scan_forward on a GPU: the same arguments and result. Input-to-state is one product for the whole map."""
    xp, dtype = array_module(X), X.dtype
    D, T, P, N, C = X.shape
    units, F = K_ss.shape[2:]
    X = X.transpose(0, 2, 3, 1, 4).reshape(D, P * N, T * C)
    gates = xp.matmul(X, K_is.reshape(D, T * C, F).astype(dtype)).reshape(D, P, N, F)
    gates += b[:, None, None]
    h, c = (xp.empty((D, P + 2, N, units), dtype) for _ in range(2))
    initial = [xp.zeros((D, units), dtype) if state is None else state for state in (h0, c0)]
    given = [xp.ascontiguousarray(array, dtype) for array in (K_ss, *initial)]
    place = tables(walk.frame, walk.shape, xp)
    launch("scan_forward", gates, K_ss, walk, cell)(place.first, place.source, *given, gates, h, c)
    return h[:, :P].transpose(0, 3, 1, 2), Kept(X, K_is, gates, h, c, K_ss, h0, c0, walk, cell)


def backward(dy, kept):
    """scan_backward of what `forward` kept.

    dK_ss,r = sum_p h_(source r of p) da_p^T
    """
    X, K_is, gates, h, c, K_ss, h0, c0, walk, cell = kept
    xp, dtype = array_module(gates), gates.dtype
    D, R, units, F = K_ss.shape
    (_, T, C, _), (P, N) = K_is.shape, gates.shape[1:3]
    K_ss_T = xp.ascontiguousarray(K_ss.reshape(D, R * units, F).transpose(0, 2, 1), dtype)
    dy = xp.ascontiguousarray(dy.transpose(0, 2, 3, 1), dtype)
    da = xp.empty(gates.shape, dtype)
    ds, dc_prev = (xp.empty((D, P + 1, N, count, units), dtype) for count in (R, len(walk.memory)))
    place = tables(walk.frame, walk.shape, xp)
    launch("scan_backward", gates, K_ss, walk, cell)(place.first, place.source, place.reader, K_ss_T, gates, c, dy, da, ds,
                                                     dc_prev)
    da, h_read = da.reshape(D, P * N, F), (xp.take(h, place.source[:, r], axis=1) for r in range(R))
    dK = [product_over_rows(read.reshape(D, P * N, units), da, P) for read in h_read]
    dX = xp.matmul(da, K_is.reshape(D, T * C, F).astype(dtype).transpose(0, 2, 1))
    grads = {"X": dX.reshape(D, P, N, T, C).transpose(0, 3, 1, 2, 4), "K_is": product_over_rows(X, da, P).reshape(K_is.shape),
             "b": xp.ones(P * N, dtype) @ da, "K_ss": xp.stack(dK, axis=1)}
    if h0 is not None:
        grads["h0"] = owed(ds, range(R), place.starts)
    if c0 is not None:
        grads["c0"] = owed(dc_prev, walk.memory, place.starts)
    return grads


def product_over_rows(X, da, P):
    """sum_k X_dk da_dk^T over the rows k of all images and P cells: X (D, P * N, C), da (D, P * N, F)  ->  (D, C, F)

    In parts of equally many cells, and then their sum: in a single product with so small a result most of a GPU would idle.
    """
    parts = max(k for k in range(1, PARTS + 1) if P % k == 0)
    X, da = (rows.reshape(len(rows), parts, -1, rows.shape[2]) for rows in (X, da))
    return (X.transpose(0, 1, 3, 2) @ da).sum(axis=1)


def owed(given_back, reads, starts):
    """What the readers of the initial state give back to it, summed over cells and images."""
    xp, (D, _, _, _, units) = array_module(given_back), given_back.shape
    found = [xp.take(given_back[:, :, :, k], starts[r], axis=1).sum(axis=(1, 2)) for k, r in enumerate(reads) if r in starts]
    return sum(found[1:], found[0]) if found else xp.zeros((D, units), given_back.dtype)


class Tables(NamedTuple):
    """A walk as tables on the device.

    first (ticks + 1,): the first cell of each tick; source (P, R): the row that a cell reads; reader (P, R): the cell that
    reads a cell so, P where there is none; starts: {read: the cells that read the initial state}
    """

    first: object
    source: object
    reader: object
    starts: dict


@lru_cache(maxsize=64)
def tables(frame, shape, xp):
    walk = walk_of(frame, shape)
    P, R = walk.places.shape[1], len(frame.reads)
    source, reader = np.full((P, R), P, np.int32), np.full((P, R), P, np.int32)
    places, before = np.arange(P), slice(0, 0)
    for tick, links, starts in zip(walk.ticks, walk.links, walk.starts):
        cells, earlier = places[tick], places[before]
        for r, ((into, out), start) in enumerate(zip(links, starts)):
            if into is not None:
                source[cells[into], r], reader[earlier[out], r] = earlier[out], cells[into]
            if start is not None:
                source[cells[start], r] = P + 1
        before = tick
    first = np.array([*(tick.start for tick in walk.ticks), P], np.int32)
    starts = {r: xp.asarray(np.flatnonzero(source[:, r] == P + 1)) for r in range(R) if (source[:, r] == P + 1).any()}
    return Tables(xp.asarray(first), xp.asarray(source), xp.asarray(reader), starts)


def launch(name, gates, K_ss, walk, cell):
    """The kernel as a function of its arrays, for the sizes and the dtype of a scan."""
    D, P, N, _ = gates.shape
    R, units = K_ss.shape[1:3]
    kernel = compiled(name, cell, gates.dtype.name, units, R, walk.memory, array_module(gates))
    items = max(tick.stop - tick.start for tick in walk.ticks) * units * R
    block = min(THREADS, -(-items // 32) * 32)
    sizes = np.int32(N), np.int32(P), np.int32(len(walk.ticks))
    return lambda *arrays: kernel((N, D), (block,), (*sizes, *arrays))


@lru_cache(maxsize=64)
def compiled(name, cell, dtype, units, reads, memory, xp):
    return xp.RawKernel(text(cell, dtype, units, reads, memory), name)


def text(cell, dtype, units, reads, memory):
    """The CUDA text of both kernels for a cell and its sizes."""
    sizes = {"real": REAL[dtype], "UNITS": units, "READS": reads, "GATES": cell.gates, "MEMORIES": len(memory)}
    defines = "".join(f"#define {key} {value}\n" for key, value in sizes.items())
    remembered = f"__device__ const int memory[] = {{{', '.join(map(str, memory))}}};\n"
    return defines + HEAD + remembered + cell.cuda + KERNELS
