"""The density models' equations as nested loops: what is whitened, and the masses of the levels' bins.

The masses of later colours come from the joint normal of a pixel's colours by the formulas of conditional means and variances,
which know nothing of a chain of triangular factors.

Source: Theis and Bethge 2015; Theis, Hosseini and Bethge 2012.
"""

from math import exp, log

import numpy as np
from scipy.stats import multivariate_normal, norm


def normals(x, shift, eta, alpha, beta, b, a, L=None, u=None, W=1):
    """[(weight, mean (M,), covariance (M, M))] of v = shift + W^-1 y^ for each component and scale, x one sample's inputs."""
    (J, S), M, found, total = eta.shape, a.shape[1], [], 0
    for c, s in np.ndindex(J, S):
        energy = sum(beta[c, i] ** 2 * float(b[i] @ x) ** 2 for i in range(len(b)))
        weight = exp(eta[c, s] - 0.5 * exp(alpha[c, s]) * energy)
        root = np.eye(M) if L is None else np.tril(L[c])
        root[0, 0] = 1
        back = np.linalg.inv(W)
        mean = shift + back @ (a[c] @ x + (0 if u is None else u[c]))
        found.append((weight, mean, back @ np.linalg.inv(exp(alpha[c, s]) * root @ root.T) @ back.T))
        total += weight
    return [(weight / total, mean, covariance) for weight, mean, covariance in found]


def masses(parts, v, c, edges):
    """The mass of each bin of colour c given the colours v before it: a list"""
    weights, bins = [], []
    for weight, mean, C in parts:
        gain = C[c, :c] @ np.linalg.inv(C[:c, :c]) if c else np.zeros(0)
        centre = mean[c] + gain @ (v[:c] - mean[:c])
        spread = (C[c, c] - gain @ C[:c, c]) ** 0.5
        weights.append(weight * (multivariate_normal.pdf(v[:c], mean[:c], C[:c, :c]) if c else 1))
        ends = [(edge - centre) / spread for edge in edges]
        # From the nearer side, for 1 - 1 has no digits.
        bins.append([norm.cdf(high) - norm.cdf(low) if low < 0 else norm.sf(low) - norm.sf(high)
                     for low, high in zip(ends, ends[1:])])
    return [sum(w * mass[k] for w, mass in zip(weights, bins)) / sum(weights) for k in range(len(edges) - 1)]


def log_probs(maps, x, levels, W, **params):
    """log p of every level at every value, from maps [inputs | prediction] (N, H, W, F + M) and the images x of levels"""
    v, M = 2 * x / (levels - 1) - 1, x.shape[-1]
    edges = [-np.inf, *[2 * (k - 0.5) / (levels - 1) - 1 for k in range(1, levels)], np.inf]
    log_p = np.zeros((*x.shape, levels))
    for n, i, j in np.ndindex(*x.shape[:3]):
        parts = normals(maps[n, i, j, :-M], maps[n, i, j, -M:], **params, W=np.tril(W))
        for c in range(M):
            for k, mass in enumerate(masses(parts, v[n, i, j], c, edges)):
                log_p[n, i, j, c, k] = log(mass)
    return log_p
