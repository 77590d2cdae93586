"""The laws for what has several dimensions or sees the whole map: all but those of causality and of steps, which it has not."""

import laws
import numpy as np
import pytest
from cupy_standin import forbid_copies, launches, standin
from device_law import HOST, Place, differences, host, pairs
from md_subjects import LAYERS, PAIRS, device_layers, device_pairs, labelled, labeller

from minipixel.backend import device_module

FOR_ALL = (laws.gradient, laws.equation, laws.torch, laws.alone, laws.pure, laws.dtype, laws.layout)

TABLE = [pytest.param(law, subject, id=f"{law.__name__}: {kind} {name}")
         for kind, subjects in (("pair", PAIRS), ("layer", LAYERS)) for name, subject in subjects.items() for law in FOR_ALL]


@pytest.mark.parametrize(("law", "subject"), TABLE)
def test_law(law, subject):
    law(subject)


@pytest.mark.parametrize("name", ["mdrnn-2", "mdlstm-2", "mdlstm-stable-2"])
def test_a_wrong_shape_is_refused(name):
    laws.message(LAYERS[name])


# ---- the device law

DEVICE = Place("gpu", hot=forbid_copies, calls=lambda: forbid_copies(but_door=True))


def pair_on(place, name, dtype):
    rng = np.random.default_rng(1)
    arguments = [place.up(a) if isinstance(a, np.ndarray) else a
                 for a in device_pairs(lambda *shape: rng.standard_normal(shape).astype(dtype))[name]]
    forward, backward = pairs()[name]
    with place.hot():
        (h, s), cache = forward(*arguments)
        grads = backward((h, s), cache)
    return host({"h": h, "s": s, **grads})


def layer_on(place, name, dtype):
    layer, x = device_layers(dtype)[name]
    layer.to(device_module(place.device))
    x = place.up(x)
    layer.backward(*layer.forward(x))  # places in the map are brought there once
    with place.hot():
        y, cache = layer.forward(x)
        dx, grads = layer.backward(y, cache)
    return host({"y": y, "dx": dx, **grads})


def model_on(place, cell, dtype):
    model, (x, labels) = labeller(place.device, dtype, layers=2, cell=cell, clip_deltas=cell == "mdlstm"), labelled()
    with place.calls():
        loss, grads = model.loss_and_grads(x, labels)
        return host({"nll": model.nll(x, labels), "predict": model.predict(x), "loss": np.asarray(loss), **grads})


CASES = [(case, name) for case, names in ((pair_on, ("mdrnn", "mdlstm", "mdlstm_stable")),
                                          (layer_on, device_layers(np.float64)),
                                          (model_on, ("mdlstm", "mdlstm-stable", "mdrnn"))) for name in names]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("case", "name"), CASES)
def test_the_device_gives_numpys_numbers_without_hidden_copies(case, name, dtype):
    with standin():
        found = case(DEVICE, name, dtype)
        assert launches() > 0
    errors = differences(found, case(HOST, name, dtype))
    assert max(errors.values()) < (1e-12 if dtype == np.float64 else 1e-5), errors
