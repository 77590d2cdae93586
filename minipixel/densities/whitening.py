"""Conditional whitening: inputs without correlation, and outputs without what the inputs tell linearly.

A density of the whitened values is a density of the values themselves after adding log |det W|: it begins where linear
prediction ends, on one scale for all data.

Source: Theis and Bethge 2015, Generative image modeling using spatial LSTMs (RIDE), the preconditioning.
"""

import numpy as np

from minipixel.densities.doors import check_finite, check_matrix, check_pair
from minipixel.densities.mcgsm import MCGSM

# A direction with less than this share of the largest variance holds rounding alone.
FLAT = 1e-12


class ConditionalWhitening:
    """x^ = P (x - m_x),   y^ = W (y - m_y - B x^)

    P = C_xx^(-1/2),   B = C_yx P,   W^T W = (C_yy - C_yx C_xx^-1 C_xy)^-1,   log_det = log |det dy^ / dy| = log |det W|

    W is lower triangular: the first output, whitened, is made of the first alone, and so on. (The paper's W is symmetric.)
    x (n, D), y (n, M): float64, on the host
    """

    def __init__(self, m_x, m_y, P, B, W):
        self.m_x, self.m_y, self.P, self.B, self.W = m_x, m_y, P, B, W

    @classmethod
    def identity(cls, D, M):
        """Leaves everything as it is."""
        return cls(np.zeros(D), np.zeros(M), np.eye(D), np.zeros((M, D)), np.eye(M))

    @classmethod
    def of(cls, x, y):
        """From the covariances of samples; ValueError where they leave no inverse."""
        check_finite("whitening", x=x, y=y)
        m_x, m_y = x.mean(axis=0), y.mean(axis=0)
        x, y = x - m_x, y - m_y
        P = inverse_root(x.T @ x / len(x), "whitening expects x")
        B = y.T @ (x @ P) / len(x)
        # What x does not explain, from the residuals themselves: C_yy - B B^T would cancel.
        left = y - x @ P @ B.T
        C = left.T @ left / len(x)
        require_spread(np.linalg.eigvalsh(C), "whitening expects y, given x,", y.var(axis=0).max())
        return cls(m_x, m_y, P, B, np.linalg.inv(np.linalg.cholesky(C)))

    @property
    def log_det(self):
        return float(np.linalg.slogdet(self.W)[1])

    def inputs(self, x):
        """x^ of x"""
        return (x - self.m_x) @ self.P

    def forward(self, x, y):
        """x^, y^ of x, y"""
        x_hat = self.inputs(x)
        return x_hat, (y - self.m_y - x_hat @ self.B.T) @ self.W.T

    def inverse(self, x_hat, y_hat):
        """x, y of x^, y^"""
        return x_hat @ np.linalg.inv(self.P) + self.m_x, self.outputs(x_hat, y_hat)

    def outputs(self, x_hat, y_hat):
        """y of x^, y^"""
        return np.linalg.solve(self.W, y_hat.T).T + x_hat @ self.B.T + self.m_y


def inverse_root(C, what):
    """C^(-1/2), symmetric; ValueError where a variance is nothing beside the largest"""
    values, vectors = np.linalg.eigh(C)
    require_spread(values, what)
    return vectors / np.sqrt(values) @ vectors.T


def require_spread(values, what, scale=0):
    """ValueError where the smallest of the variances is nothing beside the largest, or beside `scale`."""
    if values.size and values.min() <= FLAT * max(values.max(), scale, np.finfo(float).tiny):
        beside = f" beside {scale:.1e}" if scale else ""
        raise ValueError(f"{what} to vary in all {len(values)} directions, got variances from {max(0, values.min()):.1e} to "
                         f"{values.max():.1e}{beside}: too few samples, or constant values?")


class Whitened:
    """A conditional density of whitened values, as one of the values themselves: log_p, fit, sample and masses as MCGSM."""

    def __init__(self, density):
        self.density = density
        self.inputs, self.outputs = density.inputs, density.outputs
        self.whitening = ConditionalWhitening.identity(density.inputs, density.outputs)

    def log_p(self, x, y):
        """log p(y | x) = log p(y^ | x^) + log |det W|"""
        return self.density.log_p(*self.whitening.forward(*self.density.checked(x, y))) + self.whitening.log_det

    def fit(self, x, y, validation=None, **options):
        """Whiten by (x, y) and fit the density to what comes out. Its history is in nats of the whitened values."""
        self.density.checked(x, y)
        check_pair("Whitened", "x, y", validation)
        self.whitening = ConditionalWhitening.of(x, y)
        if validation is not None:
            validation = self.whitening.forward(*self.density.checked(*validation))
        return self.density.fit(*self.whitening.forward(x, y), validation, **options)

    def sample(self, x, rng):
        check_matrix("Whitened", "x", x, self.inputs)
        x_hat = self.whitening.inputs(x)
        return self.whitening.outputs(x_hat, self.density.sample(x_hat, rng))

    def masses(self, x, edges):
        """The probability of each bin between rising edges (K + 1,): (n, K). For one output."""
        check_matrix("Whitened", "x", x, self.inputs)
        x_hat, wide = self.whitening.inputs(x), np.broadcast_to(edges, (len(x), np.shape(edges)[-1]))
        edges_hat = (wide - self.whitening.m_y - x_hat @ self.whitening.B.T) * self.whitening.W[0, 0]
        return self.density.masses(x_hat, edges_hat)

    def arrays(self):
        found = {f"whitening.{name}": value for name, value in vars(self.whitening).items()}
        return found | {f"density.{name}": value for name, value in self.density.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays):
        whitened = cls(MCGSM.from_arrays(below("density", arrays)))
        whitened.whitening = ConditionalWhitening(**below("whitening", arrays))
        return whitened


def below(prefix, arrays):
    """The arrays whose names begin with `prefix`., by the rest of their names."""
    return {name.removeprefix(f"{prefix}."): value for name, value in arrays.items() if name.startswith(f"{prefix}.")}
