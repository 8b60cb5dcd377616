"""Jobs that wait: for quota that is theirs, and for nodes that do not come.

A queue that uses all its quota is busy, not starving, and stuck if nobody gets in for hours. Kueue tells a wait only
when it is over, so that a job which is never admitted is seen by the queue that it stands in.
Source: kubernetes-sigs/kueue@v0.19.2 pkg/metrics/metrics.go; use and quota are there with its setting
`metrics.enableClusterQueueResources`, without which every queue that waits is told.
"""

from collections.abc import Iterator

from mizan.metrics import kube_state
from mizan.metrics.alerts.watch import NUMBER, Severity, Watch
from mizan.metrics.counting import risen
from mizan.metrics.prices import GPU_RESOURCES
from mizan.metrics.rule import Alert
from mizan.metrics.selector import differs, matches

# Kueue has resources by their own names, also those of devices that pods claim.
_QUEUED_GPUS = matches("resource", r"nvidia\.com/.+|deviceclass\.resource\.kubernetes\.io/.+")
# Half a working day, in which most jobs end.
_STUCK_MINUTES = 360

_POD = "namespace, pod, uid"


def queue_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of jobs in queues and of pods without a node."""
    yield _starving(watch)
    yield _stuck(watch)
    yield _slow(watch)
    yield _without_node(watch)


def _starving(watch: Watch) -> Alert:
    minutes = watch.limits.queue_minutes
    return watch.alert(
        "GpuQueueStarving",
        f"{_without_admission(watch)} unless on (cluster_queue) {_is_full(watch)}",
        Severity.WARNING,
        minutes=minutes,
        summary=f"{NUMBER} jobs wait in queue {{{{ $labels.cluster_queue }}}}, which has GPUs of its own left, and "
        f"none was admitted for {minutes} minutes.",
        description="Waiting costs no dollar, but people's time and whatever GPUs stand idle meanwhile. Somebody "
        "borrows the queue's quota, or its first job asks for more than is left. See why Kueue does not admit it.",
    )


def _stuck(watch: Watch) -> Alert:
    return watch.alert(
        "GpuQueueStuck",
        f"{_without_admission(watch)} and on (cluster_queue) {_is_full(watch)}",
        Severity.INFO,
        minutes=_STUCK_MINUTES,
        summary=f"{NUMBER} jobs wait in queue {{{{ $labels.cluster_queue }}}}, all of whose GPUs are in use, and none "
        f"was admitted for {_STUCK_MINUTES // 60} hours.",
        description="Long jobs hold all of its quota, or such as never end and are paid for nothing. See whether they "
        "still get on; then give them a longest run time, or the queue more quota.",
    )


def _slow(watch: Watch) -> Alert:
    minutes = watch.limits.queue_minutes
    buckets = watch.source.metric("kueue_admission_wait_time_seconds_bucket")
    median = f"histogram_quantile(0.5, sum by (cluster_queue, le) (increase({buckets}[6h])))"
    return watch.alert(
        "GpuQueueSlow",
        f"{median} / 60 > {minutes}",
        Severity.INFO,
        minutes=30,
        summary=f"Half of the jobs that queue {{{{ $labels.cluster_queue }}}} admitted in 6 hours had waited longer "
        f"than {NUMBER} minutes.",
        description="The queue has less quota than work. Before more is bought, see whether GPUs stand idle or "
        "unallocated at the same time: those are paid already.",
    )


def _without_node(watch: Watch) -> Alert:
    source, minutes = watch.source, watch.limits.node_minutes
    asks = source.metric("kube_pod_container_resource_requests", matches("resource", GPU_RESOURCES))
    pods = (
        f"max by ({_POD}) ({source.metric('kube_pod_status_unschedulable')} == 1)"
        f" and on ({_POD}) {asks} and on ({_POD}) (time() - {source.metric('kube_pod_created')} > {minutes * 60})"
    )
    by_namespace = f"count by (namespace) ({pods})"
    named = source.metric("kube_namespace_labels", differs(kube_state.TEAM, ""))
    team = f'topk by (namespace) (1, label_join({named}, "team", "", "{kube_state.TEAM}"))'
    return watch.alert(
        "GpuPodsWaitForNodes",
        f"{by_namespace} * on (namespace) group_left (team) {team} or on (namespace) {by_namespace}",
        Severity.WARNING,
        minutes=5,
        summary=f"{NUMBER} admitted pods of namespace {{{{ $labels.namespace }}}} have waited for a node with GPUs for "
        f"more than {minutes} minutes.",
        description="They cost nothing yet, but hold quota that others wait for, and pods of the same job that have a "
        "node are paid for and wait too. The cloud has no such machine, a quota of the account is reached, or no node "
        "fits the pods.",
    )


def _without_admission(watch: Watch) -> str:
    """Return the queues in which jobs wait, and none was admitted for a while."""
    source, minutes = watch.source, watch.limits.queue_minutes
    waiting = _of_queues(source.metric("kueue_pending_workloads"), "status")
    admitted = risen(source.metric("kueue_admitted_workloads_total"), f"{minutes}m", "cluster_queue")
    return f"{waiting} > 0 unless on (cluster_queue) ({admitted} > 0)"


def _is_full(watch: Watch) -> str:
    """Return the queues that use all GPUs that are theirs, or more."""
    used, nominal = (
        _of_queues(watch.source.metric(f"kueue_cluster_queue_{name}", _QUEUED_GPUS), "flavor, resource")
        for name in ("resource_usage", "nominal_quota")
    )
    return f"({used} >= on (cluster_queue) {nominal})"


def _of_queues(series: str, parts: str) -> str:
    """Return the sum of a queue's parts, each once however many replicas of Kueue tell it."""
    return f"sum by (cluster_queue) (max by (cluster_queue, {parts}) ({series}))"
