"""One list of subjects times every law that applies to them, by name; and wrong subjects, each refused by its law."""

import inspect

import density_subjects
import laws
import md_subjects
import model_laws
import multi_scale_subjects
import numpy as np
import oracle
import pixelrnn_subjects
import pytest
import spatial_subjects
from device_law import pairs
from reach import reach
from subjects import Layer, Model, Pair

import minipixel.layers
from minipixel.layers import MaskedConv, ReLU, Residual, Sequential, Skips
from minipixel.layers.heads import Bernoulli, Softmax
from minipixel.models import MODELS
from minipixel.ops.activations import relu_backward, relu_forward
from minipixel.ops.conv import conv_backward, conv_forward
from minipixel.ops.heads import bernoulli_backward, bernoulli_forward, softmax_backward, softmax_forward
from minipixel.ops.mcgsm import mcgsm_backward, mcgsm_forward

H, W = laws.H, laws.W


# ---- pairs and heads


def conv_pair(taps, C, F):
    def arguments(normal, rng, n):
        return {"x": normal(n, H, W, C), "K": normal(len(taps), C, F), "b": normal(F), "taps": taps}
    return Pair(conv_forward, conv_backward, arguments, lambda ops, x, K, b, taps: ops.conv(x, K, b, taps))


def labelled(units, levels, colours):
    def arguments(normal, rng, n):
        return {"logits": normal(n, H, W, units), "x": rng.integers(0, levels, (n, H, W, colours))}
    return arguments


def bernoulli_nats(ops, logits, x):
    return ops.nats(ops.bernoulli(logits), x)


def softmax_nats(ops, logits, x):
    return ops.nats(ops.softmax(logits, logits.shape[-1] // x.shape[-1]), x)


def head_pair(head, levels, colours, formula):
    return Pair(head.forward, lambda dnats, cache: {"logits": head.backward(dnats, cache)},
                labelled(head.units, levels, colours), formula)


def mcgsm_pair(D, M, J, S, F, everything=True):
    """D inputs, M outputs, J components, S scales, F features; `everything`: with L, u and w."""
    def arguments(normal, rng, n):
        given = {"x": normal(n, D), "y": normal(n, M), "eta": normal(J, S), "alpha": normal(J, S) / 2, "beta": normal(J, F),
                 "b": normal(F, D) / 2, "a": normal(J, M, D)}
        optional = {"L": np.eye(M, dtype=given["x"].dtype) + normal(J, M, M) / 3, "u": normal(J, M), "w": normal(J, D)}
        return given | optional if everything else given
    return Pair(mcgsm_forward, mcgsm_backward, arguments, lambda ops, **given: ops.mcgsm(**given))


THREE = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0))
PAIRS = {
    "relu": Pair(relu_forward, relu_backward, lambda normal, rng, n: {"x": normal(n, H, W, 5)}, lambda ops, x: ops.relu(x)),
    "conv": conv_pair(THREE, 5, 6),
    "conv-thin": conv_pair(THREE, 1, 5),
    "conv-wide": conv_pair(THREE, 6, 1),
    "conv-1x1": conv_pair(((0, 0),), 5, 6),
    "conv-far": conv_pair(((-3, -1), (-2, 2), (-2, 3), (0, -3), (0, -1)), 2, 3),
    "bernoulli": Pair(bernoulli_forward, bernoulli_backward, labelled(5, 2, 5), bernoulli_nats),
    "softmax": Pair(softmax_forward, softmax_backward, labelled(10, 5, 2), softmax_nats),
    "mcgsm": mcgsm_pair(4, 1, 5, 3, 6),
    "mcgsm-plain": mcgsm_pair(4, 1, 5, 3, 6, everything=False),
    "mcgsm-2": mcgsm_pair(4, 2, 5, 3, 6),
    "mcgsm-3": mcgsm_pair(5, 3, 2, 4, 6),
    "mcgsm-3-plain": mcgsm_pair(5, 3, 2, 4, 6, everything=False),
    "mcgsm-one-of-each": mcgsm_pair(1, 1, 2, 1, 1),
    "head-bernoulli": head_pair(Bernoulli(3), 2, 3, bernoulli_nats),
    "head-softmax-1": head_pair(Softmax(1, 5), 5, 1, softmax_nats),
    "head-softmax-3": head_pair(Softmax(3, 2), 2, 3, softmax_nats),
    **pixelrnn_subjects.PAIRS,
    **multi_scale_subjects.PAIRS,
    **density_subjects.PAIRS,
    **spatial_subjects.PAIRS,
}

