"""The loop: resumed bit for bit, minutes over all resumes, checkpoints of good weights only."""

import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from small_run import arrays, same

from minipixel.data import Dataset
from minipixel.training import loop
from minipixel.training.loop import Diverged, Stopped, Trainer
from minipixel.training.optimisers import OPTIMISERS
from minipixel.training.run import Run

SIZES = {"height": 4, "width": 5, "colours": 1, "levels": 3}


def noise(n=23):
    """Random images; 23 of them make batches of 8 that do not come out even."""
    x = np.random.default_rng(0).integers(0, 3, (n, 4, 5, 1), dtype=np.uint8)
    return Dataset("noise", x, x[:3].copy(), x[3:5].copy(), 3, "drawn")


def trainer(folder, model="pixelcnn", **recipe):
    """A training of a tiny model in a new run folder; of the run that is there already, its rest."""
    if not folder.exists():
        recipe = {"epochs": 4, "batch": 8, **recipe}
        options = {"layers": 1, "h": 3, "out": 4} | ({"small_layers": 1, "maps": 2} if model == "multi-scale" else {})
        Run.create({"model": model, "options": options, **SIZES, "data": "noise", "seed": 5, "recipe": recipe}, folder)
    return Trainer(Run(folder), noise())


def fit(trainer, watch=lambda trainer: None):
    trainer.fit(watch)
    return trainer


class Killed(Exception):
    """The process ends here, for all that the loop knows."""


def killed_at(step):
    def watch(trainer):
        if trainer.progress["step"] == step:
            raise Killed
    return watch


def interrupted_at(step):
    def watch(trainer):
        if trainer.progress["step"] == step:
            os.kill(os.getpid(), signal.SIGINT)
    return watch


def same_training(one, other):
    """The same weights, averages, slots and log, to the bit; times differ."""
    same(one.model.params, other.model.params)
    same(one.averaged.params, other.averaged.params)
    same(one.optimiser.slots, other.optimiser.slots)
    timeless = [[{key: value for key, value in row.items() if key != "seconds"} for row in t.rows] for t in (one, other)]
    assert timeless[0] == timeless[1]
    assert one.progress | {"seconds": 0} == other.progress | {"seconds": 0}


RECIPES = [{}, {"model": "multi-scale"}, {"optimiser": "rmsprop", "decay": "none"},
           {"optimiser": "sgd", "rate": 1e-2, "clip": 1.0, "average": 0.5}]


@pytest.mark.parametrize("recipe", RECIPES, ids=["adam", "two-scales", "rmsprop", "sgd"])
@pytest.mark.parametrize("step", [1, 3, 7, 11, 12])
def test_a_killed_training_resumes_bit_for_bit(step, recipe, tmp_path, monkeypatch):
    """In the first epoch, at its end, in the midst, before the last step and after it."""
    undisturbed = fit(trainer(tmp_path / "whole", **recipe))
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0)
    with pytest.raises(Killed):
        fit(trainer(tmp_path / "run", **recipe), killed_at(step))
    resumed = trainer(tmp_path / "run")
    # The checkpoint was made within the killed step, of the weights before it.
    assert resumed.progress["step"] == step - 1
    same_training(fit(resumed), undisturbed)
    same(arrays(tmp_path / "run" / "weights.npz"), arrays(tmp_path / "whole" / "weights.npz"))


def test_a_training_killed_at_every_step_gets_to_its_end(tmp_path, monkeypatch):
    undisturbed = fit(trainer(tmp_path / "whole"))
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0)
    for step in range(1, 13):
        with pytest.raises(Killed):
            fit(trainer(tmp_path / "run"), killed_at(step))
    same_training(fit(trainer(tmp_path / "run")), undisturbed)


@pytest.mark.parametrize("step", [1, 6, 12])
def test_ctrl_c_saves_everything(step, tmp_path):
    undisturbed = fit(trainer(tmp_path / "whole"))
    with pytest.raises(Stopped, match=f"stopped at step {step}, .* minipixel train --resume .*run"):
        fit(trainer(tmp_path / "run"), interrupted_at(step))
    resumed = trainer(tmp_path / "run")
    assert resumed.progress["step"] == step
    same_training(fit(resumed), undisturbed)


def test_ctrl_c_is_the_users_own_again_afterwards(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    fit(trainer(tmp_path / "run"))
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def clock(monkeypatch):
    """A clock that a second goes by on whenever somebody looks."""
    clock = SimpleNamespace(now=0.0)

    def look():
        clock.now += 1
        return clock.now

    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=look))
    return clock


def test_minutes_count_training_over_all_resumes(clock, tmp_path):
    recipe = {"epochs": None, "minutes": 1}
    whole = fit(trainer(tmp_path / "whole", **recipe))
    assert 60 <= whole.progress["seconds"] < 65
    with pytest.raises(Stopped):
        fit(trainer(tmp_path / "run", **recipe), interrupted_at(5))
    stopped = trainer(tmp_path / "run")
    before = stopped.progress["seconds"]
    assert 5 <= before < 60
    clock.now += 3600
    resumed = fit(stopped)
    assert 60 <= resumed.progress["seconds"] < 65
    # What an hour's pause and a second start cost is a step or two, and no more.
    assert abs(resumed.progress["step"] - whole.progress["step"]) <= 2


