"""`python -m local`, which the Makefile calls: what needs no tool."""

import os
import subprocess
import sys

import pytest

from local import platform
from local.home import PROJECT, Home
from local.progress import Reporter
from mizan.errors import PlatformError
from tests.builders import a_config, an_existing_stack

COMMANDS = ("up", "down", "status", "show", "open", "budgets", "rehearse", "env", "tools")


@pytest.fixture
def run(tmp_path):
    def run(*arguments, **variables):
        environment = {
            **os.environ,
            "MIZAN_HOME": str(tmp_path / "home"),
            "MIZAN_CACHE": str(tmp_path / "cache"),
            **variables,
        }
        command = [sys.executable, "-m", "local", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_help_names_every_command(run):
    done = run("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


def test_a_fault_of_the_stack_is_told_before_any_tool_is_built(run):
    done = run("up", "--stack", "loca")
    assert done.returncode == 2
    assert "stack loca: no file" in done.stderr
    assert "Choose one of: eks-dev, eks-prod, gke-dev, gke-prod, local" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Building" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("local",), "stack local: mizan:cloud: local; needs mizan:cloud: gke or eks"),
        (("gke-dev", "--fault", "create=x"), "fault 'create=x': of another form"),
        (("gke-dev", "--out-of-stock", "a2-highgpu-4g"), "out of stock a2-highgpu-4g: a2-highgpu-4g; needs a machine"),
    ],
)
def test_a_mistake_in_a_rehearsal_is_told_before_anything_is_made(run, tmp_path, arguments, told):
    done = run("rehearse", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_down_and_status_of_a_platform_that_never_was(run):
    down = run("down", "--purge")
    assert (down.returncode, "Nothing to take down" in down.stderr) == (0, True)
    status = run("status")
    assert status.returncode == 0
    assert status.stdout.count("stopped") == 7
    assert "0 of 7 running" in status.stdout


def test_show_of_a_platform_that_never_was_says_how_to_make_one(run):
    done = run("show")
    assert done.returncode == 2
    assert "no platform; needs one that has been started" in done.stderr
    assert "Run `make up`" in done.stderr


def test_budgets_of_a_platform_that_never_was_are_asked_of_nobody(run):
    done = run("budgets")
    assert done.returncode == 2
    assert "no Prometheus; needs a platform that has been started" in done.stderr


def test_show_of_a_cluster_that_does_not_answer_ends_with_3(run, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "kubeconfig").write_text("apiVersion: v1\nkind: Config\n")
    done = run("show")
    assert done.returncode == 3
    assert "KeyError: 'clusters'; needs the one that `make up` writes" in done.stderr
    assert "Traceback" not in done.stderr


def test_env_quotes_folders_with_spaces(run, tmp_path):
    done = run("env", MIZAN_HOME=str(tmp_path / "my platform"))
    shell = subprocess.run(
        ["sh", "-c", 'eval "$0" && printf %s "$KUBECONFIG"', done.stdout],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert shell.stdout == str(tmp_path / "my platform" / "kubeconfig")


def test_a_folder_with_other_files_is_refused_with_exit_2(run, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("x")
    for command in ("up", "down"):
        done = run(command)
        assert done.returncode == 2
        assert "a folder with other files" in done.stderr


def test_a_stack_of_another_cloud_is_sent_to_pulumi_itself(tmp_path, monkeypatch):
    config = a_config(an_existing_stack())
    monkeypatch.setattr(platform, "stack_file", lambda _stack, project: project)
    monkeypatch.setattr(platform, "read_stack", lambda _path, _today: config)
    told = "Run `pulumi up --stack prod --policy-pack policies` with your own Pulumi"
    with pytest.raises(PlatformError, match=told):
        platform.up(Home(tmp_path / "home"), "prod", Reporter())
    assert not (tmp_path / "home").exists()
