"""Images from coarse to fine: the Haar split, and a field for each of its scales.

A 2x2 block becomes one low-pass coefficient and three high-pass ones, by an orthonormal matrix: densities of images and of
coefficients are equal, the log-determinant is zero. The low-pass image is split again. The coarsest one is a field of its own;
each scale's high-pass coefficients, three to a place, are a field beside the low-pass image of that scale.

Source: Theis, Hosseini and Bethge 2012, Mixtures of conditional Gaussian scale mixtures applied to multiscale image
representations.
"""

import numpy as np

from minipixel.densities.dequantised import Dequantised
from minipixel.densities.doors import check_size
from minipixel.densities.field import Field
from minipixel.densities.whitening import below

# Rows: low-pass; differences of columns, of rows, of diagonals. Columns: the block's pixels, row by row. Symmetric.
HAAR = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def split(v):
    """v (N, H, W, C) with even H, W  ->  low (N, H/2, W/2, C), high (N, H/2, W/2, 3 C), units (difference, colour)"""
    N, H, W, C = v.shape
    blocks = v.reshape(N, H // 2, 2, W // 2, 2, C).transpose(0, 1, 3, 2, 4, 5).reshape(N, H // 2, W // 2, 4, C)
    coefficients = HAAR @ blocks
    return coefficients[..., 0, :], coefficients[..., 1:, :].reshape(N, H // 2, W // 2, 3 * C)


def join(low, high):
    """The inverse of `split`."""
    N, H, W, C = low.shape
    blocks = HAAR @ np.concatenate([low[..., None, :], high.reshape(N, H, W, 3, C)], axis=3)
    return blocks.reshape(N, H, W, 2, 2, C).transpose(0, 1, 3, 2, 4, 5).reshape(N, 2 * H, 2 * W, C)


class Multiscale(Dequantised):
    """log p(image) = log p(coarsest low-pass) + sum over scales of log p(high-pass | low-pass)

    splits: how often 2x2 blocks are split; size: the causal window, of pixels in the coarsest image and of coefficients in the
    others; around: the window in the low-pass image; options: of the MCGSMs. Height and width divide by 2^splits.
    """

    def __init__(self, colours=1, levels=256, splits=2, size=5, around=5, **options):
        super().__init__(colours, levels)
        check_size("splits", splits)
        self.coarsest = Field(colours, size, **options)
        self.fields = [Field(3 * colours, size, colours, around, **options) for _ in range(splits)]

    def scales(self, v):
        """From fine to coarse (field, y, context): each scale's high-pass beside its low-pass, then the coarsest image."""
        edge = 2 ** len(self.fields)
        if v.shape[1] % edge or v.shape[2] % edge:
            raise ValueError(f"Multiscale with {len(self.fields)} splits expects height and width that divide by {edge}, "
                             f"got {v.shape[1]}x{v.shape[2]}")
        found = []
        for field in self.fields:
            v, high = split(v)
            found.append((field, high, v))
        return [*found, (self.coarsest, v, None)]

    def roomy(self, v):
        """The same; ValueError where a scale has no place whose neighbours all lie inside."""
        found = self.scales(v)
        for field, y, _ in found:
            try:
                field.pixels_inside(*y.shape[1:3])
            except ValueError as error:
                raise ValueError(f"Multiscale with {len(self.fields)} splits, images of {v.shape[1]}x{v.shape[2]}: "
                                 f"{error}") from None
        return found

    def fit(self, images, validation=None, *, rng=0, **options):
        """Fit every field, fine to coarse; options: of `Field.fit`. Returns the histories, in this order."""
        rng, histories = np.random.default_rng(rng), []
        self.centre(images)
        pairs = [None] * (len(self.fields) + 1)
        if validation is not None:
            pairs = [(y, context) for _, y, context in self.roomy(self.values(validation, rng))]
        for (field, y, context), pair in zip(self.roomy(self.values(images, rng)), pairs, strict=True):
            histories.append(field.fit(y, context, pair, rng=rng, **options))
        return histories

    def log_v(self, v):
        return sum(field.log_p(y, context) for field, y, context in self.scales(v))

    def inside_v(self, v):
        # A pixel of a low-pass image stands for four pixels of the image before it.
        scales = self.roomy(v)
        shares = [0.25 ** min(k, len(self.fields)) for k in range(1, len(scales) + 1)]
        return sum(share * field.log_p(y, context, whole=False).mean() / field.pixels_inside(*y.shape[1:3])
                   for share, (field, y, context) in zip(shares, scales, strict=True))

    def sample(self, n, height, width, rng=0):
        """n images (n, height, width, C) of integers, coarse to fine."""
        for what, size in (("the number of samples", n), ("height", height), ("width", width)):
            check_size(what, size)
        rng, edge = np.random.default_rng(rng), 2 ** len(self.fields)
        if height % edge or width % edge:
            raise ValueError(f"Multiscale with {len(self.fields)} splits expects height and width that divide by {edge}, "
                             f"got {height}x{width}")
        low, high = (edge * limit for limit in self.limits)  # a split doubles the scale of the low-pass image
        v = self.coarsest.sample(n, height // edge, width // edge, rng, limits=(low, high))
        for field in self.fields[::-1]:
            low, high = low / 2, high / 2
            v = np.clip(join(v, field.sample(n, *v.shape[1:3], rng, v)), low, high)
        return self.images(v)

    def arrays(self):
        found = super().arrays() | {"splits": np.array(len(self.fields))}
        for where, field in [("coarsest", self.coarsest), *enumerate(self.fields)]:
            found |= {f"{where}.{name}": value for name, value in field.arrays().items()}
        return found

    @classmethod
    def from_arrays(cls, arrays):
        splits = int(arrays["splits"])
        model = cls(int(arrays["colours"]), int(arrays["levels"]), splits)
        model.coarsest = Field.from_arrays(below("coarsest", arrays))
        model.fields = [Field.from_arrays(below(str(k), arrays)) for k in range(splits)]
        model.mean = arrays["mean"]
        return model
