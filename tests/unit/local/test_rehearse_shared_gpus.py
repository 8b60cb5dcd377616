"""GPUs that pods share, on the nodes of a simulated cloud: what GKE or NVIDIA's operator would make of them."""

import json

import pytest

from local.rehearse import eks_twins, gke_twins
from local.rehearse.gke_twins import GkePool, pools_of
from mizan import keys
from mizan.manifests.karpenter import karpenter_nodes
from mizan.manifests.node_pools import node_overlays
from tests.builders import a_plan, a_pool
from tests.gke_stacks import a_gke_plan, a_gke_stack, the_offer
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, kept
from tests.simulated_records import pool_record, system_pool_record, with_config

GKE = a_gke_plan()


def template(twin):
    return twin["spec"]["template"]


def originals(plan):
    """The program's own NodePools, as the API server gives them."""
    found = [body for body in karpenter_nodes(plan) if body["kind"] == "NodePool"]
    return [body | {"metadata": body["metadata"] | {"uid": f"uid-{number}"}} for number, body in enumerate(found)]


def shared_twin(sharing, offer="spot-a100", **pool):
    """The twin on GKE of a pool that is shared so, its overlay, and the first of the nodes that are simply there."""
    plan = a_gke_plan(a_sharing_stack("gke", sharing, capacity=kept(), **pool))
    scaling = {"totalMinNodeCount": 1, "totalMaxNodeCount": 2}
    (found,) = pools_of([pool_record(plan, the_offer(plan, offer), autoscaling=scaling)])
    return gke_twins.twin(found, plan), gke_twins.overlay(found, plan), gke_twins.nodes(found, plan)


def capacity_of(overlay):
    return overlay["spec"]["capacity"]


def simulated(metadata):
    """What an annotation says of a node's GPUs."""
    told = json.loads(metadata["annotations"]["mizan.dev/simulated-resources"])
    return {name: amount for name, amount in told.items() if name.startswith("nvidia.com/")}


BY_OPERATOR = {"driver": "INSTALLATION_DISABLED"}
# On 4 GPUs a node: what GKE's own sharing makes of them, and what it writes on the nodes.
BY_GKE = {
    "cut": (PROFILE, "28", {"cloud.google.com/gke-gpu-partition-size": "1g.5gb"}),
    "turns": (
        TURNS,
        "16",
        {
            "cloud.google.com/gke-gpu-sharing-strategy": "time-sharing",
            "cloud.google.com/gke-max-shared-clients-per-gpu": "4",
        },
    ),
    "at once": (
        MPS,
        "16",
        {
            "cloud.google.com/gke-gpu-sharing-strategy": "mps",
            "cloud.google.com/gke-max-shared-clients-per-gpu": "4",
        },
    ),
}


@pytest.mark.parametrize(("sharing", "gpus", "marks"), BY_GKE.values(), ids=BY_GKE)
def test_what_gke_shares_is_more_gpus_with_gke_s_own_labels(sharing, gpus, marks):
    twin, overlay, (node,) = shared_twin(sharing)
    assert overlay["spec"] == {
        "requirements": [{"key": keys.NODE_POOL, "operator": "In", "values": ["spot-a100-simulated"]}],
        "capacity": {"nvidia.com/gpu": gpus},
    }
    assert (overlay["metadata"]["name"], overlay["metadata"]["labels"]) == (
        "spot-a100-simulated",
        {"mizan.dev/simulated": "true"},
    )
    assert simulated(template(twin)["metadata"]) == simulated(node["metadata"]) == {"nvidia.com/gpu": gpus}
    for labels in (template(twin)["metadata"]["labels"], node["metadata"]["labels"]):
        assert {name: value for name, value in labels.items() if "gpu-" in name or "shared" in name} == marks
    # 48 vCPUs; of two nodes one is simply there.
    assert twin["spec"]["limits"] == {"cpu": "48"}


def test_a_part_that_gke_lets_several_pods_have_counts_as_often():
    record = pool_record(GKE, the_offer(GKE, "spot-a100"))
    sharing = {"gpuSharingStrategy": "TIME_SHARING", "maxSharedClientsPerGpu": 5}
    accelerator = {
        "type": "nvidia-tesla-a100", "count": 4, "gpuPartitionSize": "2g.10gb", "gpuSharingConfig": sharing,
    }  # fmt: skip
    pool = GkePool.of(with_config(record, guestAccelerators=[accelerator]))
    assert capacity_of(gke_twins.overlay(pool, GKE)) == {"nvidia.com/gpu": "60"}


