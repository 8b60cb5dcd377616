"""The Makefile in a checkout of its own, whose virtual environment only says what it is asked to run."""

import re
import shutil
import subprocess

import pytest

from tests.builders import PROJECT

SAYS_ITS_ARGUMENTS = '#!/bin/sh\necho "$(basename "$0") $*"\n'


@pytest.fixture
def make(tmp_path):
    """Run make in the checkout: exit status, and both streams together."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for command in ("python", "pytest", "ruff", "mypy", "lint-imports"):
        (tmp_path / ".venv/bin" / command).write_text(SAYS_ITS_ARGUMENTS)
        (tmp_path / ".venv/bin" / command).chmod(0o755)
    for file in ("requirements.txt", "pyproject.toml", ".venv/.installed"):
        (tmp_path / file).touch()

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_help_explains_every_target_that_a_person_calls(make):
    status, text = make("help")
    explained = re.findall(r"^  (\S+) +\S", text, re.MULTILINE)
    assert status == 0
    assert {"up", "down", "status", "open", "interrupt", "rehearse", "test", "check", "lock"} <= set(explained)
    assert "  interrupt    Take a spot node away, as the cloud would (NODE=name)\n" in text
    assert 'eval "$(make env)"' in text


def test_a_spot_node_is_taken_away_by_name(make):
    assert make("interrupt", "NODE=node-1") == (0, "python -m local interrupt node-1\n")


def test_costs_are_those_of_the_stack_that_is_named(make):
    assert make("open") == (0, "python -m local open --stack local\n")
    assert make("open", "STACK=other") == (0, "python -m local open --stack other\n")


@pytest.mark.parametrize("arguments", [(), ("NODE=",)])
def test_without_a_name_no_node_is_taken_away(make, arguments):
    status, text = make("interrupt", *arguments)
    assert status == 2
    assert text.startswith(
        "make interrupt: no NODE; needs the name of a spot node because a cloud takes one node at a time. Run "
    )
    assert "python -m local" not in text


def test_a_rehearsal_gets_its_stack_and_every_fault(make):
    told = "create:a:B:c=GONE delete:*=slow:1"
    status, text = make("rehearse", "STACK=gke-prod", f"FAULT={told}", "OUT_OF_STOCK=a2-highgpu-4g:spot", "KEEP=1")
    assert (status, text.split()) == (
        0,
        [
            "python",
            "-m",
            "local",
            "rehearse",
            "gke-prod",
            "--fault",
            "create:a:B:c=GONE",
            "--fault",
            "delete:*=slow:1",
            "--out-of-stock",
            "a2-highgpu-4g:spot",
            "--keep",
        ],
    )
    assert make("rehearse", "STACK=eks-dev")[1].split() == ["python", "-m", "local", "rehearse", "eks-dev"]


def test_all_tests_say_how_long_each_part_took(make):
    status, text = make("test")
    assert status == 0
    told = [line for line in text.splitlines() if line.startswith(("pytest", "=="))]
    assert told == [
        "pytest -q --numprocesses auto -m not control_plane and not e2e",
        "== make check took 0.0 min",
        "pytest -q -m control_plane",
        "== make test-control-plane took 0.0 min",
        "pytest -q -m e2e",
        "== make test-e2e took 0.0 min",
    ]


def test_a_part_that_fails_says_how_long_it_took_and_is_the_last(make, tmp_path):
    (tmp_path / ".venv/bin/pytest").write_text("#!/bin/sh\nexit 1\n")
    status, text = make("test")
    assert status == 2
    assert "== make check took 0.0 min" in text
    assert "test-control-plane" not in text


def test_a_broken_import_rule_is_shown_and_a_kept_one_is_silent(make, tmp_path):
    assert make("imports") == (0, "")
    (tmp_path / ".venv/bin/lint-imports").write_text("#!/bin/sh\necho broken contract\nexit 1\n")
    status, text = make("imports")
    assert status == 2
    assert text.startswith("broken contract\n")


def test_a_complete_environment_is_not_filled_again(make):
    assert make("--question", ".venv/.installed")[0] == 0


@pytest.mark.parametrize("change", ["link to nowhere", "no stamp"])
def test_an_environment_that_is_not_complete_is_filled_by_the_one_script_that_locks(make, tmp_path, change):
    if change == "no stamp":
        (tmp_path / ".venv/.installed").unlink()
    else:
        (tmp_path / ".venv/bin/python").unlink()
        (tmp_path / ".venv/bin/python").symlink_to("/nowhere/python3")
    _, text = make("--dry-run", ".venv/.installed")
    assert "python3 -I local/virtual_environment.py\n" in text


def test_a_python_that_is_too_old_is_told_what_to_do(make, tmp_path):
    (tmp_path / ".venv/.installed").unlink()
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    status, text = make(".venv/.installed", f"PYTHON={old}")
    assert status == 2
    assert text.startswith(f"{old}: Python 3.9.2; needs Python 3.11 or newer because the code uses its syntax. ")
