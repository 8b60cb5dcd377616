"""Nodes of a machine that their pool no longer makes: they cost what they did, or are told to have no price."""

import pytest

from tests.builders import a_plan, a_pool, a_queue, a_stack
from tests.cost_rules import adds_up, at, by, usd, whole_gpus
from tests.eks_stacks import an_eks_stack
from tests.metric_series import a_gpu_pod, a_node, offer_of

BY_NAMESPACE = "sum by (namespace) (gpu_cost_hourly)"
BY_REASON = "sum by (reason) (gpu_unallocated_cost_hourly)"
LARGE = {"pool": "a100", "capacity": "spot", "gpus": 16}, {"pool": "a100", "capacity": "on-demand", "gpus": 8}


def large_machines():
    """The pool of `whole_gpus`, which makes machines of 8 GPUs now."""
    return a_plan(a_stack(jobs=[], pools=[a_pool(machine="a2-highgpu-8g")], queues=[a_queue(quotas=[*LARGE])]))


def eks(machine):
    quotas = [{"pool": "a10", "capacity": "spot", "gpus": 2}, {"pool": "a10", "capacity": "on-demand", "gpus": 1}]
    pool = a_pool(name="a10", machine=machine, gpu="a10g")
    return a_plan(an_eks_stack(jobs=[], pools=[pool], queues=[a_queue(quotas=quotas)]))


def test_a_node_that_stays_costs_what_it_did_when_its_pool_gets_larger_machines(rules):
    old, new = whole_gpus(), large_machines()
    offer = offer_of(old, "ondemand-a100")
    assert usd(new) > 1.9 * usd(old)
    rules.hold(
        new,
        [*a_node(offer), *a_gpu_pod(units=4)],
        at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(old)}),
        at(4, BY_REASON, {by(reason="unallocated"): 0}),
        at(
            4,
            "sum by (machine, as_of) (mizan_node_gpu_price_usd_per_hour)",
            {by(machine="a2-highgpu-4g", as_of=offer.price.as_of.isoformat()): usd(old)},
        ),
        at(4, "sum(mizan_node_gpus)", 4),
        at(4, "sum(mizan_unit_price_usd_per_hour)", usd(old) / 4),
        at(4, "mizan_node_without_price", None),
        adds_up(4),
    )


@pytest.mark.parametrize(("was", "is_now"), [("g5.xlarge", "g5.16xlarge"), ("g5.16xlarge", "g5.xlarge")])
def test_a_node_of_eks_has_the_price_of_its_own_machine_beside_nodes_of_the_new_one(rules, was, is_now):
    old, new = eks(was), eks(is_now)
    inputs = [
        *a_node(offer_of(old, "ondemand-a10"), "n1"),
        *a_node(offer_of(new, "ondemand-a10"), "n2"),
        *a_gpu_pod("p1"),
        *a_gpu_pod("p2", "n2", namespace="team-b"),
    ]
    costs = {by(namespace="team-a"): usd(old, "ondemand-a10"), by(namespace="team-b"): usd(new, "ondemand-a10")}
    rules.hold(new, inputs, at(4, BY_NAMESPACE, costs), adds_up(4))


@pytest.mark.parametrize("machine", ["a2-highgpu-3g", "a2-ultragpu-4g", "g2-standard-96"])
def test_a_node_of_a_machine_without_a_price_for_its_pool_is_told_and_never_has_another_s(rules, machine):
    plan = whole_gpus()
    inputs = [*a_node(offer_of(plan, "ondemand-a100"), machine=machine), *a_gpu_pod(units=4)]
    rules.hold(
        plan,
        inputs,
        at(4, "mizan_node_without_price", {by(cluster="c1", node="n1"): 1}),
        at(4, "mizan_node_gpu_price_usd_per_hour", None),
        at(4, BY_NAMESPACE, None),
    )


@pytest.mark.parametrize("machine", ["", "k3s", "rke2"], ids=["nobody says", "k3s", "rke2"])
def test_a_node_of_which_nobody_says_the_machine_is_taken_for_the_one_that_the_stack_names(rules, machine):
    plan = whole_gpus()
    inputs = [*a_node(offer_of(plan, "ondemand-a100"), machine=machine), *a_gpu_pod(units=4)]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan)}), adds_up(4))


def test_savings_are_those_of_the_machine_that_the_pool_makes(rules):
    old, new = whole_gpus(), large_machines()
    inputs = [*a_node(offer_of(old, "spot-a100"), "s1"), *a_node(offer_of(new, "spot-a100"), "s2")]
    rules.hold(new, inputs, at(4, "sum(gpu_saving_hourly)", usd(new) - usd(new, "spot-a100")), adds_up(4))
