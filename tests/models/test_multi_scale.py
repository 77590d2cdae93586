"""The laws of the model of two scales: its two networks, the joint of both images, the bound, and its samples."""

import model_laws
import numpy as np
import oracle
import oracle_recurrent
import pytest
from laws import SIZES, close
from reach import reach
from subjects import Model, draw_biases

from minipixel import audit, build, complete, gradcheck, sample
from minipixel.models.scales import small_size, subsampled
from minipixel.order import raster
from minipixel.sampling import TOGETHER
from minipixel.training.optimisers import Adam

OPTIONS = {"layers": 2, "small_layers": 1, "h": 3, "out": 5, "maps": 2}
LSTMS = {"diagonal": oracle_recurrent.diagonal_bilstm, "row": oracle_recurrent.row_lstm}
KERNELS = {"diagonal": ("diagonals", 1), "row": ("rows", 3)}


def model_of(colours=1, levels=2, height=3, width=4, dtype="float64", threads=None, **options):
    model = build("multi-scale", height=height, width=width, colours=colours, levels=levels, dtype=dtype, rng=0,
                  threads=threads, **{**OPTIONS, **options})
    draw_biases(model.params, np.random.default_rng(0))
    return model


def images(levels, *shape):
    return np.random.default_rng(1).integers(0, levels, shape)


def all_images(levels, *shape):
    return np.indices([levels] * np.prod(shape)).reshape(np.prod(shape), -1).T.reshape(-1, *shape)


def joint(model, height, width):
    """(all s, all x, log p(s, x) by predictions (s, x)) of a tiny size."""
    small = all_images(model.levels, *small_size(height, width), model.colours)
    large = all_images(model.levels, height, width, model.colours)
    log_p = -oracle.nats(model.small.predict(small), small)[:, None] - np.stack(
        [oracle.nats(model.given(s[None]).predict(large), large) for s in small])
    return small, large, log_p


KINDS = [{}, {"recurrence": "row", "layers": 1}, {"colours": 3, "levels": 3, "layers": 1}]
NAMES = ["diagonal", "row", "rgb"]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_gradient(kind):
    model = model_of(**{**kind, "layers": 1})
    result = gradcheck.check_model(model, images(model.levels, 2, 2, 3, model.colours), tolerance=1e-6)
    assert result.ok, str(result)
    assert list(model.loss_and_grads(images(model.levels, 1, 2, 2, model.colours))[1]) == list(model.params)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_equation(kind):
    """nll by the loops: the small network on every second pixel, and the large one biased by the maps, of an odd size."""
    model = model_of(**kind)
    recurrence = model.options["recurrence"]
    context = {"diagonal": "full", "row": "paper"}[recurrence]
    lstm, x = LSTMS[recurrence], images(model.levels, 2, 3, 5, model.colours)
    s = np.stack([[[image[i, j] for j in (0, 2, 4)] for i in (0, 2)] for image in x])
    parts = {part: {name.removeprefix(f"{part}."): value for name, value in model.params.items()
                    if name.startswith(f"{part}.")} for part in ("small", "up", "large")}
    network = oracle_recurrent.NETWORKS[{"diagonal": "diagonal-bilstm", "row": "row-lstm"}[recurrence]]
    expected = oracle.nats(oracle.log_probs(oracle.LOOPS, network, parts["small"], s, model.levels, layers=1,
                                            context=context), s)
    m = oracle_recurrent.upsampling(oracle.LOOPS, parts["up"], 2 * s / (model.levels - 1) - 1)[:, :3, :5]

    def biased(ops, params, scaled, colours):
        xs = np.concatenate([scaled, m], axis=-1)
        xs = oracle_recurrent.with_a_column(ops, xs) if context == "full" else xs
        layers = model.options["layers"]
        return oracle_recurrent.conditional(lstm, ops, params, xs, colours, 2, layers)[:, :, :5]

    expected = expected + oracle.nats(oracle.log_probs(oracle.LOOPS, biased, parts["large"], x, model.levels), x)
    close(model.nll(x), expected)
    assert model.loss_and_grads(x)[0] == pytest.approx(expected.mean())


