"""SGD with momentum, RMSProp (the paper's) and Adam: parameters are changed in place, slots carry the parameters' names."""

from minipixel.backend import array_module


class Optimiser:
    """update(params, grads, rate) changes the live arrays; `slots` {"kind/name": array} is all that it remembers.

    The slots of a kind are views of one vector, and a step is computed on vectors of all parameters: a recurrent network
    has many small ones, and some ten calls for each of them would take a GPU as long as the network itself.
    """

    kinds = ()

    def __init__(self, params):
        vector = flat(params)
        self.memory = [array_module(vector).zeros_like(vector) for _ in self.kinds]
        self.slots = {f"{kind}/{name}": part for kind, vector in zip(self.kinds, self.memory)
                      for name, part in zip(params, views(vector, params))}

    def update(self, params, grads, rate, step):
        """One step; `step` counts from 1."""
        g = flat({name: grads[name] for name in params})
        move = rate * self.direction(g, step, *self.memory)
        for value, part in zip(params.values(), views(move, params)):
            value -= part


def flat(params):
    """All parameters one after the other, in one new vector."""
    values = list(params.values())
    return array_module(values[0]).concatenate([value.reshape(-1) for value in values])


def views(vector, params):
    """Views of each parameter's part in such a vector, in its shape."""
    start = 0
    for value in params.values():
        yield vector[start:start + value.size].reshape(value.shape)
        start += value.size


def average(averaged, params, keep):
    """averaged = keep averaged + (1 - keep) params, in place"""
    move = (1 - keep) * (flat(params) - flat(averaged))
    for value, part in zip(averaged.values(), views(move, averaged)):
        value += part


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
        norm = xp.sqrt((flat(grads) ** 2).sum())
        factor = xp.minimum(1.0, limit / (norm + 1e-12))
        for g in grads.values():
            g *= factor
