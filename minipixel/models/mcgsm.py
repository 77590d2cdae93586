"""The mixture of conditional Gaussian scale mixtures on images (Theis, Hosseini and Bethge 2012).

    causal window of `size` x `size` pixels           D = (size^2 - 1) / 2 neighbours, C colours each
    conditional whitening, from data                  -> D C inputs without correlation, and a linear prediction
    MCGSM: `components`, each with `scales`           -> a mixture of components x scales Gaussians for the pixel
    and weights of `features` that all share

The papers' sizes: windows of 9 (40 neighbours, grey) with 32 components, 4 scales and 32 features as the baseline of Theis and
Bethge 2015. The fit is by L-BFGS on random pixels (training/fit.py), or by steps on images where `optimiser` says so.
"""

from minipixel.densities.doors import check_size
from minipixel.layers import Fixed, MaskedConv
from minipixel.layers.compose import Composite
from minipixel.layers.density_head import MCGSMHead


def mcgsm(colours, units, *, rng, dtype, size=9, components=8, scales=4, features=32):
    """MCGSM of the pixels of a causal window, whitened (Theis, Hosseini and Bethge 2012).

    size: of the window, odd (5, 7, 9: 12, 24, 40 neighbours); components, scales, features: of the mixture.
    """
    whitening = neighbourhood(colours, size, rng, dtype)
    head = MCGSMHead(whitening.layer.F - colours, colours, components, scales, features, rng=rng, dtype=dtype)
    return Composite({"network": whitening, "head": head})


def neighbourhood(colours, size, rng, dtype):
    """The causal window as maps [D C whitened values | C predicted colours]: a convolution whose weights come from data."""
    check_size("option size", size, 3, odd=True)
    inputs = (size * size - 1) // 2 * colours
    # One group of colours: nothing is read of the pixel itself, whose colours are one vector.
    return Fixed(MaskedConv(colours, inputs + colours, size, "A", 1, rng=rng, dtype=dtype, gain=1.0))
