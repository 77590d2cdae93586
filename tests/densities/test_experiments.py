"""`python -m minipixel.densities`: each experiment at a tiny size, its goings-on after a kill, and a user's mistakes."""

import json

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from minipixel import error_bars
from minipixel.data import bsds300, dead_leaves
from minipixel.data.patches import mean_and_rest
from minipixel.densities import GSM, MCGSM, Field, Multiscale, __main__, load
from minipixel.densities.experiments import comparison, patches, photographs, recovery, scales
from minipixel.densities.experiments.kept import Kept

TINY = {"recovery": ["--samples", "2000", "--fresh", "500", "--starts", "2", "--iterations", "30"],
        "comparison": ["--starts", "2", "--components", "2", "--scales", "2", "--features", "3", "--samples", "2000",
                       "--iterations", "10"],
        "scales": ["--splits", "1", "--components", "2", "--scales", "2", "--features", "3", "--samples", "500",
                   "--iterations", "6"],
        "patches": ["--components", "2", "--scales", "2", "--features", "3", "--samples", "300", "--test", "60",
                    "--iterations", "6"]}
PARTS = {"recovery": 3, "comparison": 14, "scales": 3, "patches": 9}      # fitted densities

PICTURES = {"comparison": ["features-bsds300.png", "features-dead-leaves.png"], "patches": ["patches.png"],
            "scales": ["scales.png"]}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Dead leaves in the place of photographs, few of them; patches of 3x3, squares of 20x20, pictures of 8x8."""
    monkeypatch.setattr(scales, "DRAWN", 8)
    monkeypatch.setattr(scales, "BEFORE", 3)
    monkeypatch.setattr(dead_leaves, "COUNTS", {"train": 3, "validation": 2, "test": 3})

    def small_photographs(split):
        rng = np.random.default_rng(len(split))
        images = [np.stack([dead_leaves.generate(45, rng).repeat(3, axis=2) for _ in range(3)])[:, :40] for _ in range(2)]
        return {"landscape": images[0], "portrait": images[1].transpose(0, 2, 1, 3)}
    monkeypatch.setattr(bsds300, "photographs", small_photographs)
    monkeypatch.setattr(patches, "SIDE", 3)
    monkeypatch.setattr(photographs.squares, "__defaults__", (20,))


def run(name, folder, *words):
    return __main__.main([name, "--out", str(folder), *TINY[name], *words])


@pytest.mark.parametrize("name", TINY)
def test_an_experiment_and_again(name, tmp_path, capsys, monkeypatch):
    assert run(name, tmp_path / "new" / "folder") == 0
    folder, first = tmp_path / "new" / "folder", capsys.readouterr().out
    result = json.loads((folder / "result.json").read_text())
    assert json.dumps(result).count("error") and "+-" in first
    assert sorted(path.name for path in folder.glob("*.png")) == PICTURES.get(name, [])
    fitted = sorted(folder.glob("*.npz"))
    assert len(fitted) == PARTS[name] and all(path.with_suffix(".json").exists() for path in fitted)
    # What is finished is not done again: with a part less, that part alone, and the same numbers in the end.
    monkeypatch.setattr(Kept, "density", lambda self, name, fit, density=Kept.density:
                        density(self, name, fit if (self.folder / f"{name}.npz") == fitted[1] else None))
    before = dict(load(fitted[1]).arrays())
    for path in (fitted[1].with_suffix(".json"), folder / "result.json"):
        path.unlink()
    assert run(name, folder) == 0
    for key, value in load(fitted[1]).arrays().items():
        np.testing.assert_array_equal(value, before[key])
    assert json.loads((folder / "result.json").read_text()) == result


def test_a_density_without_its_facts_is_fitted_anew(tmp_path):
    """A kill between the two files leaves the first alone."""
    kept = Kept(tmp_path, "name", {})
    kept.density("part", lambda: (GSM(1, 1, 1), {"number": 1}))
    (tmp_path / "part.json").unlink()
    density, facts = kept.density("part", lambda: (GSM(2, 1, 1), {"number": 2}))
    assert density.outputs == 2 and facts == {"number": 2}


@pytest.mark.parametrize("words", [
    [], ["nonsense"], ["recovery", "--samples", "0"], ["recovery", "--samples", "many"], ["recovery", "--sam", "9"],
    ["scales", "--out"], ["patches", "--out", "/dev/null/x"]])
def test_a_mistake_is_one_line(words, capsys):
    assert __main__.main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("minipixel.densities: ")


def test_ctrl_c_says_what_is_kept(tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(Kept, "density", stop)
    assert run("recovery", tmp_path / "new") == 130
    assert f"stopped; what is finished is kept in {tmp_path / 'new'}, and the same command goes on" in capsys.readouterr().err


def test_a_folder_of_other_settings_is_refused(tmp_path, capsys):
    assert run("recovery", tmp_path) == 0
    assert run("recovery", tmp_path, "--starts", "1") == 2
    assert "choose another --out for other settings" in capsys.readouterr().err
    (tmp_path / "settings.json").write_text("[")
    assert run("recovery", tmp_path) == 2
    assert "settings.json is not a JSON file" in capsys.readouterr().err


def test_missing_photographs_are_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("MINIPIXEL_DATA", str(tmp_path))
    (tmp_path / "bsds300").mkdir()
    assert run("patches", tmp_path / "out") == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and "photographs in train/" in err


def test_a_single_photograph_has_no_error(monkeypatch):
    one = dead_leaves.generate(20, np.random.default_rng(0)).repeat(3, axis=2)[None]
    monkeypatch.setattr(bsds300, "photographs", lambda split: {"landscape": one, "portrait": one[:0]})
    with pytest.raises(ValueError, match="at least 2 photographs in the test split of bsds300, got 1"):
        photographs.patches_by_image("test", 3, 10, 0)


def test_the_density_of_a_patch_is_that_of_its_mean_and_the_rest_over_its_pixels():
    """Of a Gaussian of four values both sides are known."""
    squares = np.random.default_rng(0).integers(0, 256, (5, 2, 2, 1))
    v = (squares.reshape(5, 4) + np.random.default_rng(1).random((5, 4))) / 256
    C = np.eye(4) + 0.5
    T = np.vstack([np.full(4, 0.25), np.eye(4)[:3] - 0.25])         # mean and rest as a linear map of the patch
    both = np.concatenate(mean_and_rest(squares, 1), axis=1)
    np.testing.assert_allclose(both, v @ T.T, rtol=1e-12)
    np.testing.assert_allclose(multivariate_normal.logpdf(v, np.zeros(4), C),
                               multivariate_normal.logpdf(both, np.zeros(4), T @ C @ T.T) - np.log(4), rtol=1e-12)


def gaussian_conditionals(D, variance):
    """p(v_i | v_<i) = N(0, variance), in the form in which `patches` fits it."""
    found = []
    for i in range(D):
        density = MCGSM(i, 1, 1, 1, 0)
        density.put({"a": np.zeros((1, 1, i)), "alpha": [[-np.log(variance)]], "eta": [[0.0]]})
        found.append(density)
    return found


def test_nats_and_bits_of_patches_are_those_of_a_density_that_is_known():
    """v = (mean, rest) of 4 pixels, all independent: p(patch) = p(mean) p(rest) / 4, and a bit is ln 2."""
    rng = np.random.default_rng(0)
    means, v = rng.normal(size=(3, 5, 1)), rng.normal(size=(3, 5, 3))

    class OfMean:
        @staticmethod
        def log_p(x):
            return norm.logpdf(x[:, 0], scale=0.5)
    found = patches.measure(gaussian_conditionals(3, 0.25), OfMean, means, v)
    nats, dc = norm.logpdf(v, scale=0.5).sum(axis=2), norm.logpdf(means[..., 0], scale=0.5)
    by_photograph = nats.mean(axis=1)
    assert found["nats"]["mean"] == pytest.approx(nats.mean()) and found["patches"] == 15
    assert found["nats"]["error"] == pytest.approx(by_photograph.std(ddof=1) / np.sqrt(3))
    assert found["bits"]["mean"] == pytest.approx((nats + dc - np.log(4)).mean() / 4 / np.log(2))


def test_the_best_start_is_the_one_that_validation_says():
    known = recovery.truth()
    other = MCGSM(12, 1, 1, 1, 0)
    fits = [(other, {"validation": 2.0}), (known, {"validation": 1.0})]
    found = recovery.measure(known, fits, other, recovery.draw(known, 500, 0))
    assert found["best"] == "start 1" and found["rows"]["start 1"]["lacks"]["mean"] == 0
    assert found["rows"]["start 0"]["lacks"]["mean"] > 0.1


def test_comparison_takes_the_start_of_the_highest_likelihood(tmp_path, monkeypatch):
    fields = [Field(1, 7, components=1, scales=1, features=0, rng=k) for k in range(2)]
    monkeypatch.setattr(comparison, "fit", lambda sizes, train, validation, k, options: (fields[k], {"validation": 1.0 + k}))
    taken = []
    monkeypatch.setattr(comparison, "rates_by_image", lambda field, test: taken.append(field) or [1.0, 2.0])
    monkeypatch.setattr(comparison, "splits", lambda name: (None, None, None))
    monkeypatch.setattr(comparison, "draw", lambda *_: None)
    comparison.compare(Kept(tmp_path, "comparison", {}), "dead-leaves", {"gsm": {}, "mcgsm": {}}, 2, {"samples": 10})
    assert [np.array_equal(field.conditional.density.params["a"], fields[1].conditional.density.params["a"])
            for field in taken] == [True, True]


def test_comparison_is_in_bits_of_a_pixel_inside():
    """One variance for every pixel, whatever its neighbours: the rate is the mean of the pixels' own."""
    field = Field(1, 7, components=1, scales=1, features=0)
    density = field.conditional.density
    density.put({"a": np.zeros(density.params["a"].shape), "alpha": [[np.log(4.0)]]})
    v = np.random.default_rng(0).normal(size=(2, 12, 16, 1))
    inside = norm.logpdf(v[:, 3:, 3:-3, 0], scale=0.5).mean(axis=(1, 2)) / np.log(2)
    np.testing.assert_allclose(comparison.rates_by_image(field, [v]), inside)


