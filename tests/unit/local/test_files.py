"""A platform's files: whole, private, untouched when unchanged."""

import stat
from errno import EACCES, EDQUOT, ENOSPC, EROFS
from os import strerror

import pytest

from local import files
from mizan.errors import PlatformError


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
        raise OSError(ENOSPC, strerror(ENOSPC))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(PlatformError) as told:
        files.write(path, "new")
    assert str(told.value) == (
        f"{path}: cannot be written (No space left on device); needs free space on its disk because the platform "
        "cannot go on without this file. Free disk space and run the same command again."
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_place_of_a_folder_is_told_by_its_name(tmp_path):
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(PlatformError) as told:
        files.write(tmp_path / "state" / "kueue.yaml", "new")
    assert str(told.value).startswith(f"{tmp_path}/state/kueue.yaml: cannot be written (File exists); needs a place")


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (ENOSPC, "Free disk space and run the same command again"),
        (EDQUOT, "Free disk space and run the same command again"),
        (EACCES, "Ask"),
        (EROFS, "Ask"),
    ],
)
def test_only_a_full_disk_has_a_remedy_of_its_own(number, fix):
    error = OSError(number, strerror(number), "/elsewhere")
    told = files.refusal("/disk/file", error, because="it matters", fix="Ask")
    assert (told.where, told.observed, told.fix) == (
        "/disk/file",
        f"cannot be written ({strerror(number)}, /elsewhere)",
        fix,
    )


def test_an_error_that_names_nothing_is_still_told():
    assert files.refusal("/file", OSError("odd"), because="it matters").observed == "cannot be written (odd)"


def test_yaml_keeps_the_order_of_keys_and_long_lines(tmp_path):
    assert files.to_yaml({"b": [1, "x" * 200], "a": {"c": True}}) == f"b:\n- 1\n- {'x' * 200}\na:\n  c: true\n"


def test_a_digest_tells_where_one_part_ends_and_the_next_begins():
    assert files.digest(["ab", "c"]) != files.digest(["a", "bc"])
    assert files.digest(["ab", b"c"]) == files.digest([b"ab", "c"])
