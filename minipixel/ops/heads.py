"""From logits and the true levels to nats: the negative log-likelihood of each image, as pairs.

Each head has a pair (`nats`) and the log-probabilities of all levels that belong to it. Nats are summed in float64:
784 float32 terms would lose digits that a likelihood is quoted with.

Source: PixelRNN, section 2.2 (softmax over 256 levels) and Table 1 (a sigmoid for binary images).
"""

import numpy as np

from minipixel.backend import array_module


def bernoulli_forward(logits, x):
    """nats_n = sum_(ijc) softplus(a) - x a,   with a the logit of level 1

    logits (N, H, W, C), x (N, H, W, C) integers 0 or 1  ->  nats (N,) float64
    """
    xp = array_module(logits)
    x = x.astype(logits.dtype)
    terms = softplus(logits) - x * logits
    nats = terms.sum(axis=(1, 2, 3), dtype=xp.float64)
    cache = logits, x
    return nats, cache


def bernoulli_backward(dnats, cache):
    """da = (sigmoid(a) - x) dnats"""
    logits, x = cache
    p = 0.5 * array_module(logits).tanh(0.5 * logits) + 0.5
    return {"logits": (p - x) * per_image(dnats, logits)}


def bernoulli_log_probs(logits):
    """[log p(0), log p(1)] = [-softplus(a), a - softplus(a)]: logits (N, H, W, C) -> (N, H, W, C, 2)"""
    s = softplus(logits)
    return array_module(logits).stack([-s, logits - s], axis=-1)


def softplus(a):
    """log(1 + exp(a)) without overflow: max(a, 0) + log(1 + exp(-|a|))"""
    xp = array_module(a)
    return xp.maximum(a, 0) + xp.log1p(xp.exp(-xp.abs(a)))


def softmax_forward(logits, x):
    """nats_n = sum_(ijc) log sum_k exp(a_ijck) - a_ijc,x(ijc)

    logits (N, H, W, C * K) with units (colour, level), x (N, H, W, C) integers 0..K-1  ->  nats (N,) float64
    """
    xp = array_module(logits)
    a = xp.ascontiguousarray(logits).reshape(*x.shape, -1)  # flat places count in this order
    highest = a.max(axis=-1, keepdims=True)
    e = a - highest
    true = flat_places(x, a.shape[-1])
    picked = e.reshape(-1)[true].reshape(x.shape)
    xp.exp(e, out=e)
    z = e.sum(axis=-1)
    nats = (xp.log(z) - picked).sum(axis=(1, 2, 3), dtype=xp.float64)
    cache = e, z, true
    return nats, cache


def softmax_backward(dnats, cache):
    """da_k = (softmax(a)_k - [k = x]) dnats"""
    e, z, true = cache
    da = e * (1 / z)[..., None]
    da.reshape(-1)[true] -= 1
    da *= per_image(dnats, da)
    return {"logits": da.reshape(*da.shape[:3], -1)}


def softmax_log_probs(logits, colours):
    """log p_k = a_k - log sum exp a: logits (N, H, W, C * K) -> (N, H, W, C, K)"""
    xp = array_module(logits)
    a = logits.reshape(*logits.shape[:-1], colours, -1)
    a = a - a.max(axis=-1, keepdims=True)
    return a - xp.log(xp.exp(a).sum(axis=-1, keepdims=True))


def flat_places(x, levels):
    """Where the true level of each value stands in the flattened (..., levels) array."""
    xp = array_module(x)
    return xp.arange(x.size) * levels + x.reshape(-1).astype(np.int64)


def per_image(dnats, like):
    """dnats (N,) in the type of `like`, shaped to multiply arrays (N, ...)."""
    return dnats.astype(like.dtype).reshape(-1, *[1] * (like.ndim - 1))
