"""python -m minipixel.recurrent [--out FOLDER]: the algorithms beside one another, in tables and pictures (about a minute)."""

import sys
from pathlib import Path

from minipixel import plots
from minipixel.command_line import Parser, run
from minipixel.recurrent import agreement, learning
from minipixel.recurrent.complexity import HYBRID, TABLE, experiments, fits

DEPTHS = (1, 2, 4, 8, 16, 32, 64)
RUNS, SEEDS = 4, 5


def show_agreement():
    print(f"Exact algorithms: largest difference of dW over its largest entry, the worst of {RUNS} runs")
    print("(5 units, 3 inputs, 17 time steps, two of five targets missing)")
    print(f"{'':22}{'no forcing':^28}{'teacher forcing':^28}")
    print(f"{'':22}" + f"{'epochwise':>12}{'differences':>14}  " * 2)
    tables = [[agreement.table(forcing, rng) for rng in range(RUNS)] for forcing in (False, True)]
    for name in agreement.EXACT:
        worst = [max(errors) for runs in tables for errors in zip(*(run[name] for run in runs))]
        print(f"{name:22}" + "{:12.1e}{:14.1e}  {:12.1e}{:14.1e}".format(*worst))


def show_truncation(folder):
    points = agreement.truncation(DEPTHS)
    print("\nTruncated algorithms: |dW_h - dW| / |dW|, median of 25 random networks (8 units, 8 inputs, 64 steps)")
    print(f"{'':22}" + "".join(f"{f'h = {h}':>10}" for h in DEPTHS))
    for name, rows in points.items():
        errors = {h: error for h, error, _ in rows}
        print(f"{name:22}" + "".join(f"{errors[h]:10.1e}" if h in errors else f"{'':10}" for h in DEPTHS))
    plots.truncation(points, folder / "recurrent-truncation.png")


def show_complexity(folder):
    print("\nWhat a time step and a run cost: the table of Williams and Zipser (as reported), up to a factor")
    for row in TABLE:
        print(f"{row.name:18}space {row.space:26}time a step {row.time}")
    print("\nExponents fitted to counts while running, m = n (multiply-adds a time step; numbers in memory at the peak)")
    print(f"{'':18}{'grows':9}{'sizes':22}{'time':>8}{'table':>9}{'off by':>8}{'space':>10}{'table':>9}{'off by':>8}")
    found = []
    for experiment in experiments():
        pair = fits(experiment)
        found += pair
        name = experiment.row.name + (", h = n" if experiment.row is HYBRID and experiment.grows != "h" else "")
        sizes = f"{pair[0].sizes[0]} .. {pair[0].sizes[-1]}"
        figures = "  ".join(f"{fit.slope:z9.3f}{fit.expected:8.3g}{100 * fit.difference:+z7.1f}%" for fit in pair)
        print(f"{name:18}{experiment.grows:9}{sizes:21}{figures}")
    print("(where the table says 0, 'off by' is 100 times the exponent itself)")
    plots.complexity(found, folder / "recurrent-complexity.png")


def show_learning(folder):
    xor = [learning.learn_xor(rng) for rng in range(SEEDS)]
    free, forced = ([learning.learn_oscillation(rng, forcing) for rng in range(SEEDS)] for forcing in (False, True))
    print(f"\nOnline learning by RTRL: wrong answers of a fresh run at fixed weights (a coin: 50 %), seeds 0 to {SEEDS - 1}")
    for name, runs in (("delayed XOR", xor), ("oscillation, not forced", free), ("oscillation, forced", forced)):
        print(f"{name:26}before" + "".join(f"{100 * one.before:6.1f}%" for one in runs))
        print(f"{'':26}after " + "".join(f"{100 * one.after:6.1f}%" for one in runs))
    plots.online_learning({"XOR of two bits that are gone": {"RTRL": xor},
                           "0 0 1 1 0 0 1 1 ... from nothing": {"RTRL": free, "RTRL with teacher forcing": forced}},
                          folder / "recurrent-online.png")


def main(words=None):
    return run("minipixel.recurrent", lambda: demonstrate(words))


def demonstrate(words):
    parser = Parser(prog="python -m minipixel.recurrent", description=__doc__.partition(": ")[2])
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("runs/recurrent"),
                        help="where the pictures go (default runs/recurrent)")
    folder = parser.parse_args(words).out
    folder.mkdir(parents=True, exist_ok=True)
    show_agreement()
    for part in (show_truncation, show_complexity, show_learning):
        part(folder)
    print(f"\npictures: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
