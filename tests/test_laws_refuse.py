"""Each law can fail: a subject with one planted mistake is refused by the law that is there for it."""

import laws
import model_laws
import numpy as np
import pytest
from planted_densities import REFUSED as REFUSED_DENSITIES
from planted_densities import Spoilt
from planted_pairs import sentence_on
from planted_recurrences import NAMED
from planted_recurrences import REFUSED as REFUSED_RECURRENCES
from planted_scales import REFUSED as REFUSED_SCALES
from planted_spatial import NAMED as NAMED_SPATIAL
from planted_spatial import REFUSED as REFUSED_SPATIAL
from subjects import H, Layer, Model, Pair, W
from test_laws import bernoulli_nats, convolution, labelled, softmax_nats

from minipixel.layers import MaskedConv
from minipixel.layers.window import images_first
from minipixel.ops.activations import relu_backward, relu_forward
from minipixel.ops.heads import bernoulli_forward, softmax_backward, softmax_forward


class Leaks(MaskedConv):
    """The mask applied at construction only: what an update stores in forbidden weights counts."""

    def masked(self):
        return self.params["K"]


class UnmaskedGradient(MaskedConv):
    def backward(self, dy, cache):
        self.all_allowed = True
        return super().backward(dy, cache)


class LateColumn(MaskedConv):
    """The step takes the rows above one column too far left."""

    def step(self, x_ij, state, i, j):
        y = super().step(x_ij, state, i, j)
        K, above = state.parts[-2]
        place = state.place.start if isinstance(i, list) else state.place
        wrong = (K @ (above[max(0, place - 1)] - above[place])).T
        return y + (wrong[:, None] if isinstance(i, list) else wrong)


class AddsToItsState(MaskedConv):
    """The second call at a pixel finds the first one's value there and adds to it."""

    def step(self, x_ij, state, i, j):
        again, state.last = getattr(state, "last", None) == (i, j), (i, j)
        return super().step(x_ij + images_first(state.pixels[state.place]) if again else x_ij, state, i, j)


class FlipsTheSign(MaskedConv):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return -dx, grads


class WritesToDy(MaskedConv):
    def backward(self, dy, cache):
        found = super().backward(dy, cache)
        dy *= 2
        return found


class WritesToItsCache(MaskedConv):
    def backward(self, dy, cache):
        found = super().backward(dy, cache)
        cache[0][...] = 0
        return found


class Remembers(MaskedConv):
    """The cache is kept in the layer: of two interleaved calls the first is lost."""

    def forward(self, x):
        y, self.kept_cache = super().forward(x)
        return y, None

    def backward(self, dy, cache):
        return super().backward(dy, self.kept_cache)


class MixesImages(MaskedConv):
    def forward(self, x):
        return super().forward(x - x.mean(axis=0))


class Widens(MaskedConv):
    def forward(self, x):
        y, cache = super().forward(x)
        return y * np.ones(self.F), cache


class Wordless(MaskedConv):
    def forward(self, x):
        self.C = x.shape[-1]
        return super().forward(x)


class TwiceTheBias(MaskedConv):
    def forward(self, x):
        y, cache = super().forward(x)
        return y + self.params["b"], cache


def layer(cls, mask="B", colours=3):
    return convolution(4, 5, 3, mask, colours, cls)


def blind():
    """Mask A where the paper has mask B: nothing leaks, and too little is seen."""
    right, wrong = layer(MaskedConv), layer(MaskedConv, "A")
    return Layer(wrong.make, 4, right.formula, right.kernels, None, 3)


def zeros_for_softmax(dnats, cache):
    return {"logits": 0 * softmax_backward(dnats, cache)["logits"]}


def relu_backward_of_flat_memory(dy, y):
    dx = dy * 1
    dx.reshape(-1)[y.reshape(-1) <= 0] = 0
    return {"x": dx}


def bernoulli_backward_of_wide_labels(dnats, cache):
    logits, x = cache
    return {"logits": (1 / (1 + np.exp(-logits)) - x.astype(np.int64)) * dnats.reshape(-1, 1, 1, 1)}


def relu_pair(forward, backward):
    return Pair(forward, backward, lambda normal, rng, n: {"x": normal(n, H, W, 5)}, lambda ops, x: ops.relu(x))


class Spoiled(Model):
    """A model with one thing spoiled after it was built."""

    def __init__(self, spoil, *args, **options):
        super().__init__(*args, **options)
        self.spoil = spoil

    def model(self, *args, **options):
        model = super().model(*args, **options)
        self.spoil(model)
        return model


def leaks(model):
    model.net.children["input"].__class__ = Leaks


def reads_late(model):
    model.net.children["body"].children["0"].children["conv"].__class__ = LateColumn


def starts_late(model):
    model.net.children["input"].__class__ = LateColumn


def too_warm(model):
    right = model.step
    model.step = lambda *args: 0.8 * right(*args)


def unnormalised(model):
    right = model.head.log_probs
    model.head.log_probs = lambda logits: 1.01 * right(logits)