def test_what_multiscale_gains_is_its_rate_less_the_other_one():
    rates = {"multiscale": {"whole": [3.0, 4.0, 6.0]}, "window 7x7": {"whole": [2.5, 3.0, 5.0]}}
    gains = scales.compare(rates)["window 7x7"]["whole"]["multiscale gains"]
    assert gains["mean"] == pytest.approx(2.5 / 3) and gains["from"] < 2.5 / 3 < gains["to"]


def test_patches_come_from_every_photograph():
    found = photographs.patches_by_image("train", 3, 50, 0)
    assert found.shape == (6, 9, 3, 3, 1)
    for image, some in zip((image for group in photographs.photographs("train") for image in group), found):
        windows = np.lib.stride_tricks.sliding_window_view(image[..., 0], (3, 3)).reshape(-1, 9)
        assert all((windows == patch.ravel()).all(axis=1).any() for patch in some)


def test_the_truth_is_no_gaussian_and_is_drawn_as_said():
    known = recovery.truth()
    x, y = recovery.draw(known, 4000, 0)
    assert (known.inputs, known.params["eta"].shape, known.params["b"].shape) == (12, (4, 2), (4, 12))
    one = type(known)(12, 1, 1, 1, 0)
    one.fit(x, y, iterations=30)
    assert known.log_p(x, y).mean() > one.log_p(x, y).mean() + 0.1


