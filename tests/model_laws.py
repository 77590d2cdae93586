"""The laws of whole models: causality, steps, probabilities, samples, threads. A law takes one subject and asserts."""

import numpy as np
import oracle
from laws import SIZES, WIDE, close, visits
from reach import reach
from scipy.stats import chi2
from subjects import H, W

from minipixel import complete, sample
from minipixel.models.density import Density
from minipixel.order import raster
from minipixel.sampling import TOGETHER
from minipixel.training.optimisers import Adam

# Biases of the gates o, f, i, g of an LSTM, and of a Spatial LSTM's o, i, f_c, f_r, g, whose two forget gates add up to one.
GATES_OPEN = {4: [2, 4, 2, 0], 5: [2, 2, 0, 0, 0]}


def opened(params):
    """What is closed hides what is behind it: every ReLU is opened, and every gate, the forget gates nearly to one.

    What enters a memory stays small, so that a tanh is nowhere flat.
    """
    for name, value in params.items():
        states = params.get(name.removesuffix("b") + "K_ss") if name.endswith("b") else None
        if states is not None:
            h = states.shape[2]
            value[...] = np.repeat(GATES_OPEN[value.shape[1] // h], h)
        elif name.endswith(("K_is", "K_ss")):
            value[...] = np.abs(value) / np.abs(value).sum(axis=(1, 2), keepdims=True) / (40 if name.endswith("K_is") else 4)
        elif name.endswith("K"):
            value[...] = np.abs(value) / np.abs(value).sum(axis=(0, 1))
        else:
            value[...] = (1 + np.abs(value)) / (1 if name.endswith("b") else 100)


def causal(subject, height=3, width=4):
    """Changing a value changes the predictions that the paper lets it reach, all of them, and no other."""
    model = subject.model()
    opened(model.params)
    ways = reach(height, width, subject.colours, subject.kernels, column=subject.column)
    x = subject.images(6, height, width)
    before = model.predict(x)
    for (i, j, c), way in zip(raster(height, width, subject.colours), ways, strict=True):
        changed = np.zeros(x.shape[1:], bool)
        for up in range(1, subject.levels):
            other = x.copy()
            other[:, i, j, c] = (other[:, i, j, c] + up) % subject.levels
            changed |= (np.abs(model.predict(other) - before) > 1e-12).any(axis=(0, -1))
        found = {tuple(place) for place in np.argwhere(changed).tolist()}
        expected = {tuple(place) for place in np.argwhere(way).tolist()}
        assert found <= expected, f"{i, j, c} leaks to {sorted(found - expected)}"
        assert found == expected, f"{i, j, c} is not seen at {sorted(expected - found)}"


def steps(subject):
    """The sampler's way through a model, value by value over a canvas that holds rubbish ahead, equals `predict`."""
    model = subject.model()
    for height, width in [*SIZES, WIDE]:
        x = subject.images(3, height, width)
        log_p = model.predict(x)
        for places in visits(*x.shape[1:], model.net.lag):
            canvas = np.random.default_rng(3).standard_normal(x.shape)
            state = model.start(canvas)
            for i, j, c in places:
                found = model.step(canvas[:, i, j], state, i, j, c)
                close(found, log_p[:, i, j, c], what=f"values {i, j, c} of {height} x {width}")
                canvas[:, i, j, c] = model.scale(x[:, i, j, c])


def sums_to_one(subject):
    """The probabilities of all images of a tiny size sum to one; so do those of the levels of every value."""
    model, x = subject.model(), subject.tiny()
    log_p = model.predict(x)
    assert abs(np.exp(-oracle.nats(log_p, x)).sum() - 1) < 1e-10
    if not isinstance(model, Density):  # whose nll judges levels with noise
        assert abs(np.exp(-model.nll(x)).sum() - 1) < 1e-10
    assert np.max(np.abs(np.exp(log_p).sum(axis=-1) - 1)) < 1e-10


def nats_are_predictions(subject):
    """nll(x) is minus the sum of the predicted log-probabilities at the levels of x, and its mean is the loss."""
    model, x = subject.model(), subject.images(3)
    close(model.nll(x), oracle.nats(model.predict(x), x))
    close(np.array(model.loss_and_grads(x)[0]), model.nll(x).mean())


def trained(subject, images, updates=30):
    """The model after some updates on a few of the images: their values depend on each other, and strongly."""
    model, rng = subject.model(), np.random.default_rng(0)
    optimiser = Adam(model.params)
    few = images[rng.choice(len(images), 6)]
    for step in range(1, updates + 1):
        _, grads = model.loss_and_grads(few)
        optimiser.update(model.params, grads, 0.02, step)
    return model


def refused(counts, p):
    """The probability of counts as strange as these under p (chi-square), rare cells put together."""
    expected = p * counts.sum()
    rare = expected < 5
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    counts, expected = counts[expected > 0], expected[expected > 0]
    return chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1)


def samples(subject, count=6000):
    """Many samples of a trained model fall on all images of a tiny size as often as their probabilities say.

    At a temperature, those probabilities are products of the tempered conditionals.
    """
    images = subject.tiny()
    model = trained(subject, images)
    places = subject.levels ** np.arange(images[0].size)[::-1]
    log_p = model.predict(images)
    for temperature in (1.0, 0.5):
        cold = log_p / temperature - np.log(np.exp(log_p / temperature).sum(axis=-1, keepdims=True))
        p = np.exp(-oracle.nats(cold, images))
        drawn = sample(model, count, rng=1, temperature=temperature, height=images.shape[1], width=images.shape[2])
        counts = np.bincount(drawn.reshape(count, -1).astype(int) @ places, minlength=len(images))
        assert refused(counts, p) > 1e-4, f"samples at temperature {temperature} do not follow the model's probabilities"


def completes(subject):
    """Completion keeps what is known and draws the rest from the conditionals of the whole forward, also where whole
    pixels, single colours or different places in each image are known."""
    model, x = subject.model(), subject.images(30, 4, 4)
    rows = np.arange(4)[:, None, None] < 2
    single = np.random.default_rng(5).random(x.shape) < 0.5
    last = np.arange(subject.colours) == subject.colours - 1
    for known in (rows, single, single[0], last):
        known = np.broadcast_to(known, x.shape)
        found = complete(model, x, known, rng=2)
        u = np.random.default_rng(2).random(x.shape)
        expected = x.copy()
        for i, j, c in raster(*x.shape[1:]):
            cumulated = np.exp(model.predict(expected)[:, i, j, c]).cumsum(axis=-1)
            drawn = (cumulated < u[:, i, j, c, None]).sum(axis=-1)
            expected[:, i, j, c] = np.where(known[:, i, j, c], x[:, i, j, c], drawn)
        np.testing.assert_array_equal(found, expected)


def threads(subject):
    """One, two, three or eight threads: the same bits, in likelihoods, gradients, predictions and samples."""
    def results(threads):
        model, x = subject.model(np.float32, threads=threads), subject.images(33, 28, 28)
        loss, grads = model.loss_and_grads(x)
        many = sample(model, 3 * TOGETHER + 1, rng=1, height=H, width=W)
        return {"nll": model.nll(x), "predict": model.predict(x), "loss": np.array(loss), "samples": many, **grads}

    one = results(1)
    for count in (2, 3, 8):
        for name, value in results(count).items():
            np.testing.assert_array_equal(value, one[name], err_msg=f"{name} depends on the threads ({count})")
