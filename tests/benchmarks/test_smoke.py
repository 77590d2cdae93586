"""The benchmarks run at tiny size, and find both sides equal. What they measure is read by people and asserted nowhere."""

import json
import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is what the benchmarks compare with: pip install 'minipixel[bench]'")

from . import cases
from .__main__ import main
from .process import TorchProcess
from .subjects import BLOCKS, TINY, fresh, images
from .timing import compared, peak_growth
from .torch_calls import Sides, Step


def test_every_benchmark_runs_and_reports(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cases, "peak_growth", lambda side, network, size, batch, threads: 1000)
    main(["--tiny", "--repeats", "2", "--threads", "1", "--no-compile", "--json", str(tmp_path / "speed.json")])
    results = json.loads((tmp_path / "speed.json").read_text())["results"]
    assert {name: len(rows) for name, rows in results.items()} == {
        "conv": 2, "recurrent": 2, "spatial-lstm": 1, "mcgsm": 2, "training": 3, "sampling": 3, "growth": 1,
        "recurrent-growth": 1}
    printed = capsys.readouterr().out
    for name, rows in results.items():
        for row in rows:
            assert row["case"] in printed
            beside = {{"recurrent": "packed", "spatial-lstm": "packed", "mcgsm": "pieces"}.get(name, "channels_last")}
            alone = row["strongest"] is None
            assert {"minipixel"} | (set() if alone else {"usual", *beside}) == set(row["sides"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_memory_of_a_step_is_measured_in_a_fresh_process():
    kept = fresh(*BLOCKS, 32, 1).cost()["kept_per_pixel"]
    # What is kept for the backward, in float32, must all be there at one moment.
    assert peak_growth("minipixel", BLOCKS[0], 32, 1, threads=1) > 4 * kept * 32**2


def test_sides_that_differ_are_not_timed():
    ours, theirs = {"K": np.ones(3)}, {"K": np.array([1, 1, 1.01])}
    with pytest.raises(AssertionError, match="K differs"):
        cases.require_equal(ours, theirs, "usual")
    with pytest.raises(AssertionError, match="one side only"):
        cases.require_equal(ours, {}, "usual")


def test_a_forgotten_mask_is_found():
    subject, x = ("pixelcnn", TINY, 6, 1), images(2, 6)
    ours, step = cases.step_arrays(fresh(*subject), x), Step("usual", subject, x)
    cases.require_equal(ours, step.arrays(), "usual")
    step.network.net.input.M.fill_(1)
    with pytest.raises(AssertionError, match="differs from PyTorch's"):
        cases.require_equal(ours, step.arrays(), "usual")


def test_pytorch_has_no_malloc_setting_but_the_stated_one():
    fresh("pixelcnn", TINY, 6, 1).loss_and_grads(images(2, 6))     # in this process minipixel has asked for its own
    sides = Sides(1, same_malloc=False)
    sides.make("usual", "step", ("pixelcnn", TINY, 6, 1), images(2, 6))
    with pytest.raises(AssertionError, match="another malloc setting"):
        sides.seconds("usual", 1)
    with TorchProcess(1, same_malloc=True) as pytorch:
        pytorch.make("usual", "step", ("pixelcnn", TINY, 6, 1), images(2, 6))
        assert pytorch.seconds("usual", 1) > 0
        with pytest.raises(RuntimeError, match="KeyError: 'compiled'"):
            pytorch.seconds("compiled", 1)
    assert pytorch.process.exitcode == 0


def test_a_ratio_is_torch_over_ours_pair_by_pair():
    table = compared({"minipixel": [1.0, 2.0, 4.0], "usual": [2.0, 2.0, 12.0]})
    assert table["usual"]["ratio"] == 2.0
    assert table["usual"]["seconds"] == 2.0
