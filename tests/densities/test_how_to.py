"""The how-to's code runs as it stands, on fewer images and for fewer iterations."""

from pathlib import Path

import numpy as np

from minipixel import data
from minipixel.data import bsds300, dead_leaves

PAGE = (Path(__file__).parents[2] / "docs" / "densities.md").read_text(encoding="utf-8")


def test_the_code_of_the_page(here, monkeypatch):
    monkeypatch.setattr(dead_leaves, "COUNTS", {"train": 6, "validation": 2, "test": 2})
    photographs = {"landscape": np.stack([data.load("dead-leaves").test[0].repeat(3, axis=2)])}
    monkeypatch.setattr(bsds300, "photographs", lambda split: photographs)
    names = {}
    for block in PAGE.split("```python\n")[1:]:
        code = block.partition("```")[0]
        for written, fewer in (("50_000", "2000"), ("iterations=200", "iterations=6"),
                               ("16, height=32, width=32)", "2, height=5, width=6)"),
                               ("10_000", "400"), ("iterations=50", "iterations=1"), ("63, components=4", "63, components=1")):
            code = code.replace(written, fewer)
        exec(code, names)
    assert sorted(file.name for file in here.iterdir()) == ["leaves.png"]
    assert np.isfinite(names["model"].nll(names["leaves"].test)).all()
    vectors = names["vectors"]("test", 20)
    assert vectors.shape == (20, 63) and np.isfinite(names["patch"].log_p(vectors)).all()
    assert len(names["patch"].conditionals) == 63
