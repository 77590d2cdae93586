"""The MCGSM as a density: its integral, its bins, its samples, a Gaussian field. Its gradient and equation: test_laws.py."""

import numpy as np
import oracle
import pytest
from scipy.stats import kstest, multivariate_normal, norm

from minipixel import gradcheck
from minipixel.ops import mcgsm
from minipixel.ops.mcgsm import mcgsm_backward, mcgsm_forward, mcgsm_masses, mcgsm_responsibilities, mcgsm_sample, pieces


def draw(D=3, M=1, J=3, S=2, F=4, seed=0, everything=True):
    """Parameters by name."""
    rng = np.random.default_rng(seed)
    params = {"eta": rng.normal(size=(J, S)), "alpha": rng.normal(size=(J, S)) / 2, "beta": rng.normal(size=(J, F)),
              "b": rng.normal(size=(F, D)) / 2, "a": rng.normal(size=(J, M, D))}
    optional = {"L": np.eye(M) + rng.normal(size=(J, M, M)) / 4, "u": rng.normal(size=(J, M)), "w": rng.normal(size=(J, D))}
    return params | optional if everything else params


def NOTHING(x):
    """No earlier outputs."""
    return np.zeros((len(x), 0))


def inputs(n, D=3, seed=1):
    return np.random.default_rng(seed).normal(size=(n, D))


@pytest.mark.parametrize("everything", [True, False])
def test_one_output_integrates_to_one(everything):
    grid = np.linspace(-60, 60, 12_001)[:, None]
    for x in inputs(4):
        log_p, _ = mcgsm_forward(np.tile(x, (len(grid), 1)), grid, **draw(everything=everything))
        assert abs(np.exp(log_p).sum() * 0.01 - 1) < 1e-10


@pytest.mark.parametrize("everything", [True, False])
def test_two_outputs_integrate_to_one(everything):
    line = np.arange(-25, 25, 0.1)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    params = draw(M=2, everything=everything)
    for x in inputs(2) / 2:
        log_p, _ = mcgsm_forward(np.tile(x, (len(grid), 1)), grid, **params)
        assert abs(np.exp(log_p).sum() * 0.01 - 1) < 1e-8


def test_bins_are_integrals_of_the_density():
    params, x, edges = draw(), inputs(3), np.arange(-4, 6)
    masses = mcgsm_masses(x, NOTHING(x), np.tile(edges, (3, 1)), **params)
    for n in range(3):
        for k in range(len(edges) - 1):
            nodes, weights = np.polynomial.legendre.leggauss(40)
            y = (edges[k] + 0.5 + 0.5 * nodes)[:, None]
            log_p, _ = mcgsm_forward(np.tile(x[n], (40, 1)), y, **params)
            assert abs(masses[n, k] - 0.5 * weights @ np.exp(log_p)) < 1e-10


@pytest.mark.parametrize("everything", [True, False])
def test_bins_with_open_ends_sum_to_one(everything):
    edges = np.tile(np.concatenate([[-np.inf], np.arange(1, 256), [np.inf]]), (5, 1))
    masses = mcgsm_masses(inputs(5) * 50, NOTHING(edges), edges, **draw(everything=everything))
    assert masses.shape == (5, 256) and (masses >= 0).all()
    np.testing.assert_allclose(masses.sum(axis=1), 1, rtol=1e-13)


@pytest.mark.parametrize("everything", [True, False])
def test_bins_of_later_outputs_are_integrals_of_the_conditional_density(everything):
    """p(y_2 | y_1, x) and p(y_1 | x) by quadrature of the joint density, which knows no chain."""
    params, x = draw(M=2, everything=everything), inputs(2) / 2
    nodes, weights = np.polynomial.legendre.leggauss(16)
    line = (np.arange(-20, 20)[:, None] + 0.5 + 0.5 * nodes).reshape(-1)
    edges = np.array([-np.inf, -1.0, 0.0, 1.0, np.inf])

    def p(x_n, first, second):
        y = np.stack(np.broadcast_arrays(first, second), axis=-1).reshape(-1, 2)
        return np.exp(mcgsm_forward(np.tile(x_n, (len(y), 1)), y, **params)[0]).reshape(-1, len(line))

    def integrals(p):
        each = (p @ np.diag(np.tile(0.5 * weights, 40))).sum(axis=0).reshape(40, 16).sum(axis=1)
        return np.array([each[:19].sum(), each[19], each[20], each[21:].sum()]) / each.sum()

    for n in range(2):
        later = mcgsm_masses(x[[n]], np.array([[0.7]]), edges[None], **params)[0]
        np.testing.assert_allclose(later, integrals(p(x[n], 0.7, line)), atol=1e-10)
        first = mcgsm_masses(x[[n]], np.zeros((1, 0)), edges[None], **params)[0]
        joint = np.tile(0.5 * weights, 40)[:, None] * p(x[n], line, line[:, None])
        np.testing.assert_allclose(first, integrals(joint), atol=1e-10)


