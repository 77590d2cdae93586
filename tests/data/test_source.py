"""Downloads come from a server on this machine; nothing leaves it."""

import errno
import functools
import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

from minipixel import data
from minipixel.data import mnist, source


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch, cache):
    """A folder that a server on this machine shows, and the address of it."""
    monkeypatch.delenv("MINIPIXEL_DATA", raising=False)
    folder = tmp_path / "site"
    folder.mkdir()
    Quiet.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def file(address, content, name="x", suffix=""):
    return source.File(name, f"{address}{name}{suffix}", f"sha256:{hashlib.sha256(content).hexdigest()}")


def left(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_download_is_kept_and_not_repeated(site, cache, suffix):
    folder, address = site
    content = b"the official content"
    (folder / f"x{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    wanted = file(address, content, suffix=suffix)
    assert source.contents("set", [wanted]) == ({"x": content}, True)
    assert source.contents("set", [wanted]) == ({"x": content}, True)
    assert Quiet.asked == [f"/x{suffix}"] and left(cache) == [cache / "set" / f"x{suffix}"]


@pytest.mark.parametrize("got", [b"", b"<html>please log in</html>", gzip.compress(b"something else"),
                                 gzip.compress(b"official")[:-9]], ids=["empty", "a page", "another", "truncated"])
def test_a_wrong_checksum_is_refused_and_not_kept(site, cache, got):
    folder, address = site
    (folder / "x.gz").write_bytes(got)
    wanted = file(address, b"official", suffix=".gz")
    with pytest.raises(ValueError, match="wrong checksum .expected sha256:.*not kept: try again, or put") as error:
        source.fetch("set", wanted)
    assert "\n" not in str(error.value) and wanted.url in str(error.value) and not left(cache)


def test_a_file_that_went_bad_in_the_cache_is_removed(site, cache):
    folder, address = site
    (folder / "x").write_bytes(b"official")
    wanted = file(address, b"official")
    source.fetch("set", wanted)
    (cache / "set" / "x").write_bytes(b"officiak")
    with pytest.raises(ValueError, match="wrong checksum"):
        source.fetch("set", wanted)
    assert source.fetch("set", wanted) == b"official"


def test_a_file_that_is_not_there_any_more(site, cache):
    with pytest.raises(OSError, match="cannot download .*/x .answer 404.: connect to the network, or put") as error:
        source.fetch("set", file(site[1], b"official"))
    assert "\n" not in str(error.value) and not left(cache)


def test_no_network(cache, monkeypatch):
    monkeypatch.delenv("MINIPIXEL_DATA", raising=False)
    with pytest.raises(OSError, match="cannot download .*ConnectionError.*set MINIPIXEL_DATA=DIR") as error:
        source.fetch("set", file("http://127.0.0.1:1/", b"official"))
    assert "\n" not in str(error.value) and not left(cache)


def test_a_full_disk(cache, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pooch.retrieve", full)
    with pytest.raises(OSError, match="cannot download .*No space left on device"):
        source.fetch("set", file("http://127.0.0.1:1/", b"official"))


def test_a_whole_set_by_download_then_from_the_folder(site, cache, make, monkeypatch):
    folder, address = site
    files = make.mnist_files(make.rng)
    for name, content in files.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(mnist, "FILES", [file(address, files[one.name], one.name, ".gz") for one in mnist.FILES])
    first = data.load("mnist")
    assert first.official and "not the official" not in first.note and len(Quiet.asked) == 4
    (cache / "mnist").rename(cache.parent / "mnist")
    monkeypatch.setenv("MINIPIXEL_DATA", str(cache.parent))
    second = data.load("mnist")
    assert second.official and np.array_equal(first.train, second.train) and len(Quiet.asked) == 4


def test_a_set_never_mixes_two_places(site, make, monkeypatch, tmp_path):
    folder, address = site
    files = make.mnist_files(make.rng)
    for name, content in files.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(mnist, "FILES", [file(address, files[one.name], one.name, ".gz") for one in mnist.FILES])
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / mnist.FILES[0].name).write_bytes(files[mnist.FILES[0].name])
    monkeypatch.setenv("MINIPIXEL_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte' is missing"):
        data.load("mnist")
    assert not Quiet.asked


def test_an_empty_variable_counts_as_none(monkeypatch):
    monkeypatch.setenv("MINIPIXEL_DATA", "")
    assert source.place("mnist") is None


def test_a_folder_without_the_set_leaves_it_to_the_download(root):
    assert source.place("mnist") is None
    (root / "cifar10-mini").mkdir()
    assert source.place("cifar10", "cifar10-mini") == root / "cifar10-mini"
