"""A network's tail: where it begins, and that strips of it come to the same as the whole."""

import numpy as np
import pytest

from minipixel import build
from minipixel.layers import tail as module
from minipixel.layers.tail import tail_pass
from minipixel.models import LABELLERS, MODELS

NETS = sorted(set(MODELS) - {"multi-scale", "mcgsm"} | set(LABELLERS))
SMALL = {"layers": 1, "h": 3}
# The tail of each kind of model: everything after the last layer that reads other pixels.
TAILS = {"pixelcnn": ["output"], "pixelcnn-basic": ["output"], "row-lstm": ["output"], "diagonal-bilstm": ["output"],
         "spatial-lstm": ["logits"], "mdlstm": []}


def net(name, dtype="float64"):
    return build(name, height=4, width=4, colours=3, levels=4, dtype=dtype, **SMALL)


@pytest.mark.parametrize("name", NETS)
def test_trunk_and_tail_are_the_network(name):
    model = net(name)
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 3))
    trunk, tail = model.net.split()
    assert {key.split(".")[0] for key in tail.params} == set(TAILS[name])
    assert [*trunk.params, *tail.params] == list(model.params)
    z = trunk.forward(x)[0]
    np.testing.assert_array_equal(tail.forward(z)[0], model.net.forward(x)[0])
    changed = z.copy()
    changed[:, 2, 3] += 1
    differs = (tail.forward(changed)[0] != tail.forward(z)[0]).any(axis=-1)
    assert differs[:, 2, 3].all() and differs.sum() == len(x), "the tail reads other pixels"


@pytest.mark.parametrize("strip", [1, 5 * 12, 2 * 5 * 12, 10**6])
@pytest.mark.parametrize("name", NETS)
def test_strips_come_to_the_same_as_the_whole(name, strip, monkeypatch):
    model, rng = net(name), np.random.default_rng(0)
    labels = rng.integers(0, 4, (3, 4, 6, 1 if name in LABELLERS else 3))
    x = rng.standard_normal((3, 4, 6, 3))
    logits, cache = model.net.forward(x)
    nats, head_cache = model.head.forward(logits, labels)
    _, expected = model.net.backward(model.head.backward(np.full(3, 0.7), head_cache), cache)
    trunk, tail = model.net.split()
    z, cache = trunk.forward(x)
    monkeypatch.setattr(module, "STRIP", strip)
    total, dz, found = tail_pass(tail, model.head, z, labels, 0.7)
    found |= trunk.backward(dz, cache)[1]
    np.testing.assert_allclose(total, nats.sum(), rtol=1e-12)
    assert set(found) == set(expected)
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-9, atol=1e-12)
