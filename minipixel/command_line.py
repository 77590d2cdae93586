"""What all command lines share: errors of one line and exit code 2, no abbreviations, a word for Ctrl-C."""

import argparse
import os
import sys


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line and no abbreviations."""

    def __init__(self, **words):
        super().__init__(**words, allow_abbrev=False)

    def error(self, message):
        raise ValueError(f"{message} (see {self.prog} --help)")


def run(program, action):
    """The exit code of a command: what action() returns, 2 after a mistake, 130 after Ctrl-C; a line says why."""
    if sys.stderr is None:      # closed: what is said there is heard by nobody
        sys.stderr = open(os.devnull, "w")
    try:
        return action()
    except (ValueError, OSError, MemoryError) as error:
        sentence = str(error) or ("not enough memory" if isinstance(error, MemoryError) else type(error).__name__)
        print(f"{program}: {' '.join(sentence.split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"{program}: {str(stop) or 'stopped'}", file=sys.stderr)
        return 130


def show(text):
    """Print to standard output; OSError when it goes to a full disk. A reader who has seen enough (`| head`) may leave."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = None
    except OSError as error:
        sys.stdout = None  # or Python would try once more at its end, and complain in its own words
        raise OSError(f"cannot write to standard output: {error.strerror}") from None
