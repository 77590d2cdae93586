"""`minipixel train mcgsm` and what follows: a density is trained, killed, judged, drawn from and audited like any model."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_run import arrays, same, strict_json

import minipixel as package
from minipixel.commands import judged, training
from minipixel.training import fit, stages

SMALL = ["--set", "size=3", "components=2", "scales=2", "features=2", "samples=500"]
TRAIN = ["train", "mcgsm", "--data", "digits", "--epochs", "12", *SMALL]
FILES = ["average.npz", "config.json", "curve.png", "features.png", "log.csv", "results.json", "samples.png", "state.npz",
         "weights.npz"]


@pytest.fixture
def rounds(monkeypatch):
    """Rounds of five iterations."""
    monkeypatch.setattr(fit, "ROUND", 5)


def test_a_density_from_end_to_end(rounds, minipixel, here):
    end = minipixel(*TRAIN, "--out", "run", "--json")
    assert end.code == 0, end.err
    results = strict_json(end.out)
    assert sorted(path.name for path in (here / "run").iterdir()) == FILES
    own = results["test"]["mcgsm (upper bound)"]
    assert own["frame"] == 1 and results["steps"] == 12
    Image.open(here / "run" / "features.png").verify()

    model, digits = package.load("run"), package.data.load("digits")
    assert own["nats"] == pytest.approx(model.nll(digits.test).mean(), rel=1e-6)
    levels = results["test"]["mcgsm (levels)"]
    assert levels["nats"] == pytest.approx(model.level_nll(digits.test).mean(), rel=1e-6)
    assert own["rate"] == pytest.approx(model.rate(digits.test).mean(), rel=1e-4)
    rows = np.loadtxt(here / "run" / "log.csv", delimiter=",", skiprows=1)
    assert list(rows[:, 0]) == [5, 10, 12] and (np.diff(rows[:, 5]) < 0).all()

    values = strict_json(minipixel("eval", "run", "--frame", "2", "--ensemble", "--json").out)
    assert values["ensemble"] and "of the ensemble" in minipixel("eval", "run", "--ensemble").out
    figure = values["figures"]["mcgsm (upper bound)"]
    assert figure["frame"] == 2 and figure["nats"] == pytest.approx(model.nll(digits.test, ensemble=True).mean(), rel=1e-6)
    assert figure["rate"] == pytest.approx(model.rate(digits.test, 2, ensemble=True).mean(), rel=1e-4)
    out = minipixel("eval", "run").out
    assert "bit/px" in out and f"figure              {levels['nats']:.2f} +- " in out and "of a bound" not in out
    assert strict_json(minipixel("audit", "run", "--shape", "3x3x1", "--json").out)["ok"]
    for command in ("sample", "complete"):
        assert minipixel(command, "run", "-n", "2").code == 0


def test_colours_from_a_folder(minipixel, here):
    (here / "pets").mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(here / "pets" / f"{number}.png")
    end = minipixel("train", "mcgsm", "--data", "pets", "--size", "5", "--levels", "4", "--epochs", "3", *SMALL, "--json")
    assert end.code == 0, end.err
    assert strict_json(minipixel("audit", strict_json(end.out)["run"], "--shape", "2x2x3", "--json").out)["ok"]


def test_a_frame_that_leaves_no_pixel_has_no_rate(minipixel, here):
    assert minipixel(*TRAIN[:-5], "size=9", "samples=100", "components=1", "--out", "run").code == 0
    end = minipixel("eval", "run", "--json")
    assert strict_json(end.out)["figures"]["mcgsm (upper bound)"]["rate"] is None


def test_resumed_at_any_round_is_undisturbed(rounds, minipixel, here, monkeypatch):
    """Ctrl-C at every look into a fit, mid-round: the round is done again, and the bits are those of one without a stop."""
    looks, step = [], 0
    tell = fit.Fit.tell

    def interrupted(trainer, entry):
        looks.append(entry["step"])
        if stopping and len(looks) == stopping:
            signal.raise_signal(signal.SIGINT)
        tell(trainer, entry)

    monkeypatch.setattr(fit.Fit, "tell", interrupted)
    stopping = 0
    assert minipixel(*TRAIN, "--out", "undisturbed").code == 0
    for stopping in (1, 2):
        looks.clear()
        end = minipixel(*TRAIN, "--out", f"stopped-{stopping}")
        assert end.code == 130 and f"stopped at step {5 * (stopping - 1)}," in end.err
        step = stopping
        looks.clear()
        stopping = 0
        assert minipixel("train", "--resume", f"stopped-{step}").code == 0
        same(arrays(f"stopped-{step}/average.npz"), arrays("undisturbed/average.npz"))


def test_a_fit_ends_where_validation_says(rounds, minipixel, here):
    """Forty pixels: what is learned of them soon harms others."""
    words = [word if word != "samples=500" else "samples=40" for word in TRAIN]
    words[words.index("12")] = "500"
    end = minipixel(*words, "--out", "run", "--json")
    assert end.code == 0 and strict_json(end.out)["steps"] < 200
    same(arrays("run/weights.npz"), arrays("run/average.npz"))


def test_a_density_is_trained_by_steps_as_well(minipixel, here):
    words = ["train", "mcgsm", "--data", "digits", "--epochs", "1", *SMALL[:-1], "optimiser=adam", "batch=64", "rate=0.03",
             "--json"]
    results = strict_json(minipixel(*words, "--out", "run").out)
    digits = package.data.load("digits")
    model = package.build("mcgsm", height=8, width=8, levels=17, size=3, components=2, scales=2, features=2)
    model.initialise(digits.train)
    assert results["test"]["mcgsm (upper bound)"]["nats"] < model.nll(digits.test).mean()
    assert json.loads((here / "run" / "config.json").read_text())["recipe"]["optimiser"] == "adam"


# ---- recurrent densities, in stages

RIDE = ["train", "spatial-lstm", "--data", "digits", "--set", "head=mcgsm", "layers=1", "h=3", "size=3", "components=2",
        "scales=2", "features=2", "samples=500", "stages=2", "refit=10", "batch=200"]


def test_stages(minipixel, here):
    """Each is a row of the log, validated; what is averaged elsewhere is here the best."""
    results = strict_json(minipixel(*RIDE, "--out", "run", "--json").out)
    config = json.loads((here / "run" / "config.json").read_text())
    assert config["recipe"]["stages"] == 2 and config["recipe"]["epochs"] == 1
    rows = np.loadtxt(here / "run" / "log.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(rows[:, [0, 1, 3]], [[7, 1, 1e-2], [14, 2, 5e-3]])
    assert rows[1, 5] < rows[0, 5] and results["steps"] == 14
    model, digits = package.load("run"), package.data.load("digits")
    assert results["test"][model.title]["nats"] == pytest.approx(model.nll(digits.test).mean(), rel=1e-6)
    assert strict_json(minipixel("audit", "run", "--shape", "3x3x1", "--json").out)["ok"]
    assert minipixel("sample", "run", "-n", "2").code == 0
    assert "features.png" not in [path.name for path in (here / "run").iterdir()]


def test_an_epoch_of_a_stage_reads_all_pixels(minipixel, here, monkeypatch):
    """Patches of 4x4 are four times as many as images: 26 steps of 200, then 7. The epochs of the results are passes."""
    monkeypatch.setattr(stages, "STAGES", ((4, 1.0), (8, 0.5)))
    results = strict_json(minipixel(*RIDE, "--out", "run", "--json").out)
    rows = np.loadtxt(here / "run" / "log.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 0], [26, 33])
    assert results["steps"] == 33 and results["epochs"] == 2


def test_a_log_of_stages_is_of_whole_images(minipixel, here):
    """Judged inside a frame of one pixel, 6x6 of 8x8, and told as 8x8 of them: the curve's baselines are of whole images."""
    assert minipixel(*RIDE, "edges=false", "--out", "run").code == 0
    rows = np.loadtxt(here / "run" / "log.csv", delimiter=",", skiprows=1)
    model, digits = package.load("run"), package.data.load("digits")
    inside = model.nll(digits.validation, frame=1).mean()
    assert rows[:, 5].min() == pytest.approx(inside * 64 / 36, rel=1e-6)