# ---- probabilities


@pytest.mark.parametrize(("height", "width", "colours", "levels"), [(2, 2, 1, 2), (3, 3, 1, 2), (1, 2, 1, 4), (2, 1, 3, 2)])
def test_the_joint_sums_to_one_over_all_pairs(height, width, colours, levels):
    model = model_of(colours, levels)
    assert abs(np.exp(joint(model, height, width)[2]).sum() - 1) < 1e-10
    total = audit.joint_normalisation(model.small, model.given, (*small_size(height, width), colours),
                                      (height, width, colours), levels)
    assert total.ok and total.count == levels ** (colours * (height * width + np.prod(small_size(height, width))))
    assert abs(total.total - 1) < 1e-10 and abs(total.total_nll - 1) < 1e-10 and "pairs" in str(total)


def test_a_joint_that_does_not_sum_to_one_is_found():
    """The small network of a picture taken for the large image's: p(x | small(x)) reads the future."""
    model = model_of(height=2, width=2)

    def leaks(s):
        return lambda x: model.large.predict(x, subsampled(x))
    total = audit.joint_normalisation(model.small, leaks, (1, 1, 1), (2, 2, 1), 2)
    assert not total.ok and abs(total.total - 1) > 1e-3


@pytest.mark.parametrize(("height", "width", "colours", "levels"), [(2, 2, 1, 3), (3, 3, 1, 2), (2, 1, 3, 2)])
def test_nll_is_an_upper_bound(height, width, colours, levels):
    """For every x: at least -log sum_s p(s) p(x | s), and one of the terms of that sum. It sums to less than one."""
    model = trained(colours, levels, height, width)
    small, large, log_p = joint(model, height, width)
    bound, exact = model.nll(large), -np.log(np.exp(log_p).sum(axis=0))
    assert (bound > exact).all() and np.exp(-bound).sum() < 1 < 1 + 1e-10 > np.exp(-exact).sum()
    own = [int(np.flatnonzero((small == s).all(axis=(1, 2, 3)))[0]) for s in subsampled(large)]
    close(bound, -log_p[own, np.arange(len(large))])


def test_training_tightens_the_bound():
    """A model that has learned that x holds its small image draws no x that another small image explains."""
    few = all_images(2, 2, 2, 1)[[0, 6, 9, 15]]
    gaps = []
    for model in (model_of(), trained(1, 2, 2, 2, few, updates=150)):
        gaps.append(model.nll(few).mean() + np.log(np.exp(joint(model, 2, 2)[2]).sum(axis=0)[[0, 6, 9, 15]]).mean())
    assert 0 < gaps[1] < gaps[0] / 4


# ---- causality


def changes(predict, x, levels, by):
    """For every place of `by`, the places of predictions that move when its value is changed: {place: set of places}."""
    found, before = {}, predict(x, by)
    for place in raster(*by.shape[1:]):
        moved = np.zeros(before.shape[1:4], bool)
        for up in range(1, levels):
            other = by.copy()
            other[:, *place] = (other[:, *place] + up) % levels
            moved |= (np.abs(predict(x if by is not x else other, other) - before) > 1e-12).any(axis=(0, -1))
        found[place] = {tuple(p) for p in np.argwhere(moved).tolist()}
    return found


@pytest.mark.parametrize("kind", [{}, {"recurrence": "row"}, {"colours": 3}], ids=NAMES)
def test_each_network_sees_what_it_may(kind):
    """The small image fixed, the large network reads exactly what the paper lets it; and the small one likewise."""
    model = model_of(**kind)
    model_laws.opened(model.params)
    recurrence = KERNELS[model.options["recurrence"]]
    column = int(model.options["recurrence"] == "diagonal")
    height, width = 3, 5
    x = images(2, 5, height, width, model.colours)
    s = subsampled(x)
    for network, z, layers in ((model.small, s, 1), (model.given(s), x, 2)):
        found = changes(lambda x, by, network=network: network.predict(by), z, 2, z)
        kernels = [("A", 7), *[recurrence] * layers, ("B", 1)]
        ways = reach(*z.shape[1:], kernels, column=column)
        for place, way in zip(raster(*z.shape[1:]), ways, strict=True):
            assert found[place] == {tuple(p) for p in np.argwhere(way).tolist()}, place


