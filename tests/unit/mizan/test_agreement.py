"""All that is written for a stack agrees; what is broken by hand is found with the two documents that disagree."""

import copy
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from mizan.agreement import Documents, documents_of, report_of
from mizan.plan import Plan
from tests.builders import a_job, a_plan, a_queue, a_stack, an_existing_stack
from tests.cloud_stacks import CLOUD_STACKS
from tests.cloud_stacks import plan_of as shipped_plan
from tests.gke_stacks import BY_CAPACITY, a_flex_start_stack, a_gke_plan, a_gke_stack
from tests.operator_stacks import plans as operator_plans
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, counted_in, kept

WHOLE: dict[str, Any] = {"mode": "none"}
SHARINGS: dict[str, dict[str, Any]] = {
    "whole": WHOLE,
    "mig": PROFILE,
    "mixed": LAYOUT,
    "time-slicing": TURNS,
    "mps": MPS,
    "dra": DEVICES,
}
KINDS = [f"{cloud}-{name}" for cloud in ("local", "gke", "eks") for name in SHARINGS]

NOT_GKES = {"capacity": kept(), "gke": {"driver": "INSTALLATION_DISABLED"}}
ONE_OFFER = [{"type": "spot", "maxNodes": 2, "minNodes": 1}]


@cache
def plan_of(kind: str) -> Plan:
    """A plan of one pool with one offer, `spot-a100`, and one queue that counts all of it."""
    cloud, name = kind.split("-", 1)
    sharing, pool = SHARINGS[name], {"capacity": ONE_OFFER}
    if cloud == "gke" and name in ("mixed", "dra"):
        sharing, pool = sharing | {"manager": "operator"}, NOT_GKES | pool
    units = {"mig": 56, "time-slicing": 32, "mps": 32, "dra": 56}.get(name, 8)
    values = a_sharing_stack(cloud, sharing, **pool)
    factor = 2 if cloud == "eks" else 1
    quota = {"pool": "a100", counted_in(sharing): units * factor}
    values["queues"] = [a_queue(fallback="capacity", quotas=[quota], workload={"maxRunHours": 1})]
    return a_gke_plan(values) if cloud == "gke" else a_plan(values)


@cache
def written(kind: str) -> Documents:
    return documents_of(plan_of(kind))


def broken(kind: str, change: Callable[[Documents], Documents | None]) -> list[tuple[str, str, str]]:
    """What disagrees once something is changed by hand: the fact and the two documents."""
    documents = copy.deepcopy(written(kind))
    report = report_of(plan_of(kind), change(documents) or documents)
    assert all(each.first.value != each.second.value for each in report.disagreements)
    return [(each.fact.value, each.first.document, each.second.document) for each in report.disagreements]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_for_a_stack_agrees(kind):
    report = report_of(plan_of(kind), written(kind))
    assert report.disagreements == ()
    assert {"machine", "capacity type", "node labels", "taints", "resources", "most nodes", "price", "quota"} <= {
        fact.value for fact in report.facts
    }


@pytest.mark.parametrize("stack", [*CLOUD_STACKS, "local"])
def test_what_is_written_for_a_shipped_stack_agrees(stack):
    plan = shipped_plan(stack)
    assert report_of(plan, documents_of(plan)).disagreements == ()


def test_pools_of_one_stack_that_share_in_different_ways_agree():
    for plan in operator_plans().values():
        assert report_of(plan, documents_of(plan)).disagreements == ()


def test_of_somebody_else_s_cluster_queues_and_limits_are_compared():
    plan = a_plan(an_existing_stack())
    report = report_of(plan, documents_of(plan))
    assert report.disagreements == ()
    assert {fact.value for fact in report.facts} == {"resources", "price", "quota"}


def test_a_stack_that_asks_for_more_than_its_nodes_is_warned_and_agrees():
    plan = a_plan(a_stack(queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 40}])], jobs=[]))
    assert "quotas of 40 GPUs" in plan.warnings[0]
    assert report_of(plan, documents_of(plan)).disagreements == ()


