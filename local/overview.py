"""What a person wants to know of the running cluster: nodes by capacity type, quotas, jobs and their flavors. Pure.

An API server leaves out whatever optional part of an object is empty, and anybody may have made the object.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from local.snapshot import Object, Snapshot
from mizan import keys
from mizan.plan import Plan

# Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]?))")
_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_T = TypeVar("_T")
_GPU_DOMAIN = keys.NVIDIA_GPU.partition("/")[0] + "/"


# Source: kubernetes-sigs/kueue@v0.19.2 pkg/scheduler/flavorassigner/flavorassigner.go, "insufficient unused quota".
_LACKS_QUOTA = re.compile(r"insufficient unused quota for \S+ in flavor (\S+), (\S+) more needed")


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
class QuotaRow:
    """GPUs of one flavor of one queue; a quota may be a fraction, though no job can use one."""

    queue: str
    flavor: str
    resource: str
    nominal: Decimal
    used: Decimal

    @property
    def free(self) -> Decimal:
        """Return the quota nobody holds."""
        return max(Decimal(0), self.nominal - self.used)


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


def quantity(text: str | int) -> Decimal:
    """Return a Kubernetes quantity such as "4", "1500m" or "10Gi" as a number.

    Raises:
        ValueError: it is none; no API server gives such a one.
    """
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        message = f"{text!r} is no quantity"
        raise ValueError(message)
    number, exponent, suffix = Decimal(match[1]), match[2], match[3]
    if exponent is not None:
        return number.scaleb(int(exponent))
    if suffix in _BINARY_SUFFIXES:
        return number * (1 << _BINARY_SUFFIXES[suffix])
    return number.scaleb(_DECIMAL_SUFFIXES[suffix])


def capacity_rows(snapshot: Snapshot, plan: Plan) -> list[CapacityRow]:
    """Return the GPU nodes that exist, by capacity type and machine, at the plan's prices."""
    price = {(offer.machine.name, offer.capacity_type.value): offer.price.usd_per_hour for offer in plan.offers}
    groups: dict[tuple[str, str, str], list[Object]] = defaultdict(list)
    for node in snapshot.nodes:
        labels = _part(node, "metadata", "labels")
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
            gpus=sum(_gpus(_part(node, "status", "allocatable")) for node in nodes),
            gpus_used=sum(used[node["metadata"]["name"]] for node in nodes),
            usd_per_hour=price[machine, capacity_type] * len(nodes) if (machine, capacity_type) in price else None,
        )
        for (capacity_type, machine, product), nodes in sorted(groups.items(), reverse=True)
    ]


def _part(found: Object, *names: str) -> Object:
    """Return the object inside `found` that `names` lead to, an empty one where it is missing."""
    for name in names:
        found = found.get(name) or {}
    return found


def _items(found: Object, *names: str) -> Sequence[Object]:
    """Return the list inside `found` that `names` lead to, an empty one where it is missing."""
    *path, last = names
    return _part(found, *path).get(last) or ()


def _value(found: Object, name: str, default: _T) -> _T:
    """Return what `found` holds under `name`, or `default` where it is missing."""
    value: _T | None = found.get(name)
    return default if value is None else value


def _gpus(resources: Object) -> int:
    return int(quantity(_value(resources, keys.NVIDIA_GPU, "0")))


def _gpus_of_pod(spec: Object) -> int:
    # A limit without a request is a request; the API server writes it out for a pod, not for a job's template.
    return sum(
        _gpus({**_part(container, "resources", "limits"), **_part(container, "resources", "requests")})
        for container in _items(spec, "containers")
    )


def _gpus_used_by_node(pods: Iterable[Object]) -> dict[str, int]:
    used: dict[str, int] = defaultdict(int)
    for pod in pods:
        if _part(pod, "status").get("phase") not in ("Succeeded", "Failed"):
            spec = _part(pod, "spec")
            used[_value(spec, "nodeName", "")] += _gpus_of_pod(spec)
    return used


