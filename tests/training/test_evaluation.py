"""Likelihoods on a split, and the two baselines beside them."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from minipixel import build
from minipixel.training.evaluation import CHUNK, compare, evaluate, figure, independent_nats, paired

SHAPE = 2, 3, 1
LEVELS = 3


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    train, validation, test = (rng.integers(0, LEVELS, (n, *SHAPE)).astype(np.uint8) for n in (40, 7, 9))
    return SimpleNamespace(train=train, validation=validation, test=test, levels=LEVELS, groups=None)


@pytest.fixture
def model():
    return build("pixelcnn", height=2, width=3, levels=LEVELS, rng=0, layers=1, h=3, out=3)


def test_every_image_is_evaluated_once_and_in_order(model):
    x = np.random.default_rng(1).integers(0, LEVELS, (2 * CHUNK + 3, *SHAPE))
    found = evaluate(model, x)
    assert found.shape == (len(x),) and found.dtype == np.float64
    for n in (0, CHUNK - 1, CHUNK, 2 * CHUNK + 2):
        assert found[n] == pytest.approx(model.nll(x[n:n + 1])[0], rel=1e-5)


def test_independent_pixels_count_levels(data):
    """Each pixel by its own histogram, half a count added to every level."""
    expected = np.zeros(len(data.test))
    for n, image in enumerate(data.test):
        for place in np.ndindex(*SHAPE):
            count = sum(int(other[place] == image[place]) for other in data.train)
            expected[n] -= math.log((count + 0.5) / (len(data.train) + 0.5 * LEVELS))
    np.testing.assert_allclose(independent_nats(data.train, data.test, LEVELS), expected, rtol=1e-13)


def test_independent_pixels_are_a_distribution():
    """Of all 3^4 images of 2 x 2, one image of which was seen."""
    images = np.indices([3] * 4).reshape(4, -1).T.reshape(-1, 2, 2, 1)
    assert np.exp(-independent_nats(images[:1], images, 3)).sum() == pytest.approx(1, abs=1e-12)


def test_a_figure_is_mean_and_standard_error_in_both_units():
    found = figure(np.array([1.0, 2.0, 3.0, 6.0]), (2, 2, 1))
    assert found["nats"] == 3 and found["images"] == 4
    assert found["nats_error"] == pytest.approx(math.sqrt((4 + 1 + 0 + 9) / 3) / 2)
    for unit in ("", "_error"):
        assert found[f"bits_per_dim{unit}"] == pytest.approx(found[f"nats{unit}"] / (4 * math.log(2)))


def test_two_models_are_compared_image_by_image(model, data):
    other = build("pixelcnn", height=2, width=3, levels=LEVELS, rng=1, layers=1, h=3, out=3)
    found, gains = paired(model, other, data.test), other.nll(data.test) - model.nll(data.test)
    error = gains.std(ddof=1) / 3
    assert found["nats"] == pytest.approx(gains.mean()) and found["nats_error"] == pytest.approx(error)
    assert found["nats_from"] == pytest.approx(gains.mean() - 2.306 * error)     # 9 images: 8 degrees of freedom
    assert found["bits_per_dim_to"] == pytest.approx((gains.mean() + 2.306 * error) / (6 * math.log(2)))
    assert found["frame"] is None and found["images"] == 9 and found["upper_bounds"] == [False, False]
    assert paired(other, model, data.test)["nats"] == pytest.approx(-gains.mean())


def test_densities_are_compared_on_pixels_that_both_know():
    """Windows of 3x3 and 5x5: without a frame of 2, the wider one's."""
    x = np.random.default_rng(0).integers(0, LEVELS, (5, 8, 9, 1))
    narrow, wide = (build("mcgsm", height=8, width=9, levels=LEVELS, rng=0, size=size, components=2) for size in (3, 5))
    found, gains = paired(wide, narrow, x), narrow.nll(x, frame=2) - wide.nll(x, frame=2)
    assert found["upper_bounds"] == [True, True]
    assert found["frame"] == 2 and found["nats"] == pytest.approx(gains.mean())
    assert found["bits_per_dim"] == pytest.approx((wide.rate(x, 2) - narrow.rate(x, 2)).mean())
    assert paired(wide, narrow, x, frame=3)["nats"] == pytest.approx((narrow.nll(x, frame=3) - wide.nll(x, frame=3)).mean())
    alone = narrow.nll(x, frame=1) - narrow.nll(x, frame=1, ensemble=True)
    assert paired(narrow, narrow, x, ensemble=True)["nats"] == pytest.approx(alone.mean())


