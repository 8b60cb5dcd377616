"""Alerts of queues, spot and broken GPUs: when each fires, and when it is silent."""

from mizan import keys
from tests.alert_cases import Gives, Told
from tests.alerts_told import evaluated, fires, price, silent
from tests.metric_series import KSM, a_namespace, dcgm
from tests.promtool import present, series


def kueue(name, values, **labels):
    return series(f"kueue_{name}", values, cluster_queue="training", replica_role="leader", **labels)


def pending(active, inadmissible="0x200"):
    return [
        kueue("pending_workloads", active, status="active"),
        kueue("pending_workloads", inadmissible, status="inadmissible"),
    ]


def quota(used, nominal):
    asked = {"cohort": "", "flavor": "spot-a100", "resource": "nvidia.com/gpu"}
    return [
        kueue("cluster_queue_resource_usage", f"{used}x200", **asked),
        kueue("cluster_queue_nominal_quota", f"{nominal}x200", **asked),
        kueue("cluster_queue_resource_usage", "0x200", **asked | {"resource": "cpu"}),
        kueue("cluster_queue_nominal_quota", "1000x200", **asked | {"resource": "cpu"}),
    ]


def admitted(values):
    return kueue("admitted_workloads_total", values, priority_class="")


def waits(long, short):
    """A histogram of waits: so many jobs a minute that waited two and a half hours, so many that did not wait."""
    buckets = {"1": short, "5120": short, "10240": short + long, "+Inf": short + long}
    return [kueue("admission_wait_time_seconds_bucket", f"0+{rate}x200", le=le) for le, rate in buckets.items()]


def waiting_pod(created=0, resource="nvidia_com_gpu", namespace="team-a"):
    pod = {"namespace": namespace, "pod": "p1", "uid": "u1", **KSM}
    asks = series(
        "kube_pod_container_resource_requests",
        "4x200",
        container="main",
        node="",
        resource=resource,
        unit="integer",
        **pod,
    )
    return [
        asks,
        series("kube_pod_status_unschedulable", "1x200", **pod),
        series("kube_pod_created", f"{created}x200", **pod),
    ]


STARVING = {"cluster_queue": "training", "severity": "warning"}

QUEUES = [
    fires(
        "a queue is told whose own quota nobody lets it have",
        "GpuQueueStarving",
        [*pending("2x200"), *quota(4, 12), admitted("7x200")],
        130,
        STARVING,
    ),
    fires(
        "jobs that Kueue has set aside wait as well",
        "GpuQueueStarving",
        [*pending("0x200", "1x200"), *quota(4, 12)],
        70,
        STARVING,
    ),
    silent(
        "a queue that uses all its quota is busy, not starving",
        "GpuQueueStarving",
        [*pending("2x200"), *quota(12, 12), admitted("7x200")],
        130,
    ),
    silent(
        "a queue that goes on is not starving",
        "GpuQueueStarving",
        [*pending("2x200"), *quota(4, 12), admitted("0x100 1x100")],
        130,
    ),
    silent(
        "the first job that a queue ever admits is seen",
        "GpuQueueStarving",
        [*pending("2x200"), *quota(4, 12), admitted("_x100 1x100")],
        130,
    ),
    silent("an empty queue is not starving", "GpuQueueStarving", [*pending("0x200"), *quota(0, 12)], 130),
    fires(
        "a queue is told in which half of the jobs wait too long",
        "GpuQueueSlow",
        waits(long=3, short=1),
        60,
        {"cluster_queue": "training", "severity": "info"},
    ),
    silent("a queue is not told in which a few jobs wait long", "GpuQueueSlow", waits(long=1, short=3), 60),
    silent("a queue that admits nothing has no median", "GpuQueueSlow", waits(long=0, short=0), 60),
    fires(
        "pods that no node comes for are told to their team",
        "GpuPodsWaitForNodes",
        [*waiting_pod(), *a_namespace("team-a", "1x200")],
        40,
        {"namespace": "team-a", "team": "team-a", "severity": "warning"},
    ),
    fires(
        "pods without a team that no node comes for are told too",
        "GpuPodsWaitForNodes",
        waiting_pod(namespace="lab"),
        40,
        {"namespace": "lab"},
    ),
    silent("pods that have just come are not told", "GpuPodsWaitForNodes", waiting_pod(created=1200), 40),
    silent("pods that wait for CPUs are not told", "GpuPodsWaitForNodes", waiting_pod(resource="cpu"), 40),
]