def test_the_large_network_sees_all_of_the_small_image_at_once():
    """Every value of s moves the predictions of pixels before and after it, of every colour: the future, as a sketch."""
    for colours in (1, 3):
        model = model_of(colours)
        model_laws.opened(model.params)
        x = images(2, 4, 6, 6, colours)
        found = changes(lambda x, s, model=model: model.large.predict(x, s), x, 2, subsampled(x))
        for (i, j, _), moved in found.items():
            near = {(a, e, c) for a in (2 * i, 2 * i + 1) for e in (2 * j, 2 * j + 1) for c in range(colours)}
            assert near <= moved
        assert (0, 0, 0) in found[1, 1, 0] and (5, 5, 0) in found[0, 0, 0]


def test_the_audit_clears_both_networks():
    model = model_of(width=3)
    for network, shape in ((model.small, (2, 2, 1)), (model.given(images(2, 1, 2, 2, 1)), (3, 3, 1))):
        result = audit.causality(network, shape, 2)
        assert result.ok, str(result)


def test_there_are_no_predictions_of_both_together():
    with pytest.raises(ValueError, match="no p.x_i . x_<i., only p.s. and p.x . s.: ask model.small or model.given"):
        model_of().predict(images(2, 1, 3, 4, 1))
    with pytest.raises(ValueError, match="drawn in two"):
        model_of().start(np.zeros((1, 3, 4, 1)))


# ---- samples


def trained(colours, levels, height, width, few=None, updates=40):
    model = model_of(colours, levels, height, width)
    few = images(levels, 5, height, width, colours) if few is None else few
    optimiser = Adam(model.params)
    for step in range(1, updates + 1):
        optimiser.update(model.params, model.loss_and_grads(few)[1], 0.02, step)
    return model


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_steps_are_the_whole_forward(kind):
    """Value by value over a canvas that holds rubbish ahead, the small image given."""
    model = model_of(**kind)
    for height, width in SIZES:
        x = images(model.levels, 3, height, width, model.colours)
        s = images(model.levels, 3, *small_size(height, width), model.colours)
        log_p = model.given(s).predict(x)
        canvas = np.random.default_rng(3).standard_normal(x.shape)
        state = model.large.start(canvas, s)
        for i, j, c in raster(*x.shape[1:]):
            found = model.large.step(canvas[:, i, j], state, i, j, c)
            close(found, log_p[:, i, j, c], what=f"value {i, j, c} of {height} x {width}")
            canvas[:, i, j, c] = model.scale(x[:, i, j, c])


@pytest.mark.parametrize(("height", "width", "colours", "levels"), [(2, 2, 1, 3), (3, 3, 1, 2), (2, 1, 3, 2)])
def test_samples_follow_the_joint(height, width, colours, levels, count=6000):
    """Pairs (s, x): the small images are those that the small network draws from the first stream of the seed."""
    model = trained(colours, levels, height, width)
    small, large, log_p = joint(model, height, width)
    x = sample(model, count, rng=1, height=height, width=width)
    s = sample(model.small, count, np.random.default_rng(1).spawn(2)[0], 1.0, *small_size(height, width))
    def number(z):
        return z.reshape(count, -1).astype(int) @ levels ** np.arange(z[0].size)[::-1]
    counts = np.bincount(number(s) * len(large) + number(x), minlength=log_p.size)
    assert model_laws.refused(counts, np.exp(log_p).reshape(-1)) > 1e-4
    assert model_laws.refused(np.bincount(number(x), minlength=len(large)), np.exp(log_p).sum(axis=0)) > 1e-4


