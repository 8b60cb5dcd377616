"""The import rules that promise `no other package` name every package there is."""

import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.builders import PROJECT

SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())
DEPENDENCIES = {requirement.split("==")[0].replace("-", "_") for requirement in SETTINGS["project"]["dependencies"]}
FORBIDDEN = {
    contract["source_modules"][0]: set(contract["forbidden_modules"])
    for contract in SETTINGS["tool"]["importlinter"]["contracts"]
    if contract["type"] == "forbidden"
}


@pytest.mark.parametrize(("room", "allowed"), [("stacks", "pulumi"), ("policies", "pulumi_policy")])
def test_a_room_that_may_import_one_package_is_forbidden_every_other(room, allowed):
    owners = packages_distributions().items()
    modules = {name for name, of in owners if DEPENDENCIES & {owner.lower().replace("-", "_") for owner in of}}
    assert len(modules) >= len(DEPENDENCIES)
    assert {name for name in modules if not name.startswith("_")} - FORBIDDEN[room] == {allowed}
