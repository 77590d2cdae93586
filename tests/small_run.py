"""A small training, some pictures, and what tests do to the files of a run."""

import json

import numpy as np
from PIL import Image

OPTIONS = ["--set", "layers=1", "h=4", "out=4", "batch=64"]
TRAIN = ["train", "pixelcnn", "--data", "digits", "--epochs", "1", *OPTIONS]


def pictures(folder, size=6, colour="RGB", count=8):
    """Random pictures; returns the folder's name."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        image = rng.integers(0, 256, (size, size, 3) if colour == "RGB" else (size, size), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder.name


def unfinish(run):
    """Make a finished run one whose training has just ended: `--resume` has its results to make."""
    (run / "results.json").unlink()


def configure(run, changes):
    """Change keys of config.json; None removes one."""
    config = json.loads((run / "config.json").read_text()) | changes
    config = {key: value for key, value in config.items() if value is not None or key not in changes}
    (run / "config.json").write_text(json.dumps(config))


def listing(folder):
    """{path: what tells a change} of everything in a folder."""
    stats = {path.relative_to(folder): path.lstat() for path in folder.rglob("*")}
    return {path: (stat.st_size, stat.st_mtime_ns, stat.st_ino) for path, stat in stats.items()}


def arrays(path):
    """{name: array} of an .npz file."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def same(one, other):
    """The same names in the same order, and the same bits."""
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def strict_json(text):
    """One line, one object, and no NaN or Infinity, which other programs would not read."""
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    assert text.count("\n") == 1
    return json.loads(text, parse_constant=refuse)
