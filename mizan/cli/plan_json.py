"""`mizan plan --output json`: the same as the tables, under keys that stay; money is text, so that no reader rounds."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mizan.estimate.render.values import number
from mizan.plan import Candidate, CommitmentPlan, Flavor, JobPlan, Offer, Plan, PoolPlan, QueuePlan, Worth
from mizan.plan.part_prices import PricedPart, priced_parts
from mizan.prices import Price
from mizan.prices.layout import CURRENCY, plain
from mizan.sharing import GpuSharing

Json = dict[str, Any]

MILLIONTH = Decimal("0.000001")


def document(plan: Plan, warnings: Sequence[str]) -> Json:
    """Return everything that a plan decides, and what else its reader should know."""
    return {
        "stack": plan.stack,
        "cloud": plan.cloud,
        "region": plan.region,
        "today": plan.today.isoformat(),
        "currency": CURRENCY,
        "pools": [_pool(pool, plan) for pool in plan.pools],
        "commitments": [_commitment(commitment, plan) for commitment in plan.commitments],
        "flavors": [_flavor(flavor) for flavor in plan.flavors],
        "queues": [_queue(queue) for queue in plan.queues],
        "jobs": [_job(job) for job in plan.jobs],
        "warnings": list(warnings),
    }


def _pool(pool: PoolPlan, plan: Plan) -> Json:
    return {
        "name": pool.name,
        "machine": pool.machine.name,
        "gpu": pool.machine.gpu.name,
        "gpusPerNode": pool.machine.gpus,
        "order": pool.order,
        "diskGib": pool.disk_gib,
        "sharing": _sharing(pool.sharing),
        "offers": [_offer(offer, plan) for offer in pool.offers],
        "leftOut": [_candidate(candidate, plan) for candidate in pool.left_out],
        "doubtful": [_candidate(candidate, plan) for candidate in pool.doubtful],
    }


def _sharing(sharing: GpuSharing) -> Json:
    return {
        "mode": sharing.mode,
        "manager": sharing.manager,
        "layout": dict(sharing.layout),
        "replicas": sharing.replicas,
        "unit": sharing.unit_name,
        "unitsPerGpu": sharing.units_per_gpu,
    }


def _offer(offer: Offer, plan: Plan) -> Json:
    return {
        "name": offer.name,
        "capacityType": offer.capacity_type,
        "maxNodes": offer.max_nodes,
        "minNodes": offer.min_nodes,
        "resources": dict(offer.resources),
        "unitsPerNode": offer.units_per_node,
        "parts": [_part(part) for part in priced_parts(offer)],
        "weight": offer.weight,
        "commitments": {name: number(nodes) for name, nodes in offer.commitments.items()},
        "price": _price(offer.price, plan),
        **_worth(offer.worth),
    }


def _part(part: PricedPart) -> Json:
    return {
        "name": part.name,
        "resource": part.resource,
        "perGpu": part.per_gpu,
        "memoryGib": number(Decimal(part.memory_gib.numerator) / part.memory_gib.denominator),
        "usdPerHour": plain(part.usd_per_hour.quantize(MILLIONTH, ROUND_HALF_UP)),
    }


def _candidate(candidate: Candidate, plan: Plan) -> Json:
    return {
        "capacityType": candidate.capacity_type,
        "because": candidate.left_out,
        "price": _price(candidate.price, plan),
        **_worth(candidate.worth),
    }


def _price(price: Price, plan: Plan) -> Json:
    return {
        "usdPerHour": plain(price.usd_per_hour),
        "asOf": price.as_of.isoformat(),
        "isStale": price.is_stale(plan.today),
        "basis": price.basis,
        "source": price.source,
        "file": price.file,
        "line": price.line,
    }


def _worth(worth: Worth) -> Json:
    useful = worth.usd_per_useful_hour
    return {
        "usdPerUsefulHour": None if useful is None else plain(useful.quantize(MILLIONTH, ROUND_HALF_UP)),
        "lostShare": plain(worth.lost_share.quantize(MILLIONTH, ROUND_HALF_UP)),
        "meanUptimeHours": None if worth.uptime is None else plain(worth.uptime.hours.quantize(MILLIONTH)),
        "uptimeFrom": None if worth.uptime is None else worth.uptime.kind,
        "reason": worth.reason,
    }


def _commitment(commitment: CommitmentPlan, plan: Plan) -> Json:
    return {
        "name": commitment.name,
        "kind": commitment.kind,
        "provider": commitment.provider,
        "machine": commitment.machine.name if commitment.machine else None,
        "nodes": commitment.nodes,
        "usdPerHour": plain(commitment.usd_per_hour.quantize(MILLIONTH, ROUND_HALF_UP)),
        # What the stack states has no day, and is neither listed nor derived.
        "asOf": None if commitment.as_of is None else commitment.as_of.isoformat(),
        "isStale": commitment.is_stale(plan.today),
        "basis": commitment.basis,
        "source": commitment.source,
    }


def _flavor(flavor: Flavor) -> Json:
    return {
        "name": flavor.name,
        "pool": flavor.pool,
        "capacityType": flavor.capacity_type,
        "offers": [offer.name for offer in flavor.offers],
        "resources": list(flavor.sharing.amounts),
        "maxUnits": flavor.max_units,
    }


def _queue(queue: QueuePlan) -> Json:
    return {
        "name": queue.name,
        "fallback": queue.fallback,
        "cohort": queue.cohort,
        "teams": list(queue.namespaces),
        "flavors": [
            {
                "name": quota.flavor.name,
                "gpus": quota.nominal if quota.flavor.sharing.counts_gpus else None,
                "units": quota.nominal,
                "unit": quota.flavor.sharing.unit_name,
                "borrowingLimit": quota.borrowing,
                "lendingLimit": quota.lending,
            }
            for quota in queue.quotas
        ],
    }


def _job(job: JobPlan) -> Json:
    return {
        "namespace": job.namespace,
        "name": job.name,
        "queue": job.queue,
        "pods": job.pods,
        "gpusPerPod": None if job.request.is_part else job.units,
        "unitsPerPod": job.units,
        "unit": job.request.part,
        "resource": job.resource,
        "checkpointSeconds": job.checkpoint_seconds,
    }
