"""Sizes into which GKE's own fields cut a GPU, and nodes that GKE cannot keep."""

import pytest

from mizan.catalogue import gpu_models
from tests.builders import a_pool, a_queue, faults_of
from tests.gke_stacks import a_gke_plan, a_gke_stack

A100 = gpu_models()["a100-40gb"]
SPOT = [{"type": "spot", "maxNodes": 2}]


def a_stack_of(profile, **pool):
    sharing = {"mode": "mig", "profile": profile} | pool.pop("sharing", {})
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "spot", "units": 1}])
    return a_gke_stack(pools=[a_pool(capacity=SPOT, sharing=sharing, **pool)], queues=[queue], jobs=[])


@pytest.mark.parametrize("profile", [each.name for each in A100.mig_profiles if each.is_on_gke])
def test_a_size_that_gke_has_is_taken(profile):
    assert a_gke_plan(a_stack_of(profile)).pools[0].sharing.parts[0].name == profile


@pytest.mark.parametrize("profile", ["4g.20gb", "1g.10gb"])
def test_a_size_that_gke_does_not_have_is_refused_with_those_that_it_has(profile):
    (fault,) = faults_of(a_stack_of(profile))
    assert fault == (
        f"mizan:pools[0].sharing.profile: {profile}; needs a partition size that GKE has for a100-40gb: 1g.5gb, "
        "2g.10gb, 3g.20gb, 7g.40gb because with any other its autoscaler makes no node, or its device plugin offers "
        "nothing on it. Write one of these, or `manager: operator` with `minNodes: 1`."
    )


def test_the_operator_cuts_a_gpu_on_gke_into_any_size():
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 1}]
    stack = a_stack_of("4g.20gb", sharing={"manager": "operator"}, gke={"driver": "INSTALLATION_DISABLED"})
    stack["pools"][0]["capacity"] = capacity
    assert a_gke_plan(stack).pools[0].sharing.parts[0].name == "4g.20gb"


def test_an_unknown_profile_is_refused_once():
    (fault,) = faults_of(a_stack_of("1g.99gb"))
    assert "needs a profile of a100-40gb" in fault


@pytest.mark.parametrize("queued", [False, True])
def test_flex_start_nodes_queued_or_not_are_never_kept(queued):
    capacity = [{"type": "flex-start", "maxNodes": 2, "minNodes": 1}]
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "flex-start", "gpus": 8}])
    stack = a_gke_stack(pools=[a_pool(capacity=capacity, gke={"queued": queued})], queues=[queue], jobs=[])
    assert (
        "mizan:pools[0].capacity[0].minNodes: 1; needs 0 because flex-start gives nodes for a run and takes them back "
        "after seven days at most; GKE refuses a minimum of queued ones. Remove it, or keep nodes of another capacity "
        "type."
    ) in faults_of(stack)


def test_each_capacity_type_of_a_pool_that_the_operator_shares_on_gke_needs_a_node():
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 1}, {"type": "on-demand", "maxNodes": 1}]
    sharing = {"mode": "time-slicing", "replicas": 4, "manager": "operator"}
    driver = {"driver": "INSTALLATION_DISABLED"}
    queue = a_queue(quotas=[{"pool": "a100", "capacity": kind, "units": 4} for kind in ("spot", "on-demand")])
    stack = a_gke_stack(pools=[a_pool(capacity=capacity, sharing=sharing, gke=driver)], queues=[queue], jobs=[])
    (fault,) = faults_of(stack)
    assert fault.startswith("mizan:pools[0].capacity[1].minNodes: 0; needs at least 1 because GKE's autoscaler")
