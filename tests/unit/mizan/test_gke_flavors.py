"""Flavors on GKE: a ComputeClass where several node pools make up one, a ProvisioningRequest where nodes are queued."""

from typing import Any

import pytest
from hypothesis import assume, given

from mizan import keys
from mizan.catalogue import machines
from mizan.config import Cloud, parse
from mizan.manifests import manifests_of
from mizan.plan import Plan, Taint, build_plan
from tests.builders import TODAY, a_job, a_pool, a_queue, an_existing_stack
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import BY_CAPACITY, GKE, ZONE, a_flex_start_stack, a_gke_plan, a_gke_stack, the_offer
from tests.strategies import stacks

GPU = Taint(key="nvidia.com/gpu", value="present")
SPOT = Taint(key="cloud.google.com/gke-spot", value="true")
CLASS = "cloud.google.com/compute-class"
QUEUED = "cloud.google.com/gke-queued"
RESERVED = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}


def the(plan: Plan, kind: str) -> list[dict[str, Any]]:
    return [body for body in manifests_of(plan) if body["kind"] == kind]


def test_a_pool_that_gke_chooses_among_has_a_class_that_keeps_the_plan_s_order():
    plan = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY]))
    assert the(plan, "ComputeClass") == [
        {
            "apiVersion": "cloud.google.com/v1",
            "kind": "ComputeClass",
            "metadata": {"name": "a100", "labels": {"app.kubernetes.io/managed-by": "mizan"}},
            "spec": {
                "priorities": [{"nodepools": ["spot-a100"]}, {"nodepools": ["ondemand-a100"]}],
                "whenUnsatisfiable": "DoNotScaleUp",
                "nodePoolAutoCreation": {"enabled": False},
                "activeMigration": {"optimizeRulePriority": True},
                "autoscalingPolicy": {
                    "consolidationDelayMinutes": 1,
                    "consolidationThreshold": 0,
                    "gpuConsolidationThreshold": 0,
                },
            },
        }
    ]


def test_its_nodes_carry_the_class_as_label_and_taint_and_its_flavor_brings_both_along():
    plan = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY]))
    mark = Taint(key=CLASS, value="a100")
    spot, on_demand = plan.offers
    assert (spot.labels[CLASS], on_demand.labels[CLASS]) == ("a100", "a100")
    assert (spot.taints, on_demand.taints) == ((GPU, SPOT, mark), (GPU, mark))
    (flavor,) = plan.flavors
    assert (flavor.compute_class, flavor.is_queued) == ("a100", False)
    assert flavor.labels == {"mizan.dev/pool": "a100", "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", CLASS: "a100"}
    (body,) = the(plan, "ResourceFlavor")
    assert body["spec"] == {
        "nodeLabels": flavor.labels,
        "nodeTaints": [GPU.on_node(), mark.on_node()],
        "tolerations": [GPU.toleration(), mark.toleration()],
    }


def test_whoever_cannot_be_interrupted_still_gets_no_spot_through_a_class():
    plan = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY]))
    (flavor,) = the(plan, "ResourceFlavor")
    assert SPOT.toleration() not in flavor["spec"]["tolerations"]
    (job,) = plan.jobs
    assert job.tolerations == (SPOT,)
    assert plan.warnings == ()


def test_capacity_types_that_a_queue_counts_apart_leave_gke_no_choice():
    plan = a_gke_plan()
    assert the(plan, "ComputeClass") == []
    assert [flavor.compute_class for flavor in plan.flavors] == [None, None]
    assert [offer.taints for offer in plan.offers] == [(GPU, SPOT), (GPU,)]


def test_of_reserved_and_unreserved_nodes_of_one_flavor_the_reserved_come_first():
    capacity = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}]
    plan = a_gke_plan(a_gke_stack(pools=[a_pool(capacity=capacity, zones=[ZONE])], commitments=[RESERVED]))
    (body,) = the(plan, "ComputeClass")
    assert body["metadata"]["name"] == "ondemand-a100"
    assert body["spec"]["priorities"] == [{"nodepools": ["reserved-a100"]}, {"nodepools": ["ondemand-a100"]}]
    assert [flavor.compute_class for flavor in plan.flavors] == [None, "ondemand-a100"]
    assert CLASS not in the_offer(plan, "spot-a100").labels


def test_one_node_pool_needs_no_class():
    assert the(a_gke_plan(a_flex_start_stack()), "ComputeClass") == []


@pytest.mark.parametrize("cloud", ["existing", "eks"])
def test_elsewhere_there_is_no_class(cloud):
    by_capacity = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}])
    plan = (
        an_eks_plan(queues=[by_capacity])
        if cloud == "eks"
        else build_plan("test", parse(an_existing_stack(queues=[by_capacity]), TODAY))
    )
    assert plan.cloud is Cloud(cloud)
    assert the(plan, "ComputeClass") == []
    assert all(CLASS not in offer.labels for offer in plan.offers)


def test_queued_nodes_are_asked_for_before_their_job_is_admitted():
    plan = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
    assert the(plan, "ProvisioningRequestConfig") == [
        {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "ProvisioningRequestConfig",
            "metadata": {"name": "queued-provisioning", "labels": {"app.kubernetes.io/managed-by": "mizan"}},
            "spec": {
                "provisioningClassName": "queued-provisioning.gke.io",
                "managedResources": ["nvidia.com/gpu"],
                "podSetMergePolicy": "IdenticalWorkloadSchedulingRequirements",
            },
        }
    ]
    assert the(plan, "AdmissionCheck") == [
        {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "AdmissionCheck",
            "metadata": {"name": "queued-provisioning", "labels": {"app.kubernetes.io/managed-by": "mizan"}},
            "spec": {
                "controllerName": "kueue.x-k8s.io/provisioning-request",
                "parameters": {
                    "apiGroup": "kueue.x-k8s.io",
                    "kind": "ProvisioningRequestConfig",
                    "name": "queued-provisioning",
                },
            },
        }
    ]
    (queue,) = the(plan, "ClusterQueue")
    assert queue["spec"]["admissionChecksStrategy"] == {
        "admissionChecks": [{"name": "queued-provisioning", "onFlavors": ["a100"]}]
    }


