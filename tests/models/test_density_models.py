"""Densities as models: noise, units, likelihoods, what comes from data. Laws of theirs: tests/test_laws.py."""

import itertools
import math

import numpy as np
import oracle
import pytest
from cupy_standin import forbid_copies, standin
from density_subjects import MODELS, stirred
from scipy.integrate import quad

from minipixel import audit, build, sample
from minipixel.backend import to_numpy
from minipixel.densities.neighbourhood import causal, gather
from minipixel.models.density import ORIENTATIONS, turned

SMALL = {"components": 2, "scales": 2, "features": 2}


def smooth(n, colours=1, size=16, seed=0):
    """Images of integers whose neighbours are alike."""
    walks = np.random.default_rng(seed).normal(size=(n, size, size, colours)).cumsum(axis=1).cumsum(axis=2)
    return np.clip(128 + 6 * walks, 0, 255).astype(np.uint8)


def small(colours=1, levels=256, size=3, **sizes):
    return build("mcgsm", height=16, width=16, colours=colours, levels=levels, size=size, dtype="float64", **SMALL | sizes)


def fitted(colours=1, images=None, iterations=40):
    model = small(colours)
    images = smooth(10, colours) if images is None else images
    model.initialise(images, samples=2000)
    model.refit(*model.pixels(images, 2000, 0), model.pixels(images, 2000, 1), iterations=iterations)
    return model


def test_noise_depends_on_seed_and_image_alone():
    model, x = small(), smooth(3)
    noise = model.noise(x)
    assert noise.shape == x.shape and 0 <= noise.min() and noise.max() < 1
    np.testing.assert_array_equal(model.noise(x[[2, 0]].astype(np.int64)), noise[[2, 0]])
    assert (model.noise(x, 1) != noise).mean() > 0.99 and (noise[0] != noise[1]).mean() > 0.99
    assert (model.noise(x, [0, 1]) != model.noise(x, [1, 0])).mean() > 0.99


def test_levels_and_noise_fill_their_bins():
    """Level k and noise from 0 to 1 lie between the edges k and k + 1; at 1/2, the network reads what `predict` reads."""
    model, x = small(levels=16), np.arange(16).reshape(1, 4, 4, 1)
    edges = model.edges()
    np.testing.assert_allclose(model.real(x, np.zeros(x.shape)).ravel()[1:], edges[1:-1], atol=1e-15)
    np.testing.assert_allclose(model.real(x, np.ones(x.shape)).ravel()[:-1], edges[1:-1], atol=1e-15)
    np.testing.assert_array_equal(model.real(x, np.full(x.shape, 0.5)), model.scale(x))


def test_bins_are_integrals_of_the_density():
    """One pixel, and an inner bin: p(level = 1) is the integral of the density from 1 to 2."""
    model, x = MODELS["mcgsm"].model(), np.ones((1, 1, 1, 1), int)
    found, _ = quad(lambda u: np.exp(-model.nll(x, np.full(x.shape, u)))[0], 0, 1, epsabs=1e-12)
    assert np.exp(model.predict(x))[0, 0, 0, 0, 1] == pytest.approx(found, abs=1e-10)


@pytest.mark.parametrize("name", ["mcgsm", "mcgsm-rgb", "ride"])
def test_nats_of_levels_are_what_is_predicted_of_them(name):
    subject = MODELS[name]
    model, x = subject.model(), subject.images(5)
    np.testing.assert_allclose(model.level_nll(x), oracle.nats(model.predict(x), x), rtol=1e-12)
    assert model.level_nll(x).dtype == np.float64


def test_nats_of_the_last_of_256_levels():
    model, x = fitted(), np.full((1, 4, 4, 1), 255, np.uint8)
    np.testing.assert_allclose(model.level_nll(x), oracle.nats(model.predict(x), x), rtol=1e-12)
    turned_around = [model.level_nll(turned(smooth(2), *how)) for how in ORIENTATIONS]
    expected = -np.log(np.mean(np.exp(turned_around[0] - turned_around), axis=0)) + turned_around[0]
    np.testing.assert_allclose(model.level_nll(smooth(2), ensemble=True), expected, rtol=1e-12)


@pytest.mark.parametrize("shape, levels", [((2, 2, 1), 3), ((2, 1, 3), 2)])
def test_the_levels_of_all_images_sum_to_one(shape, levels):
    model = build("mcgsm", height=shape[0], width=shape[1], colours=shape[2], levels=levels, size=3, dtype="float64", **SMALL)
    stirred(model.saved, np.random.default_rng(0))
    images = np.array(list(itertools.product(range(levels), repeat=math.prod(shape)))).reshape(-1, *shape)
    assert abs(np.exp(-model.level_nll(images)).sum() - 1) < 1e-10


