"""Simulated capacity: what is offered, and what Karpenter may take away at once."""

import pytest

from mizan import keys
from mizan.manifests.kwok_nodes import instance_types, node_pool
from tests.builders import a_plan, a_pool, a_stack


@pytest.fixture
def plan():
    return a_plan(a_stack(pools=[a_pool(), a_pool(name="same"), a_pool(name="big", machine="a2-highgpu-8g")]))


def offered(found):
    return {
        (machine["name"], requirement["values"][0])
        for machine in found
        for offering in machine["offerings"]
        for requirement in offering["Requirements"]
        if requirement["key"] == keys.CAPACITY_TYPE
    }


def test_every_machine_is_offered_in_every_capacity_type_that_a_pool_buys(plan):
    assert offered(instance_types(plan)) == {
        ("a2-highgpu-4g", "spot"),
        ("a2-highgpu-4g", "on-demand"),
        ("a2-highgpu-8g", "spot"),
        ("a2-highgpu-8g", "on-demand"),
    }


def test_empty_nodes_may_go_all_at_once_and_others_one_in_ten(plan):
    disruption = node_pool(plan.offers[0])["spec"]["disruption"]
    budgets = {reason: budget["nodes"] for budget in disruption["budgets"] for reason in budget["reasons"]}
    assert budgets == {"Empty": "100%", "Drifted": "10%", "Underutilized": "10%"}
    assert all(budget["reasons"] for budget in disruption["budgets"]), "one without reasons would hold for all of them"


def test_no_two_node_pools_share_a_budget(plan):
    first, second = (node_pool(offer)["spec"]["disruption"]["budgets"] for offer in plan.offers[:2])
    assert first == second
    assert not {id(budget) for budget in first} & {id(budget) for budget in second}
