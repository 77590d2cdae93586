"""kill -9 at any moment: the run resumes, and ends with the same bits as one that nobody disturbed.

The killed trainings save at every step, which takes longer than the step itself: many moments fall into a saving. Four
random moments in the usual test; MINIPIXEL_KILLS=15 asks for more of them, and -s shows what each one hit.
"""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_run import OPTIONS, arrays, same

from minipixel.cli import main

KILLS = int(os.environ.get("MINIPIXEL_KILLS", 4))
TRAIN = ["train", "pixelcnn", "--data", "digits", "--epochs", "1", *OPTIONS, "batch=16", "--out", "run"]
STEPS = 82

# The program, saving at every step; it kills itself at the renaming number sys.argv[1], if that is not 0.
PROGRAM = """
import os, signal, sys
from minipixel.cli import main
from minipixel.training import loop

loop.SAVE_SECONDS = 0
rename, left = os.replace, int(sys.argv[1])

def rename_or_die(source, target):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)

os.replace = rename_or_die
sys.exit(main(sys.argv[2:]))
"""


def start(folder, *words, renamings=0):
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(renamings), *words], cwd=folder,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ends_well(process):
    _, errors = process.communicate()
    assert process.returncode == 0, errors


def wait_for(happened, process):
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a run that nobody disturbs, and the seconds from its first checkpoint to the report after its last step."""
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start(folder, *TRAIN)
    wait_for((folder / "run" / "log.csv").exists, process)
    begun = time.monotonic()
    wait_for(lambda: len((folder / "run" / "log.csv").read_text().splitlines()) == 2, process)
    seconds = time.monotonic() - begun
    ends_well(process)
    return folder / "run", seconds


def killed(folder, seconds):
    """Kill a new training after so many seconds from its first checkpoint on; False when it was faster."""
    folder.mkdir()
    process = start(folder, *TRAIN)
    wait_for((folder / "run" / "log.csv").exists, process)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def resumes(folder, undisturbed):
    """What `train --resume` makes of a killed run; where the kill hit, in words."""
    step = int(arrays(folder / "run" / "state.npz")["progress/step"])
    torn = sorted(path.name for path in (folder / "run").glob(".*"))
    assert main(["train", "--resume", str(folder / "run")]) == 0
    for file in ("weights.npz", "average.npz"):
        same(arrays(folder / "run" / file), arrays(undisturbed / file))
    assert sorted(os.listdir(folder / "run")) == sorted(os.listdir(undisturbed))
    return f"the last checkpoint was that of step {step} of {STEPS}" + (f", {torn[0]} half-written" if torn else "")


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_moment(number, undisturbed, tmp_path):
    run, whole = undisturbed
    # One moment in each of KILLS equal parts of the training. A machine that has got faster since is asked again, earlier.
    seconds = whole * (number + np.random.default_rng([8, number]).random()) / KILLS
    tries = 0
    while not killed(tmp_path / str(tries), seconds):
        seconds, tries = seconds / 2, tries + 1
    print(f"\nkilled {seconds:.3f} s after the first checkpoint, of {whole:.3f} s:", resumes(tmp_path / str(tries), run))


@pytest.mark.parametrize("renaming, says", [(3, "weights"), (90, "state"), (92, "average")])
def test_killed_between_writing_a_file_and_renaming_it(renaming, says, undisturbed, tmp_path):
    process = start(tmp_path, *TRAIN, renamings=renaming)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    where = resumes(tmp_path, undisturbed[0])
    assert f".{says}." in where, where


def test_killed_before_there_is_a_run(tmp_path):
    """Its config is the first file to be renamed: no folder is called `run`, and the same command works again."""
    process = start(tmp_path, *TRAIN, renamings=1)
    process.communicate()
    assert process.returncode == -signal.SIGKILL and not (tmp_path / "run").exists()
