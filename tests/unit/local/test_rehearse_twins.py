"""What stands for a cloud's node pools: labels, taints, limits and order of twins, and nodes that are simply there."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.rehearsal.store import Condition
from local.rehearse import eks_twins, gke_twins, twins
from local.rehearse.gke_twins import GkePool, pools_of
from local.rehearse.machines import PURCHASE
from mizan import keys
from mizan.manifests.karpenter import karpenter_nodes
from tests.builders import a_pool, a_queue
from tests.eks_stacks import an_eks_plan, eks_pool
from tests.gke_stacks import BY_CAPACITY, a_flex_start_stack, a_gke_plan, a_gke_stack, the_offer
from tests.simulated_records import node_group_record, pool_record, system_pool_record, with_config

GKE, EKS = a_gke_plan(), an_eks_plan()
KEPT = {"name": "held", "kind": "reservation", "machine": "p4d.24xlarge", "nodes": 1}


def twin_of(plan, name, **changes):
    (pool,) = pools_of([pool_record(plan, the_offer(plan, name), **changes)])
    return gke_twins.twin(pool, plan)


def template(twin):
    return twin["spec"]["template"]


def requirements(twin):
    return {each["key"]: each["values"] for each in template(twin)["spec"]["requirements"]}


def originals(plan):
    """The program's own NodePools, as the API server gives them."""
    found = [body for body in karpenter_nodes(plan) if body["kind"] == "NodePool"]
    return [body | {"metadata": body["metadata"] | {"uid": f"uid-{number}"}} for number, body in enumerate(found)]


def test_the_twin_of_the_articles_pool():
    twin = twin_of(GKE, "spot-a100")
    metadata = twin["metadata"]
    assert (metadata["name"], metadata["labels"]) == ("spot-a100-simulated", {"mizan.dev/simulated": "true"})
    assert metadata["annotations"]["mizan.dev/stands-for"] == "GKE node pool spot-a100"
    assert twin["spec"] == {
        "template": {
            "metadata": {
                "labels": {
                    "mizan.dev/pool": "a100",
                    "mizan.dev/capacity-type": "spot",
                    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
                    "cloud.google.com/gke-nodepool": "spot-a100",
                    "cloud.google.com/machine-family": "a2",
                    "cloud.google.com/gke-provisioning": "spot",
                    "cloud.google.com/gke-accelerator": "nvidia-tesla-a100",
                    "cloud.google.com/gke-boot-disk": "pd-balanced",
                    "cloud.google.com/gke-spot": "true",
                }
            },
            "spec": {
                "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": "simulated"},
                "taints": [
                    {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
                    {"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NoSchedule"},
                ],
                "requirements": [
                    {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["a2-highgpu-4g"]},
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
                    {"key": "mizan.dev/simulated-purchase", "operator": "In", "values": ["spot"]},
                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                    {
                        "key": "topology.kubernetes.io/zone",
                        "operator": "In",
                        "values": ["us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f"],
                    },
                ],
                "expireAfter": "Never",
            },
        },
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": "10s",
            "budgets": [
                {"nodes": "100%", "reasons": ["Empty"]},
                {"nodes": "0", "reasons": ["Drifted", "Underutilized"]},
            ],
        },
        "weight": 100,
        "limits": {"nvidia.com/gpu": "8"},
    }


def test_an_on_demand_pool_is_standard_to_gke_and_has_no_mark_of_spot():
    twin = twin_of(GKE, "ondemand-a100")
    labels = template(twin)["metadata"]["labels"]
    assert labels["cloud.google.com/gke-provisioning"] == "standard"
    assert keys.GKE_SPOT not in labels
    assert (requirements(twin)[PURCHASE], twin["spec"]["weight"]) == (["on-demand"], 99)


