"""The program that `pulumi up` runs, whole, under mocks."""

import json
import runpy

import pulumi
import pytest

from mizan.manifests import manifests_of
from tests.builders import PROJECT, a_plan, as_pulumi_gives_it, shipped_stack
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
    assert exported["queues"] == [queue.name for queue in plan.queues]
    assert exported["flavors"] == [offer.name for offer in plan.offers]
    assert resources[0].outputs == {"namespaces": [team.namespace for team in plan.teams]}
    assert set(exported) == {"namespaces", "queues", "flavors"}


def test_a_stack_at_fault_registers_nothing(program):
    with pytest.raises(pulumi.RunError, match="stack test: 6 faults"):
        program({})
