"""What every layer is: live parameters under flat names, and three verbs."""

from math import inf

import numpy as np

from minipixel.backend import array_module, to_numpy


class Params(dict):
    """Flat, ordered {name: live array}. Assigning to a name copies into the live array, so that no layer is left behind."""

    def __setitem__(self, name, value):
        if name not in self:
            raise KeyError(f"unknown parameter {name!r}; there are {', '.join(self)}")
        live = self[name]
        shape = value.shape if hasattr(value, "shape") else np.shape(value)
        if live is not value and live.shape != shape:
            raise ValueError(f"parameter {name} expects shape {live.shape}, got {shape}")
        live[...] = value

    def update(self, *values, **named):
        for name, value in dict(*values, **named).items():
            self[name] = value

    def __ior__(self, values):
        self.update(values)
        return self

    def refused(self, *_):
        raise TypeError("a model's parameters can be changed; none can be added or taken away")

    __delitem__ = pop = popitem = clear = setdefault = refused

    def __reduce__(self):
        return Params, (dict(self),)


class Layer:
    """Parameters plus pairs; it keeps nothing of a call, so one layer may serve several threads at once.

        y, cache  = layer.forward(x)                 the whole image, x (N, H, W, C)
        dx, grads = layer.backward(dy, cache)        grads: {name: array} with exactly the names of `params`
        state     = layer.start(n, height, width)    what `step` needs to know of earlier pixels
        y_ij      = layer.step(x_ij, state, i, j)    one pixel of all n images, x_ij (n, C)

    `step` may be called several times at one (i, j), once for each colour: the last call counts. A layer with a finite `lag`
    takes the pixels of a front too, x_ij (n, A, C) with lists i, j (`order.fronts`).
    """

    params = Params()
    fixed = Params()    # what comes from data and is not trained, but saved with the params
    # Pixels of a shard of a batch: four MNIST images. Smaller ones spend their time between calls, larger ones leave the cache.
    shard = 3136
    lag = inf           # of the fronts that `step` takes; inf: one pixel at a time
    pointwise = False   # does y at a pixel depend on x at that pixel alone?

    def to(self, xp):
        """Move the layer's arrays to the array module `xp`, in place. Returns the layer."""
        raise NotImplementedError

    def split(self):
        """(trunk, tail): this layer as two in sequence, the second pointwise; what has no such end has an Identity there."""
        return self, Identity()

    def start(self, n, height, width, canvas=None):
        """State for `step`. `canvas` (n, H, W, C), if given, is the input itself: its owner writes the drawn values there."""
        return None

    def connections(self):
        """How many weights are in use for one pixel: the multiply-adds of a forward pass."""
        return 0

    def kept(self):
        """How many numbers a pixel the forward keeps for the backward."""
        return 0

    def first_not_finite(self, x):
        """The name of the first layer inside whose output for a finite x is not finite ("": this one); None if all are."""
        xp = array_module(x)
        return None if bool(to_numpy(xp.isfinite(self.forward(x)[0]).all())) else ""


class Identity(Layer):
    """y = x"""

    pointwise, lag = True, 0

    def to(self, xp):
        return self

    def forward(self, x):
        return x, None

    def backward(self, dy, cache):
        return dy, {}

    def step(self, x_ij, state, i, j):
        return x_ij