@pytest.mark.parametrize(
    ("sharing", "resources"),
    [
        (PROFILE, {"nvidia.com/mig-1g.5gb": "28"}),
        (LAYOUT, {"nvidia.com/mig-3g.20gb": "4", "nvidia.com/mig-2g.10gb": "4", "nvidia.com/mig-1g.5gb": "4"}),
        (TURNS, {"nvidia.com/gpu.shared": "16"}),
        (DEVICES, {}),
    ],
    ids=["profile", "layout", "turns", "devices"],
)
def test_what_nvidias_operator_shares_on_gke_is_its_parts_and_no_gpu(sharing, resources):
    by_operator = sharing | ({} if sharing is DEVICES else {"manager": "operator"})
    twin, overlay, (node,) = shared_twin(by_operator, gke=BY_OPERATOR)
    assert simulated(template(twin)["metadata"]) == {"nvidia.com/gpu": None} | resources
    assert simulated(node["metadata"]) == resources
    assert capacity_of(overlay) == {"nvidia.com/gpu": "0"} | resources


def test_whole_gpus_of_a_driver_of_ones_own_need_no_overlay():
    plan = a_gke_plan(a_gke_stack(pools=[a_pool(gke=BY_OPERATOR)]))
    (pool,) = pools_of([pool_record(plan, the_offer(plan, "spot-a100"))])
    assert gke_twins.overlay(pool, plan) is None
    assert "annotations" not in template(gke_twins.twin(pool, plan))["metadata"]
    (system,) = pools_of([system_pool_record(plan)])
    assert gke_twins.overlay(system, plan) is None


def shared_on_eks(sharing, least=0):
    plan = a_plan(a_sharing_stack("eks", sharing, capacity=kept(least)), stack="eks-test")
    return plan, originals(plan)[0]


def test_a_twin_on_eks_has_what_its_labels_make_the_operator_do():
    plan, original = shared_on_eks(PROFILE)
    twin = eks_twins.twin(original, plan)
    assert simulated(template(twin)["metadata"]) == {"nvidia.com/gpu": None, "nvidia.com/mig-1g.5gb": "56"}
    assert twin["spec"]["limits"] == original["spec"]["limits"] == {"cpu": "192"}


@pytest.mark.parametrize("forgotten", [keys.MIG_CONFIG, keys.DEVICE_PLUGIN_CONFIG])
def test_without_the_labels_that_the_operator_reads_the_gpus_stay_whole(forgotten):
    plan, original = shared_on_eks(PROFILE)
    del original["spec"]["template"]["metadata"]["labels"][forgotten]
    assert "annotations" not in template(eks_twins.twin(original, plan))["metadata"]


def test_a_configuration_that_nobody_wrote_leaves_a_node_without_gpus():
    plan, original = shared_on_eks(TURNS)
    original["spec"]["template"]["metadata"]["labels"][keys.DEVICE_PLUGIN_CONFIG] = "another"
    assert simulated(template(eks_twins.twin(original, plan))["metadata"]) == {"nvidia.com/gpu": None}


def test_where_pods_claim_devices_a_node_on_eks_has_no_gpu_as_a_resource():
    plan, original = shared_on_eks(DEVICES, least=1)
    assert simulated(template(eks_twins.twin(original, plan))["metadata"]) == {"nvidia.com/gpu": None}


def test_the_twin_of_an_overlay_is_the_same_for_the_twin_of_its_pool():
    plan, _ = shared_on_eks(PROFILE)
    overlay, *_ = node_overlays(plan.offers)
    before = json.dumps(overlay)
    twin = eks_twins.overlay_twin(overlay | {"metadata": overlay["metadata"] | {"uid": "uid-9"}})
    assert twin["spec"] == {
        "requirements": [{"key": keys.NODE_POOL, "operator": "In", "values": ["spot-a100-simulated"]}],
        "capacity": {"nvidia.com/gpu": "0", "nvidia.com/mig-1g.5gb": "56"},
    }
    assert (twin["kind"], twin["metadata"]) == (
        "NodeOverlay",
        {
            "name": "spot-a100-simulated",
            "labels": {"mizan.dev/simulated": "true"},
            "annotations": {"mizan.dev/stands-for": "NodeOverlay spot-a100", "mizan.dev/identity": "uid-9"},
        },
    )
    assert json.dumps(overlay) == before
