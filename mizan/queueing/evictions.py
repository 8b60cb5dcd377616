"""Which jobs Kueue has taken quota from, and who preempted them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mizan.queueing.objects import Object, QueueObjects, conditions, is_true, items, part, seconds_since, value
from mizan.queueing.reasons import EVICTIONS, preemptor, readable
from mizan.queueing.workloads import JobInQueue, job_name, jobs

# Source: kubernetes-sigs/kueue@v0.19.2 pkg/controller/constants/constants.go.
_JOB_UID = "kueue.x-k8s.io/job-uid"


@dataclass(frozen=True, kw_only=True)
class Eviction(JobInQueue):
    """A job that Kueue has taken its quota from.

    Attributes:
        times: how often so far.
        reason: the last one, as Kueue names it.
        why: the same for a person, with the name of who preempted it.
        preempted_by: `namespace/job` of who preempted it; None where nobody did, or it is gone.
        seconds: since the last one; None where it holds quota again.
    """

    times: int
    reason: str
    why: str
    preempted_by: str | None
    seconds: float | None


def evictions(objects: QueueObjects, now: datetime) -> list[Eviction]:
    """Return unfinished jobs that were evicted, the latest first."""
    names = {
        uid: f"{workload['metadata']['namespace']}/{job_name(workload)}"
        for workload in objects.workloads
        for uid in (workload["metadata"].get("uid"), part(workload, "metadata", "labels").get(_JOB_UID))
        if uid
    }
    found = [_eviction(workload, job, names, now) for workload, job in jobs(objects) if _was_evicted(workload)]
    return sorted(found, key=lambda each: (each.seconds is None, each.seconds or 0, each.namespace, each.name))


def _counts(workload: Object) -> list[tuple[str, int]]:
    return [
        (value(each, "reason", ""), value(each, "count", 0))
        for each in items(workload, "status", "schedulingStats", "evictions")
    ]


def _was_evicted(workload: Object) -> bool:
    return "Evicted" in conditions(workload) or bool(_counts(workload))


def _eviction(workload: Object, job: JobInQueue, names: Mapping[str, str], now: datetime) -> Eviction:
    condition = conditions(workload).get("Evicted", {})
    is_out = is_true(workload, "Evicted")
    counts = _counts(workload)
    # Once the job holds quota again, the condition keeps the message but no longer the reason.
    reason = value(condition, "reason", "") if is_out else ""
    reason = reason or (counts[-1][0] if counts else "") or "Evicted"
    message = value(condition, "message", "").removeprefix("Previously: ")
    why = EVICTIONS.get(reason) or readable(message) or reason
    by = None
    if found := preemptor(message):
        uid, job_uid, cause, queue = found
        by = names.get(uid) or names.get(job_uid)
        reason, why = "Preempted", f"preempted by {by or 'a job that is gone'} of queue {queue}: {cause}"
    return Eviction(
        **vars(job),
        times=max(1, sum(count for _, count in counts)),
        reason=reason,
        why=why,
        preempted_by=by,
        seconds=seconds_since(now, condition.get("lastTransitionTime")) if is_out else None,
    )
