"""What a person wants to know of the running cluster: nodes by capacity type, quotas, jobs and their flavors. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from local.snapshot import Object, Snapshot
from mizan import keys
from mizan.plan import Plan


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
    """One flavor of one queue."""

    queue: str
    flavor: str
    resource: str
    nominal: int
    used: int

    @property
    def free(self) -> int:
        """Return the quota nobody holds."""
        return max(0, self.nominal - self.used)


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A sample job; `flavor` is empty while it waits, `detail` says on which node it runs or why it waits."""

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
        labels = node["metadata"].get("labels", {})
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
            gpus=sum(int(node.get("status", {}).get("allocatable", {}).get(keys.NVIDIA_GPU, 0)) for node in nodes),
            gpus_used=sum(used[node["metadata"]["name"]] for node in nodes),
            usd_per_hour=price[machine, capacity_type] * len(nodes) if (machine, capacity_type) in price else None,
        )
        for (capacity_type, machine, product), nodes in sorted(groups.items(), reverse=True)
    ]


def _gpus_used_by_node(pods: Iterable[Object]) -> dict[str, int]:
    used: dict[str, int] = defaultdict(int)
    for pod in pods:
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            continue
        for container in pod["spec"]["containers"]:
            requests = container.get("resources", {}).get("requests", {})
            used[pod["spec"].get("nodeName", "")] += int(requests.get(keys.NVIDIA_GPU, 0))
    return used


def quota_rows(snapshot: Snapshot) -> list[QuotaRow]:
    """Return every flavor of every queue with what is used of it."""
    rows = []
    for queue in snapshot.cluster_queues:
        used = {
            (flavor["name"], resource["name"]): int(resource.get("total", 0))
            for flavor in queue.get("status", {}).get("flavorsUsage", [])
            for resource in flavor["resources"]
        }
        rows += [
            QuotaRow(
                queue=queue["metadata"]["name"],
                flavor=flavor["name"],
                resource=resource["name"],
                nominal=int(resource["nominalQuota"]),
                used=used.get((flavor["name"], resource["name"]), 0),
            )
            for group in queue["spec"]["resourceGroups"]
            for flavor in group["flavors"]
            for resource in flavor["resources"]
        ]
    return rows


def job_rows(snapshot: Snapshot) -> list[JobRow]:
    """Return every job of this project with the flavor Kueue gave it."""
    workloads = {
        (workload["metadata"]["namespace"], owner["name"]): workload
        for workload in snapshot.workloads
        for owner in workload["metadata"].get("ownerReferences", [])
    }
    pods = {
        (pod["metadata"]["namespace"], pod["metadata"].get("labels", {}).get("job-name", "")): pod
        for pod in snapshot.pods
    }
    rows = []
    for job in snapshot.jobs:
        identity = (job["metadata"]["namespace"], job["metadata"]["name"])
        rows.append(_job_row(job, workloads.get(identity), pods.get(identity)))
    return sorted(rows, key=lambda row: (row.namespace, row.name))


def _job_row(job: Object, workload: Object | None, pod: Object | None) -> JobRow:
    container = job["spec"]["template"]["spec"]["containers"][0]
    state, detail = _job_state(job, workload, pod)
    return JobRow(
        namespace=job["metadata"]["namespace"],
        name=job["metadata"]["name"],
        gpus=int(container["resources"]["requests"].get(keys.NVIDIA_GPU, 0)),
        state=state,
        flavor=", ".join(sorted(_flavors(workload))),
        detail=detail,
    )


def _flavors(workload: Object | None) -> set[str]:
    admission = (workload or {}).get("status", {}).get("admission") or {}
    return {
        flavor for pod_set in admission.get("podSetAssignments", []) for flavor in pod_set.get("flavors", {}).values()
    }


def _job_state(job: Object, workload: Object | None, pod: Object | None) -> tuple[str, str]:
    for condition in job.get("status", {}).get("conditions", []):
        if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
            return ("done" if condition["type"] == "Complete" else "failed"), condition.get("message", "")
    if workload is None:
        return "new", "Kueue has not seen it yet"
    for condition in workload.get("status", {}).get("conditions", []):
        if condition["type"] == "QuotaReserved" and condition["status"] != "True":
            return "waiting", condition.get("message", "")
    if not _flavors(workload):
        return "new", "in the queue"
    if pod and pod.get("status", {}).get("phase") == "Running":
        return "running", f"on {pod['spec'].get('nodeName', '?')}"
    return "starting", "admitted; its node is being made"
