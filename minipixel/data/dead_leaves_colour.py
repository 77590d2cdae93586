"""Dead leaves in colour: each leaf has a red, a green and a blue of its own."""

from dataclasses import replace

from . import dead_leaves

ABOUT = dead_leaves.ABOUT._replace(name="dead-leaves-colour", colours="3")


def load(size=None):
    """dead_leaves.load in three colours: images of other leaves, since more numbers are drawn for each."""
    return replace(dead_leaves.load(size, colours=3), name=ABOUT.name)