def test_error_bars():
    a, b = np.array([1.0, 2, 3, 6]), np.array([1.0, 1, 1, 1])
    assert error_bars.error_bar(a) == {"mean": 3, "error": pytest.approx(np.sqrt(14 / 3 / 4))}
    found = error_bars.difference(a, b)
    assert found["mean"] == 2 and found["to"] - found["from"] == pytest.approx(2 * 3.182 * np.sqrt(14 / 3 / 4))
    assert error_bars.error_bar(np.repeat(a, 3), [7, 7, 7, 2, 2, 2, 3, 3, 3, 9, 9, 9])["error"] == pytest.approx(
        error_bars.error_bar(a)["error"])
    assert error_bars.error_bar(a, [1, 1, 1, 1])["error"] is None is error_bars.error_bar(a[:1])["error"]


def test_both_kinds_are_measured_on_the_same_pixels():
    """Independent pixels of one variance have the same density in every orthonormal basis, so split or not."""
    sizes = {"components": 1, "scales": 1, "features": 0}
    field, multiscale = Field(1, 3, **sizes), Multiscale(1, 256, 2, 3, 3, **sizes)
    for one in (field, multiscale.coarsest, *multiscale.fields):
        density = one.conditional.density
        density.put({"a": np.zeros(density.params["a"].shape), "alpha": [[0.3]],
                     **({"L": np.eye(3)[None]} if density.outputs == 3 else {})})
    groups = [np.random.default_rng(0).normal(size=(2, 12, 16, 1)), np.random.default_rng(1).normal(size=(1, 16, 20, 1))]
    one, other = scales.of_single(field, groups), scales.of_multiscale(multiscale, groups)
    np.testing.assert_allclose(one["whole"], other["whole"], rtol=1e-12)
    assert len(one["inside"]) == len(other["inside"]) == 3
