"""Which taps of a recurrence are packed, and which its scan takes from the cells beside. Its laws: test_laws.py."""

from dataclasses import replace

import numpy as np
import pytest

from minipixel.layers import RowLSTM
from minipixel.ops import recurrence
from minipixel.ops.recurrence import taps_beside
from minipixel.order import DIAGONALS, QUADRANT, ROWS, corners, live_taps

ROW = live_taps(1, 5, "B", 1)


@pytest.mark.parametrize(("frame", "taps", "beside"), [
    (ROWS, ROW, ((0, -2), (0, -1))), (ROWS, live_taps(3, 3, "B", 1), ()), (ROWS, live_taps(1, 5, "A", 1), ()),
    (ROWS, ((0, 0),), ()), (DIAGONALS, ((0, 0),), ()), (QUADRANT, live_taps(5, 5, "A", 1), ()),
    (QUADRANT, ((-1, 1), (0, 0)), ((-1, 1),)), (replace(DIAGONALS, directions=((1, 1),)), ROW, ()),
    (DIAGONALS, ((-1, 1), (0, 0)), ()), (corners(1), ((0,),), ())],
    ids=["a row's", "of rows above", "not the cell's own", "one alone", "a diagonal's", "a window", "along a diagonal",
         "across diagonals", "two directions", "one dimension"])
def test_taps_beside(frame, taps, beside):
    assert taps_beside(taps, frame, np) == beside


def test_a_gpu_packs_all():
    assert taps_beside(ROW, ROWS, xp=None) == ()


def test_taps_beside_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    layer = RowLSTM(3, 2, 1, rng=rng, dtype=np.float64, k=5)
    x, dy = rng.standard_normal((2, 3, 6, 3)), rng.standard_normal((2, 3, 6, 2))

    def run():
        y, cache = layer.forward(x)
        dx, grads = layer.backward(dy, cache)
        return {"y": y, "dx": dx, **grads}

    found = run()
    monkeypatch.setattr(recurrence, "taps_beside", lambda *given: ())
    for name, value in run().items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-12, err_msg=name)