def test_one_pixel_integrates_to_one():
    """Far beyond the levels as well: noise is any number here."""
    model = MODELS["mcgsm"].model()
    u = np.arange(-60, 60, 0.005)
    x = np.zeros((len(u), 1, 1, 1), int)
    assert abs(np.exp(-model.nll(x, u.reshape(-1, 1, 1, 1))).sum() * 0.005 - 1) < 1e-9


@pytest.mark.parametrize("colours", [1, 3])
def test_nats_are_those_of_the_mixture_on_the_scale_of_the_levels(colours):
    """Neighbourhoods by hand, the mixture asked for y^ directly, and the change of variables done by hand."""
    model, x = small(colours), smooth(2, colours, size=6)
    stirred(model.saved, np.random.default_rng(3))
    noise = np.random.default_rng(4).random(x.shape)
    v = 2 * (x + noise - 0.5) / 255 - 1
    for frame in (0, 1):
        rows = slice(frame, 6 - frame)
        n = gather(v, causal(3), rows, rows)
        fixed, D = model.net.fixed, n.shape[-1]
        maps = n @ fixed["network.K"].reshape(D, -1) + fixed["network.b"]
        y = (v[:, rows, rows] - maps[..., D:]) @ np.tril(fixed["head.W"]).T
        log_p = model.head.density.log_p(maps[..., :D].reshape(-1, D), y.reshape(-1, colours)).reshape(2, -1)
        log_p = log_p + np.log(np.linalg.det(np.tril(fixed["head.W"]))) + colours * math.log(2 / 255)
        np.testing.assert_allclose(model.nll(x, noise, frame), -log_p.sum(axis=1), rtol=1e-12)
        bits = np.log2(256) - model.nll(x, frame=frame) / (colours * (6 - 2 * frame) ** 2 * math.log(2))
        np.testing.assert_allclose(model.rate(x, frame), bits, rtol=1e-12)


def test_the_rate_of_independent_noise():
    """A normal of deviation 0.1 on [0, 1] has -log2(0.1 sqrt(2 pi e)) = 1.275 bits; levels hardly count."""
    v = np.random.default_rng(0).normal(0.5, 0.1, (4, 50, 50, 1))
    images = np.clip(v * 256, 0, 255).astype(int)
    model = fitted(images=images[:3], iterations=30)
    assert abs(model.rate(images[3:]).mean() - -math.log2(0.1 * math.sqrt(2 * math.pi * math.e))) < 0.05


@pytest.mark.parametrize("colours", [1, 3])
def test_a_fit_beats_independent_values(colours):
    images = smooth(12, colours)
    shuffled = np.random.default_rng(0).permutation(images.ravel()).reshape(images.shape)
    model, independent = fitted(colours, images[:10]), fitted(colours, shuffled[:10], 20)
    assert model.rate(images[10:]).mean() > independent.rate(images[10:]).mean() + 1
    drawn = sample(model, 2, rng=1, height=5, width=4)
    assert drawn.shape == (2, 5, 4, colours) and np.array_equal(drawn, sample(model, 2, rng=1, height=5, width=4))


def test_what_an_image_costs_when_its_pixels_cost_as_much_as_those_drawn():
    model, images = fitted(), smooth(10)
    x, y = model.pixels(images, 10 * 256, 0)
    loss = -model.head.density.log_p(x, y).mean()
    expected = model.nll(images, model.noise(images, [0, 2])).mean()
    assert model.image_nats(loss, 256) == pytest.approx(expected, rel=1e-12)


def test_pixels_are_drawn_from_inside_the_frame():
    model, images = small(), np.zeros((4, 16, 16, 1), np.uint8)
    images[:, 7:9, 7:9] = 200
    _, y = model.pixels(images, 40, 0, frame=7, raw=True)
    assert y.shape == (16, 1) and (y > 0.5).all()
    assert (model.pixels(images, 40, 0, raw=True)[1] < 0).any()


def test_an_ensemble_is_a_mean_of_densities_over_turned_images():
    model, x = fitted(), smooth(2, size=6, seed=5)
    noise = model.noise(x)
    each = [model.nll(turned(x, *how), turned(noise, *how), 1) for how in ORIENTATIONS]
    np.testing.assert_allclose(model.nll(x, frame=1, ensemble=True), -np.log(np.mean(np.exp(-np.array(each) + each[0]), axis=0))
                               + each[0], rtol=1e-12)
    assert len({turned(np.arange(6).reshape(1, 2, 3, 1), *how).tobytes() for how in ORIENTATIONS}) == 8


def test_whitened_inputs_are_white():
    model, images = fitted(3), smooth(10, 3)
    x, y = model.pixels(images, 2000, 0)
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(x.shape[1]), atol=0.2)
    np.testing.assert_allclose(y.T @ y / len(y), np.eye(3), atol=0.05)


