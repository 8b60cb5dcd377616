"""Which job holds GPUs, or parts of them, of which flavor, and which waits and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mizan.queueing.cohorts import ZERO
from mizan.queueing.objects import (
    Object,
    QueueObjects,
    conditions,
    is_gpu,
    is_true,
    items,
    moment,
    part,
    requests,
    seconds_since,
    value,
)
from mizan.queueing.quantity import quantity
from mizan.queueing.reasons import EVICTIONS, readable

# Kueue queues what these evict anew from the eviction on, all else from its creation on.
# Source: kubernetes-sigs/kueue@v0.19.2 pkg/workload/workload.go, GetQueueOrderTimestamp.
_BACK_OF_THE_QUEUE = ("PodsReadyTimeout", "AdmissionCheck")


BEHIND_ANOTHER = "in the queue, behind another"


@dataclass(frozen=True, kw_only=True)
class JobInQueue:
    """What Kueue knows of one job.

    Attributes:
        name: of the job; of Kueue's own Workload where nothing owns that.
        queue: the ClusterQueue; None where the job names a LocalQueue that does not exist.
        local_queue: the name by which the job asked for it.
        asked: by resource, the GPUs or parts of them that all its pods take together.
        priority_class: None where it names none.
    """

    namespace: str
    name: str
    queue: str | None
    local_queue: str
    asked: Mapping[str, Decimal]
    priority: int
    priority_class: str | None


@dataclass(frozen=True, kw_only=True)
class HoldingJob(JobInQueue):
    """A job that holds quota.

    Attributes:
        state: reserved (not admitted yet), starting, running or ending; admitted where Kueue does not watch its pods.
        flavors: what it was given.
        seconds: since it was given quota; None where that is not known.
    """

    state: str
    flavors: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class WaitingJob(JobInQueue):
    """A job that holds nothing.

    Attributes:
        position: from 1, in the order that its queue looks at; None while it is not looked at.
        seconds: since it was queued, or queued anew; None where that is not known.
        why: what it waits for.
    """

    position: int | None
    seconds: float | None
    why: str


def assigned_flavors(workload: Object) -> tuple[str, ...]:
    """Return the flavors of the GPUs that a workload was given, else of whatever it was given."""
    found = {
        (is_gpu(resource), flavor)
        for pod_set in items(workload, "status", "admission", "podSetAssignments")
        for resource, flavor in part(pod_set, "flavors").items()
    }
    of_gpus = {flavor for on_gpu, flavor in found if on_gpu}
    return tuple(sorted(of_gpus or {flavor for _, flavor in found}))


def why_waiting(workload: Object) -> str:
    """Return what a workload without quota waits for."""
    held = conditions(workload)
    evicted, requeued = held.get("Evicted", {}), held.get("Requeued", {})
    if part(workload, "spec").get("active") is False:
        return f"set aside until somebody activates it: {readable(value(evicted, 'message', '')) or 'no reason given'}"
    if requeued.get("status") == "False":
        cause = EVICTIONS.get(value(requeued, "reason", ""), readable(value(requeued, "message", "")))
        again = moment(part(workload, "status", "requeueState").get("requeueAt"))
        return cause + (f"; tried again at {again:%H:%M:%S} UTC" if again else "")
    reserved = held.get("QuotaReserved", {})
    if reserved.get("status") != "True" and (told := readable(value(reserved, "message", ""))):
        return told
    return BEHIND_ANOTHER


def holding_jobs(objects: QueueObjects, now: datetime) -> list[HoldingJob]:
    """Return who holds quota, by queue, flavor and age."""
    found = [
        HoldingJob(
            **vars(job),
            state=_state(workload),
            flavors=assigned_flavors(workload),
            seconds=seconds_since(now, conditions(workload)["QuotaReserved"].get("lastTransitionTime")),
        )
        for workload, job in jobs(objects)
        if is_true(workload, "QuotaReserved")
    ]
    return sorted(found, key=lambda job: (job.queue or "", job.flavors, -(job.seconds or 0), job.namespace, job.name))


def waiting_jobs(objects: QueueObjects, now: datetime) -> list[WaitingJob]:
    """Return who holds nothing, by queue in the order that Kueue looks at them: priority, then age."""
    waiting = [(workload, job) for workload, job in jobs(objects) if not is_true(workload, "QuotaReserved")]
    waiting.sort(key=lambda pair: (pair[1].queue or "", *_order(*pair)))
    found: list[WaitingJob] = []
    positions: dict[str | None, int] = {}
    for workload, job in waiting:
        if is_looked_at := job.queue is not None and _is_looked_at(workload):
            positions[job.queue] = positions.get(job.queue, 0) + 1
        requeued = conditions(workload).get("Requeued", {})
        since = moment(requeued.get("lastTransitionTime")) or moment(workload["metadata"].get("creationTimestamp"))
        why = why_waiting(workload)
        if job.queue is None and why == BEHIND_ANOTHER:
            why = f"no LocalQueue {job.local_queue} in namespace {job.namespace}"
        found.append(
            WaitingJob(
                **vars(job),
                position=positions[job.queue] if is_looked_at else None,
                seconds=seconds_since(now, since),
                why=why,
            )
        )
    return found


def jobs(objects: QueueObjects) -> Iterator[tuple[Object, JobInQueue]]:
    """Yield every unfinished workload that asks for GPUs or for a queue that has some, with what it is."""
    leads_to = {
        (queue["metadata"]["namespace"], queue["metadata"]["name"]): part(queue, "spec").get("clusterQueue")
        for queue in objects.local_queues
    }
    without_gpus = {
        queue["metadata"]["name"]
        for queue in objects.cluster_queues
        if not any(is_gpu(resource) for group in items(queue, "spec", "resourceGroups") for resource in _covered(group))
    }
    for workload in objects.workloads:
        if is_true(workload, "Finished"):
            continue
        job = _job(workload, leads_to)
        if job.asked or job.queue not in without_gpus:
            yield workload, job


def _covered(group: Object) -> Iterator[str]:
    for flavor in items(group, "flavors"):
        yield from (resource["name"] for resource in items(flavor, "resources"))


def _job(workload: Object, leads_to: Mapping[tuple[str, str], str | None]) -> JobInQueue:
    spec, namespace = part(workload, "spec"), workload["metadata"]["namespace"]
    local_queue = value(spec, "queueName", "")
    return JobInQueue(
        namespace=namespace,
        name=job_name(workload),
        queue=part(workload, "status", "admission").get("clusterQueue") or leads_to.get((namespace, local_queue)),
        local_queue=local_queue,
        asked=_asked(workload),
        priority=value(spec, "priority", 0),
        priority_class=part(spec, "priorityClassRef").get("name"),
    )


def job_name(workload: Object) -> str:
    """Return the job that owns a workload, or its own name where nothing does."""
    owners = items(workload, "metadata", "ownerReferences")
    name: str = (owners[0] if owners else workload["metadata"])["name"]
    return name


def _asked(workload: Object) -> Mapping[str, Decimal]:
    """Return what all pods take together: as Kueue has counted it, else as the pods ask for it."""
    assigned = [part(each, "resourceUsage") for each in items(workload, "status", "admission", "podSetAssignments")]
    counted = assigned or [part(each, "resources") for each in items(workload, "status", "resourceRequests")]
    taken = [(1, resources) for resources in counted] or [
        (value(pod_set, "count", 1), requests(container))
        for pod_set in items(workload, "spec", "podSets")
        for container in items(pod_set, "template", "spec", "containers")
    ]
    found: dict[str, Decimal] = {}
    for pods, resources in taken:
        for name, amount in resources.items():
            if is_gpu(name) and (units := pods * quantity(amount)):
                found[name] = found.get(name, ZERO) + units
    return found


def _state(workload: Object) -> str:
    if is_true(workload, "Evicted"):
        return "ending"
    if not is_true(workload, "Admitted"):
        return "reserved"
    pods_ready = conditions(workload).get("PodsReady")
    if pods_ready is None:
        return "admitted"
    return "running" if pods_ready.get("status") == "True" else "starting"


def _is_looked_at(workload: Object) -> bool:
    is_backing_off = conditions(workload).get("Requeued", {}).get("status") == "False"
    return part(workload, "spec").get("active") is not False and not is_backing_off


def _order(workload: Object, job: JobInQueue) -> tuple[bool, int, float, str]:
    evicted = conditions(workload).get("Evicted", {})
    went_back = is_true(workload, "Evicted") and evicted.get("reason") in _BACK_OF_THE_QUEUE
    queued = moment(evicted.get("lastTransitionTime") if went_back else workload["metadata"].get("creationTimestamp"))
    uid = value(workload["metadata"], "uid", "")
    return not _is_looked_at(workload), -job.priority, queued.timestamp() if queued else 0.0, uid
