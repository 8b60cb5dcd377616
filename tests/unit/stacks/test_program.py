"""The program that `pulumi up` runs, whole, under mocks."""

import json
import runpy
from dataclasses import replace
from datetime import UTC, datetime

import pulumi
import pytest

from mizan.estimate import estimate
from mizan.estimate.render import summary
from mizan.manifests import manifests_of
from tests.builders import PROJECT, a_plan, a_queue, a_stack, as_pulumi_gives_it, shipped_stack
from tests.mocks import deploy


@pytest.fixture
def program(monkeypatch):
    """Run the program on a stack: what it registered, and what it exports."""

    def run(values):
        exported = {}
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(as_pulumi_gives_it(values)))
        monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")
        monkeypatch.setattr(pulumi, "export", exported.__setitem__)
        return deploy(lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")), exported

    return run


def test_stack_local_is_built_and_exported(program):
    resources, exported = program(shipped_stack("local"))
    plan = a_plan(shipped_stack("local"))
    assert len([item for item in resources if item.manifest]) == len(manifests_of(plan))
    assert {name: exported[name] for name in ("queues", "flavors")} == {
        "queues": ["ml-training"],
        "flavors": ["spot-a100", "ondemand-a100"],
    }
    assert resources[0].outputs == {"namespaces": ["team-a"]}
    assert set(exported) == {"namespaces", "estimate", "queues", "flavors"}
    assert exported["estimate"] == summary(estimate(replace(plan, stack="test", today=datetime.now(UTC).date())))


def test_the_flavors_exported_are_those_in_the_cluster_and_not_the_offers_behind_them(program):
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])
    resources, exported = program(a_stack(queues=[queue]))
    assert exported["flavors"] == ["a100"]
    made = [item.manifest["metadata"]["name"] for item in resources if item.typ.endswith(":ResourceFlavor")]
    assert made == exported["flavors"]


def test_a_stack_at_fault_registers_nothing(program):
    with pytest.raises(pulumi.RunError, match="stack test: 6 faults"):
        program({})
