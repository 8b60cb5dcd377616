"""The virtual environment: filled by one command at a time, and anew when its Python is gone."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local import virtual_environment
from local.virtual_environment import PYTHON, SOURCES, STAMP, ensure, is_current, run_steps, steps

WAIT_SECONDS = 30


@pytest.fixture
def project(tmp_path):
    """A checkout whose environment is complete; its Python is the one that runs this test."""
    (tmp_path / PYTHON).parent.mkdir(parents=True)
    (tmp_path / PYTHON).symlink_to(sys.executable)
    for file in ("requirements.txt", "pyproject.toml", STAMP):
        (tmp_path / file).touch()
    return tmp_path


def older(project: Path, file: str, seconds: int) -> None:
    """Move a file's time away from the stamp's."""
    at = (project / STAMP).stat().st_mtime_ns - seconds * 10**9
    os.utime(project / file, ns=(at, at))


def test_a_complete_environment_is_left_alone(project):
    ensure(project, lambda _: pytest.fail("installed again"), pytest.fail)


@pytest.mark.parametrize("source", SOURCES[:2])
def test_a_changed_source_fills_the_environment_again_and_is_then_settled(project, source):
    older(project, source, seconds=-10)
    installed, told = [], []
    ensure(project, installed.append, told.append)
    assert installed == [project]
    assert told == ["Installing Python packages into .venv (about half a minute)"]
    older(project, source, seconds=0)
    assert is_current(project)


def test_a_failed_install_leaves_no_stamp_behind(project):
    (project / STAMP).unlink()
    with pytest.raises(SystemExit):
        ensure(project, lambda _: sys.exit("no network"))
    assert not (project / STAMP).exists()


def test_two_commands_at_once_install_once(project):
    (project / STAMP).unlink()
    is_waiting, installs = threading.Event(), []

    def install(where: Path) -> None:
        installs.append(where)
        assert is_waiting.wait(WAIT_SECONDS)

    def told(text: str) -> None:
        if text == "Waiting: another command installs Python packages into .venv":
            is_waiting.set()

    both = [threading.Thread(target=ensure, args=(project, install, told)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(WAIT_SECONDS)
    assert installs == [project]
    assert is_current(project)


def test_a_command_does_not_wait_for_ever(project, monkeypatch):
    monkeypatch.setattr(virtual_environment, "LOCK_SECONDS", 0.0)
    with virtual_environment._alone(project, pytest.fail), pytest.raises(SystemExit) as ended:
        ensure(project, lambda _: pytest.fail("installed beside another"), pytest.fail)
    assert str(ended.value) == (
        f"{project}/.venv: still being filled by another command; needs to be free within 0 s because two installs "
        "would overwrite each other's files. End that command, then run this one again."
    )


def test_a_python_that_runs_is_kept(project):
    assert [command[0] for command in steps(project)] == [str(project / PYTHON)] * 2


@pytest.mark.parametrize("target", ["/nowhere/python3", "/bin/false"])
def test_a_python_that_is_gone_or_has_no_pip_is_made_anew_before_anything_is_installed(project, target):
    (project / PYTHON).unlink()
    (project / PYTHON).symlink_to(target)
    first, second, _ = steps(project)
    assert first == [sys.executable, "-m", "venv", "--clear", f"{project}/.venv"]
    assert "--require-hashes" in second


def test_a_link_to_a_python_that_is_gone_makes_the_environment_old(project):
    (project / PYTHON).unlink()
    (project / PYTHON).symlink_to("/nowhere/python3")
    assert not is_current(project)


def test_a_step_that_fails_is_named_with_what_to_do(project, monkeypatch):
    monkeypatch.setattr(virtual_environment, "steps", lambda _: [["false", "--quiet"]])
    with pytest.raises(SystemExit) as ended:
        run_steps(project)
    assert str(ended.value) == (
        "false --quiet: exit 1; needs exit 0 because every command runs from .venv. "
        "Mend what is shown above and run the same command again: it goes on from there."
    )


def test_it_runs_before_anything_is_installed(project):
    module = Path(virtual_environment.__file__)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(module)], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
