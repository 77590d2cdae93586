"""Maximum likelihood for a conditional density: L-BFGS on all the data; stopped by validation data.

A density here has params {name: live array}, loss_and_grads(x, y), log_p(x, y) and xp. It changes the
parameters in place, leaves the best ones behind, and returns its history: dicts (step, train, validation) in nats a
sample. "Best" is by validation data where there are any, else by the training loss.
"""

import numpy as np

from minipixel.backend import to_numpy
from minipixel.densities.doors import check_finite, check_pair, check_size

BATCHES = 64
FLOOR = 1e-3        # of an array's largest curvature: an estimate of nothing is no licence to jump


class Best:
    """The parameters of the smallest loss so far, and how many reports ago that was."""

    def __init__(self, density, validation):
        self.density, self.validation = density, validation
        self.loss, self.age, self.params, self.history = np.inf, 0, None, []

    def report(self, step, train):
        """Remember this moment. Is it the best one?"""
        entry = {"step": step, "train": train}
        if self.validation is not None:
            entry["validation"] = float(-self.density.log_p(*self.validation).mean())
        self.history.append(entry)
        loss = entry.get("validation", train)
        if loss < self.loss:
            self.loss, self.age = loss, 0
            self.params = {name: value.copy() for name, value in self.density.params.items()}
        else:
            self.age += 1

    def restore(self):
        for name, value in (self.params or {}).items():
            self.density.params[name][...] = value
        return self.history


def lbfgs(density, x, y, validation=None, *, iterations=1000, every=5, patience=20, tell=None):
    """L-BFGS, for `iterations` at most; with validation data (x, y): looked at `every` so many iterations, and ended when
    the last `patience` looks have not been better. What it starts from is looked at first, and may be the best.

    tell: called with each later entry of the history; the fit ends when it returns True.
    """
    from scipy.optimize import minimize

    for what, value in (("iterations", iterations), ("every", every), ("patience", patience)):
        check_size(what, value)
    check_pair("a fit", "x, y", validation)
    if validation is not None:
        check_finite("a fit", **{f"{what} to validate": to_numpy(values) for what, values in zip("xy", validation)})
    x, y = density.xp.asarray(x, density.dtype), density.xp.asarray(y, density.dtype)
    best, step, last, units = Best(density, validation), 0, np.nan, curvature(density, x, y)

    def loss_and_slope(vector):
        nonlocal last
        unpack(vector / units, density)
        last, grads = density.loss_and_grads(x, y)
        return last, pack(grads) / units

    def look(vector):
        nonlocal step
        step += 1
        if step % every == 0:
            unpack(vector / units, density)
            best.report(step, last)
            enough = tell(best.history[-1]) if tell else False
            if enough or best.age >= patience:
                raise StopIteration

    start = pack(density.params) * units
    if not np.isfinite(loss_and_slope(start)[0]):
        raise ValueError("a fit expects a start of finite loss: where many samples share a value, add noise to it, and "
                         "where values are far from 1, whiten them")
    best.report(0, last)
    try:
        end = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", callback=look,
                       options={"maxiter": iterations, "maxfun": 10 * iterations, "maxcor": 20, "ftol": 1e-12})
        if step % every or not step:
            unpack(end.x / units, density)
            best.report(step, float(end.fun))
    except StopIteration:  # SciPy before 1.11 lets it through
        pass
    return best.restore()


def curvature(density, x, y):
    """Square roots of the Fisher information's diagonal, the same for all of an array's row: one number a parameter, (P,)

    L-BFGS begins as if all parameters were curved alike. Those of an MCGSM differ by orders of magnitude: predictors of
    sharp scales are stiff, what belongs to rare components is soft. In units of these numbers they are alike. The information
    of a sample is the variance of its gradient, estimated by the gradients of BATCHES parts of the data; its mean over a row (a
    component, or a feature) is what that estimate is good for.
    """
    batches = min(BATCHES, len(x))
    grads = np.stack([pack(density.loss_and_grads(x[k::batches], y[k::batches])[1]) for k in range(batches)])
    information, start = grads.var(axis=0) * len(x) / batches, 0
    for value in density.params.values():
        if not value.size:
            continue
        rows = information[start:start + value.size].reshape(len(value), -1)        # a view
        rows[...] = rows.mean(axis=1, keepdims=True)
        rows += FLOOR * rows.max(initial=0)
        rows[~(rows > 0)] = 1       # an array that nothing depends on, or NaN
        start += value.size
    return np.sqrt(information)


def pack(arrays):
    """All arrays in one float64 vector on the host."""
    return np.concatenate([to_numpy(value).reshape(-1) for value in arrays.values()], dtype=np.float64)


def unpack(vector, density):
    """The inverse, into the live parameters."""
    start = 0
    for value in density.params.values():
        value[...] = density.xp.asarray(vector[start:start + value.size].reshape(value.shape), density.dtype)
        start += value.size
