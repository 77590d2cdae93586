"""Back-propagation through time: from errors back through the moments that are kept.

    epochwise_bptt   all moments of the epoch, one sweep at its end                           exact
    real_time_bptt   all moments so far, a sweep at every time step: BPTT(infinity)           exact
    truncated_bptt   the last h moments, a sweep at every time step: BPTT(h)                  an approximation
    bptt             the last h moments, a sweep every h' time steps: BPTT(h; h')             an approximation

Each returns dW = dJ/dW (n, m + n) of the whole run. W stays fixed during it.

Source: Williams and Zipser 1990; BPTT(h; h'): Williams and Peng 1990, Neural Computation 2(4), 490.
"""

from collections import deque
from itertools import zip_longest
from numbers import Integral

from minipixel.backend import array_module
from minipixel.recurrent.network import recurrent_part, run


def sweep(W, moments, errors):
    """delta(t) = f'(s(t)) epsilon(t),   epsilon(t-1) = e(t-1) + W_U^T delta(t),   dW = sum_t delta(t) z(t-1)^T

    moments: consecutive, oldest first. errors: what comes in from outside at the newest time, the one before, ...; at
    times earlier than these nothing does.
    Returns dW (n, m + n), and W_U^T delta at the time before the oldest moment (n,): what a longer sweep would go on with.
    """
    xp = array_module(W)
    W_U, dW, back = recurrent_part(W), xp.zeros_like(W), 0
    for moment, e in zip_longest(reversed(moments), errors, fillvalue=0):
        epsilon = e + back
        delta = moment.y * (1 - moment.y) * epsilon
        dW += delta[:, None] * moment.z
        # Who read a target did not read the unit, and sends nothing back to it.
        back = xp.where(moment.free, W_U.T @ delta, 0)
    return dW, back


def epochwise_bptt(W, x, d, y0, teacher_forcing=False):
    """One sweep from T to 0, into which e(t) comes at every t        Williams and Zipser 1990

    Keeps (n + m) T numbers; n (n + m) multiply-adds a time step.
    """
    moments = list(run(W, x, d, y0, teacher_forcing))
    dW, _ = sweep(W, moments, [moment.e for moment in reversed(moments)])
    return dW


def real_time_bptt(W, x, d, y0, teacher_forcing=False):
    """dW = sum_t dJ(t)/dW, each by a sweep from t to 0 into which only e(t) comes        Williams and Zipser 1990

    The earlier errors had their own sweeps. Keeps (n + m) T numbers; n (n + m) T multiply-adds a time step.
    """
    moments, dW = [], array_module(W).zeros_like(W)
    for moment in run(W, x, d, y0, teacher_forcing):
        moments.append(moment)
        dW += sweep(W, moments, [moment.e])[0]
    return dW


def truncated_bptt(W, x, d, y0, h, teacher_forcing=False):
    """As real_time_bptt, but each sweep ends after h time steps: delta(t) .. delta(t-h+1)        Williams and Zipser 1990

    Keeps (n + m) h numbers; n (n + m) h multiply-adds a time step. Exact when h >= T.
    """
    h = check_depth("truncated_bptt", h)
    moments, dW = deque(maxlen=h), array_module(W).zeros_like(W)
    for moment in run(W, x, d, y0, teacher_forcing):
        moments.append(moment)
        dW += sweep(W, moments, [moment.e])[0]
    return dW


def bptt(W, x, d, y0, h, h_prime, teacher_forcing=False):
    """BPTT(h; h'): every h' time steps a sweep of h, into which the last h' errors come        Williams and Peng 1990

    An error is followed back for h - h' + 1 time steps at least and h at most. Keeps (n + m) h numbers; n (n + m) h / h'
    multiply-adds a time step. h' = 1 is truncated_bptt; h' = h cuts the run into chunks. Where T is no multiple of h', the
    last sweep takes the errors that are left.
    """
    h = check_depth("bptt", h)
    if not is_whole(h_prime) or not 1 <= h_prime <= h:
        raise ValueError(f"bptt expects h' from 1 to h = {h}, a whole number, got {h_prime!r}")
    moments, errors, dW = deque(maxlen=h), [], array_module(W).zeros_like(W)
    for t, moment in enumerate(run(W, x, d, y0, teacher_forcing), 1):
        moments.append(moment)
        errors.insert(0, moment.e)
        if len(errors) == h_prime or t == len(x):
            dW += sweep(W, moments, errors)[0]
            errors = []
    return dW


def check_depth(name, h):
    if not is_whole(h) or h < 1:
        raise ValueError(f"{name} expects h, the depth of a sweep, a whole number of at least 1, got {h!r}")
    return int(h)


def is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
