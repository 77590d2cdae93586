"""A known MCGSM from its samples: is what a fit finds as good as the truth?

4 components, 2 scales, 4 features, 12 inputs. Inputs are normal; components differ in their predictors, and are told apart by
the size of features of the input. The best of several starts, chosen on validation samples, is compared with the truth on
fresh ones.
"""

import time

import numpy as np

from minipixel.densities.doors import check_size
from minipixel.densities.mcgsm import MCGSM
from minipixel.error_bars import error_bar

D, SIZES = 12, {"components": 4, "scales": 2, "features": 4}
NEAR = 0.01     # nats


def run(kept, *, samples=200_000, fresh=200_000, starts=3, iterations=1000):
    """Fit from `starts` starts to 9 of 10 samples, the others say when to stop; each fit is kept when it is finished."""
    check_size("fresh", fresh, 2)       # one has no standard error
    known = truth()
    x, y = draw(known, samples, 1)
    cut = samples - samples // 10
    parts = (x[:cut], y[:cut]), (x[cut:], y[cut:])
    fits = [kept.density(f"start-{k}", lambda k=k: fit(MCGSM(D, 1, **SIZES), *parts, rng=k, iterations=iterations))
            for k in range(starts)]
    gaussian = kept.density("gaussian", lambda: fit(MCGSM(D, 1, 1, 1, 0), *parts, rng=0, iterations=iterations))
    result = kept.facts("result", lambda: measure(known, fits, gaussian[0], draw(known, fresh, 2)))
    show(result)
    return result


def truth():
    """Scales a factor e^2 apart, predictors of length 1, features that stand at right angles."""
    rng = np.random.default_rng(0)
    density = MCGSM(D, 1, **SIZES)
    J, S, F = SIZES["components"], SIZES["scales"], SIZES["features"]
    a = rng.standard_normal((J, 1, D))
    density.put({"eta": rng.standard_normal((J, S)) / 2, "alpha": np.tile([0.0, 2.0], (J, 1)),
                 "beta": 0.3 + 1.7 * np.eye(J, F), "b": np.linalg.qr(rng.standard_normal((D, D)))[0][:F],
                 "a": a / np.linalg.norm(a, axis=2, keepdims=True)})
    return density


def draw(known, n, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, D))
    return x, known.sample(x, rng)


def fit(density, train, validation, rng, iterations):
    begin = time.perf_counter()
    history = density.fit(*train, validation, rng=rng, iterations=iterations)
    return density, {"validation": min(entry["validation"] for entry in history), "iterations": history[-1]["step"],
                     "seconds": time.perf_counter() - begin}


def measure(known, fits, gaussian, fresh):
    """Nats a sample of each, and what each lacks to the truth on the same samples, with its standard error."""
    true = known.log_p(*fresh)
    best = min(range(len(fits)), key=lambda k: fits[k][1]["validation"])
    named = {"truth": known, **{f"start {k}": density for k, (density, _) in enumerate(fits)}, "one Gaussian": gaussian}
    rows = {name: {"nats": error_bar(log_p), "lacks": error_bar(true - log_p)}
            for name, log_p in ((name, density.log_p(*fresh)) for name, density in named.items())}
    return {"samples": len(true), "best": f"start {best}", "rows": rows}


def show(result):
    print(f"log p of {result['samples']} fresh samples in nats a sample, +- one standard error")
    print(f"{'':14}{'log p':>20}{'below the truth':>22}")
    for name, row in result["rows"].items():
        best = "   best on validation samples" if name == result["best"] else ""
        print(f"{name:14}{row['nats']['mean']:10.4f} +- {row['nats']['error']:.4f}"
              f"{row['lacks']['mean']:12.5f} +- {row['lacks']['error']:.5f}{best}")
    lacks = result["rows"][result["best"]]["lacks"]["mean"]
    print(f"The best start is {lacks:.5f} nats below the truth: {'within' if lacks <= NEAR else 'NOT within'} {NEAR}")
