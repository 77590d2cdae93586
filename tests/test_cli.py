"""The program as a process: Ctrl-C, `python -m minipixel`, help, a reader that leaves early. What it does is in commands/."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from small_run import OPTIONS, arrays, same, strict_json, unfinish

from minipixel.cli import main


def until(condition, process):
    """Wait for a condition while a process runs."""
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_ctrl_c_saves_and_leaves_with_a_sentence(finished, minipixel, here):
    words = ["train", "pixelcnn", "--data", "digits", "--epochs", "8", *OPTIONS, "--out", "run"]
    process = subprocess.Popen([sys.executable, "-m", "minipixel", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    until((here / "run" / "log.csv").exists, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "") and "Traceback" not in err
    line = err.splitlines()[-1]
    assert line.startswith("minipixel: stopped at step ") and line.endswith("minipixel train --resume run"), line
    step = int(line.removeprefix("minipixel: stopped at step ").partition(",")[0])
    assert arrays(here / "run" / "state.npz")["progress/step"] == step < 168
    assert "results.json" not in os.listdir("run") and not [name for name in os.listdir("run") if name.startswith(".")]
    assert minipixel("train", "--resume", "run").code == 0
    assert minipixel(*words[:-1], "undisturbed").code == 0
    same(arrays("run/weights.npz"), arrays("undisturbed/weights.npz"))


@pytest.mark.parametrize("words", ["eval run", "train --resume run"])
def test_ctrl_c_outside_of_the_training(words, run, minipixel, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    unfinish(run)
    monkeypatch.setattr("minipixel.commands.judged.compare", interrupted)
    end = minipixel(*words.split())
    says = f": its results are made by minipixel {words}" if words.startswith("train") else ""
    assert (end.code, end.out) == (130, "") and end.err.splitlines()[-1].startswith("minipixel: stopped")
    assert end.err.splitlines()[-1].endswith(says or "stopped")


def test_python_m_is_the_same_program(minipixel, here):
    end = subprocess.run([sys.executable, "-m", "minipixel", "models", "--json"], capture_output=True, text=True, check=True)
    assert end.stdout == minipixel("models", "--json").out and end.stderr == ""
    end = subprocess.run([sys.executable, "-m", "minipixel", "eval", "nowhere"], capture_output=True, text=True)
    assert end.returncode == 2 and end.stdout == "" and end.stderr == minipixel("eval", "nowhere").err


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_reader_that_leaves_early(here):
    words = f"'{sys.executable}' -m minipixel models | true"
    end = subprocess.run(["sh", "-c", words], capture_output=True, text=True)
    assert end.stderr == ""


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["audit", "--help"]])
def test_help(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0 and "usage: minipixel" in capsys.readouterr().out


def test_what_an_audited_file_writes_is_not_the_answer(here):
    """Below Python's own output as well."""
    (here / "mine.py").write_text("import os\nimport numpy as np\n"
                                  "def p(x):\n    os.write(1, b'noise')\n    return np.full((*x.shape, 2), np.log(0.5))\n")
    words = ["audit", "mine.py:p", "--shape", "2x2x1", "--levels", "2", "--json"]
    end = subprocess.run([sys.executable, "-m", "minipixel", *words], capture_output=True, text=True)
    assert end.returncode == 0 and strict_json(end.stdout)["ok"] and "noise" in end.stderr


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("words", ["models", "sample pixelcnn-mnist -n 1"])
def test_a_closed_standard_error(words, here):
    line = f"exec 2>&-; exec '{sys.executable}' -m minipixel {words} --json"
    end = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert end.returncode == 0 and strict_json(end.stdout)
