"""Models on disk: what is saved is what is loaded. Broken files: test_bad_checkpoints.py."""

import numpy as np
import pytest

from minipixel import build, load
from minipixel.files import read_arrays, write_arrays, write_json
from minipixel.models import saved

CONFIG = {"model": "pixelcnn", "options": {"layers": 1, "h": 3, "out": 4}, "height": 4, "width": 5, "colours": 1, "levels": 3,
          "data": "none", "seed": 2, "recipe": {}}


@pytest.fixture
def model():
    return build("pixelcnn", height=4, width=5, levels=3, rng=8, **CONFIG["options"])


@pytest.fixture
def run(tmp_path, model):
    folder = tmp_path / "a run"
    folder.mkdir()
    write_json(folder / "config.json", CONFIG)
    write_arrays(folder / "average.npz", model.params)
    return folder


def test_load_gives_the_saved_model_bit_for_bit(run, model):
    found = load(run, threads=2)
    assert (found.name, found.height, found.width, found.colours, found.levels, found.threads) == ("pixelcnn", 4, 5, 1, 3, 2)
    assert list(found.params) == list(model.params)
    for name, value in model.params.items():
        np.testing.assert_array_equal(found.params[name], value)
    x = np.random.default_rng(0).integers(0, 3, (2, 4, 5, 1))
    np.testing.assert_array_equal(found.nll(x), model.nll(x))


def test_load_in_float64_for_checks(run, model):
    found = load(str(run), dtype="float64")
    assert {value.dtype for value in found.params.values()} == {np.dtype(np.float64)}
    x = np.random.default_rng(0).integers(0, 3, (2, 4, 5, 1))
    np.testing.assert_allclose(found.nll(x), model.nll(x), rtol=1e-5)


def test_models_that_ship_are_found_by_name(run, monkeypatch):
    monkeypatch.setattr(saved, "SHIPPED", run.parent)
    assert saved.shipped() == ["a run"]
    assert load("a run").levels == 3
    with pytest.raises(ValueError, match="unknown run 'a rum': did you mean a run"):
        load("a rum")


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(ValueError, match="not a run folder: it has no config.json"):
        load(tmp_path)


def test_a_run_without_a_checkpoint(run):
    (run / "average.npz").unlink()
    with pytest.raises(ValueError, match="has no average.npz yet"):
        load(run)


def test_nothing_is_put_unless_all_fits(model):
    before = {name: value.copy() for name, value in model.params.items()}
    for name, wrong in (("input.K", np.zeros((2, 2))), ("output.logits.b", np.full(3, np.nan, np.float32)),
                        ("output.logits.b", np.zeros(3, int))):
        with pytest.raises(ValueError, match=f"here .*{name}"):
            saved.put(model.params, {key: 0 * value for key, value in before.items()} | {name: wrong}, "here")
    with pytest.raises(ValueError, match="names differ .*extra"):
        saved.put(model.params, before | {"extra": np.zeros(1)}, "here")
    for name, value in before.items():
        np.testing.assert_array_equal(model.params[name], value)


def test_pickles_are_never_read(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="a.npz is broken"):
        read_arrays(tmp_path / "a.npz")


def test_arrays_round_trip(tmp_path):
    arrays = {"b.K": np.arange(6.0).reshape(2, 3), "a": np.float32([1, 2])}
    write_arrays(tmp_path / "a.npz", arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