def test_pools_of_a_compute_class_carry_its_mark_and_come_in_its_order():
    plan = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY]))
    found = [twin_of(plan, offer.name) for offer in plan.offers]
    assert [template(twin)["metadata"]["labels"][keys.GKE_COMPUTE_CLASS] for twin in found] == ["a100", "a100"]
    marks = [{"key": keys.GKE_COMPUTE_CLASS, "value": "a100", "effect": "NoSchedule"}]
    assert [template(twin)["spec"]["taints"][-1:] for twin in found] == [marks, marks]
    weights = [twin["spec"]["weight"] for twin in found]
    assert weights == sorted(weights, reverse=True) == [offer.weight for offer in plan.offers]


# Each example is a plan of its own.
@settings(max_examples=20)
@given(spot=st.integers(1, 400), on_demand=st.integers(1, 400))
def test_a_twin_has_all_labels_and_taints_of_its_original_and_the_same_limit(spot, on_demand):
    capacity = [{"type": "spot", "maxNodes": spot}, {"type": "on-demand", "maxNodes": on_demand}]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}])
    plan = a_gke_plan(a_gke_stack(pools=[a_pool(capacity=capacity)], queues=[queue]))
    for offer in plan.offers:
        twin = twin_of(plan, offer.name)
        assert template(twin)["metadata"]["labels"].items() >= offer.labels.items()
        assert template(twin)["spec"]["taints"] == [taint.on_node() for taint in offer.taints]
        assert twin["spec"]["limits"] == {"nvidia.com/gpu": str(offer.max_units)}


def test_flex_start_is_bought_as_such_and_gke_itself_taints_what_is_queued():
    plan = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
    twin = twin_of(plan, "flexstart-a100")
    labels = template(twin)["metadata"]["labels"]
    assert (labels["cloud.google.com/gke-flex-start"], labels["cloud.google.com/gke-provisioning"]) == (
        "true",
        "flex-start",
    )
    assert (requirements(twin)[keys.CAPACITY_TYPE], requirements(twin)[PURCHASE]) == (["on-demand"], ["flex-start"])
    assert [taint["key"] for taint in template(twin)["spec"]["taints"]] == [keys.NVIDIA_GPU, keys.GKE_QUEUED]


def test_a_pool_of_a_reservation_is_bought_as_reserved():
    record = pool_record(GKE, the_offer(GKE, "ondemand-a100"))
    affinity = {"consumeReservationType": "SPECIFIC_RESERVATION", "values": ["held"]}
    twin = gke_twins.twin(GkePool.of(with_config(record, reservationAffinity=affinity)), GKE)
    assert (requirements(twin)[keys.CAPACITY_TYPE], requirements(twin)[PURCHASE]) == (["on-demand"], ["reserved"])


def test_gke_taints_gpu_nodes_though_nobody_asks_for_it():
    record = pool_record(GKE, the_offer(GKE, "spot-a100"))
    pool = GkePool.of(with_config(record, taints=[]))
    assert pool.taints == ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},)


def test_a_pool_in_some_zones_stays_there():
    twin = twin_of(GKE, "spot-a100", nodeLocations=["us-central1-c"])
    assert requirements(twin)[keys.ZONE] == ["us-central1-c"]
    assert requirements(twin_of(GKE, "spot-a100", location="us-central1-f"))[keys.ZONE] == ["us-central1-f"]


def test_a_pool_that_the_plan_does_not_know_comes_last():
    record = pool_record(GKE, the_offer(GKE, "spot-a100"), name="another")
    assert gke_twins.twin(GkePool.of(record), GKE)["spec"]["weight"] == 1


def test_half_a_pool_has_no_twin():
    record = pool_record(GKE, the_offer(GKE, "spot-a100"))
    assert pools_of([replace(record, condition=Condition.HALF), replace(record, condition=Condition.KEPT)]) == []


@pytest.mark.parametrize(
    ("change", "is_anew"),
    [
        ({"labels": {"mizan.dev/pool": "a100"}}, True),
        ({"machineType": "a2-highgpu-8g"}, True),
        ({"diskSizeGb": 300}, False),
    ],
)
def test_a_twin_is_made_anew_where_its_nodes_differ(change, is_anew):
    record = pool_record(GKE, the_offer(GKE, "spot-a100"))
    before, after = (gke_twins.twin(GkePool.of(each), GKE) for each in (record, with_config(record, **change)))
    identities = {twin["metadata"]["annotations"]["mizan.dev/identity"] for twin in (before, after)}
    assert (len(identities) == 2) is is_anew


