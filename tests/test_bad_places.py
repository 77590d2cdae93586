"""Places that cannot be read or written, and a full disk: one line, exit code 2, nothing half-written."""

import os
import shutil
import subprocess
import sys

import pytest
from small_run import TRAIN, listing, unfinish


@pytest.mark.parametrize("words, locked, mode, says", [
    ("eval run", "run/config.json", 0, "config.json"), ("eval run", "run/average.npz", 0, "average.npz"),
    ("sample run", "run", 0, "run"), ("train --resume run", "run/state.npz", 0, "state.npz"),
    ("sample run --out place/x.png", "place", 0o555, "cannot write place/x.png"),
    ("complete run --out place/x.png", "place", 0o555, "cannot write place/x.png"),
    ("audit run --shape 2x2x1 --out place/x.png", "place", 0o555, "cannot write place/x.png"),
    ("train pixelcnn --data digits --out place/new", "place", 0o555, "Permission denied"),
    ("train pixelcnn --data digits --out place/a/b", "place", 0o555, "Permission denied"),
    ("train pixelcnn --data digits --out run/config.json/new", "place", 0o555, "config.json"),
    ("train pixelcnn --data place", "place", 0, "place"),
    ("audit mine.py:f --shape 2x2x1 --levels 2", "mine.py", 0, "mine.py")])
def test_a_place_that_is_locked(words, locked, mode, says, run, here, refused, permissions):
    unfinish(run)
    (here / "place").mkdir()
    (here / "mine.py").write_text("f = print\n")
    kept = (here / locked).stat().st_mode
    (here / locked).chmod(mode)
    with permissions():
        try:
            refused(words.split(), says)
        finally:
            (here / locked).chmod(kept)


def test_a_run_folder_that_is_read_only(run, minipixel, permissions):
    unfinish(run)
    run.chmod(0o555)
    before = listing(run)
    with permissions():
        end = minipixel("train", "--resume", "run")
    run.chmod(0o755)
    assert end.code == 2 and end.err.splitlines()[-1].startswith("minipixel: cannot write run/state.npz: ")
    assert listing(run) == before


# A full disk


@pytest.mark.parametrize("room", [0, 3000, 8000])
def test_no_room_for_a_picture(room, run, refused, disk):
    with disk(room):
        refused(["sample", "run", "-n", "100"], "cannot write samples.png", "File too large")


@pytest.mark.parametrize("room", [0, 100])
def test_no_room_for_a_config(room, here, refused, disk):
    with disk(room):
        refused([*TRAIN, "--out", "new"], "cannot write", "config.json", "File too large")


@pytest.mark.parametrize("room", [1000, 10_000, 23_000])
def test_no_room_for_a_checkpoint(room, here, minipixel, disk):
    """The run is there, whole as far as it goes, and goes on when there is room again."""
    with disk(room):
        end = minipixel(*TRAIN, "--out", "new")
    assert end.code == 2 and end.out == "" and "Traceback" not in end.err
    assert end.err.splitlines()[-1].startswith("minipixel: cannot write new/state.npz: ")
    assert [path.name for path in (here / "new").iterdir()] == ["config.json"]
    assert minipixel("train", "--resume", "new").code == 0


def test_no_room_for_a_later_checkpoint(run, minipixel, disk):
    unfinish(run)
    before = listing(run)
    with disk(10_000):
        end = minipixel("train", "--resume", "run")
    assert end.code == 2 and end.err.splitlines()[-1].startswith("minipixel: cannot write run/state.npz: ")
    assert listing(run) == before


@pytest.mark.parametrize("kilobytes", [4, 40])
def test_a_disk_that_is_really_full(kilobytes, here):
    """A file system of a few kilobytes."""
    (here / "disk").mkdir()
    if shutil.which("mount") is None or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", "disk"], capture_output=True).returncode:
        pytest.skip("needs the right to mount; the tests above fill the disk by a limit on the size of a file")
    try:
        end = subprocess.run([sys.executable, "-m", "minipixel", *TRAIN, "--out", "disk/new"], capture_output=True, text=True)
        left = [path.name for path in (here / "disk").rglob("*")]
    finally:
        subprocess.run(["umount", "disk"], check=True)
    assert end.returncode == 2 and end.stdout == "" and "Traceback" not in end.stderr and "Exception" not in end.stderr
    assert end.stderr.splitlines()[-1].startswith("minipixel: cannot write disk/new/")
    assert end.stderr.splitlines()[-1].endswith("No space left on device")
    assert not [name for name in left if name.startswith(".")]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_no_room_for_the_answer(here):
    with open("/dev/full", "w") as full:
        end = subprocess.run([sys.executable, "-m", "minipixel", "models"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert end.returncode == 2
    assert end.stderr == "minipixel: cannot write to standard output: No space left on device\n"
