"""NVIDIA's DCGM exporter: its counters, and the values of either chart that brings it.

It comes with the GPU operator where a node has that, and by a chart of its own on nodes that GKE sets up.

By itself the exporter knows one pod for each GPU, the last that it finds. Where GPUs are shared by time-slicing or MPS
it is told to look for all of them (`KUBERNETES_VIRTUAL_GPUS`). What its series count then: mizan/manifests/
dcgm_monitors.py. It adds no labels of pods then, only names: labels are to be joined by `pod_uid`.

Source, where no other is named: NVIDIA/dcgm-exporter@4.5.3-4.8.2 deployment/ and internal/pkg/transformation/
kubernetes.go; NVIDIA/gpu-operator@v26.7.0 deployments/gpu-operator/values.yaml and controllers/object_controls.go,
TransformDCGMExporter. The operator's exporter is 4.8.3, of which the source was not read.
"""

import hashlib
from collections.abc import Sequence

from mizan import keys
from mizan.config import Cloud, DcgmExporterAddon, Install
from mizan.manifests.dcgm_monitors import NAME, has_sharing_pods, operator_monitors, own_monitors
from mizan.manifests.driver_installer import DRIVER_FOLDER
from mizan.manifests.manifest import Manifest, manifest, tolerations_of_pools
from mizan.manifests.namespaces import their_namespace
from mizan.metrics import counters_csv
from mizan.plan import Plan, PoolPlan
from mizan.plan.dcgm_exporter import measured_alone, measured_by_operator
from mizan.plan.external import is_somebody_else_s

COUNTERS_NAME = "mizan-dcgm-counters"
COUNTERS_KEY = "dcgm-metrics.csv"
COUNTERS_FILE = f"/etc/dcgm-exporter/{COUNTERS_KEY}"

# Spares of the exporter's pods, while a node goes and another comes in its place.
_SPARE_PODS = 10


def dcgm_exporter(plan: Plan) -> list[Manifest]:
    """Return what is in the cluster beside the charts: counters and, if asked for, ServiceMonitors of the exporters.

    The operator's exporter is in the operator's namespace, its own chart's in one of its own.
    """
    settings = plan.dcgm_exporter
    if settings is None:
        return []
    installs = settings.install is Install.HELM
    found = []
    if plan.gpu_operator is not None:
        found += [counters_config(plan, keys.GPU_NAMESPACE), *operator_monitors(plan)]
    if pools := measured_alone(plan):
        found += [
            their_namespace(keys.DCGM_NAMESPACE) if is_somebody_else_s(settings, plan.cloud) else _namespace(),
            *([_quota(pools)] if installs and plan.cloud is Cloud.GKE else []),
            counters_config(plan, keys.DCGM_NAMESPACE),
            *own_monitors(plan),
        ]
    return found


def counters_config(plan: Plan, namespace: str) -> Manifest:
    """Return the ConfigMap of the counters.

    The exporter reads it once, and nothing starts it anew when only the content is another. So the name has a digest of
    it. To somebody else's exporter the name is told once, and stays.
    """
    return manifest("v1", "ConfigMap", counters_name(plan, namespace), namespace=namespace) | {
        "data": {COUNTERS_KEY: counters_csv()}
    }


def counters_name(plan: Plan, namespace: str) -> str:
    """Return the name of the counters' ConfigMap in a namespace that has an exporter: the operator's, or its own."""
    brought_by = (plan.dcgm_exporter, plan.gpu_operator if namespace == keys.GPU_NAMESPACE else plan.dcgm_exporter)
    if any(addon is None or addon.install is Install.EXTERNAL for addon in brought_by):
        return COUNTERS_NAME
    return f"{COUNTERS_NAME}-{hashlib.sha256(counters_csv().encode()).hexdigest()[:10]}"


def operator_values(plan: Plan) -> Manifest:
    """Return the value `dcgmExporter` of the GPU operator's chart.

    Its own ServiceMonitor has no relabelling of metrics, and the operator deletes the one of its name when it is off.
    """
    settings = plan.dcgm_exporter
    if settings is None or settings.install is Install.EXTERNAL:
        return {"enabled": False}
    pools = measured_by_operator(plan)
    return {
        "enabled": True,
        "config": {"name": counters_name(plan, keys.GPU_NAMESPACE)},
        "hostPID": has_sharing_pods(pools),
        "enablePodLabels": True,
        "enablePodUID": True,
        "podLabelAllowlistRegex": _pod_labels(),
        "env": _environment(settings, pools),
        "serviceMonitor": {"enabled": False},
    }


