"""What rules need of kube-state-metrics, which tells no label of anything unless asked.

Labels are asked for one by one. With `[*]` two labels of a pod that differ in a dot or a capital would be renamed to
`label_cost_center_conflict1` and `_conflict2`, and whoever sets the second one takes the first out of the bill.
Source: kube-state-metrics@v2.18.0 internal/store/utils.go, createPrometheusLabelKeysValues, mapToPrometheusLabels.

It has no series of ResourceClaims, and takes none of Kubernetes' own kinds into its custom ones.
Source: kube-state-metrics@v2.18.0 docs/metrics/extend/customresourcestate-metrics.md;
https://github.com/kubernetes/kube-state-metrics/issues/2979.
"""

from collections.abc import Mapping
from typing import Final

from mizan import keys
from mizan.metrics.selector import label_of

COST_CENTER: Final = label_of(keys.COST_CENTER)
TEAM: Final = label_of(keys.TEAM)
PROJECT: Final = label_of(keys.PROJECT)
WORKLOAD_TYPE: Final = label_of(keys.WORKLOAD_TYPE)
QUEUE: Final = label_of(keys.QUEUE_NAME)
LOCAL_QUEUE: Final = label_of(keys.LOCAL_QUEUE_NAME)
POOL: Final = label_of(keys.POOL)

# By any of them a node has GPUs of NVIDIA, whoever made it.
GPU_NODE_LABELS: Final = (keys.POOL, keys.GPU_PRODUCT, keys.GKE_ACCELERATOR, keys.GPU_COUNT)

LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "namespaces": (*keys.NAMESPACE_COST_LABELS, keys.STACK),
    "nodes": (*GPU_NODE_LABELS, keys.OWN_CAPACITY_TYPE, keys.CAPACITY_TYPE, keys.INSTANCE_TYPE, keys.ZONE),
    "pods": (
        keys.COST_CENTER,
        keys.TEAM,
        keys.WORKLOAD_TYPE,
        keys.LOCAL_QUEUE_NAME,
        keys.QUEUE_NAME,
        keys.SPOT_ELIGIBLE,
    ),
}
"""The labels that kube-state-metrics must tell, by its own names of kinds."""

SERIES: Final = (
    "kube_cronjob_created",
    "kube_cronjob_status_last_successful_time",
    "kube_namespace_labels",
    "kube_node_labels",
    "kube_node_spec_taint",
    "kube_node_status_allocatable",
    "kube_pod_container_resource_requests",
    "kube_pod_created",
    "kube_pod_info",
    "kube_pod_init_container_info",
    "kube_pod_init_container_resource_requests",
    "kube_pod_labels",
    "kube_pod_status_phase",
    "kube_pod_status_unschedulable",
)
"""What rules and alerts read of it."""


def labels_allowlist() -> str:
    """Return the value of its flag `--metric-labels-allowlist`."""
    return ",".join(f"{kind}=[{','.join(labels)}]" for kind, labels in LABELS.items())
