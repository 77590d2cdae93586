"""The settings of a training, and the schedules in them."""

import numpy as np
import pytest

from minipixel.training.recipe import SETTINGS, Recipe


@pytest.mark.parametrize(("settings", "says"), [
    ({}, "either epochs or minutes"), ({"epochs": 1, "minutes": 1}, "either epochs or minutes"),
    ({"epochs": 0}, "epochs expects a whole number of at least 1, got 0"), ({"epochs": 1.5}, "epochs expects"),
    ({"epochs": True}, "epochs expects"), ({"minutes": 0}, "minutes expects a number above 0, got 0"),
    ({"minutes": float("inf")}, "minutes expects"), ({"minutes": "3"}, "minutes expects"),
    ({"epochs": 1, "batch": 0}, "batch expects"),
    ({"epochs": 1, "optimiser": "adm"}, "unknown optimiser 'adm': did you mean adam"),
    ({"epochs": 1, "decay": "cosin"}, "unknown decay 'cosin': did you mean cosine"),
    ({"epochs": 1, "rate": 0}, "rate expects a number above 0"), ({"epochs": 1, "rate": float("nan")}, "rate expects"),
    ({"epochs": 1, "clip": -1}, "clip expects a number of at least 0, got -1"),
    ({"epochs": 1, "average": 1}, "average expects a number from 0 to below 1, got 1"),
    ({"epochs": 1, "average": -0.1}, "average expects")])
def test_settings_that_make_no_sense(settings, says):
    with pytest.raises(ValueError, match=says):
        Recipe(**settings)


def test_settings_of_numpy_are_numbers_too():
    assert Recipe(epochs=np.int64(2), rate=np.float32(0.5)).epochs == 2


def test_what_can_be_set():
    assert SETTINGS == ("batch", "optimiser", "rate", "decay", "clip", "average", "samples", "edges", "stages", "refit")


def test_the_cosine_is_flat_and_then_falls_to_zero():
    recipe = Recipe(epochs=1, rate=0.1)
    assert [recipe.rate_at(done) for done in (0, 0.1, 0.3)] == [0.1] * 3
    assert recipe.rate_at(0.65) == pytest.approx(0.05)
    assert recipe.rate_at(1) == pytest.approx(0, abs=1e-17) and recipe.rate_at(1.2) == recipe.rate_at(1)
    rates = [recipe.rate_at(done) for done in np.linspace(0.3, 1, 50)]
    assert rates == sorted(rates, reverse=True)


def test_no_decay():
    assert {Recipe(epochs=1, rate=0.1, decay="none").rate_at(done) for done in (0, 0.5, 1)} == {0.1}


def test_the_average_forgets_the_first_weights_soon():
    recipe = Recipe(epochs=1, average=0.99)
    decays = [recipe.average_at(step) for step in range(1, 2000)]
    assert decays[0] == 1 / 11 and decays == sorted(decays) and decays[-1] == 0.99
    assert Recipe(epochs=1, average=0).average_at(5) == 0