def test_filters_are_features_of_the_pixels():
    """b^T x^ changes with a neighbour's value by the filter's weight."""
    model = fitted(3)
    filters, taps = model.filters().reshape(2, 3, 2, 3), causal(3)
    v = np.zeros((1, 5, 5, 3))
    before = model.network.forward(v)[0][0, 2, 2, :model.head.F] @ model.head.params["b"].T
    di, dj = taps[1]
    v[0, 2 + di, 2 + dj, 2] = 1
    after = model.network.forward(v)[0][0, 2, 2, :model.head.F] @ model.head.params["b"].T
    np.testing.assert_allclose(after - before, filters[:, 2, 1 + di, 1 + dj], rtol=1e-9)
    assert np.isnan(filters[:, :, 1, 1:]).all() and not np.isnan(filters[:, :, 0]).any()


@pytest.mark.parametrize(("call", "words"), [
    (lambda model, x: model.nll(x, np.zeros((1, 2, 2, 1))), r"noise of the images' shape \(2, 6, 6, 1\), got \(1, 2, 2, 1\)"),
    (lambda model, x: model.nll(x, frame=3), "an image of 6x6 has no pixel inside a frame of 3"),
    (lambda model, x: model.loss_and_grads(x, frame=-1), "frame expects a whole number of at least 0, got -1"),
    (lambda model, x: model.rate(x[0]), r"mcgsm expects images \(N, H, W, 1\), got \(6, 6, 1\)"),
    (lambda model, x: model.rate(x, frame=1.5), "frame expects a whole number of at least 0, got 1.5"),
    (lambda model, x: model.level_nll(x.astype(float)), "expects integer levels"),
    (lambda model, x: model.nll(x, np.full(x.shape, np.nan)), "finite numbers, got NaN or inf"),
    (lambda model, x: model.pixels(x, 0, 0), "samples expects a whole number of at least 1, got 0"),
    (lambda model, x: model.initialise(x[..., 0]), r"mcgsm expects images \(N, H, W, 1\), got \(2, 6, 6\)"),
    (lambda model, x: small(size=4), "option size expects an odd whole number of at least 3, got 4"),
    (lambda model, x: model.head.forward(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2, 1))),
     r"MCGSMHead expects maps \(N, H, W, 5\) .* got \(1, 2, 2, 3\)")])
def test_bad_inputs_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(small(), smooth(2, size=6))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")       # they come from threads, where an errstate does not hold
def test_memories_that_grow_out_of_bounds_are_told():
    """With open forget gates a memory doubles at every step of a diagonal: in 100x100 pixels up to 2^198."""
    model = build("spatial-lstm", height=100, width=100, levels=256, layers=1, h=4, size=3, head="mcgsm", **SMALL)
    model.params["network.body.net.0.b"][:, 8:16] = 50
    model.params["network.body.net.0.b"][:, :4] = -200      # infinity times a closed output gate
    with pytest.raises(ValueError, match="spatial-lstm grew out of all bounds in images of 100x100.*smaller ones"):
        model.initialise(smooth(2, size=100))


@pytest.mark.parametrize("name", ["mcgsm", "mcgsm-rgb", "ride"])
def test_a_start_and_a_fit_on_a_device(name):
    """The same whitening, start and fit under CuPy's rules, and no copy but by the door."""
    subject = MODELS[name]

    def results(device):
        x = subject.images(40, 6, 6)
        model = build(subject.name, height=6, width=6, colours=subject.colours, levels=subject.levels, dtype="float64",
                      device=device, **subject.options)
        model.initialise(x, samples=300)
        model.refit(*model.pixels(x, 300, 0), model.pixels(x, 300, 1), iterations=5)
        return {"level_nll": model.level_nll(x), **{name: to_numpy(value) for name, value in model.saved.items()}}

    expected = results("cpu")
    with standin(), forbid_copies(but_door=True):
        found = results("gpu")
    for key, value in found.items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-6, atol=1e-9, err_msg=key)


@pytest.mark.parametrize(("name", "options", "reach"), [
    ("mcgsm", {"size": 5}, 2), ("spatial-lstm", {"head": "mcgsm", "size": 3, "layers": 1}, 1),
    ("row-lstm", {"head": "mcgsm", "layers": 1, "h": 2, "out": 2}, 3)])
def test_the_frame_is_that_of_the_first_window(name, options, reach):
    """A pixel outside the frame reads, in the first layer, no place outside the image."""
    model = build(name, height=9, width=9, levels=4, rng=0, components=2, **options)
    assert model.reach == reach


@pytest.mark.parametrize("name", ["mcgsm", "spatial-lstm"])
def test_the_audit_from_python_clears_a_density(name):
    """What `predict` says sums to one; `nll`, of levels with noise, is another quantity, and says so."""
    options = {"head": "mcgsm", "layers": 1, "h": 3} if name == "spatial-lstm" else {}
    model = build(name, height=2, width=2, levels=3, rng=0, size=3, components=2, dtype="float64", **options)
    found = audit.normalisation(model, (2, 2, 1), 3)
    assert model.bound and found.ok and found.total_nll is None
