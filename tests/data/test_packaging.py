"""What is installed is what is in the repository."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.builders import PROJECT

PACKAGES = ("mizan", "components", "local", "policies", "stacks")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def files_of(project: Path) -> set[str]:
    found = (path for package in PACKAGES for path in (project / package).rglob("*") if path.is_file())
    return {str(path.relative_to(project)) for path in found}


def test_a_wheel_holds_every_file_of_every_package(tmp_path):
    project = tmp_path / "project"
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / file, project)
    expected = files_of(project)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected
    assert {"local/go/etcd/go.sum", "local/go/karpenter/main.go", "mizan/prices/prices.csv"} <= packed
