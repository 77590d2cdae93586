"""Likelihoods that can be believed: on a held-out split, in nats and bits, with a standard error, beside two baselines."""

import numpy as np

from minipixel.units import bits_per_dim, uniform_nats
from minipixel.workers import processes

# Images evaluated between two steps of the progress bar.
CHUNK = 256


def evaluate(model, *example, progress=False):
    """Nats of every image of a split: (N,) float64. example: the images, and their labels for a model that labels."""
    return np.concatenate([model.nll(*chunk) for chunk in chunks(example, progress)])


def chunks(example, progress):
    """The example in pieces of CHUNK images, with a progress bar."""
    from tqdm import tqdm
    for k in tqdm(range(0, len(example[0]), CHUNK), desc="evaluating", unit="chunk", disable=not progress, leave=False):
        yield [part[k:k + CHUNK] for part in example]


def independent_nats(train, x, levels):
    """Nats under independent values: each with its own histogram over `train`, half a count added to every level.

    train, x (N, H, W, C) integers  ->  (N,) float64
    """
    counts = np.stack([(train == level).sum(axis=0) for level in range(levels)], axis=-1) + 0.5
    log_p = np.log(counts / counts.sum(axis=-1, keepdims=True))
    places = np.arange(log_p[..., 0].size)
    return np.stack([-log_p.reshape(-1, levels)[places, image.reshape(-1)].sum() for image in x])


def figure(nats, shape):
    """Mean and standard error of nats per image, and the same in bits per dimension. One image alone has no error: None."""
    mean, error = float(np.mean(nats)), None
    if len(nats) > 1:
        error = float(np.std(nats, ddof=1) / np.sqrt(len(nats)))
    return {"nats": mean, "nats_error": error, "bits_per_dim": bits_per_dim(mean, shape),
            "bits_per_dim_error": None if error is None else bits_per_dim(error, shape), "images": len(nats)}


def compare(model, data, split="test", progress=False):
    """The table that ends a training: the uniform model, independent pixels and this model on one split."""
    x = getattr(data, split)
    shape = x.shape[1:]
    with processes(model):
        own = evaluate(model, x, progress=progress)
    return {"uniform": figure(np.full(len(x), uniform_nats(shape, data.levels)), shape),
            "independent pixels": figure(independent_nats(data.train, x, data.levels), shape),
            model.title: figure(own, shape)}
