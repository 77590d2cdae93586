"""What the tests of the command line share: a small finished run, and the program called inside this process."""

import ctypes
import os
import shutil
import sys
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest
from small_run import TRAIN, listing

from minipixel.cli import main


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a finished run, for reading only."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert main([*TRAIN, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


@pytest.fixture
def run(finished, here):
    """A finished run of its own, called "run" in the current folder."""
    return shutil.copytree(finished, here / "run")


@pytest.fixture
def minipixel(capsys):
    """minipixel("eval", "run") -> its exit code, what it printed (out), and its progress and errors (err)."""
    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return call


@pytest.fixture
def refused(minipixel, here):
    """refused(words, *fragments): one line that holds the fragments, exit code 2, and not a file touched."""
    def check(words, *fragments):
        before = listing(here)
        end = minipixel(*words)
        assert (end.code, end.out) == (2, ""), end
        # A progress bar that was wiped away is no line of its own.
        lines = [line for line in end.err.split("\n") if line]
        assert len(lines) == 1, end.err
        line = lines[0].rpartition("\r")[2]
        assert line.startswith("minipixel: ") and len(line) > 25 and "Traceback" not in line, line
        for fragment in fragments:
            assert fragment in line, line
        assert listing(here) == before

    return check


@pytest.fixture
def disk():
    """with disk(1000): no file can grow beyond 1,000 bytes, as on a disk that is nearly full."""
    resource = pytest.importorskip("resource", reason="a limit on the size of files needs a Unix")

    @contextmanager
    def limited(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def permissions():
    """with permissions(): the modes of files hold for this thread, also where it is root, who may read and write all."""
    if os.name != "posix" or (os.geteuid() == 0 and sys.platform != "linux"):
        pytest.skip("modes of files do not hold here")
    return obeying if os.geteuid() == 0 else nullcontext


@contextmanager
def obeying():
    """Lay down Linux's capabilities 1 and 2 (to write and to read whatever the modes say), and take them up again."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    before = (ctypes.c_uint32 * 6)()
    if libc.capget(header, before):
        raise OSError(ctypes.get_errno(), "capget")
    after = (ctypes.c_uint32 * 6)(before[0] & ~0b110, *before[1:])
    if libc.capset(header, after):
        raise OSError(ctypes.get_errno(), "capset")
    try:
        yield
    finally:
        libc.capset(header, before)