def quota_rows(snapshot: Snapshot) -> list[QuotaRow]:
    """Return the GPUs of every flavor of every queue with what is used of them."""
    rows = []
    for queue in snapshot.cluster_queues:
        used = {
            (flavor["name"], resource["name"]): quantity(_value(resource, "total", "0"))
            for flavor in _items(queue, "status", "flavorsUsage")
            for resource in _items(flavor, "resources")
            if _is_gpu(resource)
        }
        rows += [
            QuotaRow(
                queue=queue["metadata"]["name"],
                flavor=flavor["name"],
                resource=resource["name"],
                nominal=quantity(_value(resource, "nominalQuota", "0")),
                used=used.get((flavor["name"], resource["name"]), Decimal(0)),
            )
            for group in _items(queue, "spec", "resourceGroups")
            for flavor in _items(group, "flavors")
            for resource in _items(flavor, "resources")
            if _is_gpu(resource)
        ]
    return rows


def _is_gpu(resource: Object) -> bool:
    name: str = resource["name"]
    return name.startswith(_GPU_DOMAIN)


def job_rows(snapshot: Snapshot) -> list[JobRow]:
    """Return every job of this project with the flavor Kueue gave it."""
    workloads = {
        (workload["metadata"]["namespace"], owner["name"]): workload
        for workload in snapshot.workloads
        for owner in _items(workload, "metadata", "ownerReferences")
    }
    # The last of several counts: one that runs, rather than one that an interruption ended.
    pods = {
        (pod["metadata"]["namespace"], _part(pod, "metadata", "labels").get("job-name", "")): pod
        for pod in sorted(snapshot.pods, key=_runs)
    }
    rows = []
    for job in snapshot.jobs:
        identity = (job["metadata"]["namespace"], job["metadata"]["name"])
        rows.append(_job_row(job, workloads.get(identity), pods.get(identity)))
    return sorted(rows, key=lambda row: (row.namespace, row.name))


def _runs(pod: Object) -> bool:
    return bool(_part(pod, "status").get("phase") == "Running")


def _job_row(job: Object, workload: Object | None, pod: Object | None) -> JobRow:
    state, detail = _job_state(job, workload, pod)
    spec = _part(job, "spec")
    return JobRow(
        namespace=job["metadata"]["namespace"],
        name=job["metadata"]["name"],
        gpus=_gpus_of_pod(_part(spec, "template", "spec")) * _value(spec, "parallelism", 1),
        state=state,
        flavor=", ".join(sorted(_flavors(workload))),
        detail=detail,
    )


def _flavors(workload: Object | None) -> set[str]:
    assignments = _items(workload or {}, "status", "admission", "podSetAssignments")
    return {flavor for pod_set in assignments for flavor in _part(pod_set, "flavors").values()}


def _shortened(reason: str) -> str:
    """Return Kueue's reason in one line where it is that quota is used up, else as it is."""
    lacks = _LACKS_QUOTA.findall(reason)
    return f"needs {', '.join(f'{amount} more in {flavor}' for flavor, amount in lacks)}" if lacks else reason


def _job_state(job: Object, workload: Object | None, pod: Object | None) -> tuple[str, str]:
    for condition in _items(job, "status", "conditions"):
        if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
            return ("done", "") if condition["type"] == "Complete" else ("failed", _value(condition, "message", ""))
    if workload is None:
        return "new", "Kueue has not seen it yet"
    for condition in _items(workload, "status", "conditions"):
        if condition["type"] == "QuotaReserved" and condition["status"] != "True":
            return "waiting", _shortened(_value(condition, "message", ""))
    if not _flavors(workload):
        return "waiting", "in the queue, behind another"
    if pod and _runs(pod):
        return "running", _value(_part(pod, "spec"), "nodeName", "?")
    return "starting", "admitted; its node is being made"