def test_a_check_concerns_queued_flavors_alone():
    capacity = [{"type": "on-demand", "maxNodes": 1}, {"type": "flex-start", "maxNodes": 2}]
    quotas = [
        {"pool": "a100", "capacity": "flex-start", "gpus": 8},
        {"pool": "a100", "capacity": "on-demand", "gpus": 4},
    ]
    stack = a_gke_stack(pools=[a_pool(capacity=capacity, gke={"queued": True})], queues=[a_queue(quotas=quotas)])
    (queue,) = the(a_gke_plan(stack), "ClusterQueue")
    assert queue["spec"]["admissionChecksStrategy"]["admissionChecks"][0]["onFlavors"] == ["flexstart-a100"]


def test_a_queued_flavor_selects_and_tolerates_queued_nodes():
    plan = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
    taint = Taint(key=QUEUED, value="true")
    (flavor,) = plan.flavors
    assert (flavor.is_queued, flavor.labels[QUEUED], flavor.taints) == (True, "true", (GPU, taint))
    (body,) = the(plan, "ResourceFlavor")
    assert body["spec"]["tolerations"] == [GPU.toleration(), taint.toleration()]


def annotations_of_a_job(*, queued: bool, **job: object) -> tuple[dict[str, str], dict[str, str]]:
    """The annotations of a job on flex-start nodes, and those of its pods."""
    checkpoint = {"dir": "gs://checkpoints/train-1", "intervalSeconds": 30}
    values = a_flex_start_stack(gke={"queued": queued}) | {
        "jobs": [a_job(checkpoint=checkpoint, **job)],
    }
    (body,) = the(a_gke_plan(values), "Job")
    return body["metadata"]["annotations"], body["spec"]["template"]["metadata"]["annotations"]


# 10 minutes and 7 days are the least and the most for which Google gives flex-start nodes.
@pytest.mark.parametrize(
    ("seconds", "asked"),
    [(60, "600"), (600, "600"), (601, "601"), (3600, "3600"), (604_800, "604800"), (604_801, "604800")],
)
def test_queued_nodes_are_asked_for_as_long_as_the_job_may_run(seconds, asked):
    of_the_job, of_its_pods = annotations_of_a_job(queued=True, maxRunSeconds=seconds)
    assert of_the_job["provreq.kueue.x-k8s.io/maxRunDurationSeconds"] == asked
    assert "provreq" not in str(of_its_pods)


def test_nodes_that_are_not_queued_are_asked_for_without_a_time():
    of_the_job, of_its_pods = annotations_of_a_job(queued=False, maxRunSeconds=3600)
    assert "provreq" not in str((of_the_job, of_its_pods))


def test_a_job_says_its_time_wherever_one_flavor_of_its_queue_is_queued():
    capacity = [{"type": "on-demand", "maxNodes": 1}, {"type": "flex-start", "maxNodes": 2}]
    quotas = [
        {"pool": "a100", "capacity": "on-demand", "gpus": 4},
        {"pool": "a100", "capacity": "flex-start", "gpus": 8},
    ]
    pools = [a_pool(capacity=capacity, gke={"queued": True})]
    stack = a_gke_stack(pools=pools, queues=[a_queue(quotas=quotas)], jobs=[a_job(maxRunSeconds=7200)])
    (body,) = the(a_gke_plan(stack), "Job")
    assert body["metadata"]["annotations"]["provreq.kueue.x-k8s.io/maxRunDurationSeconds"] == "7200"


def test_where_nothing_is_queued_nothing_is_checked():
    plan = a_gke_plan(a_flex_start_stack())
    assert the(plan, "AdmissionCheck") == the(plan, "ProvisioningRequestConfig") == []
    (queue,) = the(plan, "ClusterQueue")
    assert "admissionChecksStrategy" not in queue["spec"]


def on_gke(values: dict[str, Any]) -> dict[str, Any]:
    """A stack of any size on GKE: ranges large enough for 6000 nodes, kinds of Kubernetes names that GKE takes."""
    network = {"nodesCidr": "10.0.0.0/18", "podsCidr": "10.64.0.0/10", "servicesCidr": "10.32.0.0/20"}
    return values | {"cloud": "gke", "gke": GKE | {"network": network}, "addons": {"kueue": {"install": "helm"}}}


@given(stacks())
def test_whatever_the_stack_every_flavor_s_nodes_are_just_those_that_its_class_lists(values):
    assume(all(machines()[pool["machine"]].provider == "gcp" for pool in values["pools"]))
    plan = build_plan("test", parse(on_gke(values), TODAY))
    classes = {body["metadata"]["name"]: body["spec"]["priorities"] for body in the(plan, "ComputeClass")}
    assert classes == {
        flavor.name: [{"nodepools": [offer.name]} for offer in flavor.offers]
        for flavor in plan.flavors
        if len(flavor.offers) > 1
    }
    for flavor in plan.flavors:
        for offer in flavor.offers:
            assert flavor.labels.items() <= the_offer(plan, offer.name).labels.items()
            assert set(flavor.taints) <= set(offer.taints)
            assert offer.labels.get(keys.GKE_COMPUTE_CLASS) == (flavor.name if len(flavor.offers) > 1 else None)