def test_samples_of_one_output_follow_the_density():
    """P(Y < y | x) of a sample is uniform, whatever x is."""
    params, x, rng = draw(), inputs(5000), np.random.default_rng(2)
    y = mcgsm_sample(x, rng.random(5000), rng.normal(size=(5000, 1)), **params)
    below = mcgsm_masses(x, NOTHING(x), np.concatenate([np.full_like(y, -np.inf), y], axis=1), **params)[:, 0]
    assert kstest(below, "uniform").pvalue > 0.01


def test_samples_of_three_outputs_follow_the_density():
    """A projection v . y is a mixture of normals, with variance v^T (e L L^T)^-1 v: known without our density."""
    params, x, rng, n = draw(M=3), inputs(1)[0], np.random.default_rng(3), 5000
    y = mcgsm_sample(np.tile(x, (n, 1)), rng.random(n), rng.normal(size=(n, 3)), **params)
    e, root, q = np.exp(params["alpha"]), np.tril(params["L"]), (params["beta"]**2) @ (params["b"] @ x)**2
    gate = np.exp(params["eta"] - 0.5 * e * q[:, None] + e * (params["w"] @ x)[:, None])
    gate /= gate.sum()
    for v in np.eye(3).tolist() + [[1, -1, 2]]:
        mean = (params["a"] @ x + params["u"]) @ v
        spread = np.sqrt([[np.array(v) @ np.linalg.inv(scale * R @ R.T) @ v for scale in row] for row, R in zip(e, root)])

        def cdf(t, mean=mean, spread=spread):
            return (gate * norm.cdf((np.asarray(t)[..., None, None] - mean[:, None]) / spread)).sum(axis=(-1, -2))

        assert kstest(y @ v, cdf).pvalue > 0.01


def test_a_uniform_of_almost_one_draws_the_last_pair():
    params, x = draw(J=1, S=2), inputs(4)
    y = mcgsm_sample(x, np.full(4, np.nextafter(1, 0)), np.zeros((4, 1)), **params)
    np.testing.assert_allclose(y, x @ params["a"][0].T + params["u"], rtol=1e-12)


def test_far_values_lose_no_digits():
    """At a distance of a thousand deviations every density is zero in float64, its logarithm is not."""
    for dtype in (np.float32, np.float64):
        params = {name: value.astype(dtype) for name, value in draw().items()}
        x, y = inputs(4).astype(dtype) * 100, np.full((4, 1), 3000, dtype)
        log_p, cache = mcgsm_forward(x, y, **params)
        assert np.isfinite(log_p).all() and (log_p < -1000).all()
        assert all(np.isfinite(grad).all() for grad in mcgsm_backward(np.ones(4, dtype), cache).values())


def test_without_inputs_it_is_a_mixture_of_gaussian_scale_mixtures():
    params, y = draw(D=0, M=2), inputs(6, 2)
    log_p, _ = mcgsm_forward(np.zeros((6, 0)), y, **params)
    prior, p = np.exp(params["eta"]) / np.exp(params["eta"]).sum(), 0
    for c, s in np.ndindex(prior.shape):
        root = np.tril(params["L"][c])
        p = p + prior[c, s] * multivariate_normal.pdf(y, params["u"][c],
                                                      np.linalg.inv(np.exp(params["alpha"][c, s]) * root @ root.T))
    np.testing.assert_allclose(log_p, np.log(p), rtol=1e-12)


def test_what_is_stored_above_the_diagonal_has_no_effect():
    params, x, y = draw(M=3), inputs(4), inputs(4, 3)
    expected, _ = mcgsm_forward(x, y, **params)
    params["L"] += np.triu(np.full((3, 3), 1e3), 1)
    log_p, cache = mcgsm_forward(x, y, **params)
    np.testing.assert_array_equal(log_p, expected)
    assert not np.triu(mcgsm_backward(np.ones(4), cache)["L"], 1).any()


