"""How often a job saves itself: as it says, or as often as loses least."""

from decimal import ROUND_HALF_UP, Decimal

from mizan.capacity import CapacityType
from mizan.config import StackConfig, TrainingJob
from mizan.plan.model import QueuePlan
from mizan.plan.pools import market_of
from mizan.plan.worth import best_interval

# Where nothing takes a node back it may still fail, and the job may be preempted by a more important one.
UNDISTURBED_SECONDS = 3600

LONGEST_SECONDS = 86_400


def checkpoint_seconds(job: TrainingJob, queue: QueuePlan, config: StackConfig) -> int:
    """Return the seconds between two checkpoints of a job.

    Unless the job says them, the best ones for the spot nodes of the queue's pools: the shortest mean up-time counts,
    and each of the job's pods may be on a node of its own.
    """
    if job.checkpoint.interval_seconds is not None:
        return job.checkpoint.interval_seconds
    offers = [offer for quota in queue.quotas for offer in quota.flavor.offers]
    on_spot = {offer.pool for offer in offers if offer.capacity_type is CapacityType.SPOT}
    if not job.spot_eligible or not on_spot:
        return UNDISTURBED_SECONDS
    workload = next(each.workload for each in config.queues if each.name == queue.name)
    uptime = min(market_of(pool, config).uptime.hours for pool in config.pools if pool.name in on_spot)
    write = Decimal(job.checkpoint.write_seconds or workload.checkpoint_write_seconds)
    best = best_interval(write, uptime / job.pods).quantize(Decimal(1), ROUND_HALF_UP)
    return max(1, min(int(best), LONGEST_SECONDS))
