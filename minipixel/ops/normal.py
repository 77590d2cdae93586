"""The normal distribution function, without cancellation in its tails, by NumPy or CuPy alone.

SciPy's would do on a CPU, but neither a browser nor a GPU has it; this is one formula for all three, with the same numbers.
"""

from minipixel.backend import array_module

# erfc(x) exp(x^2) / t as a polynomial in 2t - 1, where t = 1 / (1 + x/2): 25 coefficients of its Chebyshev interpolation,
# relative error below 1e-14 for every x >= 0.
ERFC = (
    0.510791352621011, 0.3435803422069121, 0.13973604627815153, 0.018221115752736324, -0.010755330951138984,
    -0.003239592512354645, 0.0015453061631619108, 0.000418647735039711, -0.00033153818535263025, -1.7183501427287215e-05,
    7.224430974642616e-05, -1.708442159763804e-05, -1.088285738768048e-05, 8.088942592058832e-06, -4.754100709228434e-07,
    -1.8747280338553618e-06, 8.574345060213596e-07, 6.219247440122612e-08, -1.3422749548412615e-07, 1.1578507371096542e-07,
    -9.806402139671351e-08, -3.742663545765018e-08, 5.995446264421888e-08, 4.088281325479973e-09, -1.1178634342683022e-08)


def normal_masses(z):
    """Phi(z_k+1) - Phi(z_k), with Phi the standard normal distribution function: z (K + 1, ...) rising  ->  (K, ...)

    The ends may be infinite. Each is asked for its own tail, to its left or its right, so that a small mass far out is never
    1 - 1; only where two ends lie on either side of zero is something taken from one.
    """
    xp = array_module(z)
    tail, right = normal_cdf(-xp.abs(z)), z > 0
    return xp.where(right[:-1] == right[1:], xp.abs(tail[1:] - tail[:-1]), 1 - tail[:-1] - tail[1:])


def normal_cdf(z):
    """Phi(z) = erfc(-z / sqrt 2) / 2, of any shape"""
    half = 0.5 * erfc_of_positive(abs(z) * 0.5 ** 0.5)
    return array_module(z).where(z < 0, half, 1 - half)


def erfc_of_positive(x):
    """erfc(x) = 2 / sqrt(pi) int_x^inf exp(-s^2) ds,   x >= 0"""
    xp = array_module(x)
    t = 1 / (1 + 0.5 * x)
    place, polynomial = 2 * t - 1, xp.full_like(t, ERFC[-1])
    for coefficient in ERFC[-2::-1]:
        polynomial *= place
        polynomial += coefficient
    return xp.exp(-x * x) * t * polynomial
