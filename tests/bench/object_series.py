"""What kube-state-metrics and Kueue tell of a large cluster.

All that kube-state-metrics tells of a node and a pod is here, read by us or not: 36 series of a node with a taint, 48
of a pod with one container, as its own executable told them of one node and one running pod of a Job.
Source: kube-state-metrics@v2.18.0, asked 2026-11-23; kubernetes-sigs/kueue@v0.19.2 pkg/metrics/metrics.go.
"""

from collections.abc import Container, Iterable, Iterator, Mapping

from local.gpu_metrics.objects import Cluster, Node, Pod
from mizan import keys
from mizan.metrics.dashboards.exporters import KUBE_STATE_METRICS, KUEUE
from mizan.metrics.kube_state import LABELS, SERIES
from mizan.metrics.selector import label_of, resource_of
from mizan.plan import Plan

# A series' name, its labels beside those of its object, its value.
Sample = tuple[str, Mapping[str, str], float]

READ = frozenset((*SERIES, *KUBE_STATE_METRICS))
"""What rules, alerts and boards read of kube-state-metrics."""

_CREATED = 1_795_392_000
_NODE_RESOURCES = {"cpu": "core", "memory": "byte", "pods": "integer", "ephemeral_storage": "byte"} | dict.fromkeys(
    ("hugepages_1Gi", "hugepages_2Mi"), "byte"
)
_POD_RESOURCES = {"cpu": "core", "memory": "byte"}
_CONDITIONS = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "Ready")
_PHASES = ("Pending", "Succeeded", "Failed", "Unknown", "Running")
_REASONS = ("Evicted", "NodeAffinity", "NodeLost", "Shutdown", "UnexpectedAdmissionError")
_TOLERATED = {"nvidia.com/gpu": "NoSchedule"} | dict.fromkeys(
    ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"), "NoExecute"
)
_TERNARY = {"true": 1, "false": 0, "unknown": 0}
_WAIT_BUCKETS = ("1", *(f"{2.5 * 2**step:g}" for step in range(13)), "+Inf")


def kube_state_text(plan: Plan, cluster: Cluster) -> str:
    """Return kube-state-metrics' answer where its flag `--metric-allowlist` names what ours read."""
    offered = {
        offer.pool: {resource_of(name): amount for name, amount in offer.resources.items()} for offer in plan.offers
    }
    return _text(
        (
            *(({"namespace": team.namespace}, _of_namespace(team.labels)) for team in plan.teams),
            *(({"node": node.name}, of_node(node, offered[node.labels[keys.POOL]])) for node in cluster.nodes),
            *(({"namespace": pod.namespace, "pod": pod.name, "uid": pod.uid}, of_pod(pod)) for pod in cluster.pods),
        ),
        READ,
    )


def kueue_text(plan: Plan) -> str:
    """Return Kueue's answer, with a job in every queue that waits."""
    return _text((({"cluster_queue": queue.name}, _of_queue(plan)) for queue in plan.queues), KUEUE)


def _text(told: Iterable[tuple[Mapping[str, str], Iterator[Sample]]], kept: Container[str]) -> str:
    by_name: dict[str, list[str]] = {}
    for own, samples in told:
        start = _written(own)
        for name, labels, value in samples:
            if name in kept:
                by_name.setdefault(name, []).append(f"{name}{{{start}{_written(labels)}}} {value}\n")
    return "".join(line for lines in by_name.values() for line in lines)


def _written(labels: Mapping[str, str]) -> str:
    return "".join(f'{name}="{value}",' for name, value in labels.items())


def _allowed(labels: Mapping[str, str], kind: str) -> dict[str, str]:
    return {label_of(key): labels[key] for key in LABELS[kind] if key in labels}


def _of_namespace(labels: Mapping[str, str]) -> Iterator[Sample]:
    yield "kube_namespace_created", {}, _CREATED
    yield "kube_namespace_labels", _allowed(labels, "namespaces"), 1
    for phase in ("Active", "Terminating"):
        yield "kube_namespace_status_phase", {"phase": phase}, int(phase == "Active")


