"""`mizan queues --output json`: the same as the tables, under keys that stay."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mizan.plan import CohortPlan, FlavorQuota, Plan, QueuePlan
from mizan.queueing import (
    Eviction,
    HoldingJob,
    JobInQueue,
    Lender,
    Live,
    OverRow,
    PlannedQuota,
    QuotaRow,
    ReserveRow,
    Units,
    WaitingJob,
    planned_flavors,
    planned_quotas,
    units_of,
)
from mizan.sharing import WHOLE

Json = dict[str, Any]


def document(plan: Plan, live: Live | None) -> Json:
    """Return everything; `live` is null where no cluster was asked."""
    quotas = planned_quotas(plan)
    return {
        "stack": plan.stack,
        "queues": [_queue(queue, [quota for quota in quotas if quota.queue == queue.name]) for queue in plan.queues],
        "cohorts": [_cohort(cohort) for cohort in plan.cohorts],
        "flavors": [
            {
                "name": row.flavor.name,
                "pool": row.flavor.pool,
                "capacityType": row.flavor.capacity_type,
                "resources": list(row.flavor.sharing.amounts),
                "unit": row.flavor.sharing.unit_name,
                "quotas": row.quotas,
                "poolMaximum": row.largest,
            }
            for row in planned_flavors(plan)
        ],
        "priorities": [
            {
                "name": priority.name,
                "value": priority.value,
                "preempts": priority.preempts,
                "description": priority.description,
            }
            for priority in plan.priorities
        ],
        "warnings": list(plan.warnings),
        "live": None if live is None else _live(live, units_of(plan)),
    }


def _queue(queue: QueuePlan, quotas: Iterable[PlannedQuota]) -> Json:
    return {
        "name": queue.name,
        "cohort": queue.cohort,
        "teams": list(queue.namespaces),
        "fallback": queue.fallback,
        "whenCanBorrow": queue.when_can_borrow,
        "strategy": queue.strategy,
        "withinClusterQueue": queue.preemption.within_cluster_queue,
        "reclaimWithinCohort": queue.preemption.reclaim_within_cohort,
        "weight": queue.weight,
        "quotas": [
            {
                "flavor": quota.flavor.name,
                **_nominal(quota),
                "borrowingLimit": quota.borrowing_limit,
                "lendingLimit": quota.lending_limit,
                "lends": quota.lends,
                "mayBorrow": quota.may_borrow,
                "lenders": _lenders(quota.lenders),
            }
            for quota in quotas
        ],
    }


def _cohort(cohort: CohortPlan) -> Json:
    return {
        "name": cohort.name,
        "parent": cohort.parent,
        "weight": cohort.weight,
        "quotas": [_cohort_quota(quota) for quota in cohort.quotas],
    }


def _cohort_quota(quota: FlavorQuota) -> Json:
    return {"flavor": quota.flavor.name, **_nominal(quota)}


def _nominal(quota: PlannedQuota | FlavorQuota) -> Json:
    """Return a quota; `gpus` is null where it counts parts of them."""
    sharing = quota.flavor.sharing
    return {
        "gpus": quota.nominal if sharing.counts_gpus else None,
        "units": quota.nominal,
        "unit": sharing.unit_name,
    }


def _lenders(lenders: Iterable[Lender]) -> list[Json]:
    return [
        {"kind": "cohort" if lender.is_cohort else "queue", "name": lender.name, "atMost": _number(lender.at_most)}
        for lender in lenders
    ]


def _live(live: Live, units: Units) -> Json:
    return {
        "at": live.at.isoformat(timespec="seconds"),
        "quotas": [_quota(row, units) for row in live.holdings.queues],
        "cohortQuotas": [
            {
                "cohort": row.cohort,
                **_counted(row, row.nominal, units),
                "lentAtLeast": _number(row.lent_at_least),
                "lentAtMost": _number(row.lent_at_most),
            }
            for row in live.holdings.reserves
        ],
        "over": [{"root": row.root, **_counted(row, row.over, units)} for row in live.holdings.over],
        "holding": [_holding(job, units) for job in live.holding],
        "waiting": [_waiting(job, units) for job in live.waiting],
        "evictions": [_eviction(job, units) for job in live.evictions],
        "differences": live.differences,
    }


def _counted(row: QuotaRow | ReserveRow | OverRow, amount: Decimal, units: Units) -> Json:
    """Return so much of a row's resource; `gpus` is null where it is parts of them."""
    part = units.part(row.flavor, row.resource)
    return {"flavor": row.flavor, "resource": row.resource, **_amount(amount, part)}


def _amount(amount: Decimal, part: str) -> Json:
    whole = part == WHOLE
    return {"gpus": _number(amount) if whole else None, "units": _number(amount), "unit": "GPU" if whole else part}


def _quota(row: QuotaRow, units: Units) -> Json:
    return {
        "queue": row.queue,
        "cohort": row.cohort,
        **_counted(row, row.nominal, units),
        "borrowingLimit": _limit(row.borrowing_limit),
        "lendingLimit": _limit(row.lending_limit),
        "used": _number(row.used),
        "own": _number(row.own),
        "borrowed": _number(row.borrowed),
        "lenders": _lenders(row.lenders),
        "lentAtLeast": _number(row.lent_at_least),
        "lentAtMost": _number(row.lent_at_most),
        "free": _number(row.free),
    }


def _job(job: JobInQueue, units: Units) -> Json:
    """Return a job with what it takes; `gpus` is null where any of it is parts of them."""
    asked = units.asked(job)
    are_gpus = all(each.part == WHOLE for each in asked)
    return {
        "namespace": job.namespace,
        "job": job.name,
        "queue": job.queue,
        "localQueue": job.local_queue,
        "gpus": _number(sum((each.units for each in asked), Decimal(0))) if are_gpus else None,
        "asked": [{"resource": each.resource, **_amount(each.units, each.part)} for each in asked],
        "priority": job.priority,
        "priorityClass": job.priority_class,
    }


def _holding(job: HoldingJob, units: Units) -> Json:
    return _job(job, units) | {"state": job.state, "flavors": list(job.flavors), "seconds": _seconds(job.seconds)}


def _waiting(job: WaitingJob, units: Units) -> Json:
    return _job(job, units) | {"position": job.position, "seconds": _seconds(job.seconds), "why": job.why}


def _eviction(job: Eviction, units: Units) -> Json:
    return _job(job, units) | {
        "times": job.times,
        "reason": job.reason,
        "why": job.why,
        "preemptedBy": job.preempted_by,
        "seconds": _seconds(job.seconds),
    }


def _seconds(of: float | None) -> int | None:
    return None if of is None else round(of)


def _limit(of: Decimal | None) -> int | float | None:
    return None if of is None else _number(of)


def _number(of: Decimal) -> int | float:
    """Return a whole number as such; JSON has no other exact one."""
    return int(of) if of == of.to_integral_value() else float(of)
