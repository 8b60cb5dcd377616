"""A plan with pools made smaller, and whether its jobs can still run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mizan.estimate.counted import Counted
from mizan.plan import Flavor, FlavorQuota, Plan
from mizan.plan.warnings import stuck_jobs

# Whether every job that can run now still can, with some pools changed.
KeepsJobs = Callable[[Sequence[Counted]], bool]


def keeps_jobs(plan: Plan) -> KeepsJobs:
    """Return what tells whether pools of a plan may become others, so that no job waits for ever that does not now."""
    if not plan.jobs:
        return lambda _: True
    before = stuck_jobs(plan.queues, plan.cohorts, plan.jobs)

    def keeps(changed: Sequence[Counted]) -> bool:
        queues = {queue.name for counted in changed for queue in counted.queues}
        jobs = [job for job in plan.jobs if job.queue in queues]
        after = with_changes(plan, changed) if jobs else plan
        return stuck_jobs(after.queues, after.cohorts, jobs) <= before

    return keeps


def with_changes(plan: Plan, changed: Iterable[Counted]) -> Plan:
    """Return a plan whose pools, with their quotas, are others; a quota that went is gone from its owner."""
    by_pool = {counted.pool.name: counted for counted in changed}
    flavors = {flavor.name: _flavor(flavor, by_pool) for flavor in plan.flavors}
    return replace(
        plan,
        pools=tuple(by_pool[pool.name].pool if pool.name in by_pool else pool for pool in plan.pools),
        flavors=tuple(flavor for flavor in flavors.values() if flavor.offers),
        queues=tuple(
            replace(queue, quotas=tuple(_quotas(f"queue {queue.name}", queue.quotas, by_pool, flavors)))
            for queue in plan.queues
        ),
        cohorts=tuple(
            replace(cohort, quotas=tuple(_quotas(f"cohort {cohort.name}", cohort.quotas, by_pool, flavors)))
            for cohort in plan.cohorts
        ),
    )


def _flavor(flavor: Flavor, by_pool: Mapping[str, Counted]) -> Flavor:
    if flavor.pool not in by_pool:
        return flavor
    offers = by_pool[flavor.pool].pool.offers
    return replace(
        flavor, offers=tuple(offer for offer in offers if flavor.capacity_type in (None, offer.capacity_type))
    )


def _quotas(
    owner: str, quotas: Iterable[FlavorQuota], by_pool: Mapping[str, Counted], flavors: Mapping[str, Flavor]
) -> Iterator[FlavorQuota]:
    """Yield an owner's quotas, those of changed pools as they are now."""
    for quota in quotas:
        counted = by_pool.get(quota.flavor.pool)
        now = quota if counted is None else counted.quotas.get((owner, quota.flavor.capacity_type))
        if now is not None:
            yield replace(now, flavor=flavors[quota.flavor.name])
