"""The one folder of a platform."""

import stat

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


def test_purge_leaves_no_file_and_may_be_called_twice(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    (home.logs / "etcd.log").write_text("x")
    home.purge()
    home.purge()
    assert list(tmp_path.iterdir()) == []
