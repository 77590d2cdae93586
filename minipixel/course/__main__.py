"""python -m minipixel.course [CHAPTERS]: print every chapter's source to its student notebook (default folder: chapters)."""

import sys
from pathlib import Path

from minipixel.command_line import Parser, run
from minipixel.course import press


def main(words=None):
    return run("minipixel.course", lambda: print_chapters(words))


def print_chapters(words):
    parser = Parser(prog="python -m minipixel.course", description=__doc__.partition(": ")[2])
    parser.add_argument("chapters", nargs="?", type=Path, default=Path("chapters"), help="the folder (default chapters)")
    for path, changed in press.print_chapters(parser.parse_args(words).chapters):
        print(f"{path}: {'printed' if changed else 'unchanged'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
