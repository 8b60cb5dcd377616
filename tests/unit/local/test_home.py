"""The one folder of a platform."""

import stat
from errno import EACCES, ENOSPC, EROFS
from os import strerror
from pathlib import Path

import pytest

from local.home import PROJECT, Home
from mizan.errors import PlatformError


def test_mizan_home_names_the_folder_and_the_project_has_the_default(tmp_path):
    assert Home.from_environment({"MIZAN_HOME": str(tmp_path)}).root == tmp_path
    assert Home.from_environment({"MIZAN_HOME": ""}).root == PROJECT / ".mizan"


def test_every_folder_is_readable_by_its_owner_only(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    folders = [home.root, *(path for path in home.root.iterdir() if path.is_dir())]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_a_folder_with_other_files_is_neither_used_nor_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    home = Home(tmp_path)
    told = "a folder with other files; needs an empty folder, or none because `make down PURGE=1` removes it whole"
    with pytest.raises(PlatformError, match=told):
        home.create()
    with pytest.raises(PlatformError, match=told):
        home.purge()
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_file_is_no_home(tmp_path):
    (tmp_path / "notes").write_text("years of work")
    for act in (Home(tmp_path / "notes").create, Home(tmp_path / "notes").purge):
        with pytest.raises(PlatformError, match=r"MIZAN_HOME .*/notes: a file; needs an empty folder, or none because"):
            act()
    assert (tmp_path / "notes").read_text() == "years of work"


def test_a_home_below_a_file_is_told_with_the_variable_that_chose_it(tmp_path):
    (tmp_path / "notes").write_text("years of work")
    with pytest.raises(PlatformError) as told:
        Home(tmp_path / "notes" / "home").create()
    assert str(told.value) == (
        f"MIZAN_HOME {tmp_path}/notes/home: cannot be written (Not a directory); needs a place that you may write "
        "because the whole platform lives in that folder. "
        "Set MIZAN_HOME to a folder of your own on a disk that you may write."
    )


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(EACCES, "Set MIZAN_HOME to a folder"), (EROFS, "Set MIZAN_HOME to a folder"), (ENOSPC, "Free disk space")],
)
def test_a_place_that_cannot_be_written_is_told_with_its_remedy(tmp_path, monkeypatch, number, remedy):
    def refuse(path, **_):
        raise OSError(number, strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    home = Home(tmp_path / "home")
    with pytest.raises(PlatformError) as told:
        home.create()
    assert told.value.where == f"MIZAN_HOME {home.root}"
    assert told.value.observed == f"cannot be written ({strerror(number)})"
    assert told.value.fix.startswith(remedy)


def test_a_folder_of_a_home_that_cannot_be_made_is_named(tmp_path):
    Home(tmp_path / "home").create()
    (tmp_path / "home" / "logs").rmdir()
    (tmp_path / "home" / "logs").write_text("in the way")
    with pytest.raises(PlatformError, match=r"cannot be written \(File exists, .*/home/logs\)"):
        Home(tmp_path / "home").create()


def interrupt_after(calls, monkeypatch, owner, name):
    """Let `owner.name` work `calls` times and be interrupted from then on."""
    real, left = getattr(owner, name), [calls]

    def interrupted(*arguments, **options):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize(("owner", "name", "calls"), [(Path, "touch", 0), *((Path, "mkdir", n) for n in range(1, 8))])
def test_a_home_whose_making_was_cut_short_is_still_ones_own(tmp_path, monkeypatch, owner, name, calls):
    home = Home(tmp_path / "home")
    with monkeypatch.context() as patched:
        interrupt_after(calls, patched, owner, name)
        with pytest.raises(KeyboardInterrupt):
            home.create()
    home.create()
    home.purge()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "calls"), [("rmdir", 0), ("unlink", 0), ("unlink", 1)])
def test_a_purge_that_was_cut_short_can_be_gone_on_with(tmp_path, monkeypatch, name, calls):
    home = Home(tmp_path / "home")
    home.create()
    home.kubeconfig.write_text("x")
    with monkeypatch.context() as patched:
        interrupt_after(calls, patched, Path, name)
        with pytest.raises(KeyboardInterrupt):
            home.purge()
    home.purge()
    assert list(tmp_path.iterdir()) == []


def test_purge_follows_no_link_out_of_the_home(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "thesis.tex").write_text("years of work")
    (home.root / "link").symlink_to(tmp_path / "elsewhere")
    home.purge()
    assert (tmp_path / "elsewhere" / "thesis.tex").read_text() == "years of work"


def test_purge_leaves_no_file_and_may_be_called_twice(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    (home.logs / "etcd.log").write_text("x")
    home.purge()
    home.purge()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_only_a_waiting_command_made_is_taken(tmp_path):
    home = Home(tmp_path / "home")
    home.root.mkdir()
    home.lock.write_text("{}")
    home.create()
    assert home.marker.exists()


def test_a_home_behind_a_link_is_removed_with_its_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    home = Home(tmp_path / "home")
    home.create()
    home.purge()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_would_fall_apart_in_a_list_of_paths_is_refused(tmp_path):
    with pytest.raises(PlatformError, match="a name with `:`; needs a name without it because KUBECONFIG and PATH"):
        Home.from_environment({"MIZAN_HOME": str(tmp_path / "a:b")})


def test_a_home_of_a_user_that_does_not_exist_is_taken_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Home.from_environment({"MIZAN_HOME": "~nosuchuser/x"}).root == tmp_path / "~nosuchuser" / "x"
