"""build, and what a model does around its network. The laws of models: test_laws.py."""

from contextlib import nullcontext
from copy import deepcopy

import numpy as np
import pytest
from subjects import predictions

from minipixel import build, memory
from minipixel.layers import ReLU
from minipixel.models import MODELS, options_of

SIZES = {"height": 5, "width": 4}


def small(name="pixelcnn", **changes):
    options = {option: value for option, value in {"layers": 1, "h": 4, "out": 5}.items() if option in options_of(name)}
    return build(name, **{**SIZES, "levels": 3, "dtype": "float64", **options, **changes})


def images(n=3, levels=3, colours=1):
    return np.random.default_rng(0).integers(0, levels, (n, 5, 4, colours))


@pytest.mark.parametrize(("name", "changes", "says"), [
    ("pixelcn", {}, "unknown model 'pixelcn': did you mean pixelcnn"),
    ("pixelcnn", {"layer": 3}, "unknown option of pixelcnn 'layer': did you mean layers"),
    ("pixelcnn", {"summary": True}, "unknown option of pixelcnn 'summary'"),
    ("pixelcnn", {"h": 0}, "h expects a whole number 1..4096, got 0"),
    ("pixelcnn", {"h": 2.5}, "h expects a whole number 1..4096, got 2.5"),
    ("pixelcnn", {"h": True}, "h expects a whole number 1..4096, got True"),
    ("pixelcnn", {"h": 4097}, "h expects a whole number 1..4096, got 4097"),
    ("pixelcnn", {"layers": -1}, "layers expects a whole number 0..4096, got -1"),
    ("pixelcnn", {"skip": 1}, "skip expects true or false, got 1"),
    ("pixelcnn", {"skip": True, "layers": 0}, "at least one block"),
    ("diagonal-bilstm", {"context": "papper"}, "unknown value of option context 'papper': did you mean paper?"),
    ("diagonal-bilstm", {"context": True}, "unknown value of option context True: did you mean paper or full"),
    ("row-lstm", {"context": "whole"}, "unknown value of option context 'whole'"),
    ("row-lstm", {"contxt": "full"}, "unknown option of row-lstm 'contxt': did you mean context"),
    ("diagonal-bilstm", {"colours": 3, "h": 2}, "at least one unit for each of the 3 colours, got 2"),
    ("spatial-lstm", {"layers": 0}, "layers of at least 1, got 0"),
    ("spatial-lstm", {"size": 4}, "window of odd size, got 4"), ("spatial-lstm", {"size": 1}, "reads nothing in one colour"),
    ("spatial-lstm", {"head": "softmx"}, "unknown value of option head 'softmx': did you mean softmax?"),
    ("spatial-lstm", {"colours": 3, "h": 2}, "at least one unit for each of the 3 colours, got 2"),
    ("pixelcnn", {"levels": 1}, "levels expects a whole number 2..256, got 1"),
    ("pixelcnn", {"levels": 257}, "levels expects a whole number 2..256, got 257"),
    ("pixelcnn", {"height": 0}, "height expects"), ("pixelcnn", {"width": 2.0}, "width expects"),
    ("pixelcnn", {"colours": 0}, "colours expects"),
    ("pixelcnn", {"threads": 0}, r"threads expects a whole number 1\.\.1024, got 0"),
    ("pixelcnn", {"colours": 3, "out": 2}, "at least one unit for each of the 3 colours, got 2"),
    ("pixelcnn", {"dtype": "float16"}, "dtype expects float32 or float64, got float16"),
    ("pixelcnn", {"dtype": int}, "dtype expects float32 or float64"),
    ("pixelcnn", {"dtype": "flaot32"}, "dtype expects float32 or float64, got flaot32"),
    ("pixelcnn", {"dtype": None}, "dtype expects float32 or float64, got None"),
    ("pixelcnn", {"device": "tpu"}, "device expects 'cpu' or 'gpu', got 'tpu'")])
def test_what_cannot_be_built(name, changes, says):
    with pytest.raises(ValueError, match=says):
        small(name, **changes)


@pytest.mark.parametrize("dtype", ["float64", np.float64, np.dtype(np.float64)])
def test_a_type_or_its_name(dtype):
    assert {value.dtype for value in small(dtype=dtype).params.values()} == {np.dtype(np.float64)}


