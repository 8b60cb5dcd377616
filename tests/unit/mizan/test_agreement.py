"""All that is written for a stack agrees; what is broken by hand is found with the two documents that disagree."""

import copy
from dataclasses import replace
from decimal import Decimal

import pytest

from mizan.agreement import report_of
from tests.agreement_stacks import (
    KINDS,
    Change,
    in_arguments,
    in_chart,
    in_manifest,
    in_text,
    mapping,
    of_estimate,
    of_part,
    of_price,
    plan_of,
    requirement,
    without,
    without_a_device,
    written,
)


def broken(kind: str, change: Change) -> list[tuple[str, str, str]]:
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


NODE_LABELS = ("spec", "template", "metadata", "labels")
FLAVOR_LABELS = ("spec", "nodeLabels")
QUOTAS = ("spec", "resourceGroups", 0, "flavors", 0, "resources")
POOL, FLAVOR, QUEUE, ROW = "NodePool spot-a100", "ResourceFlavor a100", "ClusterQueue training", "prices.csv"
GKE_POOL, OVERLAY, PARTS = "node pool spot-a100", "NodeOverlay spot-a100", "parts of spot-a100"
ESTIMATE, LIMIT, PLUGIN = "estimate of spot-a100", "ResourceQuota gpu-quota of team-a", "ConfigMap mizan-device-plugin"
LAYOUTS, KUEUE = "ConfigMap mizan-mig-layouts", "Kueue's configuration"
CLASS = "DeviceClass a100-40gb-1g.5gb.mizan.dev"
MACHINE = {"local": "a2-highgpu-4g", "gke": "a2-highgpu-4g", "eks": "p4d.24xlarge"}
NODE_CLASS = ("spec", "template", "spec", "nodeClassRef")
GKE_TAINT = {"key": "odd", "value": "x", "effect": "NO_SCHEDULE"}
TAINT = {"key": "odd", "value": "x", "effect": "NoSchedule"}

SHARED = ("node_config", "guest_accelerators", 0)
DRIVER = (*SHARED, "gpu_driver_installation_config", "gpu_driver_version")
OPERATOR, PLANNED = "chart gpu-operator", "plan of spot-a100"

