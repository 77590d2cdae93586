"""Stages by the clock, and the recipe. All else of them is tested from the command line: tests/commands/test_densities.py."""

from types import SimpleNamespace

import numpy as np
import pytest

from minipixel import data
from minipixel.training import loop, stages
from minipixel.training.fit import Fit
from minipixel.training.run import Run
from minipixel.training.stages import Staged

STEP, VALIDATION = 1, 5     # s that a step and a validation take on the clock of these tests


@pytest.fixture
def staged(monkeypatch, tmp_path):
    """fit(minutes, stages, start, fit): a training whose start and fits take so many seconds; what it was at every step."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def taking(seconds, what):
        def call(*args, **kwargs):
            clock.now += seconds
            return what(*args, **kwargs)
        return call

    def fit(minutes, count, start, fit):
        losses = iter(range(1000, 0, -1))
        monkeypatch.setattr(Staged, "initialise", taking(start, lambda self, **_: None))
        monkeypatch.setattr(Staged, "refit", taking(fit, lambda self, stage: None))
        monkeypatch.setattr(stages, "evaluate", taking(VALIDATION, lambda *_, **__: np.array([float(next(losses))])))
        monkeypatch.setattr(Staged, "patches", taking(STEP, lambda self, patch, rng: self.data.train[:2]))
        options = {"head": "mcgsm", "layers": 1, "h": 2, "size": 3, "components": 2, "scales": 1, "features": 2}
        Run.create({"model": "spatial-lstm", "options": options, "height": 8, "width": 8, "colours": 1, "levels": 17,
                    "data": "digits", "seed": 0, "recipe": {"minutes": minutes, "stages": count, "batch": 2}}, tmp_path / "run")
        trainer, seen = Staged(Run(tmp_path / "run"), data.load("digits")), []
        trainer.fit(lambda t: seen.append((t.progress["seconds"], t.done, t.progress["stage"])))
        return trainer, np.array(seen)
    return fit


def test_stages_share_the_minutes(staged):
    """Four in 400 s: after 40 s of start they have 90 s each, a fit and its validation within."""
    trainer, seen = staged(400 / 60, 4, start=40, fit=15)
    steps = np.diff([0, *[row["step"] for row in trainer.rows]])
    assert len(steps) == 4 and 48 <= steps[0] <= 51 and (68 <= steps[1:]).all() and (steps[1:] <= 78).all()
    assert 380 <= trainer.progress["seconds"] <= 420


def test_a_long_start_takes_no_stage_its_steps(staged):
    """In 200 s there is time for two of eight stages: the steps of each have as long as the fit before it."""
    trainer, seen = staged(200 / 60, 8, start=50, fit=30)
    steps = np.diff([0, *[row["step"] for row in trainer.rows]])
    assert len(steps) == 2 and 49 <= steps[0] <= 52 and 34 <= steps[1] <= 37
    assert 200 <= trainer.progress["seconds"] <= 200 + 35


def test_of_minutes_the_clock_tells_what_is_done(staged):
    trainer, seen = staged(5, 3, start=20, fit=10)
    seconds, done, stage = seen.T
    running = stage < 3
    np.testing.assert_allclose(done[running], np.minimum(0.999, seconds[running] / 300))
    assert done[-1] == 1 and (np.diff(done) >= 0).all()


# The recipe itself.

OPTIONS = {"head": "mcgsm", "layers": 1, "h": 2, "size": 3, "components": 2, "scales": 1, "features": 2}


def trainer_of(folder, cls=Staged, model="spatial-lstm", options=None, **recipe):
    Run.create({"model": model, "options": options or OPTIONS, "height": 8, "width": 8, "colours": 1, "levels": 17,
                "data": "digits", "seed": 0, "recipe": {"epochs": 1, "batch": 3, "samples": 10**6, **recipe}}, folder / "run")
    trainer = cls(Run(folder / "run"), data.load("digits"))
    trainer.initialise(samples=500, frame=trainer.frame)
    return trainer


def test_the_stages_are_those_of_the_paper():
    """Theis and Bethge 2015: patches from 8 to 22 pixels, rates from 1 to 0.0005."""
    assert [side for side, _ in stages.STAGES] == [8, 10, 12, 14, 16, 18, 20, 22]
    assert [rate for _, rate in stages.STAGES] == [1, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001, 0.0005]


@pytest.mark.parametrize(("edges", "inside"), [(True, 64), (False, 36)])
def test_a_step_goes_down_the_mean_of_the_pixels_inside(tmp_path, monkeypatch, edges, inside):
    trainer, given = trainer_of(tmp_path, stages=2, edges=edges, clip=0), {}
    monkeypatch.setattr(trainer.optimiser, "update", lambda params, grads, rate, step: given.update(grads=grads, rate=rate))
    monkeypatch.setattr(trainer, "patches", lambda patch, rng: trainer.data.train[:3])
    before = {name: value.copy() for name, value in trainer.model.params.items()}
    trainer.step()
    assert given["rate"] == trainer.recipe.rate

    def nats_a_pixel(factor):
        for name, value in trainer.model.params.items():
            value[...] = before[name] - factor * given["grads"][name]
        example = trainer.model.drawn([trainer.data.train[:3]], [0, 2, 0])
        return trainer.model.loss_and_grads(*example, frame=0 if edges else 1)[0] / inside

    slope = (nats_a_pixel(1e-4) - nats_a_pixel(-1e-4)) / 2e-4
    assert slope == pytest.approx(-sum((grad.astype(float)**2).sum() for grad in given["grads"].values()), rel=0.03)


def test_patches_come_from_everywhere(tmp_path):
    trainer = trainer_of(tmp_path, stages=1)
    numbered = np.arange(5 * 8 * 8).reshape(5, 8, 8, 1)
    trainer.data = SimpleNamespace(train=numbered)
    drawn = np.concatenate([trainer.patches((4, 6), np.random.default_rng(k)) for k in range(60)])
    first = drawn[:, 0, 0, 0]
    assert drawn.shape[1:] == (4, 6, 1) and (drawn[:, 3, 5, 0] - first == 3 * 8 + 5).all()
    assert [set(part) for part in np.unravel_index(first, (5, 8, 8))] == [set(range(5)), set(range(5)), set(range(3))]


@pytest.mark.parametrize(("edges", "inside"), [(True, 64), (False, 36)])
def test_a_fit_takes_the_pixels_inside(tmp_path, monkeypatch, edges, inside):
    """And between two stages what the optimiser remembers is gone."""
    trainer, given = trainer_of(tmp_path, stages=2, edges=edges, refit=3), {}
    monkeypatch.setattr(trainer, "elapsed", lambda: 1.0)
    monkeypatch.setattr(trainer.model, "refit", lambda x, y, validation, **_: given.update(y=y, validation=validation))
    trainer.step()
    assert any(slot.any() for slot in trainer.optimiser.slots.values())
    trainer.end_stage()
    counts = len(given["y"]), len(given["validation"][1])
    assert counts == (inside * len(trainer.data.train), inside * len(trainer.data.validation))
    assert trainer.progress["stage"] == 1 and not any(slot.any() for slot in trainer.optimiser.slots.values())


@pytest.mark.parametrize(("edges", "inside"), [(True, 64), (False, 36)])
def test_an_mcgsm_is_fitted_to_the_pixels_inside(tmp_path, edges, inside):
    options = {name: value for name, value in OPTIONS.items() if name in ("size", "components", "scales", "features")}
    trainer = trainer_of(tmp_path, Fit, "mcgsm", options, optimiser="lbfgs", edges=edges)
    x, y, (_, validation) = trainer.samples
    assert len(x) == len(y) == inside * len(trainer.data.train) and len(validation) == inside * len(trainer.data.validation)
