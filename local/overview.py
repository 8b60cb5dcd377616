"""What a person wants to know of the running cluster: nodes by capacity type, jobs and their flavors. Pure.

An API server leaves out whatever optional part of an object is empty, and anybody may have made the object.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from local.snapshot import Snapshot
from mizan import keys
from mizan.catalogue import machines
from mizan.plan import Plan
from mizan.queueing.objects import Object, conditions, is_gpu, items, part, requests, value
from mizan.queueing.quantity import quantity
from mizan.queueing.workloads import assigned_flavors, why_waiting


@dataclass(frozen=True, kw_only=True)
class CapacityRow:
    """Nodes of one machine and capacity type whose GPUs are shared alike.

    Attributes:
        gpus: of the machines, whole or shared.
        used: what pods have of them, by resource: GPUs, or parts of them where they are shared.
        offered: what the nodes have of it.
        usd_per_hour: None where the plan has no such offer.
    """

    capacity_type: str
    machine: str
    gpu_product: str
    nodes: int
    gpus: int
    used: Mapping[str, int]
    offered: Mapping[str, int]
    usd_per_hour: Decimal | None


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A sample job.

    Attributes:
        namespace: where it is.
        name: its name there.
        gpus: what all pods that it runs at once take together, by resource: GPUs, or parts of them.
        state: new, waiting, starting, running, done or failed.
        flavor: what Kueue gave it; empty while it waits.
        detail: on which node it runs, or why it waits.
    """

    namespace: str
    name: str
    gpus: Mapping[str, int]
    state: str
    flavor: str
    detail: str


def capacity_rows(snapshot: Snapshot, plan: Plan) -> list[CapacityRow]:
    """Return the GPU nodes that exist, by capacity type, machine and what they offer, at the plan's prices."""
    price = {(offer.machine.name, offer.capacity_type.value): offer.price.usd_per_hour for offer in plan.offers}
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Object]] = defaultdict(list)
    for node in snapshot.nodes:
        labels = part(node, "metadata", "labels")
        if keys.POOL in labels:
            groups[
                labels.get(keys.CAPACITY_TYPE, "?"),
                labels.get(keys.INSTANCE_TYPE, "?"),
                labels.get(keys.GPU_PRODUCT, "?"),
                tuple(sorted(_offered(node))),
            ].append(node)
    used = _used_by_node(snapshot.pods)
    return [
        CapacityRow(
            capacity_type=capacity_type,
            machine=machine,
            gpu_product=product,
            nodes=len(nodes),
            gpus=sum(_whole_gpus(machine, node) for node in nodes),
            used=_summed(used[node["metadata"]["name"]] for node in nodes),
            offered=_summed(_offered(node) for node in nodes),
            usd_per_hour=price[machine, capacity_type] * len(nodes) if (machine, capacity_type) in price else None,
        )
        for (capacity_type, machine, product, _), nodes in sorted(groups.items(), reverse=True)
    ]


def _gpus(resources: Object) -> Counter[str]:
    """Return what of some resources is GPUs or parts of them; nothing of what there is none of."""
    found = {name: int(quantity(amount or "0")) for name, amount in resources.items() if is_gpu(name)}
    return Counter({name: amount for name, amount in found.items() if amount})


def _offered(node: Object) -> Counter[str]:
    return _gpus(part(node, "status", "allocatable"))


def _whole_gpus(machine: str, node: Object) -> int:
    """Return a node's GPUs, which it does not tell itself where they are shared."""
    known = machines().get(machine)
    whole = _offered(node)[keys.NVIDIA_GPU]
    return known.gpus if known and not whole else whole


def _summed(amounts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in amounts:
        total.update(each)
    return total


def _gpus_of_pod(spec: Object) -> Counter[str]:
    return _summed(_gpus(requests(container)) for container in items(spec, "containers"))


def _used_by_node(pods: Iterable[Object]) -> dict[str, Counter[str]]:
    used: dict[str, Counter[str]] = defaultdict(Counter)
    for pod in pods:
        if part(pod, "status").get("phase") not in ("Succeeded", "Failed"):
            spec = part(pod, "spec")
            used[value(spec, "nodeName", "")].update(_gpus_of_pod(spec))
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
    pods = value(spec, "parallelism", 1)
    return JobRow(
        namespace=job["metadata"]["namespace"],
        name=job["metadata"]["name"],
        gpus={name: amount * pods for name, amount in _gpus_of_pod(part(spec, "template", "spec")).items()},
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
