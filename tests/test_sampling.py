"""The sampler's doors, seeds and single draws. That samples follow the model's probabilities is a law (test_laws.py)."""

import numpy as np
import pytest
from subjects import draw_biases

from minipixel import build, complete, sample, sampling
from minipixel.order import raster


@pytest.fixture(scope="module")
def model():
    model = build("pixelcnn", height=3, width=4, colours=3, levels=4, rng=0, layers=1, h=3, out=4)
    draw_biases(model.params, np.random.default_rng(0))
    return model


def test_shape_type_and_levels(model):
    x = sample(model, 5)
    assert x.shape == (5, 3, 4, 3) and x.dtype == np.uint8
    assert set(np.unique(x)) == {0, 1, 2, 3}
    assert sample(model, 2, height=2, width=6).shape == (2, 2, 6, 3)
    assert sample(model, 2, height=1).shape == (2, 1, 4, 3)


def test_a_seed_decides_the_images(model):
    np.testing.assert_array_equal(sample(model, 3, rng=5), sample(model, 3, rng=np.random.default_rng(5)))
    assert (sample(model, 3, rng=5) != sample(model, 3, rng=6)).any()


def test_the_first_images_of_a_larger_batch_are_those_of_a_smaller_one(model):
    np.testing.assert_array_equal(sample(model, sampling.TOGETHER + 3, rng=5)[:3], sample(model, 3, rng=5))


def test_a_low_temperature_takes_the_likeliest_level(model):
    x = sample(model, 2, temperature=sampling.COLDEST)
    np.testing.assert_array_equal(model.predict(x).argmax(axis=-1), x)


def test_known_values_stay_and_nothing_else_is_read(model):
    """What stands at unknown places before does not matter."""
    rng = np.random.default_rng(0)
    x, known = rng.integers(0, 4, (6, 3, 4, 3)), rng.random((6, 3, 4, 3)) < 0.5
    found = complete(model, x, known, rng=1)
    np.testing.assert_array_equal(found[known], x[known])
    np.testing.assert_array_equal(complete(model, np.where(known, x, 0), known, rng=1), found)
    assert (found != x).any()


def test_everything_known_comes_back(model):
    x = np.random.default_rng(0).integers(0, 4, (2, 3, 4, 3))
    np.testing.assert_array_equal(complete(model, x, np.ones(x.shape, bool)), x)


def test_the_arguments_are_left_as_they_were(model):
    x, known = np.zeros((2, 3, 4, 3), int), np.zeros((3, 4, 3), bool)
    complete(model, x, known)
    assert not x.any() and not known.any()


@pytest.mark.parametrize(("arguments", "says"), [
    ({"n": 0}, "at least 1, got 0"), ({"n": 2.0}, "at least 1, got 2.0"), ({"n": -1}, "at least 1, got -1"),
    ({"temperature": 0}, "temperature expects a number of at least 0.001, got 0"),
    ({"temperature": -1.0}, "at least 0.001, got -1.0"), ({"temperature": float("nan")}, "at least 0.001, got nan"),
    ({"temperature": float("inf")}, "at least 0.001, got inf"),
    ({"height": 0}, "height expects a whole number of at least 1, got 0"), ({"width": 2.5}, "width expects .* got 2.5")])
def test_what_cannot_be_sampled(model, arguments, says):
    with pytest.raises(ValueError, match=says):
        sample(model, **arguments)


@pytest.mark.parametrize("shape", [(2, 3, 4, 1), (3, 4), (1, 3, 4, 3), (2, 4, 3, 3)])
def test_known_of_a_wrong_shape(model, shape):
    with pytest.raises(ValueError) as error:
        complete(model, np.zeros((2, 3, 4, 3), int), np.zeros(shape, bool))
    assert "(2, 3, 4, 3) or (3, 4, 3)" in str(error.value) and str(shape) in str(error.value)


def test_a_bar_is_shown_only_if_asked_for(model, capsys):
    sample(model, 1)
    assert capsys.readouterr() == ("", "")
    sample(model, 1, progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "sampling" in err


def draw(p, u, temperature=1.0, dtype=np.float64):
    with np.errstate(divide="ignore"):
        log_p = np.log(np.array(p, dtype))
    u = np.array(u, dtype)
    return sampling.draw(np.tile(log_p, (len(u), 1)), u, temperature).tolist()


def test_draws_invert_the_cumulated_probabilities():
    assert draw([0.25, 0.5, 0.25], [0, 0.2499, 0.2501, 0.7499, 0.7501, 0.9999]) == [0, 0, 1, 1, 2, 2]


def test_a_level_of_probability_zero_is_never_drawn():
    assert draw([0, 1, 0], [0, 0.5, np.nextafter(1, 0)]) == [1, 1, 1]
    assert draw([0, 1, 0], [0, 0.5, np.nextafter(np.float32(1), np.float32(0))], dtype=np.float32) == [1, 1, 1]


def test_a_number_that_rounds_up_to_one_draws_the_last_level():
    """A float64 just below 1 is 1 in float32."""
    assert draw([0.5, 0.5], [np.nextafter(1, 0)], dtype=np.float32) == [1]


def test_temperature_sharpens():
    """p^2 of (1/3, 2/3) is (1/5, 4/5)."""
    assert draw([1 / 3, 2 / 3], [0.19, 0.21, 0.34], temperature=0.5) == [0, 1, 1]


@pytest.mark.parametrize(("name", "colours"), [("pixelcnn", 1), ("pixelcnn-basic", 3)])
def test_fronts_draw_the_images_of_the_raster_visit(name, colours, monkeypatch):
    """The same numbers, drawn in another order of places; known values included."""
    model = build(name, height=21, width=18, colours=colours, levels=4, rng=0, layers=2, h=6, out=6, dtype="float64")
    rng = np.random.default_rng(1)
    x, known = rng.integers(0, 4, (3, 21, 18, colours)), rng.random((3, 21, 18, colours)) < 0.3
    drawn = sample(model, 3), complete(model, x, known, 2)
    asked = []
    monkeypatch.setattr(sampling, "fronts", lambda *shape: asked.append(shape[-1]) or raster(*shape[:-1]))
    np.testing.assert_array_equal(drawn, (sample(model, 3), complete(model, x, known, 2)))
    assert asked == [4, 4]
