"""`python -m minipixel.recurrent`: tables, pictures, and a user's mistake."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minipixel.recurrent import __main__ as demonstration
from minipixel.recurrent import agreement, complexity, learning

PAGE = Path(__file__).parents[2] / "docs" / "recurrent-gradients.md"


@pytest.fixture
def small(monkeypatch):
    """The same run with fewer and smaller sizes."""
    sizes = {"widths": (3, 5), "lengths": (4, 8), "depths": (4, 8), "periods": (1, 2)}
    monkeypatch.setattr(demonstration, "experiments", lambda: complexity.experiments(**sizes))
    monkeypatch.setattr(demonstration, "RUNS", 1)
    monkeypatch.setattr(demonstration, "SEEDS", 1)
    monkeypatch.setattr(demonstration, "DEPTHS", (1, 2, 4))
    monkeypatch.setattr(learning.learn_xor, "__defaults__", (3, 400, 200, 3.0))
    monkeypatch.setattr(learning.learn_oscillation, "__defaults__", (2, 400, 200, 1.0))
    monkeypatch.setattr(agreement.truncation, "__defaults__", (3, 6, 2))  # n, T, networks


def test_tables_and_pictures(small, tmp_path, capsys):
    assert demonstration.main(["--out", str(tmp_path / "new" / "folder")]) == 0
    out = capsys.readouterr().out
    assert out.count("FP/BPTT") >= 4 and "BPTT(h; h/2)" in out and "delayed XOR" in out
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["recurrent-complexity.png", "recurrent-online.png", "recurrent-truncation.png"]
    for name in names:
        Image.open(tmp_path / "new" / "folder" / name).verify()


@pytest.mark.parametrize("words", [["--out"], ["--what"], ["--out", "/dev/null/x"]])
def test_a_mistake_is_one_line(words, capsys):
    assert demonstration.main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("minipixel.recurrent: ")


def test_the_exact_ones_agree_and_the_truncated_ones_improve_with_depth():
    for difference, from_differences in agreement.table(True, 0).values():
        assert difference <= 1e-12 and from_differences <= 1e-7
    points = agreement.truncation((1, 2, 4, 8, 16), n=5, T=16, networks=5)
    for name, rows in points.items():
        errors = [error for _, error, _ in rows]
        assert errors == sorted(errors, reverse=True), name
    assert points["BPTT(h)"][-1][1] < 1e-12 and 0.1 < points["BPTT(h)"][0][1] < 1
    assert np.array(points["BPTT(h; h/2)"])[1:-1, 1].max() < points["BPTT(h)"][0][1]


def test_the_code_of_the_page_runs():
    code = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    exec(code, {})
