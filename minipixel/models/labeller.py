"""A labeller: a network that sees the whole image and gives each pixel a class. It has no order, and is no generative model."""

import numpy as np

from minipixel.backend import array_module, to_numpy
from minipixel.layers.heads import Softmax
from minipixel.models.base import Model


class Labeller(Model):
    """p(label of pixel ij | x), images x (N, H, W, C) of integers 0..levels-1, labels (N, H, W) of integers 0..classes-1.

    params, shards, threads      as those of every Model
    nll(x, labels)               -log p(labels | x) per image (N,), summed over its pixels in float64
    loss_and_grads(x, labels)    its mean per image, and {name: gradient}
    predict(x)                   log-probabilities (N, H, W, classes)
    """

    parts = 2       # of an example: images and labels

    def __init__(self, name, options, net, **sizes):
        super().__init__(name, options, net, **sizes)
        self.classes = options["classes"]
        self.head = Softmax(1, self.classes)
        self.require_whole_blocks(self.height, self.width)

    def nll(self, x, labels):
        """-log p(labels | x) of each image in nats: (N,) float64"""
        return self.nats(*self.checked_with(x, labels))

    def loss_and_grads(self, x, labels):
        """Mean nats per image (a float), and its gradient by parameter name"""
        return self.mean_nats_and_grads(*self.checked_with(x, labels))

    def predict(self, x):
        """log p(label of pixel ij = k | x) for every class k: (N, H, W, classes), on the host"""
        return super().predict(x)[..., 0, :]

    def checked(self, x):
        x = super().checked(x)
        self.require_whole_blocks(*x.shape[1:3])
        return x

    def require_whole_blocks(self, height, width):
        block = self.options["block"]
        if height % block or width % block:
            raise ValueError(f"{self.name} expects a height and a width in whole blocks of {block}, got {height} x {width}: "
                             "block=1 takes all sizes")

    def checked_with(self, x, labels):
        """The images, and their labels as the head wants them: (N, H, W, 1); ValueError when they are none of this model."""
        x = self.checked(x)
        labels = to_numpy(labels) if array_module(labels) is not np else np.asarray(labels)
        if labels.shape != x.shape[:3] or labels.dtype.kind not in "iu":
            raise ValueError(f"{self.name} expects integer labels of shape {x.shape[:3]}, "
                             f"got {labels.dtype} of shape {labels.shape}")
        if labels.min() < 0 or labels.max() >= self.classes:
            raise ValueError(f"{self.name} expects labels 0..{self.classes - 1}, "
                             f"got values from {labels.min()} to {labels.max()}")
        return x, labels[..., None]


def require_generative(model):
    """ValueError when the model has no order in which an image could be drawn."""
    if isinstance(model, Labeller):
        raise ValueError(f"{model.name} labels pixels and reads the whole image for it: it is no generative model, and there "
                         "is nothing to sample, to complete or to audit (minipixel eval gives its errors)")
