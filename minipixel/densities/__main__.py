"""python -m minipixel.densities NAME [--out FOLDER]: an experiment on densities, which goes on where it was killed."""

import argparse
import sys
from pathlib import Path

from minipixel.command_line import Parser, run
from minipixel.densities.experiments import comparison, patches, recovery, scales
from minipixel.densities.experiments.kept import Kept

EXPERIMENTS = {"recovery": recovery, "comparison": comparison, "scales": scales, "patches": patches}


def parser():
    top = Parser(prog="python -m minipixel.densities", description=__doc__.partition(": ")[2])
    names = top.add_subparsers(dest="name", metavar="NAME", required=True, parser_class=Parser)
    for name, module in EXPERIMENTS.items():
        first, _, rest = module.__doc__.partition("\n")
        one = names.add_parser(name, help=first, description=first, epilog=rest)
        one.add_argument("--out", metavar="FOLDER", type=Path, default=Path(f"runs/densities-{name}"),
                         help="what is finished, the result and the pictures (default %(default)s)")
        for setting, default in module.run.__kwdefaults__.items():
            one.add_argument(f"--{setting}", metavar="N", type=size, default=default, help=f"default {default}")
    return top


def size(word):
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"expects a whole number of at least 1, got {word!r}")
    return int(word)


def main(words=None):
    return run("minipixel.densities", lambda: experiment(words))


def experiment(words):
    settings = vars(parser().parse_args(words))
    name, folder = settings.pop("name"), settings.pop("out")
    try:
        EXPERIMENTS[name].run(Kept(folder, name, settings), **settings)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; what is finished is kept in {folder}, and the same command goes on") from None
    print(f"\nkept in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
