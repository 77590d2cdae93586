"""Files are whole or not there."""

import pytest

from minipixel.files import read_json, remove_leftovers, replacing, write_json


def test_a_file_appears_whole_and_alone(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as beside:
        beside.write_text("new")
        assert not path.exists() and beside.parent == tmp_path and beside.suffix == ".txt"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mistake", [KeyError("a mistake"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, mistake):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(mistake)), replacing(path) as beside:
        beside.write_text("half")
        raise mistake
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "no such folder" / "a.json"
    with pytest.raises(OSError, match="cannot write .*a.json"):
        write_json(path, {})


def test_json_round_trip(tmp_path):
    value = {"a": [1, 2.5, None, True], "ü": "é"}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_not_json_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match="a.json is not a JSON file"):
        read_json(tmp_path / "a.json")


def test_leftovers_of_killed_writers_are_removed(tmp_path):
    kept = [".git.1.x", ".hidden", ".notes.2025-01.txt", "log.csv", "state.npz"]
    for name in (".state.123.npz", *kept):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