def test_options_are_read_from_the_builders():
    assert options_of("pixelcnn") == {"layers": 7, "h": 32, "out": 32, "residual": True, "skip": False}
    assert options_of("pixelcnn-basic") == {"layers": 7, "h": 64, "out": 32, "summary": False}
    pixelrnn = {"layers": 7, "h": 16, "out": 32, "residual": True, "skip": False}
    mixture = {"head": "softmax", "components": 32, "scales": 4, "features": 32}
    assert options_of("row-lstm") == {**pixelrnn, "k": 3, "context": "paper", **mixture}
    assert options_of("diagonal-bilstm") == {**pixelrnn, "context": "full"}
    scales = {"layers": 7, "h": 16, "out": 32, "small_layers": 7, "maps": 16}
    assert options_of("spatial-lstm") == {"layers": 2, "h": 32, "size": 5, "extended": False, **mixture}
    assert options_of("mcgsm") == {"size": 9, "components": 8, "scales": 4, "features": 32}
    assert options_of("multi-scale") == {**scales, "recurrence": "diagonal"}


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_decides_the_weights(name):
    one, same, generator, other = (small(name, rng=rng) for rng in (3, 3, np.random.default_rng(3), 4))
    for parameter, value in one.params.items():
        np.testing.assert_array_equal(value, same.params[parameter])
        np.testing.assert_array_equal(value, generator.params[parameter])
    assert any((value != other.params[parameter]).any() for parameter, value in one.params.items())


def test_the_parameters_of_table_1():
    """7 x 7 mask A to 2h, blocks 2h -> h -> h -> 2h, two layers of `out` maps, one logit: counted by hand."""
    model = build("pixelcnn", height=28, width=28)
    block = (64 * 32 + 32) + (5 * 32 * 32 + 32) + (32 * 64 + 64)
    expected = (24 * 64 + 64) + 7 * block + (64 * 32 + 32) + (32 * 32 + 32) + (32 + 1)
    cost = model.cost()
    assert cost["parameters"] == expected == sum(value.size for value in model.params.values())
    biases = sum(value.size for name, value in model.params.items() if name.endswith(".b"))
    assert cost["multiply_adds_per_pixel"] == expected - biases  # one colour: no stored weight is masked


@pytest.mark.parametrize(("name", "directions", "taps", "reads"), [("row-lstm", 1, 2, 3), ("diagonal-bilstm", 2, 1, 2)])
def test_the_parameters_of_table_1_pixelrnn(name, directions, taps, reads):
    """7 layers, h 16: blocks 32 -> 16 by the recurrence, 16 -> 32 by 1 x 1; the output as above. Counted by hand."""
    lstm = directions * (taps * 32 * 64 + reads * 16 * 64 + 64 + 2 * 16)
    expected = (24 * 32 + 32) + 7 * (lstm + 16 * 32 + 32) + (32 * 32 + 32) + (32 * 32 + 32) + (32 + 1)
    for context in ("paper", "full"):
        assert build(name, height=28, width=28, context=context).cost()["parameters"] == expected


@pytest.mark.parametrize("extended", [False, True])
def test_the_parameters_of_stacked_spatial_lstms(extended):
    """2 layers, h 32: 12 inputs, then 32; two states, five gates; one logit. Counted by hand."""
    gates = 5 * 32
    expected = (12 + 32) * gates + 2 * (2 * 32 * gates + gates) + extended * 2 * 2 * 32 * gates + 32 + 1
    cost = build("spatial-lstm", height=28, width=28, extended=extended).cost()
    assert cost["parameters"] == expected and cost["multiply_adds_per_pixel"] == expected - 2 * gates - 1


def test_kept_per_pixel_is_what_the_caches_hold():
    """The distinct maps in the caches of one forward, up to the tail."""
    model, x = small(), images(1)
    _, cache = model.net.split()[0].forward(model.scale(x))
    maps = {}

    def collect(thing):
        if isinstance(thing, np.ndarray) and thing.shape[:3] == x.shape[:3]:
            maps[id(thing)] = thing.shape[-1]
        elif isinstance(thing, (list, tuple)):
            for item in thing:
                collect(item)

    collect(cache)
    assert model.cost()["kept_per_pixel"] == sum(maps.values())


def test_the_summary_has_no_relu_around_its_3x3_layers_and_three_maps():
    model = small("pixelcnn-basic", summary=True, layers=3)
    assert not any(isinstance(layer, ReLU) for layer in model.net.children["body"].children.values())
    assert [model.params[f"body.{l}.K"].shape for l in range(3)] == [(5, 4, 3), (5, 3, 3), (5, 3, 3)]
    relus = [isinstance(layer, ReLU) for layer in model.net.children["output"].children.values()]
    assert relus == [False, True, False, True, False]


