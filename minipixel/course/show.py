"""Figures in a notebook."""

from pathlib import Path
from tempfile import TemporaryDirectory


def show(plot, *arguments, **options):
    """Draw with a function of `plots`, which takes its arguments and then a path, and return the picture for display."""
    from IPython.display import Image

    with TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        plot(*arguments, path, **options)
        return Image(data=path.read_bytes())
