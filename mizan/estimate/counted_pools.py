"""The pools of a stack, each with what must stay so that what a proposal says comes true."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil

from mizan.capacity import CapacityType
from mizan.estimate.counted import Counted
from mizan.plan import FlavorQuota, Plan, PoolPlan, QueuePlan
from mizan.plan.commitments import savings_of_covered


def counted_pools(plan: Plan) -> tuple[Counted, ...]:
    """Return the pools of a stack, in its order."""
    queues: defaultdict[str, list[QueuePlan]] = defaultdict(list)
    for queue in plan.queues:
        for pool, quotas in _by_pool(queue.quotas).items():
            queues[pool].append(replace(queue, quotas=quotas))
    least_hours, needs = _least_hours(plan), _needs(plan)
    bare = [replace(cohort, quotas=()) for cohort in plan.cohorts]
    own = [_by_pool(cohort.quotas) for cohort in plan.cohorts]
    return tuple(
        Counted(
            pool=pool,
            queues=tuple(queues[pool.name]),
            cohorts=tuple(
                replace(cohort, quotas=quotas[pool.name]) if pool.name in quotas else cohort
                for cohort, quotas in zip(bare, own, strict=True)
            ),
            least_hours=least_hours[pool.name],
            kept=_kept(plan, pool),
            is_named=any(each.machine == pool.machine for each in plan.commitments) and _has_on_demand(pool),
            needs=needs[pool.name],
        )
        for pool in plan.pools
    )


def _least_hours(plan: Plan) -> dict[str, int]:
    """Return by pool the fewest hours a week with which it keeps its place among those that share a commitment."""
    found = {pool.name: 1 for pool in plan.pools}
    for machine in {commitment.machine for commitment in plan.commitments}:
        sharing = [
            (-_saved(pool, pool.expected_use.hours_per_week), index, pool)
            for index, pool in enumerate(plan.pools)
            if machine in (None, pool.machine) and _has_on_demand(pool)
        ]
        for (_, place, before), (saved, index, _) in pairwise(sorted(sharing, key=lambda each: each[:2])):
            hours = -saved / _saved(before, 1)
            least = int(hours.to_integral_value(ROUND_CEILING if place < index else ROUND_FLOOR)) + (place > index)
            found[before.name] = max(found[before.name], least)
    return found


def _saved(pool: PoolPlan, hours: int) -> Decimal:
    """Return by how much a node saves that is paid for in advance, as the plan does to order pools."""
    others = [
        offer.worth.usd_per_useful_hour for offer in pool.offers if offer.capacity_type is not CapacityType.ON_DEMAND
    ]
    (on_demand,) = {offer.price.usd_per_hour for offer in pool.offers if offer.capacity_type is CapacityType.ON_DEMAND}
    return savings_of_covered(hours, on_demand, others)


def _kept(plan: Plan, pool: PoolPlan) -> CapacityType | None:
    """Return the capacity type by which a pool has its place among those that could share a commitment."""
    useful = {
        offer.capacity_type: offer.worth.usd_per_useful_hour
        for offer in pool.offers
        if offer.capacity_type is not CapacityType.ON_DEMAND and offer.worth.usd_per_useful_hour is not None
    }
    is_claimed = any(each.machine in (None, pool.machine) for each in plan.commitments) and _has_on_demand(pool)
    return min(useful, key=lambda kind: useful[kind] or 0) if useful and is_claimed else None


def _has_on_demand(pool: PoolPlan) -> bool:
    return any(offer.capacity_type is CapacityType.ON_DEMAND for offer in pool.offers)


def _needs(plan: Plan) -> dict[str, dict[str, int]]:
    """Return by pool and queue the units of the largest job that the queue's largest quota holds."""
    quotas = {queue.name: queue.quotas for queue in plan.queues}
    found: dict[str, dict[str, int]] = {pool.name: {} for pool in plan.pools}
    for job in plan.jobs:
        # A unit of a pool may be several of what a job asks for, as a GPU that is cut into unlike parts.
        held = [job.request.units_of(quota.flavor, quota.nominal) for quota in quotas[job.queue]]
        largest = quotas[job.queue][held.index(max(held))].flavor
        asked = job.units * job.pods
        if asked <= max(held):
            units = ceil(Fraction(asked, job.request.units_of(largest, 1)))
            needs = found[largest.pool]
            needs[job.queue] = max(units, needs.get(job.queue, 0))
    return found


def _by_pool(quotas: Iterable[FlavorQuota]) -> dict[str, tuple[FlavorQuota, ...]]:
    found: dict[str, tuple[FlavorQuota, ...]] = {}
    for quota in quotas:
        found[quota.flavor.pool] = (*found.get(quota.flavor.pool, ()), quota)
    return found
