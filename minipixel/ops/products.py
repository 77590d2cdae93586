"""Products where it counts how they are made; first the one that every backward of weights ends in, a sum of outer products."""

import numpy as np

from minipixel.backend import array_module
from minipixel.threads import small_products

# Multiply-adds up to which OpenBLAS keeps to its kernels for small matrices, which need no packed copies; with units first in
# both factors (A B^T) it does so for results of so many numbers at most. Narrower than LEAST_WIDTH they are no gain.
SMALL, RESULT, LEAST_WIDTH = 1_000_000, 1200, 4
# Rows that such a product should add up at least: measured, on fewer it spends its time on the results.
LEAST = 400


def sum_of_outer(P, Q):
    """sum_m P_m^T Q_m: P (M, C), Q (M, F)  ->  (C, F)

    Where there are kernels for small matrices, in blocks of rows and of columns of Q that suit them: of tall and thin P and Q
    that is 1.1 to 2.5 times as fast as the single product.
    """
    (M, C), F = P.shape, Q.shape[1]
    if not isinstance(P, np.ndarray) or not small_products() or C * F * M <= SMALL:
        return P.T @ Q
    width = widest(F, SMALL // LEAST // C)
    if width < min(16, F):      # so thin, they take as long as the single product
        return P.T @ Q
    count = -(-M * C * width // SMALL)
    rows = M // count
    whole = count * rows
    P_blocks = P[:whole].reshape(count, 1, rows, C).swapaxes(2, 3)
    Q_blocks = Q[:whole].reshape(count, rows, F // width, width).swapaxes(1, 2)
    total = np.matmul(P_blocks, Q_blocks).sum(axis=0).swapaxes(0, 1).reshape(C, F)
    if whole < M:
        total += P[whole:].T @ Q[whole:]
    return total


def column_blocks(J, F, M, xp):
    """In how many blocks of columns of G^T to make S G^T, S (J, M), G (F, M), units first: as many as small products want."""
    if xp is not np or not small_products():
        return 1
    width = widest(F, min(RESULT, SMALL // M) // J)
    return F // width if width >= LEAST_WIDTH else 1


def product_to(out, A, B):
    """out[...] = A B, with no copy where the module can write there; CuPy's to contiguous arrays alone."""
    xp = array_module(out)
    if xp is np or out.flags.c_contiguous:
        xp.matmul(A, B, out=out)
    else:
        out[...] = xp.matmul(A, B)


def widest(F, most):
    """The largest divisor of F that is `most` at most."""
    return max(w for w in range(1, F + 1) if F % w == 0 and (w == 1 or w <= most))
