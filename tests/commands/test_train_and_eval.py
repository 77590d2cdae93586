"""`minipixel train` and `minipixel eval`: what they make, and what they leave alone."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
from PIL import Image
from small_run import OPTIONS, TRAIN, arrays, configure, listing, pictures, same, strict_json, unfinish

import minipixel as package
from minipixel.commands import training
from minipixel.training.loop import Trainer

FILES = ["average.npz", "config.json", "curve.png", "log.csv", "results.json", "samples.png", "state.npz", "weights.npz"]
BASELINES = ["uniform", "independent pixels"]


def test_a_finished_run_has_its_files(finished):
    assert sorted(path.name for path in finished.iterdir()) == FILES
    model = package.load(finished)
    assert list(arrays(finished / "weights.npz")) == list(arrays(finished / "average.npz")) == list(model.params)
    same(arrays(finished / "average.npz"), model.params)
    for picture in ("curve.png", "samples.png"):
        Image.open(finished / picture).verify()
    with open(finished / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 and float(rows[0]["epoch"]) == 1 and float(rows[0]["step"]) == math.ceil(1297 / 64)


def test_the_results_of_a_training(finished):
    results = json.loads((finished / "results.json").read_text())
    assert list(results["test"]) == [*BASELINES, "pixelcnn"]
    assert results["test"]["uniform"]["bits_per_dim"] == pytest.approx(math.log2(17))
    assert all(figure["images"] == 250 for figure in results["test"].values())
    assert results["epochs"] == 1 and results["steps"] == 21 and results["seconds"] > 0


def test_a_training_announces_itself_and_ends_with_a_table(minipixel, here):
    end = minipixel(*TRAIN)
    assert end.code == 0
    assert "501 parameters" in end.err and "multiply-adds a pixel" in end.err and "of memory" in end.err
    assert all(name in end.out for name in [*BASELINES, "pixelcnn", "nats/image", "bits/dim"])
    assert "runs/pixelcnn-digits-1" in end.out


def test_run_folders_are_numbered(minipixel, here):
    assert [json.loads(minipixel(*TRAIN, "--json").out)["run"] for _ in range(3)] == [
        f"runs/pixelcnn-digits-{number}" for number in (1, 2, 3)]
    assert not [path for path in here.rglob(".*")]


def test_a_folder_of_pictures(minipixel, here, monkeypatch):
    """From one folder and its name to a run that knows it from anywhere; one test picture has no standard error."""
    (here / "pets").mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)).save(here / "pets" / f"{number}.png")
    words = ["--size", "5", "--levels", "4", "--epochs", "1", "--set", "layers=1", "h=4", "out=4", "--json"]
    end = minipixel("train", "pixelcnn-basic", "--data", "pets", *words)
    assert end.code == 0
    results = strict_json(end.out)
    run = here / results["run"]
    assert run.name == "pixelcnn-basic-pets-1" and results["test"]["pixelcnn-basic"]["nats_error"] is None
    config = json.loads((run / "config.json").read_text())
    assert [config[key] for key in ("height", "width", "colours", "levels")] == [5, 5, 3, 4]
    monkeypatch.chdir("/")
    assert strict_json(minipixel("eval", run, "--json").out)["figures"] == results["test"]


def test_pictures_in_colour_taken_in_grey(minipixel, here):
    """They are grey for whatever comes after as well: a resumed run, and an evaluation on other pictures."""
    (here / "pets").mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)).save(here / "pets" / f"{number}.png")
    words = ["--levels", "4", "--epochs", "1", "--set", "layers=1", "h=4", "out=4", "--out", "run", "--json"]
    results = strict_json(minipixel("train", "pixelcnn-basic", "--data", "pets", "--grey", *words).out)
    assert "in grey" in results["data"] and "5x5x1, 4 levels" in results["data"]
    (here / "run" / "results.json").unlink()
    again = strict_json(minipixel("train", "--resume", "run", "--json").out)
    assert again["test"] == results["test"]
    assert strict_json(minipixel("eval", "run", "--data", "pets", "--json").out)["figures"] == results["test"]
    assert "got --grey as well" in minipixel("train", "--resume", "run", "--grey").err


@pytest.mark.parametrize("options", [[], ["--threads", "1"], ["--threads", "2"]], ids=["all", "1", "2"])
def test_one_seed_gives_one_set_of_bits(options, finished, minipixel, here):
    assert minipixel(*TRAIN, "--seed", "0", "--out", "again", *options).code == 0
    for file in ("weights.npz", "average.npz"):
        same(arrays(finished / file), arrays(here / "again" / file))


def test_another_seed_gives_others(finished, minipixel, here):
    assert minipixel(*TRAIN, "--seed", "1", "--out", "other").code == 0
    weights = arrays(here / "other" / "weights.npz")
    assert all((weights[name] != value).any() for name, value in arrays(finished / "weights.npz").items())


def test_resuming_a_finished_run_changes_nothing(run, minipixel):
    before = listing(run), [path.read_bytes() for path in sorted(run.iterdir())], run.stat().st_mtime_ns
    end = minipixel("train", "--resume", "run", "--json")
    assert end.code == 0 and strict_json(end.out)["test"] == json.loads((run / "results.json").read_text())["test"]
    assert before == (listing(run), [path.read_bytes() for path in sorted(run.iterdir())], run.stat().st_mtime_ns)


def test_a_finished_run_needs_its_data_no_more(run, minipixel):
    configure(run, {"data": "/no/such/folder"})
    assert minipixel("train", "--resume", "run").code == 0


def test_results_are_made_again(run, finished, minipixel):
    """A kill between the last checkpoint and the results; what it left beside its files goes, too."""
    for file in ("results.json", "curve.png", "samples.png"):
        (run / file).unlink()
    (run / ".samples.4711.png").write_bytes(b"half")
    assert minipixel("train", "--resume", "run").code == 0
    assert sorted(path.name for path in run.iterdir()) == FILES
    again, before = (json.loads((folder / "results.json").read_text()) for folder in (run, finished))
    assert again == before


def test_nan_stops_the_run_and_keeps_good_weights(minipixel, here):
    end = minipixel(*TRAIN, "--set", "optimiser=sgd", "rate=1e30", "--out", "run")
    assert (end.code, end.out) == (2, "") and "Warning" not in end.err and "Traceback" not in end.err
    line = end.err.splitlines()[-1]
    fragments = "minipixel: ", "NaN or inf", "step 1,", "layer body.0.reduce", "weights of step 0", "--set rate=", "clip"
    for fragment in fragments:
        assert fragment in line, line
    model = package.load("run")
    assert np.isfinite(model.nll(package.data.load("digits").test)).all()
    same(arrays("run/weights.npz"), package.build("pixelcnn", height=8, width=8, levels=17, layers=1, h=4, out=4).params)


def test_nan_at_the_very_end_is_found_as_well(minipixel, here):
    """One step, whose update is the last: only the report could see what it did."""
    words = ["--set", "optimiser=sgd", "rate=1e38", "batch=2000", "average=0"]
    end = minipixel(*TRAIN, *words, "--out", "run")
    assert end.code == 2 and "in the validation images" in end.err.splitlines()[-1]
    assert not (here / "run" / "results.json").exists()


def test_minutes_are_counted(minipixel, here):
    end = minipixel("train", "pixelcnn", "--data", "digits", "--minutes", "0.005", *OPTIONS, "--out", "run", "--json")
    results = strict_json(end.out)
    assert end.code == 0 and results["seconds"] >= 0.3 and results["steps"] >= 1


def test_eval(run, minipixel):
    end = minipixel("eval", "run", "--json")
    values = strict_json(end.out)
    assert end.code == 0 and values["figures"] == json.loads((run / "results.json").read_text())["test"]
    nats = package.load("run").nll(package.data.load("digits").test)
    own = values["figures"]["pixelcnn"]
    assert own["nats"] == pytest.approx(nats.mean()) and own["nats_error"] == pytest.approx(nats.std(ddof=1) / 250**0.5)
    assert own["bits_per_dim"] == pytest.approx(nats.mean() / (64 * math.log(2)))
    text = minipixel("eval", "run").out
    assert f"{nats.mean():.2f}" in text and "uniform" in text and "digits" in text


def test_eval_against_another_run(run, minipixel, here):
    """The same weights cost the same; what cannot be compared is refused."""
    values = strict_json(minipixel("eval", "run", "--against", "run", "--json").out)["against"]
    assert values["run"] == "run" and values["nats"] == values["nats_from"] == values["nats_to"] == 0
    assert values["images"] == 250 and values["frame"] is None
    assert "against run: better by 0.00 (0.00 to 0.00) nats/image" in minipixel("eval", "run", "--against", "run").out
    end = minipixel("eval", "run", "--against", "pixelcnn-mnist")
    assert end.code == 2 and "against 2 and 1" in end.err.splitlines()[-1]


@pytest.mark.parametrize("split, images", [("train", 1297), ("validation", 250)])
def test_eval_on_another_split(split, images, run, minipixel):
    values = strict_json(minipixel("eval", "run", "--split", split, "--json").out)
    assert values["split"] == split and values["figures"]["pixelcnn"]["images"] == images


def test_other_data_are_made_what_the_model_knows(run, minipixel, here):
    """Pictures in colour, of 256 levels, for a model of grey in 17 levels; grey ones for a model of colours."""
    pictures(here / "pets")
    values = strict_json(minipixel("eval", "run", "--data", "pets", "--size", "8", "--json").out)
    x = package.data.load("pets", size=8, grey=True, levels=17).test
    assert values["figures"]["pixelcnn"]["nats"] == pytest.approx(package.load("run").nll(x).mean())
    assert "in grey" in values["data"] and "17 levels" in values["data"]
    assert minipixel("complete", "run", "--data", "pets", "-n", "1", "--keep", "0.9").code == 0
    words = ["--levels", "4", "--epochs", "1", "--set", "layers=1", "h=4", "out=4", "--out", "colours"]
    assert minipixel("train", "pixelcnn-basic", "--data", "pets", *words).code == 0
    assert "grey as three colours" in strict_json(minipixel("eval", "colours", "--data", "digits", "--json").out)["data"]


def test_eval_on_every_image_of_other_data(run, minipixel, here, refused):
    pictures(here / "pets")
    words = ["eval", "run", "--data", "pets", "--split", "all"]
    values = strict_json(minipixel(*words, "--json").out)
    data = package.data.load("pets", grey=True, levels=17)
    nats = np.concatenate([package.load("run").nll(part) for part in (data.train, data.validation, data.test)])
    own = values["figures"]["pixelcnn"]
    assert own["images"] == 8 and own["nats"] == pytest.approx(nats.mean()) and values["split"] == "all"
    assert "every image (independent pixels are fitted to the same) of pets" in minipixel(*words).out
    for more in ([], ["--data", "digits"]):
        refused(["eval", "run", "--split", "all", *more], "for other data than the run's own")


def test_every_image_is_none_that_was_trained_on(run, minipixel, here, refused):
    """Of data with another name, of which one image is known; and what labels pixels is not asked at all."""
    pictures(here / "pets")
    assert minipixel("train", "pixelcnn-basic", "--data", "pets", "--epochs", "1", "--set", "layers=1", "h=3", "out=3",
                     "--out", "colours").code == 0
    known = package.data.load("pets").train[0]
    pictures(here / "others", count=5)
    for number in range(5):
        Image.fromarray(255 - np.asarray(Image.open(here / "others" / f"{number}.png"))).save(here / "others" / f"{number}.png")
    words = ["eval", "colours", "--data", "others", "--split", "all"]
    assert minipixel(*words).code == 0
    Image.fromarray(known).save(here / "others" / "known.png")
    refused(words, "colours was trained on some of these images")
    words = ["eval", "run", "--data", "pets", "--split", "all", "--against"]
    assert minipixel(*words, "run").code == 0
    assert minipixel("train", "pixelcnn-basic", "--data", "pets", "--grey", "--levels", "17", "--epochs", "1", "--set",
                     "layers=1", "h=3", "out=3", "--out", "grey").code == 0
    refused([*words, "grey"], "grey was trained on some of these images")


def test_every_image_is_none_whose_training_cannot_be_seen(minipixel, here, refused):
    """A run's own pictures under another name or in another size, and those of the run that it began from."""
    first = ["--epochs", "1", "--set", "layers=1", "h=3", "out=3"]
    pictures(here / "one")
    pictures(here / "two")
    for number, path in enumerate(sorted((here / "two").iterdir())):
        Image.fromarray(np.roll(np.asarray(Image.open(path)), 1 + number, axis=0)).save(path)
    assert minipixel("train", "pixelcnn-basic", "--data", "one", "--size", "6", *first, "--out", "a").code == 0
    assert minipixel("train", "pixelcnn-basic", "--data", "two", "--size", "6", *first, "--start", "a", "--out", "b").code == 0
    shutil.copytree(here / "one", here / "again")
    refused(["eval", "a", "--data", "again", "--size", "5", "--split", "all"], "a was trained on some of these images")
    refused(["eval", "b", "--data", "again", "--split", "all"], "was trained on some of these images")
    (here / "one").rename(here / "moved")
    refused(["eval", "a", "--data", "moved", "--split", "all"], "has to compare with what a was trained on, and cannot")


@pytest.mark.parametrize("command", ["eval", "sample", "complete"])
def test_a_run_that_is_not_finished_is_called_so(command, run, minipixel):
    said = "the training of run is not finished: its weights are of step 21"
    assert said not in minipixel(command, "run").out
    unfinish(run)
    assert said in minipixel(command, "run").out
    (run / "state.npz").write_bytes(b"broken")
    assert "the training of run is not finished\n" in minipixel(command, "run").out


def test_a_training_larger_than_the_machine_is_told(minipixel, here, monkeypatch):
    said = "this machine has 64.0 MB of memory"
    assert said not in minipixel(*TRAIN, "--out", "run").err
    monkeypatch.setattr(training, "machine_memory", lambda: 64e6)
    monkeypatch.setattr(Trainer, "memory", lambda self: 65e6)
    assert said in minipixel(*TRAIN, "--out", "other").err


def test_memory_is_of_the_images_that_there_are(minipixel, here):
    """A batch larger than the set is the set."""
    told = [next(line for line in minipixel(*TRAIN, "--set", *batch, "--out", batch[0]).err.splitlines() if "of memory" in line)
            for batch in (["batch=1297"], ["batch=100000"])]
    assert told[0].partition("run folder")[0] == told[1].partition("run folder")[0]