def of_node(node: Node, offered: Mapping[str, int]) -> Iterator[Sample]:
    """Yield all that is told of a node that offers so many of its own resources."""
    labels = _allowed(node.labels, "nodes")
    told = {"kernel_version": "6.1", "os_image": "Container-Optimized OS", "provider_id": node.provider_id}
    yield "kube_node_created", {}, _CREATED
    yield "kube_node_info", told | {"container_runtime_version": "containerd://2.1", "kubelet_version": "v1.36.3"}, 1
    yield "kube_node_labels", labels, 1
    yield "kube_node_spec_taint", {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, 1
    yield "kube_node_spec_unschedulable", {}, 0
    for name in ("kube_node_status_allocatable", "kube_node_status_capacity"):
        for resource, unit in _NODE_RESOURCES.items():
            yield name, {"resource": resource, "unit": unit}, 1
        for resource, amount in offered.items():
            yield name, {"resource": resource, "unit": "integer"}, amount
    for condition in _CONDITIONS:
        for status in _TERNARY:
            is_so = status == ("true" if condition == "Ready" else "false")
            yield "kube_node_status_condition", {"condition": condition, "status": status}, int(is_so)
    for kind, address in (("InternalIP", "10.1.1.1"), ("Hostname", node.name)):
        yield "kube_node_status_addresses", {"type": kind, "address": address}, 1


def of_pod(pod: Pod) -> Iterator[Sample]:
    """Yield all that is told of a running pod."""
    yield from _of_object(pod)
    yield from _of_containers(pod)
    yield from _of_status()


def _of_object(pod: Pod) -> Iterator[Sample]:
    owner = f"{pod.name}-job"
    made = {"created_by_kind": "Job", "created_by_name": owner, "priority_class": "batch", "host_network": "false"}
    yield "kube_pod_info", {"host_ip": "10.1.1.1", "pod_ip": "10.4.0.5", "node": pod.node, **made}, 1
    yield "kube_pod_labels", _allowed(pod.labels, "pods"), 1
    yield "kube_pod_owner", {"owner_kind": "Job", "owner_name": owner, "owner_is_controller": "true"}, 1
    yield "kube_pod_ips", {"ip": "10.4.0.5", "ip_family": "4"}, 1
    yield "kube_pod_restart_policy", {"type": "Never"}, 1
    yield "kube_pod_service_account", {"service_account": "default"}, 1
    yield "kube_pod_scheduler", {"name": "default-scheduler"}, 1
    for key, effect in _TOLERATED.items():
        yield "kube_pod_tolerations", {"key": key, "operator": "Exists", "effect": effect}, 1
    for moment in ("created", "start_time"):
        yield f"kube_pod_{moment}", {}, _CREATED
    for moment in ("ready", "initialized", "container_ready", "scheduled"):
        yield f"kube_pod_status_{moment}_time", {}, _CREATED


def _of_containers(pod: Pod) -> Iterator[Sample]:
    for container in pod.containers:
        own = {"container": container.name}
        image = {"image": "pytorch/pytorch:2.9", "image_id": "sha256:0", "container_id": f"containerd://{pod.uid}"}
        yield "kube_pod_container_info", {**own, **image}, 1
        yield "kube_pod_container_state_started", own, _CREATED
        for name, value in {"ready": 1, "restarts_total": 0, "running": 1, "terminated": 0, "waiting": 0}.items():
            yield f"kube_pod_container_status_{name}", own, value
        for name in ("kube_pod_container_resource_requests", "kube_pod_container_resource_limits"):
            for resource, unit in _POD_RESOURCES.items():
                yield name, {**own, "node": pod.node, "resource": resource, "unit": unit}, 8
            for key, amount in container.amounts.items():
                yield name, {**own, "node": pod.node, "resource": resource_of(key), "unit": "integer"}, amount


def _of_status() -> Iterator[Sample]:
    for phase in _PHASES:
        yield "kube_pod_status_phase", {"phase": phase}, int(phase == "Running")
    for quality in ("BestEffort", "Burstable", "Guaranteed"):
        yield "kube_pod_status_qos_class", {"qos_class": quality}, int(quality == "Guaranteed")
    for name in ("ready", "scheduled"):
        for condition, value in _TERNARY.items():
            yield f"kube_pod_status_{name}", {"condition": condition}, value
    for reason in _REASONS:
        yield "kube_pod_status_reason", {"reason": reason}, 0


def _of_queue(plan: Plan) -> Iterator[Sample]:
    for status in ("active", "inadmissible"):
        yield "kueue_pending_workloads", {"status": status}, int(status == "active")
    yield "kueue_admitted_workloads_total", {}, 100
    for number, bound in enumerate(_WAIT_BUCKETS):
        yield "kueue_admission_wait_time_seconds_bucket", {"le": bound}, 10 * number
    for offer in plan.offers:
        for resource in offer.resources:
            of = {"flavor": offer.name, "resource": resource}
            yield "kueue_cluster_queue_resource_usage", of, 4
            yield "kueue_cluster_queue_nominal_quota", of, 8
