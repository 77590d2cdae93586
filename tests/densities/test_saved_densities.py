"""Densities on disk come back as they were, and broken files are told."""

import numpy as np
import pytest

from minipixel.densities import GSM, MCGSM, Field, Multiscale, Patch, Whitened, load, save

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3))
X, Y = np.random.default_rng(1).normal(size=(50, 4)), np.random.default_rng(2).normal(size=(50, 2))
SMALL = {"components": 2, "scales": 2, "features": 3}


def fitted_gsm():
    density = GSM(2, 2, 3)
    density.fit(Y, iterations=3)
    return density


def fitted_whitened():
    density = Whitened(MCGSM(4, 2, **SMALL, means=True, gates=True))
    density.fit(X, Y, iterations=3)
    return density


CASES = {
    "gsm": (fitted_gsm, lambda density: density.log_p(Y)),
    "mcgsm": (lambda: MCGSM(4, 2, **SMALL, rng=3, dtype="float32"), lambda density: density.log_p(X, Y)),
    "whitened": (fitted_whitened, lambda density: density.log_p(X, Y)),
    "field": (lambda: Field(3, 3, 1, 5, **SMALL), lambda field: field.log_p(IMAGES / 256, IMAGES[..., :1] / 256)),
    "patch": (lambda: Patch(4, **SMALL), lambda model: model.log_p(X)),
    "multiscale": (lambda: Multiscale(3, 256, 2, 3, 3, **SMALL), lambda model: model.nll(IMAGES)),
}


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(tmp_path, name):
    make, use = CASES[name]
    density = make()
    save(density, tmp_path / "density.npz")
    again = load(tmp_path / "density.npz")
    assert type(again) is type(density)
    np.testing.assert_array_equal(use(again), use(density))
    assert [file.name for file in tmp_path.iterdir()] == ["density.npz"]
    with np.load(tmp_path / "density.npz", allow_pickle=False) as file:
        assert all(np.asarray(file[key]).dtype.kind in "fiU" for key in file.files)


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "weights.npz", K=np.zeros(3))
    with pytest.raises(ValueError, match="is no density of minipixel: expected its kind to be Field, GSM, .*got None"):
        load(tmp_path / "weights.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match="text.npz is broken"):
        load(tmp_path / "text.npz")
    with pytest.raises(OSError):
        load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("wrong", [{"eta": None}, {"a": np.zeros((2, 2, 9))}, {"b": np.zeros(3)}])
def test_a_file_that_lacks_something_is_refused(tmp_path, wrong):
    arrays = {"kind": np.array("MCGSM"), **MCGSM(4, 2, **SMALL).arrays(), **wrong}
    np.savez(tmp_path / "density.npz", **{name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(ValueError, match="density.npz does not hold what a MCGSM needs"):
        load(tmp_path / "density.npz")