BROKEN = [
    # What is not there, and what names nothing.
    ("local-whole", without("NodePool", "spot-a100"), "documents", PLANNED, POOL),
    ("eks-whole", without("NodePool", "spot-a100"), "documents", PLANNED, POOL),
    ("gke-whole", lambda documents: replace(documents, node_pools={}), "documents", PLANNED, GKE_POOL),
    ("local-whole", without("ResourceFlavor", "a100"), "documents", QUEUE, FLAVOR),
    ("gke-whole", without("ResourceFlavor", "a100"), "documents", QUEUE, FLAVOR),
    ("local-mps", without("ConfigMap", "mizan-device-plugin"), "documents", "plan of test", PLUGIN),
    ("eks-mps", without("ConfigMap", "mizan-device-plugin"), "documents", "plan of test", PLUGIN),
    ("eks-mig", without("ConfigMap", "mizan-mig-layouts"), "documents", "plan of test", LAYOUTS),
    ("gke-mixed", without("ConfigMap", "mizan-mig-layouts"), "documents", "plan of gke-test", LAYOUTS),
    ("eks-whole", without("EC2NodeClass", "a100"), "documents", POOL, "EC2NodeClass a100"),
    ("eks-whole", in_manifest("ClusterQueue", "training", *QUOTAS[:-1], "name", to="nobody"), "documents", QUEUE,
     "ResourceFlavor nobody"),
    ("eks-whole", in_manifest("NodePool", "spot-a100", *NODE_CLASS, "name", to="nobody"), "documents", POOL,
     "EC2NodeClass nobody"),
    ("local-whole", in_manifest("NodePool", "spot-a100", *NODE_CLASS, "name", to="nobody"), "documents", POOL,
     "KWOKNodeClass nobody"),
    ("gke-whole", in_manifest("ClusterQueue", "training", "spec", "namespaceSelector", "matchExpressions", 0, "values",
                              to=[]), "namespaces", "LocalQueue training of team-a", QUEUE),
    # How GPUs are shared.
    ("gke-time-slicing", in_arguments(*SHARED, "gpu_sharing_config", "gpu_sharing_strategy", to="MPS"), "sharing mode",
     GKE_POOL, PLANNED),
    ("gke-mig", in_arguments(*SHARED, "gpu_partition_size", to=None), "sharing mode", GKE_POOL, PLANNED),
    ("eks-time-slicing", in_text("ConfigMap", "mizan-device-plugin", "a100", '"timeSlicing"', '"mps"'), "sharing mode",
     PLUGIN, PLANNED),
    ("local-mps", in_text("ConfigMap", "mizan-device-plugin", "a100", '"mps"', '"timeSlicing"'), "sharing mode",
     PLUGIN, PLANNED),
    ("eks-mig", in_text("ConfigMap", "mizan-mig-layouts", "config.yaml", '"mig-enabled": true', '"mig-enabled": false'),
     "sharing mode", LAYOUTS, PLANNED),
    ("eks-mig", in_manifest("NodeOverlay", "spot-a100", "spec", "requirements", 0, "values", to=["other"]),
     "node pools", OVERLAY, POOL),
    ("local-mig", in_manifest("NodeOverlay", "spot-a100", "spec", "requirements", 0, "values", to=["other"]),
     "node pools", OVERLAY, POOL),
    # Values of charts.
    ("eks-mig", in_chart("gpu-operator", "devicePlugin", "config", "name", to="other"), "values of charts", OPERATOR,
     PLUGIN),
    ("eks-mig", in_chart("gpu-operator", "devicePlugin", "config", "default", to="a100"), "values of charts", OPERATOR,
     PLUGIN),
    ("eks-mig", in_chart("gpu-operator", "migManager", "config", "name", to="other"), "values of charts", OPERATOR,
     LAYOUTS),
    ("eks-mig", in_chart("gpu-operator", "migManager", "config", "default", to="a100-40gb-1g.5gb-7x"),
     "values of charts", OPERATOR, LAYOUTS),
    ("eks-mig", in_chart("gpu-operator", "mig", "strategy", to="single"), "values of charts", OPERATOR, PLUGIN),
    ("eks-mps", in_chart("gpu-operator", "mig", "strategy", to="mixed"), "values of charts", OPERATOR, PLUGIN),
    ("gke-mixed", in_chart("gpu-operator", "dcgmExporter", "config", "name", to="other"), "values of charts", OPERATOR,
     "ConfigMap mizan-dcgm-counters"),
    ("gke-whole", in_chart("dcgm-exporter", "extraConfigMapVolumes", to=[{"configMap": {"name": "other"}}]),
     "values of charts", "chart dcgm-exporter", "ConfigMap mizan-dcgm-counters"),
    ("eks-whole", in_chart("gpu-operator", "dcgmExporter", to={"enabled": False}), "values of charts", OPERATOR,
     "plan of test"),
    ("eks-time-slicing", in_chart("gpu-operator", "dcgmExporter", "env", to=[]), "values of charts", OPERATOR, PLUGIN),
    ("gke-time-slicing", in_chart("dcgm-exporter", "extraEnv", to=[]), "values of charts", "chart dcgm-exporter",
     GKE_POOL),
    ("eks-whole", in_chart("gpu-operator", "dcgmExporter", "env", to=[
        {"name": "KUBERNETES_VIRTUAL_GPUS", "value": "true"}]), "values of charts", OPERATOR, PLANNED),
    ("eks-mig", in_chart("karpenter", "settings", "featureGates", "nodeOverlay", to=False), "values of charts",
     "chart karpenter", OVERLAY),
    ("eks-whole", in_chart("karpenter", "settings", "clusterName", to="other"), "values of charts", "chart karpenter",
     "plan of test"),
    ("gke-whole", in_arguments("location", to="us-central1-a"), "zones", GKE_POOL, PLANNED),
    ("eks-mig", in_manifest("Deployment", "spot-a100", "spec", "template", "spec", "tolerations", to=[]), "tolerations",
     "Deployment spot-a100", PLANNED),
    ("eks-mig", in_manifest("Deployment", "spot-a100", "spec", "template", "spec", "nodeSelector",
                            "nvidia.com/mig.config", to="other"), "set-up of nodes", FLAVOR, "Deployment spot-a100"),
    ("eks-whole", in_chart("gpu-operator", "daemonsets", "tolerations", to=[]), "tolerations", OPERATOR, PLANNED),
    ("gke-whole", in_chart("dcgm-exporter", "tolerations", to=[]), "tolerations", "chart dcgm-exporter", PLANNED),
    ("eks-mig", in_chart("gpu-operator", "migManager", "enabled", to=False), "values of charts", OPERATOR, LAYOUTS),
    ("eks-whole", in_manifest("ClusterQueue", "training", "spec", "namespaceSelector", "matchExpressions", 0,
                              "operator", to="NotIn"), "namespaces", "LocalQueue training of team-a", QUEUE),
    # Policies.
    ("gke-whole", in_manifest("Namespace", "team-a", "metadata", "labels", "cost-center", to=""), "policy",
     "policy namespaces-carry-cost-labels", "Namespace team-a"),
    ("local-whole", in_manifest("Namespace", "team-a", "metadata", "labels", "team", to="other"), "labels of the bill",
     "Namespace team-a", "plan of team-a"),
    ("eks-whole", in_manifest("Namespace", "team-a", "metadata", "labels", "project", to="other"), "labels of the bill",
     "Namespace team-a", "plan of team-a"),
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
     in_arguments("node_config", "guest_accelerators", 0, "gpu_sharing_config", "max_shared_clients_per_gpu", to=5),
     "units of a GPU", GKE_POOL, PARTS),
    ("gke-mixed", in_arguments("node_config", "labels", "nvidia.com/mig.config", to="all-1g.5gb"), "set-up of nodes",
     LAYOUTS, GKE_POOL),
    ("gke-whole", in_arguments(*SHARED, "type", to="nvidia-l4"), "kind of machine", GKE_POOL, "machine a2-highgpu-4g"),
    ("gke-mig", in_arguments(*SHARED, "type", to="nvidia-l4"), "kind of machine", GKE_POOL, "machine a2-highgpu-4g"),
    ("gke-mixed", in_arguments(*DRIVER, to="DEFAULT"), "who sets nodes up", GKE_POOL, PLANNED),
    ("gke-whole", in_arguments(*DRIVER, to="INSTALLATION_DISABLED"), "who sets nodes up", GKE_POOL, PLANNED),
    ("gke-whole", in_arguments("node_locations", to=["europe-west4-a"]), "region", GKE_POOL, ROW),
    ("gke-whole", in_arguments("node_locations", to=["us-central10-a"]), "region", GKE_POOL, ROW),
    ("gke-whole", in_arguments("node_locations", to=["us-central1-a"]), "zones", GKE_POOL, PLANNED),
    ("gke-whole", in_arguments("node_config", "resource_labels", "pool", to="x"), "labels of the bill", GKE_POOL,
     PLANNED),
    ("gke-whole", in_arguments("node_config", "taints", to=lambda taints: [*taints, GKE_TAINT]), "taints", FLAVOR,
     GKE_POOL),
    # Karpenter's NodePools and overlays.
    ("eks-whole", requirement("karpenter.k8s.aws/instance-gpu-name", ["h100"]), "kind of machine", POOL,
     "machine p4d.24xlarge"),
    ("eks-whole", requirement("kubernetes.io/arch", ["arm64"]), "kind of machine", POOL, "machine p4d.24xlarge"),
    ("eks-whole", in_manifest("EC2NodeClass", "a100", "spec", "tags", "mizan.dev/pool", to="x"), "labels of the bill",
     "EC2NodeClass a100", PLANNED),
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
    ("local-whole", in_manifest("ResourceFlavor", "a100", *FLAVOR_LABELS, to={}), "node labels", FLAVOR,
     "plan of a100"),
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
    ("eks-dra", mapping(deviceClassNames=["other.mizan.dev"]), "devices", KUEUE, "DeviceClass "),
    ("eks-dra", mapping(name="mizan.dev/other"), "devices", QUEUE, KUEUE),
    ("eks-dra", in_manifest("DeviceClass", "a100", "spec", "selectors", 0, "cel", "expression",
                            to=lambda text: text.replace("A100-SXM4-40GB", "H100")), "devices", POOL, CLASS),
    ("eks-dra", in_manifest("ResourceQuota", "gpu-quota", "spec", "hard",
                            "a100-40gb-1g.5gb.mizan.dev.deviceclass.resource.k8s.io/devices", to="3"),
     "quota", LIMIT, QUEUE),
    ("local-dra", without_a_device, "units of a GPU", "devices of pool a100", PARTS),
    ("local-dra", in_manifest("ResourceClaimTemplate", "", "spec", "spec", "devices", "requests", 0, "exactly",
                              "deviceClassName", to="x.mizan.dev"),
     "devices", "ResourceClaimTemplate a100-40gb-1g.5gb", "DeviceClass "),
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


def test_what_is_renamed_is_missed_under_its_old_name_and_planned_by_nobody_under_the_new_one():
    change = in_manifest("EC2NodeClass", "a100", "metadata", "name", to="other")
    assert broken("eks-whole", change) == [
        ("documents", "NodePool spot-a100", "EC2NodeClass a100"),
        ("documents", "EC2NodeClass other", "plan of test"),
    ]


def test_what_a_queue_has_a_quota_of_and_does_not_cover_is_missed_by_nodes_and_namespace():
    change = in_manifest("ClusterQueue", "training", "spec", "resourceGroups", 0, "coveredResources", to=[])
    assert broken("eks-whole", change) == [
        ("resources", "parts of spot-a100", "ClusterQueue training"),
        ("resources", "ResourceQuota gpu-quota of team-a", "ClusterQueue training"),
    ]
