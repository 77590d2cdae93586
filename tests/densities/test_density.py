"""The density with its parameters: starts, fits, samples, threads, devices, doors."""

import numpy as np
import pytest
from cupy_standin import forbid_copies, standin
from scipy.stats import kstest

from minipixel import build, data, gradcheck
from minipixel.densities import MCGSM, Whitened, mcgsm
from minipixel.ops import mcgsm as op


def drawn(seed=0, **sizes):
    """A density whose parameters are far from a start."""
    density = MCGSM(**{"inputs": 3, "components": 3, "scales": 2, "features": 4, **sizes}, means=True, gates=True)
    rng = np.random.default_rng(seed)
    density.put({name: value + rng.normal(size=value.shape) / 2 * (density.free if name == "L" else 1)
                 for name, value in density.params.items()})
    return density


def samples(n, D=3, M=1, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, D)), rng.normal(size=(n, M))


@pytest.mark.parametrize("outputs", [1, 3])
def test_loss_and_gradients(outputs):
    """The projection check of models, with log_p in the place of nll; the fixed entries of L are not moved."""
    density, (x, y) = drawn(outputs=outputs), samples(7, M=outputs)

    def forward(**params):
        density.put(params)
        return -density.log_p(x, y).mean(), None

    def backward(cache):
        return density.loss_and_grads(x, y)[1]

    params = {name: value.copy() for name, value in density.params.items()}
    loss, grads = density.loss_and_grads(x, y)
    assert loss == pytest.approx(-density.log_p(x, y).mean(), rel=1e-14)
    if outputs > 1:
        assert not grads["L"][:, 0, 0].any() and not np.triu(grads["L"], 1).any() and grads["L"][:, 1:, 0].all()
        del params["L"]
    result = gradcheck.check(forward, lambda cache: {name: backward(cache)[name] for name in params}, params)
    assert result, str(result)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_do_not_depend_on_the_number_of_threads(monkeypatch, threads):
    monkeypatch.setattr(op, "PIECE", 6 * 100)
    (x, y), one, several = samples(1050), drawn(), drawn()
    one.threads, several.threads = 1, threads
    np.testing.assert_array_equal(one.log_p(x, y), several.log_p(x, y))
    for name, grad in one.loss_and_grads(x, y)[1].items():
        np.testing.assert_array_equal(grad, several.loss_and_grads(x, y)[1][name])