def test_the_rate_falls_with_the_minutes(clock, tmp_path):
    done = fit(trainer(tmp_path / "run", epochs=None, minutes=1))
    rates = [row["rate"] for row in done.rows]
    assert rates[0] == 2e-3 and rates[-1] == 0 and rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("seconds, saves", [(0, 14), (60, 2)])
def test_checkpoints_are_made_when_they_are_due(seconds, saves, tmp_path, monkeypatch):
    """At the start, in each of 12 steps when each is due, and at the end."""
    monkeypatch.setattr(loop, "SAVE_SECONDS", seconds)
    made = []
    monkeypatch.setattr(Run, "save", lambda self, *args: made.append(args))
    fit(trainer(tmp_path / "run"))
    assert len(made) == saves


@pytest.mark.parametrize("seconds, kept", [(0, 5), (60, 0)])
def test_nan_keeps_the_last_good_weights(seconds, kept, tmp_path, monkeypatch):
    """A step makes weights whose loss is not finite: no checkpoint is made of them, however often one is due."""
    monkeypatch.setattr(loop, "SAVE_SECONDS", seconds)

    def watch(trainer):
        if trainer.progress["step"] == 6:
            trainer.model.params["input.K"] *= np.float32(1e38)

    training = trainer(tmp_path / "run")
    with np.errstate(all="ignore"), pytest.raises(Diverged, match=f"at step 6, .* good weights of step {kept}: .*--set rate="):
        fit(training, watch)
    resumed = trainer(tmp_path / "run")
    assert resumed.progress["step"] == kept
    assert np.isfinite(resumed.model.nll(noise().test)).all()
    same_training(fit(resumed), fit(trainer(tmp_path / "whole")))


def test_a_gradient_that_is_not_finite_is_named(tmp_path):
    training = trainer(tmp_path / "run")
    right = training.model.loss_and_grads

    def wrong(x):
        loss, grads = right(x)
        grads["body.0.conv.K"][0] = np.inf
        return loss, grads

    training.model.loss_and_grads = wrong
    with pytest.raises(Diverged, match="at step 0, first in the gradient of body.0.conv.K"):
        fit(training)


def test_each_epoch_sees_every_image_once_in_an_order_of_its_own(tmp_path):
    training = trainer(tmp_path / "run")
    x = np.arange(23, dtype=np.uint8).reshape(23, 1, 1, 1)
    training.data = SimpleNamespace(train=x, examples=lambda split: (x,))
    epochs = [np.concatenate([training.batch(3 * epoch + k)[0] for k in range(3)]).ravel().tolist() for epoch in (0, 1, 0)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(23))
    assert epochs[0] != epochs[1] and epochs[0] == epochs[2]


def test_reports_come_at_the_end_of_each_epoch_and_within_long_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "REPORT_STEPS", 2)
    done = fit(trainer(tmp_path / "run"))
    assert [row["step"] for row in done.rows] == [2, 3, 5, 6, 8, 9, 11, 12]
    assert done.rows[-1]["validation_nats"] == pytest.approx(done.averaged.nll(noise().validation).mean())


@pytest.mark.parametrize("recipe", [{}, {"rate": 1e-2, "clip": 0.5}, {"optimiser": "rmsprop", "decay": "none"},
                                    {"optimiser": "sgd", "rate": 1e-2, "clip": 1.0, "average": 0.5}, {"average": 0.0}])
def test_a_training_is_what_its_recipe_says(recipe, tmp_path):
    """The same steps by hand: the seed's batches, the common norm clipped, the rate of the moment, and the average."""
    done, start = fit(trainer(tmp_path / "run", **recipe)), trainer(tmp_path / "other", **recipe)
    settings = {"optimiser": "adam", "rate": 2e-3, "decay": "cosine", "clip": 0.0, "average": 0.9995} | recipe
    model, x = start.model, start.data.train
    averaged = {name: value.astype(float) for name, value in model.params.items()}
    optimiser, step, clipped = OPTIMISERS[settings["optimiser"]](model.params), 0, 0
    for epoch in range(4):
        order = np.random.default_rng([5, 0, epoch]).permutation(23)
        for batch in (order[:8], order[8:16], order[16:]):
            _, grads = model.loss_and_grads(x[batch])
            norm = np.sqrt(sum((grad.astype(float) ** 2).sum() for grad in grads.values()))
            if settings["clip"] and norm > settings["clip"]:
                grads, clipped = {name: grad * (settings["clip"] / norm) for name, grad in grads.items()}, clipped + 1
            falling = max(0, step / 12 - 0.3) / 0.7 if settings["decay"] == "cosine" else 0
            optimiser.update(model.params, grads, settings["rate"] * (1 + np.cos(np.pi * falling)) / 2, step + 1)
            step += 1
            keep = min(settings["average"], step / (step + 10))
            averaged = {name: keep * averaged[name] + (1 - keep) * value for name, value in model.params.items()}
    for name, value in model.params.items():
        np.testing.assert_allclose(done.model.params[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(done.averaged.params[name], averaged[name], rtol=1e-4, atol=1e-6, err_msg=name)
    assert clipped or not settings["clip"]
