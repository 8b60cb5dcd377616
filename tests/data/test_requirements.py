"""The lock: every requirement pinned and hashed, none from a named index, none behind pyproject.toml."""

import re
import tomllib

import pytest

from tests.builders import PROJECT

PINNED = re.compile(
    r"(?P<name>[a-z0-9][-a-z0-9.]*)==(?P<version>[^\s;]+)(?: ; [^\\]+)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
DIRECT = [*SETTINGS["dependencies"], *SETTINGS["optional-dependencies"]["dev"]]


def locked() -> list[str]:
    """Each requirement on one line, with its hashes."""
    text = (PROJECT / "requirements.txt").read_text()
    return re.sub(r" \\\n +", " ", text).splitlines()


def versions() -> dict[str, str]:
    return {found["name"]: found["version"] for line in locked() if (found := PINNED.fullmatch(line))}


def test_every_line_is_one_pinned_hashed_requirement_and_no_index():
    assert [line for line in locked() if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("requirement", DIRECT)
def test_a_dependency_is_pinned_and_locked_at_that_version(requirement):
    name, version = requirement.split("==")
    assert versions()[name.lower().replace("_", "-").replace(".", "-")] == version


def test_the_build_uses_the_locked_setuptools():
    requires = tomllib.loads((PROJECT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert requires == [f"setuptools=={versions()['setuptools']}"]