# ---- layers


def convolution(C, F, k, mask, colours, cls=MaskedConv):
    return Layer(lambda rng, dtype: cls(C, F, k, mask, colours, rng=rng, dtype=dtype), C,
                 lambda ops, params, x: oracle.masked_conv(ops, params, x, mask, k, colours),
                 ((mask, k),), "K" if mask == "A" else None, colours)


def maps(rng, dtype, C, F, k, colours=3):
    return MaskedConv(C, F, k, "B", colours, rng=rng, dtype=dtype)


def block(rng, dtype, cls, colours=3):
    return cls(relu_1=ReLU(), reduce=maps(rng, dtype, 6, 4, 1, colours), relu_2=ReLU(), conv=maps(rng, dtype, 4, 4, 3, colours),
               relu_3=ReLU(), expand=maps(rng, dtype, 4, 6, 1, colours))


def block_subject(cls):
    return Layer(lambda rng, dtype: block(rng, dtype, cls), 6,
                 lambda ops, params, x: oracle.block(ops, params, x, 3, "", cls is Residual), (("B", 3),), None, 3)


def two_skips(rng, dtype):
    return Skips([block(rng, dtype, Residual) for _ in range(2)], [maps(rng, dtype, 6, 5, 1) for _ in range(2)])


def skips_equation(ops, params, x):
    y = 0
    for l in range(2):
        x = oracle.block(ops, params, x, 3, f"{l}.block.")
        y = y + oracle.masked_conv(ops, params, x, "B", 1, 3, f"{l}.skip.")
    return y


MODEL_SUBJECTS = {
    "pixelcnn": Model("pixelcnn", 1, 2),
    "pixelcnn-rgb": Model("pixelcnn", 3, 2),
    "pixelcnn-rgb-3-levels": Model("pixelcnn", 3, 3),
    "pixelcnn-skip": Model("pixelcnn", 3, 3, skip=True, layers=3),
    "pixelcnn-plain": Model("pixelcnn", 1, 3, residual=False),
    "pixelcnn-skip-plain": Model("pixelcnn", 1, 4, residual=False, skip=True, layers=1),
    "pixelcnn-shallow": Model("pixelcnn", 1, 3, layers=0),
    "pixelcnn-basic": Model("pixelcnn-basic", 1, 2),
    "pixelcnn-basic-rgb": Model("pixelcnn-basic", 3, 3),
    "pixelcnn-basic-summary": Model("pixelcnn-basic", 1, 4, summary=True),
    "pixelcnn-basic-shallow": Model("pixelcnn-basic", 3, 2, layers=0),
    **pixelrnn_subjects.MODELS,
    **spatial_subjects.MODELS,
}

LAYERS = {
    "masked-conv-A": convolution(1, 5, 7, "A", 1),
    "masked-conv-B": convolution(4, 5, 3, "B", 1),
    "masked-conv-1x1": convolution(4, 6, 1, "B", 1),
    "masked-conv-A-rgb": convolution(3, 7, 5, "A", 3),
    "masked-conv-A-rgb-1x1": convolution(3, 7, 1, "A", 3),
    "masked-conv-B-rgb": convolution(4, 5, 3, "B", 3),
    "masked-conv-B-rgb-1x1": convolution(4, 7, 1, "B", 3),
    "relu": Layer(lambda rng, dtype: ReLU(), 3, lambda ops, params, x: ops.relu(x), colours=3),
    "sequential": block_subject(Sequential),
    "residual": block_subject(Residual),
    "skips": Layer(two_skips, 6, skips_equation, (("B", 3), ("B", 3), ("B", 1)), None, 3),
    **pixelrnn_subjects.LAYERS,
    **multi_scale_subjects.LAYERS,
    **density_subjects.LAYERS,
    **spatial_subjects.LAYERS,
}
WHOLE = multi_scale_subjects.WHOLE
APART = density_subjects.APART
DENSITIES = density_subjects.MODELS

# ---- who must keep which law

FOR_ALL = (laws.gradient, laws.equation, laws.torch, laws.alone, laws.pure, laws.dtype)
FOR_LAYERS = (laws.layout, laws.structure, laws.step)
FOR_MODELS = (model_laws.causal, model_laws.steps, model_laws.sums_to_one, model_laws.nats_are_predictions, model_laws.samples,
              model_laws.completes, model_laws.threads, laws.message)
