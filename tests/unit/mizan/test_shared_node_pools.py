"""Node pools whose GPUs pods share: GKE's own fields, Karpenter's limits and overlays, and simulated nodes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan import keys
from mizan.catalogue import machines
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import site_of
from mizan.manifests import manifests_of
from mizan.manifests.karpenter import chart_values, karpenter_nodes
from mizan.manifests.kwok_nodes import instance_types, node_pool
from mizan.manifests.node_pools import node_overlays
from tests.builders import a_plan, a_pool, a_queue
from tests.gke_stacks import a_gke_plan, the_offer
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, counted_in, kept

OFF = {"driver": "INSTALLATION_DISABLED"}
# Of one GPU, whoever shares it.
PARTS = {
    "profile": (PROFILE, {"nvidia.com/mig-1g.5gb": 7}),
    "layout": (LAYOUT, {"nvidia.com/mig-3g.20gb": 1, "nvidia.com/mig-2g.10gb": 1, "nvidia.com/mig-1g.5gb": 1}),
    "turns": (TURNS, {"nvidia.com/gpu.shared": 4}),
    "at once": (MPS, {"nvidia.com/gpu.shared": 4}),
}


def accelerator_on_gke(sharing, **pool):
    plan = a_gke_plan(a_sharing_stack("gke", sharing, **pool))
    args = node_pool_args(plan, site_of(plan), the_offer(plan, "spot-a100"), cluster="c", account="a")
    (found,) = args["node_config"]["guest_accelerators"]
    return found


def simulated(body):
    """What the annotation of a simulated node says."""
    return json.loads(body["spec"]["template"]["metadata"]["annotations"][keys.SIMULATED_RESOURCES])


@pytest.mark.parametrize(
    ("sharing", "fields"),
    [
        (PROFILE, {"gpu_partition_size": "1g.5gb"}),
        (TURNS, {"gpu_sharing_config": {"gpu_sharing_strategy": "TIME_SHARING", "max_shared_clients_per_gpu": 4}}),
        (MPS, {"gpu_sharing_config": {"gpu_sharing_strategy": "MPS", "max_shared_clients_per_gpu": 4}}),
        ({"mode": "none"}, {}),
    ],
    ids=["profile", "turns", "at once", "none"],
)
def test_gke_shares_gpus_by_fields_of_its_node_pool(sharing, fields):
    assert accelerator_on_gke(sharing) == {
        "type": "nvidia-tesla-a100",
        "count": 4,
        "gpu_driver_installation_config": {"gpu_driver_version": "DEFAULT"},
        **fields,
    }


@pytest.mark.parametrize("sharing", [PROFILE, LAYOUT, TURNS, MPS, DEVICES], ids=json.dumps)
def test_what_the_operator_shares_on_gke_is_asked_of_nobody_else(sharing):
    by_operator = sharing if sharing is DEVICES else sharing | {"manager": "operator"}
    assert accelerator_on_gke(by_operator, gke=OFF, capacity=kept()) == {
        "type": "nvidia-tesla-a100",
        "count": 4,
        "gpu_driver_installation_config": {"gpu_driver_version": "INSTALLATION_DISABLED"},
    }


@pytest.mark.parametrize(("sharing", "parts"), PARTS.values(), ids=PARTS)
def test_karpenter_learns_of_parts_and_that_there_is_no_whole_gpu(sharing, parts):
    plan = a_plan(a_sharing_stack("eks", sharing))
    overlays = node_overlays(plan.offers)
    assert [overlay["spec"]["requirements"][0]["values"] for overlay in overlays] == [["spot-a100"], ["ondemand-a100"]]
    on_eight = {resource: str(8 * amount) for resource, amount in parts.items()}
    assert overlays[0]["spec"]["capacity"] == {"nvidia.com/gpu": "0"} | on_eight
    assert chart_values(plan)["settings"]["featureGates"] == {"nodeOverlay": True}


def test_devices_that_pods_claim_are_no_resource_of_an_overlay():
    plan = a_plan(a_sharing_stack("eks", DEVICES, capacity=kept()))
    assert node_overlays(plan.offers) == []
    assert chart_values(plan)["settings"]["featureGates"] == {"nodeOverlay": False}


@given(nodes=st.integers(1, 1000), sharing=st.sampled_from([PROFILE, LAYOUT, TURNS, MPS, DEVICES]))
def test_a_shared_pool_is_limited_by_what_all_nodes_of_its_machine_have_at_any_time(nodes, sharing):
    capacity = [{"type": "spot", "maxNodes": nodes, "minNodes": 1}]
    stack = a_sharing_stack("eks", sharing, capacity=capacity)
    quota = {"pool": "a100", counted_in(sharing): 1}
    plan = a_plan(stack | {"queues": [a_queue(fallback="capacity", quotas=[quota])]})
    (pool,) = (body for body in karpenter_nodes(plan) if body["kind"] == "NodePool")
    cpu = int(pool["spec"]["limits"]["cpu"])
    assert pool["spec"]["limits"].keys() == {"cpu"}
    # As many nodes as it may have fit, and not one more.
    assert cpu == nodes * machines()["p4d.24xlarge"].vcpus == nodes * 96


def test_whole_gpus_are_their_own_limit():
    plan = a_plan(a_sharing_stack("eks", {"mode": "none"}))
    limits = [body["spec"]["limits"] for body in karpenter_nodes(plan) if body["kind"] == "NodePool"]
    assert limits == [{"nvidia.com/gpu": "16"}, {"nvidia.com/gpu": "8"}]


@pytest.mark.parametrize(("sharing", "parts"), PARTS.values(), ids=PARTS)
def test_a_simulated_node_has_the_parts_all_vcpus_of_its_machine_and_no_whole_gpu(sharing, parts):
    plan = a_plan(a_sharing_stack("local", sharing))
    on_four = {resource: str(4 * amount) for resource, amount in parts.items()}
    assert simulated(node_pool(plan.offers[0])) == {"cpu": "48", "nvidia.com/gpu": None} | on_four
    (machine,) = instance_types(plan)
    assert {name: each for name, each in machine["resources"].items() if name.startswith("nvidia.com/")} == on_four


def test_a_simulated_node_whose_devices_pods_claim_has_none_as_a_resource():
    plan = a_plan(a_sharing_stack("local", DEVICES, capacity=kept()))
    assert simulated(node_pool(plan.offers[0])) == {"cpu": "48", "nvidia.com/gpu": None}
    (machine,) = instance_types(plan)
    assert not [name for name in machine["resources"] if "/" in name]


def test_a_simulated_node_of_whole_gpus_needs_no_annotation():
    assert "annotations" not in node_pool(a_plan().offers[0])["spec"]["template"]["metadata"]


def test_a_machine_that_pools_share_in_different_ways_has_whole_gpus_and_overlays_tell_the_rest():
    pools = [a_pool(name="cut", sharing=PROFILE), a_pool(name="whole")]
    quotas = [{"pool": "cut", "units": 28}, {"pool": "whole", "gpus": 4}]
    stack = a_sharing_stack("local", PROFILE)
    plan = a_plan(stack | {"pools": pools, "queues": [a_queue(fallback="capacity", quotas=quotas)]})
    (machine,) = instance_types(plan)
    assert {name: each for name, each in machine["resources"].items() if name.startswith("nvidia.com/")} == {
        "nvidia.com/gpu": "4"
    }
    found = [body["metadata"]["name"] for body in manifests_of(plan) if body["kind"] == "NodeOverlay"]
    assert found == ["spot-cut", "ondemand-cut"]
