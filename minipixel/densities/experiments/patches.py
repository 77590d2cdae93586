"""BSDS300 in 63 dimensions: 8x8 patches, an MCGSM for each pixel given all earlier pixels of its patch.

The protocol of Uria, Murray and Larochelle (2013) and of Theis and Bethge (2015): grey patches, uniform noise in [0, 1) added,
divided by 256, each patch's mean taken off, the last pixel left out. Nats a patch of patches of the test photographs.

Bits a pixel in all 64 dimensions: the mean of a patch is a 64th value, independent of the others here, with a density of its
own (a mixture of GSMs). A patch has then the density p(others) p(mean) / 64, see `data.patches.mean_and_rest`.

The reported pairs of nats and bits (Theis and Bethge 2015) have bits * 64 ln 2 - nats = -3.65, all the same, where ours have
log p(mean) - ln 64 = -4.00: the mean has 0.16 nats here (a histogram of 256 bins finds 0.19), and 0.5 there. So bits of the
two differ by 0.008 more than nats say. What was meant by the density of the mean there is not told; independent of the others
it cannot be that high.

Ours: as many patches from each photograph; validation patches, at which a fit stops, from photographs of their own; the grey of
a pixel is rounded to a whole level before the noise is added.
"""

import time

import numpy as np

from minipixel import plots
from minipixel.data.patches import mean_and_rest
from minipixel.densities.experiments.photographs import patches_by_image
from minipixel.densities.gsm import GSM
from minipixel.densities.mcgsm import MCGSM
from minipixel.densities.whitening import Whitened
from minipixel.error_bars import error_bar
from minipixel.units import bits_per_dim

SIDE = 8
REPORTED = {16: 155.1, 32: 155.8, 64: 156.2, 128: 156.4}       # of Theis and Bethge 2015: nats, by components


def run(kept, *, components=16, scales=6, features=32, samples=300_000, test=100_000, iterations=100):
    """Fit 63 conditionals and the density of the mean, each kept when it is finished; measure them on test patches."""
    means, v = patch_values("train", samples, 0)
    _, held_out = patch_values("validation", samples // 10, 1)
    sizes = {"components": components, "scales": scales, "features": features}
    conditionals = []
    for i in range(v.shape[1]):
        found, facts = kept.density(f"pixel-{i}", lambda i=i: fit(i, v, held_out, sizes, iterations))
        print(f"pixel {i:2}: {facts['validation']:.4f} nats on validation patches, {facts['iterations']} iterations, "
              f"{facts['seconds']:.0f} s", flush=True)
        conditionals.append(found)
    of_mean, _ = kept.density("mean", lambda: fit_mean(means))
    result = kept.facts("result", lambda: measure(conditionals, of_mean, *patch_values("test", test, 2, by_image=True)))
    show(result, components)
    draw(conditionals, of_mean, kept.folder / "patches.png")
    return result


def patch_values(split, n, rng, by_image=False):
    """Means (n, 1) and the other 63 values (n, 63); by_image: (photographs, each, ...)"""
    squares = patches_by_image(split, SIDE, n, rng)
    parts = mean_and_rest(squares.reshape(-1, *squares.shape[2:]), rng + 100)
    return [part.reshape(*squares.shape[:2], -1) for part in parts] if by_image else parts


def fit(i, v, held_out, sizes, iterations):
    """p(v_i | v_1 .. v_i-1), in float32 but for the sums over samples"""
    begin, found = time.perf_counter(), Whitened(MCGSM(i, 1, **sizes, dtype="float32"))
    history = found.fit(v[:, :i], v[:, i:i + 1], (held_out[:, :i], held_out[:, i:i + 1]),
                        rng=i, iterations=iterations, patience=4)
    best = min(entry["validation"] for entry in history)
    return found, {"validation": found.whitening.log_det - best, "iterations": history[-1]["step"],
                   "seconds": time.perf_counter() - begin}


def fit_mean(means):
    found = GSM(1, components=8, scales=4)
    history = found.fit(means, iterations=200)
    return found, {"train": history[-1], "iterations": len(history) - 1}


def measure(conditionals, of_mean, means, v):
    """Nats of the 63 values, nats of the mean, bits a pixel of all 64; each with its standard error over photographs."""
    images, each, D = v.shape
    flat = v.reshape(-1, D)
    nats = sum(found.log_p(flat[:, :i], flat[:, i:i + 1]) for i, found in enumerate(conditionals))
    dc = of_mean.log_p(means.reshape(-1, 1))
    bits = bits_per_dim(nats + dc - np.log(D + 1), (D + 1,))
    return {"photographs": images, "patches": images * each} | {
        name: error_bar(values.reshape(images, each).mean(axis=1)) for name, values in
        (("nats", nats), ("mean_nats", dc), ("bits", bits))}


def draw(conditionals, of_mean, path, n=100):
    """Test patches, and patches drawn from the density, as levels."""
    rng, v = np.random.default_rng(3), np.zeros((n, len(conditionals)))
    for i, found in enumerate(conditionals):
        v[:, i:i + 1] = found.sample(v[:, :i], rng)
    v = np.concatenate([v, -v.sum(axis=1, keepdims=True)], axis=1) + of_mean.sample(n, rng)
    drawn = np.clip(np.floor(256 * v), 0, 255).astype(int).reshape(n, SIDE, SIDE, 1)
    real = patches_by_image("test", SIDE, n, 3).reshape(-1, SIDE, SIDE, 1)[:n]
    plots.beside({f"{n} patches of test photographs": real, f"{n} patches of the density": drawn}, 256, path)


def show(result, components):
    print(f"\n{result['patches']} patches of {result['photographs']} test photographs, +- one standard error over photographs")
    for name, words in (("nats", "63 dimensions: nats a patch"), ("mean_nats", "the mean: nats a patch"),
                        ("bits", "64 dimensions: bits a pixel")):
        print(f"{words:30}{result[name]['mean']:9.3f} +- {result[name]['error']:.3f}")
    if components in REPORTED:
        print(f"{'63 dimensions, reported':30}{REPORTED[components]:9.1f}")