@pytest.mark.parametrize("name", MODELS)
def test_params_are_live(name):
    """Changed in place or assigned: the next call sees it."""
    model, x = small(name), images()
    before = model.nll(x)
    name = next(name for name in model.params if name.endswith(("logits.b", "head.eta")))
    bias = model.params[name]
    assert not bias.any()
    bias.flat[0] += 1.5
    changed = model.nll(x)
    assert (changed != before).all()
    model.params[name] = np.zeros(bias.shape)
    np.testing.assert_array_equal(model.nll(x), before)


@pytest.mark.parametrize("name", MODELS)
def test_the_cut_into_shards_changes_nothing_but_rounding(monkeypatch, name):
    model, x = small(name), images(5)
    monkeypatch.setattr(type(model), "shards", lambda self, x: [x])
    nll, predicted, (loss, grads) = model.nll(x), predictions(model, x), model.loss_and_grads(x)
    monkeypatch.setattr(type(model), "shards", lambda self, x: [x[:2], x[2:4], x[4:]])
    np.testing.assert_allclose(model.nll(x), nll, rtol=1e-13)
    np.testing.assert_allclose(predictions(model, x), predicted, rtol=1e-12)
    cut_loss, cut_grads = model.loss_and_grads(x)
    assert cut_loss == pytest.approx(loss, rel=1e-13)
    for name, grad in grads.items():
        np.testing.assert_allclose(cut_grads[name], grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_shards_have_the_pixels_that_suit_the_network(name):
    """A recurrence has short calls and wants more images in each. Two cores have the same number of shards, alike in size."""
    model = small(name)
    pixels = model.net.shard
    assert (pixels > small().net.shard) == (name not in ("pixelcnn", "pixelcnn-basic", "mcgsm"))
    most = pixels // 40
    for N, shards in ((2 * most, 2), (2 * most + 1, 4), (4 * most, 4), (5 * most, 6), (5, 2), (1, 1)):
        sizes = [len(shard) for shard in model.shards(np.zeros((N, 8, 5, 1), np.uint8))]
        assert len(sizes) == shards and sum(sizes) == N and max(sizes) <= min(most, min(sizes) + 1)
    assert [len(shard) for shard in model.shards(np.zeros((3, 300, 300, 1), np.uint8))] == [1, 1, 1]


def test_a_copy_of_a_model_is_a_model_of_its_own():
    model, x = build("pixelcnn", height=4, width=4, layers=1, h=2, out=2), np.zeros((2, 4, 4, 1), int)
    copied, before = deepcopy(model), model.nll(x)
    copied.params["output.logits.b"] += 1
    np.testing.assert_array_equal(model.nll(x), before)
    assert (copied.nll(x) != before).all()


def test_no_image_at_all_is_told():
    model = build("pixelcnn", height=4, width=4, levels=2, layers=1, h=3, out=3)
    with pytest.raises(ValueError, match="pixelcnn expects at least one image, got none"):
        model.nll(np.zeros((0, 4, 4, 1), int))


def test_weights_that_do_not_fit_are_refused_before_they_are_drawn(monkeypatch):
    """The same weights as without the guard; and a network too large for the machine ends in a sentence, not in its memory."""
    sizes = {"height": 4, "width": 4, "layers": 2, "h": 8}
    model, again = (build("diagonal-bilstm", rng=rng, **sizes) for rng in (3, np.random.default_rng(3)))
    weights = sum(value.size for value in model.params.values())
    assert all(np.array_equal(value, again.params[name]) for name, value in model.params.items())
    for most in (weights, weights // 2):
        monkeypatch.setattr(memory, "machine_memory", lambda most=most: memory.BYTES * most)
        fits = most == weights
        with nullcontext() if fits else pytest.raises(ValueError, match="weights does not fit into this machine's memory"):
            build("diagonal-bilstm", rng=3, **sizes)


def test_the_sum_of_skips_keeps_the_scale_of_one():
    for name in ("diagonal-bilstm", "pixelcnn"):
        few, many = (build(name, height=4, width=4, layers=layers, h=16, skip=True).params for layers in (1, 16))
        skips = [np.mean([value.std() for key, value in params.items() if key.endswith("skip.K")]) for params in (few, many)]
        assert 3.5 < skips[0] / skips[1] < 4.5, (name, skips)
