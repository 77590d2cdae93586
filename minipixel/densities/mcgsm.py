"""The MCGSM with its parameters: a conditional density of y (n, M) given x (n, D)."""

import numpy as np

from minipixel.backend import array_module, device_module, moved, to_numpy
from minipixel.densities.doors import check_finite, check_matrix, check_size
from minipixel.densities.experts import experts
from minipixel.densities.fitting import lbfgs
from minipixel.ops.mcgsm import gate_energy, mcgsm_backward, mcgsm_forward, mcgsm_masses, mcgsm_sample, pieces
from minipixel.threads import one_blas_thread, run_shards

SAMPLES = 30_000        # from which experts begin; more change little
GATE = 10.0             # on dead leaves 1, 3, 30 and 100 ended lower; on photographs it makes no difference


class MCGSM:
    """p(y | x), see ops/mcgsm.py        Theis, Hosseini and Bethge 2012

        params               {name: live array}: eta, alpha, beta, b, a; L for several outputs, u and w where asked for
        log_p(x, y)          (n,) float64
        loss_and_grads(x, y) mean of -log p in nats, and its gradient by name
        fit, sample, masses

    means: offsets u_c; gates: linear terms w_c in the gate. Both are off, as in the authors' code: whitened data need neither.
    L_c[0, 0] is 1: the scale of the precision is alpha's. Results do not depend on `threads` (None: all cores).
    """

    def __init__(self, inputs, outputs=1, components=8, scales=6, features=32, *, means=False, gates=False, rng=0,
                 dtype="float64", device="cpu", threads=None):
        for what, value, lowest in (("inputs", inputs, 0), ("outputs", outputs, 1), ("components", components, 1),
                                    ("scales", scales, 1), ("features", features, 0)):
            check_size(what, value, lowest)
        D, M, J, S, F = inputs, outputs, components, scales, features
        shapes = {"eta": (J, S), "alpha": (J, S), "beta": (J, F), "b": (F, D), "a": (J, M, D)}
        optional = {"L": ((J, M, M), M > 1), "u": ((J, M), means), "w": ((J, D), gates)}
        shapes |= {name: shape for name, (shape, there) in optional.items() if there}
        self.inputs, self.outputs = D, M
        self.dtype, self.threads = np.dtype(dtype), threads
        self.params = {name: np.zeros(shape, self.dtype) for name, shape in shapes.items()}
        # Which entries of L are parameters: the lower triangle without its first entry, which is alpha's.
        self.free = np.tril(np.ones((M, M), self.dtype))
        self.free[0, 0] = 0
        self.put(starting_values(shapes, np.zeros(D), np.zeros(M), np.eye(D), np.zeros((M, D)), np.eye(M), rng))
        self.to(device)

    def to(self, device):
        """Move the parameters to "cpu" or "gpu". Returns the density."""
        xp = device_module(device)
        self.params = {name: moved(value, xp) for name, value in self.params.items()}
        self.free = moved(self.free, xp)
        return self

    @property
    def xp(self):
        """The array module of the device that the parameters are on."""
        return array_module(self.free)

    def effective(self):
        """The parameters as the pair takes them: whatever is stored there, L_c[0, 0] is one."""
        if "L" not in self.params:
            return self.params
        one = self.xp.zeros_like(self.free)
        one[0, 0] = 1
        return self.params | {"L": self.params["L"] * self.free + one}

    def put(self, values):
        """Copy values {name: host array} into the live parameters."""
        for name, value in values.items():
            self.params[name][...] = self.xp.asarray(np.asarray(value, self.dtype))

    def initialise(self, x, y, rng=0):
        """Start from the data: experts around the linear prediction (`experts.py`), and a gate that tells inputs apart."""
        x, y = (to_numpy(v).astype(np.float64) for v in self.checked(x, y))
        check_finite("MCGSM", x=x, y=y)
        m_x, m_y, n = x.mean(axis=0), y.mean(axis=0), len(x)
        C_xx = (x - m_x).T @ (x - m_x) / n
        values, vectors = np.linalg.eigh(C_xx)
        if len(values) and values.max() <= 0:
            raise ValueError(f"MCGSM expects samples x that differ, to start from, got {n} equal to one another")
        floor = 1e-10 * max(values.max(initial=0), np.finfo(float).tiny)
        root = vectors / np.sqrt(np.maximum(values, floor)) @ vectors.T
        A = np.linalg.lstsq(x - m_x, y - m_y, rcond=None)[0].T
        left = y - m_y - (x - m_x) @ A.T
        if (left**2).sum() <= 1e-24 * max((y**2).sum(), np.finfo(float).tiny):
            raise ValueError(f"MCGSM expects outputs y that inputs do not tell exactly, to start from, got {n} that they do")
        L = np.linalg.cholesky(np.linalg.inv(left.T @ left / n + 1e-12 * np.eye(self.outputs)))
        shapes = {name: value.shape for name, value in self.params.items()}
        values = starting_values(shapes, m_x, m_y, root, A, L, rng)
        some = slice(None, None, -(-n // SAMPLES))
        with one_blas_thread():     # small products: two threads would wait for one another
            self.put(values | fitted_start(values, x[some], y[some], L))
        return self

    def log_p(self, x, y):
        """log p(y | x): x (n, D), y (n, M)  ->  (n,) float64, on the host"""
        x, y = self.checked(x, y)

        def piece(part):
            return to_numpy(mcgsm_forward(self.up(x[part]), self.up(y[part]), **self.effective())[0])
        parts = run_shards(piece, pieces(len(x), self.params["eta"]), self.threads)
        return np.concatenate([np.zeros(0), *parts], dtype=np.float64)

    def loss_and_grads(self, x, y):
        """Mean of -log p(y | x) in nats (a float), and its gradient by name; of the fixed entries of L it is zero"""
        x, y = self.checked(x, y)
        n = len(x)
        if n == 0:
            raise ValueError("MCGSM expects samples, got none: their mean loss is not defined")

        def piece(part):
            log_p, cache = mcgsm_forward(self.up(x[part]), self.up(y[part]), **self.effective())
            grads = mcgsm_backward(self.xp.full(len(log_p), -1 / n, self.dtype), cache)
            return log_p.sum(dtype=np.float64), {name: grads[name] for name in self.params}

        total, sums = 0.0, {name: self.xp.zeros_like(value) for name, value in self.params.items()}
        for log_p, grads in run_shards(piece, pieces(len(x), self.params["eta"]), self.threads):
            total = total + log_p
            for name, grad in grads.items():
                sums[name] += grad
        if "L" in sums:
            sums["L"] *= self.free
        return -float(to_numpy(total)) / n, sums

    def fit(self, x, y, validation=None, *, rng=0, **options):
        """Start from the data, then L-BFGS; options: those of `fitting.lbfgs`, whose history it returns."""
        self.initialise(x, y, rng)
        return lbfgs(self, x, y, validation, **options)

    def sample(self, x, rng):
        """One y for each x (n, D): (n, M) float64, on the host. rng: a Generator, or a seed"""
        check_matrix("MCGSM", "x", x, self.inputs)
        rng = np.random.default_rng(rng)
        uniforms, normals = rng.random(len(x)), rng.standard_normal((len(x), self.outputs))
        return to_numpy(mcgsm_sample(self.up(x), self.up(uniforms), self.up(normals), **self.effective())).astype(np.float64)

    def masses(self, x, edges):
        """The probability of each bin between rising edges (K + 1,) or (n, K + 1): (n, K). For one output."""
        if self.outputs != 1:
            raise ValueError(f"masses expects a density of one output, this one has {self.outputs}")
        check_matrix("MCGSM", "x", x, self.inputs)
        if np.shape(edges)[-1] < 2 or not (np.diff(edges) >= 0).all():
            raise ValueError(f"masses expects at least two edges in rising order, got {edges}")
        x, edges = self.up(x), self.up(np.broadcast_to(edges, (len(x), np.shape(edges)[-1])))
        return to_numpy(mcgsm_masses(x, self.xp.zeros((len(x), 0), self.dtype), edges, **self.effective())).astype(np.float64)

    def up(self, values):
        return self.xp.asarray(values, dtype=self.dtype)

    def checked(self, x, y):
        check_matrix("MCGSM", "x", x, self.inputs)
        check_matrix("MCGSM", "y", y, self.outputs)
        if len(x) != len(y):
            raise ValueError(f"MCGSM expects as many y as x, got {len(y)} and {len(x)}")
        return x, y

    def arrays(self):
        return {name: to_numpy(value) for name, value in self.params.items()}

    @classmethod
    def from_arrays(cls, arrays):
        (J, S), (F, D), M = arrays["eta"].shape, arrays["b"].shape, arrays["a"].shape[1]
        density = cls(D, M, J, S, F, means="u" in arrays, gates="w" in arrays, dtype=arrays["eta"].dtype)
        density.put(arrays)
        return density


def starting_values(shapes, m_x, m_y, root, A, L, rng):
    """Parameters around one Gaussian N(y; m_y + A (x - m_x), (L L^T)^-1), where root = C_xx^(-1/2): {name: array}

    Predictors A and a tenth of noise; scales spread around the precision; features that see whitened inputs.
    """
    rng = np.random.default_rng(rng)
    scale, D = L[0, 0], len(m_x)
    noise = np.linalg.inv(L).T @ rng.standard_normal(shapes["a"]) @ root
    values = {"eta": np.zeros(shapes["eta"]),
              "alpha": 2 * np.log(scale) + spread(shapes["alpha"][1]),
              "beta": 0.3 * rng.random(shapes["beta"]),
              # The gate's energy is multiplied by exp(alpha), which holds the scale of y: the features take it out.
              "b": rng.standard_normal(shapes["b"]) @ root / (np.sqrt(max(D, 1)) * scale),
              "a": A + noise / 10,
              "L": L / scale}
    values["u"] = m_y - values["a"] @ m_x
    values["w"] = np.zeros(shapes.get("w", 0))
    return {name: np.broadcast_to(values[name], shape) for name, shape in shapes.items()}


def fitted_start(values, x, y, L):
    """Of those values, the experts after expectation maximisation, and weights that suit their scales: {name: array}

    The gate multiplies its energy by a scale's precision. For the sharpest scale of each component an input in the middle
    of the data gets the energy GATE: sharp scales then begin where the features see little, as in an even patch. (The
    authors' code starts with weights of a hundredth, where the gate has nearly no gradient, and often ends lower.)
    """
    means = "u" in values
    A = np.concatenate([values["a"], values["u"][:, :, None]], axis=2) if means else values["a"]
    inputs = np.concatenate([x, np.ones((len(x), 1))], axis=1) if means else x
    eta, log_e, A = experts(inputs, y, A, L, values["alpha"].shape[1])
    found = {"eta": eta, "alpha": log_e + 2 * np.log(L[0, 0]), "a": A[:, :, :x.shape[1]]}
    if means:
        found["u"] = A[:, :, -1]
    q = np.median(gate_energy(x, values["b"] @ x.T, values["beta"], None), axis=1, keepdims=True)
    sharpest = np.exp(found["alpha"].max(axis=1, keepdims=True))
    found["beta"] = values["beta"] * np.sqrt(2 * GATE / (sharpest * np.where(q > 0, q, 1)))
    return found


def spread(S):
    """Log precisions of S scales to start from, evenly around zero"""
    return np.linspace(-3, 3, S + 2)[1:-1]
