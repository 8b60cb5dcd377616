"""A stack's faults all at once: in one message, in the order of the values. Files are in test_stack_file.py."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.config import ConfigErrors, StackConfig, parse
from mizan.config.models import NOT_KEYS
from mizan.manifests import manifests_of
from mizan.plan import Plan, build_plan
from tests.builders import (
    NOTHING,
    TODAY,
    a_config,
    a_job,
    a_pool,
    a_queue,
    a_stack,
    a_whole_stack,
    faults_of,
    with_value,
)
from tests.strategies import json_like, stacks

# Breaks that do not touch each other: any of them may occur together.
BREAKS = [
    ("cloud", "aws"),
    ("region", "nowhere"),
    ("pools[0].name", 7),
    ("pools[0].machine", "a2-highgpu-3g"),
    ("pools[0].gpu", "a100"),
    ("pools[0].capacity[0].maxNodes", True),
    ("pools[0].zone", "a"),
    ("queues[0].quotas[0].gpus", -1),
    ("queues[0].quotas[1].capacity", "reserved"),
    ("queues[0].cohorts", "all"),
    ("teams[0].name", "kube-system"),
    ("teams[0].project", None),
    ("teams[0].queues[1]", "trainin"),
    ("jobs[0].team", "team-z"),
    ("jobs[0].command", "python"),
    ("jobs[0].checkpoint.dir", "/mnt"),
    ("addons.kueue.version", "1"),
]


def message_of(values: dict[str, Any], source: str = "stack test") -> str:
    with pytest.raises(ConfigErrors) as caught:
        parse(values, TODAY, source)
    return str(caught.value)


def test_one_fault_is_counted_as_one():
    assert message_of(a_stack(region="x")).splitlines()[0] == "stack test: 1 fault"


def test_an_empty_stack_names_every_key_it_needs():
    needed = ["cloud", "region", "pools", "queues", "teams", "addons"]
    assert [fault.split(":")[1] for fault in faults_of({})] == needed


def test_a_fault_of_a_part_does_not_hide_another_fault_of_the_same_part():
    pool = a_pool(gpu="a100", maxNode=3, capacity=[{"type": "spot", "maxNodes": "2"}])
    stack = a_stack(pools=[pool], queues=[], jobs=[])
    assert [fault.split("; ")[0] for fault in faults_of(stack)] == [
        "mizan:pools[0].gpu: a100",
        'mizan:pools[0].capacity[0].maxNodes: "2"',
        "mizan:pools[0].maxNode: unknown key",
        "mizan:queues: []",
        "mizan:teams[0].queues[0]: training",
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("pools[0].machine", "a2-nosuch-4g"),
        ("pools[0].name", None),
        ("pools[0].capacity[0].type", "spit"),
        ("pools", {}),
    ],
)
def test_what_a_typing_mistake_may_have_caused_is_not_reported_beside_it(path, value):
    stack = with_value(a_stack(jobs=[]), "queues[0].quotas[0].gpus", 640)
    (fault,) = faults_of(with_value(stack, path, value))
    assert fault.startswith(f"mizan:{path}: ")


def test_a_job_is_not_too_big_for_a_machine_with_a_typing_mistake():
    stack = with_value(a_stack(jobs=[a_job(gpus=64)]), "pools[0].machine", "a2-megagpu-61g")
    (fault,) = faults_of(stack)
    assert fault.startswith("mizan:pools[0].machine: a2-megagpu-61g; needs a machine of the catalogue")


def test_a_job_may_fit_the_one_machine_of_its_queue_with_a_typing_mistake():
    pools = [a_pool(), a_pool(name="big", machine="a2-megagpu-61g")]
    queue = a_queue(
        quotas=[{"pool": "a100", "capacity": "spot", "gpus": 1}, {"pool": "big", "capacity": "spot", "gpus": 1}]
    )
    (fault,) = faults_of(a_stack(pools=pools, queues=[queue], jobs=[a_job(gpus=16)]))
    assert fault.startswith("mizan:pools[1].machine: ")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a\nb", r'"a\nb"'),
        ("\ud800", r'"\ud800"'),
        ("\x1b[31m", r'"\u001b[31m"'),
        ("x" * 200, "x" * 80 + "..."),
        (["x" * 200], '["' + "x" * 78 + "..."),
        (float("nan"), "NaN"),
        ("null", '"null"'),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_a_value_is_shown_on_one_line_and_unmistakably(value, told):
    message = message_of(a_stack(region=value))
    assert message.isprintable() or message.replace("\n", "").isprintable()
    assert message.splitlines()[1].startswith(f"  mizan:region: {told}; needs text")


def test_a_strange_key_is_shown_on_one_line():
    assert message_of(a_stack() | {"a\nb": 1}).splitlines()[1].startswith(r'  mizan:"a\nb": unknown key; ')


PLACES = ["cloud", "pools", "pools[0]", "pools[0].capacity[0]", "queues[0].quotas", "teams", "cohorts", "jobs"]
WHOLE = a_whole_stack()
KEYS = st.sampled_from([*WHOLE, "cluster"]) | st.text(max_size=12)


@given(st.dictionaries(KEYS, json_like, max_size=6))
def test_whatever_a_file_says_is_a_stack_or_a_list_of_its_faults(values):
    told_or_taken(values)


@given(st.sets(st.sampled_from(sorted(WHOLE))), st.dictionaries(KEYS, json_like, max_size=1))
def test_whatever_a_stack_says_besides_is_taken_or_told(keys, values):
    told_or_taken(a_stack() | {key: WHOLE[key] for key in keys} | values)


@given(stacks(), st.data())
def test_whatever_replaces_a_part_of_a_stack_is_taken_or_told(values, data):
    told_or_taken(with_value(values, data.draw(st.sampled_from(PLACES)), data.draw(json_like)))


def told_or_taken(values: dict[str, Any]) -> None:
    """Nothing but ConfigErrors comes out, one printable line for each fault; what is taken is of use."""
    try:
        config = parse(values, TODAY)
        plan = build_plan("test", config)
    except ConfigErrors as error:
        faults, lines = error.faults, str(error).splitlines()
    else:
        is_of_use(config, plan)
        return
    assert len(lines) == len(faults) + 1 > 1
    assert all(line.isprintable() for line in lines)


def is_of_use(config: StackConfig, plan: Plan) -> None:
    """A stack that was taken has manifests, and written out again it is the same stack."""
    assert manifests_of(plan) != []
    written = config.model_dump(mode="json", by_alias=True, exclude=NOT_KEYS, exclude_none=True)
    assert parse(written, TODAY) == config


@given(stacks())
def test_a_stack_that_keeps_every_rule_is_taken(values):
    config = a_config(values)
    is_of_use(config, build_plan("test", config))


@given(st.sets(st.sampled_from(BREAKS), min_size=1))
def test_every_break_is_reported_however_many_there_are(breaks):
    stack = a_stack()
    for path, value in breaks:
        stack = with_value(stack, path, value)
    faults = faults_of(stack)
    for path, _ in breaks:
        assert any(fault.startswith(f"mizan:{path}: ") for fault in faults), path


def test_faults_come_in_the_order_of_the_values():
    stack = with_value(a_stack(region="x", cloud="y"), "pools[0].gpu", NOTHING)
    assert [fault.split(": ")[0] for fault in faults_of(stack)] == ["mizan:cloud", "mizan:region", "mizan:pools[0].gpu"]
