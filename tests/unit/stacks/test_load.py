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
from mizan.plan import build_plan
from stacks.load import load_plan, plan_of
from tests.builders import TODAY, a_plan, a_stack, as_pulumi_gives_it, shipped_stack, with_value
from tests.strategies import stacks


def as_file(path: Path, values: Mapping[str, Any]) -> Path:
    document = {"config": {f"mizan:{key}": value for key, value in values.items()}}
    with path.open("w", encoding="utf-8") as file:
        write_yaml([document], file)
    return path


def faults(error: ConfigErrors) -> list[str]:
    return sorted(str(fault) for fault in error.faults)


@given(values=stacks())
def test_both_readers_give_the_same_plan_of_the_same_stack(tmp_path_factory, values):
    path = as_file(tmp_path_factory.getbasetemp() / "same.yaml", values)
    from_file = build_plan("test", read_stack(path, TODAY))
    assert plan_of("test", as_pulumi_gives_it(values), TODAY) == from_file == a_plan(values)


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
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_both_readers_find_the_same_faults(tmp_path, path, value):
    values = with_value(a_stack(), path, value)
    with pytest.raises(ConfigErrors) as by_file:
        read_stack(as_file(tmp_path / "wrong.yaml", values), TODAY)
    with pytest.raises(ConfigErrors) as by_pulumi:
        plan_of("test", as_pulumi_gives_it(values), TODAY)
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
        plan_of("test", as_pulumi_gives_it(values), TODAY)
    assert faults(by_file.value) == faults(by_pulumi.value)


@pytest.mark.parametrize("text", ["123", "1e3", "true", "null", "NaN", '"quoted"', "-0"])
def test_a_setting_that_looks_like_another_type_stays_text(text):
    with pytest.raises(ConfigErrors, match=re.escape("needs text that matches ^[a-z]+(-[a-z0-9]+)+$")):
        plan_of("test", as_pulumi_gives_it(a_stack(region=text)), TODAY)


def test_the_stack_is_named_in_the_message():
    with pytest.raises(ConfigErrors) as caught:
        plan_of("prod", as_pulumi_gives_it(a_stack(region="x")), TODAY)
    assert str(caught.value).splitlines()[0] == "stack prod: 1 fault"


def test_settings_of_other_programs_and_providers_are_not_read():
    settings = as_pulumi_gives_it(a_stack()) | {"kubernetes:context": "prod", "mizanx:pools": "[]", "pulumi:tags": "{}"}
    assert plan_of("test", settings, TODAY) == a_plan()


def test_a_setting_of_this_project_that_is_unknown_is_refused():
    with pytest.raises(ConfigErrors, match=re.escape("mizan:pool: unknown key; ")):
        plan_of("test", as_pulumi_gives_it(a_stack()) | {"mizan:pool": "[]"}, TODAY)


@pytest.fixture
def in_pulumi(monkeypatch):
    """Stand inside a program of stack `local` with a configuration."""

    def enter(values: Mapping[str, Any]) -> None:
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(as_pulumi_gives_it(values)))
        monkeypatch.setattr(pulumi, "get_stack", lambda: "local")

    return enter


def test_the_running_stack_is_loaded_under_its_own_name(in_pulumi):
    in_pulumi(shipped_stack("local"))
    loaded = load_plan()
    assert loaded == replace(a_plan(shipped_stack("local"), stack="local"), today=loaded.today)
    assert loaded.today > TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            a_stack(region="us-east1"),
            "stack local: 1 fault\n  mizan:region: us-east1; needs a region with prices because",
        ),
        (a_stack(cloud="aws"), "stack local: 1 fault\n  mizan:cloud: aws; needs 'local' or 'existing' because"),
        ({}, "stack local: 6 faults\n  mizan:cloud: nothing; needs a value because"),
    ],
)
def test_a_stack_at_fault_ends_the_program_with_its_message_and_no_traceback(in_pulumi, values, message):
    in_pulumi(values)
    # Pulumi shows a RunError without a traceback, and everything else with one.
    with pytest.raises(pulumi.RunError) as caught:
        load_plan()
    assert str(caught.value).startswith(message)
