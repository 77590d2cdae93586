"""The device law on a real GPU: `pytest -m gpu`, with CUDA_LAUNCH_BLOCKING=1 so that an error shows where it was made.

Every pair, layer, model, training step and sampler of device_law.py against NumPy. Skips where there is no device.
"""

import numpy as np
import pytest
from device_law import CASES, HOST, IDS, Place, differences, trained, weights

try:
    import cupy
    absent = None if cupy.cuda.is_available() else "CuPy finds no CUDA device"
except ImportError:
    absent = "CuPy is not installed"

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(absent is not None, reason=str(absent))]
DEVICE = Place("gpu")


@pytest.mark.parametrize(("name", "case", "dtype"), CASES, ids=IDS)
def test_the_device_gives_numpys_numbers(name, case, dtype):
    found, expected = case(DEVICE, dtype), case(HOST, dtype)
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    assert not {what: error for what, error in differences(found, expected).items() if error > tolerance}


@pytest.mark.parametrize("model", ["pixelcnn", "diagonal-bilstm"])
def test_a_training_by_the_real_loop(model, tmp_path):
    found = trained(DEVICE, tmp_path / "device", model)
    trained(HOST, tmp_path / "host", model)
    assert isinstance(next(iter(found.model.params.values())), cupy.ndarray)
    assert max(differences(weights(tmp_path / "device"), weights(tmp_path / "host")).values()) < 1e-4
