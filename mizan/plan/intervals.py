"""How often a job saves itself: as it says, or as often as loses least."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from mizan.capacity import CapacityType
from mizan.config import ConfigErrors, ConfigFault, Pool, StackConfig, TrainingJob
from mizan.plan.checkpoints import CheckpointBucket
from mizan.plan.fallback import FLEX_START_HOURS, spot_loss
from mizan.plan.pod_requests import reachable_offers
from mizan.plan.pools import market_of
from mizan.plan.queue_model import QueuePlan
from mizan.plan.tenant_model import JobPlan
from mizan.plan.worth import SECONDS_PER_HOUR, best_interval

# Where nothing takes a node back it may still fail, and the job may be preempted by a more important one.
UNDISTURBED_SECONDS = 3600

LONGEST_SECONDS = 86_400
SECONDS_PER_DAY = 86_400


def of_runs(jobs: Sequence[TrainingJob], queues: Mapping[str, QueuePlan], config: StackConfig) -> Iterator[str]:
    """Yield each job that gets no work done on the spot nodes it may get, or outlives flex-start."""
    for job in jobs:
        offers = reachable_offers(job.request, queues[job.queue])
        for pool in config.pools:
            kinds = {offer.capacity_type for offer in offers if offer.pool == pool.name}
            if job.spot_eligible and CapacityType.SPOT in kinds:
                yield from _of_spot(job, pool, config)
            hours = job.max_run_seconds / SECONDS_PER_HOUR
            if CapacityType.FLEX_START in kinds and hours > FLEX_START_HOURS:
                yield (
                    f"job {job.team}/{job.name}: may run {hours:.0f} h, but flex-start nodes of pool {pool.name} end "
                    f"after {FLEX_START_HOURS} h. Lower `maxRunSeconds`, or use another pool."
                )


def _of_spot(job: TrainingJob, pool: Pool, config: StackConfig) -> Iterator[str]:
    workload = next(queue.workload for queue in config.queues if queue.name == job.queue)
    write = _write_seconds(job, config)
    market = market_of(pool, config)
    own = workload.model_copy(
        update={
            "nodes": job.pods,
            "checkpoint_write_seconds": write,
            "checkpoint_interval_seconds": job.checkpoint.interval_seconds,
        }
    )
    found = spot_loss(market, own)
    if not found.is_feasible:
        yield (
            f"job {job.team}/{job.name}: no work gets done on spot nodes of pool {pool.name}: {job.pods} pods stay up "
            f"{found.uptime_hours * 60:.0f} min together ({market.uptime.words}), and a checkpoint takes {write} s. "
            "Write smaller checkpoints, use fewer pods, or set `spotEligible: false`."
        )


def checkpoint_seconds(job: TrainingJob, queue: QueuePlan, config: StackConfig) -> int:
    """Return the seconds between two checkpoints of a job.

    Unless the job says them, the best ones for the spot nodes that it may get: the shortest mean up-time counts,
    and each of the job's pods may be on a node of its own.
    """
    if job.checkpoint.interval_seconds is not None:
        return job.checkpoint.interval_seconds
    on_spot = {offer.pool for offer in reachable_offers(job.request, queue) if offer.capacity_type is CapacityType.SPOT}
    if not job.spot_eligible or not on_spot:
        return UNDISTURBED_SECONDS
    uptime = min(market_of(pool, config).uptime.hours for pool in config.pools if pool.name in on_spot)
    write = Decimal(_write_seconds(job, config))
    best = best_interval(write, uptime / job.pods).quantize(Decimal(1), ROUND_HALF_UP)
    return max(1, min(int(best), LONGEST_SECONDS))


def refuse_early_deletion(
    stack: str, jobs: Sequence[JobPlan], config: StackConfig, bucket: CheckpointBucket | None
) -> None:
    """Refuse a bucket that may delete a job's only checkpoint before the next one is written.

    Raises:
        ConfigErrors: it keeps checkpoints no longer than it takes from one to the end of the next.
    """
    slowest: dict[int, JobPlan] = {}
    for job, written in zip(jobs, config.jobs, strict=True):
        if bucket is not None and job.service_account is not None:
            slowest.setdefault(job.checkpoint_seconds + _write_seconds(written, config), job)
    longest = max(slowest, default=0)
    if bucket is None or bucket.retention_days * SECONDS_PER_DAY > longest:
        return
    job = slowest[longest]
    fault = ConfigFault(
        ("checkpoints", "retentionDays"),
        bucket.retention_days,
        needs=f"at least {longest // SECONDS_PER_DAY + 1}",
        because=f"job {job.name} of {job.namespace} has its next checkpoint written {longest} s after the last one, "
        "which would be deleted by then, and nothing is left to go on from",
        fix="Raise it, or save more often: `intervalSeconds` of the job",
    )
    raise ConfigErrors(f"stack {stack}", [fault])


def _write_seconds(job: TrainingJob, config: StackConfig) -> int:
    """Return the seconds that writing a checkpoint of a job takes, by its own figure or its queue's."""
    workload = next(queue.workload for queue in config.queues if queue.name == job.queue)
    return job.checkpoint.write_seconds or workload.checkpoint_write_seconds