def test_responsibilities_are_posteriors():
    """p(c, s | x, y) = p(c, s | x) p(y | c, s, x) / p(y | x): of each pair alone, with its prior from the whole mixture."""
    params, x, y = draw(everything=False), inputs(7), inputs(7, 1)
    r, (log_p, _) = mcgsm_responsibilities(x, y, **params), mcgsm_forward(x, y, **params)
    assert r.shape == (3, 2, 7)
    q = (params["beta"]**2) @ (params["b"] @ x.T)**2
    e = np.exp(params["alpha"])
    log_prior = params["eta"][:, :, None] - 0.5 * e[:, :, None] * q[:, None]
    log_prior -= np.log(np.exp(log_prior).sum(axis=(0, 1)))
    for c, s in np.ndindex(3, 2):
        own = norm.logpdf(y[:, 0], x @ params["a"][c, 0], e[c, s] ** -0.5)
        np.testing.assert_allclose(r[c, s], np.exp(log_prior[c, s] + own - log_p), rtol=1e-10)


def test_pieces_cover_all_samples_once():
    eta = np.zeros((4, 4))
    n = mcgsm.PIECE // 16 * 2 + 5
    found = pieces(n, eta)
    assert len(found) == 3 and np.array_equal(np.concatenate([np.arange(n)[part] for part in found]), np.arange(n))
    assert pieces(0, eta) == []


def test_the_conditionals_of_a_gaussian_field_give_its_likelihood():
    """16 pixels with exponential correlations: each conditional has predictors C_yx C_xx^-1 and its own variance."""
    places = np.array([(i, j) for i in range(4) for j in range(4)])
    C = 2.5 * np.exp(-np.linalg.norm(places[:, None] - places, axis=2) / 2)
    v, log_p = np.random.default_rng(4).multivariate_normal(np.zeros(16), C, 10), 0
    for i in range(16):
        predictors = np.linalg.solve(C[:i, :i], C[:i, i])
        params = draw(D=i, J=2, S=1, everything=False)
        params["a"][...] = predictors
        params["alpha"][...] = -np.log(C[i, i] - C[:i, i] @ predictors)
        log_p = log_p + mcgsm_forward(v[:, :i], v[:, i:i + 1], **params)[0]
    np.testing.assert_allclose(log_p, multivariate_normal.logpdf(v, np.zeros(16), C), atol=1e-10)


# ---- the instruments see mistakes


def small(M=2):
    return {"x": inputs(3, 4), "y": inputs(3, M, 5), **draw(D=4, M=M, J=2, S=3, F=5)}


def wrong(change):
    """mcgsm_backward with some gradients changed afterwards."""
    def backward(dlog_p, cache):
        grads = mcgsm_backward(dlog_p, cache)
        return grads | change(grads, dlog_p, cache)
    return backward


PLANTED = {
    "the posterior alone moves the prior": lambda g, d, c: {"eta": np.tensordot(c[8] / c[9], d, 1)},
    "upstream gradient forgotten": lambda g, d, c: {"eta": mcgsm_backward(np.ones_like(d), c)["eta"]},
    "y goes the other way": lambda g, d, c: {"y": -g["y"]},
    "x not through the features": lambda g, d, c: {"x": mcgsm_backward(d, (*c[:12], 0 * c[12], *c[13:]))["x"]},
    "determinant of L forgotten": lambda g, d, c: {"L": g["L"] - np.eye(2) * g["L"]},
    "weights not squared": lambda g, d, c: {"beta": g["beta"] / (2 * c[11])},
    "the gate's linear term without its scale": lambda g, d, c: {"w": g["w"] / 2},
    "u of the wrong sign": lambda g, d, c: {"u": -g["u"]},
    "gate forgotten in alpha": lambda g, d, c: {"alpha": g["eta"]},
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_caught(name):
    assert gradcheck.check(mcgsm_forward, mcgsm_backward, small())
    result = gradcheck.check(mcgsm_forward, wrong(PLANTED[name]), small())
    assert not result and sum(error > 1e-3 for error in result.errors.values()) == 1


def test_the_transpose_of_the_precision_factor_matters():
    """With L_c r where L_c^T r is due it would still integrate to one: only the equation by loops tells."""
    given = small()
    transposed = given | {"L": np.tril(given["L"]).transpose(0, 2, 1)}
    found = mcgsm_forward(**given)[0]
    np.testing.assert_allclose(found, oracle.mcgsm(**given), rtol=1e-12)
    assert np.abs(found - oracle.mcgsm(**transposed)).max() > 0.01
