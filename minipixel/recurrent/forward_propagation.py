"""Real-time recurrent learning: the derivatives of every output by every weight, carried forward in time.

p^k_ij(t) = dy_k(t) / dw_ij is kept as p (n, n, m + n), axes k, i, j. Nothing of the past is kept, so a run may go on for
ever, and the weights may change on the way (`online`).

Source: Williams and Zipser 1989, Neural Computation 1(2), 270, and 1990.
"""

from minipixel.backend import array_module
from minipixel.recurrent.network import check, recurrent_part, run, step


def start(W):
    """p(0) = 0: the first outputs do not depend on the weights."""
    return array_module(W).zeros_like(W, shape=(len(W), *W.shape))


def advance(W, p, moment):
    """p^k_ij(t+1) = f'_k(s_k(t+1)) [sum_(l in U) w_kl p^l_ij(t) + delta_ik z_j(t)]        Williams and Zipser 1989

    p (n, n, m + n) at t, moment of t + 1  ->  p (n, n, m + n) at t + 1
    A unit whose target was read in its place at t is left out of the sum.
    """
    xp, n = array_module(W), len(W)
    heard = xp.where(moment.free, recurrent_part(W), 0)
    p = (heard @ p.reshape(n, -1)).reshape(p.shape)
    k_is_i = p.reshape(n * n, -1)[::n + 1]  # a view of the rows (k, k)
    k_is_i += moment.z
    p *= (moment.y * (1 - moment.y))[:, None, None]
    return p


def gradient(p, moment):
    """dJ(t)/dw_ij = sum_k e_k(t) p^k_ij(t)"""
    return (moment.e @ p.reshape(len(p), -1)).reshape(p.shape[1:])


def rtrl(W, x, d, y0, teacher_forcing=False):
    """dW = sum_t dJ(t)/dW of a run, exact while W stays fixed        Williams and Zipser 1989

    Keeps n^2 (n + m) numbers; n^3 (n + m) multiply-adds a time step.
    """
    p, dW = start(W), array_module(W).zeros_like(W)
    for moment in run(W, x, d, y0, teacher_forcing):
        p = advance(W, p, moment)
        dW += gradient(p, moment)
    return dW


def online(W, x, d, y0, rate, teacher_forcing=False):
    """W <- W + rate dJ(t)/dW after every time step. Yields (W, moment), one time step after the other.

    p then mixes derivatives at several weights. It follows the gradient as long as the weights change slowly.
    """
    check(W, x, d, y0)
    p, y = start(W), y0
    for t in range(len(x)):
        moment = step(W, x[t], d[t], y, d[t + 1], teacher_forcing)
        p, y = advance(W, p, moment), moment.y
        W = W + rate * gradient(p, moment)
        yield W, moment