# Of samples that are five minutes apart.
STUCK = [
    fires(
        "a queue is told all of whose quota is held by jobs that do not end",
        "GpuQueueStuck",
        [*pending("2x200"), *quota(12, 12), admitted("0x8 7x192")],
        480,
        {"cluster_queue": "training", "severity": "info"},
    ),
    silent(
        "a queue that is full for an hour is busy, not stuck",
        "GpuQueueStuck",
        [*pending("2x200"), *quota(12, 12), admitted("7x200")],
        130,
    ),
    silent(
        "a full queue that admits now and then is not stuck",
        "GpuQueueStuck",
        [*pending("2x200"), *quota(12, 12), admitted("0x60 7x140")],
        480,
    ),
    silent(
        "a queue with quota left is starving, not stuck",
        "GpuQueueStuck",
        [*pending("2x200"), *quota(4, 12)],
        480,
    ),
    silent("a full queue in which nobody waits is not stuck", "GpuQueueStuck", quota(12, 12), 480),
]


def leaving(count, taint, *, within=20):
    """Spot nodes that go one after the other, each with a taint in its last minutes."""
    found = []
    for n in range(count):
        found += price(f"s{n}", values=f"x{within + n} stale")
        if taint:
            labels = {"node": f"s{n}", "key": taint, "effect": "NoSchedule"}
            found.append(series("kube_node_spec_taint", present(within + n - 3, within + n), **labels, **KSM))
    return [*found, evaluated("1x200")]


TAKEN = {"offer": "spot-a100", "severity": "warning"}

SPOT_LOCAL = [
    fires(
        "an offer is told of which many nodes are taken back",
        "SpotInterrupted",
        leaving(11, keys.SPOT_INTERRUPTION_TAINT),
        60,
        TAKEN,
    ),
    silent(
        "ten nodes that are taken back are not told", "SpotInterrupted", leaving(10, keys.SPOT_INTERRUPTION_TAINT), 60
    ),
    silent("nodes that go by themselves are not told", "SpotInterrupted", leaving(11, None), 60),
]
SPOT_GKE = [
    fires("nodes that go on GKE without a word are taken back", "SpotInterrupted", leaving(11, None), 60, TAKEN),
    silent(
        "nodes that the cluster autoscaler removes are not taken back",
        "SpotInterrupted",
        leaving(11, "ToBeDeletedByClusterAutoscaler"),
        60,
    ),
    silent(
        "nodes of which nobody tells any more are not taken back",
        "SpotInterrupted",
        [*(each for n in range(20) for each in price(f"s{n}", values="x20 stale 5x20")), evaluated("1x20 stale 1x20")],
        38,
    ),
]


def disrupted(values, reason="spot_interrupted", **labels):
    return series(
        "karpenter_nodeclaims_disrupted_total",
        values,
        reason=reason,
        capacity_type="spot",
        **{"nodepool": "spot-a100"} | labels,
    )


SPOT_EKS = [
    fires("interruptions that Karpenter counts are told", "SpotInterrupted", [disrupted("0+1x11 11x100")], 60, TAKEN),
    fires(
        "those count that were there when Karpenter was first asked",
        "SpotInterrupted",
        [disrupted("_x10 11x100")],
        60,
        TAKEN,
    ),
    silent("ten that Karpenter counts are not told", "SpotInterrupted", [disrupted("0+1x10 10x100")], 60),
    silent(
        "nodes that Karpenter ends for other reasons are not told",
        "SpotInterrupted",
        [disrupted("0+1x100", reason="underutilized")],
        60,
    ),
]


def fault(field, values, uuid="GPU-0", **labels):
    return dcgm(field, values, uuid=uuid, **labels)


def copies(field, values):
    """What DCGM tells of one GPU that two pods share."""
    return [
        *dcgm(field, values, counts="copy", pod="p1", namespace="team-a", vgpu="0"),
        *dcgm(field, values, counts="copy", pod="p2", namespace="team-b", vgpu="1"),
    ]


GPU = {"node": "n1", "gpu": "0", "UUID": "GPU-0"}
CRITICAL, WARNING = {"severity": "critical"}, {"severity": "warning"}
FULL_SECOND = 1_000_000_000 * 60

