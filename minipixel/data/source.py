"""Where the files of a set come from: MINIPIXEL_DATA first, then the user's cache, then a download.

A set's files all come from one place, so that the training images of one place never meet the test images of another.
What lies in MINIPIXEL_DATA belongs to the user: other files than the official ones are read, and called so. What is
downloaded must have the pinned checksum, today and at every later reading, or it is removed.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class File(NamedTuple):
    """A file as its publisher has it. digest: "sha256:..." or "md5:..." of the content called `name`, unpacked; or of what
    `of` finds in it, where it is known what is packed and not how."""

    name: str
    url: str
    digest: str
    of: Callable[[bytes], bytes] = bytes

    def is_official(self, content):
        """Is the content the publisher's?"""
        return has_digest(self.of(content), self.digest)


def contents(folder, files):
    """{name: bytes} of a set's files, and whether all of them are the official ones."""
    here = place(folder)
    found = {file.name: read(here / file.name) if here else fetch(folder, file) for file in files}
    return found, all(file.is_official(found[file.name]) for file in files)


def place(*folders):
    """The first of these folders that MINIPIXEL_DATA has, or None."""
    root = os.environ.get("MINIPIXEL_DATA")
    if not root:
        return None
    if not Path(root).is_dir():
        raise FileNotFoundError(f"MINIPIXEL_DATA names {root!r}, which is no folder: correct it or unset it")
    return next((Path(root, folder) for folder in folders if Path(root, folder).is_dir()), None)


def read(path):
    """The content of a file that may lie there plain or packed as `path`.gz."""
    packed = path.with_name(f"{path.name}.gz")
    if path.is_file():
        content = path.read_bytes()
    elif packed.is_file():
        content = _unpacked(packed)
    else:
        raise FileNotFoundError(f"{str(path)!r} is missing, and as .gz too: put it there, or take its folder away")
    if not content:
        raise ValueError(f"{str(path)!r} is empty: copy or download it again")
    return content


def fetch(folder, file):
    """The content of an official file from the user's cache, where it is downloaded to at the first use."""
    import pooch

    path = pooch.os_cache("minipixel") / folder / file.url.rpartition("/")[2]
    if not path.is_file():
        _download(folder, file, path)
    try:
        content = read(path.with_name(file.name))
        right = file.is_official(content)
    except ValueError:
        right = False
    if right:
        return content
    path.unlink()
    raise ValueError(f"{file.url} gave a file with a wrong checksum (expected {file.digest}), which was not kept: "
                     f"try again, or put the set's files into DIR/{folder}/ and set MINIPIXEL_DATA=DIR")


def has_digest(content, digest):
    """Has the content this checksum, written "algorithm:hexadecimal"?"""
    algorithm, _, expected = digest.partition(":")
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest() == expected


def _unpacked(path):
    try:
        return gzip.decompress(path.read_bytes())
    except EOFError:
        raise ValueError(f"{str(path)!r} is truncated: its gzip stream has no end; copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{str(path)!r} is not a sound gzip file ({error}): copy or download it again") from None


def _download(folder, file, path):
    import pooch

    pooch.get_logger().setLevel("WARNING")  # at "INFO" it advises to pin the checksum, which fetch does
    try:
        pooch.retrieve(file.url, known_hash=None, fname=path.name, path=path.parent, progressbar=True)
    except OSError as error:  # no network, an HTTP error (requests derives its errors from OSError), a full disk
        answer = getattr(error, "response", None)
        reason = f"answer {answer.status_code}" if answer is not None else error.strerror or type(error).__name__
        raise OSError(f"cannot download {file.url} ({reason}): connect to the network, or put the set's files into "
                      f"DIR/{folder}/ and set MINIPIXEL_DATA=DIR") from None
