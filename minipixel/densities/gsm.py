"""Mixtures of Gaussian scale mixtures (GSM): densities without inputs, fitted by expectation maximisation.

    p(y) = sum_cs pi_cs N(y; u_c, (e_cs L_c L_c^T)^-1),    pi_cs = exp(eta_cs) / sum exp(eta),    e_cs = exp(alpha_cs)

A component has one shape L_c L_c^T and one centre u_c, its scales differ by a factor. This is the MCGSM without inputs, and
computed as such.

Source: the unconditional case of Theis, Hosseini and Bethge 2012; Wainwright and Simoncelli 2000 for scale mixtures.
"""

import numpy as np

from minipixel.densities.doors import check_finite, check_matrix, check_size
from minipixel.densities.mcgsm import spread
from minipixel.densities.whitening import FLAT, inverse_root
from minipixel.ops.mcgsm import mcgsm_forward, mcgsm_responsibilities, mcgsm_sample, pieces
from minipixel.threads import run_shards


class GSM:
    """A mixture of `components` Gaussian scale mixtures of `scales` scales each, over y (n, M): one component is a GSM.

    log_p(y) (n,), fit(y), sample(n, rng); float64 on the host. Results do not depend on `threads` (None: all cores).
    """

    def __init__(self, outputs, components=1, scales=6, threads=None):
        for what, value in (("outputs", outputs), ("components", components), ("scales", scales)):
            check_size(what, value)
        J, S, M = components, scales, outputs
        self.outputs, self.threads = M, threads
        self.params = {"eta": np.full((J, S), -np.log(J * S)), "alpha": np.tile(spread(S), (J, 1)),
                       "L": np.tile(np.eye(M), (J, 1, 1)), "u": np.zeros((J, M))}
        # No inputs, no features: the gate of the MCGSM is its prior.
        self.nothing = {"beta": np.zeros((J, 0)), "b": np.zeros((0, 0)), "a": np.zeros((J, M, 0))}

    def log_p(self, y):
        """log p(y): y (n, M)  ->  (n,)"""
        check_matrix("GSM", "y", y, self.outputs)
        return np.concatenate([np.zeros(0), *self.shards(
            lambda y: mcgsm_forward(np.zeros((len(y), 0)), y, **self.params, **self.nothing)[0], y)])

    def sample(self, n, rng):
        """n samples (n, M); rng: a Generator, or a seed"""
        check_size("the number of samples", n, 0)
        rng = np.random.default_rng(rng)
        return mcgsm_sample(np.zeros((n, 0)), rng.random(n), rng.standard_normal((n, self.outputs)),
                            **self.params, **self.nothing)

    def fit(self, y, iterations=100, tolerance=1e-6, rng=0):
        """Expectation maximisation until an iteration gains less than `tolerance` nats a sample: mean log p after each

        An iteration changes scales and weights, asks for the responsibilities anew, and changes centres and shapes: each
        half makes the likelihood larger, or leaves it (an ECM algorithm with two cycles).
        """
        check_matrix("GSM", "y", y, self.outputs)
        if len(y) <= self.outputs:
            raise ValueError(f"GSM expects more samples than its {self.outputs} dimensions, got {len(y)}")
        check_finite("GSM", y=y)
        self.initialise(y, np.random.default_rng(rng))
        history = [float(self.log_p(y).mean())]
        for _ in range(iterations):
            self.change_scales(y)
            self.change_shapes(y)
            history.append(float(self.log_p(y).mean()))
            if history[-1] - history[-2] < tolerance:
                break
        return history

    def initialise(self, y, rng):
        """All centres at the mean; shapes from a random part of the samples each, so that components differ."""
        J, M = self.params["u"].shape
        self.params["u"][...] = y.mean(axis=0)
        few = len(y) if J == 1 else min(len(y), max(4 * M, len(y) // (2 * J)))
        everything = np.cov(y.T, bias=True).reshape(M, M)
        inverse_root(everything, "GSM expects y")
        for c in range(J):
            part = np.cov(y[rng.choice(len(y), few, replace=False)].T, bias=True).reshape(M, M)
            self.put_shape(c, 0.9 * part + 0.1 * everything, spread(self.params["alpha"].shape[1]))

    def change_scales(self, y):
        """pi_cs = mean of the responsibilities r,    e_cs = M sum r / sum r |L_c^T (y - u_c)|^2"""
        def sums(y):
            r = self.responsibilities(y)
            z = self.params["L"].transpose(0, 2, 1) @ (y.T - self.params["u"][:, :, None])
            return r.sum(axis=2), (r @ (z * z).sum(axis=1)[:, :, None])[..., 0]
        weights, squares = map(sum, zip(*self.shards(sums, y)))
        self.put_weights(weights)
        used = weights > 1e-8 * len(y)  # a scale that no sample is left to stays as it is
        # A value that many samples share would have a scale without width.
        squares = np.maximum(squares, FLAT * weights * squares.sum() / weights.sum())
        self.params["alpha"][used] = np.log(self.outputs * weights[used] / squares[used])

    def change_shapes(self, y):
        """With v = r e_cs summed over s:   u_c = sum v y / sum v,   (L_c L_c^T)^-1 = sum v (y - u_c)(y - u_c)^T / sum r"""
        def sums(y):
            r = self.responsibilities(y)
            v = (np.exp(self.params["alpha"])[:, None] @ r)[:, 0]
            from_old = y.T - self.params["u"][:, :, None]  # close to the new centres: nothing cancels
            weighted = from_old * v[:, None]
            return r.sum(axis=2), v.sum(axis=1), weighted.sum(axis=2), weighted @ from_old.transpose(0, 2, 1)
        weights, total, first, second = map(sum, zip(*self.shards(sums, y)))
        self.put_weights(weights)
        for c in range(len(total)):
            n = weights[c].sum()
            if n > self.outputs:  # with fewer samples than dimensions it would shrink onto them
                move = first[c] / total[c]
                self.params["u"][c] += move
                covariance = (second[c] - total[c] * np.outer(move, move)) / n
                variances = np.linalg.eigvalsh(covariance)
                if variances[0] > FLAT * variances[-1]:     # else all its samples are equal in some direction
                    self.put_shape(c, covariance, self.params["alpha"][c])

    def put_weights(self, weights):
        with np.errstate(divide="ignore"):
            self.params["eta"] = np.log(weights / weights.sum())

    def put_shape(self, c, covariance, alpha):
        """L_c with L_c[0, 0] = 1 from a covariance: its scale goes to alpha_c."""
        L = np.linalg.cholesky(np.linalg.inv(covariance))
        self.params["L"][c] = L / L[0, 0]
        self.params["alpha"][c] = alpha + 2 * np.log(L[0, 0])

    def responsibilities(self, y):
        return mcgsm_responsibilities(np.zeros((len(y), 0)), y, **self.params, **self.nothing)

    def shards(self, function, y):
        return run_shards(lambda part: function(y[part]), pieces(len(y), self.params["eta"]), self.threads)

    def arrays(self):
        return self.params

    @classmethod
    def from_arrays(cls, arrays):
        density = cls(arrays["u"].shape[1], *arrays["eta"].shape)
        density.params = dict(arrays)
        return density
