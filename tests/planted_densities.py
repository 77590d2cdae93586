"""Density models with one mistake planted in each, and the laws that must refuse them."""

import laws
import model_laws
import numpy as np
from density_subjects import MODELS, Density, head_pair


class Spoilt(Density):
    """A density with one thing spoilt after it was built."""

    def __init__(self, spoil, name):
        right = MODELS[name]
        super().__init__(right.name, right.colours, right.levels, right.maps, right.kernels, **right.options)
        self.spoil = spoil

    def model(self, *args, **options):
        model = super().model(*args, **options)
        self.spoil(model)
        return model


def colours_apart(model):
    """Each colour as if those before it were not known: sums are one, and nothing leaks."""
    right, F = model.head.log_mass, model.head.F
    model.head.log_mass = lambda maps, v, edges, c: right(maps, v if c == 0 else maps[..., F:], edges, c)


def own_colour_read(model):
    """A colour's bins move with its own value."""
    right, F = model.head.log_mass, model.head.F
    model.head.log_mass = lambda maps, v, edges, c: right(
        np.concatenate([maps[..., :F], maps[..., F:] + 0.1 * v], axis=-1), v, edges, c)


def closed_ends(model):
    """The first and the last bin end where the levels do, not at infinity."""
    right = model.edges
    model.edges = lambda: np.clip(right(), -1 - 0.5 * model.bin, 1 + 0.5 * model.bin)


def edges_half_a_bin_off(model):
    right = model.edges
    model.edges = lambda: right() + 0.5 * model.bin


def steps_without_the_last_row(model):
    """The canvas that a step reads is one that nobody writes to."""
    right = model.network.start
    model.network.start = lambda n, height, width, canvas: right(n, height, width, canvas.copy())


def prediction_owed_nothing(model):
    """The head gives no gradient to what the network predicts."""
    right, F = model.head.backward, model.head.F

    def backward(dnats, cache):
        grads = right(dnats, cache)
        grads["maps"][..., F:] = 0
        return grads

    model.head.backward = backward


def determinant_forgotten(maps, v, **params):
    """log |det W| left out: every gradient stays right, and it is no density."""
    nats, cache = RGB.forward(maps, v, **params)
    one, _ = cache
    return nats + maps[..., 0].size / len(maps) * one.log_det(), cache


def first_column_left_free(dnats, cache):
    """The entry of L that is fixed is given a gradient."""
    grads = RGB.backward(dnats, cache)
    return grads | {"L": grads["L"] + np.eye(3)[0][:, None] * np.eye(3)[0]}


RGB = head_pair(3)


def planted_pair(forward=None, backward=None):
    pair = head_pair(3)
    pair.forward, pair.backward = forward or pair.forward, backward or pair.backward
    return pair


REFUSED = [
    (laws.equation, Spoilt(colours_apart, "mcgsm-rgb")), (model_laws.causal, Spoilt(colours_apart, "mcgsm-rgb")),
    (model_laws.causal, Spoilt(own_colour_read, "mcgsm")), (model_laws.sums_to_one, Spoilt(own_colour_read, "mcgsm")),
    (model_laws.sums_to_one, Spoilt(closed_ends, "mcgsm")), (laws.equation, Spoilt(edges_half_a_bin_off, "mcgsm")),
    (model_laws.steps, Spoilt(steps_without_the_last_row, "ride")),
    (laws.gradient, Spoilt(prediction_owed_nothing, "row-lstm-mcgsm")),
    (laws.equation, planted_pair(determinant_forgotten)), (laws.gradient, planted_pair(None, first_column_left_free)),
]