def test_borrowed_gpus_count_for_a_namespace_up_to_all_that_its_cohort_has():
    lent = {"pool": "a100", "capacity": "spot"}
    queues = [
        a_queue(cohort="lab", quotas=[lent | {"gpus": 2}]),
        a_queue(name="other", cohort="lab", quotas=[lent | {"gpus": 6}]),
    ]
    plan = a_plan(a_stack(cohorts=[{"name": "lab"}], queues=queues, jobs=[]))
    documents = documents_of(plan)
    assert report_of(plan, documents).disagreements == ()
    (quota,) = documents.of_kind("ResourceQuota")
    assert quota["spec"]["hard"] == {"requests.nvidia.com/gpu": "8"}
    for wrong in ("9", "1"):
        quota["spec"]["hard"] = {"requests.nvidia.com/gpu": wrong}
        (found,) = report_of(plan, documents).disagreements
        assert (found.of, found.first.value) == ("team-a", f"nvidia.com/gpu={wrong}")


def test_the_order_of_several_offers_is_that_of_their_prices_on_gke_and_by_karpenter():
    on_gke = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY], jobs=[]))
    documents = documents_of(on_gke)
    assert {"order", "node pools"} <= {fact.value for fact in report_of(on_gke, documents).facts}
    priorities = documents.named("ComputeClass", "a100")["spec"]["priorities"]
    priorities.reverse()
    (found,) = report_of(on_gke, documents).disagreements
    assert (found.of, found.fact.value, found.first.value) == ("a100", "order", "ondemand-a100, spot-a100")
    assert (found.first.document, found.second.document) == ("ComputeClass a100", "estimate of pool a100")
    del priorities[0]
    (found,) = report_of(on_gke, documents).disagreements
    assert (found.of, found.fact.value) == ("ondemand-a100", "node pools")
    assert (found.first.document, found.second.document) == ("ComputeClass a100", "node pool ondemand-a100")

    local = a_plan(a_stack(queues=[BY_CAPACITY], jobs=[]))
    documents = documents_of(local)
    documents.named("NodePool", "ondemand-a100")["spec"]["weight"] = 101
    (found,) = report_of(local, documents).disagreements
    assert (found.fact.value, found.first.document, found.second.document) == (
        "order",
        "NodePool ondemand-a100",
        "estimate of pool a100",
    )


