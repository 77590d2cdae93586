"""The audit: every mistake of the gallery is caught and named, every right model is cleared, its figures are right."""

import math
import os
import re
from pathlib import Path

import numpy as np
import pytest
import wrong
import wrong_recurrences

import minipixel
from minipixel import audit, build, units
from minipixel.audit.causality import base_images
from minipixel.audit.likelihood import lzma_bits
from minipixel.models import options_of
from minipixel.order import raster

WRONG, RIGHT = wrong.WRONG + wrong_recurrences.WRONG, wrong.RIGHT + wrong_recurrences.RIGHT
CASES = {1: ((4, 5, 1), 3), 3: ((3, 4, 3), 4)}      # colours: shape, levels
DATA = os.environ.get("MINIPIXEL_DATA")


def audited(builder, colours):
    shape, levels = CASES[colours]
    return audit.causality(builder(colours, levels, 1), shape, levels)


# causality: the gallery

@pytest.mark.parametrize("builder, colours, names", [(builder, colours, names) for builder, counts, names in WRONG
                                                     for colours in counts])
def test_wrong_model_is_caught_and_named(builder, colours, names):
    result = audited(builder, colours)
    assert not result.ok
    rows = str(result).splitlines()
    for name in names:
        assert any(row.startswith(name + "  ") for row in rows), f"{name!r} not in\n{result}"


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("builder", RIGHT)
def test_right_model_is_cleared(builder, colours):
    result = audited(builder, colours)
    assert result.ok and result.leaks == [] and result.kinds == {}, str(result)


def test_names_are_not_given_away():
    """Each mistake is told from the others: what it does not do is not said of it."""
    alone = {wrong.CentreUnmasked: {"own value"}, wrong.BatchMixed: {"another image"}, wrong.BottomUp: {"later value"},
             wrong.OpensTogether: {"later values together"}, wrong.TinyLeak: {"own value"}}
    for builder, kinds in alone.items():
        assert set(audited(builder, 1).kinds) == kinds, builder.__name__


def test_offsets_are_named():
    result = audited(wrong.ShiftMissing, 1)
    assert {leak.source[1] - leak.target[1] for leak in result.leaks if leak.kind == "later value"} == {1}
    assert "(di, dj) = (0, 1);" in str(result)


def test_colours_exchanged():
    result = audited(wrong.ColoursExchanged, 3)
    assert "G reads B" in str(result) and "B does not see G of its own pixel" in str(result)
    assert all(leak.source == (*leak.target[:2], 2) and leak.target[2] == 1 for leak in result.leaks)


def test_two_masks_a_are_blind_and_no_leak():
    result = audited(wrong.TwoMasksA, 3)
    assert result.ok
    assert ((1, 1, 0), (1, 1, 1)) in {pair[:2] for pair in result.unseen}
    assert "G does not see R of its own pixel, B does not see G of its own pixel" in str(result)
    assert "does not see" not in str(audited(wrong.Tiny, 3))


def test_full_context_has_nothing_unseen():
    result = audited(wrong.FullContext, 3)
    assert result.unseen == [] and "none: every prediction reads everything before it" in str(result)


def test_blind_spots_are_named_only_where_they_are_everywhere():
    model = wrong.FullContext(3, 2, 0)
    model.blind = [((0, 0, 0), (0, 0, 1)), *(((0, 0, s), (0, 1, t)) for s in range(3) for t in range(3))]
    text = str(audit.causality(model, (2, 2, 3), 2))
    assert "10 of 66 pairs" in text and "does not see" not in text and "from no place" not in text
    model.blind += [((i, j, 0), (i, j, 1)) for i in range(2) for j in range(2)]
    model.blind += [((1, 0, s), (1, 1, t)) for s in range(3) for t in range(3)]
    text = str(audit.causality(model, (2, 2, 3), 2))
    assert "22 of 66 pairs" in text and "G does not see R of its own pixel" in text
    assert "from no place: (di, dj) = (0, -1)" in text


