"""Gaussian fields by plain loops: what a field with linear conditionals must agree with."""

import numpy as np
from scipy.stats import multivariate_normal


def set_linear(field, seed=0, gain=1):
    """Give all components of a field the same linear predictor and precision: A (M, D), precision (M, M).

    Gates still differ, and must not matter. gain: of the predictor; with a small one large images stay small.
    """
    density, rng = field.conditional.density, np.random.default_rng(seed)
    J, M, D = density.params["a"].shape
    A = gain * rng.normal(size=(M, D)) / np.sqrt(D)
    L = np.tril(rng.normal(size=(M, M)) / 2 + np.eye(M))
    L[0, 0] = 1
    values = {"a": np.tile(A, (J, 1, 1)), "alpha": np.full(density.params["alpha"].shape, 0.7),
              "eta": rng.normal(size=density.params["eta"].shape), "b": rng.normal(size=density.params["b"].shape),
              "beta": rng.normal(size=density.params["beta"].shape), "L": np.tile(L, (J, 1, 1))}
    density.put({name: values[name] for name in density.params})
    return A, np.exp(0.7) * L @ L.T


def residuals(v, A, taps, own=1):
    """own v_ij - A [v_(ij + tap 1) .. v_(ij + tap T)], zeros outside: (N, H, W, M)"""
    N, H, W, C = v.shape
    found = np.zeros((N, H, W, len(A)))
    for n, i, j in np.ndindex(N, H, W):
        if own:
            found[n, i, j] += own * v[n, i, j]
        for t, (di, dj) in enumerate(taps):
            if 0 <= i + di < H and 0 <= j + dj < W:
                found[n, i, j] -= A[:, t * C:(t + 1) * C] @ v[n, i + di, j + dj]
    return found


def log_normal(v, left, precision, shift=0):
    """log N of images v whose residuals left(v) + shift are independent N(0, precision^-1) at each pixel

    left is linear: its matrix R is read off the unit images, so v ~ N(-R^-1 shift, (R^T P R)^-1).
    """
    N, *shape = v.shape
    size = v[0].size
    R = left(np.eye(size).reshape(size, *shape)).reshape(size, -1).T
    C = np.linalg.inv(R.T @ np.kron(np.eye(size // len(precision)), precision) @ R)
    means = -np.linalg.solve(R, np.broadcast_to(shift, left(v).shape).reshape(N, -1).T).T
    return np.array([multivariate_normal.logpdf(one, mean, C) for one, mean in zip(v.reshape(N, -1), means)])
