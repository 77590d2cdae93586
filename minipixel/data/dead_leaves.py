"""Dead leaves: discs of random size, place and grey that lie on each other, as leaves on a forest's ground.

An image of occlusions alone, whose statistics resemble those of photographs and do not depend on the scale. It is made by
the published description: radii with density proportional to r^-3 between two cut-offs, centres anywhere, greys uniform,
each leaf on top of the one that fell before it. The papers' own files are not public: their cut-offs, sizes and greys
may differ, and so do figures.

Nothing is downloaded, and the images are the same everywhere: image k of the set depends on SEED and k.

Source: Lee, Mumford and Huang 2001, Occlusion models for natural images: a statistical study of a scale-invariant dead
leaves model; as a test of densities, Theis and Bethge 2015.
"""

import numpy as np

from .dataset import SPLITS, About, Dataset, check_integer

SIZE, LEVELS, SEED = 64, 256, 2012
SMALLEST, LARGEST = 2.0, 64.0               # the cut-offs of the radius, in pixels
COUNTS = {"train": 400, "validation": 50, "test": 50}
PAIRS, LEAVES = 1 << 17, 1 << 10            # (pixel, leaf) pairs compared at a time, and leaves of them

ABOUT = About("dead-leaves", f"{SIZE}x{SIZE}, or --size", "1", LEVELS, " / ".join(map(str, COUNTS.values())),
              "synthetic, drawn when it is loaded: discs that occlude each other, radii r^-3 (after Lee, Mumford and Huang)",
              "none: made here")


def load(size=None, smallest=SMALLEST, largest=LARGEST, colours=1):
    """The set, drawn anew: 400 / 50 / 50 images of size x size (64), 256 levels; the other settings are those of `generate`."""
    size = SIZE if size is None else size
    check_integer("size", size, 1, 1024)
    check_integer("colours", colours, 1, 3)
    images = np.stack([generate(size, np.random.default_rng([SEED, k]), smallest, largest, colours)
                       for k in range(sum(COUNTS.values()))])
    cuts = np.cumsum(list(COUNTS.values()))[:-1]
    return Dataset(ABOUT.name, **dict(zip(SPLITS, np.split(images, cuts), strict=True)), levels=LEVELS,
                   source=f"discs with radii r^-3 from {smallest:g} to {largest:g} pixels, "
                          f"uniform {'greys' if colours == 1 else 'colours'}, seed {SEED}")


def generate(size, rng, smallest=SMALLEST, largest=LARGEST, colours=1):
    """One image: uint8 (size, size, colours), each leaf of one grey, or of one number for each colour.

    smallest, largest: the scale, the cut-offs of the radius in pixels. ValueError unless 0 < smallest < largest.

    Seen from above, a pixel has the grey of the first leaf over it: leaves are drawn from the top down, until none of the
    ground is to be seen. So the image is exactly that of infinitely many leaves.
    """
    if not 0 < smallest < largest < np.inf:
        raise ValueError(f"dead leaves expect radii with 0 < smallest < largest, got {smallest} and {largest}")
    image, open_pixels = np.zeros((size * size, colours), np.uint8), np.arange(size * size)
    while len(open_pixels):
        r, row, column = leaves(min(LEAVES, 1 + PAIRS // len(open_pixels)), size, smallest, largest, rng)
        grey = rng.integers(0, LEVELS, (len(r), colours), dtype=np.uint8)
        i, j = np.divmod(open_pixels[:, None], size)
        over = (i + 0.5 - row) ** 2 + (j + 0.5 - column) ** 2 <= r * r
        first = over.argmax(axis=1)
        covered = over[np.arange(len(over)), first]
        image[open_pixels[covered]] = grey[first[covered]]
        open_pixels = open_pixels[~covered]
    return image.reshape(size, size, colours)


def leaves(n, size, smallest, largest, rng):
    """Radius and centre of n leaves, of those whose bounding square meets the image: (n,) each.

    Of all leaves in the plane, the share with radius r that meet the image grows with (size + 2 r)^2. Among these the
    radius has density proportional to r^-3 (size + 2 r)^2 = size^2 r^-3 + 4 size r^-2 + 4 r^-1: a mixture of three laws,
    each drawn by the inverse of its distribution function.
    """
    a, b = smallest, largest
    weights = np.array([size**2 * (a**-2 - b**-2) / 2, 4 * size * (1 / a - 1 / b), 4 * np.log(b / a)])
    law, u = rng.choice(3, n, p=weights / weights.sum()), rng.random(n)
    r = np.choose(law, [(a**-2 - u * (a**-2 - b**-2)) ** -0.5, 1 / (1 / a - u * (1 / a - 1 / b)), a * (b / a) ** u])
    row, column = -r + (size + 2 * r) * rng.random((2, n))
    return r, row, column