def test_another_size_keeps_the_twin_and_another_pool_of_the_same_name_does_not():
    record = pool_record(GKE, the_offer(GKE, "spot-a100"))
    larger = pool_record(GKE, the_offer(GKE, "spot-a100"), autoscaling={"totalMinNodeCount": 0, "totalMaxNodeCount": 9})
    later = replace(record, created="2026-11-22T10:00:00+00:00")
    first, second, third = (gke_twins.twin(GkePool.of(each), GKE) for each in (record, larger, later))
    identity = [twin["metadata"]["annotations"]["mizan.dev/identity"] for twin in (first, second, third)]
    assert identity[0] == identity[1] != identity[2]
    assert second["spec"]["limits"] == {"nvidia.com/gpu": "36"}


def test_the_system_pool_is_nodes_that_are_simply_there():
    plan = a_gke_plan(a_gke_stack({"nodeZones": ["us-central1-a", "us-central1-c"]}))
    (pool,) = pools_of([system_pool_record(plan)])
    assert gke_twins.twin(pool, plan) is None
    first, second = gke_twins.nodes(pool, plan)
    assert first["metadata"]["labels"] == {
        "mizan.dev/simulated": "true",
        "kubernetes.io/hostname": "simulated-system-0",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "e2-standard-4",
        "topology.kubernetes.io/region": "us-central1",
        "topology.kubernetes.io/zone": "us-central1-a",
        "topology.gke.io/zone": "us-central1-a",
        "cloud.google.com/gke-nodepool": "system",
        "cloud.google.com/machine-family": "e2",
        "cloud.google.com/gke-provisioning": "standard",
        "cloud.google.com/gke-boot-disk": "pd-balanced",
    }
    assert first["spec"] == {"taints": []}
    assert first["metadata"]["annotations"]["kwok.x-k8s.io/node"] == "fake"
    assert second["metadata"]["labels"]["topology.kubernetes.io/zone"] == "us-central1-c"


@pytest.mark.parametrize(
    ("first", "smallest", "largest", "nodes"), [(1, 2, 6, 4), (1, 5, 6, 5), (1, 1, 3, 3), (0, 2, 2, 2)]
)
def test_the_system_pool_begins_with_nodes_in_every_zone_and_never_has_more_than_it_may(
    first, smallest, largest, nodes
):
    scaling = {"totalMinNodeCount": smallest, "totalMaxNodeCount": largest}
    (pool,) = pools_of([system_pool_record(GKE, initialNodeCount=first, autoscaling=scaling)])
    assert len(gke_twins.nodes(pool, GKE)) == nodes


def test_the_smallest_size_of_a_gpu_pool_is_nodes_that_are_there_and_the_twin_makes_the_rest():
    scaling = {"totalMinNodeCount": 1, "totalMaxNodeCount": 3}
    (pool,) = pools_of([pool_record(GKE, the_offer(GKE, "spot-a100"), autoscaling=scaling)])
    (node,) = gke_twins.nodes(pool, GKE)
    assert json.loads(node["metadata"]["annotations"]["mizan.dev/simulated-resources"])["nvidia.com/gpu"] == "4"
    assert node["metadata"]["labels"].items() >= the_offer(GKE, "spot-a100").labels.items()
    assert gke_twins.twin(pool, GKE)["spec"]["limits"] == {"nvidia.com/gpu": "8"}
    full = replace(pool, max_nodes=1)
    assert gke_twins.twin(full, GKE) is None


