"""Conditional whitening: invertible, white, and without effect on a likelihood."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from minipixel.densities import MCGSM, ConditionalWhitening, Whitened


def data(n=2000, D=4, M=2, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, D)) @ rng.normal(size=(D, D)) * 10 + 3
    return x, x @ rng.normal(size=(D, M)) + rng.normal(size=(n, M)) @ rng.normal(size=(M, M)) - 5


def test_what_comes_out_is_white():
    x, y = ConditionalWhitening.of(*data()).forward(*data())
    both = np.c_[x, y]
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-11)
    np.testing.assert_allclose(both.T @ both / len(both), np.eye(6), atol=1e-8)


def test_the_way_back():
    x, y = data()
    whitening = ConditionalWhitening.of(*data(seed=1))
    there = whitening.forward(x, y)
    back = whitening.inverse(*there)
    np.testing.assert_allclose(back[0], x, rtol=1e-9)
    np.testing.assert_allclose(back[1], y, rtol=1e-9)


def test_the_log_determinant_is_that_of_the_jacobian():
    x, y = data(50)
    whitening = ConditionalWhitening.of(x, y)
    columns = [(whitening.forward(x, y + 1e-3 * step)[1] - whitening.forward(x, y)[1])[0] / 1e-3 for step in np.eye(2)]
    assert whitening.log_det == pytest.approx(np.log(abs(np.linalg.det(columns))), rel=1e-8)


def test_a_standard_normal_of_whitened_values_is_the_gaussian_of_the_values():
    x, y = data()
    white = MCGSM(4, 2, 1, 1, 0)
    white.put({"alpha": [[0]], "a": np.zeros((1, 2, 4)), "L": np.eye(2)[None]})
    whitened = Whitened(white)
    whitened.whitening = ConditionalWhitening.of(x, y)
    C, both = np.cov(np.c_[x, y].T, bias=True), np.c_[x, y]
    mean = both.mean(axis=0)
    expected = (multivariate_normal.logpdf(both, mean, C) - multivariate_normal.logpdf(x, mean[:4], C[:4, :4]))
    np.testing.assert_allclose(whitened.log_p(x, y), expected, rtol=1e-8)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_whitened_density_is_the_same_density_with_other_parameters(outputs):
    """x^ = P x and y^ = W (y - m_y - B x^) put into the equations by hand, for inputs around zero."""
    x, y = data(200, M=outputs)
    x = x - x.mean(axis=0)
    whitened = Whitened(MCGSM(4, outputs, 3, 2, 5, means=True, gates=True))
    rng, density = np.random.default_rng(1), whitened.density
    density.put({name: value + rng.normal(size=value.shape) / 3 * (density.free if name == "L" else 1)
                 for name, value in density.params.items()})
    whitened.whitening = ConditionalWhitening.of(x, y)
    P, B, W, m_y = (getattr(whitened.whitening, name) for name in ("P", "B", "W", "m_y"))
    back, inner = np.linalg.inv(W), density.params
    L = inner.get("L", np.ones((3, 1, 1)))
    root = np.linalg.cholesky(W.T @ L @ L.transpose(0, 2, 1) @ W)
    first = root[:, 0, 0][:, None]
    outer = {"eta": inner["eta"], "alpha": inner["alpha"] + 2 * np.log(first), "beta": inner["beta"] / first,
             "b": inner["b"] @ P, "a": (B + back @ inner["a"]) @ P, "L": root / first[:, :, None],
             "u": m_y + inner["u"] @ back.T, "w": inner["w"] @ P / first**2}
    plain = MCGSM(4, outputs, 3, 2, 5, means=True, gates=True)
    plain.put({name: outer[name] for name in plain.params})
    np.testing.assert_allclose(plain.log_p(x, y), whitened.log_p(x, y), rtol=1e-9)


def test_fit_sample_and_bins():
    x, y = data(3000, M=1)
    whitened = Whitened(MCGSM(4, 1, 2, 2, 3))
    whitened.fit(x[:2000], y[:2000], (x[2000:], y[2000:]), iterations=20)
    drawn = whitened.sample(x, 2)
    assert abs(drawn.mean() - y.mean()) < 0.03 * y.std() and abs(drawn.std() / y.std() - 1) < 0.05
    edges = np.array([-np.inf, -8.0, -4.0, 0.0, np.inf])
    masses = whitened.masses(x, edges)
    np.testing.assert_allclose(masses.sum(axis=1), 1, rtol=1e-12)
    found = [((drawn >= low) & (drawn < high)).mean() for low, high in zip(edges, edges[1:])]
    np.testing.assert_allclose(masses.mean(axis=0), found, atol=0.02)


def test_values_that_do_not_vary_are_refused():
    x, y = data(100)
    x[:, 2] = 7
    with pytest.raises(ValueError, match="x to vary in all 4 directions"):
        ConditionalWhitening.of(x, y)
    x, y = data(100)
    with pytest.raises(ValueError, match="y, given x, to vary in all 2 directions"):
        ConditionalWhitening.of(x, x[:, :2] * 2)


def test_inputs_of_another_shape_are_refused():
    """They would be stretched to the shape that is due."""
    rng = np.random.default_rng(0)
    one = Whitened(MCGSM(3, 1, components=2, scales=2, features=2))
    for call in (lambda x: one.sample(x, 0), lambda x: one.masses(x, np.array([-1.0, 0, 1]))):
        for wrong in (rng.standard_normal((2, 1)), rng.standard_normal((2, 2)), np.ones((2, 3), int)):
            with pytest.raises(ValueError, match="Whitened expects x of"):
                call(wrong)