def test_pieces_add_up(monkeypatch):
    (x, y), density = samples(1050), drawn()
    whole, grads = density.loss_and_grads(x, y)
    monkeypatch.setattr(op, "PIECE", 6 * 100)
    loss, parts = density.loss_and_grads(x, y)
    assert loss == pytest.approx(whole, rel=1e-13)
    for name in grads:
        np.testing.assert_allclose(parts[name], grads[name], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_start_from_data_stands_around_the_gaussian_of_the_data(outputs, monkeypatch):
    """Its predictors and precisions, in the units of what the Gaussian leaves; one scale of no component is that of all.

    Before its experts are fitted.
    """
    monkeypatch.setattr(mcgsm, "fitted_start", lambda *_: {})
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4000, 3)) @ rng.normal(size=(3, 3)) * 20 + 5
    y = x @ rng.normal(size=(3, outputs)) + rng.normal(size=(4000, outputs)) @ rng.normal(size=(outputs, outputs)) * 3 + 7
    density = MCGSM(3, outputs, components=200, scales=3, means=True).initialise(x, y)
    A = np.linalg.lstsq(np.c_[x, np.ones(4000)], y, rcond=None)[0]
    left = y - np.c_[x, np.ones(4000)] @ A
    precision = np.linalg.inv(left.T @ left / 4000)
    predicted = x @ density.params["a"].transpose(0, 2, 1) + density.params["u"][:, None]
    away = np.linalg.cholesky(precision).T @ (predicted - np.c_[x, np.ones(4000)] @ A).transpose(0, 2, 1)
    assert (away**2).mean() == pytest.approx(0.01 * 3, rel=0.15)    # a tenth of noise from each of three inputs
    L = density.params.get("L", np.ones((200, 1, 1)))
    e = np.exp(density.params["alpha"])[:, :, None, None]
    np.testing.assert_allclose(e * (L @ L.transpose(0, 2, 1))[:, None],
                               np.broadcast_to(np.exp([-1.5, 0, 1.5])[:, None, None] * precision, (200, 3, outputs, outputs)),
                               rtol=1e-6)
    # The gate tells inputs apart: on the finest scale its energies differ by about one from input to input.
    q = (density.params["beta"]**2) @ (density.params["b"] @ (x - x.mean(axis=0)).T)**2
    assert 0.5 < np.median((0.5 * e[:, 2, 0] * q).std(axis=1)) < 2


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_start_from_gaussian_data_stands_around_that_gaussian(outputs):
    """Mean prediction and precision of its experts; and a gate that tells inputs apart on each component's sharpest scale."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4000, 3)) @ rng.normal(size=(3, 3)) * 20 + 5
    y = x @ rng.normal(size=(3, outputs)) + rng.normal(size=(4000, outputs)) @ rng.normal(size=(outputs, outputs)) * 3 + 7
    density = MCGSM(3, outputs, components=4, scales=3, means=True).initialise(x, y)
    ones = np.c_[x, np.ones(4000)]
    left = y - ones @ np.linalg.lstsq(ones, y, rcond=None)[0]
    pi, e = np.exp(density.params["eta"]), np.exp(density.params["alpha"])
    assert pi.sum() == pytest.approx(1)
    predicted = x @ density.params["a"].transpose(0, 2, 1) + density.params["u"][:, None]
    mean = (pi.sum(axis=1)[:, None, None] * predicted).sum(axis=0)
    np.testing.assert_allclose(mean, y - left, atol=0.3 * left.std())
    L = density.params.get("L", np.ones((4, 1, 1)))
    shape = np.linalg.inv(L[0] @ L[0].T)
    apart = predicted - mean    # of experts: what they leave and this are all that the Gaussian leaves
    between = np.einsum("c,cnm,cnk->mk", pi.sum(axis=1), apart, apart) / 4000
    np.testing.assert_allclose((pi / e).sum() * shape + between, left.T @ left / 4000, rtol=0.1)
    q = (density.params["beta"]**2) @ (density.params["b"] @ x.T)**2
    np.testing.assert_allclose(0.5 * e.max(axis=1) * np.median(q, axis=1), 10)


def test_a_start_is_the_same_on_every_scale():
    x, y = samples(500)
    y = y + x[:, :1]
    one, other = MCGSM(3).initialise(x, y), MCGSM(3).initialise(1000 * x, 50 * y)
    np.testing.assert_allclose(other.log_p(1000 * x, 50 * y) + np.log(50), one.log_p(x, y), rtol=1e-6)


def truth():
    """Two components, told apart by the size of one input, each with two scales."""
    density = MCGSM(2, 1, 2, 2, 2)
    density.put({"eta": [[0, 0], [1.5, 1.5]], "alpha": [[0, 3], [0.5, 2.5]], "beta": [[0.1, 0.1], [1.5, 0.1]],
                 "b": [[1, 0], [0, 1]], "a": [[[0.9, -0.4]], [[-0.8, 0.3]]]})
    return density


def test_a_small_known_density_is_recovered():
    known, rng = truth(), np.random.default_rng(3)
    x = rng.normal(size=(12_000, 2))
    y = known.sample(x, rng)
    found = MCGSM(2, 1, 2, 2, 2)
    history = found.fit(x[:8000], y[:8000], (x[8000:10_000], y[8000:10_000]), rng=2, iterations=300)
    test = x[10_000:], y[10_000:]
    best, reached = known.log_p(*test).mean(), found.log_p(*test).mean()
    gaussian = MCGSM(2, 1, 1, 1, 0)
    gaussian.fit(x[:8000], y[:8000], iterations=50)
    assert abs(best - reached) < 0.02, f"true {best}, found {reached}, {history[-1]}"
    assert gaussian.log_p(*test).mean() < best - 0.2
    order = np.argsort(-found.params["a"][:, 0, 0])
    np.testing.assert_allclose(found.params["a"][order], known.params["a"], atol=0.1)


def test_samples_follow_the_density():
    density, (x, _) = truth(), samples(4000, 2)
    y = density.sample(x, 4)
    below = density.masses(x, np.concatenate([np.full_like(y, -np.inf), y], axis=1))[:, 0]
    assert kstest(below, "uniform").pvalue > 0.01
    np.testing.assert_array_equal(density.sample(x, 4), y)


@pytest.mark.parametrize("outputs", [1, 2])
def test_on_a_device(outputs):
    x, y = samples(20, M=outputs)
    edges = np.array([-np.inf, -1, 0, 1, np.inf])

    def results(density):
        loss, grads = density.loss_and_grads(x, y)
        found = {"log p": density.log_p(x, y), "sample": density.sample(x, 5), "loss": loss, **grads}
        return found | ({"masses": density.masses(x, edges)} if outputs == 1 else {})

    expected = results(drawn(outputs=outputs))
    with standin() as cupy, forbid_copies(but_door=True):
        device = drawn(outputs=outputs).to("gpu")
        assert isinstance(device.params["eta"], cupy.ndarray)
        for name, value in results(device).items():
            np.testing.assert_allclose(cupy.asnumpy(value), expected[name], rtol=1e-11, atol=1e-13)


def test_float32():
    x, y = samples(50)
    narrow, wide = MCGSM(3, dtype="float32"), MCGSM(3)
    assert {value.dtype for value in narrow.params.values()} == {np.dtype(np.float32)}
    assert narrow.log_p(x, y).dtype == np.float64
    np.testing.assert_allclose(narrow.log_p(x, y), wide.log_p(x, y), rtol=1e-4)


@pytest.mark.parametrize(("sizes", "words"), [
    ({"inputs": -1}, "inputs expects a whole number of at least 0, got -1"),
    ({"inputs": 3, "components": 0}, "components expects a whole number of at least 1, got 0"),
    ({"inputs": 3, "scales": 2.5}, "scales expects a whole number of at least 1, got 2.5"),
    ({"inputs": 3, "outputs": True}, "outputs expects")])
def test_a_wrong_size_is_refused(sizes, words):
    with pytest.raises(ValueError, match=words):
        MCGSM(**sizes)


@pytest.mark.parametrize(("x", "y", "words"), [
    (np.zeros((5, 4)), np.zeros((5, 1)), r"x of shape \(n, 3\), got \(5, 4\)"),
    (np.zeros((5, 3)), np.zeros(5), r"y of shape \(n, 1\), got \(5,\)"),
    (np.zeros((5, 3), int), np.zeros((5, 1)), "x of floats, got int64"),
    (np.zeros((5, 3)), np.zeros((4, 1)), "as many y as x, got 4 and 5")])
def test_wrong_samples_are_refused(x, y, words):
    for call in (MCGSM(3).log_p, MCGSM(3).loss_and_grads, MCGSM(3).fit):
        with pytest.raises(ValueError, match=words):
            call(x, y)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(wrong):
    x, y = samples(9)
    x[3, 1] = wrong
    for density in (MCGSM(3), Whitened(MCGSM(3))):
        with pytest.raises(ValueError, match="expects samples x of finite numbers, got NaN or inf"):
            density.fit(x, y)
        with pytest.raises(ValueError, match="expects samples x of finite numbers, got none"):
            density.fit(x[:0], y[:0])


@pytest.mark.parametrize("n, told", [(50, lambda x: 0 * x[:, :1]), (50, lambda x: 3 * x[:, :1] - x[:, 1:]), (2, np.abs)])
def test_outputs_that_inputs_tell_are_no_start(n, told):
    x = np.random.default_rng(0).standard_normal((n, 2))
    with pytest.raises(ValueError, match=f"expects outputs y that inputs do not tell exactly, .* got {n} that they do"):
        MCGSM(2).fit(x, told(x)[:, :1])


def test_bins_of_several_outputs_are_refused():
    with pytest.raises(ValueError, match="one output, this one has 2"):
        MCGSM(3, 2).masses(np.zeros((1, 3)), [0.0, 1.0])


@pytest.mark.parametrize("n", [1, 5])
def test_samples_that_are_all_the_same_are_no_start(n):
    x, y = np.ones((n, 3)), np.arange(n, dtype=float)[:, None]
    with pytest.raises(ValueError, match=f"expects samples x that differ, to start from, got {n} equal to one another"):
        MCGSM(3).fit(x, y)


def test_doors_of_loss_samples_and_masses():
    density, (x, y) = MCGSM(3), samples(4)
    with pytest.raises(ValueError, match="expects samples, got none: their mean loss is not defined"):
        density.loss_and_grads(x[:0], y[:0])
    for call in (lambda: density.sample(x[:, :2], 0), lambda: density.masses(x[:, :2], np.arange(4.0))):
        with pytest.raises(ValueError, match=r"x of shape \(n, 3\), got \(4, 2\)"):
            call()
    for edges in ([1.0, 0.0], [0.0]):
        with pytest.raises(ValueError, match="at least two edges in rising order"):
            density.masses(x, np.array(edges))
    assert density.sample(x[:0], 0).shape == (0, 1)


def test_most_starts_on_dead_leaves_come_past_the_plateaus():
    """Eight starts; after a third of the steps half of them are 0.3 nats higher."""
    leaves = data.load("dead-leaves").train[:60]
    model = build("mcgsm", height=64, width=64, levels=256, size=5, rng=0)
    model.initialise(leaves, samples=6000, frame=4)
    x, y = model.pixels(leaves, 6000, 0, 4)
    starts = [MCGSM(12, 1, 8, 4, 0).initialise(x, y, seed) for seed in range(8)]
    assert np.median([density.log_p(x, y).mean() for density in starts]) > 1.6
