"""Experiments on densities, a file each: `python -m minipixel.densities NAME` runs one, and goes on where it was killed.

    recovery     a known MCGSM, from its samples
    comparison   one Gaussian, a GSM, a mixture and an MCGSM on dead leaves and photographs
    scales       photographs from coarse to fine, or all at once
    patches      BSDS300 in 63 dimensions: 8x8 patches, an MCGSM for each pixel
    kept         what an experiment has finished, in its folder
    photographs  BSDS300's photographs whole, in squares, in patches

An experiment is `run(kept, **settings)`: it prints its table and returns its result. The defaults of `run` are the settings of
a full run, and the options of the command line. Seeds are fixed.
"""
