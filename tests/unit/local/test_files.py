"""A platform's files: whole, private, untouched when unchanged."""

import stat

import pytest

from local import files


def test_a_file_is_readable_by_its_owner_only(tmp_path):
    assert files.write(tmp_path / "deep" / "key", "secret")
    assert stat.S_IMODE((tmp_path / "deep" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_writing_the_same_again_leaves_the_file_alone_but_for_its_mode(tmp_path):
    path = tmp_path / "file"
    files.write(path, "same")
    path.chmod(0o644)
    before = path.stat()
    assert not files.write(path, b"same")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_yaml_keeps_the_order_of_keys_and_long_lines(tmp_path):
    assert files.to_yaml({"b": [1, "x" * 200], "a": {"c": True}}) == f"b:\n- 1\n- {'x' * 200}\na:\n  c: true\n"


def test_a_digest_tells_where_one_part_ends_and_the_next_begins():
    assert files.digest(["ab", "c"]) != files.digest(["a", "bc"])
    assert files.digest(["ab", b"c"]) == files.digest([b"ab", "c"])
