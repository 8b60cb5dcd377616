"""What a person wants to know of the running cluster: nodes by capacity type, jobs and their flavors. Pure.

An API server leaves out whatever optional part of an object is empty, and anybody may have made the object.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from local.snapshot import Snapshot
from mizan import keys
from mizan.plan import Plan
from mizan.queueing.objects import Object, conditions, items, part, requests, value
from mizan.queueing.quantity import quantity
from mizan.queueing.workloads import assigned_flavors, why_waiting


@dataclass(frozen=True, kw_only=True)
class CapacityRow:
    """Nodes of one machine and capacity type; their price is None where the plan has no such offer."""

    capacity_type: str
    machine: str
    gpu_product: str
    nodes: int
    gpus: int
    gpus_used: int
    usd_per_hour: Decimal | None


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A sample job.

    Attributes:
        namespace: where it is.
        name: its name there.
        gpus: what all pods that it runs at once take together.
        state: new, waiting, starting, running, done or failed.
        flavor: what Kueue gave it; empty while it waits.
        detail: on which node it runs, or why it waits.
    """

    namespace: str
    name: str
    gpus: int
    state: str
    flavor: str
    detail: str


def capacity_rows(snapshot: Snapshot, plan: Plan) -> list[CapacityRow]:
    """Return the GPU nodes that exist, by capacity type and machine, at the plan's prices."""
    price = {(offer.machine.name, offer.capacity_type.value): offer.price.usd_per_hour for offer in plan.offers}
    groups: dict[tuple[str, str, str], list[Object]] = defaultdict(list)
    for node in snapshot.nodes:
        labels = part(node, "metadata", "labels")
        if keys.POOL in labels:
            groups[
                labels.get(keys.CAPACITY_TYPE, "?"),
                labels.get(keys.INSTANCE_TYPE, "?"),
                labels.get(keys.GPU_PRODUCT, "?"),
            ].append(node)
    used = _gpus_used_by_node(snapshot.pods)
    return [
        CapacityRow(
            capacity_type=capacity_type,
            machine=machine,
            gpu_product=product,
            nodes=len(nodes),
            gpus=sum(_gpus(part(node, "status", "allocatable")) for node in nodes),
            gpus_used=sum(used[node["metadata"]["name"]] for node in nodes),
            usd_per_hour=price[machine, capacity_type] * len(nodes) if (machine, capacity_type) in price else None,
        )
        for (capacity_type, machine, product), nodes in sorted(groups.items(), reverse=True)
    ]


def _gpus(resources: Object) -> int:
    return int(quantity(value(resources, keys.NVIDIA_GPU, "0")))


def _gpus_of_pod(spec: Object) -> int:
    return sum(_gpus(requests(container)) for container in items(spec, "containers"))


def _gpus_used_by_node(pods: Iterable[Object]) -> dict[str, int]:
    used: dict[str, int] = defaultdict(int)
    for pod in pods:
        if part(pod, "status").get("phase") not in ("Succeeded", "Failed"):
            spec = part(pod, "spec")
            used[value(spec, "nodeName", "")] += _gpus_of_pod(spec)
    return used


def job_rows(snapshot: Snapshot) -> list[JobRow]:
    """Return every job of this project with the flavor Kueue gave it."""
    workloads = {
        (workload["metadata"]["namespace"], owner["name"]): workload
        for workload in snapshot.workloads
        for owner in items(workload, "metadata", "ownerReferences")
    }
    # The last of several counts: one that runs, rather than one that an interruption ended.
    pods = {
        (pod["metadata"]["namespace"], part(pod, "metadata", "labels").get("job-name", "")): pod
        for pod in sorted(snapshot.pods, key=_runs)
    }
    rows = []
    for job in snapshot.jobs:
        identity = (job["metadata"]["namespace"], job["metadata"]["name"])
        rows.append(_job_row(job, workloads.get(identity), pods.get(identity)))
    return sorted(rows, key=lambda row: (row.namespace, row.name))


def _runs(pod: Object) -> bool:
    return bool(part(pod, "status").get("phase") == "Running")


def _job_row(job: Object, workload: Object | None, pod: Object | None) -> JobRow:
    state, detail = _job_state(job, workload, pod)
    spec = part(job, "spec")
    return JobRow(
        namespace=job["metadata"]["namespace"],
        name=job["metadata"]["name"],
        gpus=_gpus_of_pod(part(spec, "template", "spec")) * value(spec, "parallelism", 1),
        state=state,
        flavor=", ".join(assigned_flavors(workload or {})),
        detail=detail,
    )


def _job_state(job: Object, workload: Object | None, pod: Object | None) -> tuple[str, str]:
    for condition in items(job, "status", "conditions"):
        if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
            return ("done", "") if condition["type"] == "Complete" else ("failed", value(condition, "message", ""))
    if workload is None:
        return "new", "Kueue has not seen it yet"
    is_refused = conditions(workload).get("QuotaReserved", {}).get("status", "True") != "True"
    if is_refused or not assigned_flavors(workload):
        return "waiting", why_waiting(workload)
    if pod and _runs(pod):
        return "running", value(part(pod, "spec"), "nodeName", "?")
    return "starting", "admitted; its node is being made"
