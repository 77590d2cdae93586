"""Is a model causal, does its probability sum to one, is its likelihood believable? For anybody's function.

causality       changes every value of an image and looks which predictions move
normalisation   adds up the probability of every image of a tiny shape; joint_normalisation, of every pair of a small and
                a large one
likelihood      puts a figure beside the uniform model and a general compressor, and alarms at the unbelievable
"""

from minipixel.audit.causality import causality
from minipixel.audit.likelihood import likelihood
from minipixel.audit.normalisation import joint_normalisation, normalisation

__all__ = ["causality", "joint_normalisation", "likelihood", "normalisation"]
