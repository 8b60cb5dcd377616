"""How Prometheus reads NVIDIA's DCGM exporter, and what each of its series counts.

**Pods that share a GPU.** Where the exporter looks for all of them, GPU_UTIL and FB_USED are there once for the GPU and
once for each pod, with the pod's own part, on all nodes of that exporter; every other field is there once for each pod
that shares, with the whole GPU's value each time. Nothing of that is dropped. Each series has written onto it what it
counts, in label SERIES: sum `gpu` by GPU, take the maximum of `copy` by UUID and GPU_I_ID, sum `process` by pod.

**Idle GPUs.** A series of a GPU that no pod has comes without pod, namespace and container. Prometheus would fill in
the exporter's own, and charge idle GPUs to it; those three are taken off the target.

Source, where no other is named: NVIDIA/dcgm-exporter@4.5.3-4.8.2 internal/pkg/transformation/kubernetes.go.
"""

from collections.abc import Mapping, Sequence

from mizan import keys
from mizan.config import DcgmExporterAddon
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.prometheus import object_labels
from mizan.metrics.usage import PROCESS, SERIES
from mizan.plan import Plan, PoolPlan
from mizan.plan.dcgm_exporter import measured_alone, measured_by_operator
from mizan.sharing import SharingMode

NAME = "dcgm-exporter"

JOB = NAME
"""Prometheus' `job`, whichever chart the exporter is of."""

# The operator's Service, and that of its other mode, in which pods claim devices.
# Source: NVIDIA/gpu-operator@v26.7.0 assets/state-dcgm-exporter/0400_service.yaml, manifests/state-dcgm-exporter/
# 0500_service.yaml.
_OPERATOR_SERVICE = "nvidia-dcgm-exporter"
_OPERATOR_SERVICE_OF_CLAIMS = "nvidia-dcgm-exporter-dra"

_MONITORING = "monitoring.coreos.com/v1"

_PER_PROCESS = "DCGM_FI_DEV_(GPU_UTIL|FB_USED)"

_LONGEST_SCRAPE_SECONDS = 10


def operator_monitors(plan: Plan) -> list[Manifest]:
    """Return the ServiceMonitor of the operator's exporter, if it is asked for."""
    settings, pools = plan.dcgm_exporter, measured_by_operator(plan)
    if settings is None or not settings.service_monitor or not pools:
        return []
    claims = any(pool.sharing.mode is SharingMode.DRA for pool in plan.pools)
    service = _OPERATOR_SERVICE_OF_CLAIMS if claims else _OPERATOR_SERVICE
    labels = object_labels(plan)
    body = manifest(_MONITORING, "ServiceMonitor", f"mizan-{service}", namespace=keys.GPU_NAMESPACE, labels=labels)
    return [body | {"spec": _read_by(settings, pools, {"app": service}, keys.GPU_NAMESPACE, "gpu-metrics")}]


def own_monitors(plan: Plan) -> list[Manifest]:
    """Return the ServiceMonitor of the exporter that stands alone, if it is asked for."""
    settings, pools = plan.dcgm_exporter, measured_alone(plan)
    if settings is None or not settings.service_monitor or not pools:
        return []
    labels = object_labels(plan)
    body = manifest(_MONITORING, "ServiceMonitor", f"mizan-{NAME}", namespace=keys.DCGM_NAMESPACE, labels=labels)
    selected = {"app.kubernetes.io/name": NAME}
    return [body | {"spec": _read_by(settings, pools, selected, keys.DCGM_NAMESPACE, "metrics")}]


def has_sharing_pods(pools: Sequence[PoolPlan]) -> bool:
    """Return whether pods share a GPU that is not cut: their processes are told apart on the host, by its PIDs."""
    return any(pool.sharing.replicas > 1 for pool in pools)


def relabelings(*, has_parts: bool) -> list[Manifest]:
    """Return how the exporter's series are labelled anew, as a ServiceMonitor has it.

    Args:
        has_parts: whether the exporter looks for all pods of a GPU; see `has_sharing_pods`.
    """
    return [*_one_host_name(), *_what_is_counted(has_parts=has_parts)]


def _read_by(
    settings: DcgmExporterAddon, pools: Sequence[PoolPlan], selected: Mapping[str, str], namespace: str, port: str
) -> Manifest:
    """Return how Prometheus reads an exporter, by the labels of its Service.

    Source: github.com/prometheus-operator/prometheus-operator@v0.85.0 pkg/prometheus/promcfg.go,
    generateServiceMonitorConfig: ours come after its own.
    """
    interval = settings.scrape_interval_seconds
    return {
        "namespaceSelector": {"matchNames": [namespace]},
        "selector": {"matchLabels": dict(selected)},
        "endpoints": [
            {
                "port": port,
                "path": "/metrics",
                "interval": f"{interval}s",
                "scrapeTimeout": f"{min(interval, _LONGEST_SCRAPE_SECONDS)}s",
                # Pod, namespace and container are those that have the GPU, and OpenCost reads them by these names.
                "honorLabels": True,
                "relabelings": [
                    {"action": "labeldrop", "regex": "pod|namespace|container"},
                    {"action": "replace", "targetLabel": "job", "replacement": JOB},
                ],
                "metricRelabelings": relabelings(has_parts=has_sharing_pods(pools)),
            }
        ],
    }


def _one_host_name() -> list[Manifest]:
    """Return rules after which a series has both names of the node's label: it was renamed in 4.8.3.

    Source: https://github.com/NVIDIA/dcgm-exporter/pull/655.
    """
    return [
        {"action": "replace", "sourceLabels": [one], "regex": "(.+)", "targetLabel": other, "replacement": "$1"}
        for one, other in (("Hostname", "hostname"), ("hostname", "Hostname"))
    ]


def _what_is_counted(*, has_parts: bool) -> list[Manifest]:
    """Return rules that say of each series whether it counts the GPU, repeats it for a pod, or counts the pod's part.

    Pods that claim one device together repeat it as well.
    """
    copies = {"sourceLabels": ["vgpu", "dra_device_name"], "separator": "", "regex": ".+"}
    parts = {"sourceLabels": ["__name__", "pod"], "separator": ";", "regex": f"{_PER_PROCESS};.+"}
    return [
        {"action": "replace", "targetLabel": SERIES, "replacement": "gpu"},
        {"action": "replace", **copies, "targetLabel": SERIES, "replacement": "copy"},
        *([{"action": "replace", **parts, "targetLabel": SERIES, "replacement": PROCESS}] if has_parts else []),
    ]