def test_uniform_sees_nothing():
    result = audited(wrong.Uniform, 1)
    assert len(result.unseen) == 20 * 19 // 2 and not result.influence.any()


def test_blind_spot_is_where_the_structure_says():
    """Two 3x3 layers, A then B: their receptive field is known."""
    result = audit.causality(wrong.Tiny(1, 2, 0), (5, 7, 1), 2)
    seen = {(s[0] - 3, s[1] - 3) for s in raster(5, 7, 1) if (s, (3, 3, 0)) not in {pair[:2] for pair in result.unseen}}
    field = {(-2, d) for d in (-2, -1, 0, 1, 2)} | {(-1, d) for d in (-2, -1, 0, 1)} | {(0, -1), (0, -2)}
    assert {offset for offset in seen if offset < (0, 0)} == field


def test_influence_is_the_largest_change():
    """A model of one known connection: place 0 moves the logit of place 1 by a tenth of its level."""
    def predict(images):
        scores = np.zeros((*images.shape, 3))
        scores[:, 0, 1, 0, 2] = 0.1 * images[:, 0, 0, 0]
        return wrong.log_softmax(scores)
    result = audit.causality(predict, (2, 2, 1), 3)
    dark, lit = (predict(np.array([[[[v], [0]], [[0], [0]]]]))[0, 0, 1, 0] for v in (0, 2))
    change = np.abs(lit - dark) / np.maximum(1, np.minimum(np.abs(lit), np.abs(dark)))
    assert result.influence[0, 1] == pytest.approx(change.max(), rel=1e-12)
    assert np.count_nonzero(result.influence) == 1


# causality: thresholds, coverage, bad answers

@pytest.mark.parametrize("builder, counts", [(builder, counts) for builder, counts, _ in WRONG])
def test_float32_finds_all_but_what_it_says_it_cannot(builder, counts):
    shape, levels = CASES[counts[-1]]
    predict = builder(counts[-1], levels, 1)
    result = audit.causality(lambda images: predict(images).astype(np.float32), shape, levels)
    if builder is wrong.TinyLeak:
        assert result.ok and result.threshold > 1e-6
    else:
        assert not result.ok
    assert result.dtype == "float32" and f"a change above {result.threshold:.1e} counts" in str(result)


def test_threshold_follows_the_measured_noise():
    """Rounding that depends on the place in the batch is no leak, and is stated."""
    right = wrong.Tiny(1, 2, 0)

    def rounded(images):
        return right(images) * (1 + 5e-15 * np.arange(len(images)).reshape(-1, 1, 1, 1, 1))
    result = audit.causality(rounded, (5, 5, 1), 2)
    assert result.ok and 1e-12 < result.noise * 8 == result.threshold


@pytest.mark.parametrize("levels", [2, 3, 17, 20])
def test_every_place_takes_every_level_in_some_base_image(levels):
    bases = base_images((2, 3, 3), levels, np.random.default_rng(0))
    assert all(set(bases[3:, i, j, c]) == set(range(levels)) for i, j, c in raster(2, 3, 3))
    assert bases.min() == 0 and bases.max() == levels - 1


def test_every_level_of_every_place_is_put_to_the_question():
    """A leak of the middle of 256 levels alone: the last place moves the first when it is at that one level."""
    def predict(images):
        scores = np.zeros((*images.shape, 256))
        scores[:, 0, 0, 0, 0] += images[:, -1, -1, 0] == 131
        return wrong.log_softmax(scores)
    result = audit.causality(predict, (1, 3, 1), 256)
    assert {leak[:2] for leak in result.leaks} == {((0, 2, 0), (0, 0, 0))}


def test_every_place_is_changed_in_a_call_of_its_own_too():
    right, alone = wrong.Tiny(1, 4, 0), []

    def predict(images):
        if len(images) == 1:
            alone.append(images[0].copy())
        return right(images)
    audit.causality(predict, (3, 3, 1), 4)
    differ = [np.flatnonzero(a != b) for a in alone for b in alone]
    assert {int(where[0]) for where in differ if len(where) == 1} == set(range(9))


