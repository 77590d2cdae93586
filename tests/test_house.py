"""The house keeps its own rules: the floors, the style, and what the README says."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_floors_import_only_what_is_below_them():
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_style():
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."]
    run = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_the_top_level_is_what_its_user_fixed():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    top = {name.partition("/")[0] for name in tracked if not name.startswith(".")}
    assert top <= {"minipixel", "chapters", "tests", "docs", "pyproject.toml", "README.md", "LICENSE"}


def test_importing_loads_no_more_than_it_needs():
    """A browser's Python has no pooch, tqdm or scipy until they are used; the arrays are NumPy's alone."""
    later = ("pooch", "tqdm", "scipy", "matplotlib", "PIL", "cupy", "torch")
    code = f"import sys, minipixel; print([name for name in {later} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stdout + run.stderr


def test_readme_gives_a_reason_for_each_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for dependency in project["dependencies"]:
        name = dependency.partition(">")[0]
        assert f"`{name}`" in README, f"README gives no reason for {name}"
    for extra in project["optional-dependencies"]:
        assert f"`{extra}`" in README, f"README does not name the extra {extra}"


def test_ci_runs_the_lines_of_the_readme():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace(" -q", "")
    set_up = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/minipixel train pixelcnn --data digits"
    for line in (set_up, ".venv/bin/pytest\n", ".venv/bin/pytest -m chapters"):
        assert line in ci and line in README
