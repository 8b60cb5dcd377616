"""Every field of a stack by itself: what it takes, what it refuses, and how it says so."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from mizan.config import CapacityType, Cloud, StackConfig, parse
from tests.builders import NOTHING, TODAY, a_config, a_stack, an_existing_stack, faults_of, with_value

OPTIONAL = {"jobs", "jobs[0].simulatedRunSeconds", "cluster"}


def paths_in(value: Any, path: str = "") -> Iterator[str]:
    """Every path of a value: keys, and entries of lists."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_in(item, f"{path}.{key}" if path else key)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_in(item, f"{path}[{index}]")


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for candidate in (field.annotation, *get_args(field.annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                yield from models_in(candidate)


PATHS = sorted({*paths_in(a_stack()), *paths_in(an_existing_stack()["cluster"], "cluster")})
KEYS = [path for path in PATHS if not path.endswith("]")]


def a_stack_that_has(path: str) -> dict[str, Any]:
    return an_existing_stack() if path.startswith("cluster") else a_stack()


@pytest.mark.parametrize("model", sorted(set(models_in(StackConfig)), key=lambda model: model.__name__))
def test_every_field_is_described_with_its_reason_and_its_fix(model):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert (name, set(field.json_schema_extra or {})) in {(name, ()), ("today", ())} or set(
            field.json_schema_extra
        ) == {"because", "fix"}


def test_the_paths_tried_below_reach_every_field():
    fields = {field.alias for model in models_in(StackConfig) for field in model.model_fields.values()} - {"today"}
    assert {path.split(".")[-1].split("[")[0] for path in PATHS} == fields


@pytest.mark.parametrize("path", [path for path in KEYS if path not in OPTIONAL])
def test_a_key_left_out_is_the_only_fault_and_is_named(path):
    faults = faults_of(with_value(a_stack_that_has(path), path, NOTHING))
    assert len(faults) == 1
    assert faults[0].startswith(f"mizan:{path}: nothing; needs a value because ")


@pytest.mark.parametrize("path", PATHS)
def test_a_mapping_or_list_in_the_wrong_place_is_the_only_fault_and_is_named(path):
    wrong = ["x"] if path.split(".")[-1] in {"checkpoint", "kueue", "cluster", "addons"} else {"x": 1}
    if path.endswith("]") and path.count("[") - path.count("].") != 1:
        wrong = ["x"]
    faults = faults_of(with_value(a_stack_that_has(path), path, wrong))
    assert [fault.split("; needs ")[0] for fault in faults] == [f"mizan:{path}: {shown(wrong)}"]


def shown(value: object) -> str:
    return '["x"]' if isinstance(value, list) else '{"x": 1}'


@pytest.mark.parametrize("path", [path for path in PATHS if path not in {"jobs[0].simulatedRunSeconds", "cluster"}])
def test_an_empty_value_is_the_only_fault_and_is_named(path):
    faults = faults_of(with_value(a_stack_that_has(path), path, None))
    assert [fault.split("; needs ")[0] for fault in faults] == [f"mizan:{path}: null"]
