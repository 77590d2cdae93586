"""FP/BPTT(h): forward propagation between blocks of h time steps, back-propagation within them. Exact.

What RTRL carries at every time step is brought up to date at the end of a block only, and there by sweeps: p^k is the
gradient of y_k, so a sweep that starts with the unit vector k gives it. Between blocks p stands for the whole past.

Source: Williams and Zipser 1990; the same cost was found by Schmidhuber 1992, Neural Computation 4(2), 243.
"""

from minipixel.backend import array_module
from minipixel.recurrent.back_propagation import check_depth, sweep
from minipixel.recurrent.forward_propagation import start
from minipixel.recurrent.network import run


def fp_bptt(W, x, d, y0, h, teacher_forcing=False):
    """dW = sum_t dJ(t)/dW of a run, in blocks of h time steps        Williams and Zipser 1990

    Keeps n^2 (n + m) + (n + m) h numbers; n^2 (n + m) + n^3 (n + m) / h multiply-adds a time step, the least for h near n.
    """
    check_depth("fp_bptt", h)
    p, block, dW = start(W), [], array_module(W).zeros_like(W)
    for t, moment in enumerate(run(W, x, d, y0, teacher_forcing), 1):
        block.append(moment)
        if len(block) == h or t == len(x):
            dW += through_block(W, p, block, [moment.e for moment in reversed(block)])
            p = advance(W, p, block)
            block = []
    return dW


def through_block(W, p, block, errors):
    """sum_t delta_i(t) z_j(t-1) + sum_l epsilon_l(t0) p^l_ij(t0),   t0 the time before the block

    p (n, n, m + n) at t0, errors as in `sweep`  ->  (n, m + n)
    """
    within, epsilon = sweep(W, block, errors)
    return within + (epsilon @ p.reshape(len(W), -1)).reshape(W.shape)


def advance(W, p, block):
    """p^k_ij at the end of the block: what comes back to w_ij when unit k alone has the error 1."""
    xp = array_module(W)
    p_end = xp.zeros_like(p)
    for k in range(len(W)):
        unit = xp.zeros_like(block[-1].e)
        unit[k] = 1
        p_end[k] = through_block(W, p, block, [unit])
    return p_end