def test_a_density_is_compared_with_a_model_of_levels_by_its_levels(model, data):
    density = build("mcgsm", height=2, width=3, levels=LEVELS, rng=0, size=3, components=2)
    found, gains = paired(density, model, data.test), model.nll(data.test) - density.level_nll(data.test)
    assert found["nats"] == pytest.approx(gains.mean()) and found["upper_bounds"] == [False, False]
    assert paired(model, density, data.test)["nats"] == pytest.approx(-gains.mean())
    alone = density.level_nll(data.test, ensemble=True)
    assert paired(density, model, data.test, ensemble=True)["nats"] == pytest.approx((model.nll(data.test) - alone).mean())


@pytest.mark.parametrize("other, options, words", [
    ({"levels": 4}, {}, "3 levels and 1 colours against 4 and 1"), ({"colours": 3}, {}, "against 3 and 3"),
    ({}, {"frame": 1}, "of densities, got pixelcnn against pixelcnn"), ({}, {"ensemble": True}, "of densities")])
def test_what_cannot_be_compared(model, data, other, options, words):
    other = build("pixelcnn", height=2, width=3, rng=0, layers=1, h=3, out=3, **{"levels": LEVELS, "colours": 1} | other)
    with pytest.raises(ValueError, match=words):
        paired(model, other, data.test, **options)


def test_a_labeller_is_compared_with_nothing(model, data):
    labeller = build("mdlstm", height=2, width=3, levels=LEVELS, rng=0, layers=1, h=1, block=1)
    for pair in ((model, labeller), (labeller, model)):
        with pytest.raises(ValueError, match="mdlstm labels pixels"):
            paired(*pair, data.test)


def test_one_image_has_no_interval(model, data):
    with pytest.raises(ValueError, match="at least 2"):
        paired(model, model, data.test[:1])


def test_one_image_has_no_error():
    assert figure(np.array([2.0]), (1, 1, 1)) == {"nats": 2.0, "nats_error": None, "bits_per_dim": 2 / math.log(2),
                                                  "bits_per_dim_error": None, "images": 1}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_table(model, data, split):
    x = getattr(data, split)
    table = compare(model, data, split)
    assert list(table) == ["uniform", "independent pixels", "pixelcnn"]
    assert {row["images"] for row in table.values()} == {len(x)}
    assert table["uniform"]["bits_per_dim"] == pytest.approx(math.log2(3)) and table["uniform"]["nats_error"] == 0
    assert table["pixelcnn"]["nats"] == pytest.approx(model.nll(x).mean(), rel=1e-6)
    assert table["independent pixels"]["nats"] == pytest.approx(independent_nats(data.train, x, 3).mean())


def test_the_table_of_a_density(data):
    """As a density, and by its levels."""
    density = build("mcgsm", height=2, width=3, levels=LEVELS, rng=0, size=3, components=2)
    for ensemble in (False, True):
        table = compare(density, data, ensemble=ensemble)
        assert list(table) == ["uniform", "independent pixels", "mcgsm (upper bound)", "mcgsm (levels)"]
        assert table["mcgsm (upper bound)"]["nats"] == pytest.approx(density.nll(data.test, ensemble=ensemble).mean())
        assert table["mcgsm (levels)"]["nats"] == pytest.approx(density.level_nll(data.test, ensemble=ensemble).mean())
