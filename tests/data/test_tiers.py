"""Every test belongs to one tier, and every tier is known by name."""

import subprocess
import sys

import pytest

from tests.builders import PROJECT

# Written out: the names that `make check` and a person's `pytest -m` rely on.
TIERS = ["unit", "policies", "data", "golden", "control_plane", "e2e"]


def test_a_test_bears_the_name_of_its_folder(request):
    assert [mark.name for mark in request.node.iter_markers() if mark.name in TIERS] == ["data"]


def test_every_folder_with_tests_is_a_tier_that_pytest_knows(pytestconfig):
    known = [line.split(":")[0] for line in pytestconfig.getini("markers")]
    folders = {path.relative_to(PROJECT / "tests").parts[0] for path in (PROJECT / "tests").rglob("test_*.py")}
    assert folders == set(TIERS)
    assert [tier for tier in TIERS if tier in known] == TIERS


@pytest.mark.parametrize(("tier", "status"), [("data", 0), ("unit", pytest.ExitCode.NO_TESTS_COLLECTED)])
def test_a_tier_is_chosen_by_its_marker(tier, status):
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-m", tier, __file__]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=60, check=False)
    assert done.returncode == status
