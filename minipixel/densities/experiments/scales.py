"""Photographs from coarse to fine, or all at once: a multiscale MCGSM beside one that reads pixels alone.

Both give a density of a whole photograph, on the same scale and with the same noise, so their likelihoods are compared on the
same pixels: photographs cut to 320x480 or 480x320 (sides must divide by 2^splits). Outside lies mean grey for both, in all
scales. As this border costs a multiscale model more (its coarse images are small), the rates far from the border are told
as well; those are means over slightly different pixels.

Published (Theis, Hosseini and Bethge 2012, other photographs): 3.44 bits a pixel for the multiscale model, 3.40 for the other.
"""

import time

import numpy as np

from minipixel import plots
from minipixel.densities.experiments.photographs import photographs, squares
from minipixel.densities.field import Field
from minipixel.densities.multiscale import Multiscale
from minipixel.error_bars import difference, error_bar
from minipixel.units import bits_per_dim

SINGLE = (7, 9)     # windows of the models that read pixels alone: 24 and 40 neighbours
DRAWN, BEFORE = 64, 64      # pixels a side of the pictures, and pixels drawn before them: an image begins in mean grey
SIZE, AROUND = 5, 5     # windows of the multiscale model: 12 neighbours of three coefficients, 25 places of the coarser image


def run(kept, *, components=8, scales=6, features=40, splits=2, samples=200_000, iterations=200):
    """Fit the three models to squares of the training photographs, each kept when it is finished; measure them."""
    sizes = {"components": components, "scales": scales, "features": features, "dtype": "float32"}
    options = {"samples": samples, "iterations": iterations, "patience": 4}
    train, validation = squares("train"), squares("validation")
    multiscale, _ = kept.density("multiscale", lambda: fit_multiscale(
        Multiscale(1, 256, splits, SIZE, AROUND, **sizes), train, validation, options))
    parts = multiscale.values(train, 0), multiscale.values(validation, 1)
    singles = {size: kept.density(f"single-{size}", lambda size=size: fit_single(Field(1, size, **sizes), *parts, options))[0]
               for size in SINGLE}
    groups = [multiscale.values(cut(group, 2 ** splits), 2) for group in photographs("test")]
    rates = {"multiscale": kept.facts("multiscale-rates", lambda: of_multiscale(multiscale, groups))}
    for size, field in singles.items():
        rates[f"window {size}x{size}"] = kept.facts(f"single-{size}-rates", lambda field=field: of_single(field, groups))
    result = kept.facts("result", lambda: compare(rates))
    show(result)
    draw(multiscale, singles[SINGLE[-1]], splits, kept.folder / "scales.png")
    return result


def cut(images, edge):
    """From the upper left corner, to sides that divide by edge."""
    return images[:, :images.shape[1] // edge * edge, :images.shape[2] // edge * edge]


def fit_multiscale(model, train, validation, options):
    begin = time.perf_counter()
    histories = model.fit(train, validation, **options)
    return model, {"iterations": [history[-1]["step"] for history in histories], "seconds": time.perf_counter() - begin}


def fit_single(field, train, validation, options):
    begin = time.perf_counter()
    history = field.fit(train, None, (validation, None), **options)
    return field, {"iterations": history[-1]["step"], "seconds": time.perf_counter() - begin}


def of_multiscale(model, groups):
    """Bits a pixel of each photograph: as a whole, and far from the border."""
    return {"whole": [bits for v in groups for bits in bits_per_dim(model.log_v(v), v.shape[1:]).tolist()],
            "inside": [bits_per_dim(float(model.inside_v(v[k:k + 1])), (1,)) for v in groups for k in range(len(v))]}


def of_single(field, groups):
    return {"whole": [bits for v in groups for bits in bits_per_dim(field.log_p(v), v.shape[1:]).tolist()],
            "inside": [bits for v in groups for bits in
                       bits_per_dim(field.log_p(v, whole=False), (field.pixels_inside(*v.shape[1:3]),)).tolist()]}


def draw(multiscale, field, splits, path, n=9):
    """Squares of test photographs, and as many drawn by both densities, without what they begin with above and to the left."""
    size, rng = 2**splits * -(-(DRAWN + BEFORE) // 2**splits), np.random.default_rng(3)
    real = squares("test", DRAWN)
    drawn = {"from coarse to fine": multiscale.sample(n, size, size, rng),
             "by rows": multiscale.images(field.sample(n, size, size, rng, limits=multiscale.limits))}
    plots.beside({"test photographs": real[np.sort(rng.permutation(len(real))[:n])],
                  **{name: images[:, -DRAWN:, -DRAWN:] for name, images in drawn.items()}}, multiscale.levels, path)


def compare(rates):
    return {name: {kind: {"rate": error_bar(bits), "multiscale gains": difference(rates["multiscale"][kind], bits)}
                   for kind, bits in row.items()} | {"photographs": len(row["whole"])} for name, row in rates.items()}


def show(result):
    kinds = {"whole": "whole photographs, the same pixels", "inside": "far from the border"}
    for kind, words in kinds.items():
        print(f"\n{words}: bits a pixel of {result['multiscale']['photographs']} photographs, +- one standard error")
        for name, row in result.items():
            rate, gain = row[kind]["rate"], row[kind]["multiscale gains"]
            tail = "" if name == "multiscale" else (f"   multiscale gains {gain['mean']:+.4f}, "
                                                    f"95 % interval of pairs [{gain['from']:+.4f}, {gain['to']:+.4f}]")
            print(f"{name:14}{rate['mean']:9.4f} +- {rate['error']:.4f}{tail}")
