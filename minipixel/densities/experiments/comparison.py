"""One Gaussian, a GSM, a mixture of Gaussians and an MCGSM beside one another, on dead leaves and on photographs.

Each is a density of a pixel given its 24 causal neighbours in a window of 7x7, and all four are fitted in the same way (they
are MCGSMs with some sizes at one). Bits a pixel, log2 of the density on the scale 0..1, larger is better: the mean over all
pixels of the test images whose neighbours all lie in the image, the same for all.

    gaussian   1 component,  1 scale
    gsm        1 component,  S scales, as many features as inputs: the conditional of one Gaussian scale mixture
    mixture    J components, 1 scale: the mixture of conditional Gaussians
    mcgsm      J components, S scales
"""

import time

import numpy as np

from minipixel import data, plots
from minipixel.densities.experiments.photographs import photographs, squares, values
from minipixel.densities.field import Field
from minipixel.error_bars import difference, error_bar
from minipixel.units import bits_per_dim

SIZE = 7
IMAGES = {"dead-leaves": "dead leaves", "bsds300": "photographs"}


def run(kept, *, components=8, scales=6, features=40, samples=200_000, iterations=200, starts=3):
    """Fit four models to each kind of image, each from `starts` starts of which validation images choose; measure them."""
    models = {"gaussian": {"components": 1, "scales": 1, "features": 0},
              "gsm": {"components": 1, "scales": scales, "features": 24},
              "mixture": {"components": components, "scales": 1, "features": features},
              "mcgsm": {"components": components, "scales": scales, "features": features}}
    options = {"samples": samples, "iterations": iterations, "patience": 4}
    result = {name: compare(kept, name, models, starts, options) for name in IMAGES}
    return kept.facts("result", lambda: result)


def compare(kept, name, models, starts, options):
    train, validation, test = splits(name)
    rates = {}
    for model, sizes in models.items():
        fits = [kept.density(f"{name}-{model}-{k}", lambda sizes=sizes, k=k: fit(sizes, train, validation, k, options))
                for k in range(1 if model == "gaussian" else starts)]
        field, _ = max(fits, key=lambda pair: pair[1]["validation"])
        rates[model] = kept.facts(f"{name}-{model}-rates", lambda field=field: rates_by_image(field, test))
        if model == "mcgsm":
            draw(field, IMAGES[name], kept.folder / f"features-{name}.png")
    rows = {model: {"rate": error_bar(rate), "below the mcgsm": difference(rates["mcgsm"], rate)}
            for model, rate in rates.items()}
    show(IMAGES[name], len(rates["mcgsm"]), rows)
    return rows


def splits(name):
    """Values to fit (n, H, W, 1) and to stop at, and the groups of test images."""
    if name == "bsds300":
        return values(squares("train"), 0), values(squares("validation"), 1), [values(v, 2) for v in photographs("test")]
    leaves = data.load(name)
    return values(leaves.train, 0), values(leaves.validation, 1), [values(leaves.test, 2)]


def fit(sizes, train, validation, rng, options):
    begin, field = time.perf_counter(), Field(1, SIZE, **sizes, dtype="float32")
    history = field.fit(train, None, (validation, None), rng=rng, **options)
    # A fit draws pixels and whitens them by its own rng: what compares fits are the same pixels, in nats of the values.
    same = field.some(validation, None, options["samples"], np.random.default_rng(0))
    return field, {"validation": float(field.conditional.log_p(*same).mean()), "iterations": history[-1]["step"],
                   "seconds": time.perf_counter() - begin}


def rates_by_image(field, groups):
    """log2 p of a pixel inside, the mean of each image"""
    return [rate for v in groups for rate in
            bits_per_dim(field.log_p(v, whole=False), (field.pixels_inside(*v.shape[1:3]),)).tolist()]


def draw(field, words, path):
    """The features b_i of the gate as what they do to pixels: b_i^T P, by the weight that all components give them."""
    whitened = field.conditional
    params, reach = whitened.density.params, SIZE // 2
    order = np.argsort(-(params["beta"]**2).sum(axis=0))
    filters = np.full((len(order), reach + 1, SIZE), np.nan)
    rows, columns = np.array(field.taps).T
    filters[:, reach + rows, reach + columns] = (params["b"] @ whitened.whitening.P)[order]
    plots.features(filters, f"features of the MCGSM's gate, {words}, strongest first", path)


def show(words, images, rows):
    print(f"\n{words}: bits a pixel of {images} test images, +- one standard error; below the mcgsm, 95 % interval of pairs")
    for name, row in rows.items():
        rate, below = row["rate"], row["below the mcgsm"]
        tail = f"{below['mean']:9.4f}  [{below['from']:.4f}, {below['to']:.4f}]" if name != "mcgsm" else ""
        print(f"{name:12}{rate['mean']:9.4f} +- {rate['error']:.4f}{tail}", flush=True)
