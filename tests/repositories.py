"""Git repositories for tests, whoever runs them and whatever their own git is set to."""

import os
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SETTINGS = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """The output of a git command; its failure is the test's."""
    command = ["git", "-C", str(folder), *SETTINGS, *arguments]
    # A hook that runs the tests names a repository of its own.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = own | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def a_repository(folder: Path) -> Path:
    """A new repository with a branch `main` and nothing in it."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    return folder


def commit(folder: Path) -> str:
    """Commit everything; the commit's name."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a change")
    return git(folder, "rev-parse", "HEAD")


def write_stack(project: Path, values: dict[str, Any], name: str = "test") -> Path:
    """Write a stack's file into a project."""
    path = project / "stacks" / f"Pulumi.{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        YAML(typ="safe").dump({"config": {f"mizan:{key}": value for key, value in values.items()}}, file)
    return path
