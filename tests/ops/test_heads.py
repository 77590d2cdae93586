"""The heads at the ends of the scale, and their log-probabilities. Their laws: test_laws.py."""

import numpy as np
import pytest

from minipixel.ops.heads import (
    bernoulli_backward,
    bernoulli_forward,
    bernoulli_log_probs,
    softmax_backward,
    softmax_forward,
    softmax_log_probs,
)

HUGE = np.array([-1e4, -50.0, 0.0, 50.0, 1e4])


def test_bernoulli_of_huge_logits():
    logits, zeros = HUGE.reshape(5, 1, 1, 1), np.zeros((5, 1, 1, 1), np.uint8)
    for x, expected in ((zeros, [0, 0, np.log(2), 50, 1e4]), (zeros + 1, [1e4, 50, np.log(2), 0, 0])):
        nats, cache = bernoulli_forward(logits, x)
        np.testing.assert_allclose(nats, expected, atol=1e-15)
        assert np.isfinite(bernoulli_backward(np.ones(5), cache)["logits"]).all()
    assert np.isfinite(bernoulli_log_probs(logits)).all()


def test_softmax_of_huge_logits():
    logits = HUGE.reshape(1, 1, 1, 5)
    for level, expected in enumerate([2e4, 10_050, 1e4, 9_950, 0]):
        nats, cache = softmax_forward(logits, np.full((1, 1, 1, 1), level))
        np.testing.assert_allclose(nats, [expected], atol=1e-12)
        expected_gradient = (np.arange(5) == 4) * 1.0 - (np.arange(5) == level)
        np.testing.assert_allclose(softmax_backward(np.ones(1), cache)["logits"].ravel(), expected_gradient, atol=1e-12)
    assert np.isfinite(softmax_log_probs(logits, 1)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("high", [0, 5, 14, 30, 200, 1e4, np.inf, np.nan])
def test_a_value_does_not_depend_on_how_high_others_are(high, dtype):
    """Neither its nats nor its gradient, by a single bit."""
    rng = np.random.default_rng(0)
    logits, x = rng.standard_normal((3, 4, 5, 2 * 7)).astype(dtype), rng.integers(0, 7, (3, 4, 5, 2))
    alone = [softmax_forward(logits[k:k + 1], x[k:k + 1]) for k in range(3)]
    logits[1, 2, 3] += dtype(high)
    with np.errstate(invalid="ignore"):
        nats, cache = softmax_forward(logits, x)
    gradient = softmax_backward(np.ones(3), cache)["logits"]
    for k in (0, 2):
        assert nats[k] == alone[k][0][0]
        np.testing.assert_array_equal(gradient[k], softmax_backward(np.ones(1), alone[k][1])["logits"][0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("height", [-1e4, -90, -30, -10, 10, 30, 90, 1e4])
def test_a_common_height_of_the_logits_has_no_effect(height, dtype):
    rng = np.random.default_rng(0)
    logits, x = rng.integers(-8, 8, (3, 4, 5, 2 * 7)).astype(dtype), rng.integers(0, 7, (3, 4, 5, 2))
    nats, cache = softmax_forward(logits, x)
    high, high_cache = softmax_forward(logits + dtype(height), x)
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(high, nats, rtol=rtol)
    np.testing.assert_allclose(softmax_backward(np.ones(3), high_cache)["logits"],
                               softmax_backward(np.ones(3), cache)["logits"], rtol=rtol, atol=rtol)


def test_equal_logits_cost_log_k():
    x = np.zeros((2, 3, 4, 3), int)
    np.testing.assert_allclose(softmax_forward(np.zeros((2, 3, 4, 15)), x)[0], 36 * np.log(5), rtol=1e-14)
    np.testing.assert_allclose(bernoulli_forward(np.zeros(x.shape), x)[0], 36 * np.log(2), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_probabilities_are_normalised_and_those_of_the_nats(dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (2, 3, 4, 3))
    logits = rng.standard_normal(x.shape).astype(dtype)
    pairs = rng.standard_normal((2, 3, 4, 6)).astype(dtype)
    for nats, log_p in ((bernoulli_forward(logits, x)[0], bernoulli_log_probs(logits)),
                        (softmax_forward(pairs, x)[0], softmax_log_probs(pairs, 3))):
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        assert log_p.shape == (2, 3, 4, 3, 2) and log_p.dtype == dtype
        np.testing.assert_allclose(np.exp(log_p).sum(axis=-1), 1, rtol=tolerance)
        picked = np.take_along_axis(log_p, x[..., None], axis=-1)
        np.testing.assert_allclose(-picked.sum(axis=(1, 2, 3, 4)), nats, rtol=tolerance)


def test_the_units_are_colour_first():
    """Logits of level 1 of the last colour only: no other colour's nats change."""
    logits = np.zeros((1, 1, 1, 3 * 4))
    logits[..., 2 * 4 + 1] = 9
    log_p = softmax_log_probs(logits, 3)[0, 0, 0]
    np.testing.assert_allclose(log_p[:2], -np.log(4))
    assert log_p[2].argmax() == 1


def test_float32_nats_are_summed_in_float64():
    """Four million terms of 1e-3 and one of a thousand."""
    x = np.zeros((1, 4000, 1000, 1), np.uint8)
    logits = np.full(x.shape, np.log(np.expm1(1e-3)), np.float32)
    logits[0, 0, 0, 0] = 1000
    nats, _ = bernoulli_forward(logits, x)
    assert nats.dtype == np.float64
    np.testing.assert_allclose(nats, 1000 + 3_999_999 * 1e-3, rtol=1e-6)