def test_a_seed_decides_the_images_whatever_their_number():
    model = model_of()
    many = sample(model, TOGETHER + 3, rng=5)
    np.testing.assert_array_equal(many[:3], sample(model, 3, rng=np.random.default_rng(5)))
    assert many.shape == (TOGETHER + 3, 3, 4, 1) and sample(model, 2, height=5, width=1).shape == (2, 5, 1, 1)


def test_completion_is_refused():
    with pytest.raises(ValueError, match="cannot complete an image: the small image, which it draws first, is not known"):
        complete(model_of(), images(2, 2, 3, 4, 1), np.ones((3, 4, 1), bool))


# ---- doors, threads, costs


def test_threads_change_no_bit():
    def results(threads):
        model, x = model_of(dtype="float32", threads=threads), images(2, 33, 12, 12, 1)
        loss, grads = model.loss_and_grads(x)
        s = subsampled(x)
        return {"nll": model.nll(x), "given": model.given(s).nll(x), "loss": np.array(loss),
                "samples": sample(model, 2 * TOGETHER + 1, rng=1), **grads}
    one = results(1)
    for name, value in results(3).items():
        np.testing.assert_array_equal(value, one[name], err_msg=name)


@pytest.mark.parametrize("wrong", [(2, 3, 4, 2), (3, 4, 1), (2, 1, 3, 4)])
def test_messages_name_both_shapes(wrong):
    model, s = model_of(), images(2, 1, 2, 2, 1)
    for call in (model.nll, model.loss_and_grads, model.given(s).predict, model.given(s).nll):
        with pytest.raises(ValueError) as error:
            call(np.zeros(wrong, int))
        assert "(N, H, W, 1)" in str(error.value) and str(wrong) in str(error.value)


def test_a_small_image_that_does_not_fit():
    model = model_of()
    with pytest.raises(ValueError, match=r"expects small images \(5, 2, 2, 1\) for images \(5, 3, 4, 1\), got \(5, 2, 3, 1\)"):
        model.given(images(2, 1, 2, 3, 1)).predict(images(2, 5, 3, 4, 1))
    with pytest.raises(ValueError, match=r"expects small images \(5, 2, 2, 1\) for images \(5, 3, 4, 1\), got \(3, 2, 2, 1\)"):
        model.given(images(2, 3, 2, 2, 1)).predict(images(2, 5, 3, 4, 1))


def test_what_is_not_finite_is_named():
    x = images(2, 2, 3, 4, 1)
    assert model_of().first_not_finite(x) is None
    for name, layer in (("small.output.conv_1.b", "small.output.conv_1"), ("up.conv_2.K", "up.conv_2"),
                        ("large.bias.K", "large.bias"), ("large.body.1.lstm.c0", "large.body.1.lstm")):
        model = model_of()
        model.params[name] += np.nan
        assert model.first_not_finite(x) == layer


def test_the_parameters_are_those_of_three_networks():
    model = model_of()
    parts = {name.split(".")[0]: 0 for name in model.params}
    for name, value in model.params.items():
        parts[name.split(".")[0]] += value.size
    alone = Model("diagonal-bilstm", 1, 2, h=3, out=5, layers=1, context="full").model().params
    assert list(parts) == ["small", "up", "large"] and parts["small"] == sum(value.size for value in alone.values())
    assert parts["up"] == (9 * 2 + 2) + (9 * 4 + 2) + (4 * 4 + 2)
    large = Model("diagonal-bilstm", 1, 2, h=3, out=5, layers=2, context="full").model().params
    bias = (2 * 6 + 6) + 2 * 2 * 2 * 12  # the product of the maps in the input layer; in each layer and direction, to its gates
    assert parts["large"] == sum(value.size for value in large.values()) + bias
    assert model.cost()["parameters"] == sum(parts.values())
