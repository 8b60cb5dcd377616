"""From Pulumi's configuration to a Plan: the same stack as the command line reads from the file."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.cli.yaml_text import write_yaml
from mizan.config import ConfigErrors, read_stack
from mizan.plan import Plan, build_plan
from stacks.load import Configuration, load, running_stack
from tests.builders import (
    TODAY,
    a_plan,
    a_pool,
    a_queue,
    a_stack,
    as_pulumi_gives_it,
    shipped_stack,
    with_value,
)
from tests.strategies import stacks


def as_file(path: Path, values: Mapping[str, Any]) -> Path:
    document = {"config": {f"mizan:{key}": value for key, value in values.items()}}
    with path.open("w", encoding="utf-8") as file:
        write_yaml([document], file)
    return path


def plan_of(stack: str, settings: Mapping[str, str], *encrypted: str) -> Plan:
    return load(stack, Configuration(settings=settings, encrypted=encrypted, root=Path("nowhere")), TODAY).plan


def faults(error: ConfigErrors) -> list[str]:
    return sorted(str(fault) for fault in error.faults)


@given(values=stacks())
def test_both_readers_give_the_same_plan_of_the_same_stack(tmp_path_factory, values):
    path = as_file(tmp_path_factory.getbasetemp() / "same.yaml", values)
    from_file = build_plan("test", read_stack(path, TODAY))
    assert plan_of("test", as_pulumi_gives_it(values)) == from_file == a_plan(values)


WRONG = [
    ("region", "123"),
    ("region", "1e3"),
    ("region", "true"),
    ("region", "null"),
    ("cloud", "2026-11-22"),
    ("cloud", ["local"]),
    ("pools", "a100"),
    ("pools[0].gpu", "a100"),
    ("pools[0].name", "123"),
    ("pools[0].name", 123),
    ("pools[0].capacity[0].maxNodes", "2"),
    ("pools[0].capacity[0].maxNodes", True),
    ("pools[0].capacity[0].maxNodes", 2.5),
    ("teams[0].project", None),
    ("addons", {}),
    ("budget", None),
    ("budget", ""),
    ("spot", {"minSavingsPercent": None}),
    ("priceFile", None),
    ("region", ""),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_both_readers_find_the_same_faults(tmp_path, path, value):
    values = with_value(a_stack(), path, value)
    with pytest.raises(ConfigErrors) as by_file:
        read_stack(as_file(tmp_path / "wrong.yaml", values), TODAY)
    with pytest.raises(ConfigErrors) as by_pulumi:
        plan_of("test", as_pulumi_gives_it(values))
    assert faults(by_file.value) == faults(by_pulumi.value)


@given(st.lists(st.sampled_from(WRONG), min_size=1, max_size=4))
def test_both_readers_find_the_same_faults_however_many(tmp_path_factory, wrong):
    values = a_stack()
    for path, value in wrong:
        if isinstance(values["pools"], list) or not path.startswith("pools"):
            values = with_value(values, path, value)
    with pytest.raises(ConfigErrors) as by_file:
        read_stack(as_file(tmp_path_factory.getbasetemp() / "wrong.yaml", values), TODAY)
    with pytest.raises(ConfigErrors) as by_pulumi:
        plan_of("test", as_pulumi_gives_it(values))
    assert faults(by_file.value) == faults(by_pulumi.value)


@pytest.mark.parametrize("text", ["123", "1e3", "true", "null", "NaN", '"quoted"', "-0"])
def test_a_setting_that_looks_like_another_type_stays_text(text):
    with pytest.raises(ConfigErrors, match=re.escape("needs text that matches ^[a-z]+(-[a-z0-9]+)+$")):
        plan_of("test", as_pulumi_gives_it(a_stack(region=text)))


def test_the_stack_is_named_in_the_message():
    with pytest.raises(ConfigErrors) as caught:
        plan_of("prod", as_pulumi_gives_it(a_stack(region="x")))
    assert str(caught.value).splitlines()[0] == "stack prod: 1 fault"


def test_settings_of_other_programs_and_providers_are_not_read():
    settings = as_pulumi_gives_it(a_stack()) | {"kubernetes:context": "prod", "mizanx:pools": "[]", "pulumi:tags": "{}"}
    assert plan_of("test", settings) == a_plan()


def test_a_setting_of_this_project_that_is_unknown_is_refused():
    with pytest.raises(ConfigErrors, match=re.escape("mizan:pool: unknown key; ")):
        plan_of("test", as_pulumi_gives_it(a_stack()) | {"mizan:pool": "[]"})


@pytest.fixture
def in_pulumi(monkeypatch):
    """Stand inside a program of stack `local` with a configuration."""

    def enter(values: Mapping[str, Any]) -> None:
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(as_pulumi_gives_it(values)))
        monkeypatch.setattr(pulumi, "get_stack", lambda: "local")

    return enter


def test_the_running_stack_is_loaded_under_its_own_name(in_pulumi):
    in_pulumi(shipped_stack("local"))
    loaded = running_stack().plan
    assert loaded == replace(a_plan(shipped_stack("local"), stack="local"), today=loaded.today)
    assert loaded.today > TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            a_stack(region="us-east1"),
            "stack local: 1 fault\n  mizan:region: us-east1; needs a region with prices because",
        ),
        (
            a_stack(cloud="aws"),
            "stack local: 1 fault\n  mizan:cloud: aws; needs 'local', 'existing', 'gke' or 'eks' because",
        ),
        ({}, "stack local: 6 faults\n  mizan:cloud: nothing; needs a value because"),
    ],
)
def test_a_stack_at_fault_ends_the_program_with_its_message_and_no_traceback(in_pulumi, values, message):
    in_pulumi(values)
    # Pulumi shows a RunError without a traceback, and everything else with one.
    with pytest.raises(pulumi.RunError) as caught:
        running_stack()
    assert str(caught.value).startswith(message)


@pytest.fixture
def project(tmp_path):
    """A project with the file of stack `prod`."""
    (tmp_path / "Pulumi.yaml").write_text("name: mizan\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()

    def write(values: Mapping[str, Any]) -> Path:
        as_file(tmp_path / "stacks" / "Pulumi.prod.yaml", values)
        return tmp_path

    return write


def told(root: Path, values: Mapping[str, Any], *encrypted: str) -> list[str]:
    """The lines of the faults of stack `prod`, whose file is in a project, without reasons and fixes."""
    configuration = Configuration(settings=as_pulumi_gives_it(values), encrypted=encrypted, root=root)
    with pytest.raises(ConfigErrors) as caught:
        load("prod", configuration, TODAY)
    return [line.split("; needs")[0] for line in str(caught.value).splitlines()]


def test_a_fault_that_stands_in_the_stack_s_file_is_told_with_file_and_line(project):
    values = with_value(a_stack(region="x"), "pools[0].gpu", "a100")
    assert told(project(values), values) == [
        "stack prod: 2 faults",
        "  stacks/Pulumi.prod.yaml:4: mizan:region: x",
        "  stacks/Pulumi.prod.yaml:8: mizan:pools[0].gpu: a100",
    ]


def test_a_fault_that_pulumi_has_from_elsewhere_is_told_with_the_stack_alone(project):
    values = with_value(a_stack(), "pools[0].gpu", "a100")
    assert told(project(values), values | {"region": "x"}) == [
        "stack prod: 2 faults",
        "  mizan:region: x",
        "  stacks/Pulumi.prod.yaml:8: mizan:pools[0].gpu: a100",
    ]


def test_a_price_file_that_cannot_be_read_is_told_with_the_line_that_names_it(project):
    values = a_stack(priceFile="prices/none.csv")
    (first, fault) = told(project(values), values)
    assert first == "stack prod: 1 fault"
    assert re.match(r"  stacks/Pulumi\.prod\.yaml:\d+: mizan:priceFile: prices/none\.csv: ", fault)


def test_a_pool_that_no_capacity_type_is_any_good_for_is_told_with_its_line(project):
    """What only the Plan finds out."""
    values = a_stack(
        pools=[a_pool(meanUptimeHours=1, capacity=[{"type": "spot", "maxNodes": 1}])],
        queues=[
            a_queue(
                quotas=[{"pool": "a100", "gpus": 4}],
                fallback="capacity",
                workload={"checkpointWriteSeconds": 3000, "restartSeconds": 3000},
            )
        ],
        jobs=[],
    )
    (first, fault) = told(project(values), values)
    assert first == "stack prod: 1 fault"
    assert fault.startswith("  stacks/Pulumi.prod.yaml:9: mizan:pools[0].capacity")


def test_an_encrypted_value_is_refused_and_never_shown(project):
    values = a_stack(region="not-so-secret-1")
    lines = told(project(values | {"region": {"secure": "v1:cipher"}}), values, "mizan:region")
    assert lines == ["stack prod: 1 fault", "  stacks/Pulumi.prod.yaml:4: mizan:region: an encrypted value"]


def test_whatever_is_encrypted_no_message_shows_it():
    values = as_pulumi_gives_it(a_stack())
    for name in values:
        with pytest.raises(ConfigErrors) as caught:
            plan_of("prod", values, name)
        (fault, *others) = caught.value.faults
        assert (fault.where, fault.observed) == (name, "an encrypted value")
        assert others == []


def test_both_readers_refuse_an_encrypted_value_alike(tmp_path):
    values = a_stack()
    with pytest.raises(ConfigErrors) as by_file:
        read_stack(as_file(tmp_path / "wrong.yaml", values | {"addons": {"secure": "v1:cipher"}}), TODAY)
    with pytest.raises(ConfigErrors) as by_pulumi:
        plan_of("test", as_pulumi_gives_it(values), "mizan:addons")
    assert faults(by_file.value) == faults(by_pulumi.value)
    assert faults(by_file.value)[0] == (
        "mizan:addons: an encrypted value; needs plain text because what a stack says stands in names, logs and "
        "estimates, which hide nothing. Set it anew without `--secret`."
    )