HEALTH = [
    fires(
        "a GPU that fell off the bus is told", "GpuFailed", fault("DEV_XID_ERRORS", "0x5 79x100"), 10, GPU | CRITICAL
    ),
    fires("a fault of a GPU that pods share is told once", "GpuFailed", copies("DEV_XID_ERRORS", "48x100"), 10, GPU),
    silent("an error of a program is no fault of its GPU", "GpuFailed", fault("DEV_XID_ERRORS", "31x100"), 10),
    silent("no error is none", "GpuFailed", fault("DEV_XID_ERRORS", "0x100"), 10),
    fires("an error that no program makes is told", "GpuXid", fault("DEV_XID_ERRORS", "63x100"), 10, GPU | WARNING),
    silent("an error of a program is not told at all", "GpuXid", fault("DEV_XID_ERRORS", "43x100"), 10),
    silent("a fatal error is not told twice", "GpuXid", fault("DEV_XID_ERRORS", "95x100"), 10),
    fires(
        "an uncorrectable memory error is told",
        "GpuMemoryError",
        fault("DEV_ECC_DBE_VOL_TOTAL", "0x5 1x100"),
        10,
        GPU | CRITICAL,
    ),
    silent("memory without errors is not told", "GpuMemoryError", fault("DEV_ECC_DBE_VOL_TOTAL", "0x100"), 10),
    fires(
        "a row without a spare is told", "GpuRemapFailed", fault("DEV_ROW_REMAP_FAILURE", "1x100"), 10, GPU | CRITICAL
    ),
    silent("rows with spares are not told", "GpuRemapFailed", fault("DEV_ROW_REMAP_FAILURE", "0x100"), 10),
    fires("a row that waits is told", "GpuRemapPending", fault("DEV_ROW_REMAP_PENDING", "1x100"), 70, GPU | WARNING),
    silent(
        "a row that waits less than an hour is not told",
        "GpuRemapPending",
        fault("DEV_ROW_REMAP_PENDING", "1x50 0x100"),
        70,
    ),
    fires("a GPU that is hot is told", "GpuHot", fault("DEV_GPU_TEMP", "85x100"), 20, GPU | WARNING),
    silent("a GPU that is warm is not told", "GpuHot", fault("DEV_GPU_TEMP", "84x100"), 20),
    silent("a GPU that was hot for a moment is not told", "GpuHot", fault("DEV_GPU_TEMP", "60x5 93x5 60x100"), 20),
    fires(
        "a GPU that heat holds back is told",
        "GpuThrottled",
        fault("DEV_THERMAL_VIOLATION", f"0+{FULL_SECOND // 5}x100"),
        40,
        GPU | WARNING,
    ),
    fires(
        "a GPU that holds itself back is told",
        "GpuThrottled",
        [*fault("DEV_THERMAL_VIOLATION", "0x100"), *fault("DEV_RELIABILITY_VIOLATION", f"0+{FULL_SECOND // 2}x100")],
        40,
        GPU,
    ),
    silent(
        "a GPU that is held back for moments is not told",
        "GpuThrottled",
        fault("DEV_THERMAL_VIOLATION", f"0+{FULL_SECOND // 20}x100"),
        40,
    ),
    Told(
        says="a broken GPU is told with what its node costs",
        alert="GpuFailed",
        inputs=[*fault("DEV_XID_ERRORS", "79x100"), *price("n1", usd=12.34)],
        minute=10,
        labels={"cluster": "c1", **CRITICAL, **GPU},
        annotations={
            "summary": "GPU 0 of node n1 has failed with XID 79. The node costs 12.34 USD an hour.",
            "description": "Jobs on it fail or stand still, and are paid. Cordon the node, let its jobs start "
            "elsewhere from their checkpoints, and give the machine back.",
            "runbook_url": "docs/runbooks/GpuFailed.md",
        },
    ),
]

TAKEN_BACK = [
    Gives(
        says="each node that is taken back counts once",
        expr="sum(sum_over_time(mizan_spot_nodes_taken[1h]))",
        inputs=leaving(7, keys.SPOT_INTERRUPTION_TAINT),
        minute=60,
        value=7,
    ),
    Gives(
        says="where none is taken back nothing is recorded",
        expr="sum(sum_over_time(mizan_spot_nodes_taken[1h]))",
        inputs=[*price("s1"), evaluated("1x200")],
        minute=60,
        value=None,
    ),
]
