"""The device law under the stand-in: every pair, layer, model, training step and sampler runs by CuPy's rules."""

import numpy as np
import pytest
from cupy_standin import forbid_copies, launches, reads, standin
from device_law import CASES, HOST, IDS, Place, differences, images, left_out, make_model, trained, weights

from minipixel.models import MODELS
from minipixel.sampling import sample

DEVICE = Place("gpu", hot=forbid_copies, calls=lambda: forbid_copies(but_door=True))


@pytest.fixture
def cupy():
    with standin() as module:
        yield module


def test_no_pair_and_no_layer_is_left_out():
    assert not left_out()


@pytest.mark.parametrize(("name", "case", "dtype"), CASES, ids=IDS)
def test_the_device_gives_numpys_numbers_without_hidden_copies(cupy, name, case, dtype):
    tolerance = 1e-12 if dtype == np.float64 else 1e-5  # sums may be cut differently on a device
    errors = differences(case(DEVICE, dtype), case(HOST, dtype))
    assert not {what: error for what, error in errors.items() if error > tolerance}
    assert launches() > 0, "nothing ran on the device"


def test_a_training_by_the_real_loop(cupy, tmp_path):
    """The weights that a whole training saves, and its resuming from the folder."""
    found = trained(DEVICE, tmp_path / "device")
    trained(HOST, tmp_path / "host")
    assert isinstance(next(iter(found.model.params.values())), cupy.ndarray)
    assert max(differences(weights(tmp_path / "device"), weights(tmp_path / "host")).values()) < 1e-5
    with DEVICE.calls():
        again = type(found)(found.run, found.data, device="gpu")
        again.fit(lambda trainer: None)
    assert again.progress == found.progress


@pytest.mark.parametrize("name", MODELS)
def test_a_model_goes_to_the_device_and_comes_back(cupy, name):
    model, x = make_model(HOST, np.float32, name, 1, 4), images(1, 4)
    expected = model.nll(x)
    assert isinstance(next(iter(model.to("gpu").params.values())), cupy.ndarray)
    assert all(type(value) is np.ndarray for value in model.to("cpu").saved.values())
    np.testing.assert_array_equal(model.nll(x), expected)


def reads_of(action):
    before = reads()
    action()
    return reads() - before


@pytest.mark.parametrize("model", ["pixelcnn", "diagonal-bilstm"])
def test_a_training_step_reads_the_device_equally_often_for_any_depth(cupy, tmp_path, model):
    """A read makes the host wait for the device: there are a few in a step, never one for each parameter."""
    counts = []
    for layers in (1, 3):
        trainer = trained(DEVICE, tmp_path / str(layers), model, layers=layers)
        counts.append(reads_of(trainer.step))
    assert counts[0] == counts[1] <= 3


@pytest.mark.parametrize("name", MODELS)
def test_the_sampler_reads_the_device_once_a_visit(cupy, name):
    """One visit of the image; of two scales, one of each."""
    model = make_model(DEVICE, np.float32, name, colours=3, levels=4)
    visits = 2 if hasattr(model, "given") else 1
    for size in (2, 4):
        assert reads_of(lambda size=size: sample(model, n=2, rng=0, height=size, width=size)) == visits


def test_images_may_come_from_the_device(cupy):
    model, x = make_model(DEVICE, np.float32, "pixelcnn"), images(1, 3)
    np.testing.assert_array_equal(model.nll(cupy.asarray(x)), model.nll(x))
