"""Stages by the clock. All else of them is tested from the command line: tests/commands/test_densities.py."""

from types import SimpleNamespace

import numpy as np
import pytest

from minipixel import data
from minipixel.training import loop, stages
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
