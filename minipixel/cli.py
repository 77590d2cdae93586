"""The command line: the arguments of each command, and what a user's mistake looks like (one line, exit code 2)."""

import argparse
import json
import os
import shutil
import sys
import warnings
from contextlib import contextmanager, redirect_stdout

from minipixel.command_line import Parser, run, show
from minipixel.commands import COMMANDS


def parser():
    top = Parser(prog="minipixel", description="Autoregressive image models from scratch: train, evaluate, sample, prove.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    add = commands.add_parser

    add_train(add)
    add_eval(add)

    sample = add("sample", help="draw images from a run")
    sample.add_argument("run", metavar="RUN")
    sample.add_argument("-n", type=int, default=16, help="how many (default 16)")
    sample.add_argument("--size", type=int, help="height and width of the images (default: those of the images trained on)")
    add_drawing_options(sample, "samples.png")

    complete = add("complete", help="complete occluded images")
    complete.add_argument("run", metavar="RUN")
    complete.add_argument("--data", help="data to take test images from (default: the run's own)")
    complete.add_argument("--size", type=int, help="other height and width of the images, where the data take one")
    complete.add_argument("--keep", type=float, default=0.5, help="the part of the rows that stays, from the top (default 0.5)")
    complete.add_argument("-n", type=int, default=8, help="how many images (default 8)")
    add_drawing_options(complete, "completions.png")

    audit = add("audit", help="prove a model causal and normalised, or show where it leaks")
    audit.add_argument("target", metavar="RUN | MODEL | FILE.py:FUNCTION")
    audit.add_argument("--shape", metavar="HxWxC", help="images to audit on (default 8x8, of a RUN above 20 levels 5x5)")
    audit.add_argument("--levels", type=int, help="levels of a value (default: the model's, or 2)")
    audit.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", action="extend",
                       help="of a MODEL: its options (layers=2 context=paper)")
    audit.add_argument("--seed", type=seed, default=0, help="decides the images, and a MODEL's weights (default 0)")
    audit.add_argument("--out", metavar="FILE.png", help="also draw the dependency map")

    check = add("check", help="judge the exercises of a chapter")
    check.add_argument("files", nargs="+", metavar="NOTEBOOK.ipynb | FILE.py | FOLDER",
                       help="of several, or of all in a FOLDER, a table follows their verdicts")

    add("models", help="the models there are")
    add("data", help="the data there are")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    return top


def add_train(add):
    train = add("train", help="train a model, or go on with a run")
    train.add_argument("model", nargs="?", help="a row of `minipixel models`")
    train.add_argument("--data", help="a row of `minipixel data`, or a folder of pictures")
    train.add_argument("--resume", metavar="RUN", help="go on with a run folder; needs nothing else")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, help="passes over the training images (default 10, more below 1,000 steps); "
                        "of a density in stages: of each stage (default 1); of one that L-BFGS fits: iterations")
    length.add_argument("--minutes", type=float, help="training time, over all resumes")
    train.add_argument("--levels", type=int, help="fewer levels than the data have, by quantising")
    train.add_argument("--size", type=int, help="height and width of the images made of a folder, of bsds300 or dead-leaves")
    train.add_argument("--grey", action="store_true", default=None, help="take images in colour in grey")
    train.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", action="extend",
                       help="options of the model (layers=7 h=32) and of the training (batch=16 rate=2e-3 optimiser=adam ...)")
    train.add_argument("--seed", type=seed, help="decides the first weights and the order of the images (default 0)")
    train.add_argument("--start", metavar="RUN", help="begin with the weights of a run: of the same model, or of a density "
                       "with fewer layers")
    train.add_argument("--out", metavar="RUN", help="the run folder (default runs/<model>-<data>-<number>)")
    add_machine_options(train)
    train.set_defaults(device=None)     # of a run that goes on: where it was


def add_eval(add):
    evaluate = add("eval", help="likelihood of a run on a split, beside two baselines")
    evaluate.add_argument("run", metavar="RUN")
    evaluate.add_argument("--data", help="other data than the run's own")
    evaluate.add_argument("--size", type=int, help="other height and width of the images, where the data take one")
    evaluate.add_argument("--frame", type=int, help="of a density: pixels along each border that its rate (bit/px) leaves out "
                          "(default: those whose neighbourhood is cut)")
    evaluate.add_argument("--ensemble", action="store_true", help="of a density: the mean over mirrored and transposed images")
    evaluate.add_argument("--against", metavar="RUN", help="another run: how much worse is it on the same images?")
    evaluate.add_argument("--split", choices=("train", "validation", "test", "all"), default="test",
                          help="which images (default test); all: of other data, every one")
    add_machine_options(evaluate)


def seed(word):
    """The type of --seed."""
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"expects a whole number of at least 0, got {word!r}")
    return int(word)


def add_machine_options(command):
    command.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="(default cpu; gpu needs CuPy)")
    command.add_argument("--threads", type=int, help="threads (default: all cores); results do not depend on it")


def add_drawing_options(command, out):
    command.add_argument("--seed", type=seed, default=0, help="decides what is drawn (default 0)")
    command.add_argument("--temperature", type=float, default=1.0, help="below 1: likelier images than its own (default 1)")
    command.add_argument("--out", metavar="FILE.png", default=out, help=f"the picture (default {out})")
    add_machine_options(command)


def main(argv=None):
    """Run a command; the exit code: 0 well done, 1 an audit or a check that failed, 2 a mistake, 130 stopped by Ctrl-C."""
    return run("minipixel", lambda: command(argv))


def page():
    """The width of the terminal; None where the text goes elsewhere, line by line."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


@contextmanager
def quiet_output():
    """Inside, what goes to standard output goes to standard error, in whatever way: the result alone is for the former."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:     # one of them is closed
        kept = None
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def command(argv):
    arguments = parser().parse_args(argv)
    arguments.page = page()
    # Overflow has its own sentence.
    with quiet_output(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = COMMANDS[arguments.command](arguments)
    show(json.dumps(result.values) if arguments.json else result.text)
    return result.exit_code