def chart_values(plan: Plan) -> Manifest:
    """Return the values of the exporter's own chart. A list in the values stands for the chart's whole list."""
    settings = plan.dcgm_exporter
    if settings is None:
        message = f"stack {plan.stack} has no exporter"
        raise ValueError(message)
    pools = measured_alone(plan)
    is_gke = plan.cloud is Cloud.GKE
    volume = "exporter-metrics-volume"
    items = [{"key": COUNTERS_KEY, "path": COUNTERS_KEY}]
    values: Manifest = {
        "arguments": ["-f", COUNTERS_FILE],
        "hostPID": has_sharing_pods(pools),
        "kubernetes": {"enablePodLabels": True, "enablePodUID": True, "podLabelAllowlistRegex": _pod_labels()},
        "extraEnv": [*(_GKE_ENVIRONMENT if is_gke else ()), *_environment(settings, pools)],
        "extraConfigMapVolumes": [
            {"name": volume, "configMap": {"name": counters_name(plan, keys.DCGM_NAMESPACE), "items": items}}
        ],
        "extraVolumeMounts": [
            {"name": volume, "mountPath": COUNTERS_FILE, "subPath": COUNTERS_KEY, "readOnly": True},
            *([{"name": _DRIVER, "mountPath": "/usr/local/nvidia", "readOnly": True}] if is_gke else []),
        ],
        "affinity": _affinity(plan),
        "tolerations": tolerations_of_pools(pools, plan.cloud),
        "serviceMonitor": {"enabled": False},
    }
    return values | (_GKE_VALUES if is_gke else {})


_DRIVER = "nvidia-install-dir-host"

# GKE has no container runtime that brings a GPU's devices and driver into a container which asks for no GPU, as this
# one must not. A privileged container sees the devices; it keeps the chart's capabilities, which are SYS_ADMIN alone,
# for the profiling counters. Kubernetes takes no privileged container that may not gain privileges.
# Source: GoogleCloudPlatform/accelerated-platforms@9320f3b platforms/gke-aiml/playground/templates/configsync/
# templates/_cluster_template/gmp-public/nvidia-dcgm, Google's own exporter;
# https://github.com/NVIDIA/dcgm-exporter/issues/59.
_GKE_VALUES: Manifest = {
    "securityContext": {"privileged": True, "allowPrivilegeEscalation": True},
    "extraHostVolumes": [{"name": _DRIVER, "hostPath": DRIVER_FOLDER}],
}
# GKE's device plugin names a GPU `nvidia0`, or `nvidia0/gi1`, where NVIDIA's gives its UUID.
_GKE_ENVIRONMENT = (
    {"name": "LD_LIBRARY_PATH", "value": "/usr/local/nvidia/lib64"},
    {"name": "DCGM_EXPORTER_KUBERNETES_GPU_ID_TYPE", "value": "device-name"},
)


def _environment(settings: DcgmExporterAddon, pools: Sequence[PoolPlan]) -> list[Manifest]:
    """Return how often GPUs are measured, and what it takes to find all pods that share one.

    Resources are found by NVIDIA's names alone; the one that the operator gives to parts of a GPU has to be added.
    """
    shares = any(keys.NVIDIA_SHARED_GPU in pool.sharing.amounts for pool in pools)
    return [
        {"name": "DCGM_EXPORTER_INTERVAL", "value": str(settings.scrape_interval_seconds * 1000)},
        *([{"name": "KUBERNETES_VIRTUAL_GPUS", "value": "true"}] if has_sharing_pods(pools) else []),
        *([{"name": "NVIDIA_RESOURCE_NAMES", "value": keys.NVIDIA_SHARED_GPU}] if shares else []),
    ]


def _pod_labels() -> list[str]:
    """Return patterns of the pods' labels that become labels of the series.

    Their names have no prefix there, and `_` for all but letters and digits: `kueue_x_k8s_io_queue_name`. Without a
    list every label of every pod would come, and each new value is a new series.
    Source: sigs.k8s.io/kueue@v0.19.2 pkg/constants/constants.go, the two that Kueue puts on the pods of a job.
    """
    cost = (*keys.NAMESPACE_COST_LABELS, keys.WORKLOAD_TYPE)
    queue = (keys.QUEUE_NAME, keys.LOCAL_QUEUE_NAME, "kueue.x-k8s.io/cluster-queue-name")
    patterns = (label.replace(".", r"\.") for label in (*cost, *queue))
    return [f"^{pattern}$" for pattern in patterns]


def _affinity(plan: Plan) -> Manifest:
    """Return which nodes have a GPU that nobody else measures."""
    has_gpu = keys.GKE_ACCELERATOR if plan.cloud is Cloud.GKE else keys.GPU_PRODUCT
    others = [pool.name for pool in measured_by_operator(plan)]
    terms = [
        {"key": has_gpu, "operator": "Exists"},
        *([{"key": keys.POOL, "operator": "NotIn", "values": others}] if others else []),
    ]
    selected = {"nodeSelectorTerms": [{"matchExpressions": terms}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": selected}}


def _namespace() -> Manifest:
    """Return the namespace; the exporter looks at devices of the node."""
    return manifest("v1", "Namespace", keys.DCGM_NAMESPACE, labels={keys.POD_SECURITY_ENFORCE: "privileged"})


def _quota(pools: Sequence[PoolPlan]) -> Manifest:
    """Return leave for pods of the highest priority, which GKE gives to no namespace but kube-system unasked.

    Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/manifests/input/google-gke-gpu-operator-quota.yaml.
    """
    body = manifest("v1", "ResourceQuota", f"{NAME}-quota", namespace=keys.DCGM_NAMESPACE)
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}
    body["spec"] = {
        "hard": {"pods": str(_SPARE_PODS + sum(offer.max_nodes for pool in pools for offer in pool.offers))},
        "scopeSelector": {"matchExpressions": [scope]},
    }
    return body
