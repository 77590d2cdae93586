"""From logits and the true levels to nats: the negative log-likelihood of each image, as pairs.

Each head has a pair (`nats`) and the log-probabilities of all levels that belong to it. Nats are summed in float64:
784 float32 terms would lose digits that a likelihood is quoted with.

Source: PixelRNN, section 2.2 (softmax over 256 levels) and Table 1 (a sigmoid for binary images).
"""

import numpy as np

from minipixel.backend import array_module

STRIP = 1 << 16         # numbers of a strip of logits: 256 KiB of float32
FAR = 1e12              # from one, of a sum of exponentials: float32 goes further by a factor of 1e26 at both ends


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
    xp = array_module(logits)
    log_p = xp.empty((*logits.shape, 2), logits.dtype)
    log_p[..., 0] = -xp.logaddexp(0, logits)        # the softplus in one call: a sampler asks for a few numbers at a time
    xp.add(logits, log_p[..., 0], out=log_p[..., 1])
    return log_p


def softplus(a):
    """log(1 + exp(a)) without overflow: max(a, 0) + log(1 + exp(-|a|))"""
    xp = array_module(a)
    return xp.maximum(a, 0) + xp.log1p(xp.exp(-xp.abs(a)))


def softmax_forward(logits, x):
    """nats_n = sum_(ijc) log sum_k exp(a_ijck) - a_ijc,x(ijc)

    logits (N, H, W, C * K) with units (colour, level), x (N, H, W, C) integers 0..K-1  ->  nats (N,) float64
    """
    xp = array_module(logits)
    a = xp.ascontiguousarray(logits).reshape(x.size, -1)
    true = flat_places(x, a.shape[1])
    e, z, highest = exponentials(a)
    nats = (xp.log(z) + highest - a.reshape(-1)[true]).reshape(x.shape).sum(axis=(1, 2, 3), dtype=xp.float64)
    cache = e, z, true, logits.shape
    return nats, cache


def exponentials(a):
    """e = exp(a - highest) (rows, K), its sums z (rows,), and what was taken off each row, highest (rows,).

    On the host 0 is taken off: the highest number of each row would take longer to find than the exp. Rows whose sum is far
    from one are done again with their highest number. On a GPU, where nobody may look at z, all are done with it.
    """
    xp = array_module(a)
    e, z, highest = xp.empty(a.shape, a.dtype), xp.empty(len(a), a.dtype), xp.zeros(len(a), a.dtype)
    ones = xp.ones(a.shape[1], a.dtype)     # a product with ones adds up three times faster than sum
    rows = slice(None)
    if isinstance(a, np.ndarray):
        with np.errstate(over="ignore"):
            for strip in strips(a):
                np.exp(a[strip], out=e[strip])
                z[strip] = e[strip] @ ones
        rows = np.flatnonzero(~((z > 1 / FAR) & (z < FAR)))     # also where z is inf or NaN
    highest[rows] = a[rows].max(axis=1)
    e[rows] = xp.exp(a[rows] - highest[rows, None])
    z[rows] = e[rows] @ ones
    return e, z, highest


def softmax_backward(dnats, cache):
    """da_k = (softmax(a)_k - [k = x]) dnats,   with softmax(a) = e / z"""
    e, z, true, shape = cache
    xp = array_module(e)
    scale = xp.repeat(dnats.astype(e.dtype), len(e) // len(dnats))
    da = e * (scale / z)[:, None]
    da.reshape(-1)[true] -= scale
    return {"logits": da.reshape(shape)}


def strips(a):
    """Slices of rows of a (rows, K) that stay in cache through the passes of a softmax."""
    rows = max(1, STRIP // a.shape[1])
    return [slice(start, start + rows) for start in range(0, len(a), rows)]


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