def cut_by_threads(model):
    model.shards = lambda x: np.array_split(x, model.threads or 1)


def wide_gradients(model):
    right = model.loss_and_grads
    model.loss_and_grads = lambda x: (right(x)[0], {name: g.astype(np.float64) for name, g in right(x)[1].items()})


def half_a_gradient(model):
    right = model.loss_and_grads
    model.loss_and_grads = lambda x: (right(x)[0], {name: g / 2 for name, g in right(x)[1].items()})


def next_image(model):
    right = model.predict
    model.predict = lambda x: right(x) + 1e-3 * np.roll(right(x), 1, axis=0)


def drops_checks(model):
    model.checked = np.asarray
    model.net.children["input"].__class__ = Wordless


def spoiled(spoil, **options):
    return Spoiled(spoil, "pixelcnn", 3, 3, **options)


REFUSED = [
    (laws.gradient, layer(FlipsTheSign)), (laws.gradient, spoiled(half_a_gradient)),
    (laws.gradient, Pair(softmax_forward, zeros_for_softmax, labelled(10, 5, 2), softmax_nats)),
    (laws.equation, layer(TwiceTheBias)), (laws.equation, layer(Leaks)), (laws.equation, blind()),
    (laws.torch, layer(TwiceTheBias)), (laws.torch, layer(FlipsTheSign)), (laws.torch, spoiled(half_a_gradient)),
    (laws.alone, layer(MixesImages)), (laws.alone, spoiled(next_image)),
    (laws.pure, layer(WritesToDy)), (laws.pure, layer(WritesToItsCache)), (laws.pure, layer(Remembers)),
    (laws.dtype, layer(Widens)), (laws.dtype, spoiled(wide_gradients)),
    (laws.dtype, Pair(bernoulli_forward, bernoulli_backward_of_wide_labels, labelled(5, 2, 5), bernoulli_nats)),
    (laws.layout, relu_pair(relu_forward, relu_backward_of_flat_memory)),
    (laws.structure, layer(Leaks)), (laws.structure, layer(Leaks, "A")), (laws.structure, blind()),
    (laws.structure, spoiled(leaks).network()),
    (laws.step, layer(LateColumn)), (laws.step, layer(AddsToItsState)),
    (laws.message, layer(Wordless)), (laws.message, spoiled(drops_checks)),
    (laws.forbidden, layer(Leaks)), (laws.forbidden, layer(UnmaskedGradient)), (laws.forbidden, spoiled(leaks)),
    (model_laws.causal, spoiled(leaks)),
    (model_laws.steps, spoiled(reads_late)), (model_laws.steps, spoiled(too_warm)),
    (model_laws.sums_to_one, spoiled(leaks)), (model_laws.sums_to_one, spoiled(unnormalised)),
    (model_laws.nats_are_predictions, spoiled(unnormalised)),
    (model_laws.samples, Spoiled(too_warm, "pixelcnn", 1, 2)), (model_laws.samples, Spoiled(starts_late, "pixelcnn", 1, 2)),
    (model_laws.completes, spoiled(reads_late)), (model_laws.completes, spoiled(too_warm)),
    (model_laws.threads, spoiled(cut_by_threads)),
    *REFUSED_RECURRENCES,
    *REFUSED_SCALES,
    *REFUSED_SPATIAL,
    *REFUSED_DENSITIES,
]


def name_of(law, subject):
    if isinstance(subject, (Spoiled, Spoilt)):
        return f"{law.__name__}: {subject.spoil.__name__}"
    if isinstance(subject, Pair):
        return f"{law.__name__}: {subject.forward.__name__}, {subject.backward.__name__}"
    return f"{law.__name__}: {type(subject.layer()).__name__}"


@pytest.mark.parametrize(("law", "subject"), REFUSED, ids=[name_of(*case) for case in REFUSED])
def test_refused(law, subject):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        law(subject)


@pytest.mark.parametrize(("pair", "expected"), [*NAMED, *NAMED_SPATIAL],
                         ids=[pair.backward.__name__ for pair, _ in [*NAMED, *NAMED_SPATIAL]])
def test_the_gradient_check_names_what_is_planted(pair, expected):
    result = pair.check()
    for label, words in expected.items():
        assert words in sentence_on(result, label), str(result)


def test_what_is_refused_is_refused_for_its_mistake():
    """The same subjects without the mistake are those of the laws: right neighbours pass."""
    laws.layout(relu_pair(relu_forward, relu_backward))
    for law in {law for law, subject in REFUSED if isinstance(subject, Layer)}:
        law(layer(MaskedConv))


def test_every_law_is_shown_to_refuse():
    named = {law for module in (laws, model_laws) for law in vars(module).values()
             if callable(law) and getattr(law, "__code__", None) and law.__code__.co_varnames[:1] == ("subject",)}
    assert named - {law for law, _ in REFUSED} <= {laws.closed_weights, laws.units_read, model_laws.trained}
