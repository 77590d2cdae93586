"""The fully recurrent network of Williams and Zipser: n units, m inputs, every unit reads all of them.

Times are the paper's: row t of an array belongs to time t, t = 0 stands for t0, and a run ends at T (the paper's t1).

    x  (T, m)      inputs at 0..T-1; a unit's bias is the weight of an input that is always 1
    y0 (n,)        outputs of the units at 0
    d  (T + 1, n)  targets at 0..T, NaN where there is none; those at 0 can be forced, but are not judged
    W  (n, m + n)  w_ij: what unit i makes of z_j, inputs first

J is to be made large, as in the paper: W <- W + rate dW, with dW = dJ/dW.

Source: Williams and Zipser 1990, *Gradient-based learning algorithms for recurrent connectionist networks*, NU-CCS-90-9.
"""

from typing import Any, NamedTuple

from minipixel.backend import array_module


class Moment(NamedTuple):
    """What the step to time t leaves for a gradient: (m + n) + 3 n numbers.

    z (m + n,)  z(t-1), which the units have read
    free (n,)   False where z(t-1) holds a target in the place of a unit's output
    y (n,)      y(t)
    e (n,)      e(t)
    """

    z: Any
    free: Any
    y: Any
    e: Any


def f(s):
    """1 / (1 + exp(-s)), without overflow. Its slope is f'(s) = y (1 - y) with y = f(s)."""
    return 0.5 * array_module(s).tanh(0.5 * s) + 0.5


def step(W, x, d, y, d_next, teacher_forcing=False):
    """z(t) = [x(t); y(t)],   s(t+1) = W z(t),   y(t+1) = f(s(t+1)),   e(t+1) = d(t+1) - y(t+1), or 0 without a target

    x (m,), d (n,) and y (n,) at t, d_next (n,) at t + 1  ->  the Moment of t + 1
    With teacher forcing the units read d_k(t) in the place of y_k(t) wherever there is a target.
    """
    xp = array_module(W)
    free = xp.isnan(d) if teacher_forcing else xp.ones_like(y, bool)
    z = xp.concatenate([x, xp.where(free, y, d)])
    y = f(W @ z)
    e = xp.where(xp.isnan(d_next), 0, d_next - y)
    return Moment(z, free, y, e)


def run(W, x, d, y0, teacher_forcing=False):
    """The Moments of times 1..T, one after the other."""
    check(W, x, d, y0)
    y = y0
    for t in range(len(x)):
        moment = step(W, x[t], d[t], y, d[t + 1], teacher_forcing)
        yield moment
        y = moment.y


def objective(W, x, d, y0, teacher_forcing=False):
    """J = -1/2 sum_(t=1..T) sum_k e_k(t)^2"""
    return sum(-0.5 * (moment.e @ moment.e) for moment in run(W, x, d, y0, teacher_forcing))


def check(W, x, d, y0):
    """ValueError, with the shapes that were expected and that came, unless the arrays fit each other."""
    for name, array in (("W", W), ("x", x), ("d", d), ("y0", y0)):
        if getattr(getattr(array, "dtype", None), "kind", None) != "f":
            raise ValueError(f"a recurrent network expects {name} to be an array of floats, got "
                             f"{getattr(array, 'dtype', type(array).__name__)}")
    if W.ndim != 2 or W.shape[1] < len(W):
        raise ValueError(f"a recurrent network expects W of shape (n, m + n), got {W.shape}")
    n, m, T = len(W), W.shape[1] - len(W), len(x)
    for name, array, shape in (("x", x, (T, m)), ("d", d, (T + 1, n)), ("y0", y0, (n,))):
        if array.shape != shape:
            raise ValueError(f"W {W.shape} is a network of {n} units with {m} inputs: it expects {name} of shape {shape} "
                             f"for {T} time steps, got {array.shape}")


def recurrent_part(W):
    """W_U (n, n): the columns of W that read units."""
    return W[:, W.shape[1] - len(W):]