def test_a_stage_that_is_not_better_ends_the_training(minipixel, here, monkeypatch):
    """Validation that says so: the third of four stages was worse, the fourth is left out, and the second's weights stay."""
    losses, evaluate = [200.0, 190.0, 195.0], stages.evaluate
    monkeypatch.setattr(stages, "evaluate", lambda *_, **__: np.array([losses.pop(0)]))
    assert minipixel(*RIDE, "stages=4", "--out", "run").code == 0
    rows = np.loadtxt(here / "run" / "log.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 5], [200, 190])
    monkeypatch.setattr(stages, "evaluate", evaluate)
    assert minipixel(*RIDE, "--out", "two").code == 0
    for file in ("average.npz", "weights.npz"):
        same(arrays(f"run/{file}"), arrays("two/average.npz"))


def test_nan_in_a_stage_is_told(minipixel, here):
    end = minipixel(*RIDE, "optimiser=sgd", "rate=1e30", "--out", "run")
    assert end.code == 2 and "NaN or inf at step 1, first in the " in end.err.splitlines()[-1]


@pytest.mark.parametrize("stop", [3, 9])
def test_resumed_between_steps_is_undisturbed(stop, minipixel, here, monkeypatch):
    """Ctrl-C in either stage, and once more in the fit that ends the first one."""
    assert minipixel(*RIDE, "--out", "undisturbed").code == 0
    step, tell, stops = stages.Staged.step, stages.Staged.tell, []

    def interrupted(trainer):
        if trainer.progress["step"] == stop and stop not in stops:
            stops.append(stop)
            signal.raise_signal(signal.SIGINT)
        step(trainer)

    def interrupted_fit(trainer, entry):
        if "fit" not in stops:
            stops.append("fit")
            signal.raise_signal(signal.SIGINT)
        tell(trainer, entry)

    monkeypatch.setattr(stages.Staged, "step", interrupted)
    monkeypatch.setattr(stages.Staged, "tell", interrupted_fit)
    assert minipixel(*RIDE, "--out", "run").code == 130
    assert minipixel("train", "--resume", "run").code == 130
    assert minipixel("train", "--resume", "run").code == 0 and len(stops) == 2
    for file in ("average.npz", "weights.npz"):
        same(arrays(f"run/{file}"), arrays(f"undisturbed/{file}"))


def test_a_layer_is_stacked_on_a_trained_one(minipixel, here):
    assert minipixel(*RIDE, "--out", "one").code == 0
    words = [word.replace("layers=1", "layers=2").replace("stages=2", "stages=1") for word in RIDE]
    assert minipixel(*words, "rate=1e-30", "optimiser=sgd", "--start", "one", "--out", "two").code == 0
    one, two = arrays("one/average.npz"), arrays("two/average.npz")
    kept = [name for name in one if name.startswith("network.") or name == "head.W"]
    assert "network.body.net.0.K_is" in kept and "network.whitening.K" in kept
    for name in kept:
        np.testing.assert_array_equal(two[name], one[name])
    assert minipixel(*RIDE, "rate=1e-30", "optimiser=sgd", "refit=0", "stages=1", "--start", "one", "--out", "on").code == 0
    same(arrays("on/average.npz"), one)


def test_the_row_lstm_with_a_density(minipixel, here):
    words = ["train", "row-lstm", "--data", "digits", "--epochs", "1", "--set", "head=mcgsm", "layers=1", "h=4", "out=4",
             "batch=64", "components=2", "--out", "run", "--json"]
    figures = strict_json(minipixel(*words).out)["test"]
    model, digits = package.load("run"), package.data.load("digits")
    trained = figures["row-lstm (upper bound)"]["nats"]
    assert trained == pytest.approx(model.nll(digits.test).mean(), rel=1e-6)
    fresh = package.build("row-lstm", height=8, width=8, levels=17, **model.options)
    fresh.initialise(digits.train)
    assert trained < fresh.nll(digits.test).mean()


@pytest.mark.parametrize(("words", "fragments"), [
    (["train", "pixelcnn", "--data", "digits", "--set", "stages=2"], ["stages", "spatial-lstm", "got pixelcnn"]),
    (["train", "spatial-lstm", "--data", "digits", "--set", "stages=2"], ["stages", "got spatial-lstm with head=softmax"]),
    (["train", "spatial-lstm", "--data", "digits", "--set", "head=mcgsm", "size=9", "edges=false"], ["8x8", "frame of 4"]),
    (["train", "mcgsm", "--data", "digits", "--set", "size=17"], ["reads 8 pixels", "got 8x8", "option size"]),
    ([*RIDE, "stages=9"], ["stages expects a whole number 0..8, got 9"]),
    ([*RIDE, "refit=-1"], ["refit expects", "got -1"]),
    ([*RIDE, "--start", "run"], ["spatial-lstm cannot start from run"]),
    ([*RIDE, "--start", "nowhere"], ["unknown run 'nowhere'"]),
    (["train", "row-lstm", "--data", "digits", "--set", "head=mcgsm", "optimiser=lbfgs"], ["lbfgs", "got row-lstm"]),
    (["train", "pixelcnn", "--data", "digits", "--set", "optimiser=lbfgs"], ["lbfgs", "mcgsm", "got pixelcnn"]),
    (["train", "mcgsm", "--data", "digits", "--set", "size=9", "edges=false"], ["8x8", "frame of 4"]),
    (["train", "mcgsm", "--data", "digits", "--set", "size=4"], ["option size expects an odd", "got 4"]),
    (["train", "mcgsm", "--data", "digits", "--set", "samples=0"], ["samples expects", "got 0"]),
    (["train", "mcgsm", "--data", "digits", "--set", "edges=3"], ["edges expects true or false"]),
    (["eval", "run", "--ensemble"], ["ensemble", "densities", "got pixelcnn"]),
    (["eval", "run", "--frame", "1"], ["frame", "densities", "got pixelcnn"])])
def test_refused(words, fragments, run, refused):
    refused(words, *fragments)


def test_pictures_at_the_end_are_not_larger_than_a_minute_of_drawing(minipixel, here, monkeypatch):
    """Whole photographs would take half an hour: the model draws what is smaller than they are."""
    drawn = []
    monkeypatch.setattr(judged.plots, "beside", lambda groups, levels, path: drawn.append([v.shape for v in groups.values()]))
    monkeypatch.setattr(judged, "SIDE", 5)
    assert minipixel(*TRAIN[:4], "--epochs", "2", *SMALL, "--out", "run").code == 0
    monkeypatch.setattr(judged, "SIDE", 64)
    assert minipixel(*TRAIN[:4], "--epochs", "2", *SMALL, "--out", "whole").code == 0
    assert drawn == [[(25, 5, 5, 1)] * 2, [(25, 8, 8, 1)] * 2]


def test_minutes_end_a_fit_within_a_round(minipixel, here):
    results = strict_json(minipixel(*TRAIN[:4], "--minutes", "1e-6", *SMALL, "--out", "run", "--json").out)
    assert results["steps"] == 5


@pytest.mark.parametrize("words, says", [
    ([*TRAIN, "rate=1", "stages=2"], "by L-BFGS does not read rate, stages; its settings are optimiser, samples, edges"),
    ([*RIDE, "decay=none", "average=0"], "in stages does not read decay, average"),
    ([*RIDE, "stages=0"], "by steps on whole images does not read samples, refit"),
    (["train", "pixelcnn", "--data", "digits", "--set", "edges=false"], "does not read edges")])
def test_settings_that_would_change_nothing_are_refused(words, says, minipixel, here):
    end = minipixel(*words)
    assert end.code == 2 and says in end.err


def test_errors_are_over_photographs(minipixel, here, monkeypatch):
    """Two squares of each photograph, exactly alike: no more is known from them than from one of each."""
    digits = package.data.load("digits")
    test, half = np.repeat(digits.test[:60], 2, axis=0), replace(digits, test=digits.test[:60].copy())
    groups = {"train": np.arange(len(digits.train)), "validation": np.arange(250), "test": np.repeat(np.arange(60), 2)}
    assert minipixel(*TRAIN, "--out", "run").code == minipixel(*TRAIN, "--out", "other", "--seed", "1").code == 0
    found = []
    for data in (half, replace(digits, test=test, groups=groups)):
        monkeypatch.setattr(training, "data_for", lambda *_, data=data: data)
        found.append(strict_json(minipixel("eval", "run", "--against", "other", "--json").out))
    one, two = ({**each["figures"]["mcgsm (upper bound)"], **each["against"]} for each in found)
    assert two["images"] == 120 and two["groups"] == 60 and "60 groups" in found[1]["data"]
    for name in ("nats", "nats_error", "bits_per_dim_error", "rate_error", "nats_from", "nats_to"):
        assert two[name] == pytest.approx(one[name])
    assert "over 120 images in 60 groups" in minipixel("eval", "run", "--against", "other").out


def test_a_run_is_judged_on_images_of_another_size(minipixel, here):
    words = ["train", "mcgsm", "--data", "dead-leaves", "--size", "16", "--epochs", "2", *SMALL, "--out", "run"]
    assert minipixel(*words).code == 0
    found = strict_json(minipixel("eval", "run", "--size", "9", "--json").out)
    x, model = package.data.load("dead-leaves", size=9).test, package.load("run")
    assert found["figures"]["mcgsm (upper bound)"]["nats"] == pytest.approx(model.nll(x).mean(), rel=1e-6)
    end = minipixel("eval", "run", "--size", "0")
    assert end.code == 2 and "size" in end.err and "got 0" in end.err


def test_a_frame_that_leaves_no_pixel_is_told(minipixel, here):
    assert minipixel(*TRAIN, "--out", "run").code == 0
    end = minipixel("eval", "run", "--frame", "4")
    assert end.code == 2 and "frame" in end.err and "8x8" in end.err
    assert "a uniform one has 0" in minipixel("eval", "run", "--frame", "3").out


def test_a_training_that_cannot_begin_leaves_no_folder(here, minipixel):
    """Twelve inputs of three samples have no whitening; with enough of them the same --out will do."""
    words = "train", "mcgsm", "--data", "digits", "--epochs", "1", "--out", "run"
    end = minipixel(*words, "--set", "size=5", "samples=3")
    assert end.code == 2 and "too few samples" in end.err and not Path("run").exists(), end.err
    small = "size=3", "components=2", "scales=1", "features=2", "samples=2000"
    assert minipixel(*words, "--set", *small).code == 0