def test_probability_zero_is_no_nan():
    def predict(images):
        with np.errstate(divide="ignore"):
            return np.log(np.stack([np.ones(images.shape), np.zeros(images.shape)], axis=-1))
    assert audit.causality(predict, (2, 2, 1), 2).ok
    reads = audit.causality(lambda x: np.where(x[..., None] == np.arange(2), 0.0, -np.inf), (2, 2, 1), 2)
    assert reads.kinds == {"own value": 4} and math.isinf(reads.leaks[0].change)


def test_same_seed_same_result():
    first, second = (audit.causality(wrong.MaskedOnce(1, 3, 1), (3, 3, 1), 3, rng=5) for _ in range(2))
    assert np.array_equal(first.influence, second.influence) and str(first) == str(second)


def test_predict_may_write_to_its_images():
    right = wrong.Tiny(1, 2, 0)

    def predict(images):
        logp = right(images)
        images[:] = 0
        return logp
    influences = [audit.causality(function, (3, 3, 1), 2).influence for function in (predict, right)]
    assert np.array_equal(*influences)


def test_record_is_plain():
    import json
    record = json.loads(json.dumps(audited(wrong.MaskedOnce, 3).record()))
    assert record["ok"] is False and record["leaks"] == sum(record["kinds"].values())
    assert any(line.startswith("colour order: ") for line in record["findings"])


def random_generator_inside(images):
    return wrong.log_softmax(np.random.default_rng().normal(size=(*images.shape, 2)))


def one_nan(images):
    logp = np.full((*images.shape, 2), -np.log(2))
    logp[0, 1, 0, 0, 1] = np.nan
    return logp


@pytest.mark.parametrize("predict, message", [
    (lambda x: np.zeros((*x.shape, 2)), r"sum to 2 and not to 1 at .* \(0, 0, 0, 0\): is a log-softmax missing"),
    (lambda x: np.zeros(x.shape), r"expects to return log-probabilities \(1, 2, 2, 1, 2\) .* got \(1, 2, 2, 1\)"),
    (lambda x: np.zeros((*x.shape, 2), int), "expects to return float32 or float64, got int64"),
    (one_nan, r"NaN at \(image, row, column, colour, level\) \(0, 1, 0, 0, 1\)"),
    (lambda x: np.full((*x.shape, 2), -np.inf), "sum to 0 and not to 1"),
    (lambda x: np.full((*x.shape, 2), 1e4), "sum to inf and not to 1"),
    (random_generator_inside, "between two calls with the same image: is dropout on"),
    (3, "expects a function or a model with predict, got int"),
])
@pytest.mark.filterwarnings("error")
def test_no_answer_is_an_error_in_one_line(predict, message):
    with pytest.raises(ValueError, match=message) as caught:
        audit.causality(predict, (2, 2, 1), 2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape, levels, message", [((2, 2), 2, "expects a shape"), ((2, 0, 1), 2, "expects a shape"),
                                                    ((2, 2, 1), 1, "2 levels or more, got 1")])
def test_shape_and_levels_are_checked(shape, levels, message):
    for ask in (audit.causality, audit.normalisation):
        with pytest.raises(ValueError, match=message):
            ask(wrong.Uniform(1, 2, 0), shape, levels)


