"""SGD with momentum, RMSProp (the paper's) and Adam: parameters are changed in place, slots carry the parameters' names."""

import numpy as np

from minipixel.backend import array_module


class Optimiser:
    """update(params, grads, rate) changes the live arrays; `slots` {"kind/name": array} is all that it remembers.

    The slots of a kind are views of one vector, and a step is computed on vectors of all parameters: a recurrent network
    has many small ones, and some ten calls for each of them would take a GPU as long as the network itself.
    """

    kinds = ()

    def __init__(self, params):
        ends = np.cumsum([value.size for value in params.values()])
        self.parts = {name: slice(end - value.size, end) for (name, value), end in zip(params.items(), ends.tolist())}
        first = next(iter(params.values()))
        self.memory = [array_module(first).zeros(int(ends[-1]), first.dtype) for _ in self.kinds]
        self.slots = {f"{kind}/{name}": vector[self.parts[name]].reshape(value.shape)
                      for kind, vector in zip(self.kinds, self.memory) for name, value in params.items()}

    def update(self, params, grads, rate, step):
        """One step; `step` counts from 1."""
        g = array_module(next(iter(grads.values()))).concatenate([grads[name].reshape(-1) for name in params])
        move = rate * self.direction(g, step, *self.memory)
        for name, value in params.items():
            value -= move[self.parts[name]].reshape(value.shape)


class SGD(Optimiser):
    """v = 0.9 v + g,  w -= rate v"""

    kinds = ("velocity",)

    def direction(self, g, step, v):
        v *= 0.9
        v += g
        return v


class RMSProp(Optimiser):
    """s = 0.95 s + 0.05 g^2,  w -= rate g / (sqrt(s) + 1e-8)        PixelRNN, section 5.2 (its constants are not given)"""

    kinds = ("square",)

    def direction(self, g, step, s):
        s *= 0.95
        s += 0.05 * g * g
        return g / (array_module(g).sqrt(s) + 1e-8)


class Adam(Optimiser):
    """m = 0.9 m + 0.1 g,  s = 0.999 s + 0.001 g^2,  w -= rate m^ / (sqrt(s^) + 1e-8), ^ without the zero start's bias

    Kingma and Ba 2015, Algorithm 1.
    """

    kinds = ("mean", "square")

    def direction(self, g, step, m, s):
        m *= 0.9
        m += 0.1 * g
        s *= 0.999
        s += 0.001 * g * g
        unbiased_m, unbiased_s = 1 - 0.9 ** step, 1 - 0.999 ** step
        return (m / unbiased_m) / (array_module(g).sqrt(s / unbiased_s) + 1e-8)


OPTIMISERS = {"adam": Adam, "rmsprop": RMSProp, "sgd": SGD}


def clip_norm(grads, limit):
    """Scale all gradients, in place, so that their common norm is at most `limit` (0: leave them)."""
    if limit:
        xp = array_module(next(iter(grads.values())))
        norm = xp.sqrt(sum((g * g).sum() for g in grads.values()))
        factor = xp.minimum(1.0, limit / (norm + 1e-12))
        for g in grads.values():
            g *= factor