# What a density says of levels is not what its nll judges: levels with noise (tests/models/test_density_models.py).
FOR_DENSITIES = (laws.gradient, laws.equation, laws.alone, laws.pure, laws.dtype, model_laws.causal, model_laws.steps,
                 model_laws.sums_to_one, model_laws.samples, model_laws.completes, model_laws.threads, laws.message)


def table():
    """(law, subject name, subject). The network of a model is a layer; what the model's own laws cover is not asked again."""
    for name, pair in PAIRS.items():
        yield from ((law, f"pair {name}", pair) for law in (*FOR_ALL, laws.layout))
    for name, layer in LAYERS.items():
        own = [] if name == "relu" else [laws.message] + [laws.forbidden] * (layer.colours > 1)
        yield from ((law, f"layer {name}", layer) for law in (*FOR_ALL, *FOR_LAYERS, *own))
    for name, layer in WHOLE.items():
        yield from ((law, f"layer {name}", layer) for law in (*FOR_ALL, laws.layout, laws.message))
    for name, layer in APART.items():
        yield from ((law, f"layer {name}", layer) for law in (*FOR_ALL, laws.layout, laws.step))
    for name, model in DENSITIES.items():
        yield from ((law, f"model {name}", model) for law in FOR_DENSITIES)
    for name, model in MODEL_SUBJECTS.items():
        own = [laws.forbidden] * (model.colours > 1)
        yield from ((law, f"model {name}", model) for law in (*FOR_ALL, *FOR_MODELS, *own))
        yield from ((law, f"network of {name}", model.network()) for law in (*FOR_LAYERS, *own))


TABLE = [pytest.param(law, subject, id=f"{law.__name__}: {name}") for law, name, subject in table()]


@pytest.mark.parametrize(("law", "subject"), TABLE)
def test_law(law, subject):
    law(subject)


@pytest.mark.parametrize("name", MODEL_SUBJECTS)
def test_receptive_field_of_full_size(name):
    """28 x 28, the paper's seven layers where the model has any: what is seen, and what is not (the blind spot)."""
    small = MODEL_SUBJECTS[name]
    layers = 7 if small.options["layers"] else 0
    full = Model(small.name, small.colours, small.levels, **{**small.options, "layers": layers})
    laws.structure(full.network(), 28, 28, [(0, 0), (0, 27), (1, 13), (12, 25), (13, 13), (27, 0)])


def test_a_blind_spot_is_there():
    """Right of the pixel, rows above, a 3x3 stack climbs at most one column a row: the oracle knows what is unseen."""
    near, far = reach(28, 28, 1, (("A", 7), *[("B", 3)] * 7), [(9, 17, 0), (3, 17, 0)])[:, 10, 10, 0]
    assert far and not near


@pytest.mark.parametrize("name", [*LAYERS, *WHOLE, *APART, *DENSITIES, *MODEL_SUBJECTS])
def test_subjects_are_alive(name):
    """No law says much about a network whose ReLUs are closed: gradients reach a third of the units of every parameter."""
    case = (LAYERS | WHOLE | APART | DENSITIES | MODEL_SUBJECTS)[name].case()
    _, cache = case.forward(**case.inputs)
    for parameter, grad in case.backward(case.dy(), cache).items():
        assert (grad != 0).any(axis=tuple(range(grad.ndim - 1))).mean() > 1 / 3, f"{parameter} is dead"


def test_nothing_is_left_out():
    """Every pair, layer and model of the library is in the lists above; of two scales: tests/models/test_multi_scale.py."""
    judged = [subject for one in (md_subjects.PAIRS, PAIRS) for subject in one.values()]
    assert {pair.forward for pair in judged} >= {forward for forward, _ in pairs().values()}
    judged = [subject for one in (md_subjects.LAYERS, LAYERS, WHOLE, APART) for subject in one.values()]
    classes = {value for value in vars(minipixel.layers).values()
               if inspect.isclass(value) and issubclass(value, minipixel.layers.Layer) and value is not minipixel.layers.Layer}
    assert {type(subject.layer()) for subject in judged} >= classes
    judged = {model.name for model in (*MODEL_SUBJECTS.values(), *DENSITIES.values())}
    assert judged == set(MODELS) - {"multi-scale"}
