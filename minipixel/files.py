"""Files that are whole or not there: written beside their place and renamed into it."""

import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def replacing(path):
    """A path beside `path` to write to; renamed to `path` when the block ends well, removed when it does not.

    OSError naming `path` when it cannot be written (a full disk, a folder that is read only).
    """
    path = Path(path)
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)


def remove_leftovers(folder):
    """Remove what writers that were killed have left beside their files, which have been written since."""
    for path in Path(folder).glob(".*.*.*"):
        parts = re.fullmatch(r"\.(.+)\.\d+(\.\w+)", path.name)
        if parts and path.with_name(parts[1] + parts[2]).exists():
            path.unlink(missing_ok=True)


def write_json(path, value):
    with replacing(path) as beside:
        beside.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def read_json(path):
    """The JSON value in a file; ValueError naming the file when it is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from None


def read_arrays(path):
    """{name: array} of an .npz file, never with pickle; ValueError when it is broken."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in file.files}
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each have their own words for a broken file
        raise ValueError(f"{path} is broken or not an .npz file of arrays: {error}".splitlines()[0]) from None


def write_arrays(path, arrays):
    with replacing(path) as beside:
        np.savez(beside, **arrays)