def test_a_job_asks_for_what_its_queue_counts():
    plan = a_plan()
    documents = documents_of(plan)
    (job,) = documents.of_kind("Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["resources"]["requests"] = {"cpu": "1", "nvidia.com/mig-1g.5gb": "1"}
    (found,) = report_of(plan, documents).disagreements
    assert (found.of, found.first.document, found.second.document) == (
        "team-a/train-1",
        "Job train-1",
        "ClusterQueue training",
    )


def test_a_job_that_claims_devices_asks_for_what_its_queue_counts():
    values = a_sharing_stack("local", {"mode": "dra"}, capacity=kept())
    asked = {key: value for key, value in a_job().items() if key != "gpus"}
    values["jobs"] = [asked | {"gpu": {"count": 4, "accepts": ["dra"]}}]
    plan = a_plan(values)
    documents = documents_of(plan)
    report = report_of(plan, documents)
    assert report.disagreements == ()
    assert "Job train-1" in report.documents
    template = documents.named("ResourceClaimTemplate", "a100-40gb-x4")
    template["spec"]["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] = "t4.mizan.dev"
    found = {(each.first.document, each.second.document) for each in report_of(plan, documents).disagreements}
    assert ("Job train-1", "ClusterQueue training") in found


def test_queued_nodes_are_asked_for_by_what_they_offer():
    plan = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
    documents = documents_of(plan)
    assert report_of(plan, documents).disagreements == ()
    (config,) = documents.of_kind("ProvisioningRequestConfig")
    config["spec"]["managedResources"] = ["nvidia.com/gpu.shared"]
    (found,) = report_of(plan, documents).disagreements
    assert (found.first.document, found.second.document) == (
        "ProvisioningRequestConfig queued-provisioning",
        "node pool flexstart-a100",
    )


# How each document is broken.


def in_manifest(kind: str, name: str, *path: str | int, to: Any) -> Callable[[Documents], None]:
    """A change of one value of a manifest; `name` may be the beginning of it."""

    def change(documents: Documents) -> None:
        node: Any = next(body for body in documents.of_kind(kind) if body["metadata"]["name"].startswith(name))
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = to(node[path[-1]]) if callable(to) else to

    return change


def in_arguments(*path: str | int, to: Any) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        node: Any = documents.node_pools["spot-a100"]
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = to

    return change


def in_text(kind: str, name: str, key: str, before: str, after: str) -> Callable[[Documents], None]:
    """A change of text that a ConfigMap or a selector holds."""

    def changed(text: str) -> str:
        assert before in text
        return text.replace(before, after)

    return in_manifest(kind, name, "data", key, to=changed)


def requirement(key: str, values: list[str]) -> Callable[[Documents], None]:
    def changed(requirements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert any(each["key"] == key for each in requirements)
        return [each | {"values": values} if each["key"] == key else each for each in requirements]

    return in_manifest("NodePool", "spot-a100", "spec", "template", "spec", "requirements", to=changed)


def of_price(**changes: Any) -> Callable[[Documents], Documents]:
    """The row of the estimate is one of something else."""

    def change(documents: Documents) -> Documents:
        row = documents.prices["spot-a100"]
        price = replace(row.price, **changes)
        return replace(documents, prices={"spot-a100": replace(row, price=price)})

    return change


def of_estimate(**changes: Any) -> Callable[[Documents], Documents]:
    def change(documents: Documents) -> Documents:
        return replace(documents, prices={"spot-a100": replace(documents.prices["spot-a100"], **changes)})

    return change


def of_part(**changes: Any) -> Callable[[Documents], Documents]:
    def change(documents: Documents) -> Documents:
        first, *others = documents.parts["spot-a100"]
        return replace(documents, parts={"spot-a100": (replace(first, **changes), *others)})

    return change


def mapping(**changes: Any) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        assert documents.kueue is not None
        documents.kueue["resources"]["deviceClassMappings"][0].update(changes)

    return change


def without_a_device(documents: Documents) -> Documents:
    return replace(documents, devices={"a100": documents.devices["a100"][1:]})


NODE_LABELS = ("spec", "template", "metadata", "labels")
FLAVOR_LABELS = ("spec", "nodeLabels")
QUOTAS = ("spec", "resourceGroups", 0, "flavors", 0, "resources")
POOL, FLAVOR, QUEUE, ROW = "NodePool spot-a100", "ResourceFlavor a100", "ClusterQueue training", "prices.csv"
GKE_POOL, OVERLAY, PARTS = "node pool spot-a100", "NodeOverlay spot-a100", "parts of spot-a100"
ESTIMATE, LIMIT, PLUGIN = "estimate of spot-a100", "ResourceQuota gpu-quota of team-a", "ConfigMap mizan-device-plugin"
LAYOUTS, KUEUE = "ConfigMap mizan-mig-layouts", "Kueue's configuration"
CLASS = "DeviceClass a100-40gb-1g.5gb.mizan.dev"
MACHINE = {"local": "a2-highgpu-4g", "gke": "a2-highgpu-4g", "eks": "p4d.24xlarge"}
TAINT = {"key": "odd", "value": "x", "effect": "NoSchedule"}

BROKEN = [
    # Node pools of GKE.
    ("gke-whole", in_arguments("node_config", "machine_type", to="a2-highgpu-8g"), "machine", GKE_POOL, ROW),
    ("gke-whole", in_arguments("node_config", "spot", to=False), "capacity type", GKE_POOL, ROW),
    ("gke-whole", in_arguments("location", to="europe-west4"), "region", GKE_POOL, ROW),
    ("gke-whole", in_arguments("node_config", "labels", "mizan.dev/pool", to="x"), "node labels", FLAVOR, GKE_POOL),
    ("gke-whole", in_arguments("node_config", "guest_accelerators", 0, "count", to=8), "GPUs of a node", GKE_POOL,
     "machine a2-highgpu-4g"),
    ("gke-whole", in_arguments("autoscaling", "total_max_node_count", to=9), "most nodes", GKE_POOL, ESTIMATE),
    ("gke-whole", in_arguments("autoscaling", "total_min_node_count", to=0), "fewest nodes", GKE_POOL, ESTIMATE),
    ("gke-mig", in_arguments("node_config", "guest_accelerators", 0, "gpu_partition_size", to="2g.10gb"),
     "units of a GPU", GKE_POOL, PARTS),
    ("gke-time-slicing",
     in_arguments("node_config", "guest_accelerators", 0, "gpu_sharing_config", to={"max_shared_clients_per_gpu": 5}),
     "units of a GPU", GKE_POOL, PARTS),
    ("gke-mixed", in_arguments("node_config", "labels", "nvidia.com/mig.config", to="all-1g.5gb"), "set-up of nodes",
     LAYOUTS, GKE_POOL),
    # Karpenter's NodePools and overlays.
    ("eks-whole", requirement("node.kubernetes.io/instance-type", ["p4de.24xlarge"]), "machine", POOL, ROW),
    ("eks-whole", requirement("karpenter.sh/capacity-type", ["on-demand"]), "capacity type", POOL, ROW),
    ("eks-whole", requirement("karpenter.k8s.aws/instance-gpu-count", ["4"]), "GPUs of a node", POOL,
     "machine p4d.24xlarge"),
    ("eks-whole", in_manifest("NodePool", "spot-a100", *NODE_LABELS, "mizan.dev/pool", to="x"), "node labels",
     FLAVOR, POOL),
    ("eks-whole", in_manifest("NodePool", "spot-a100", "spec", "limits", "nvidia.com/gpu", to="24"), "most nodes", POOL,
     ESTIMATE),
    ("eks-mig", in_manifest("NodePool", "spot-a100", "spec", "limits", "cpu", to="96"), "most nodes", POOL, ESTIMATE),
    ("eks-mig", in_manifest("NodeOverlay", "spot-a100", "spec", "capacity", "nvidia.com/mig-1g.5gb", to="48"),
     "units of a GPU", OVERLAY, LAYOUTS),
    ("eks-mig", in_manifest("NodeOverlay", "spot-a100", "spec", "capacity", to={"nvidia.com/gpu": "8"}), "resources",
     OVERLAY, LAYOUTS),
    ("eks-time-slicing",
     in_manifest("NodeOverlay", "spot-a100", "spec", "capacity", "nvidia.com/gpu.shared", to="16"), "units of a GPU",
     OVERLAY, PLUGIN),
    ("eks-mixed", in_manifest("NodeOverlay", "spot-a100", "spec", "capacity", "nvidia.com/mig-1g.5gb", to="16"),
     "units of a GPU", OVERLAY, LAYOUTS),
    ("eks-mig", in_manifest("Deployment", "spot-a100", "spec", "replicas", to=2), "fewest nodes",
     "Deployment spot-a100", ESTIMATE),
    ("eks-mig",
     in_manifest("Deployment", "spot-a100", "spec", "template", "spec", "nodeSelector", "mizan.dev/pool", to="x"),
     "node labels", "Deployment spot-a100", POOL),
    # Simulated nodes.
    ("local-mig", in_manifest("NodePool", "spot-a100", "spec", "template", "metadata", "annotations",
                              "mizan.dev/simulated-resources", to='{"nvidia.com/mig-1g.5gb": "4"}'),
     "units of a GPU", OVERLAY, POOL),
    ("local-whole", lambda documents: documents.instance_types[MACHINE["local"]]["resources"].update(
        {"nvidia.com/gpu": "8"}), "units of a GPU", "instance type a2-highgpu-4g", PARTS),
    ("local-whole", lambda documents: documents.instance_types[MACHINE["local"]]["offerings"][0].update(Price=1.5),
     "price", "instance type a2-highgpu-4g", ROW),
    # The operator's configurations.
    ("eks-mig", in_text("ConfigMap", "mizan-mig-layouts", "config.yaml", '"1g.5gb": 7', '"1g.5gb": 6'),
     "units of a GPU", OVERLAY, LAYOUTS),
    ("eks-mig", in_text("ConfigMap", "mizan-mig-layouts", "config.yaml", '"a100-40gb-1g.5gb-7x"', '"other"'),
     "set-up of nodes", LAYOUTS, POOL),
    ("eks-time-slicing", in_text("ConfigMap", "mizan-device-plugin", "a100", '"replicas": 4', '"replicas": 8'),
     "units of a GPU", OVERLAY, PLUGIN),
    ("eks-mps", in_text("ConfigMap", "mizan-device-plugin", "a100", '"renameByDefault": true',
                        '"renameByDefault": false'), "resources", OVERLAY, PLUGIN),
    ("eks-mps", in_manifest("ConfigMap", "mizan-device-plugin", "data", to=lambda data: {
        "b100" if key == "a100" else key: text for key, text in data.items()}), "set-up of nodes", PLUGIN, POOL),
    ("local-mps", in_manifest("NodePool", "spot-a100", *NODE_LABELS, "nvidia.com/device-plugin.config", to="x"),
     "set-up of nodes", PLUGIN, POOL),
    # Kueue's flavors and queues.
    ("local-whole", in_manifest("ResourceFlavor", "a100", *FLAVOR_LABELS, "mizan.dev/pool", to="x"), "node labels",
     FLAVOR, POOL),
    ("local-mps", in_manifest("ResourceFlavor", "a100", *FLAVOR_LABELS, "nvidia.com/device-plugin.config", to="x"),
     "set-up of nodes", POOL, FLAVOR),
    ("local-whole", in_manifest("ResourceFlavor", "a100", "spec", "nodeTaints", to=lambda taints: taints[:1]), "taints",
     FLAVOR, POOL),
    ("local-whole", in_manifest("ResourceFlavor", "a100", "spec", "nodeTaints", to=lambda taints: [*taints, TAINT]),
     "taints", FLAVOR, POOL),
    ("local-whole", in_manifest("ResourceFlavor", "a100", "spec", "tolerations", to=[]), "tolerations", FLAVOR, POOL),
    ("gke-whole", in_arguments("node_config", "taints", to=[
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]), "taints", FLAVOR, GKE_POOL),
    ("eks-whole", in_manifest("NodePool", "spot-a100", "spec", "template", "spec", "taints",
                              to=lambda taints: [*taints, TAINT]), "taints", FLAVOR, POOL),
    ("local-whole", in_manifest("ClusterQueue", "training", *QUOTAS, 0, "nominalQuota", to="7"), "quota", LIMIT, QUEUE),
    ("local-mixed", in_manifest("ResourceQuota", "gpu-quota", "spec", "hard", "requests.nvidia.com/mig-1g.5gb", to="7"),
     "quota", LIMIT, QUEUE),
    ("local-mig", in_manifest("ResourceQuota", "gpu-quota", "spec", "hard", to={"requests.nvidia.com/gpu": "56"}),
     "resources", LIMIT, QUEUE),
    # Prices.
    ("eks-whole", of_price(machine="p5.48xlarge"), "machine", POOL, ROW),
    ("gke-whole", of_price(region="us-east1"), "region", GKE_POOL, ROW),
    ("gke-mig", of_price(usd_per_hour=Decimal("9.99")), "price", ROW, PARTS),
    ("local-mig", of_price(usd_per_hour=Decimal("9.99")), "price", "instance type a2-highgpu-4g", ROW),
    ("gke-mixed", of_part(usd_per_hour=Decimal("0.99")), "price", ROW, PARTS),
    ("eks-mig", of_part(per_gpu=6), "units of a GPU", LAYOUTS, PARTS),
    ("eks-whole", of_estimate(max_nodes=3), "most nodes", POOL, ESTIMATE),
    ("gke-whole", of_estimate(min_nodes=0), "fewest nodes", GKE_POOL, ESTIMATE),
    # Devices that pods claim.
    ("eks-dra", mapping(deviceClassNames=["other.mizan.dev"]), "devices", KUEUE, "DeviceClasses"),
    ("eks-dra", mapping(name="mizan.dev/other"), "devices", QUEUE, KUEUE),
    ("eks-dra", in_manifest("DeviceClass", "a100", "spec", "selectors", 0, "cel", "expression",
                            to=lambda text: text.replace("A100-SXM4-40GB", "H100")), "devices", POOL, CLASS),
    ("eks-dra", in_manifest("ResourceQuota", "gpu-quota", "spec", "hard",
                            "a100-40gb-1g.5gb.mizan.dev.deviceclass.resource.k8s.io/devices", to="3"),
     "quota", LIMIT, QUEUE),
    ("local-dra", without_a_device, "units of a GPU", "devices of pool a100", PARTS),
    ("local-dra", in_manifest("ResourceClaimTemplate", "", "spec", "spec", "devices", "requests", 0, "exactly",
                              "deviceClassName", to="x.mizan.dev"),
     "devices", "ResourceClaimTemplate a100-40gb-1g.5gb", "DeviceClasses"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "change", "fact", "first", "second"),
    BROKEN,
    ids=[f"{number}-{kind}-{fact}" for number, (kind, _, fact, *_) in enumerate(BROKEN)],
)
def test_what_is_broken_in_one_document_is_found_with_the_one_that_it_disagrees_with(kind, change, fact, first, second):
    ((found, one, other),) = broken(kind, change)
    assert found == fact
    assert one.startswith(first)
    assert other.startswith(second)