def test_how_to_audit_a_pytorch_model_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch", reason="PyTorch is no dependency: the extra 'bench' installs it")
    page = (Path(__file__).parent.parent / "docs" / "how-to-audit.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    printed = capsys.readouterr().out
    assert printed.count("NOT causal") == 1 and "sum to one (float64" in printed
    assert (tmp_path / "dependencies.png").exists()
    table = printed[printed.index("NOT causal"):]
    offsets = "(di, dj) = (0, 1) (1, 0) (1, -1) (0, 2) (1, -2); 231 pairs"
    assert "reads its own value" in table and offsets in table and offsets in page


# the library's own models

def shaken(model, rng):
    """Weights away from their start, as after training: no gate half open, no bias zero."""
    for value in model.params.values():
        value += rng.normal(0, 0.3, size=value.shape).astype(value.dtype)
    return model


@pytest.mark.parametrize("seed", range(20))
def test_no_false_alarm_over_random_configurations(seed):
    rng = np.random.default_rng(seed)
    colours = int(rng.choice([1, 3]))
    levels = int(rng.integers(2, 6))
    name = ["pixelcnn", "pixelcnn-basic", "row-lstm", "diagonal-bilstm", "spatial-lstm"][seed % 5]
    sizes = {"layers": (1, 4), "h": (3, 9), "out": (3, 9)}
    switches = {"residual": [True, False], "skip": [True, False], "context": ["paper", "full"], "extended": [True, False],
                "size": [3, 5, 7]}
    options = {option: int(rng.integers(*limits)) for option, limits in sizes.items()}
    options |= {option: rng.choice(values).item() for option, values in switches.items()}
    options = {option: value for option, value in options.items() if option in options_of(name)}
    height, width = (int(n) for n in rng.integers(1, 5, size=2))
    model = shaken(minipixel.build(name, height=height, width=width, colours=colours, levels=levels, rng=seed,
                                   dtype=["float32", "float64"][seed // 5 % 2], **options), rng)
    result = audit.causality(model.predict, (height, width, colours), levels)
    assert result.ok, str(result)


@pytest.mark.parametrize("shape, levels, count", [((3, 3, 1), 2, 512), ((2, 1, 3), 3, 729)])
@pytest.mark.parametrize("name", ["pixelcnn", "pixelcnn-basic", "row-lstm", "diagonal-bilstm", "spatial-lstm"])
def test_probabilities_of_all_images_sum_to_one(name, shape, levels, count):
    height, width, colours = shape
    small = {option: size for option, size in {"layers": 2, "h": 6, "out": 6}.items() if option in options_of(name)}
    model = shaken(minipixel.build(name, height=height, width=width, colours=colours, levels=levels, rng=0, dtype="float64",
                                   **small), np.random.default_rng(0))
    result = audit.normalisation(model, shape, levels)
    assert result.ok and result.count == count
    assert abs(result.total - 1) <= 1e-10 and abs(result.total_nll - 1) <= 1e-10 and result.difference <= 1e-10


def test_float32_sums_within_its_stated_tolerance():
    model = minipixel.build("pixelcnn", height=2, width=2, colours=1, levels=3, rng=0, layers=1, h=4, out=4)
    result = audit.normalisation(model, (2, 2, 1), 3)
    assert result.ok and result.dtype == "float32" and "within 1e-04" in str(result)


# normalisation

@pytest.mark.parametrize("builder", wrong.RIGHT)
def test_right_conditionals_sum_to_one(builder):
    result = audit.normalisation(builder(1, 3, 0), (2, 3, 1), 3)
    assert result.ok and result.count == 729 and result.total_nll is None


@pytest.mark.parametrize("builder", [wrong.CentreUnmasked, wrong.CentreRowZeroed, wrong.RawResidual, wrong.MaskedOnce,
                                     wrong.WholeImageMean])
def test_leaks_break_the_sum(builder):
    result = audit.normalisation(builder(1, 2, 0), (3, 3, 1), 2)
    assert not result.ok and abs(result.total - 1) > 1e-6 and "do NOT sum to one" in str(result)


def test_the_sum_alone_does_not_prove_the_order():
    """Bottom up is a factorisation as well, only not the one that the sampler follows: both audits are needed."""
    bottom_up = wrong.BottomUp(1, 2, 0)
    assert audit.normalisation(bottom_up, (3, 3, 1), 2).ok and not audit.causality(bottom_up, (3, 3, 1), 2).ok


class Disagrees(wrong.Uniform):
    """A model whose nll is not that of its predictions: a mean over the pixels for a sum."""

    def predict(self, images):
        return self(images)

    def nll(self, images):
        return np.full(len(images), np.log(self.levels))


def test_nll_is_summed_too():
    result = audit.normalisation(Disagrees(1, 2, 0), (2, 2, 1), 2)
    assert abs(result.total - 1) < 1e-12 and result.total_nll == pytest.approx(8) and not result.ok


def test_too_many_images_are_refused():
    with pytest.raises(ValueError, match=r"at most 1,048,576 images to enumerate, got 2\^64"):
        audit.normalisation(wrong.Uniform(1, 2, 0), (8, 8, 1), 2)


# units and likelihood

def test_units():
    assert units.bits_per_dim(81.30, (28, 28, 1)) == pytest.approx(81.30 / 784 / 0.69314718)
    assert units.bits_per_dim(units.uniform_nats((32, 32, 3), 256), (32, 32, 3)) == pytest.approx(8)
    assert units.nats_per_image(units.bits_per_dim(5.0, (3, 2, 1)), (3, 2, 1)) == pytest.approx(5)


def stripes(count=4200, levels=4):
    """Images (count, 8, 8, 1) that a compressor can shorten: rows of few kinds, with noise."""
    rng = np.random.default_rng(0)
    rows = rng.integers(levels, size=(6, 8))
    images = rows[rng.integers(6, size=(count, 8))]
    noisy = rng.random(images.shape) < 0.05
    return np.where(noisy, rng.integers(levels, size=images.shape), images)[..., None].astype(np.uint8)


def judged(fraction, images=None):
    """The verdict on a figure of `fraction` of what LZMA needs."""
    images = stripes() if images is None else images
    return audit.likelihood(units.nats_per_image(fraction * lzma_bits(images, 4), images.shape[1:]), images, 4, se=0.1)


def test_plausible_figures_raise_no_alarm():
    for fraction in (0.41, 0.6, 1.0):
        result = judged(fraction)
        assert result.ok, str(result)
    text = str(result)
    assert "impossible limit" in text and "twin limit" in text and f"{0.25 * result.lzma:.4f}" in text
    assert f"{0.4 * result.lzma:.4f}" in text


def test_uniform_is_no_alarm_and_worse_is_one():
    nats = units.uniform_nats((8, 8, 1), 4)
    assert audit.likelihood(nats, stripes(), 4).ok
    worse = audit.likelihood(nats * 1.01, stripes(), 4)
    (alarm,) = worse.alarms     # a model that has hardly learned, or a unit: one alarm says both
    assert "worse than the uniform model" in alarm and "hardly trained, or a wrong unit (if it is bits per image" in alarm


def test_too_good_to_be_true():
    assert "too good to be true" in judged(0.24).alarms[0]
    assert not any("too good" in alarm for alarm in judged(0.26).alarms)


def twins(nats, images, levels=4):
    return [name for name, _ in audit.likelihood(nats, images, levels).readings]


def test_wrong_units_are_named():
    images = stripes()
    plausible = 0.5 * lzma_bits(images, 4)          # bits per dimension
    nats = units.nats_per_image(plausible, (8, 8, 1))
    assert any("nats per dimension" in name for name in twins(nats / 64, images))
    assert any("bits per dimension" in name for name in twins(plausible, images))
    assert any("sum over all 4,200 images" in name for name in twins(nats * 4200, images))
    assert any("nats twin" in name for name in twins(nats * math.log(2), images))
    uniform_in_bits = 64 * 2.0                      # log2 4 bits each, quoted as nats
    assert any("bits twin" in name for name in twins(uniform_in_bits, images))
    assert twins(nats, images) == []


def test_colour_images_know_pixels_from_dimensions():
    images = np.repeat(stripes(), 3, axis=3)
    nats = units.nats_per_image(0.5 * lzma_bits(images, 4), (8, 8, 3))
    assert any("nats per pixel" in name for name in twins(nats / 64, images))


def test_a_few_small_images_raise_no_false_alarm():
    """LZMA's own frame is most of what it needs for them: more than the uniform model is no scale."""
    image = np.random.default_rng(0).integers(0, 2, (1, 8, 8, 1))
    assert lzma_bits(image, 2) > 1 and audit.likelihood(units.nats_per_image(0.526, (8, 8, 1)), image, 2).ok


def test_of_few_images_lzma_says_less():
    """Of 20 images LZMA needs more bits for each than of 4,200: a tenth of that may be honest, a thousandth is not."""
    few = stripes(20)
    assert judged(0.1, few).ok and "these are few images" in str(judged(0.1, few))
    assert "too good to be true" in judged(0.001, few).alarms[0] and not judged(0.1).ok


@pytest.mark.parametrize("nats", [0.0, -3.0])
def test_no_nats_at_all_are_too_good(nats):
    """No error: a density may say so, and so does a network that has seen one picture only."""
    found = audit.likelihood(nats, stripes(20), 4)
    assert not found.ok and "too good to be true" in found.alarms[0]


def test_lzma_takes_the_smaller_form_and_counts_levels():
    noise = np.random.default_rng(0).integers(2, size=(100, 16, 16, 1))
    assert lzma_bits(noise, 2) == pytest.approx(1, rel=0.02)            # packed; as bytes it would need more
    deep = np.random.default_rng(0).integers(1024, size=(50, 16, 16, 1))
    assert lzma_bits(deep, 1024) == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize("nats, images, message", [
    (float("nan"), stripes(2), "nats per image, a finite number, got nan"), (float("-inf"), stripes(2), "got -inf"),
    ("80", stripes(2), "a finite number, got '80'"),
    (1.0, stripes(2)[..., 0], r"integer images \(N, H, W, C\)"), (1.0, stripes(2) / 4, "got float64"),
    (1.0, stripes(2) + 2, r"levels 0\.\.3, got 2\.\.5"), (1.0, stripes(2)[:0], r"shape \(0, 8, 8, 1\)")])
def test_likelihood_checks_its_inputs(nats, images, message):
    with pytest.raises(ValueError, match=message):
        audit.likelihood(nats, images, 4)


def test_the_uniform_model_of_a_bound_is_no_alarm():
    """A small image counts in its bound as well: 1 + 1/4 times the bits of the levels are what the uniform model needs."""
    images = np.random.default_rng(0).integers(256, size=(40, 8, 8, 3))
    nats = units.nats_per_image(10.0, (8, 8, 3))
    assert not audit.likelihood(nats, images, 256).ok
    assert audit.likelihood(nats, images, 256, uniform=10.0).ok and not audit.likelihood(nats, images, 256, uniform=9.9).ok
    assert build("multi-scale", height=8, width=8, colours=3, levels=256, h=3, layers=1).uniform_bits(8, 8) == 10


def test_what_moves_too_little_is_called_faint():
    """Influence that fades on a long way is not said to be none."""
    def fading(images):
        x, powers = images[..., 0].reshape(len(images), -1), 1e-3 ** np.arange(1, 17.0)
        past = np.stack([x[:, :t] @ powers[:t][::-1] for t in range(x.shape[1])], axis=1)
        logits = np.stack([np.zeros(past.shape), past], axis=-1)
        return (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).reshape(*images.shape, 2)

    text = str(audit.causality(fading, (2, 4, 1), 2))
    faint, pairs = (int(number) for number in re.search(r"not seen +(\d+) of 28 pairs.*; (\d+) of them moved", text).groups())
    assert 0 < pairs <= faint
    blind = build("row-lstm", height=4, width=4, layers=1, h=2, dtype="float64")
    assert "moved" not in str(audit.causality(blind, (4, 4, 1), 2))


@pytest.mark.parametrize("wrong, message", [
    ({"levels": 4.0}, "levels, a whole number of at least 2, got 4.0"), ({"levels": 1}, "got 1"),
    ({"se": -0.1}, "se, the standard error of the nats, a finite number from 0 on, got -0.1"),
    ({"se": float("nan")}, "got nan"), ({"se": "0.1"}, "got '0.1'")])
def test_likelihood_checks_its_numbers(wrong, message):
    with pytest.raises(ValueError, match=message):
        audit.likelihood(**{"nats": 1.0, "images": stripes(2), "levels": 4} | wrong)


@pytest.mark.skipif(not DATA, reason="MINIPIXEL_DATA names no folder of real images")
def test_published_figures_and_published_mistakes_on_real_images():
    digits = minipixel.data.load("binarized-mnist").test[::20]
    for nats in (79.20, 81.30, 87.0, 205.79):       # Diagonal BiLSTM, PixelCNN, ours, independent pixels
        assert audit.likelihood(nats, digits, 2).ok, nats
    assert not audit.likelihood(0.1037, digits, 2).ok       # nats per pixel quoted as nats per image
    photographs = minipixel.data.load("cifar10").test[:100]
    shape = photographs.shape[1:]
    for bits in (2.92, 3.00, 3.14, 4.70, 8.0):
        assert audit.likelihood(units.nats_per_image(bits, shape), photographs, 256).ok, bits
    for bits in (0.0018, 3.00 * math.log(2)):       # published as a record; the nats twin of a good figure
        assert not audit.likelihood(units.nats_per_image(bits, shape), photographs, 256).ok, bits


class Copying:
    """The second pixel is the first: zero probabilities, and an nll that is infinite where they are."""

    def predict(self, x):
        p = np.full((*x.shape, 2), 0.5)
        p[:, 0, 1, 0] = np.where(x[:, 0, 0, 0, None] == 1, [0.0, 1.0], [1.0, 0.0])
        with np.errstate(divide="ignore"):
            return np.log(p)

    def nll(self, x):
        return -np.take_along_axis(self.predict(x), x[..., None], -1).sum((1, 2, 3, 4))


def test_images_without_probability_are_no_disagreement():
    found = audit.normalisation(Copying(), (1, 3, 1), 2)
    assert found.ok and found.difference == 0


@pytest.mark.parametrize("spoil", [lambda nats: nats.mean(), lambda nats: nats[:, None], lambda nats: nats[:1],
                                   lambda nats: None])
def test_an_nll_of_another_shape_is_refused(spoil):
    class Spoiled(Copying):
        def nll(self, x):
            return spoil(super().nll(x))

    with pytest.raises(ValueError, match="expects nll to return nats for each image"):
        audit.normalisation(Spoiled(), (1, 3, 1), 2)


def test_rounding_of_sharp_float32_models_is_no_mixing_of_images():
    """The products of a batch of other size are rounded otherwise, most where log-probabilities are far below zero."""
    places, levels, hidden, rng = 16, 4, 1024, np.random.default_rng(6)
    degree = np.arange(hidden) % 15
    first = (rng.standard_normal((places, hidden)) * (np.arange(places)[:, None] <= degree)).astype("f4")
    second = rng.standard_normal((hidden, places, levels)) * (degree[:, None] < np.arange(places))[:, :, None] * 50 / 32
    second, b = second.astype("f4").reshape(hidden, -1), rng.standard_normal((places, levels)).astype("f4")

    def predict(x):
        v = (x.reshape(len(x), -1) / (levels - 1) * 2 - 1).astype("f4")
        logits = (np.tanh(v @ first) @ second).reshape(len(x), places, levels) + b
        logits -= logits.max(-1, keepdims=True)
        return (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).reshape(*x.shape, levels)

    found = audit.causality(predict, (4, 4, 1), levels)
    assert found.ok, str(found)
