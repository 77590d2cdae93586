"""Is a likelihood believable? A figure is put on a scale between what cannot be so low and what need not be so high.

The scale is set by the test images themselves: the uniform model (log2 K bits per dimension) and LZMA, a general
compressor that knows nothing of pictures and learns from what it reads: of few images little, and then its limits are lower in
proportion. Good image models need about half of what LZMA needs: 0.54 on binarized MNIST (79.2 nats), 0.50 on CIFAR-10 (3.0
bits/dim).
"""

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from minipixel.units import bits_per_dim

ENOUGH = 1 << 16        # bytes of images: of fewer, LZMA's figure says less
IMPOSSIBLE = 0.25       # of LZMA's bits: below this something is wrong
PLAUSIBLE = 0.4         # of LZMA's bits: the best reported on CIFAR-10, about 2.5 bits/dim, is 0.41


@dataclass(frozen=True)
class Likelihood:
    """The result of `audit.likelihood`: the figure in both units, the scale, and the alarms (none is well)."""
    nats: float
    se: float | None
    bits: float
    se_bits: float | None
    uniform: float
    lzma: float
    weight: float       # of LZMA's limits, below 1 where there are few images
    readings: list
    alarms: list

    @property
    def ok(self):
        """No alarm."""
        return not self.alarms

    def __str__(self):
        error = "" if self.se is None else f" +- {self.se:.2f}"
        error_bits = "" if self.se is None else f" +- {self.se_bits:.4f}"
        part = f"of LZMA{'' if self.weight == 1 else f', times {self.weight:.2g}: these are few images'}"
        impossible, plausible = limits(self.lzma, self.weight)
        rows = [("figure", f"{self.nats:.2f}{error} nats per image = {self.bits:.4f}{error_bits} bits/dim"),
                ("uniform model", f"{self.uniform:.4f} bits/dim: alarm above"),
                ("LZMA, same images", f"{self.lzma:.4f} bits/dim"),
                ("twin limit", f"{plausible:.4f} bits/dim ({PLAUSIBLE} {part}): below, or above uniform, a figure is read in "
                               "other units"),
                ("impossible limit", f"{impossible:.4f} bits/dim ({IMPOSSIBLE} {part}): alarm below"),
                *(("ALARM", text) for text in self.alarms)]
        if self.ok:
            rows.append(("verdict", "no alarm"))
        return "\n".join(f"{name:<17}   {text}" for name, text in rows)


def likelihood(nats, images, levels, se=None, uniform=None):
    """Put a test figure, `nats` per image with standard error `se`, beside what the same test images allow.

    images (N, H, W, C), integers 0..levels-1: the very images that the figure was measured on. Alarms when the figure
    is worse than uniform, when it is below a quarter of LZMA's bits, and when it is itself not plausible but would be
    in another unit: its nats/bits twin, a figure per pixel or per dimension quoted as one per image, a sum over all
    images. Plausible means from 0.4 of LZMA's bits up to the uniform model's; of images of fewer than 64 kB both of LZMA's
    limits are lower in proportion. A wrong unit that lands inside this range looks like any honest figure and cannot be
    told. uniform: what the uniform model needs when it is counted in the same way, in bits per dimension; None: log2 of the
    levels, above which that of an upper bound may be. Returns a `Likelihood`. ValueError for a figure that is no finite
    number, and for images that are not integers of these levels.
    """
    images = np.asarray(images)
    if not isinstance(nats, Real) or not math.isfinite(nats):
        raise ValueError(f"likelihood expects nats per image, a finite number, got {nats!r}")
    if se is not None and (not isinstance(se, Real) or not 0 <= se < math.inf):
        raise ValueError(f"likelihood expects se, the standard error of the nats, a finite number from 0 on, got {se!r}")
    if not isinstance(levels, Integral) or levels < 2:
        raise ValueError(f"likelihood expects levels, a whole number of at least 2, got {levels!r}")
    if images.ndim != 4 or images.size == 0 or images.dtype.kind not in "iu":
        raise ValueError(f"likelihood expects integer images (N, H, W, C), got {images.dtype} of shape {images.shape}")
    if images.min() < 0 or images.max() >= levels:
        raise ValueError(f"likelihood expects images of levels 0..{levels - 1}, got {images.min()}..{images.max()}")
    shape = images.shape[1:]
    bits, lzma = bits_per_dim(nats, shape), min(lzma_bits(images, levels), math.log2(levels))   # few small images: its frame
    uniform = math.log2(levels) if uniform is None else uniform
    weight = min(1.0, images.size * level_bits(levels) / 8 / ENOUGH)
    impossible, plausible = limits(lzma, weight)
    readings = []
    if not plausible <= bits <= uniform:
        readings = [(name, value) for name, value in _readings(nats, bits, images.shape) if plausible <= value <= uniform]
    alarms = []
    if bits > uniform * (1 + 1e-6):     # the uniform model itself, in float32, is no alarm
        others = "; ".join(f"{name}, {value:.4f}" for name, value in readings)
        alarms.append(f"worse than the uniform model: {bits:.4f} bits/dim against {uniform:.4f}: hardly trained"
                      + (f", or a wrong unit ({others})" if others else ""))
    if bits < impossible:
        alarms.append(f"too good to be true: {bits:.4f} bits/dim is {bits / lzma:.3f} of LZMA's; run audit.causality")
    if bits < plausible:
        alarms += [f"wrong unit? {bits:.4g} bits/dim is not plausible; {name}, {value:.4f} is" for name, value in readings]
    return Likelihood(nats, se, bits, None if se is None else bits_per_dim(se, shape), uniform, lzma, weight, readings,
                      alarms)


def limits(lzma, weight):
    """Bits per dimension below which a figure is impossible, and below which it is not plausible."""
    return IMPOSSIBLE * weight * lzma, PLAUSIBLE * weight * lzma


def _readings(number, bits, shape):
    """What `number`, given as nats per image, would be in bits per dimension, had it been something else."""
    count, colours, ln2 = shape[0], shape[3], math.log(2)
    yield "if it is bits per image (the bits twin)", bits * ln2
    yield "if the bits/dim are really nats per dimension (the nats twin)", bits / ln2
    yield "if it is nats per dimension", number / ln2
    yield "if it is bits per dimension", number
    if colours > 1:
        yield "if it is nats per pixel", number / (colours * ln2)
        yield "if it is bits per pixel", number / colours
    if count > 1:
        yield f"if it is the sum over all {count:,} images", bits / count


def level_bits(levels):
    """Bits that hold a level."""
    return max(1, (levels - 1).bit_length())


def lzma_bits(images, levels):
    """Bits per dimension that LZMA2 needs for these images, as bytes or with the levels packed: the smaller."""
    import lzma  # not in every Python (a browser's, for one)

    width = level_bits(levels)
    data = images.astype(np.uint8 if levels <= 256 else np.uint16)
    bytes_high_first = data.astype(data.dtype.newbyteorder(">")).reshape(-1, 1).view(np.uint8)
    packed = np.packbits(np.unpackbits(bytes_high_first, axis=1)[:, -width:])
    forms = [data.tobytes(), packed.tobytes()] if width % 8 else [data.tobytes()]
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
    return 8 * min(len(lzma.compress(form, format=lzma.FORMAT_RAW, filters=filters)) for form in forms) / images.size