def test_a_twin_on_eks_differs_only_in_its_class_and_in_how_it_is_bought():
    spot, on_demand = originals(EKS)
    twin = eks_twins.twin(spot, EKS)
    assert twin["metadata"]["name"] == "spot-a100-simulated"
    assert twin["metadata"]["annotations"] == {
        "mizan.dev/stands-for": "NodePool spot-a100 of EC2NodeClass",
        "mizan.dev/identity": "uid-0",
    }
    kept = {name: value for name, value in spot["spec"].items() if name != "template"}
    assert {name: value for name, value in twin["spec"].items() if name != "template"} == kept
    assert template(twin)["spec"]["nodeClassRef"]["kind"] == "KWOKNodeClass"
    assert template(twin)["spec"]["taints"] == spot["spec"]["template"]["spec"]["taints"]
    assert template(twin)["metadata"]["labels"] == {
        **spot["spec"]["template"]["metadata"]["labels"],
        "karpenter.k8s.aws/ec2nodeclass": "a100",
    }
    own = {each["key"]: each["values"] for each in spot["spec"]["template"]["spec"]["requirements"]}
    assert requirements(twin) == own | {PURCHASE: ["spot"]}
    assert requirements(eks_twins.twin(on_demand, EKS))[PURCHASE] == ["on-demand"]


def test_what_is_reserved_at_aws_is_on_demand_to_the_kwok_provider_and_still_told_apart():
    plan = an_eks_plan(commitments=[KEPT])
    twin = next(eks_twins.twin(body, plan) for body in originals(plan) if body["metadata"]["name"] == "reserved-a100")
    assert (requirements(twin)[keys.CAPACITY_TYPE], requirements(twin)[PURCHASE]) == (["on-demand"], ["reserved"])


def test_the_original_is_left_as_it_is():
    spot, _ = originals(EKS)
    before = json.dumps(spot)
    eks_twins.twin(spot, EKS)
    assert json.dumps(spot) == before


def test_only_nodepools_of_the_aws_provider_have_twins():
    spot, _ = originals(EKS)
    assert eks_twins.is_original(spot)
    assert not eks_twins.is_original(eks_twins.twin(spot, EKS))


@settings(max_examples=20)
@given(nodes=st.integers(1, 1000), seconds=st.integers(0, 3600))
def test_limits_labels_and_patience_on_eks_are_the_originals(nodes, seconds):
    capacity = [{"type": "spot", "maxNodes": nodes}]
    pools = [eks_pool(capacity=capacity, karpenter={"consolidateAfterSeconds": seconds})]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}])
    (original,) = originals(an_eks_plan(pools=pools, queues=[queue]))
    twin = eks_twins.twin(original, EKS)
    assert twin["spec"]["limits"] == {"nvidia.com/gpu": str(8 * nodes)} == original["spec"]["limits"]
    assert twin["spec"]["disruption"] == original["spec"]["disruption"]
    own = original["spec"]["template"]["metadata"]["labels"]
    assert template(twin)["metadata"]["labels"].items() >= own.items()


def test_the_name_of_a_twin_leaves_room_for_what_karpenter_adds_and_is_never_cut_short():
    assert len(twins.twin_name("a" * 47)) == 57
    long, longer = twins.twin_name("a" * 48), twins.twin_name("a" * 49)
    assert long != longer
    assert (long, len(longer)) == ("simulated-" + twins.digest("a" * 48)[:12], 22)


def test_a_node_group_is_nodes_with_its_labels_and_taints():
    scaling = {"minSize": 1, "maxSize": 4, "desiredSize": 4}
    found = eks_twins.nodes([node_group_record(EKS, scalingConfig=scaling)], "us-east-1")
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in found]
    assert zones == ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1a"]
    labels = found[0]["metadata"]["labels"]
    assert labels["eks.amazonaws.com/nodegroup"] == "system"
    assert (labels["mizan.dev/nodes"], labels["eks.amazonaws.com/capacityType"]) == ("system", "ON_DEMAND")
    assert found[0]["spec"]["taints"] == [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}]
    half = replace(node_group_record(EKS), condition=Condition.HALF)
    assert eks_twins.nodes([half], "us-east-1") == []
